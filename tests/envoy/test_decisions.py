"""Every decision that a token and a path can lead to, as the client, the operator and the upstream see it."""

import re
import time

import pytest

from support.bootstrap import route
from support.client import bearer
from support.config import config, inline, pool_config
from support.stage import Stage, Stages
from support.tokens import ABSENT, CLIENT, OTHER_CLIENT, SUB, Pool, b64, jwt, resigned, signing_key

OTHER_POOL = Pool("eu-west-1_Another02", client="c2", key=signing_key("first"))
UNSERVED_POOL = Pool("eu-west-1_Unserved3", client="c3", key=signing_key("first"))
RULES = [
    {"match": {"path": {"prefix": "/open"}}, "auth": "none"},
    {"match": {"path": {"prefix": "/optional"}}, "auth": "optional"},
    {"match": {"path": {"prefix": "/admin"}}, "require": {"groups": {"any": ["admins"]}}},
    {"match": {"path": {"prefix": "/items"}}, "require": {"scopes": {"all": ["items/read", "items/write"]}}},
    {"match": {"path": {"prefix": "/fresh"}}, "require": {"max_age_seconds": 600}},
    {"match": {"path": {"prefix": "/fresh-admin"}}, "require": {"max_age_seconds": 600, "groups": {"any": ["admins"]}}},
]
CONFIG = config(
    pool_config(token_use="any", jwks={"cluster": "cognito", "refetch_cooldown_seconds": 3600}),
    {"user_pool_id": OTHER_POOL.id, "client_ids": ["c2"], "jwks": inline(OTHER_POOL.key)},
    {"user_pool_id": UNSERVED_POOL.id, "client_ids": ["c3"], "jwks": {"cluster": "nobody", "timeout_ms": 300}},
    rules=RULES,
    bypass_cors_preflight=True,
)


@pytest.fixture(scope="module")
def stage(stages: Stages) -> Stage:
    routes = (route("broken", {"prefix": "/broken"}, {"auth": "sometimes"}), route("everything"))
    # Port 1 refuses: the keys of the third pool never come.
    return stages.shared(CONFIG, clusters={"nobody": 1}, routes=routes)


# -- let through ---------------------------------------------------------------------------------------------------


def test_an_id_token_passes(stage: Stage, pool: Pool) -> None:
    seen = stage.admits("/", bearer(pool.id_token()))
    assert seen.header("x-cognito-sub") == SUB
    assert seen.header("x-cognito-token-use") == "id"


def test_an_access_token_passes(stage: Stage, pool: Pool) -> None:
    seen = stage.admits("/", bearer(pool.access_token()))
    assert seen.header("x-cognito-client-id") == CLIENT
    assert seen.header("x-cognito-token-use") == "access"


def test_filter_state_names_user_and_client(stage: Stage, pool: Pool) -> None:
    for token in (pool.id_token(), pool.access_token()):
        entry = stage.envoy.access(stage.send("/", bearer(token)).id)
        assert (entry["decision"], entry["sub"], entry["client_id"]) == ("allowed", SUB, CLIENT)


def test_filter_state_of_an_unverified_token_names_nobody(stage: Stage, pool: Pool) -> None:
    entry = stage.envoy.access(stage.send("/", bearer(pool.id_token(signing_key("forger").named(pool.key.kid)))).id)
    assert (entry["decision"], entry["sub"], entry["client_id"]) == ("signature_invalid", None, None)


@pytest.mark.parametrize("target", ["/open", "/open/deep?x=1", "/optional"])
def test_a_rule_lets_pass_without_a_token(stage: Stage, target: str) -> None:
    stage.admits(target, decision="bypassed")


def test_an_open_rule_looks_at_no_token(stage: Stage) -> None:
    stage.admits("/open", bearer("no.token"), decision="bypassed")


def test_an_optional_rule_takes_a_good_token_and_refuses_a_bad_one(stage: Stage, pool: Pool) -> None:
    assert stage.admits("/optional", bearer(pool.id_token())).header("x-cognito-sub") == SUB
    stage.rejects("token_malformed", "/optional", bearer("no.token"))
    stage.rejects("token_expired", "/optional", bearer(pool.id_token(exp=1)))


def test_a_preflight_passes(stage: Stage) -> None:
    asks = (("origin", "https://app.example.com"), ("access-control-request-method", "PUT"))
    stage.admits("/admin", *asks, method="OPTIONS", decision="bypassed", counter="cors_preflight_bypassed")
    # It comes before path_ambiguous.
    stage.admits("/admin%2f", *asks, method="OPTIONS", decision="bypassed", counter="cors_preflight_bypassed")
    for incomplete in (asks[:1], asks[1:], ()):
        stage.rejects("token_missing", "/admin", *incomplete, method="OPTIONS")
    stage.rejects("token_missing", "/admin", *asks, method="POST")


def test_each_pool_has_its_own_clients(stage: Stage, pool: Pool) -> None:
    assert stage.admits("/", bearer(OTHER_POOL.id_token())).header("x-cognito-client-id") == "c2"
    stage.rejects("client_mismatch", "/", bearer(OTHER_POOL.id_token(aud=CLIENT)))
    stage.rejects("client_mismatch", "/", bearer(pool.id_token(aud="c2")))


# -- refused: one line a row of the contract --------------------------------------------------------------------------


def now() -> int:
    return int(time.time())


def refused_tokens(pool: Pool) -> dict[str, tuple[str, str]]:
    """Name of the case: (code, token)."""
    forger = signing_key("forger")
    return {
        "empty": ("token_malformed", ""),
        "one part": ("token_malformed", "abc"),
        "four parts": ("token_malformed", pool.id_token() + ".e30"),
        "padding": ("token_malformed", resigned(b64(b'{"alg":"RS256","kid":"a"}') + "=.e30", pool.key)),
        "exp absent": ("token_malformed", pool.id_token(exp=ABSENT)),
        "exp a string": ("token_malformed", pool.id_token(exp=str(now() + 60))),
        "16 KiB and more": ("token_malformed", pool.id_token(filler="x" * 16_000)),
        "crit": ("token_malformed", pool.token(pool.id_claims(), crit=["exp"])),
        "none": ("algorithm_not_allowed", jwt({"alg": "none", "kid": pool.key.kid}, pool.id_claims(), None, b"x")),
        "HS256": ("algorithm_not_allowed", pool.token(pool.id_claims(), alg="HS256")),
        "alg absent": ("algorithm_not_allowed", pool.token(pool.id_claims(), alg=ABSENT)),
        "issuer": ("issuer_unknown", pool.id_token(iss=pool.issuer + "/")),
        "issuer of another region": ("issuer_unknown", pool.id_token(iss=pool.issuer.replace("us-east-1", "us-east-2", 1))),
        "kid absent": ("key_unknown", pool.token(pool.id_claims(), kid=ABSENT)),
        "kid unknown": ("key_unknown", pool.token(pool.id_claims(), kid="unheard-of")),
        "signature": ("signature_invalid", pool.id_token(forger.named(pool.key.kid))),
        "expired": ("token_expired", pool.id_token(exp=now() - 70)),
        "expired long ago": ("token_expired", pool.id_token(exp=0)),
        "nbf": ("token_not_yet_valid", pool.id_token(nbf=now() + 90)),
        "iat": ("token_not_yet_valid", pool.id_token(iat=now() + 90)),
        "token_use absent": ("token_use_mismatch", pool.id_token(token_use=ABSENT)),
        "token_use odd": ("token_use_mismatch", pool.id_token(token_use="refresh")),
        "aud": ("client_mismatch", pool.id_token(aud=OTHER_CLIENT)),
        "aud absent": ("client_mismatch", pool.id_token(aud=ABSENT)),
        "aud a list without the client": ("client_mismatch", pool.id_token(aud=[OTHER_CLIENT, CLIENT + "x"])),
        "client_id instead of aud": ("client_mismatch", pool.id_token(aud=ABSENT, client_id=CLIENT)),
        "client_id": ("client_mismatch", pool.access_token(client_id=OTHER_CLIENT)),
        "client_id absent": ("client_mismatch", pool.access_token(client_id=ABSENT, aud=CLIENT)),
        # Order: expired before forged, alg before issuer, issuer before claims.
        "expired and forged": ("token_expired", pool.id_token(forger.named(pool.key.kid), exp=1)),
        "expired and unknown key": ("token_expired", pool.id_token(forger, exp=1)),
        "none and issuer": ("algorithm_not_allowed", pool.token(pool.id_claims(iss="https://evil.example"), alg="none")),
        "issuer and expired": ("issuer_unknown", pool.id_token(iss="https://evil.example", exp=1)),
    }


@pytest.mark.parametrize("case", refused_tokens(Pool()))
def test_refused_token(stage: Stage, pool: Pool, case: str) -> None:
    code, token = refused_tokens(pool)[case]
    stage.rejects(code, "/", bearer(token))


def test_no_token(stage: Stage) -> None:
    stage.rejects("token_missing")
    stage.rejects("token_missing", "/", ("authorization", "Basic YWxpY2U6c2VjcmV0"))


def test_a_missing_group_is_forbidden(stage: Stage, pool: Pool) -> None:
    stage.rejects("not_permitted", "/admin", bearer(pool.id_token()))
    stage.admits("/admin", bearer(pool.id_token(**{"cognito:groups": ["admins"]})))


def test_a_missing_scope_names_the_scopes(stage: Stage, pool: Pool) -> None:
    stage.rejects("not_permitted", "/items", bearer(pool.access_token()), scope="items/read items/write")
    stage.admits("/items", bearer(pool.access_token(scope="items/write items/read")))


def test_an_old_sign_in_must_be_repeated(stage: Stage, pool: Pool) -> None:
    for auth_time in (now() - 700, ABSENT, now() + 90):
        stage.rejects("reauthentication_required", "/fresh", bearer(pool.id_token(auth_time=auth_time)), max_age=600)
    stage.admits("/fresh", bearer(pool.id_token(auth_time=now() - 500)))
    # A fault that a new sign-in would not fix is reported first.
    stage.rejects("not_permitted", "/fresh-admin", bearer(pool.id_token(auth_time=1)))


def test_a_path_with_two_meanings(stage: Stage, pool: Pool) -> None:
    stage.rejects("path_ambiguous", "/open%2fdeep")
    stage.rejects("path_ambiguous", "/open/..;/admin", bearer(pool.id_token()))


def test_keys_that_never_come(stage: Stage) -> None:
    stage.rejects("keys_unavailable", "/", bearer(UNSERVED_POOL.id_token()))


def test_route_metadata_that_cannot_be_read(stage: Stage, pool: Pool) -> None:
    stage.rejects("internal_error", "/broken", bearer(pool.id_token()))
    assert re.search(r"\[error\]|\[err\]|\] error", stage.envoy.log(), re.I), "no error line"


# -- time -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "claims",
    [{"exp": -50}, {"exp": 0.5}, {"nbf": 50}, {"iat": 50}, {"nbf": -1000.25}, {"exp": 10**9}],
    ids=str,
)
def test_the_usual_leeway_is_a_minute(stage: Stage, pool: Pool, claims: dict) -> None:
    stage.admits("/", bearer(pool.id_token(**{name: time.time() + offset for name, offset in claims.items()})))


def test_a_list_of_audiences_needs_one_of_ours(stage: Stage, pool: Pool) -> None:
    stage.admits("/", bearer(pool.id_token(aud=[OTHER_CLIENT, CLIENT])))


def test_leeway_realm_and_both_issuers(stages: Stages, pool: Pool) -> None:
    strict = stages.shared(config(clock_skew_seconds=0, realm="my realm"))
    strict.rejects("token_expired", "/", bearer(pool.id_token(exp=now() - 1)), realm="my realm")
    strict.rejects("token_not_yet_valid", "/", bearer(pool.id_token(iat=now() + 5)), realm="my realm")
    strict.rejects("token_missing", "/", realm="my realm")
    strict.admits("/", bearer(pool.id_token(iss=f"https://issuer-cognito-idp.us-east-1.amazonaws.com/{pool.id}")))
    # The pool's default token_use is `id`.
    strict.rejects("token_use_mismatch", "/", bearer(pool.access_token()), realm="my realm")


def test_a_detail_says_how_long_ago(stage: Stage, pool: Pool) -> None:
    detail = stage.rejects("token_expired", "/", bearer(pool.id_token(exp=now() - 100))).json()["detail"]
    seconds = re.fullmatch(r"the token expired (\d+) seconds ago", detail)
    assert seconds and 99 <= int(seconds[1]) <= 110, detail


# -- issuers --------------------------------------------------------------------------------------------------------


def test_issuers_of_replicas_china_and_emulators(stages: Stages) -> None:
    key = signing_key("first")
    emulator = "http://localhost:9229/local_Abc"
    several = stages.shared(
        config(
            {"user_pool_id": "us-east-1_Multi", "client_ids": "any", "additional_regions": ["eu-west-1"], "jwks": inline(key)},
            {"user_pool_id": "cn-north-1_China", "client_ids": "any", "jwks": inline(key)},
            {"user_pool_id": "local_Abc", "client_ids": "any", "issuer": emulator, "jwks": inline(key)},
        )
    )
    for issuer in (
        "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Multi",
        "https://issuer-cognito-idp.us-east-1.amazonaws.com/us-east-1_Multi",
        "https://cognito-idp.eu-west-1.amazonaws.com/us-east-1_Multi",
        "https://issuer-cognito-idp.eu-west-1.amazonaws.com/us-east-1_Multi",
        "https://cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_China",
        "https://issuer-cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_China",
        emulator,
    ):
        several.admits("/", bearer(Pool("x_y", issuer=issuer, client="whoever").id_token()))
    for issuer in (
        "https://cognito-idp.cn-north-1.amazonaws.com/cn-north-1_China",
        "https://cognito-idp.eu-west-2.amazonaws.com/us-east-1_Multi",
        "https://cognito-idp.eu-west-1.amazonaws.com/cn-north-1_China",
        "https://cognito-idp.local.amazonaws.com/local_Abc",
        emulator + "/",
        emulator.upper(),
    ):
        several.rejects("issuer_unknown", "/", bearer(Pool("x_y", issuer=issuer, client="whoever").id_token()))


# -- discretion -----------------------------------------------------------------------------------------------------


def test_reasons_can_be_kept_from_clients(stages: Stages, pool: Pool) -> None:
    discreet = stages.shared(CONFIG | {"disclose_reason": False}, clusters={"nobody": 1})
    discreet.rejects("token_missing", "/", disclosed=False)
    discreet.rejects("token_expired", "/", bearer(pool.id_token(exp=1)), disclosed=False)
    discreet.rejects("not_permitted", "/items", bearer(pool.access_token()), disclosed=False)
    discreet.rejects("reauthentication_required", "/fresh", bearer(pool.id_token(auth_time=1)), disclosed=False)
    discreet.rejects("path_ambiguous", "/%2f", disclosed=False)
    discreet.rejects("keys_unavailable", "/", bearer(UNSERVED_POOL.id_token()), disclosed=False)
