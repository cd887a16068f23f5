"""Shadow mode: everything is decided and logged, nothing is rejected."""

import pytest

from support.client import Header, bearer
from support.config import config, pool_config
from support.http_server import SeenRequest
from support.stage import Stage, Stages
from support.tokens import SUB, Pool, signing_key

RULES = [
    {"match": {"path": {"prefix": "/admin"}}, "require": {"groups": {"any": ["admins"]}}},
    {"match": {"path": {"prefix": "/fresh"}}, "require": {"max_age_seconds": 60}},
    {"match": {"path": {"prefix": "/open"}}, "auth": "none"},
]
UNSERVED = Pool("eu-west-1_Unserved3", client="c3", key=signing_key("first"))


@pytest.fixture(scope="module")
def stage(stages: Stages) -> Stage:
    unserved = {"user_pool_id": UNSERVED.id, "client_ids": ["c3"], "jwks": {"cluster": "nobody", "timeout_ms": 300}}
    return stages.shared(config(pool_config(token_use="any"), unserved, rules=RULES, mode="shadow"), clusters={"nobody": 1})


def would_be_refused(stage: Stage, code: str, target: str, *headers: Header) -> SeenRequest:
    return stage.admits(target, *headers, decision=code, counter=f"would_deny.{code}")


def test_what_would_be_refused_passes_without_identity(stage: Stage, pool: Pool) -> None:
    refused = {
        "token_missing": (),
        "token_malformed": (bearer("a.b"),),
        "token_expired": (bearer(pool.id_token(exp=1)),),
        "signature_invalid": (bearer(pool.id_token(signing_key("forger").named(pool.key.kid))),),
        "key_unknown": (bearer(pool.id_token(signing_key("forger"))),),
        "issuer_unknown": (bearer(pool.id_token(iss="https://evil.example")),),
        "client_mismatch": (bearer(pool.id_token(aud="x")),),
        "keys_unavailable": (bearer(UNSERVED.id_token()),),
    }
    for code, headers in refused.items():
        seen = would_be_refused(stage, code, "/", *headers, ("x-cognito-sub", "forged"), ("x_cognito_sub", "forged"))
        assert not [name for name in seen.names() if "cognito" in name], code
        assert [value for name, value in seen.headers if name == "authorization"] == [value for _, value in headers]


def test_a_verified_identity_is_sent_even_where_it_would_not_do(stage: Stage, pool: Pool) -> None:
    assert would_be_refused(stage, "not_permitted", "/admin", bearer(pool.id_token())).header("x-cognito-sub") == SUB
    assert would_be_refused(stage, "reauthentication_required", "/fresh", bearer(pool.id_token(auth_time=1))).header("x-cognito-sub") == SUB


def test_an_ambiguous_path_passes(stage: Stage, pool: Pool) -> None:
    assert would_be_refused(stage, "path_ambiguous", "/a%2fb").target == "/a%2fb"


def test_what_is_allowed_is_counted_as_ever(stage: Stage, pool: Pool) -> None:
    assert stage.admits("/", bearer(pool.id_token())).header("x-cognito-sub") == SUB
    stage.admits("/open", decision="bypassed")


def test_a_debug_line_shows_what_would_have_happened(stage: Stage) -> None:
    would_be_refused(stage, "token_missing", "/")
    assert any("token_missing" in line and "[debug]" in line for line in stage.envoy.log().splitlines())


def test_a_warning_at_the_start_says_that_nothing_is_refused(stages: Stages) -> None:
    def warnings(mode: str) -> list[str]:
        log = stages.shared(config(pool_config(token_use="any"), mode=mode)).envoy.log()
        return [line for line in log.splitlines() if "[warning]" in line and "nothing is refused" in line]

    assert warnings("shadow") and 'config: mode: is "shadow"' in warnings("shadow")[0]
    assert not warnings("enforce")
