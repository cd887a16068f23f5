"""Bytes and clients that no well-behaved program sends. Every Envoy here is searched for crashed VMs when it ends."""

import pytest

from support.client import bearer, connect, request_bytes
from support.config import config, pool_config
from support.servers import Gate, json_answer, jwks
from support.stage import Stage, Stages
from support.tokens import Pool, signing_key
from support.waiting import wait_until

SOURCES = [{"header": "authorization", "scheme": "Bearer"}, {"cookie": "session"}, {"query": "access_token"}]
RULES = [{"match": {"path": {"prefix": "/open"}}, "auth": "none"}]


@pytest.fixture(scope="module")
def stage(stages: Stages) -> Stage:
    return stages.shared(config(pool_config(), token_sources=SOURCES, rules=RULES))


def exchange(port: int, target: bytes, *headers: tuple[bytes, bytes]) -> bytes:
    """The first bytes of the answer to one raw request; empty if the connection was closed without one."""
    with connect(port, timeout=10) as connection:
        connection.sendall(request_bytes("GET", target, headers, b"", "app.example.com", "raw"))
        try:
            return connection.recv(100)
        except ConnectionResetError:
            return b""


def status(answer: bytes) -> int | None:
    return int(answer[9:12]) if answer else None


HIGH_BYTES = [bytes([byte]) for byte in range(0x80, 0x100)]
# Without tab, which is white space, and line ends.
CONTROL_BYTES = [bytes([byte]) for byte in [*range(0x01, 0x09), *range(0x0B, 0x0D), *range(0x0E, 0x20), 0x7F]]


@pytest.mark.parametrize("place", ["authorization", "bearer", "cookie", "cookie value", "unknown value", "path", "query", "identity"])
def test_bytes_outside_ascii_harm_nobody(stage: Stage, pool: Pool, place: str) -> None:
    good = pool.id_token().encode()
    for byte in HIGH_BYTES + CONTROL_BYTES:
        target, header = {
            "authorization": (b"/", (b"authorization", byte + good)),
            "bearer": (b"/", (b"authorization", b"Bearer " + byte + good)),
            "cookie": (b"/", (b"cookie", byte + b"=1; a" + byte + b"; session=" + good)),
            "cookie value": (b"/", (b"cookie", b"session=" + good + byte)),
            "unknown value": (b"/", (b"x-unknown", b"a" + byte + b"b")),
            "path": (b"/" + byte, (b"authorization", b"Bearer " + good)),
            "query": (b"/?access_token=" + byte + good, (b"x", b"y")),
            "identity": (b"/", (b"x-cognito-sub", byte)),
        }[place]
        got = status(exchange(stage.envoy.port, target, header))
        expected = {400, 401, None} if place not in ("cookie",) else {200, 400, 401, None}
        assert got in expected, (byte, got)
    stage.admits("/", bearer(pool.id_token()))
    assert stage.envoy.vm_failures() == {}


@pytest.mark.parametrize("byte", [b"\x80", b"\xc3", b"\xff", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"])
def test_high_bytes_in_what_the_filter_ignores_reach_the_upstream(stage: Stage, pool: Pool, byte: bytes) -> None:
    seen = stage.admits("/", bearer(pool.id_token()), ("x-unknown", b"a" + byte), ("cookie", b"b=" + byte))
    assert seen.header("x-unknown") == "a" + byte.decode("latin-1")
    assert seen.header("cookie") == "b=" + byte.decode("latin-1")
    # The filter counts bytes, not characters; an open rule looks at nothing.
    stage.admits("/open", ("authorization", b"Bearer " + byte), decision="bypassed")


def test_many_and_long_headers(stage: Stage, pool: Pool) -> None:
    many = [(f"x-many-{number}", "v") for number in range(80)]
    stage.admits("/", bearer(pool.id_token()), *many)
    stage.rejects("token_malformed", "/", ("authorization", "Bearer " + "x" * 40_000))
    stage.rejects("token_missing", "/", ("authorization", " ".join(["x"] * 20_000)))
    stage.rejects("token_missing", "/?" + "&" * 20_000)
    stage.rejects("token_missing", "/", ("cookie", ";" * 20_000))
    stage.rejects("token_malformed", "/", ("authorization", "Bearer " + "." * 20_000))


def test_odd_requests(stage: Stage) -> None:
    # OPTIONS *, CONNECT, an empty path and the absolute form: whatever Envoy makes of them, nothing falls over.
    for start in (b"OPTIONS *", b"CONNECT app.example.com:80", b"GET http://app.example.com/open", b"GET http://app.example.com", b"GET //", b"GET /?"):
        with connect(stage.envoy.port, timeout=10) as connection:
            connection.sendall(start + b" HTTP/1.1\r\nhost: app.example.com\r\n\r\n")
            assert status(connection.recv(100)) in {400, 401, 404, 200}, start


def hang_up_while_parked(stage: Stage, count: int, token: tuple) -> None:
    """Open connections, wait until all their requests are held, and hang up."""
    before = stage.envoy.active_requests()
    connections = [connect(stage.envoy.port) for _ in range(count)]
    for connection in connections:
        connection.sendall(request_bytes("GET", "/", [token], b"", "app.example.com", "parked"))
    wait_until(lambda: stage.envoy.active_requests() == before + count, f"{count} parked requests")
    for connection in connections:
        connection.close()
    wait_until(lambda: stage.envoy.active_requests() == before, "Envoy to notice")


def test_500_clients_hang_up_while_parked(own_stages: Stages, pool: Pool) -> None:
    gate = Gate(json_answer(jwks(signing_key("first"))))
    own_stages.key_server.answer = gate
    stage = own_stages.fresh(config(pool_config(jwks={"cluster": "cognito", "timeout_ms": 30_000})))
    hang_up_while_parked(stage, 500, bearer(pool.id_token()))
    assert own_stages.upstream.hits == 0
    gate.open()
    stage.admits("/", bearer(pool.id_token()))
    assert stage.envoy.vm_failures() == {}
    assert own_stages.key_server.hits == 1


def test_clients_hang_up_while_waiting_for_an_unknown_kid(own_stages: Stages, pool: Pool) -> None:
    stage = own_stages.fresh(config(pool_config(jwks={"cluster": "cognito", "timeout_ms": 30_000})))
    stage.admits("/", bearer(pool.id_token()))
    gate = Gate(json_answer(jwks(signing_key("first"), signing_key("second"))))
    own_stages.key_server.answer = gate
    hang_up_while_parked(stage, 300, bearer(pool.id_token(signing_key("second"))))
    gate.open()
    stage.admits("/", bearer(pool.id_token(signing_key("second"))))
    assert stage.envoy.vm_failures() == {}
