"""More claims for access tokens from Cognito's UserInfo endpoint, which the test plays with its documented answers."""

import time
from collections.abc import Iterator

import pytest

from support.client import at_once, bearer, hang_up_on_most
from support.config import config, pool_config
from support.http_server import Answer
from support.servers import Gate, ScriptedServer, json_answer, jwks
from support.stage import Stage, Stages
from support.tokens import ABSENT, CLIENT, SUB, Pool, signing_key
from support.waiting import wait_until

DETAILS = {"sub": SUB, "email": "alice@example.com", "email_verified": "true", "username": "alice", "custom:tier": "gold"}
INVALID_TOKEN = Answer(401, b'{"error":"invalid_token","error_description":"Access token has been revoked"}', (("content-type", "application/json"),))


@pytest.fixture
def user_info() -> Iterator[ScriptedServer]:
    server = ScriptedServer(json_answer(DETAILS))
    yield server
    server.close()


def with_user_info(**fields: object) -> dict:
    details = {"cluster": "info", "uri": "https://auth.example.com/oauth2/userInfo", "timeout_ms": 2000} | fields
    rules = [
        {"match": {"path": {"prefix": "/open"}}, "auth": "none"},
        {"match": {"path": {"prefix": "/gold"}}, "require": {"claims": {"custom:tier": "gold"}}},
    ]
    headers = {
        "x-cognito-sub": "sub", "x-cognito-email": "email", "x-cognito-username": ["cognito:username", "username"], "x-tier": "custom:tier",
        "x-cognito-scope": "scope", "x-cognito-groups": "cognito:groups", "x-cognito-client-id": "client_id", "x-birthdate": "birthdate",
        "x-auth-time": "auth_time", "x-aud": "aud",
    }
    return config(pool_config(token_use="any", user_info=details), rules=rules, identity={"headers": headers})


@pytest.fixture
def stage(own_stages: Stages, user_info: ScriptedServer, request: pytest.FixtureRequest) -> Stage:
    return own_stages.fresh(with_user_info(**getattr(request, "param", {})), clusters={"info": user_info.port})


def test_details_reach_the_upstream(stage: Stage, user_info: ScriptedServer, pool: Pool) -> None:
    token = pool.access_token()
    seen = stage.admits("/", bearer(token))
    assert seen.header("x-cognito-email") == "alice@example.com"
    assert seen.header("x-tier") == "gold"
    asked = user_info.requests[0]
    assert (asked.method, asked.target, asked.header("host"), asked.header("authorization")) == ("GET", "/oauth2/userInfo", "auth.example.com", f"Bearer {token}")
    assert stage.envoy.counter("user_info_success") == 1


def test_it_is_asked_once_for_a_token(stage: Stage, user_info: ScriptedServer, pool: Pool) -> None:
    token = bearer(pool.access_token())
    gate = Gate(json_answer(DETAILS))
    user_info.answer = gate

    def call(number: int):
        if number == 50:
            wait_until(lambda: stage.envoy.active_requests() == 50, "50 waiting requests")
            gate.open()
        return stage.send("/", token)

    assert {answer.status for answer in at_once(51, call)} == {200}
    # One call at a time in a worker, and there are two; what one of them learned the other knows.
    assert 1 <= user_info.hits <= 2
    learned = user_info.hits
    assert {answer.status for answer in at_once(20, lambda _: stage.send("/", token))} == {200}
    assert user_info.hits == learned
    assert stage.envoy.counter("user_info_cached") >= 20
    assert all("email" not in seen.names() or seen.header("x-cognito-email") for seen in stage.upstream.requests)


def test_only_access_tokens_ask(stage: Stage, user_info: ScriptedServer, pool: Pool) -> None:
    stage.admits("/", bearer(pool.id_token()))
    stage.admits("/open", bearer(pool.access_token()), decision="bypassed")
    stage.rejects("token_expired", "/", bearer(pool.access_token(exp=1)))
    stage.rejects("signature_invalid", "/", bearer(pool.access_token(signing_key("forger").named(pool.key.kid))))
    assert user_info.hits == 0
    # Cognito answers 401 for tokens without the scope `openid`, and they are as good as others.
    user_info.answer = INVALID_TOKEN
    for scope in ("items/read", "aws.cognito.signin.user.admin", "xopenid", ABSENT):
        stage.admits("/", bearer(pool.access_token(scope=scope)))
    assert user_info.hits == 0
    stage.rejects("token_revoked", "/", bearer(pool.access_token(scope="items/read openid")))


def test_the_token_is_never_overridden(stage: Stage, user_info: ScriptedServer, pool: Pool) -> None:
    never = {name: "forged" for name in ("iss", "aud", "exp", "nbf", "iat", "auth_time", "jti", "token_use", "client_id", "scope", "cognito:groups")}
    user_info.answer = json_answer(DETAILS | never | {"username": "mallory", "birthdate": "2000-01-01"})
    seen = stage.admits("/", bearer(pool.access_token(**{"cognito:groups": []}, scope="openid", auth_time=7)))
    assert seen.header("x-cognito-username") == "alice"
    assert seen.header("x-birthdate") == "2000-01-01"
    assert (seen.header("x-cognito-scope"), seen.header("x-cognito-groups"), seen.header("x-cognito-client-id"), seen.header("x-auth-time"), seen.header("x-aud")) == ("openid", None, CLIENT, "7", None)


def test_an_unverified_email_stays_out(stage: Stage, user_info: ScriptedServer, pool: Pool) -> None:
    user_info.answer = json_answer(DETAILS | {"email_verified": "false"})
    assert stage.admits("/", bearer(pool.access_token())).header("x-cognito-email") is None


def test_no_requirement_looks_at_details(stage: Stage, user_info: ScriptedServer, pool: Pool) -> None:
    stage.rejects("not_permitted", "/gold", bearer(pool.access_token()))
    stage.admits("/gold", bearer(pool.access_token(**{"custom:tier": "gold"})))


FAILURES = {
    "refused access": Answer(403, b"{}"),
    "server error": Answer(500, b"{}"),
    "another sub": json_answer(DETAILS | {"sub": "someone-else"}),
    "no sub": json_answer({"email": "alice@example.com"}),
    "sub a number": json_answer(DETAILS | {"sub": 1}),
    "no JSON": Answer(200, b"<html>"),
    "no object": Answer(200, b"[]"),
    "empty": Answer(200, b""),
    "created": json_answer(DETAILS, status=201),
    "redirect": Answer(302, b"", (("location", "https://elsewhere.example"),)),
    "reset": Answer(fault="reset"),
    "cut off": json_answer(DETAILS, fault="truncate"),
    "not HTTP": Answer(fault="garbage"),
}


@pytest.mark.parametrize("stage", [{}], indirect=True, ids=["reject"])
def test_each_failure_with_reject(stage: Stage, user_info: ScriptedServer, pool: Pool) -> None:
    for case, answer in FAILURES.items():
        user_info.answer = answer
        stage.rejects("user_info_unavailable", "/?" + case.replace(" ", "-"), bearer(pool.access_token()))
    assert stage.envoy.counter("user_info_failed") == len(FAILURES)
    user_info.answer = json_answer(DETAILS)
    stage.admits("/", bearer(pool.access_token()))


@pytest.mark.parametrize("stage", [{"on_failure": "continue"}], indirect=True, ids=["continue"])
def test_each_failure_with_continue(stage: Stage, user_info: ScriptedServer, pool: Pool) -> None:
    for case, answer in FAILURES.items():
        user_info.answer = answer
        seen = stage.admits("/", bearer(pool.access_token()))
        assert (seen.header("x-cognito-sub"), seen.header("x-cognito-email")) == (SUB, None), case
    # 401 is refused either way, and also where its body is longer than any that is read.
    for answer in (INVALID_TOKEN, Answer(401, b"x" * (256 * 1024 + 1))):
        user_info.answer = answer
        stage.rejects("token_revoked", "/", bearer(pool.access_token()))


@pytest.mark.parametrize("on_failure", ["reject", "continue"])
def test_a_missing_cluster(own_stages: Stages, pool: Pool, on_failure: str) -> None:
    stage = own_stages.fresh(with_user_info(on_failure=on_failure))
    if on_failure == "reject":
        stage.rejects("user_info_unavailable", "/", bearer(pool.access_token()))
    else:
        stage.admits("/", bearer(pool.access_token()))
    assert any("info" in line and ("[warning]" in line or "[error]" in line) for line in stage.envoy.log().splitlines())


@pytest.mark.parametrize("stage", [{"timeout_ms": 400}], indirect=True)
def test_a_slow_service_delays_only_those_who_need_it(stage: Stage, user_info: ScriptedServer, pool: Pool) -> None:
    stage.admits("/", bearer(pool.id_token()))
    user_info.answer = Answer(fault="hang")
    access, ids = bearer(pool.access_token()), bearer(pool.id_token())

    def call(number: int):
        began = time.monotonic()
        answer = stage.send("/", access if number < 10 else ids)
        return answer.status, time.monotonic() - began

    answers = at_once(30, call)
    assert {status for status, _ in answers[:10]} == {503}
    assert {status for status, _ in answers[10:]} == {200}
    assert max(seconds for _, seconds in answers[:10]) < 3


def test_a_revoked_token_is_refused(stage: Stage, user_info: ScriptedServer, pool: Pool) -> None:
    user_info.answer = INVALID_TOKEN
    stage.rejects("token_revoked", "/", bearer(pool.access_token()))


@pytest.mark.parametrize("stage", [{"ttl_seconds": 1}], indirect=True)
def test_a_revocation_is_noticed_within_the_ttl(stage: Stage, user_info: ScriptedServer, pool: Pool) -> None:
    token = bearer(pool.access_token())
    stage.admits("/", token)
    user_info.answer = INVALID_TOKEN
    wait_until(lambda: stage.send("/", token).status == 401, "the revocation", within=4)
    stage.rejects("token_revoked", "/", token)


@pytest.mark.parametrize("stage", [{"ttl_seconds": 0}], indirect=True)
def test_nothing_is_cached_with_a_ttl_of_0(stage: Stage, user_info: ScriptedServer, pool: Pool) -> None:
    token = bearer(pool.access_token())
    for _ in range(3):
        stage.admits("/", token)
    assert user_info.hits == 3


def test_a_failure_is_forgotten_within_a_second(stage: Stage, user_info: ScriptedServer, pool: Pool) -> None:
    token = bearer(pool.access_token())
    user_info.answer = Answer(500)
    stage.rejects("user_info_unavailable", "/", token)
    user_info.answer = json_answer(DETAILS)
    time.sleep(1.1)
    stage.admits("/", token)


def test_details_end_with_the_token(own_stages: Stages, user_info: ScriptedServer, pool: Pool) -> None:
    stage = own_stages.fresh(with_user_info() | {"clock_skew_seconds": 0}, clusters={"info": user_info.port})
    token = bearer(pool.access_token(exp=time.time() + 2))
    stage.admits("/", token)
    wait_until(lambda: stage.send("/", token).status == 401, "the end of the token", within=4)
    stage.rejects("token_expired", "/", token)


def test_clients_that_hang_up_harm_nobody(stage: Stage, user_info: ScriptedServer, pool: Pool) -> None:
    gate = Gate(json_answer(DETAILS))
    user_info.answer = gate
    tokens = [bearer(pool.access_token()) for _ in range(5)]
    hang_up_on_most(stage.envoy.port, tokens, gate.open)
    assert stage.envoy.vm_failures() == {}
    stage.admits("/", tokens[0])


def test_a_removed_key_takes_the_details_with_it(own_stages: Stages, user_info: ScriptedServer, pool: Pool) -> None:
    settings = with_user_info()
    settings["pools"][0]["jwks"] = {"cluster": "cognito", "ttl_seconds": 1}
    stage = own_stages.fresh(settings, clusters={"info": user_info.port})
    token = bearer(pool.access_token())
    stage.admits("/", token)
    own_stages.key_server.answer = json_answer(jwks(signing_key("second")))
    wait_until(lambda: stage.send("/", token).status == 401, "the end of the key", within=5)
