"""Rules: which one a request meets, and what each of their fields asks for."""

import time

import pytest

from support.client import bearer
from support.config import config, pool_config
from support.stage import Stage, Stages
from support.tokens import ABSENT, CLIENT, OTHER_CLIENT, SUB, Pool

TWO_CLIENTS = pool_config(token_use="any", client_ids=[CLIENT, OTHER_CLIENT])


def path(form: str, pattern: str, **rest: object) -> dict:
    return {"match": {"path": {form: pattern}}, **rest}


# -- matching -------------------------------------------------------------------------------------------------------
# Each of these rules opens a door; what is not matched needs a token.

OPEN = [
    path("exact", "/exact", auth="none"),
    path("prefix", "/prefix", auth="none"),
    path("prefix", "/slashed/", auth="none"),
    path("template", "/t/{a}/x", auth="none"),
    path("template", "/star/*/x", auth="none"),
    path("template", "/rest/{a}/**", auth="none"),
    {"match": {"methods": ["GET", "HEAD"], "path": {"prefix": "/methods"}}, "auth": "none"},
    {"match": {"hosts": ["open.example", "*.wild.example"], "path": {"prefix": "/hosts"}}, "auth": "none"},
    {"match": {"path": {"prefix": "/closed-first"}}},
    path("prefix", "/closed-first/open", auth="none"),
    path("prefix", "/open-first/inner", auth="none"),
    path("prefix", "/open-first"),
    path("exact", "/K%c3%84se and more".replace(" ", "%20"), auth="none"),
]


@pytest.fixture(scope="module")
def doors(stages: Stages) -> Stage:
    return stages.shared(config(TWO_CLIENTS, rules=OPEN))


PASSES = [
    "/exact", "/exact/", "/exact?x=/../y", "/%65xact", "/%65%78%61%63%74",
    "/prefix", "/prefix/", "/prefix/a/b", "/prefix?x", "/prefix/A", "/prefix/...",
    "/slashed", "/slashed/", "/slashed/x",
    "/t/1/x", "/t/1/x/", "/t/%20/x", "/star/1/x", "/rest/1", "/rest/1/", "/rest/1/2/3",
    "/methods/1", "/open-first/inner/x",
    "/K%C3%84se%20and%20more", "/K%c3%84se%20and%20more", "/%4B%C3%84se%20and%20more",
]
NEEDS_TOKEN = [
    "/", "/Exact", "/exact/x", "/exactly", "/exac", "/prefixed", "/prefi", "/Prefix", "/slashedx",
    "/prefix//a", "/exact//", "/exact%252f", "/%2565xact",
    "/t/1", "/t/1/x/y", "/t//x", "/t/1/X", "/t/1/2/x", "/star/x", "/star/1/2/x", "/rest", "/rest/",
    "/closed-first", "/closed-first/open", "/open-first", "/open-first/inn", "/k%C3%84se%20and%20more", "/K%C3%A4se%20and%20more",
    "/hosts",
]
AMBIGUOUS = [
    "//exact", "//", "/./exact", "/a/../exact", "/%2e/exact", "/a/%2E%2e/exact", "/prefix/..", "/prefix/../x", "/..", "/../", "/exact/.",
    "/exact%2f", "/exact%2Fx", "/a%5cb", "/a%5C", "/a\\b", "/exact;x", "/exact%3bx", "/exact%3B", "/..;/exact", "/exact%00", "/%0a", "/%7f", "/%ff",
    "/%c3", "/%C0%AF", "/%ED%A0%80", "/%", "/%2", "/%zz", "/exact%", "/a%2g",
]


@pytest.mark.parametrize("target", PASSES)
def test_path_matches(doors: Stage, target: str) -> None:
    assert doors.admits(target, decision="bypassed").target == target


@pytest.mark.parametrize("target", NEEDS_TOKEN)
def test_path_does_not_match(doors: Stage, pool: Pool, target: str) -> None:
    doors.rejects("token_missing", target)
    assert doors.admits(target, bearer(pool.id_token())).target == target


@pytest.mark.parametrize("target", AMBIGUOUS)
def test_path_that_servers_read_in_different_ways(doors: Stage, pool: Pool, target: str) -> None:
    doors.rejects("path_ambiguous", target)
    doors.rejects("path_ambiguous", target, bearer(pool.id_token()))


def test_what_is_odd_behind_the_question_mark_does_not_matter(doors: Stage) -> None:
    doors.admits("/exact?a=%2f;%00\\%zz", decision="bypassed")


def test_ambiguous_paths_pass_where_no_rule_looks_at_paths(stages: Stages, pool: Pool) -> None:
    stage = stages.shared(config(TWO_CLIENTS, rules=[{"match": {"methods": ["POST"]}, "auth": "none"}]))
    for target in ("/a%2fb", "/a;b", "/a%00"):
        assert stage.admits(target, bearer(pool.id_token())).target == target
    stage.admits("/", method="POST", decision="bypassed")


def test_methods(doors: Stage) -> None:
    doors.admits("/methods", method="HEAD", decision="bypassed")
    for method in ("POST", "DELETE"):
        doors.rejects("token_missing", "/methods", method=method)


def test_hosts(doors: Stage) -> None:
    for host in ("open.example", "OPEN.Example", "a.wild.example", "a.b.wild.example", "A.Wild.Example"):
        doors.admits("/hosts", host=host, decision="bypassed")
    for host in ("wild.example", "xwild.example", "open.example.evil", "x.open.example", ".wild.example", "open.example:8080", "a.wild.example:80"):
        doors.rejects("token_missing", "/hosts", host=host)
    for host in ("open.example.", "open.example.:80", "open.example:", "open.example:x"):
        doors.rejects("request_ambiguous", "/hosts", host=host)


def test_an_empty_match_takes_all(stages: Stages) -> None:
    stage = stages.shared(config(TWO_CLIENTS, rules=[path("prefix", "/private"), {"auth": "none"}]))
    stage.admits("/anything", decision="bypassed")
    stage.rejects("token_missing", "/private/x")
    # No spelling of the closed path opens the door.
    for target in ("/%70rivate", "/PRIVATE", "/private/", "/private//x", "/anything//private"):
        stage.rejects("token_missing", target)
    for target in ("//private", "/./private/x", "/x/../private", "/private%2f", "/x/..;/private", "/private%00", "/x\\..\\private"):
        stage.rejects("path_ambiguous", target)


# -- requirements -----------------------------------------------------------------------------------------------------

GROUPS = "cognito:groups"
REQUIRE = {
    "/groups-any": {"groups": {"any": ["a", "b"]}},
    "/groups-all": {"groups": {"all": ["a", "b"]}},
    "/groups-both": {"groups": {"any": ["x", "y"], "all": ["a", "b"]}},
    "/scopes-any": {"scopes": {"any": ["s/1", "s/2"]}},
    "/scopes-all": {"scopes": {"all": ["s/1", "s/2"]}},
    "/use": {"token_use": "access"},
    "/clients": {"client_ids": [OTHER_CLIENT]},
    "/claim": {"claims": {"custom:tier": "gold"}},
    "/claim-list": {"claims": {"custom:tier": ["gold", "silver"]}},
    "/claim-number": {"claims": {"level": [7, 8]}},
    "/claim-bool": {"claims": {"flag": True}},
    "/claims": {"claims": {"custom:tier": "gold", "flag": True}},
    "/several": {"groups": {"any": ["a"]}, "token_use": "id", "claims": {"flag": True}},
    "/either": [{"groups": {"any": ["a"]}}, {"scopes": {"any": ["s/1"]}, "client_ids": [OTHER_CLIENT]}, {"scopes": {"any": ["s/2"]}}],
    "/either-fresh": [{"groups": {"any": ["a"]}, "max_age_seconds": 600}, {"groups": {"any": ["b"]}}, {"groups": {"all": ["a"]}, "max_age_seconds": 60}],
    "/prefix": {"claims": {"custom:tenant": {"prefix": "acme-"}}},
    "/suffix": {"claims": {"email": {"suffix": "@example.com"}}},
    "/contains": {"claims": {"/roles/list": {"contains": "adm"}}},
    "/words": {"claims": {"custom:rights": {"words": ["read", "write"]}}},
    "/present": {"claims": {"custom:tenant": {"present": True}}},
    "/absent": {"claims": {"custom:tenant": {"present": False}}},
    "/no-email": {"claims": {"/email": {"present": False}}},
    "/not": {"claims": {"custom:tier": {"not": ["free", "trial"]}}},
    "/verified": {"claims": {"email_verified": True}},
}
RULES = [path("prefix", prefix, require=require) for prefix, require in REQUIRE.items()]
RULES += [
    path("template", "/users/{user}/**", require={"path_claims": {"user": "sub"}}),
    path("template", "/names/{name}", require={"path_claims": {"name": "cognito:username"}}),
    path("template", "/of/{tenant}/{user}", require={"path_claims": {"tenant": "custom:tenant", "user": "sub"}}),
    path("template", "/in/{group}/**", require={"path_claims": {"group": GROUPS}}),
    path("template", "/number/{number}", require={"path_claims": {"number": "/profile/number"}}),
    path("template", "/mail/{mail}", require={"path_claims": {"mail": "email"}}),
]


@pytest.fixture(scope="module")
def demanding(stages: Stages) -> Stage:
    return stages.shared(config(TWO_CLIENTS, rules=RULES))


HOLDS = [
    ("/groups-any", "id", {GROUPS: ["b"]}), ("/groups-any", "access", {GROUPS: ["z", "a"]}),
    ("/groups-all", "id", {GROUPS: ["b", "c", "a"]}),
    ("/groups-both", "id", {GROUPS: ["a", "b", "y"]}),
    ("/scopes-any", "access", {"scope": "other s/2"}), ("/scopes-all", "access", {"scope": "s/2 s/1"}), ("/scopes-all", "access", {"scope": "s/2  s/1 "}),
    ("/use", "access", {}), ("/clients", "id", {"aud": OTHER_CLIENT}), ("/clients", "access", {"client_id": OTHER_CLIENT}),
    ("/claim", "id", {"custom:tier": "gold"}), ("/claim", "id", {"custom:tier": ["x", "gold"]}),
    ("/claim-list", "id", {"custom:tier": "silver"}), ("/claim-list", "id", {"custom:tier": ["x", "silver"]}),
    ("/claim-number", "id", {"level": 8}), ("/claim-bool", "id", {"flag": True}),
    ("/claims", "id", {"custom:tier": "gold", "flag": True}),
    ("/several", "id", {GROUPS: ["a"], "flag": True}),
    ("/either", "id", {GROUPS: ["a"]}), ("/either", "access", {"scope": "s/2"}), ("/either", "access", {"scope": "s/1", "client_id": OTHER_CLIENT}),
    ("/either-fresh", "id", {GROUPS: ["b"], "auth_time": 1}), ("/either-fresh", "id", {GROUPS: ["a"]}),
    ("/prefix", "id", {"custom:tenant": "acme-1"}), ("/prefix", "id", {"custom:tenant": ["x", "acme-"]}),
    ("/suffix", "id", {"email": "a@example.com", "email_verified": True}),
    ("/contains", "id", {"roles": {"list": ["x", "admins"]}}), ("/contains", "id", {"roles": {"list": "adm"}}),
    ("/words", "id", {"custom:rights": "list read"}), ("/words", "id", {"custom:rights": ["x", "a write"]}),
    ("/present", "id", {"custom:tenant": "x"}), ("/present", "id", {"custom:tenant": 0}),
    ("/absent", "id", {}), ("/absent", "id", {"custom:tenant": ""}), ("/absent", "id", {"custom:tenant": []}), ("/absent", "id", {"custom:tenant": None}),
    ("/no-email", "access", {}), ("/not", "id", {"custom:tier": "gold"}), ("/not", "id", {"custom:tier": ["a", "b"]}),
    ("/verified", "id", {"email_verified": True}), ("/verified", "id", {"email_verified": "true"}),
]
FAILS = [
    ("/groups-any", "id", {GROUPS: ["A", "ab", "a,b", "a b"]}), ("/groups-any", "id", {GROUPS: []}), ("/groups-any", "id", {GROUPS: ABSENT}),
    ("/groups-all", "id", {GROUPS: ["a"]}), ("/groups-both", "id", {GROUPS: ["a", "b"]}), ("/groups-both", "id", {GROUPS: ["x", "a"]}),
    ("/scopes-any", "access", {"scope": "s/1x xs/1 S/1"}), ("/scopes-any", "access", {"scope": ABSENT}), ("/scopes-any", "access", {"scope": "s/1,s/2"}),
    ("/scopes-all", "access", {"scope": "s/1"}),
    ("/use", "id", {}), ("/clients", "id", {}), ("/clients", "access", {}),
    ("/claim", "id", {}), ("/claim", "id", {"custom:tier": "Gold"}), ("/claim", "id", {"custom:tier": ["x", ["gold"]]}), ("/claim", "id", {"custom:tier": {"gold": "gold"}}),
    ("/claim", "id", {"custom": {"tier": "gold"}}), ("/claim", "id", {"custom:tier": None}),
    ("/claim-list", "id", {"custom:tier": "gold,silver"}), ("/claim-number", "id", {"level": "7"}), ("/claim-number", "id", {"level": 7.5}),
    ("/claim-bool", "id", {"flag": "true"}), ("/claim-bool", "id", {"flag": 1}), ("/claims", "id", {"custom:tier": "gold"}),
    ("/several", "id", {GROUPS: ["a"]}), ("/several", "access", {GROUPS: ["a"], "flag": True}),
    ("/either", "id", {GROUPS: ["b"]}), ("/either", "access", {"scope": "s/1"}), ("/either", "access", {"scope": "s/3", "client_id": OTHER_CLIENT}),
    ("/either-fresh", "id", {GROUPS: ["c"]}),
    ("/prefix", "id", {"custom:tenant": "Acme-1"}), ("/prefix", "id", {"custom:tenant": "x acme-1"}), ("/prefix", "id", {}),
    ("/suffix", "id", {"email": "a@example.com", "email_verified": False}), ("/suffix", "id", {"email": "a@example.com.evil", "email_verified": True}),
    ("/contains", "id", {"roles": {"list": ["x", ["adm"]]}}), ("/contains", "id", {"roles/list": "adm"}),
    ("/words", "id", {"custom:rights": "reader"}), ("/words", "id", {"custom:rights": "list,read"}),
    ("/present", "id", {}), ("/present", "id", {"custom:tenant": ""}), ("/present", "id", {"custom:tenant": None}), ("/present", "id", {"custom:tenant": []}),
    ("/absent", "id", {"custom:tenant": False}), ("/no-email", "id", {"email_verified": False}), ("/no-email", "id", {"email_verified": True}),
    ("/not", "id", {"custom:tier": "free"}), ("/not", "id", {"custom:tier": ["gold", "trial"]}), ("/not", "id", {}), ("/not", "id", {"custom:tier": None}),
    ("/verified", "id", {"email_verified": "false"}), ("/verified", "id", {"email_verified": "True"}), ("/verified", "id", {"email_verified": ABSENT}),
]
SCOPES_TOLD = {"/scopes-any": "s/1 s/2", "/scopes-all": "s/1 s/2", "/either": "s/1"}


def token_of(pool: Pool, use: str, claims: dict) -> tuple:
    return bearer(pool.id_token(**claims) if use == "id" else pool.access_token(**claims))


@pytest.mark.parametrize(("target", "use", "claims"), HOLDS, ids=str)
def test_requirement_holds(demanding: Stage, pool: Pool, target: str, use: str, claims: dict) -> None:
    demanding.admits(target, token_of(pool, use, claims))


@pytest.mark.parametrize(("target", "use", "claims"), FAILS, ids=str)
def test_requirement_fails(demanding: Stage, pool: Pool, target: str, use: str, claims: dict) -> None:
    demanding.rejects("not_permitted", target, token_of(pool, use, claims), scope=SCOPES_TOLD.get(target))


def test_a_requirement_is_checked_on_verified_claims_only(demanding: Stage, pool: Pool) -> None:
    forged = pool.id_token(**{GROUPS: ["z"]})[:-8] + "AAAAAAAA"
    demanding.rejects("signature_invalid", "/groups-any", bearer(forged))
    demanding.rejects("token_missing", "/groups-any")


def test_an_owner_reaches_what_is_his(demanding: Stage, pool: Pool) -> None:
    token = bearer(pool.id_token())
    for target in (f"/users/{SUB}", f"/users/{SUB}/a/b", f"/users/%61{SUB[1:]}/x", f"/USERS/{SUB}/"):
        demanding.admits(target, token)
    for target in ("/users/someone-else", f"/users/{SUB.upper()}/x", f"/users/{SUB}x", f"/USERS/{SUB.upper()}", "/users/%20"):
        demanding.rejects("not_permitted", target, token)
    demanding.admits(f"/of/acme%20%C3%BC/{SUB}", bearer(pool.id_token(**{"custom:tenant": "acme ü"})))
    demanding.rejects("not_permitted", f"/of/acme/{SUB}", bearer(pool.id_token(**{"custom:tenant": "acme ü"})))
    demanding.rejects("not_permitted", f"/of/acme/{SUB}", bearer(pool.id_token()))
    demanding.admits("/names/a@b.example", bearer(pool.id_token(**{"cognito:username": "a@b.example"})))
    demanding.admits("/names/a%40b.example", bearer(pool.id_token(**{"cognito:username": "a@b.example"})))


def test_a_segment_equals_an_element_of_a_list_or_a_number(demanding: Stage, pool: Pool) -> None:
    token = bearer(pool.id_token(**{GROUPS: ["tenant-1", "a b"]}))
    for target in ("/in/tenant-1", "/in/tenant-1/x", "/in/a%20b/x"):
        demanding.admits(target, token)
    for target in ("/in/tenant-2", "/in/tenant-1,a%20b", "/in/Tenant-1", "/in/a"):
        demanding.rejects("not_permitted", target, token)
    for number, target, holds in ((42, "/number/42", True), (42, "/number/42.0", False), ("42", "/number/42", True), (True, "/number/true", False)):
        demanding_token = bearer(pool.id_token(profile={"number": number}))
        if holds:
            demanding.admits(target, demanding_token)
        else:
            demanding.rejects("not_permitted", target, demanding_token)
    demanding.admits("/mail/a@example.com", bearer(pool.id_token(email="a@example.com", email_verified=True)))
    demanding.rejects("not_permitted", "/mail/a@example.com", bearer(pool.id_token(email="a@example.com", email_verified=False)))


def test_an_old_sign_in_is_reported_for_the_first_alternative_that_lacks_no_more(demanding: Stage, pool: Pool) -> None:
    old = int(time.time()) - 10_000
    demanding.rejects("reauthentication_required", "/either-fresh", bearer(pool.id_token(**{GROUPS: ["a"]}, auth_time=old)), max_age=600)
    demanding.rejects("not_permitted", "/either-fresh", bearer(pool.id_token(**{GROUPS: ["c"]}, auth_time=old)))


def test_the_first_rule_that_matches_decides(stages: Stages, pool: Pool) -> None:
    rules = [
        {"match": {"path": {"prefix": "/docs"}, "methods": ["GET"]}, "auth": "optional"},
        path("prefix", "/docs", require={"groups": {"any": ["writers"]}}),
        path("prefix", "/docs", auth="none"),
    ]
    stage = stages.shared(config(TWO_CLIENTS, rules=rules))
    stage.admits("/docs", decision="bypassed")
    stage.rejects("token_missing", "/docs", method="PUT")
    stage.admits("/docs", bearer(pool.id_token()), method="PUT")
    stage.rejects("not_permitted", "/docs", bearer(pool.id_token(**{GROUPS: ["readers"]})), method="PUT")


def test_max_age_on_a_cached_token(stages: Stages, pool: Pool) -> None:
    stage = stages.shared(config(TWO_CLIENTS, rules=[path("prefix", "/fresh", require={"max_age_seconds": 2})]))
    token = bearer(pool.id_token(auth_time=int(time.time())))
    stage.admits("/fresh", token)
    time.sleep(3.1)
    stage.rejects("reauthentication_required", "/fresh", token, max_age=2)
    stage.admits("/", token)
