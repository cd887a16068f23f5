"""Find or create the application's own user: the place of a `get_or_create_for_cognito(payload)`."""

import json
import time
from collections.abc import Iterator

import pytest

from support.bootstrap import Door
from support.client import at_once, bearer, connect, hang_up_on_most, request_bytes
from support.config import config, pool_config
from support.http_server import Answer
from support.servers import Gate, ScriptedServer, json_answer
from support.stage import Stage, Stages
from support.tokens import SUB, Pool, signing_key
from support.waiting import wait_until

FOUND = {"id": 42, "name": "Jürgen", "roles": ["a", "b,c"], "admin": False}
HEADERS = {"x-user-id": "id", "x-user-name": "name", "x-user-roles": "roles", "x-user-admin": "admin", "x-user-missing": "missing"}


@pytest.fixture
def users() -> Iterator[ScriptedServer]:
    server = ScriptedServer(json_answer(FOUND))
    yield server
    server.close()


def with_lookup(**fields: object) -> dict:
    lookup = {"cluster": "users", "uri": "http://users.internal:8000/cognito/users?x=1", "headers": HEADERS, "timeout_ms": 2000} | fields
    rules = [{"match": {"path": {"prefix": "/open"}}, "auth": "none"}, {"match": {"path": {"prefix": "/admin"}}, "require": {"groups": {"any": ["admins"]}}}]
    return config(pool_config(token_use="any"), rules=rules, user_lookup=lookup)


@pytest.fixture
def stage(own_stages: Stages, users: ScriptedServer, request: pytest.FixtureRequest) -> Stage:
    return own_stages.fresh(with_lookup(**getattr(request, "param", {})), clusters={"users": users.port})


def test_the_user_reaches_the_upstream(stage: Stage, users: ScriptedServer, pool: Pool) -> None:
    claims = pool.id_claims(**{"custom:ü": ["ö", {"a": 1.5}]})
    seen = stage.admits("/", bearer(pool.token(claims)), ("x-user-id", "1"), ("X_User_Id", "1"), ("x-user-missing", "1"))
    assert {name: seen.header(name) for name in HEADERS} == {
        "x-user-id": "42", "x-user-name": "J%C3%BCrgen", "x-user-roles": "a,b%2Cc", "x-user-admin": "false", "x-user-missing": None,
    }
    assert "x_user_id" not in seen.names()
    assert seen.header("x-cognito-sub") == SUB
    asked = users.requests[0]
    assert (asked.method, asked.target, asked.header("host")) == ("POST", "/cognito/users?x=1", "users.internal:8000")
    assert asked.header("content-type") == "application/json"
    assert asked.header("authorization") is None
    assert json.loads(asked.body) == claims
    assert stage.envoy.counter("user_lookup_success") == 1


def test_a_created_user_is_as_good_as_a_found_one(stage: Stage, users: ScriptedServer, pool: Pool) -> None:
    users.answer = json_answer({"id": "new"}, status=201)
    assert stage.admits("/", bearer(pool.id_token())).header("x-user-id") == "new"


@pytest.mark.parametrize("status", [403, 404])
@pytest.mark.parametrize("stage", [{}, {"on_failure": "continue"}], indirect=True, ids=["reject", "continue"])
def test_a_rejected_user(stage: Stage, users: ScriptedServer, pool: Pool, status: int) -> None:
    users.answer = Answer(status, b'{"id": 1}')
    stage.rejects("user_rejected", "/", bearer(pool.id_token()))
    users.answer = Answer(status, b"x" * (256 * 1024 + 1))
    stage.rejects("user_rejected", "/", user(pool, "at length"))


FAILURES = {
    "unauthorized": Answer(401, b"{}"),
    "server error": Answer(500, b"{}"),
    "accepted": json_answer(FOUND, status=202),
    "no content": Answer(204),
    "redirect": Answer(302, b"", (("location", "http://elsewhere"),)),
    "no JSON": Answer(200, b"<html>"),
    "no object": Answer(200, b"[1]"),
    "empty": Answer(200, b""),
    "over 64 KiB": json_answer({"id": 1, "filler": "x" * 65536}),
    "reset": Answer(fault="reset"),
    "cut off": json_answer(FOUND, fault="truncate"),
    "not HTTP": Answer(fault="garbage"),
}


def user(pool: Pool, case: str) -> tuple:
    """A token of a new user: responses are cached by `sub`."""
    return bearer(pool.id_token(sub=case))


@pytest.mark.parametrize("stage", [{}], indirect=True, ids=["reject"])
def test_each_failure_with_reject(stage: Stage, users: ScriptedServer, pool: Pool) -> None:
    for case, answer in FAILURES.items():
        users.answer = answer
        stage.rejects("user_lookup_unavailable", "/?" + case.replace(" ", "-"), user(pool, case))
    assert stage.envoy.counter("user_lookup_failed") == len(FAILURES)


@pytest.mark.parametrize("stage", [{"on_failure": "continue"}], indirect=True, ids=["continue"])
def test_each_failure_with_continue(stage: Stage, users: ScriptedServer, pool: Pool) -> None:
    for case, answer in FAILURES.items():
        users.answer = answer
        seen = stage.admits("/?" + case.replace(" ", "-"), user(pool, case), ("x-user-id", "forged"))
        assert (seen.header("x-cognito-sub"), seen.header("x-user-id")) == (case, None)


@pytest.mark.parametrize("on_failure", ["reject", "continue"])
def test_a_missing_cluster(own_stages: Stages, pool: Pool, on_failure: str) -> None:
    stage = own_stages.fresh(with_lookup(on_failure=on_failure))
    if on_failure == "reject":
        stage.rejects("user_lookup_unavailable", "/", bearer(pool.id_token()))
    else:
        stage.admits("/", bearer(pool.id_token()))


def test_it_is_asked_once_for_a_user(stage: Stage, users: ScriptedServer, pool: Pool) -> None:
    gate = Gate(json_answer(FOUND))
    users.answer = gate
    # Many tokens, one user.
    tokens = [bearer(pool.id_token()) for _ in range(5)]

    def call(number: int):
        if number == 50:
            wait_until(lambda: stage.envoy.active_requests() == 50, "50 waiting requests")
            gate.open()
        return stage.send("/", tokens[number % 5])

    assert {answer.status for answer in at_once(51, call)} == {200}
    assert 1 <= users.hits <= 2
    learned = users.hits
    assert {answer.status for answer in at_once(20, lambda number: stage.send("/", tokens[number % 5]))} == {200}
    assert users.hits == learned
    assert stage.envoy.counter("user_lookup_cached") >= 20
    assert {seen.header("x-user-id") for seen in stage.upstream.requests} == {"42"}
    users.answer = json_answer({"id": 43})
    assert stage.admits("/", user(pool, "another")).header("x-user-id") == "43"
    assert stage.admits("/", tokens[0]).header("x-user-id") == "42"


def test_an_answer_serves_no_other_claims(own_stages: Stages, users: ScriptedServer, pool: Pool) -> None:
    settings = with_lookup()
    settings["pools"][0]["client_ids"] = [pool.client, "another"]
    stage = own_stages.fresh(settings, clusters={"users": users.port}, concurrency=1)
    users.answer = lambda _request: json_answer({"id": users.hits})
    tokens = [
        pool.id_token(), pool.id_token(aud="another"), pool.id_token(**{"cognito:groups": ["admins"]}), pool.id_token(**{"custom:tenant": "acme"}),
        pool.access_token(), pool.access_token(scope="openid"),
    ]
    for _ in range(2):
        assert [stage.admits("/", bearer(token)).header("x-user-id") for token in tokens] == ["1", "2", "3", "4", "5", "6"]
    # A later sign-in of the same user to the same app says nothing new.
    now = int(time.time())
    again = pool.id_token(auth_time=now - 1, iat=now - 1, nbf=now - 1, exp=now + 60, nonce="n", at_hash="h")
    assert stage.admits("/", bearer(again)).header("x-user-id") == "1"


def test_an_answer_serves_no_other_configuration(own_stages: Stages, users: ScriptedServer, pool: Pool) -> None:
    # All of them share the host's data, as Istio's plugins do.
    configurations = [
        with_lookup(), with_lookup(headers={"x-user-id": "name"}), with_lookup(uri="http://users.internal:8000/other"), with_lookup(cluster="others"), with_lookup(),
    ]
    doors = [
        Door((own_stages.plugin(configuration, name=f"plugin-{number}").http_filter(),), f"door-{number}") for number, configuration in enumerate(configurations)
    ]
    stage = own_stages.behind(*doors, clusters={"users": users.port, "others": users.port}, concurrency=1)
    token = bearer(pool.id_token())
    for number, hits in enumerate([1, 2, 3, 4, 4]):
        stage.upstream.forget()
        assert stage.send("/", token, door=f"door-{number}").status == 200
        assert stage.upstream.only_request().header("x-user-id") == ("J%C3%BCrgen" if number == 1 else "42")
        assert users.hits == hits


def test_a_value_that_is_too_long_is_left_out(stage: Stage, users: ScriptedServer, pool: Pool) -> None:
    users.answer = json_answer({"id": "x" * 4097, "name": "y" * 4096})
    seen = stage.admits("/", bearer(pool.id_token()), ("x-user-id", "forged"))
    assert (seen.header("x-user-id"), seen.header("x-user-name")) == (None, "y" * 4096)
    assert any("x-user-id is left out" in line and "[warning]" in line for line in stage.envoy.log().splitlines())


@pytest.mark.parametrize("stage", [{"ttl_seconds": 1}], indirect=True)
def test_an_answer_is_fetched_again_after_its_ttl(stage: Stage, users: ScriptedServer, pool: Pool) -> None:
    stage.admits("/", bearer(pool.id_token()))
    users.answer = Answer(403)
    wait_until(lambda: stage.send("/", bearer(pool.id_token())).status == 403, "the rejection", within=4)


@pytest.mark.parametrize("stage", [{"ttl_seconds": 0}], indirect=True)
def test_nothing_is_cached_with_a_ttl_of_0(stage: Stage, users: ScriptedServer, pool: Pool) -> None:
    for _ in range(3):
        stage.admits("/", bearer(pool.id_token()))
    assert users.hits == 3


def test_a_failure_is_forgotten_within_a_second(stage: Stage, users: ScriptedServer, pool: Pool) -> None:
    users.answer = Answer(500)
    stage.rejects("user_lookup_unavailable", "/", bearer(pool.id_token()))
    users.answer = json_answer(FOUND)
    time.sleep(1.1)
    stage.admits("/", bearer(pool.id_token()))


def test_nobody_is_looked_up_in_vain(stage: Stage, users: ScriptedServer, pool: Pool) -> None:
    stage.admits("/open", bearer(pool.id_token()), decision="bypassed")
    stage.rejects("token_expired", "/", bearer(pool.id_token(exp=1)))
    stage.rejects("signature_invalid", "/", bearer(pool.id_token(signing_key("forger").named(pool.key.kid))))
    stage.rejects("not_permitted", "/admin", bearer(pool.id_token()))
    assert users.hits == 0


@pytest.mark.parametrize("stage", [{"timeout_ms": 400}], indirect=True)
def test_a_slow_service_is_not_waited_for_longer_than_configured(stage: Stage, users: ScriptedServer, pool: Pool) -> None:
    users.answer = Answer(fault="hang")
    began = time.monotonic()
    stage.rejects("user_lookup_unavailable", "/", bearer(pool.id_token()))
    assert time.monotonic() - began < 3
    stage.admits("/open", decision="bypassed")


def test_clients_that_hang_up_harm_nobody(stage: Stage, users: ScriptedServer, pool: Pool) -> None:
    gate = Gate(json_answer(FOUND))
    users.answer = gate
    tokens = [user(pool, f"user-{number}") for number in range(10)]
    hang_up_on_most(stage.envoy.port, tokens, gate.open)
    assert stage.envoy.vm_failures() == {}


def test_an_answer_that_nobody_waited_for_is_not_used_after_its_ttl(own_stages: Stages, users: ScriptedServer, pool: Pool) -> None:
    """The user may have been removed since."""
    stage = own_stages.fresh(with_lookup(ttl_seconds=1), clusters={"users": users.port}, concurrency=1)
    gate = Gate(json_answer(FOUND))
    users.answer = gate
    token = bearer(pool.id_token())
    (connection,) = send_from_each(stage, [token])
    wait_until(lambda: users.hits == 1, "the call")
    connection.close()
    wait_until(lambda: stage.envoy.active_requests() == 0, "the end of the request")
    gate.open()
    wait_until(lambda: stage.envoy.stat("cluster.users.upstream_rq_completed") == 1, "the answer")
    # More than the TTL.
    time.sleep(1.5)
    users.answer = Answer(403)
    stage.rejects("user_rejected", "/", token)


def test_details_of_an_access_token_are_part_of_what_is_posted(own_stages: Stages, users: ScriptedServer, pool: Pool) -> None:
    info = ScriptedServer(json_answer({"sub": SUB, "email": "alice@example.com", "email_verified": "true"}))
    settings = with_lookup()
    settings["pools"][0]["user_info"] = {"cluster": "info", "domain": "auth.example.com"}
    stage = own_stages.fresh(settings, clusters={"users": users.port, "info": info.port})
    seen = stage.admits("/", bearer(pool.access_token()))
    assert (seen.header("x-user-id"), seen.header("x-cognito-email")) == ("42", "alice@example.com")
    assert json.loads(users.requests[0].body)["email"] == "alice@example.com"
    assert info.requests[0].target == "/oauth2/userInfo" and info.requests[0].header("host") == "auth.example.com"
    info.close()


def test_shadow_mode_lets_a_rejected_user_pass(own_stages: Stages, users: ScriptedServer, pool: Pool) -> None:
    users.answer = Answer(403)
    stage = own_stages.fresh(with_lookup() | {"mode": "shadow"}, clusters={"users": users.port})
    seen = stage.admits("/", bearer(pool.id_token()), ("x-user-id", "forged"), decision="user_rejected", counter="would_deny.user_rejected")
    assert seen.header("x-user-id") is None
    assert seen.header("x-cognito-sub") == SUB


def send_from_each(stage: Stage, tokens: list[tuple]) -> list:
    """One connection for each token, its request sent, its answer not read."""
    connections = [connect(stage.envoy.port, timeout=30) for _ in tokens]
    for connection, token in zip(connections, tokens, strict=True):
        connection.sendall(request_bytes("GET", "/", [token], b"", "app.example.com", "waits"))
    return connections


@pytest.mark.parametrize("on_failure", ["reject", "continue"])
def test_one_slow_user_leaves_room_for_the_others(own_stages: Stages, users: ScriptedServer, pool: Pool, on_failure: str) -> None:
    stage = own_stages.fresh(with_lookup(timeout_ms=30_000, on_failure=on_failure), clusters={"users": users.port}, concurrency=1)
    gate = Gate(json_answer(FOUND))
    users.answer = gate
    connections = send_from_each(stage, [user(pool, "slow")] * 130)
    wait_until(lambda: stage.envoy.counter("denied.user_lookup_unavailable") == 30, "those over the share", within=10)
    wait_until(lambda: stage.envoy.active_requests() == 100, "100 waiting requests")
    others = send_from_each(stage, [user(pool, "other")] * 10)
    wait_until(lambda: stage.envoy.active_requests() == 110, "those of another user", within=10)
    gate.open()
    statuses = sorted(connection.recv(12)[9:] for connection in connections + others)
    assert statuses == [b"200"] * 110 + [b"503"] * 30
    for connection in connections + others:
        connection.close()


def test_calls_under_way_are_bounded(own_stages: Stages, users: ScriptedServer, pool: Pool) -> None:
    stage = own_stages.fresh(with_lookup(timeout_ms=30_000), clusters={"users": users.port}, concurrency=1)
    gate = Gate(json_answer(FOUND))
    users.answer = gate
    connections = send_from_each(stage, [user(pool, f"user-{number}") for number in range(540)])
    wait_until(lambda: stage.envoy.counter("denied.user_lookup_unavailable") == 40, "those over the bound", within=20)
    wait_until(lambda: stage.envoy.active_requests() == 500, "500 waiting requests")
    wait_until(lambda: users.hits == 500, "all calls", within=30)
    # Their clients hang up; the calls go on, and nobody else's is sent beside them.
    for connection in connections:
        connection.close()
    wait_until(lambda: stage.envoy.active_requests() == 0, "the end of all requests", within=20)
    stage.rejects("user_lookup_unavailable", "/", user(pool, "late"))
    assert users.hits == 500
    gate.open()
    wait_until(lambda: stage.send("/", user(pool, "later")).status == 200, "room for more", within=20)


def test_a_failing_service_is_not_asked_for_each_request(own_stages: Stages, users: ScriptedServer, pool: Pool) -> None:
    stage = own_stages.fresh(with_lookup(), clusters={"users": users.port}, concurrency=1)
    users.answer = Answer(500)
    began = time.monotonic()
    for _ in range(20):
        stage.send("/", user(pool, "unlucky"))
    assert users.hits <= 1 + (time.monotonic() - began)
