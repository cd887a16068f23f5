"""The identity headers that the upstream receives, and that only the filter can set them."""

import json
import time

import pytest

from support.bootstrap import Door
from support.client import bearer
from support.config import config, pool_config
from support.http_server import SeenRequest
from support.stage import Stage, Stages
from support.tokens import ABSENT, CLIENT, SUB, Pool, unb64

ANY_USE = pool_config(token_use="any")
NAMES = ["x-cognito-sub", "x-cognito-username", "x-cognito-email", "x-cognito-groups", "x-cognito-scope", "x-cognito-client-id", "x-cognito-token-use"]


@pytest.fixture(scope="module")
def usual(stages: Stages) -> Stage:
    return stages.shared(config(ANY_USE))


def identity(seen: SeenRequest) -> dict[str, str | None]:
    """Our headers that arrived; `header` makes sure that each came once."""
    return {name: seen.header(name) for name in sorted(seen.names()) if name.replace("_", "-").startswith("x-cognito-")}


# -- the usual headers -----------------------------------------------------------------------------------------------


def test_headers_of_an_id_token(usual: Stage, pool: Pool) -> None:
    assert identity(usual.admits("/", bearer(pool.id_token()))) == {
        "x-cognito-sub": SUB, "x-cognito-username": "alice", "x-cognito-email": "alice@example.com",
        "x-cognito-groups": "readers,writers", "x-cognito-client-id": CLIENT, "x-cognito-token-use": "id",
    }


def test_headers_of_an_access_token(usual: Stage, pool: Pool) -> None:
    assert identity(usual.admits("/", bearer(pool.access_token()))) == {
        "x-cognito-sub": SUB, "x-cognito-username": "alice", "x-cognito-groups": "readers,writers",
        "x-cognito-scope": "openid items/read",
        "x-cognito-client-id": CLIENT, "x-cognito-token-use": "access",
    }


@pytest.mark.parametrize(("verified", "sent"), [(True, True), ("true", True), (False, False), ("false", False), ("True", False), (1, False), (ABSENT, False), (None, False)])
def test_an_email_counts_only_when_verified(usual: Stage, pool: Pool, verified: object, sent: bool) -> None:
    seen = usual.admits("/", bearer(pool.id_token(email_verified=verified)))
    assert seen.header("x-cognito-email") == ("alice@example.com" if sent else None)


def test_absent_and_empty_claims_send_no_header(usual: Stage, pool: Pool) -> None:
    claims = {"cognito:groups": [], "cognito:username": ABSENT, "username": "", "email": ABSENT}
    assert identity(usual.admits("/", bearer(pool.id_token(**claims)))) == {
        "x-cognito-sub": SUB, "x-cognito-client-id": CLIENT, "x-cognito-token-use": "id",
    }


def test_the_client_of_an_audience_list_is_one_that_was_accepted(usual: Stage, pool: Pool) -> None:
    seen = usual.admits("/", bearer(pool.id_token(aud=["someone-else", CLIENT])))
    assert CLIENT in (seen.header("x-cognito-client-id") or "")


def test_the_rest_of_the_request_goes_on_unchanged(usual: Stage, pool: Pool) -> None:
    token = pool.id_token()
    seen = usual.admits("/a//b/../c?x=%2F&y", bearer(token), ("cookie", "a=1; b=2"), ("x-two", "1"), ("x-two", "2"), method="POST", body=b"body")
    assert (seen.method, seen.target, seen.body) == ("POST", "/a//b/../c?x=%2F&y", b"body")
    assert seen.header("authorization") == f"Bearer {token}"
    assert seen.header("cookie") == "a=1; b=2"
    assert seen.values("x-two") == ["1", "2"]


# -- forged headers --------------------------------------------------------------------------------------------------

FORGED = [
    "x-cognito-sub", "X-Cognito-Sub", "X-COGNITO-SUB", "x_cognito_sub", "X_Cognito-SUB", "x-cognito_sub", "x-cognito-", "x_cognito_anything",
    "x-cognito-never-configured", "x-cognito-groups", "x-cognito-payload",
    "x.cognito-sub", "X.Cognito.Sub", "x~cognito~sub", "x-cognito+sub", "x!cognito!groups", "x#cognito$sub%x&y'z*", "x^cognito|sub`",
]
CUSTOM_FORGED = ["x-who", "X-Who", "x_who", "X_WHO", "x-claims", "x_claims", "x-user-id", "x_user_id", "x-cognito-sub", "x_cognito_sub", "x.who", "X~Who", "x!claims", "x+user.id", "x.cognito+sub"]
CUSTOM = {
    "identity": {"headers": {"X-Who": "sub"}, "payload_header": "x-claims"},
    "user_lookup": {"cluster": "nobody", "uri": "http://users.internal/", "headers": {"x-user-id": "id"}, "on_failure": "continue", "timeout_ms": 300},
}
WAYS = [
    {"match": {"path": {"prefix": "/none"}}, "auth": "none"},
    {"match": {"path": {"prefix": "/optional"}}, "auth": "optional"},
]


def nothing_forged(seen: SeenRequest) -> None:
    lies = [(name, value) for name, value in seen.headers if "forged" in value]
    assert not lies, lies
    assert seen.header("x-harmless") == "stays", "another header was taken out"


@pytest.mark.parametrize("shadow", [False, True], ids=["enforce", "shadow"])
@pytest.mark.parametrize(("fields", "names"), [({}, FORGED), (CUSTOM, CUSTOM_FORGED)], ids=["usual", "custom"])
def test_forged_headers_are_stripped_on_every_way_through(stages: Stages, pool: Pool, fields: dict, names: list[str], shadow: bool) -> None:
    mode = {"mode": "shadow"} if shadow else {}
    stage = stages.shared(config(ANY_USE, rules=WAYS, bypass_cors_preflight=True, **fields, **mode), clusters={"nobody": 1})
    lies = [(name, f"forged-{number}") for number, name in enumerate(names)] + [(names[0], "forged-again"), ("x-harmless", "stays")]
    preflight = [("origin", "https://a"), ("access-control-request-method", "GET")]
    nothing_forged(stage.admits("/", bearer(pool.id_token()), *lies))
    nothing_forged(stage.admits("/none", *lies, decision="bypassed"))
    nothing_forged(stage.admits("/optional", *lies, decision="bypassed"))
    nothing_forged(stage.admits("/", *preflight, *lies, method="OPTIONS", decision="bypassed", counter="cors_preflight_bypassed"))
    if shadow:
        for bad in ([], [bearer("a.b")], [bearer(pool.id_token(exp=1))]):
            stage.upstream.forget()
            assert stage.send("/", *bad, *lies).status == 200
            nothing_forged(stage.upstream.only_request())
    else:
        stage.rejects("token_missing", "/", *lies)


def test_lookalikes_stay(usual: Stage, pool: Pool) -> None:
    others = [("x-cognitosub", "1"), ("xx-cognito-sub", "2"), ("x-cognit-o", "3"), ("cognito-sub", "4")]
    seen = usual.admits("/", bearer(pool.id_token()), *others)
    assert [seen.header(name) for name, _ in others] == ["1", "2", "3", "4"]


UPGRADE = [("upgrade", "websocket"), ("sec-websocket-version", "13"), ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")]


@pytest.mark.parametrize(
    ("values", "sent"),
    [
        (["Upgrade, x-cognito-sub"], "Upgrade"),
        (["x-cognito-sub, Upgrade, X_Cognito.Groups, x-trace"], "Upgrade, x-trace"),
        (["x-cognito-sub", "Upgrade", "keep-alive,x~cognito~sub"], "Upgrade, keep-alive"),
        (['Upgrade, "x-cognito-sub", x-cognito-groups; q=1'], "Upgrade"),
        (["keep-alive,Upgrade"], "keep-alive,Upgrade"),
    ],
    ids=str,
)
def test_connection_cannot_name_our_headers(usual: Stage, pool: Pool, values: list[str], sent: str) -> None:
    # A proxy behind removes what `connection` names. Envoy itself keeps the header for upgrades only.
    usual.upstream.forget()
    named = [("connection", value) for value in values]
    answer = usual.send("/", bearer(pool.id_token()), *UPGRADE, *named)
    assert answer.status == 101
    seen = usual.upstream.only_request()
    assert (seen.header("connection"), seen.header("x-cognito-sub")) == (sent, SUB)


def test_connection_on_a_way_without_a_token(stages: Stages) -> None:
    stage = stages.shared(config(ANY_USE, rules=WAYS))
    stage.upstream.forget()
    assert stage.send("/none", *UPGRADE, ("connection", "upgrade,x-cognito-sub")).status == 101
    assert stage.upstream.only_request().header("connection") == "upgrade"


def test_10000_forged_headers_are_all_removed(stages: Stages, pool: Pool) -> None:
    stage = stages.behind(Door((stages.plugin(config(ANY_USE)).http_filter(),), max_headers=20_000))
    lies = [(f"x{'.~+!'[number % 4]}cognito-{number}", "forged") for number in range(10_000)]
    started = time.monotonic()
    nothing_forged(stage.admits("/", bearer(pool.id_token()), ("x-harmless", "stays"), *lies))
    assert time.monotonic() - started < 10


# -- values ---------------------------------------------------------------------------------------------------------

VALUES = {
    "plain": ("as it is", "as it is"),
    "a comma in a string stays": ("a,b", "a,b"),
    "percent": ("100%", "100%25"),
    "escape is escaped": ("%2C", "%252C"),
    "umlaut": ("Jürgen", "J%C3%BCrgen"),
    "emoji": ("\U0001f600", "%F0%9F%98%80"),
    "line break": ("a\r\nx-admin: 1", "a%0D%0Ax-admin: 1"),
    "NUL and DEL": ("a\x00b\x7f", "a%00b%7F"),
    "tab inside": ("a\tb", "a%09b"),
    "edge spaces": ("  a b ", "%20%20a b%20"),
    "only a space": (" ", "%20"),
    "quotes": ('a"b\\c', 'a"b\\c'),
    "true": (True, "true"),
    "false": (False, "false"),
    "integer": (42, "42"),
    "negative": (-7, "-7"),
    "fraction": (1.5, "1.5"),
    "list": (["a", "b"], "a,b"),
    "commas in elements": (["a,b", "c"], "a%2Cb,c"),
    "edge spaces in elements": ([" a", "b "], "%20a,b%20"),
    "a list of all kinds": (["a", 1, True], "a,1,true"),
    "umlaut in a list": (["ü,"], "%C3%BC%2C"),
    "object": ({"a": 1, "b": "x y"}, '{"a":1,"b":"x y"}'),
    "object with an umlaut": ({"a": "ü%"}, '{"a":"%C3%BC%25"}'),
    "null": (None, None),
    "empty": ("", None),
    "empty list": ([], None),
    "4 KiB": ("x" * 4096, "x" * 4096),
    "over 4 KiB": ("x" * 4097, None),
    "over 4 KiB once encoded": ("ü" * 683, None),
}


@pytest.fixture(scope="module")
def claim_to_header(stages: Stages) -> Stage:
    headers = {
        "x-value": "custom:a.b", "x-first": ["custom:one", "custom:two", "sub"], "x-deep": "/custom:deep/list/1", "x-escaped": "/a~1b/c~0d",
        "x-mail": ["email", "cognito:username"], "x-mail-pointer": "/email", "x-phone": "phone_number", "x-dotted": "a.b",
    }
    return stages.shared(config(ANY_USE, identity={"headers": headers}))


@pytest.mark.parametrize("case", VALUES)
def test_encoding_of_values(claim_to_header: Stage, pool: Pool, case: str) -> None:
    value, sent = VALUES[case]
    seen = claim_to_header.admits("/", bearer(pool.id_token(**{"custom:a.b": value})))
    assert seen.header("x-value") == sent
    assert seen.header("x-admin") is None


def test_a_value_that_is_too_long_is_warned_about(claim_to_header: Stage, pool: Pool) -> None:
    long = "surely-too-long-" * 300
    claim_to_header.admits("/", bearer(pool.id_token(**{"custom:a.b": long})))
    assert "[warning]" in claim_to_header.envoy.log() and "x-value" in claim_to_header.envoy.log()
    assert long[:64] not in claim_to_header.envoy.log()


def test_a_list_inside_a_list_is_compact_json(claim_to_header: Stage, pool: Pool) -> None:
    seen = claim_to_header.admits("/", bearer(pool.id_token(**{"custom:a.b": ["a", ["b", "c"]]})))
    # The element's own comma is escaped like every comma inside an element.
    assert seen.header("x-value") == 'a,["b"%2C"c"]'


@pytest.mark.parametrize(
    ("claims", "sent"),
    [({"custom:one": "1", "custom:two": "2"}, "1"), ({"custom:two": "2"}, "2"), ({"custom:one": None, "custom:two": ""}, SUB), ({"custom:one": 0}, "0"), ({"custom:one": False}, "false")],
    ids=str,
)
def test_the_first_present_of_several_claims(claim_to_header: Stage, pool: Pool, claims: dict, sent: str) -> None:
    assert claim_to_header.admits("/", bearer(pool.id_token(**claims))).header("x-first") == sent


def test_pointers_and_literal_names(claim_to_header: Stage, pool: Pool) -> None:
    claims = {"custom:deep": {"list": ["zero", "one"]}, "a/b": {"c~d": "found"}, "a": {"b": "wrong"}, "a.b": "literal"}
    seen = claim_to_header.admits("/", bearer(pool.id_token(**claims)))
    assert (seen.header("x-deep"), seen.header("x-escaped"), seen.header("x-dotted")) == ("one", "found", "literal")


def test_unverified_addresses_count_as_absent(claim_to_header: Stage, pool: Pool) -> None:
    unsure = {"email_verified": False, "phone_number": "+123", "phone_number_verified": "false"}
    seen = claim_to_header.admits("/", bearer(pool.id_token(**unsure)))
    # It ends the list of claims: a user who revokes a verification must not choose the value of the header.
    assert (seen.header("x-mail"), seen.header("x-mail-pointer"), seen.header("x-phone")) == (None, None, None)
    seen = claim_to_header.admits("/", bearer(pool.id_token(email=ABSENT)))
    assert (seen.header("x-mail"), seen.header("x-mail-pointer")) == ("alice", None)
    seen = claim_to_header.admits("/", bearer(pool.id_token(phone_number="+123", phone_number_verified="true")))
    assert (seen.header("x-mail"), seen.header("x-mail-pointer"), seen.header("x-phone")) == ("alice@example.com", "alice@example.com", "+123")


def test_configured_headers_replace_the_usual_ones(claim_to_header: Stage, pool: Pool) -> None:
    assert not set(NAMES) & claim_to_header.admits("/", bearer(pool.id_token())).names()


def test_a_pointer_through_a_name_that_stands_twice_finds_nothing(claim_to_header: Stage, pool: Pool) -> None:
    claims = json.dumps(pool.id_claims())[:-1].encode() + b', "custom:deep": {"list": ["a", "b"], "list": ["c", "d"]}}'
    assert claim_to_header.admits("/", bearer(pool.token(claims))).header("x-deep") is None


# -- filter state for access logs ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "claims", "logged"),
    [
        ("custom:tenant", {"custom:tenant": "acme"}, "acme"), ("custom:tenant", {}, None), ("custom:tenant", {"custom:tenant": ""}, None),
        ("custom:tenant", {"custom:tenant": "ä,%"}, "%C3%A4,%25"), ("cognito:groups", {"cognito:groups": ["a,b", "c"]}, "a%2Cb,c"),
        (["custom:tenant", "cognito:username"], {}, "alice"), ("/custom:org/id", {"custom:org": {"id": 7}}, "7"),
        ("email", {"email_verified": False}, None), ("custom:tenant", {"custom:tenant": "x" * 4097}, None),
    ],
    ids=lambda value: str(value)[:40],
)
def test_filter_state_of_any_claim(stages: Stages, pool: Pool, source: object, claims: dict, logged: str | None) -> None:
    stage = stages.shared(config(ANY_USE, identity={"filter_state": {"cognito_tenant": source}}))
    answer = stage.send("/", bearer(pool.id_token(**claims)))
    assert answer.status == 200 and stage.envoy.access(answer.id)["tenant"] == logged


def test_filter_state_stands_where_the_identity_does(stages: Stages, pool: Pool) -> None:
    fields = {"identity": {"filter_state": {"cognito_tenant": "custom:tenant"}}, "rules": [*WAYS, {"match": {"path": {"prefix": "/admin"}}, "require": {"groups": {"any": ["admins"]}}}]}
    token = bearer(pool.id_token(**{"custom:tenant": "acme"}))
    for mode, path, logged in [("enforce", "/none", None), ("enforce", "/admin", None), ("enforce", "/", "acme"), ("shadow", "/admin", "acme")]:
        stage = stages.shared(config(ANY_USE, mode=mode, **fields))
        assert stage.envoy.access(stage.send(path, token).id)["tenant"] == logged, (mode, path)


# -- all claims at once ---------------------------------------------------------------------------------------------


def test_the_payload_header_carries_all_claims(stages: Stages, pool: Pool) -> None:
    stage = stages.shared(config(ANY_USE, identity={"payload_header": "x-jwt-payload"}))
    claims = pool.id_claims(email_verified=False, **{"custom:ü": "ö", "custom:deep": {"a": [1.5, None]}})
    sent = stage.admits("/", bearer(pool.token(claims)), ("x_jwt_payload", "forged")).header("x-jwt-payload")
    assert sent is not None and "=" not in sent
    assert json.loads(unb64(sent)) == claims


# -- the credential is taken out ------------------------------------------------------------------------------------

SOURCES = [{"header": "authorization", "scheme": "Bearer"}, {"header": "x-token"}, {"cookie": "session"}, {"query": "access_token"}]


@pytest.fixture(scope="module")
def removing(stages: Stages) -> Stage:
    rules = [{"match": {"path": {"prefix": "/open"}}, "auth": "none"}]
    return stages.shared(config(ANY_USE, identity={"remove_token": True}, token_sources=SOURCES, rules=rules))


def test_remove_token_takes_the_header(removing: Stage, pool: Pool) -> None:
    seen = removing.admits("/?q=1", bearer(pool.id_token()), ("cookie", "a=1"))
    assert seen.header("authorization") is None and seen.header("cookie") == "a=1" and seen.target == "/?q=1"
    assert removing.admits("/", ("x-token", pool.id_token())).header("x-token") is None


def test_remove_token_takes_only_the_one_used(removing: Stage, pool: Pool) -> None:
    other = pool.id_token()
    seen = removing.admits(f"/?access_token={other}", bearer(pool.id_token()))
    assert seen.header("authorization") is None and seen.target == f"/?access_token={other}"


def test_another_credential_stays(removing: Stage, pool: Pool) -> None:
    seen = removing.admits("/", ("authorization", "Basic abc"), ("x-token", pool.id_token()))
    assert seen.header("authorization") == "Basic abc"


@pytest.mark.parametrize(("before", "after"), [("a=1; session={}; b=2", "a=1; b=2"), ("session={}; b=2", "b=2"), ("a=1; session={}", "a=1"), ("session={}", None), ('a=1; session="{}"', "a=1"), ('session={0}; a=1; session="{0}"; session=', "a=1; session=")])
def test_remove_token_takes_the_cookie(removing: Stage, pool: Pool, before: str, after: str | None) -> None:
    assert removing.admits("/", ("cookie", before.format(pool.id_token()))).header("cookie") == after


@pytest.mark.parametrize(
    ("before", "after"),
    [("/p?access_token={}", "/p"), ("/p?access_token={}&b=2", "/p?b=2"), ("/p?a=1&access_token={}", "/p?a=1"), ("/p?a=%2F+&access_token={}&b", "/p?a=%2F+&b"), ("/p?access%5Ftoken={}", "/p"), ("/p?access_token={0}&b&access%5Ftoken={0}", "/p?b")],
)
def test_remove_token_takes_the_parameter(removing: Stage, pool: Pool, before: str, after: str) -> None:
    assert removing.admits(before.format(pool.id_token())).target == after


def test_an_open_rule_removes_nothing(removing: Stage, pool: Pool) -> None:
    token = pool.id_token()
    assert removing.admits("/open", bearer(token), decision="bypassed").header("authorization") == f"Bearer {token}"
