"""Browsers' WebSockets, whose token comes in `sec-websocket-protocol`."""

from collections.abc import Iterator

import pytest

from support.client import bearer
from support.config import config, pool_config
from support.stage import Stage, Stages
from support.tokens import SUB, Pool
from support.websocket import PROTOCOL, HandshakeFailed, WebSocketUpstream, websocket

SOURCES = [{"header": "authorization", "scheme": "Bearer"}, {"websocket_protocol": "cognito"}]
RULES = [
    {"match": {"path": {"prefix": "/none"}}, "auth": "none"},
    {"match": {"path": {"prefix": "/admin"}}, "require": {"groups": {"any": ["admins"]}}},
]
PREFLIGHT = [("origin", "https://a"), ("access-control-request-method", "GET")]


@pytest.fixture(scope="module")
def application() -> Iterator[WebSocketUpstream]:
    server = WebSocketUpstream("chat", "graphql-ws")
    yield server
    server.close()


def stage_of(stages: Stages, application: WebSocketUpstream, **fields: object) -> Stage:
    settings = config(pool_config(token_use="any"), token_sources=SOURCES, rules=RULES, bypass_cors_preflight=True, **fields)
    stage = stages.shared(settings, clusters={"upstream": application.port})
    application.forget()
    return stage


@pytest.fixture
def stage(stages: Stages, application: WebSocketUpstream) -> Stage:
    return stage_of(stages, application)


@pytest.mark.parametrize(
    ("offered", "reaches_upstream", "answered"),
    [
        (["cognito", "{}"], None, "cognito"),
        (["cognito", "{}", "other"], "other", "cognito"),
        (["cognito", "{}", "chat"], "chat", "chat"),
        (["graphql-ws", "cognito", "{}", "other"], "graphql-ws, other", "graphql-ws"),
        (["cognito.{}", "chat"], "chat", "chat"),
        (["other", "cognito.{}", "graphql-ws"], "other, graphql-ws", "graphql-ws"),
    ],
    ids=str,
)
def test_a_handshake_with_a_token(
    stage: Stage, application: WebSocketUpstream, pool: Pool, offered: list[str], reaches_upstream: str | None, answered: str
) -> None:
    protocols = [protocol.format(pool.id_token()) for protocol in offered]
    with stage.counting("allowed", 1), websocket(stage.envoy.port, "/socket", protocols=protocols) as (answer, connection):
        assert (answer.status, answer.header(PROTOCOL)) == (101, answered)
        connection.sendall(b"\x81\x85\x01\x02\x03\x04hello")
        assert connection.recv(100) == b"\x81\x85\x01\x02\x03\x04hello"
    seen = application.only_request()
    assert (seen.header(PROTOCOL), seen.header("x-cognito-sub")) == (reaches_upstream, SUB)
    assert seen.header("connection") == "Upgrade" and seen.header("upgrade") == "websocket"


def test_a_token_in_one_element_with_the_name_is_never_echoed(stage: Stage, application: WebSocketUpstream, pool: Pool) -> None:
    # A browser needs an answer that names one of the protocols it offered: it has to offer a second, real one.
    with pytest.raises(HandshakeFailed, match="names None"):
        with websocket(stage.envoy.port, protocols=[f"cognito.{pool.id_token()}"]):
            pass
    assert application.only_request().header(PROTOCOL) is None


def test_a_handshake_without_protocols(stage: Stage, application: WebSocketUpstream, pool: Pool) -> None:
    with websocket(stage.envoy.port, "/", bearer(pool.id_token())) as (answer, _):
        assert answer.status == 101
    with websocket(stage.envoy.port, "/", bearer(pool.id_token()), protocols=["chat"]) as (answer, _):
        assert answer.header(PROTOCOL) == "chat"
    assert [seen.header(PROTOCOL) for seen in application.requests] == [None, "chat"]


@pytest.mark.parametrize(
    ("offered", "code"),
    [
        (["chat"], "token_missing"), (["Cognito", "{}"], "token_missing"), (["cognito2", "{}"], "token_missing"), (["{}"], "token_missing"),
        (["cognito"], "token_malformed"), (["chat", "cognito"], "token_malformed"), (["cognito."], "token_malformed"),
        (["cognito", "chat", "{}"], "token_malformed"),
        (["cognito", "{}", "cognito", "{}"], "token_malformed"), (["cognito.{}", "cognito", "{}"], "token_malformed"),
    ],
    ids=str,
)
def test_a_handshake_that_is_refused(stage: Stage, application: WebSocketUpstream, pool: Pool, offered: list[str], code: str) -> None:
    protocols = [protocol.format(pool.id_token()) for protocol in offered]
    with stage.counting(f"denied.{code}", 1), websocket(stage.envoy.port, protocols=protocols) as (answer, _):
        assert answer.status == 401 and answer.header(PROTOCOL) is None
        assert stage.envoy.access(answer.id)["decision"] == code
    assert application.hits == 0


def test_an_expired_token_is_refused(stage: Stage, pool: Pool) -> None:
    with stage.counting("denied.token_expired", 1), websocket(stage.envoy.port, protocols=["cognito", pool.id_token(exp=1), "chat"]) as (answer, _):
        assert answer.status == 401


def test_no_way_through_leaves_the_token_to_the_upstream(stages: Stages, application: WebSocketUpstream, pool: Pool) -> None:
    token = pool.id_token()
    stage = stage_of(stages, application)
    # An open rule, and another source that comes first: the browser still needs the name.
    with websocket(stage.envoy.port, "/none", protocols=["cognito", token]) as (answer, _):
        assert answer.header(PROTOCOL) == "cognito"
    with websocket(stage.envoy.port, "/", bearer(token), protocols=["other", "cognito", token]) as (answer, _):
        assert answer.header(PROTOCOL) == "cognito"
    answer = stage.send("/", *PREFLIGHT, (PROTOCOL, f"cognito, {token}, chat"), ("sec-websocket-protocol", f"cognito.{token}"), method="OPTIONS")
    assert (answer.status, answer.header(PROTOCOL)) == (200, None)
    assert [seen.header(PROTOCOL) for seen in application.requests] == [None, "other", "chat"]

    shadow = stage_of(stages, application, mode="shadow")
    for protocols, answered in [
        (["cognito", "garbage", "chat"], "chat"), (["cognito", token, "cognito", token], "cognito"), (["chat", "cognito"], "chat"), (["cognito", pool.id_token(exp=1)], "cognito"),
    ]:
        with websocket(shadow.envoy.port, protocols=protocols) as (answer, _):
            assert (answer.status, answer.header(PROTOCOL)) == (101, answered), protocols
    with websocket(shadow.envoy.port, "/admin", protocols=["cognito", token]) as (answer, _):
        assert answer.status == 101
    assert [seen.header(PROTOCOL) for seen in application.requests] == ["chat", None, "chat", None, None]
    assert application.requests[-1].header("x-cognito-sub") == SUB


def test_other_answers_stay_as_they_are(stage: Stage, application: WebSocketUpstream, pool: Pool) -> None:
    answer = stage.send("/", (PROTOCOL, f"cognito, {pool.id_token()}"))
    assert (answer.status, answer.header(PROTOCOL)) == (200, None)
    assert application.only_request().header(PROTOCOL) is None


def test_a_handshake_that_waits_for_keys(own_stages: Stages, application: WebSocketUpstream, pool: Pool) -> None:
    application.forget()
    own_stages.key_server.refuse()
    stage = own_stages.fresh(config(pool_config(jwks={"cluster": "cognito", "timeout_ms": 30_000}), token_sources=SOURCES), clusters={"upstream": application.port})
    own_stages.key_server.listen()
    with websocket(stage.envoy.port, protocols=["cognito", pool.id_token()]) as (answer, _):
        assert (answer.status, answer.header(PROTOCOL)) == (101, "cognito")
    assert application.only_request().header(PROTOCOL) is None
