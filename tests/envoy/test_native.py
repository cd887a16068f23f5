"""What is about the native module alone: how it is loaded, its thread, its store, and what becomes of a panic."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from support.bootstrap import Door
from support.client import bearer, connect, fetch, read_response, request_bytes
from support.config import config, inline, pool_config
from support.envoy import Envoy, envoy_binary
from support.examples import EXAMPLES, clusters_of, manager_of, parsed
from support.host import native_filter
from support.process import threads_named
from support.servers import Gate, KeyServer, Upstream, json_answer, jwks
from support.stage import Stage, Stages
from support.tokens import Pool, signing_key
from support.waiting import wait_until

pytestmark = pytest.mark.only_on("native", "the Wasm module has no threads, no library and other ends")

FIRST = signing_key("first")
SECRET = "what-a-panic-message-quotes"
OLDEST_GLIBC = (2, 34)
THREAD = "cognito_jwt"


def with_keys(**settings: object) -> dict:
    return config(pool_config(jwks={"cluster": "cognito", **settings}))


def threads(envoy: Envoy) -> int:
    """How many threads of the module's own there are."""
    return threads_named(envoy.process.pid, THREAD)


# -- the library ------------------------------------------------------------------------------------------------------


def readelf(*arguments: str) -> str:
    return subprocess.run(["readelf", "-W", *arguments], capture_output=True, text=True, check=True).stdout


def symbols(path: str) -> dict[str, set[str]]:
    """Dynamic symbols: those that are defined, and those that are looked for."""
    found: dict[str, set[str]] = {"defined": set(), "undefined": set()}
    for line in readelf("--dyn-syms", path).splitlines():
        words = line.split()
        if len(words) >= 8 and words[0].rstrip(":").isdigit():
            found["undefined" if words[6] == "UND" else "defined"].add(words[7])
    return found


def test_it_offers_the_hooks_and_nothing_else(module: str) -> None:
    hooks = symbols(module)["defined"]
    assert all(name.startswith("envoy_dynamic_module_on_") for name in hooks), hooks
    # 21 that Envoy demands, and the two for the configuration's scheduler and its calls.
    assert len(hooks) == 23


def test_it_asks_for_nothing_that_envoy_has_not(module: str) -> None:
    asked = {name for name in symbols(module)["undefined"] if name.startswith("envoy_")}
    assert asked and asked <= symbols(envoy_binary())["defined"]


def test_it_is_bound_at_once_and_needs_no_new_c_library(module: str) -> None:
    """A callback that is missing is a failure to load, not one of a request."""
    assert "BIND_NOW" in readelf("-d", module)
    needed = set(re.findall(r"NEEDED.*\[(.+)\]", readelf("-d", module)))
    assert needed <= {"libc.so.6", "libm.so.6", "libgcc_s.so.1", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}, needed
    versions = {tuple(map(int, version.split("."))) for version in re.findall(r"GLIBC_([0-9.]+)", readelf("-V", module))}
    assert max(version[:2] for version in versions) <= OLDEST_GLIBC


def test_it_names_no_folder_of_the_machine_that_built_it(module: str) -> None:
    data = Path(module).read_bytes()
    for place in (str(EXAMPLES.parent), os.path.expanduser("~/"), "/.cargo/registry"):
        assert place.encode() not in data, place


# -- the example ------------------------------------------------------------------------------------------------------


def test_the_example_is_the_smallest_one_but_for_its_filter() -> None:
    native, minimal = parsed("native.yaml"), parsed("minimal.yaml")
    entry, plugin = manager_of(native)["http_filters"].pop(0), manager_of(minimal)["http_filters"].pop(0)
    assert native == minimal
    ours, theirs = entry["typed_config"], plugin["typed_config"]["config"]
    assert ours["dynamic_module_config"] == {"name": "envoy_cognito_jwt", "do_not_close": True}
    assert json.loads(ours["filter_config"]["value"]) == json.loads(theirs["configuration"]["value"])


def test_the_example_is_valid_as_it_stands(module: str) -> None:
    run = subprocess.run(
        [envoy_binary(), "--mode", "validate", "-c", EXAMPLES / "native.yaml"],
        env={**os.environ, "ENVOY_DYNAMIC_MODULES_SEARCH_PATH": str(Path(module).parent)},
        capture_output=True, text=True, timeout=60,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_a_wrong_configuration_is_refused_by_envoys_own_check(module: str, tmp_path: Path) -> None:
    bootstrap = parsed("native.yaml")
    entry = manager_of(bootstrap)["http_filters"][0]["typed_config"]
    entry["dynamic_module_config"] = {"module": {"local": {"filename": module}}}
    entry["filter_config"]["value"] = '{"pools": []}'
    file = tmp_path / "envoy.json"
    file.write_text(json.dumps(bootstrap))
    run = subprocess.run([envoy_binary(), "--mode", "validate", "-c", file], capture_output=True, text=True, timeout=60)
    assert run.returncode != 0 and "config: pools" in run.stderr + run.stdout


def test_the_example_decides(module: str, upstream: Upstream, key_server: KeyServer, pool: Pool) -> None:
    document = parsed("native.yaml")
    servers = {name: key_server.port if name == "cognito" else upstream.port for name in clusters_of(document)}
    entry = native_filter(module, manager_of(document)["http_filters"][0]["typed_config"]["filter_config"], "cognito")
    stage = Stage(Envoy((Door((entry,)),), {**servers, "upstream": upstream.port}), upstream, key_server)
    stage.admits("/", bearer(pool.id_token()))
    stage.rejects("token_missing")
    stage.envoy.close()


# -- threads and the store --------------------------------------------------------------------------------------------


def test_an_update_of_the_listener_keeps_the_keys_and_leaves_no_thread(own_stages: Stages, pool: Pool) -> None:
    def door(version: int) -> Door:
        return Door((own_stages.plugin(config(pool_config(), realm=f"version-{version}")).http_filter(),))

    stage = own_stages.behind(door(0), lds=True, concurrency=2)
    stage.admits("/", bearer(pool.id_token()))
    for version in range(1, 6):
        stage.envoy.replace_doors((door(version),))
        answer = wait_until(lambda: fetch(stage.envoy.port, "/"), "an answer")
        assert answer.status == 401
        stage.admits("/", bearer(pool.id_token()))
        assert threads(stage.envoy) == 1
    assert own_stages.key_server.hits == 1, "one fetch for all of them"


def test_the_thread_ends_with_the_last_configuration(own_stages: Stages, pool: Pool) -> None:
    stage = own_stages.behind(Door((own_stages.plugin().http_filter(),)), lds=True, drain_seconds=1)
    stage.admits("/", bearer(pool.id_token()))
    assert threads(stage.envoy) == 1
    stage.envoy.replace_doors(())
    wait_until(lambda: threads(stage.envoy) == 0, "the end of the thread", within=20)
    stage.envoy.replace_doors((Door((own_stages.plugin().http_filter(),)),))
    stage.admits("/", bearer(pool.id_token()))
    assert threads(stage.envoy) == 1 and own_stages.key_server.hits == 1


def test_inline_keys_need_no_thread(own_stages: Stages, pool: Pool) -> None:
    stage = own_stages.fresh(config(pool_config(jwks=inline(FIRST))))
    stage.admits("/", bearer(pool.id_token()))
    stage.rejects("token_missing")
    assert threads(stage.envoy) == 0
    wait_until(lambda: stage.envoy.counter("jwks_keys") == 1, "the gauge")


def test_listeners_with_one_pool_share_its_keys(own_stages: Stages, pool: Pool) -> None:
    doors = [Door((own_stages.plugin(config(pool_config(), realm=name)).http_filter(),), name=name) for name in ("one", "two", "three")]
    stage = own_stages.behind(*doors, concurrency=2)
    for door in doors:
        for _ in range(4):
            stage.admits("/", bearer(pool.id_token()), door=door.name)
    assert own_stages.key_server.hits == 1
    assert threads(stage.envoy) == 1


def test_the_end_of_envoy_is_quiet_while_requests_wait(own_stages: Stages, pool: Pool) -> None:
    gate = Gate(json_answer(jwks(FIRST)))
    own_stages.key_server.answer = gate
    stage = own_stages.fresh(with_keys(timeout_ms=60000), concurrency=2)
    waiting = [connect(stage.envoy.port) for _ in range(20)]
    for connection in waiting:
        connection.sendall(request_bytes("GET", "/", [bearer(pool.id_token())], b"", "app.example.com", "waits"))
    wait_until(lambda: stage.envoy.active_requests() == 20, "requests that wait")
    stage.envoy.process.terminate()
    assert stage.envoy.process.wait(30) == 0, stage.envoy.log()[-2000:]
    gate.open()
    own_stages.disown(stage.envoy)


# -- waiting ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["a body", "a chunked body with trailers", "a body that was announced"])
def test_nothing_of_a_waiting_request_goes_on(own_stages: Stages, pool: Pool, end: str) -> None:
    gate = Gate(json_answer(jwks(FIRST)))
    own_stages.key_server.answer = gate
    stage = own_stages.fresh(with_keys())
    headers, body = {
        "a body": ([("content-length", "5")], b"hello"),
        "a chunked body with trailers": ([("transfer-encoding", "chunked"), ("te", "trailers")], b"5\r\nhello\r\n0\r\nx-cognito-sub: forged\r\nx-sum: 1\r\n\r\n"),
        "a body that was announced": ([("content-length", "5"), ("expect", "100-continue")], b"hello"),
    }[end]
    with connect(stage.envoy.port) as connection:
        connection.sendall(request_bytes("POST", "/", [bearer(pool.id_token()), *headers], b"", "app.example.com", "waits"))
        connection.sendall(body)
        wait_until(lambda: own_stages.key_server.hits == 1 and stage.envoy.active_requests() == 1, "a request that waits")
        assert own_stages.upstream.hits == 0
        gate.open()
        if "expect" in dict(headers):
            assert b" 100 " in connection.recv(4096)
        assert read_response(connection, "POST", "waits").status == 200
    seen = own_stages.upstream.only_request()
    assert seen.body == b"hello" and seen.header("x-cognito-sub") != "forged"


# -- panics -----------------------------------------------------------------------------------------------------------


def test_a_panic_refuses_its_request_and_no_other(own_stages: Stages, pool: Pool, trap: str) -> None:
    stage = own_stages.fresh(module=trap, concurrency=1)
    stage.envoy.tolerates_vm_failures = True
    good = bearer(pool.id_token())
    stage.admits("/", good)
    for _ in range(3):
        stage.rejects("internal_error", "/", ("x-test-trap", SECRET), good)
        stage.admits("/", good)
        stage.rejects("token_missing")
    log = stage.envoy.log()
    assert len(re.findall(r"panic at \S*stream\.rs:\d+:\d+", log)) == 3, log[-2000:]
    assert SECRET not in log
    assert "SIGABRT" not in log and "Caught Aborted" not in log and stage.envoy.process.poll() is None
    assert own_stages.key_server.hits == 1, "the keys are still there"


def test_a_panic_while_others_wait_leaves_nobody_waiting(own_stages: Stages, pool: Pool, trap: str) -> None:
    gate = Gate(json_answer(jwks(FIRST)))
    own_stages.key_server.answer = gate
    stage = own_stages.fresh(with_keys(timeout_ms=60000), module=trap, concurrency=1)
    stage.envoy.tolerates_vm_failures = True
    with connect(stage.envoy.port) as waiting:
        waiting.sendall(request_bytes("GET", "/", [bearer(pool.id_token())], b"", "app.example.com", "waits"))
        wait_until(lambda: stage.envoy.active_requests() == 1, "a request that waits")
        # Both: what the filter held when it panicked is not relied on.
        with stage.counting("denied.internal_error", 2):
            assert stage.send("/", ("x-test-trap", SECRET)).status == 503
            assert read_response(waiting, "GET", "waits").status == 503
    gate.open()
    stage.admits("/", bearer(pool.id_token()))
