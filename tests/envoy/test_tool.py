"""What the command-line tool says is what the filter in a real Envoy says and does: `check`, and `explain`."""

import json
import time

import pytest

from support.bootstrap import Plugin
from support.client import Header, bearer
from support.config import config, pool_config
from support.host import HOST
from support.servers import jwks
from support.stage import Stage, Stages
from support.tokens import ABSENT, CLIENT, Pool, signing_key
from support.tool import Tool
from support.waiting import wait_until
from test_config import EVERYTHING, WRONG, Bench, error_lines
from test_decisions import CONFIG, OTHER_POOL, refused_tokens

MOST_SHOWN = 20
"""faults in the filter's log line"""


# -- check -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bench(stages: Stages) -> Bench:
    return Bench(stages)


def plugin_document(module: str, configuration: dict | str, form: str = "string") -> str:
    """The filter's entry in Envoy's configuration, which `check` finds by the name of the module."""
    return json.dumps(Plugin(configuration, module, form=form).http_filter())


@pytest.mark.parametrize("form", ["string", "struct"])
def test_check_words_faults_as_the_plugin_does(bench: Bench, tool: Tool, module: str, form: str) -> None:
    """Every refused configuration that the tests have."""
    differing = []
    for name, (configuration, _, _) in WRONG.items():
        # A Struct holds no text, and its members have no order: which of the two headers is the second one is open.
        if form == "struct" and (isinstance(configuration, str) or name == "identity header in two cases"):
            continue
        found = tool.check(plugin_document(module, configuration, form))
        accepted, log = bench.propose(configuration, form)
        (line,) = error_lines(log)
        shown = "; ".join(found["errors"][:MOST_SHOWN])
        if found["ok"] or accepted or not line.endswith(shown):
            differing.append(f"{name}\n  the plugin: {line}\n  the tool: {shown}")
    assert not differing, "\n".join(differing)


def test_check_warns_as_the_plugin_does(bench: Bench, tool: Tool, module: str) -> None:
    """Rules that never match, claims that are never equal, shadow mode."""
    rules = [{"match": {"path": {"prefix": "/a"}}}, {"match": {"path": {"exact": "/a/b"}}}, {"require": {"claims": {"custom:n": 1}}}]
    for configuration in (config(rules=rules), config(mode="shadow"), EVERYTHING):
        found = tool.check(plugin_document(module, configuration))
        accepted, log = bench.propose(configuration)
        assert accepted and found["ok"], found
        warnings = [line for line in log.splitlines() if "[warning]" in line and HOST.log_mark in line]
        for warning in found["warnings"]:
            assert any(warning in line for line in warnings), warning
    assert tool.check(plugin_document(module, config(rules=rules)))["warnings"]


# -- explain ---------------------------------------------------------------------------------------------------------

SOURCES = config(
    pool_config(token_use="any"),
    token_sources=[
        {"header": "authorization", "scheme": "Bearer"}, {"header": "x-token"}, {"cookie": "session"},
        {"amplify": CLIENT}, {"websocket_protocol": "jwt"}, {"query": "token"},
    ],
    identity={"remove_token": True},
    rules=[
        {"match": {"methods": ["DELETE"], "hosts": ["app.example.com"]}, "require": [{"groups": {"any": ["admins"]}}, {"token_use": "access"}]},
        {"match": {"path": {"template": "/users/{user}/**"}}, "require": {"path_claims": {"user": "cognito:username"}}},
    ],
)


def now() -> int:
    return int(time.time())


def agree(stage: Stage, tool: Tool, configuration: dict, target: str, *headers: Header, **how) -> str:
    """Envoy and `explain` decide alike: the code, the status, what the client or what the upstream gets. Returns the decision."""
    stage.upstream.forget()
    answer = stage.send(target, *headers, **how)
    entry = stage.envoy.access(answer.id)
    explained = tool.explain(configuration, jwks(signing_key("first")), target, *headers, **how)["decision"]
    seen = f"{target} {headers}: {entry['decision']} {answer.status}, explained: {explained}"
    assert explained["decision"] == entry["decision"], seen
    assert explained["passes"] == bool(stage.upstream.hits), seen
    assert answer.status == (200 if explained["passes"] else explained["status"]), seen
    if explained["passes"]:
        added = {field["name"]: field["value"] for field in explained["upstream"]["set"]}
        request = stage.upstream.only_request()
        shown = {name: request.header(name) for name in request.names() if name.startswith("x-cognito-")}
        assert shown == {name: value for name, value in added.items() if name.startswith("x-cognito-")}, seen
        for name in explained["upstream"]["removed"]:
            assert name in added or request.header(name) is None, seen
    else:
        assert entry["details"] == explained["details"], seen
        # Times in a detail may be of the second before.
        if "seconds" not in explained["response"]["body"]:
            assert answer.json() == json.loads(explained["response"]["body"]), seen
            for field in explained["response"]["headers"]:
                assert answer.header(field["name"]) == field["value"], seen
    return entry["decision"]


@pytest.fixture(scope="module")
def stage(stages: Stages) -> Stage:
    # Port 1 refuses: the keys of the third pool never come.
    return stages.shared(CONFIG, clusters={"nobody": 1})


@pytest.mark.parametrize("case", refused_tokens(Pool()))
def test_a_refused_token_is_explained(stage: Stage, tool: Tool, pool: Pool, case: str) -> None:
    code, token = refused_tokens(pool)[case]
    assert agree(stage, tool, CONFIG, "/", bearer(token)) == code


def test_the_table_of_decisions_is_explained(stage: Stage, tool: Tool, pool: Pool) -> None:
    """Rules, requirements, preflights and ambiguous paths; route metadata and keys that never come are not in the tool's world."""
    asks = (("origin", "https://app.example.com"), ("access-control-request-method", "PUT"))
    for expected, target, headers, how in [
        ("allowed", "/", [bearer(pool.id_token())], {}),
        ("allowed", "/", [bearer(pool.access_token())], {}),
        ("allowed", "/", [bearer(OTHER_POOL.id_token())], {}),
        ("client_mismatch", "/", [bearer(OTHER_POOL.id_token(aud=CLIENT))], {}),
        ("allowed", "/", [bearer(pool.id_token(email="é, x@example.com")), ("x-cognito-sub", "forged"), ("x_cognito_sub", "forged")], {}),
        ("bypassed", "/open/deep?x=1", [bearer("no.token")], {}),
        ("bypassed", "/optional", [], {}),
        ("allowed", "/optional", [bearer(pool.id_token())], {}),
        ("token_malformed", "/optional", [bearer("no.token")], {}),
        ("bypassed", "/admin", asks, {"method": "OPTIONS"}),
        ("token_missing", "/admin", asks[:1], {"method": "OPTIONS"}),
        ("token_missing", "/", [], {}),
        ("token_missing", "/", [("authorization", "Basic YWxpY2U6c2VjcmV0")], {}),
        ("not_permitted", "/admin", [bearer(pool.id_token())], {}),
        ("allowed", "/admin", [bearer(pool.id_token(**{"cognito:groups": ["admins"]}))], {}),
        ("not_permitted", "/items", [bearer(pool.access_token())], {}),
        ("allowed", "/items", [bearer(pool.access_token(scope="items/write items/read"))], {}),
        ("allowed", "/fresh", [bearer(pool.id_token(auth_time=now() - 500))], {}),
        ("reauthentication_required", "/fresh", [bearer(pool.id_token(auth_time=now() - 700))], {}),
        ("reauthentication_required", "/fresh", [bearer(pool.id_token(auth_time=ABSENT))], {}),
        ("not_permitted", "/fresh-admin", [bearer(pool.id_token(auth_time=1))], {}),
        ("path_ambiguous", "/open%2fdeep", [], {}),
        ("path_ambiguous", "/open/..;/admin", [bearer(pool.id_token())], {}),
    ]:
        assert agree(stage, tool, CONFIG, target, *headers, **how) == expected, (target, headers)


def test_sources_hosts_and_methods_are_explained(stages: Stages, tool: Tool, pool: Pool) -> None:
    stage = stages.shared(SOURCES)
    good, access = pool.id_token(), pool.access_token()
    prefix = f"CognitoIdentityServiceProvider.{CLIENT}"
    for expected, target, headers, how in [
        ("allowed", "/", [("x-token", good)], {}),
        ("allowed", "/", [("cookie", f'a=b; session="{good}"; session={good}')], {}),
        ("token_malformed", "/", [("cookie", f"session={good}; session={access}")], {}),
        ("token_malformed", "/", [bearer(good), bearer(good)], {}),
        ("allowed", "/", [("cookie", f"{prefix}.LastAuthUser=alice; {prefix}.alice.idToken={good}")], {}),
        ("token_missing", "/", [("cookie", f"{prefix}.alice.idToken={good}")], {}),
        ("allowed", f"/a?x=1&token={good}&y=2", [], {}),
        ("allowed", "/", [("sec-websocket-protocol", f"chat, jwt, {good}")], {}),
        ("allowed", "/users/alice/x", [bearer(good)], {}),
        ("not_permitted", "/users/bob/x", [bearer(good)], {}),
        ("not_permitted", "/", [bearer(good)], {"method": "DELETE"}),
        ("allowed", "/", [bearer(access)], {"method": "DELETE"}),
        ("request_ambiguous", "/", [bearer(access)], {"host": "user@app.example.com"}),
        ("request_ambiguous", "/", [bearer(access)], {"host": "app.example.com."}),
        ("request_ambiguous", "/", [bearer(access), ("x-http-method-override", "DELETE")], {"method": "POST"}),
        ("path_ambiguous", "/users/..%2fx/y", [bearer(access)], {}),
    ]:
        assert agree(stage, tool, SOURCES, target, *headers, **how) == expected, (target, headers, how)


@pytest.mark.parametrize("changes", [{"mode": "shadow"}, {"disclose_reason": False, "realm": "another realm"}], ids=str)
def test_shadow_mode_and_discretion_are_explained(stages: Stages, tool: Tool, pool: Pool, changes: dict) -> None:
    configuration = CONFIG | changes
    stage = stages.shared(configuration, clusters={"nobody": 1})
    for expected, target, headers in [
        ("token_missing", "/", []),
        ("signature_invalid", "/", [bearer(pool.id_token(signing_key("forger").named(pool.key.kid)))]),
        ("not_permitted", "/items", [bearer(pool.access_token())]),
        ("path_ambiguous", "/%2f", []),
        ("allowed", "/", [bearer(pool.id_token())]),
    ]:
        assert agree(stage, tool, configuration, target, *headers) == expected, target


def test_the_debug_line_of_a_refusal_names_rule_and_check(stage: Stage, pool: Pool) -> None:
    """The same on both hosts: what was found, what is expected, and the command that explains it; never a token."""
    for token, target, words in [
        (pool.id_token(aud="another"), "/", ["client_mismatch, pool us-east-1_Example01", "client: found aud another, expected one of"]),
        (pool.id_token(exp=1_700_000_000), "/admin", ["token_expired", "rules: found rules[2], auth required", "exp: found 1700000000 ("]),
        (pool.token(pool.id_claims(), kid="unheard-of"), "/", ["key_unknown", "kid: found unheard-of, expected one of"]),
    ]:
        answer = stage.send(target, bearer(token))
        assert answer.status == 401
        code = words[0].split(",")[0]

        def line() -> str | None:
            lines = [line for line in stage.envoy.log().splitlines() if "[debug]" in line and f"denied: {code}" in line]
            return next((line for line in lines if all(word in line for word in words)), None)

        found = wait_until(line, f"a debug line with {words}", within=5)
        assert found.endswith("; see envoy-cognito-jwt explain"), found
        for part in token.split("."):
            assert part not in found
