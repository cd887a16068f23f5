"""Requests that one server reads in one way and the next in another: no spelling gets past a rule that demands.

Each case once passed a rule: the upstream served what the rule was to keep.
"""

import pytest

from support.bootstrap import route
from support.client import bearer
from support.config import config, pool_config
from support.h2_client import fetch_h2
from support.stage import Stage, Stages
from support.tokens import Pool

ADMINS = {"groups": {"any": ["admins"]}}
GROUPS = "cognito:groups"
MISSING, FORBIDDEN = "token_missing", "not_permitted"


def stage_with(stages: Stages, *rules: dict, **how) -> Stage:
    return stages.shared(config(pool_config(token_use="any"), rules=list(rules), bypass_cors_preflight=True), **how)


def path(form: str, pattern: str, **rest: object) -> dict:
    return {"match": {"path": {form: pattern}}, **rest}


# -- hosts ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def virtual_hosts(stages: Stages) -> Stage:
    """Public by its host; Envoy's virtual host `*` takes every other spelling to the private application."""
    return stage_with(
        stages,
        {"match": {"hosts": ["www.example.com", "*.cdn.example.com"]}, "auth": "none"},
        {"match": {"hosts": ["admin.example.com"]}, "require": ADMINS},
    )


@pytest.mark.parametrize("host", ["www.example.com", "WWW.Example.com", "a.b.cdn.Example.com"])
def test_a_rule_that_opens_is_for_the_host_as_it_is_spelled(virtual_hosts: Stage, host: str) -> None:
    virtual_hosts.admits("/", host=host, decision="bypassed")


@pytest.mark.parametrize("host", ["www.example.com:8443", "www.example.com:443", "www.example.com:80", "a.cdn.example.com:443"])
def test_no_port_opens_a_host_without_one(virtual_hosts: Stage, host: str) -> None:
    virtual_hosts.rejects(MISSING, host=host)


def test_hosts_with_ports(stages: Stages, pool: Pool) -> None:
    stage = stage_with(
        stages,
        {"match": {"hosts": ["www.example.com:8443", "*.cdn.example.com:8443"]}, "auth": "none"},
        {"match": {"hosts": ["shop.example.com:443", "shop.example.com:9443"]}, "require": ADMINS},
    )
    for host in ("www.example.com:8443", "WWW.example.com:8443", "A.B.cdn.example.com:8443"):
        stage.admits("/", host=host, decision="bypassed")
    for host in ("www.example.com", "www.example.com:443", "a.cdn.example.com", "a.cdn.example.com:8444"):
        stage.rejects(MISSING, host=host)
    reader = bearer(pool.id_token(**{GROUPS: ["readers"]}))
    # A port that is left out may be the default one that the rule names.
    for host in ("shop.example.com:443", "shop.example.com:9443", "shop.example.com"):
        stage.rejects(FORBIDDEN, "/", reader, host=host)
    stage.admits("/", reader, host="shop.example.com:8443")


AMBIGUOUS_HOSTS = [
    "www.example.com.", "www.example.com.:80", "www.example.com:", "www.example.com:0", "www.example.com:080", "www.example.com:65536", "www.example.com:x",
    "x@www.example.com", "www.example.com@evil.example", "www.example.com,evil.example", "admin.example.com.", "[::1", "www%2eexample.com",
]


@pytest.mark.parametrize("host", AMBIGUOUS_HOSTS)
def test_a_host_that_can_be_read_in_two_ways(virtual_hosts: Stage, pool: Pool, host: str) -> None:
    answer = virtual_hosts.send("/", host=host)
    if "cognito_jwt" not in (virtual_hosts.envoy.access(answer.id)["details"] or ""):
        assert answer.status == 400, answer  # Envoy itself refuses it
        return
    virtual_hosts.rejects("request_ambiguous", host=host)
    virtual_hosts.rejects("request_ambiguous", "/", bearer(pool.id_token(**{GROUPS: ["admins"]})), host=host)


@pytest.mark.parametrize("host", ["admin.example.com", "admin.example.com:8443", "ADMIN.example.com:1"])
def test_a_rule_that_demands_is_for_every_port(virtual_hosts: Stage, pool: Pool, host: str) -> None:
    virtual_hosts.rejects(FORBIDDEN, "/", bearer(pool.id_token(**{GROUPS: ["readers"]})), host=host)
    virtual_hosts.admits("/", bearer(pool.id_token(**{GROUPS: ["admins"]})), host=host)


def test_odd_hosts_pass_where_no_rule_looks_at_hosts(stages: Stages, pool: Pool) -> None:
    stage = stage_with(stages, path("prefix", "/admin", require=ADMINS))
    for host in ("www.example.com.", "www.example.com:x", "a.example,b.example"):
        stage.admits("/", bearer(pool.id_token()), host=host)


# -- methods --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def methods(stages: Stages) -> Stage:
    return stage_with(
        stages,
        {"match": {"methods": ["DELETE", "GET"], "path": {"prefix": "/items"}}, "require": ADMINS},
        {"match": {"methods": ["POST"], "path": {"prefix": "/open"}}, "auth": "none"},
        path("prefix", "/items"),
        {"match": {"path": {"prefix": "/open"}}, "require": ADMINS},
    )


def h2_status(stage: Stage, method: str, target: str, *headers: tuple) -> tuple[int, str | None]:
    [answer] = fetch_h2(stage.envoy.port, [(method, target, list(headers))])
    return answer.status, stage.envoy.access(answer.id)["details"]


@pytest.mark.parametrize("method", ["DELETE", "delete", "Delete", "get", "HEAD", "head"])
def test_a_method_in_another_case_over_http2(methods: Stage, pool: Pool, method: str) -> None:
    # Django and Flask run `delete` as DELETE; what serves GET serves HEAD.
    reader, admin = (bearer(pool.id_token(**{GROUPS: [group]})) for group in ("readers", "admins"))
    assert h2_status(methods, method, "/items/1", reader) == (403, "cognito_jwt.not_permitted")
    assert h2_status(methods, method, "/items/1", admin)[0] == 200
    assert h2_status(methods, method, "/items/1") == (401, "cognito_jwt.token_missing")


def test_a_rule_that_opens_is_for_its_methods_as_they_are_spelled(methods: Stage) -> None:
    assert h2_status(methods, "POST", "/open")[0] == 200
    assert h2_status(methods, "post", "/open") == (401, "cognito_jwt.token_missing")


@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "x-http-method", "X-Method-Override", "x_http_method_override", "x.method-override", "x~http_method"])
def test_a_header_that_names_another_method(methods: Stage, pool: Pool, name: str) -> None:
    admin = bearer(pool.id_token(**{GROUPS: ["admins"]}))
    for value in ("DELETE", "delete", "DELETE,POST"):
        methods.rejects("request_ambiguous", "/items/1", admin, (name, value), method="POST")
    methods.rejects("request_ambiguous", "/open", (name, "PUT"), method="POST")
    for value in ("POST", "post", ""):
        methods.admits("/items/1", bearer(pool.id_token()), (name, value), method="POST")


def test_such_a_header_passes_where_no_rule_looks_at_methods(stages: Stages, pool: Pool) -> None:
    stage = stage_with(stages, path("prefix", "/admin", require=ADMINS))
    stage.admits("/", bearer(pool.id_token()), ("x-http-method-override", "DELETE"), method="POST")


# -- paths ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def paths(stages: Stages) -> Stage:
    return stage_with(
        stages,
        path("prefix", "/admin", require=ADMINS),
        path("exact", "/v1/books:purge", require=ADMINS),
        path("prefix", "/pub", auth="none"),
        path("prefix", "/"),
    )


@pytest.mark.parametrize("target", ["/admin", "/ADMIN", "/Admin/users", "/%41dmin", "/aDMIN//users", "/v1/books:purge", "/v1/books%3Apurge", "/v1/books%3apurge", "/V1/BOOKS%3APURGE"])
def test_another_case_and_another_encoding_are_the_same_path(paths: Stage, pool: Pool, target: str) -> None:
    paths.rejects(FORBIDDEN, target, bearer(pool.id_token(**{GROUPS: ["readers"]})))
    assert paths.admits(target, bearer(pool.id_token(**{GROUPS: ["admins"]}))).target == target


def test_a_rule_may_state_that_case_matters(stages: Stages, pool: Pool) -> None:
    stage = stage_with(
        stages,
        {"match": {"path": {"prefix": "/Exact"}, "case_sensitive": True}, "require": ADMINS},
        {"match": {"path": {"prefix": "/Open"}, "case_sensitive": False}, "auth": "none"},
    )
    reader = bearer(pool.id_token(**{GROUPS: ["readers"]}))
    stage.rejects(FORBIDDEN, "/Exact/x", reader)
    stage.admits("/exact/x", reader)
    # It changes nothing for a rule that opens.
    stage.admits("/Open", decision="bypassed")
    stage.rejects(MISSING, "/open")


@pytest.mark.parametrize(
    "target",
    ["//pub/admin/users", "//admin", "//", "/pub/../admin", "/pub/%2e%2e/admin", "/pub/.%2E/admin", "/pub/./x", "/pub/.", "/pub//../admin", "/pub/..", "/."],
)
def test_two_slashes_at_the_start_and_dot_segments_are_ambiguous(paths: Stage, pool: Pool, target: str) -> None:
    paths.rejects("path_ambiguous", target)
    paths.rejects("path_ambiguous", target, bearer(pool.id_token(**{GROUPS: ["admins"]})))


@pytest.mark.parametrize("target", ["/pub//x", "/pub//", "/pub///x", "/pub/x//y?z", "/PUB", "/Pub/x"])
def test_no_rule_opens_merged_slashes_or_another_case(paths: Stage, pool: Pool, target: str) -> None:
    paths.rejects(MISSING, target)
    assert paths.admits(target, bearer(pool.id_token())).target == target


@pytest.mark.parametrize("target", ["/pub", "/pub/", "/pub/x", "/pub?//", "/p%75b/%78", "/pub/..."])
def test_what_a_rule_opens(paths: Stage, target: str) -> None:
    assert paths.admits(target, decision="bypassed").target == target


def test_a_looser_rule_in_front_hides_no_stricter_one_behind_it(stages: Stages, pool: Pool) -> None:
    stage = stage_with(
        stages,
        path("prefix", "/API", require={"groups": {"any": ["a"]}}),
        path("prefix", "/api", require={"groups": {"any": ["b"]}}),
        {"match": {"methods": ["GET"], "path": {"prefix": "/docs"}}, "require": {"groups": {"any": ["a"]}, "max_age_seconds": 60}},
        {"match": {"methods": ["HEAD"], "path": {"prefix": "/docs"}}, "auth": "none"},
    )
    only_a, only_b, both = (bearer(pool.id_token(auth_time=1, **{GROUPS: groups})) for groups in (["a"], ["b"], ["a", "b"]))
    stage.admits("/API/x", only_a)
    for token in (only_a, only_b):
        stage.rejects(FORBIDDEN, "/api/x", token)
        stage.rejects(FORBIDDEN, "/Api/x", token)
    stage.admits("/api/x", both)
    stage.admits("/Api/x", both)
    # The rule that ends the walk opens, but the one before it demands a token, and a fresh one.
    assert stage.send("/docs", method="HEAD").status == 401
    answer = stage.send("/docs", only_b, method="HEAD")
    assert stage.envoy.access(answer.id)["details"] == "cognito_jwt.not_permitted"
    answer = stage.send("/docs", only_a, method="HEAD")
    assert stage.envoy.access(answer.id)["details"] == "cognito_jwt.reauthentication_required"


# -- preflights -----------------------------------------------------------------------------------------------------

PREFLIGHT = (("origin", "https://app.example.com"), ("access-control-request-method", "PUT"))


def test_a_preflight_comes_before_all_else(paths: Stage, virtual_hosts: Stage) -> None:
    counted = {"decision": "bypassed", "counter": "cors_preflight_bypassed"}
    for target in ("/admin", "/pub/../admin", "//admin", "/x;y"):
        paths.admits(target, *PREFLIGHT, method="OPTIONS", **counted)
    paths.admits("/admin", *PREFLIGHT, ("content-length", "0"), method="OPTIONS", **counted)
    virtual_hosts.admits("/", *PREFLIGHT, method="OPTIONS", host="www.example.com.", **counted)


@pytest.mark.parametrize(
    ("more", "how"),
    [
        ([("connection", "upgrade"), ("upgrade", "websocket")], {}),
        ([], {"body": b"x"}),
        ([("transfer-encoding", "chunked")], {"raw_body": b"1\r\nx\r\n0\r\n\r\n"}),
        ([("x-http-method-override", "DELETE")], {}),
        ([("X_HTTP.Method", "get")], {}),
    ],
    ids=["upgrade", "body", "chunked", "override", "folded override"],
)
def test_what_no_browser_sends_is_no_preflight(paths: Stage, more: list, how: dict) -> None:
    paths.rejects(MISSING, "/admin", *PREFLIGHT, *more, method="OPTIONS", **how)


def test_a_preflight_with_a_body_over_http2(paths: Stage) -> None:
    # HTTP/2 needs no content-length to send one.
    [answer] = fetch_h2(paths.envoy.port, [("OPTIONS", "/admin", list(PREFLIGHT))], body=b"{}")
    assert paths.envoy.access(answer.id)["details"] == "cognito_jwt.token_missing"
    assert h2_status(paths, "OPTIONS", "/admin", *PREFLIGHT)[0] == 200
    assert h2_status(paths, "options", "/admin", *PREFLIGHT) == (401, "cognito_jwt.token_missing")


# -- the order ------------------------------------------------------------------------------------------------------


def test_the_request_comes_before_the_path_and_both_before_the_routes_metadata(stages: Stages) -> None:
    routes = (route("typo", {"prefix": "/typo"}, {"group": ["admins"]}), route("rest"))
    rule = {"match": {"hosts": ["app.example.com"], "methods": ["GET"], "path": {"prefix": "/x"}}}
    stage = stage_with(stages, rule, routes=routes)
    stage.rejects("request_ambiguous", "/typo;x", host="app.example.com.")
    stage.rejects("path_ambiguous", "/typo;x", ("x-http-method-override", "GET"))
    stage.rejects("internal_error", "/typo")
