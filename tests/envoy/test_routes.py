"""Routes: their names in rules, and what their own metadata decides."""

import pytest

from support.bootstrap import route
from support.client import bearer
from support.config import config, pool_config
from support.stage import Stage, Stages
from support.tokens import Pool

METADATA = {
    "none": {"auth": "none"},
    "optional": {"auth": "optional"},
    "required": {"auth": "required"},
    "groups": {"groups": ["admins", "owners"]},
    "scopes": {"auth": "required", "scopes": ["items/write", "items/all"]},
    "both": {"groups": ["readers"], "scopes": ["items/read"]},
    "unrelated": {"something": "else"},
    "empty": {},
}
BROKEN = {
    "auth unknown": {"auth": "sometimes"}, "auth empty": {"auth": ""}, "auth a number": {"auth": 1}, "auth a bool": {"auth": True}, "auth a list": {"auth": ["none"]},
    "groups empty": {"groups": []}, "groups a string": {"groups": "admins"}, "groups of numbers": {"groups": ["a", 1]}, "groups an object": {"groups": {"any": ["a"]}},
    "scopes empty": {"scopes": []}, "scopes of lists": {"scopes": [["a"]]}, "broken beside good": {"auth": "none", "groups": 1},
}


def routes(metadata: dict[str, dict]) -> list[dict]:
    return [route(name.replace(" ", "-"), {"path_separated_prefix": "/" + name.replace(" ", "-")}, fields) for name, fields in metadata.items()]


ROUTES = (*routes(METADATA), *routes(BROKEN), route("named", {"prefix": "/named"}), route("rest"))
RULES = [
    {"match": {"route": "named"}, "auth": "none"},
    {"match": {"path": {"prefix": "/required"}}, "auth": "none"},
    {"match": {"path": {"prefix": "/unrelated"}}, "auth": "none"},
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


def test_metadata_without_a_known_field_is_ignored(stage: Stage) -> None:
    stage.admits("/unrelated", decision="bypassed")
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
    assert "[error]" in stage.envoy.log()


def test_a_client_cannot_choose_the_route_by_spelling(stage: Stage, pool: Pool) -> None:
    # Envoy picks the route from the path as it came; what it picks is what counts.
    stage.rejects("token_missing", "/None")
    stage.rejects("token_missing", "/none-of-it")
