"""The built module from outside: what it asks of the host, what it offers, how large it is."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.only_on("wasm", "it reads the Wasm module")

MAX_BYTES = 300_000

# Every function that the module may ask the host for. A new name here is a decision, not an accident.
IMPORTS = {
    "env": {
        "proxy_add_header_map_value", "proxy_call_foreign_function", "proxy_continue_stream", "proxy_define_metric",
        "proxy_get_buffer_bytes", "proxy_get_current_time_nanoseconds", "proxy_get_header_map_pairs", "proxy_get_header_map_value",
        "proxy_get_log_level", "proxy_get_property", "proxy_get_shared_data", "proxy_http_call", "proxy_increment_metric", "proxy_log",
        "proxy_record_metric", "proxy_remove_header_map_value", "proxy_replace_header_map_value", "proxy_send_local_response",
        "proxy_set_effective_context", "proxy_set_property", "proxy_set_shared_data", "proxy_set_tick_period_milliseconds",
    },
    "wasi_snapshot_preview1": {"random_get"},
}

# What the host calls. Each `proxy_on_*` that is exported is called for every stream, so none is there for nothing.
EXPORTS = {
    "memory", "proxy_on_memory_allocate", "proxy_abi_version_0_2_1", "proxy_on_context_create", "proxy_on_configure",
    "proxy_on_tick", "proxy_on_http_call_response", "proxy_on_request_headers", "proxy_on_request_body", "proxy_on_request_trailers",
    "proxy_on_delete",
}


class Reader:
    """Reads the binary format of WebAssembly as far as names go."""

    def __init__(self, data: bytes) -> None:
        assert data[:8] == b"\0asm\1\0\0\0", "not a WebAssembly module"
        self._data = data
        self._at = 8

    def number(self) -> int:
        """An unsigned LEB128 number."""
        result = shift = 0
        while True:
            byte = self._data[self._at]
            self._at += 1
            result |= (byte & 0x7F) << shift
            if byte < 0x80:
                return result
            shift += 7

    def name(self) -> str:
        """A length and so many bytes of UTF-8."""
        length = self.number()
        self._at += length
        return self._data[self._at - length : self._at].decode()

    def limits(self) -> None:
        """The limits of a memory or table."""
        if self.number() & 1:
            self.number()
        self.number()

    def sections(self) -> dict[int, "Reader"]:
        """A reader for each section but the custom ones."""
        found = {}
        while self._at < len(self._data):
            kind, size = self.number(), self.number()
            if kind:
                found[kind] = self.part(size)
            self._at += size
        return found

    def part(self, size: int) -> "Reader":
        """A reader for the next bytes."""
        inner = object.__new__(Reader)
        inner._data, inner._at = self._data[self._at : self._at + size], 0
        return inner

    def imports(self) -> dict[str, set[str]]:
        """Names of imported functions by module."""
        found: dict[str, set[str]] = {}
        for _ in range(self.number()):
            module, name, kind = self.name(), self.name(), self.number()
            assert kind == 0, f"{module}.{name} is no function"
            self.number()
            found.setdefault(module, set()).add(name)
        return found

    def exports(self) -> set[str]:
        """Names of everything exported."""
        found = set()
        for _ in range(self.number()):
            found.add(self.name())
            self.number(), self.number()
        return found


@pytest.fixture(scope="module")
def sections(wasm: str) -> dict[int, Reader]:
    return Reader(Path(wasm).read_bytes()).sections()


def test_it_asks_for_nothing_unexpected(sections: dict[int, Reader]) -> None:
    for module, names in sections[2].imports().items():
        assert names <= IMPORTS.get(module, set()), f"{module}: {names - IMPORTS.get(module, set())}"


def test_it_offers_what_is_needed_and_nothing_else(sections: dict[int, Reader]) -> None:
    assert sections[7].exports() == EXPORTS


def test_it_is_small(wasm: str) -> None:
    assert Path(wasm).stat().st_size <= MAX_BYTES


def test_it_names_no_folder_of_the_machine_that_built_it(wasm: str) -> None:
    data = Path(wasm).read_bytes()
    for place in (b"/root/", b"/home/", str(Path(__file__).resolve().parents[2]).encode()):
        assert place not in data, place
