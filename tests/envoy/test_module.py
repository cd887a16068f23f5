"""The built module from outside: what it asks of the host, what it offers, how large it is."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from support.stage import Stages  # noqa: E402
from tools import slim_wasm  # noqa: E402

pytestmark = pytest.mark.only_on("wasm", "it reads the Wasm module")

MAX_BYTES = 900_000

# Every function that the module may ask the host for. A new name here is a decision, not an accident.
CALLED = {
    "proxy_add_header_map_value", "proxy_call_foreign_function", "proxy_continue_stream", "proxy_define_metric",
    "proxy_get_buffer_bytes", "proxy_get_current_time_nanoseconds", "proxy_get_header_map_pairs", "proxy_get_header_map_value",
    "proxy_get_log_level", "proxy_get_property", "proxy_get_shared_data", "proxy_http_call", "proxy_increment_metric", "proxy_log",
    "proxy_record_metric", "proxy_remove_header_map_value", "proxy_replace_header_map_value", "proxy_send_local_response",
    "proxy_set_effective_context", "proxy_set_property", "proxy_set_shared_data", "proxy_set_tick_period_milliseconds",
}
# The SDK's contexts have methods for these. Nothing calls them, but they are in tables of methods, so no linker can remove them.
NEVER_CALLED = {
    "proxy_close_stream", "proxy_dequeue_shared_queue", "proxy_done", "proxy_get_status", "proxy_grpc_call", "proxy_grpc_cancel",
    "proxy_grpc_close", "proxy_grpc_send", "proxy_grpc_stream", "proxy_register_shared_queue", "proxy_resolve_shared_queue",
    "proxy_enqueue_shared_queue", "proxy_set_buffer_bytes", "proxy_set_header_map_pairs",
}
IMPORTS = {
    "env": CALLED | NEVER_CALLED,
    # Random numbers; and what the standard library needs to end the program with a message.
    "wasi_snapshot_preview1": {"random_get", "environ_get", "environ_sizes_get", "fd_write", "proc_exit"},
}

# What the host calls. Each `proxy_on_*` that is exported is called for every stream, so none is there for nothing.
EXPORTS = {
    "memory", "_initialize", "proxy_on_memory_allocate", "proxy_abi_version_0_2_1", "proxy_on_context_create", "proxy_on_configure",
    "proxy_on_tick", "proxy_on_http_call_response", "proxy_on_request_headers", "proxy_on_request_body", "proxy_on_request_trailers", "proxy_on_response_headers",
    "proxy_on_delete",
}


@pytest.fixture(scope="module")
def sections(wasm: str) -> dict[int, bytes]:
    return dict(slim_wasm.sections(Path(wasm).read_bytes()))


def test_it_asks_for_nothing_unexpected(sections: dict[int, bytes]) -> None:
    imported: dict[str, set[str]] = {}
    for module, name in slim_wasm.imports(sections[slim_wasm.IMPORT_SECTION]):
        imported.setdefault(module, set()).add(name)
    for module, names in imported.items():
        assert names <= IMPORTS.get(module, set()), f"{module}: {names - IMPORTS.get(module, set())}"


def test_it_offers_what_is_needed_and_nothing_else(sections: dict[int, bytes]) -> None:
    assert {name for name, _ in slim_wasm.exports(sections[slim_wasm.EXPORT_SECTION])} == EXPORTS


def test_it_is_small(wasm: str) -> None:
    assert Path(wasm).stat().st_size <= MAX_BYTES


def test_it_names_no_folder_of_the_machine_that_built_it(wasm: str) -> None:
    data = Path(wasm).read_bytes()
    for place in (b"/root/", b"/home/", str(Path(__file__).resolve().parents[2]).encode()):
        assert place not in data, place


def test_it_knows_the_envoy_of_the_tests(stages: Stages) -> None:
    """In every version of `make test-matrix`; `hosts/proxy-wasm/src/envoy_version.rs` has the line for another."""
    log = stages.shared().envoy.log()
    assert "signatures are verified by" in log and "this filter was tested with" not in log
