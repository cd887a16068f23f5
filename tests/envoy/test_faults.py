"""What goes wrong around the filter: too many waiting, flapping servers, new configurations under load, dead VMs."""

import threading
import time
from collections import Counter

import pytest

from support.bootstrap import Door
from support.client import bearer, connect, fetch, request_bytes
from support.config import config, pool_config
from support.http_server import Answer
from support.servers import Gate, ScriptedServer, json_answer, jwks
from support.stage import Stage, Stages
from support.tokens import SUB, Pool, signing_key
from support.waiting import wait_until

FIRST = signing_key("first")


def with_keys(**settings: object) -> dict:
    return config(pool_config(jwks={"cluster": "cognito", **settings}))


class Traffic:
    """Good and bad requests without a pause, from several threads, until the block ends; counts the answers."""

    def __init__(self, port: int, pool: Pool, threads: int = 3) -> None:
        self.good: Counter[int] = Counter()
        self.bad: Counter[int] = Counter()
        self._stop = threading.Event()
        self._port = port
        self._good = bearer(pool.id_token())
        self._bad = bearer(pool.id_token(signing_key("forger").named(pool.key.kid)))
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(threads)]

    def _run(self) -> None:
        while not self._stop.is_set():
            self.good[fetch(self._port, "/good", self._good).status] += 1
            self.bad[fetch(self._port, "/bad", self._bad).status] += 1

    def __enter__(self) -> "Traffic":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


def first_bytes(connection) -> bytes:
    """The beginning of an answer."""
    with connection:
        return connection.recv(64)


# -- too many ---------------------------------------------------------------------------------------------------------


def parked(stage: Stage, tokens: list[tuple], code: str, room: int = 1000) -> list:
    """A request with each token, on connections of their own; returns when `room` of them wait and the others were refused with `code`."""
    connections = [connect(stage.envoy.port, timeout=40) for _ in tokens]
    refused = stage.envoy.counter(f"denied.{code}")
    for connection, token in zip(connections, tokens, strict=True):
        connection.sendall(request_bytes("GET", "/", [token], b"", "app.example.com", "parked"))
    beyond = len(tokens) - room
    wait_until(lambda: stage.envoy.counter(f"denied.{code}") - refused == beyond, f"refusals beyond {room}", within=20)
    wait_until(lambda: stage.envoy.active_requests() == room, f"{room} waiting requests", within=20)
    return connections


def test_a_worker_keeps_a_thousand_waiting_and_no_more(own_stages: Stages, pool: Pool) -> None:
    gate = Gate(json_answer(jwks(FIRST)))
    own_stages.key_server.answer = gate
    stage = own_stages.fresh(with_keys(timeout_ms=60_000), concurrency=1)
    connections = parked(stage, [bearer(pool.id_token())] * 1200, "keys_unavailable")
    gate.open()
    assert Counter(first_bytes(connection)[9:12] for connection in connections) == {b"200": 1000, b"503": 200}
    assert stage.envoy.vm_failures() == {}


@pytest.mark.parametrize(("users", "requests", "room"), [(1, 150, 100), (11, 1100, 1000)])
def test_a_hundred_wait_for_one_user_info_and_a_thousand_in_all(own_stages: Stages, pool: Pool, users: int, requests: int, room: int) -> None:
    # What is over the limit is rejected even where a failed call would be ignored.
    gate = Gate(json_answer({"sub": SUB, "email": "alice@example.com", "email_verified": "true"}))
    info = ScriptedServer(gate)
    user_info = {"cluster": "info", "uri": "https://auth.example.com/u", "timeout_ms": 60_000, "on_failure": "continue"}
    stage = own_stages.fresh(config(pool_config(token_use="access", user_info=user_info)), clusters={"info": info.port}, concurrency=1)
    # Once this is logged, the worker has keys: no request waits for those.
    stage.rejects("key_unknown", "/", bearer(pool.access_token(signing_key("second"))))
    tokens = [bearer(pool.access_token()) for _ in range(users)]
    connections = parked(stage, tokens * (requests // users), "user_info_unavailable", room)
    gate.open()
    assert Counter(first_bytes(connection)[9:12] for connection in connections) == {b"200": room, b"503": requests - room}
    assert info.hits == users
    assert {seen.header("x-cognito-email") for seen in own_stages.upstream.requests} == {"alice@example.com"}
    assert stage.envoy.vm_failures() == {}
    info.close()


def test_many_give_up_at_once(own_stages: Stages, pool: Pool) -> None:
    own_stages.key_server.answer = Answer(fault="hang")
    stage = own_stages.fresh(with_keys(timeout_ms=3000), concurrency=1)
    connections = [connect(stage.envoy.port) for _ in range(900)]
    for connection in connections:
        connection.sendall(request_bytes("GET", "/", [bearer(pool.id_token())], b"", "app.example.com", "parked"))
    assert Counter(first_bytes(connection)[9:12] for connection in connections) == {b"503": 900}
    assert stage.envoy.vm_failures() == {}
    own_stages.key_server.publish(FIRST)
    wait_until(lambda: stage.send("/", bearer(pool.id_token())).status == 200, "recovery", within=15)


# -- unreliable -------------------------------------------------------------------------------------------------------


def test_a_flapping_key_server_costs_nobody_an_answer(own_stages: Stages, pool: Pool) -> None:
    stage = own_stages.fresh(with_keys(ttl_seconds=1, timeout_ms=500), concurrency=4)
    stage.admits("/", bearer(pool.id_token()))
    with Traffic(stage.envoy.port, pool) as traffic:
        for answer in (Answer(fault="reset"), None, Answer(200, b"<html>"), json_answer(jwks(FIRST), fault="truncate"), None, Answer(503), json_answer(jwks())):
            own_stages.key_server.answer = answer or json_answer(jwks(FIRST))
            time.sleep(0.6)
    assert set(traffic.good) == {200} and set(traffic.bad) == {401}, (traffic.good, traffic.bad)
    assert stage.envoy.counter("jwks_fetch_failed") >= 1


def test_new_configurations_under_load_change_no_answer(own_stages: Stages, pool: Pool) -> None:
    def door(version: int) -> Door:
        settings = with_keys(ttl_seconds=2) | {"realm": f"version {version}", "rules": [{"match": {"path": {"prefix": f"/v{version}"}}, "auth": "none"}]}
        return Door((own_stages.plugin(settings).http_filter(),))

    stage = own_stages.behind(door(0), lds=True, concurrency=4)
    stage.admits("/", bearer(pool.id_token()))
    with Traffic(stage.envoy.port, pool) as traffic:
        for version in range(1, 9):
            stage.envoy.replace_doors((door(version),))
            time.sleep(0.25)
    assert set(traffic.good) == {200} and set(traffic.bad) == {401}, (traffic.good, traffic.bad)
    assert sum(traffic.good.values()) > 50
    wait_until(lambda: 'version 8' in (stage.send("/").header("www-authenticate") or ""), "the last configuration")
    stage.admits("/v8", decision="bypassed")
    stage.rejects("token_missing", "/v7", realm="version 8")
    assert own_stages.key_server.hits <= 12, "a new configuration of the same pool finds its keys in the store"


def test_a_wrong_configuration_leaves_the_old_one_at_work(own_stages: Stages, pool: Pool) -> None:
    stage = own_stages.behind(Door((own_stages.plugin(with_keys()).http_filter(),)), lds=True)
    accepted, _ = stage.envoy.propose_doors((Door((own_stages.plugin(with_keys() | {"mode": "off"}).http_filter(),)),))
    assert not accepted
    stage.admits("/", bearer(pool.id_token()))
    stage.rejects("token_missing")


# -- dead VMs ---------------------------------------------------------------------------------------------------------

SECRET = "what-a-panic-message-quotes"
TRAP = ("x-test-trap", SECRET)


@pytest.mark.only_on("wasm", "it kills a VM")
@pytest.mark.parametrize("policy", ["FAIL_CLOSED", "FAIL_RELOAD"])
def test_a_dead_vm_lets_nobody_pass(own_stages: Stages, pool: Pool, trap: str, policy: str) -> None:
    stage = own_stages.fresh(with_keys(), module=trap, failure_policy=policy, concurrency=1)
    stage.envoy.tolerates_vm_failures = True
    stage.admits("/", bearer(pool.id_token()))
    stage.upstream.forget()
    assert stage.send("/", TRAP, bearer(pool.id_token())).status == 503
    assert stage.send("/").status in (503, 401)
    assert stage.send("/", bearer(pool.id_token(signing_key("forger")))).status in (503, 401)
    assert stage.upstream.hits == 0
    if policy == "FAIL_CLOSED":
        assert {stage.send("/", bearer(pool.id_token())).status for _ in range(10)} == {503}
    else:
        wait_until(lambda: stage.send("/", bearer(pool.id_token())).status == 200, "a reload", within=15)
        stage.rejects("token_missing")


@pytest.mark.only_on("wasm", "it kills a VM")
def test_a_panic_is_logged_once_and_without_what_it_quotes(own_stages: Stages, trap: str) -> None:
    stage = own_stages.fresh(with_keys(), module=trap, concurrency=1)
    stage.envoy.tolerates_vm_failures = True
    assert stage.send("/", TRAP).status == 503
    wait_until(lambda: "panic at " in stage.envoy.log(), "the line about the panic")
    lines = [line for line in stage.envoy.log().splitlines() if "panic" in line.lower()]
    assert len(lines) == 1 and "stream.rs:" in lines[0], lines
    assert SECRET not in stage.envoy.log()


@pytest.mark.only_on("wasm", "it kills a VM")
def test_a_vm_that_dies_with_the_lease_holds_nobody_up_for_long(own_stages: Stages, pool: Pool, trap: str) -> None:
    gate = Gate(json_answer(jwks(FIRST)))
    own_stages.key_server.answer = gate
    stage = own_stages.fresh(with_keys(timeout_ms=2000), module=trap, concurrency=2)
    stage.envoy.tolerates_vm_failures = True
    wait_until(lambda: own_stages.key_server.hits >= 1, "a fetch under way")
    # Some VM holds the lease; all of them die.
    for _ in range(30):
        assert stage.send("/", TRAP).status == 503
    own_stages.key_server.publish(FIRST)
    wait_until(lambda: stage.send("/", bearer(pool.id_token())).status == 200, "recovery", within=15)
    gate.open()
