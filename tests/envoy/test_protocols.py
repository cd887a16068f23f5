"""gRPC, HTTP/2, WebSocket, large bodies: the filter is no obstacle and no hole."""

import pytest

from support.client import at_once, bearer, connect, fetch, request_bytes
from support.config import config, inline, pool_config
from support.h2_client import fetch_h2
from support.servers import Gate, json_answer, jwks
from support.stage import Stage, Stages
from support.tokens import SUB, Pool, signing_key
from support.waiting import wait_until

RULES = [{"match": {"path": {"prefix": "/admin"}}, "require": {"groups": {"any": ["admins"]}}}]
UNSERVED = Pool("eu-west-1_Unserved3", client="c3", key=signing_key("first"))
GRPC = [("content-type", "application/grpc"), ("te", "trailers")]


@pytest.fixture(scope="module")
def stage(stages: Stages) -> Stage:
    unserved = {"user_pool_id": UNSERVED.id, "client_ids": ["c3"], "jwks": {"cluster": "nobody", "timeout_ms": 300}}
    return stages.shared(config(pool_config(jwks=inline(signing_key("first"))), unserved, rules=RULES, bypass_cors_preflight=True), clusters={"nobody": 1})


@pytest.mark.parametrize(
    ("path", "groups", "grpc_status", "code"),
    [("/pkg.Service/Method", None, "16", "token_missing"), ("/admin", [], "7", "not_permitted"), ("/unserved", None, "14", "keys_unavailable")],
)
def test_grpc_gets_a_grpc_status(stage: Stage, pool: Pool, path: str, groups: list | None, grpc_status: str, code: str) -> None:
    headers = list(GRPC)
    if groups is not None:
        headers.append(bearer(pool.id_token(**{"cognito:groups": groups})))
    if code == "keys_unavailable":
        headers.append(bearer(UNSERVED.id_token()))
    stage.upstream.forget()
    [answer] = fetch_h2(stage.envoy.port, [("POST", path, headers)], body=b"\0\0\0\0\0")
    assert answer.status == 200
    assert answer.header("grpc-status") == grpc_status, answer
    assert stage.envoy.access(answer.id)["details"] == f"cognito_jwt.{code}"
    assert stage.upstream.hits == 0


def test_http2_requests_in_parallel(stage: Stage, pool: Pool) -> None:
    good, bad = bearer(pool.id_token()), bearer(pool.id_token(exp=1))
    stage.upstream.forget()
    requests = [("GET", f"/{number}", [good if number % 2 else bad, ("x_cognito_sub", "forged"), ("x.cognito~sub", "forged")]) for number in range(40)]
    answers = fetch_h2(stage.envoy.port, requests)
    assert [answer.status for answer in answers] == [200 if number % 2 else 401 for number in range(40)]
    assert stage.upstream.hits == 20
    for seen in stage.upstream.requests:
        assert seen.header("x-cognito-sub") == SUB and seen.header("x_cognito_sub") is None and seen.header("x.cognito~sub") is None
    refused = answers[0]
    assert refused.header("content-type") == "application/problem+json"
    assert (refused.header("www-authenticate") or "").startswith('Bearer realm="cognito", error="invalid_token"')


def test_http2_cookies_may_come_in_crumbs(stages: Stages, pool: Pool) -> None:
    stage = stages.shared(config(token_sources=[{"cookie": "session"}]))
    token = pool.id_token()
    crumbs = [("cookie", "a=1"), ("cookie", f"session={token}"), ("cookie", "b=2")]
    [good] = fetch_h2(stage.envoy.port, [("GET", "/", crumbs)])
    [twins] = fetch_h2(stage.envoy.port, [("GET", "/", crumbs + crumbs)])
    [two] = fetch_h2(stage.envoy.port, [("GET", "/", [*crumbs, ("cookie", f"session={pool.id_token(jti='other')}")])])
    assert (good.status, twins.status, two.status) == (200, 200, 401)


def test_a_websocket_upgrade(stage: Stage, pool: Pool) -> None:
    upgrade = [("connection", "Upgrade"), ("upgrade", "websocket"), ("sec-websocket-version", "13"), ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")]
    stage.rejects("token_missing", "/socket", *upgrade)
    stage.upstream.forget()
    with connect(stage.envoy.port) as connection:
        headers = [*upgrade, bearer(pool.id_token()), ("x_cognito_groups", "forged")]
        connection.sendall(request_bytes("GET", "/socket", headers, b"", "app.example.com", "socket"))
        head = connection.recv(4096)
        assert head.startswith(b"HTTP/1.1 101"), head
        connection.sendall(b"hello through the upgrade")
        assert connection.recv(4096) == b"hello through the upgrade"
    seen = stage.upstream.only_request()
    assert seen.header("x-cognito-sub") == SUB and seen.header("x_cognito_groups") is None


def test_a_large_body_posted_while_parked(own_stages: Stages, pool: Pool) -> None:
    gate = Gate(json_answer(jwks(signing_key("first"))))
    own_stages.key_server.answer = gate
    stage = own_stages.fresh(config(pool_config(jwks={"cluster": "cognito", "timeout_ms": 30_000})))
    body = bytes(range(256)) * (10 * 4096)

    def call(number: int):
        if number == 2:
            wait_until(lambda: stage.envoy.active_requests() == 2, "parked uploads")
            gate.open()
            return None
        token = pool.id_token() if number else pool.id_token(signing_key("forger").named(pool.key.kid))
        try:
            return fetch(stage.envoy.port, "/upload", bearer(token), method="POST", body=body).status
        except (ConnectionResetError, BrokenPipeError):
            return "refused in the middle"

    refused, passed, _ = at_once(3, call)
    assert passed == 200
    assert refused in (401, "refused in the middle")
    assert own_stages.upstream.only_request().body == body


@pytest.mark.parametrize("stop_iteration", [False, True], ids=["default", "allow_on_headers_stop_iteration"])
def test_a_body_does_not_carry_a_waiting_request_through(own_stages: Stages, pool: Pool, stop_iteration: bool) -> None:
    gate = Gate(json_answer(jwks(signing_key("first"))))
    own_stages.key_server.answer = gate
    keys = config(pool_config(jwks={"cluster": "cognito", "timeout_ms": 30_000}))
    stage = own_stages.fresh(keys, stop_iteration=stop_iteration)
    forged = pool.id_token(signing_key("forger").named(pool.key.kid))

    def call(number: int):
        if number == 2:
            wait_until(lambda: stage.envoy.active_requests() == 2, "parked uploads")
            assert stage.upstream.hits == 0
            gate.open()
            return None
        token = pool.id_token() if number else forged
        return fetch(stage.envoy.port, "/upload", bearer(token), method="POST", body=b"x" * 1000).status

    assert at_once(3, call)[:2] == [401, 200]
    assert own_stages.upstream.only_request().body == b"x" * 1000
    # Known by now, and refused at once: the body goes nowhere either.
    assert fetch(stage.envoy.port, "/upload", bearer(forged), method="POST", body=b"x" * 1000).status == 401
    assert fetch(stage.envoy.port, "/upload", bearer(pool.id_token()), method="POST", body=b"y" * 200_000).status == 200
    assert own_stages.upstream.hits == 2


def test_trailers_cannot_speak_for_the_filter(stage: Stage, pool: Pool) -> None:
    stage.upstream.forget()
    trailers = b"x-cognito-sub: forged\r\nX_Cognito_Groups: admins\r\nx.cognito~scope: forged\r\nx-checksum: 1\r\n"
    with connect(stage.envoy.port) as connection:
        head = request_bytes("POST", "/", [bearer(pool.id_token()), ("transfer-encoding", "chunked"), ("te", "trailers")], b"", "app.example.com", "t")
        connection.sendall(head + b"5\r\nhello\r\n0\r\n" + trailers + b"\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 200")
    seen = stage.upstream.only_request()
    assert seen.body == b"hello" and seen.header("x-cognito-sub") == SUB
    assert seen.trailers == (b"x-checksum: 1",)


def test_a_chunked_body_goes_through(stage: Stage, pool: Pool) -> None:
    stage.upstream.forget()
    with connect(stage.envoy.port) as connection:
        head = request_bytes("POST", "/", [bearer(pool.id_token()), ("transfer-encoding", "chunked")], b"", "app.example.com", "chunks")
        connection.sendall(head + b"5\r\nhello\r\n0\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 200")
    assert stage.upstream.only_request().body == b"hello"


def test_pipelined_requests_inherit_nothing(stage: Stage, pool: Pool) -> None:
    stage.upstream.forget()
    good = request_bytes("GET", "/1", [bearer(pool.id_token())], b"", "app.example.com", "one")
    bad = request_bytes("GET", "/2", [("x-cognito-sub", "forged")], b"", "app.example.com", "two")
    with connect(stage.envoy.port) as connection:
        connection.sendall(good + good + bad)
        received = b""
        while received.count(b"HTTP/1.1 ") < 3:
            data = connection.recv(65536)
            assert data, received
            received += data
    assert [part[:3] for part in received.split(b"HTTP/1.1 ")[1:]] == [b"200", b"200", b"401"]
    assert stage.upstream.hits == 2
