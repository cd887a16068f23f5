"""Routes: their names in rules, and what their own metadata decides."""

import pytest

from support.bootstrap import route
from support.client import bearer
from support.config import config, pool_config
from support.stage import Stage, Stages
from support.tokens import Pool
from support.waiting import wait_until

METADATA = {
    "none": {"auth": "none"},
    "optional": {"auth": "optional"},
    "required": {"auth": "required"},
    "groups": {"groups": ["admins", "owners"]},
    "scopes": {"auth": "required", "scopes": ["items/write", "items/all"]},
    "both": {"groups": ["readers"], "scopes": ["items/read"]},
    "empty": {},
}
BROKEN = {
    "auth unknown": {"auth": "sometimes"}, "auth empty": {"auth": ""}, "auth a number": {"auth": 1}, "auth a bool": {"auth": True}, "auth a list": {"auth": ["none"]},
    "groups empty": {"groups": []}, "groups a string": {"groups": "admins"}, "groups of numbers": {"groups": ["a", 1]}, "groups an object": {"groups": {"any": ["a"]}},
    "scopes empty": {"scopes": []}, "scopes of lists": {"scopes": [["a"]]}, "broken beside good": {"auth": "none", "groups": 1},
    "unrelated": {"something": "else"}, "group": {"group": ["admins"]}, "capital": {"Groups": ["admins"]}, "require": {"require": {"groups": {"any": ["admins"]}}},
    "typo beside good": {"auth": "none", "scope": ["a"]}, "contradiction": {"auth": "optional", "groups": ["admins"]},
}
# What the log line names beside the route: the member, and what there is.
NAMED = {
    "group": 'unknown member "group"; members are: auth, groups, scopes', "capital": 'unknown member "Groups"; members are',
    "require": 'unknown member "require"; members are', "typo beside good": 'unknown member "scope"; members are', "unrelated": 'unknown member "something"',
    "auth unknown": 'auth: must be "required", "optional" or "none", not "sometimes"', "groups a string": "groups: must be a non-empty list of strings",
    "scopes empty": "scopes: must be a non-empty list of strings", "contradiction": "groups: is only allowed with",
}


def routes(metadata: dict[str, dict]) -> list[dict]:
    return [route(name.replace(" ", "-"), {"path_separated_prefix": "/" + name.replace(" ", "-")}, fields) for name, fields in metadata.items()]


ROUTES = (*routes(METADATA), *routes(BROKEN), route("named", {"prefix": "/named"}), route("rest"))
RULES = [
    {"match": {"route": "named"}, "auth": "none"},
    {"match": {"path": {"prefix": "/required"}}, "auth": "none"},
    {"match": {"path": {"prefix": "/group"}}, "auth": "none"},
    {"match": {"path": {"prefix": "/none"}}, "require": {"groups": {"any": ["nobody"]}}},
    {"match": {"route": "empty"}, "auth": "optional"},
]


@pytest.fixture(scope="module")
def stage(stages: Stages) -> Stage:
    return stages.shared(config(pool_config(token_use="any"), rules=RULES), routes=ROUTES)


def test_a_route_by_its_name(stage: Stage) -> None:
    stage.admits("/named/x", decision="bypassed")
    stage.rejects("token_missing", "/name")


def test_metadata_comes_before_the_rules(stage: Stage, pool: Pool) -> None:
    stage.admits("/none", decision="bypassed")
    stage.rejects("token_missing", "/required")
    stage.admits("/required", bearer(pool.id_token()))
    stage.admits("/optional", decision="bypassed")
    stage.rejects("token_malformed", "/optional", bearer("x"))


def test_metadata_without_a_member_is_ignored(stage: Stage) -> None:
    stage.admits("/empty", decision="bypassed")


def test_groups_and_scopes_of_a_route(stage: Stage, pool: Pool) -> None:
    stage.rejects("token_missing", "/groups")
    stage.rejects("not_permitted", "/groups", bearer(pool.id_token()))
    stage.admits("/groups", bearer(pool.id_token(**{"cognito:groups": ["owners"]})))
    stage.rejects("not_permitted", "/scopes", bearer(pool.access_token()), scope="items/write items/all")
    stage.admits("/scopes", bearer(pool.access_token(scope="items/all")))
    stage.admits("/both", bearer(pool.access_token()))
    stage.rejects("not_permitted", "/both", bearer(pool.access_token(scope="x")), scope="items/read")
    stage.rejects("not_permitted", "/both", bearer(pool.access_token(**{"cognito:groups": ["x"]})), scope="items/read")


@pytest.mark.parametrize("case", BROKEN)
def test_metadata_that_cannot_be_read(stage: Stage, pool: Pool, case: str) -> None:
    target = "/" + case.replace(" ", "-")
    stage.rejects("internal_error", target)
    stage.rejects("internal_error", target, bearer(pool.id_token()))
    name = case.replace(" ", "-")
    wait_until(lambda: any("[error]" in line and f'route "{name}": metadata cognito' in line for line in stage.envoy.log().splitlines()), "an error line")


@pytest.mark.parametrize("case", NAMED)
def test_the_log_names_route_and_member_and_what_there_is(stage: Stage, case: str) -> None:
    name = case.replace(" ", "-")
    stage.rejects("internal_error", "/" + name)
    wait_until(lambda: f'route "{name}": metadata cognito: {NAMED[case]}' in stage.envoy.log(), NAMED[case])


def test_in_shadow_mode_such_a_route_passes_without_identity(stages: Stages, pool: Pool) -> None:
    shadow = stages.shared(config(pool_config(token_use="any"), rules=RULES, mode="shadow"), routes=ROUTES)
    for case in ("group", "auth unknown"):
        seen = shadow.admits("/" + case.replace(" ", "-"), bearer(pool.id_token()), ("x-cognito-sub", "forged"), decision="internal_error", counter="would_deny.internal_error")
        assert seen.header("x-cognito-sub") is None


def test_a_client_cannot_choose_the_route_by_spelling(stage: Stage, pool: Pool) -> None:
    # Envoy picks the route from the path as it came; what it picks is what counts.
    stage.rejects("token_missing", "/None")
    stage.rejects("token_missing", "/none-of-it")


def test_a_route_that_switches_the_filter_off_strips_nothing(stages: Stages) -> None:
    """As SECURITY.md says; `auth: none` is the way to open a route."""
    off = {"@type": "type.googleapis.com/envoy.config.route.v3.FilterConfig", "disabled": True}
    plugin = stages.plugin().http_filter()
    switched_off = route("off", {"path_separated_prefix": "/off"}) | {"typed_per_filter_config": {plugin["name"]: off}}
    opened = route("open", {"path_separated_prefix": "/open"}, {"auth": "none"})
    stage = stages.fresh(routes=(switched_off, opened, route("rest")))
    stage.upstream.forget()
    assert stage.send("/off", ("x-cognito-sub", "root")).status == 200
    assert stage.upstream.only_request().header("x-cognito-sub") == "root"
    assert stage.admits("/open", ("x-cognito-sub", "root"), decision="bypassed").header("x-cognito-sub") is None


@pytest.mark.only_on("native", "Envoy shows a Wasm module the route that it chose before the header was removed")
def test_a_client_cannot_choose_the_route_by_a_header_of_ours(stages: Stages, pool: Pool) -> None:
    # Envoy chose the route before the header was removed: neither its metadata nor its name may decide then.
    def by_header(name: str, metadata: dict | None) -> dict:
        return route(name, {"prefix": f"/{name}", "headers": [{"name": "x-cognito-tier", "string_match": {"exact": "gold"}}]}, metadata)

    rules = [{"match": {"route": "by-name"}, "auth": "none"}]
    routes = (by_header("by-metadata", {"auth": "none"}), by_header("by-name", None), route("rest"))
    stage = stages.fresh(config(pool_config(), rules=rules), routes=routes)
    forged = ("x-cognito-tier", "gold")
    for target in ("/by-metadata", "/by-name"):
        stage.rejects("token_missing", target, forged)
        assert stage.admits(target, forged, bearer(pool.id_token())).header("x-cognito-tier") is None
