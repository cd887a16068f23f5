"""Valid configurations in both forms, and how errors are reported."""

import copy
import re
from collections.abc import Iterator

import pytest

from support.bootstrap import Door
from support.client import bearer
from support.config import config, inline, pool_config
from support.envoy import DidNotStart
from support.host import HOST
from support.servers import jwks
from support.stage import Stage, Stages
from support.tokens import CLIENT, Pool, signing_key

KEY = signing_key("first")
RULE = {"match": {"path": {"prefix": "/a"}}}
LOOKUP = {"cluster": "users", "uri": "http://users.internal/u", "headers": {"x-user-id": "id"}}
USER_INFO = {"cluster": "info", "uri": "https://auth.example.com/oauth2/userInfo"}

EVERYTHING = {
    "pools": [
        {
            "user_pool_id": "us-east-1_Example01", "region": "us-east-1", "client_ids": [CLIENT, "another"], "token_use": "any",
            "additional_regions": ["eu-west-1"],
            "jwks": {"cluster": "cognito", "uri": "https://keys.example/x", "ttl_seconds": 1, "max_stale_seconds": 0, "timeout_ms": 5000, "refetch_cooldown_seconds": 0},
            "user_info": {"cluster": "cognito", "domain": "auth.example.com", "timeout_ms": 1, "ttl_seconds": 0, "on_failure": "continue"},
        },
        {"user_pool_id": "eu-west-1_Inline", "client_ids": "any", "issuer": "http://localhost:9229/eu-west-1_Inline", "jwks": inline(KEY)},
    ],
    "token_sources": [{"header": "authorization", "scheme": "Bearer"}, {"header": "X-Token"}, {"cookie": "a.*.b"}, {"query": "t"}],
    "rules": [
        {"match": {"path": {"exact": "/e"}, "methods": ["GET"], "hosts": ["a.example", "*.b.example"], "route": "r"}, "auth": "none"},
        {"match": {"path": {"prefix": "/p/"}}, "auth": "optional"},
        {
            "match": {"path": {"template": "/users/{user}/*/**"}},
            "auth": "required",
            "require": {
                "groups": {"any": ["a"], "all": ["b"]}, "scopes": {"all": ["s"]}, "token_use": "access", "client_ids": [CLIENT],
                "claims": {"custom:x": "y", "n": [1, True]}, "path_claims": {"user": "sub"}, "max_age_seconds": 31536000,
            },
        },
        {
            "match": {"path": {"prefix": "/either"}},
            "require": [{"claims": {"a": {"prefix": "b"}, "/c/0": {"not": ["d", 1.0]}}}, {"groups": {"any": ["a"]}, "claims": {"e": {"present": False}, "f": {"words": ["g"]}}}],
        },
        {},
    ],
    "identity": {"headers": {"x-a": "sub", "x-b": ["email", "/deep/0"]}, "payload_header": "x-p", "remove_token": True},
    "user_lookup": {**LOOKUP, "cluster": "cognito", "timeout_ms": 60000, "ttl_seconds": 86400, "on_failure": "reject"},
    "clock_skew_seconds": 300,
    "mode": "shadow",
    "bypass_cors_preflight": True,
    "token_cache": {"max_entries": 0, "max_mebibytes": 1},
    "limits": {"token_bytes": 65536, "header_value_bytes": 256},
    "$schema": "./config.schema.json",
    "realm": "any thing",
    "disclose_reason": False,
}


def with_pool(**fields: object) -> dict:
    return config(pool_config(**fields))


def with_jwks(**settings: object) -> dict:
    return with_pool(jwks={"cluster": "c", **settings})


def with_rule(match: object = None, **fields: object) -> dict:
    return config(rules=[{**({"match": match} if match is not None else {}), **fields}])


def with_require(**require: object) -> dict:
    return with_rule({"path": {"template": "/users/{user}"}}, require=require)


def with_info(**fields: object) -> dict:
    return with_pool(user_info=USER_INFO | fields)


def with_lookup(**fields: object) -> dict:
    return config(user_lookup=LOOKUP | fields)


def headers(**members: object) -> dict:
    return config(identity={"headers": {name.replace("_", "-"): claim for name, claim in members.items()}})


def without(document: dict, name: str) -> dict:
    return {key: value for key, value in document.items() if key != name}


POOL = pool_config()
USE_ENC = {"inline": {"keys": [KEY.jwk(), KEY.jwk(kid="b", use="enc")]}}
TOO_MANY = {"inline": {"keys": [KEY.jwk(kid=f"k{number}") for number in range(65)]}}

# Name of the case: (configuration, the place that the error names, words that it holds).
WRONG: dict[str, tuple[dict | str, str, str]] = {
    "no JSON": ("{pools", "", ""),
    "nothing": ("", "", ""),
    "no object": ("[]", "", ""),
    "no pools": ({}, "", "pools"),
    "empty pools": ({"pools": []}, "pools", ""),
    "1001 pools": (config(*[pool_config(user_pool_id=f"us-east-1_P{number}") for number in range(1001)]), "pools", "1000"),
    "pools no list": ({"pools": {}}, "pools", ""),
    "unknown member": (config(polls=1), "", "polls"),
    "unknown member of a pool": (with_pool(client_id="x"), "pools[0]", "client_id"),
    "unknown member of the second pool": (config(POOL, pool_config(user_pool_id="us-east-1_B", cleint="x")), "pools[1]", "cleint"),
    "unknown member of jwks": (with_jwks(url="x"), "pools[0].jwks", "url"),
    "repeated member": ('{"pools": [{"user_pool_id": "us-east-1_A", "user_pool_id": "us-east-1_A", "client_ids": "any", "jwks": {"cluster": "c"}}]}', "pools[0]", "user_pool_id"),
    "repeated top member": ('{"realm": "a", "realm": "a", "pools": [{"user_pool_id": "us-east-1_A", "client_ids": "any", "jwks": {"cluster": "c"}}]}', "", "realm"),
    "no pool id": ({"pools": [without(POOL, "user_pool_id")]}, "pools[0]", "user_pool_id"),
    "pool id without region": (with_pool(user_pool_id="Example"), "pools[0].user_pool_id", ""),
    "pool id empty": (with_pool(user_pool_id=""), "pools[0].user_pool_id", ""),
    "pool id with a slash": (with_pool(user_pool_id="us-east-1_a/b"), "pools[0].user_pool_id", ""),
    "region differs": (with_pool(region="eu-west-1"), "pools[0].region", ""),
    "one pool twice": (config(POOL, POOL), "pools[1]", ""),
    "one issuer twice": (config(POOL, pool_config(user_pool_id="us-east-1_B", issuer=Pool().issuer)), "pools[1]", ""),
    "no clients": ({"pools": [without(POOL, "client_ids")]}, "pools[0]", "client_ids"),
    "empty clients": (with_pool(client_ids=[]), "pools[0].client_ids", 'must name at least one app client, or be "any"'),
    "clients a word": (with_pool(client_ids="all"), "pools[0].client_ids", "any"),
    "an empty client": (with_pool(client_ids=["a", ""]), "pools[0].client_ids[1]", ""),
    "a client twice": (with_pool(client_ids=["a", "a"]), "pools[0].client_ids", ""),
    "token_use": (with_pool(token_use="refresh"), "pools[0].token_use", ""),
    "issuer no URL": (with_pool(issuer="cognito"), "pools[0].issuer", ""),
    "a region twice": (with_pool(additional_regions=["eu-west-1", "eu-west-1"]), "pools[0].additional_regions", ""),
    "the pool's own region again": (with_pool(additional_regions=["us-east-1"]), "pools[0].additional_regions", ""),
    "no jwks": ({"pools": [without(POOL, "jwks")]}, "pools[0]", "jwks"),
    "empty jwks": (with_pool(jwks={}), "pools[0].jwks", "cluster"),
    "jwks uri": (with_jwks(uri="not a url"), "pools[0].jwks.uri", ""),
    "ttl 0": (with_jwks(ttl_seconds=0), "pools[0].jwks.ttl_seconds", "86400"),
    "ttl too long": (with_jwks(ttl_seconds=86401), "pools[0].jwks.ttl_seconds", "86400"),
    "ttl a fraction": (with_jwks(ttl_seconds=1.5), "pools[0].jwks.ttl_seconds", ""),
    "ttl a string": (with_jwks(ttl_seconds="300"), "pools[0].jwks.ttl_seconds", ""),
    "ttl null": (with_jwks(ttl_seconds=None), "pools[0].jwks.ttl_seconds", ""),
    "stale too long": (with_jwks(max_stale_seconds=604801), "pools[0].jwks.max_stale_seconds", "604800"),
    "stale negative": (with_jwks(max_stale_seconds=-1), "pools[0].jwks.max_stale_seconds", ""),
    "timeout 0": (with_jwks(timeout_ms=0), "pools[0].jwks.timeout_ms", "60000"),
    "timeout too long": (with_jwks(timeout_ms=60001), "pools[0].jwks.timeout_ms", "60000"),
    "cooldown too long": (with_jwks(refetch_cooldown_seconds=3601), "pools[0].jwks.refetch_cooldown_seconds", "3600"),
    "inline and cluster": (with_pool(jwks={"cluster": "c", **inline(KEY)}), "pools[0].jwks", "inline"),
    "inline and uri": (with_pool(jwks={"uri": "https://a/b", **inline(KEY)}), "pools[0].jwks", "inline"),
    "inline empty": (with_pool(jwks={"inline": {"keys": []}}), "pools[0].jwks.inline", ""),
    "inline unusable": (with_pool(jwks=USE_ENC), "pools[0].jwks.inline", ""),
    "inline small": (with_pool(jwks={"inline": jwks(signing_key("small", 1024))}), "pools[0].jwks.inline", ""),
    "inline one kid twice": (with_pool(jwks={"inline": jwks(KEY, KEY)}), "pools[0].jwks.inline", ""),
    "inline too many": (with_pool(jwks=TOO_MANY), "pools[0].jwks.inline", "64"),
    "skew negative": (config(clock_skew_seconds=-1), "clock_skew_seconds", "300"),
    "skew too long": (config(clock_skew_seconds=301), "clock_skew_seconds", "300"),
    "skew true": (config(clock_skew_seconds=True), "clock_skew_seconds", ""),
    "mode": (config(mode="permissive"), "mode", ""),
    "preflight a string": (config(bypass_cors_preflight="true"), "bypass_cors_preflight", ""),
    "cache too large": (config(token_cache={"max_entries": 100001}), "token_cache.max_entries", "100000"),
    "cache unknown": (config(token_cache={"size": 1}), "token_cache", "size"),
    "realm empty": (config(realm=""), "realm", ""),
    "realm with a quote": (config(realm='a"b'), "realm", ""),
    "realm with a backslash": (config(realm="a\\b"), "realm", ""),
    "realm not ASCII": (config(realm="Zürich"), "realm", ""),
    "realm with a line break": (config(realm="a\nb"), "realm", ""),
    "disclose": (config(disclose_reason=1), "disclose_reason", ""),
    "sources empty": (config(token_sources=[]), "token_sources", ""),
    "source unknown": (config(token_sources=[{"body": "x"}]), "token_sources[0]", ""),
    "source of two kinds": (config(token_sources=[{"header": "a", "cookie": "b"}]), "token_sources[0]", ""),
    "a scheme for a cookie": (config(token_sources=[{"cookie": "a", "scheme": "Bearer"}]), "token_sources[0]", ""),
    "a source twice": (config(token_sources=[{"cookie": "a"}, {"cookie": "a"}]), "token_sources", ""),
    "two stars": (config(token_sources=[{"cookie": "a*b*"}]), "token_sources[0].cookie", ""),
    "a header that is no name": (config(token_sources=[{"header": "a b"}]), "token_sources[0].header", ""),
    "a pseudo header as source": (config(token_sources=[{"header": ":path"}]), "token_sources[0].header", ""),
    "cookie empty": (config(token_sources=[{"cookie": ""}]), "token_sources[0].cookie", ""),
    "query empty": (config(token_sources=[{"query": ""}]), "token_sources[0].query", ""),
    "rule unknown member": (with_rule({}, requires={}), "rules[0]", "requires"),
    "match unknown member": (with_rule({"paths": "/"}), "rules[0].match", "paths"),
    "path a string": (with_rule({"path": "/a"}), "rules[0].match.path", ""),
    "path of two forms": (with_rule({"path": {"exact": "/a", "prefix": "/b"}}), "rules[0].match.path", ""),
    "path of an unknown form": (with_rule({"path": {"regex": "/a"}}), "rules[0].match.path", "regex"),
    "path without a slash": (with_rule({"path": {"prefix": "a"}}), "rules[0].match.path.prefix", ""),
    "path ambiguous": (with_rule({"path": {"exact": "/a%2fb"}}), "rules[0].match.path.exact", ""),
    "template unknown form": (with_rule({"path": {"template": "/a/{b"}}), "rules[0].match.path.template", ""),
    "template ** in the middle": (with_rule({"path": {"template": "/a/**/b"}}), "rules[0].match.path.template", ""),
    "template name twice": (with_rule({"path": {"template": "/{a}/{a}"}}), "rules[0].match.path.template", "a"),
    "methods empty": (with_rule({"methods": []}), "rules[0].match.methods", ""),
    "a method in lower case": (with_rule({"methods": ["get"]}), "rules[0].match.methods[0]", "GET"),
    "a method twice": (with_rule({"methods": ["GET", "GET"]}), "rules[0].match.methods", ""),
    "hosts empty": (with_rule({"hosts": []}), "rules[0].match.hosts", ""),
    "a host with port 0": (with_rule({"hosts": ["a.example:0"]}), "rules[0].match.hosts[0]", ""),
    "a host twice": (with_rule({"hosts": ["a.example", "a.example"]}), "rules[0].match.hosts", ""),
    "auth": (with_rule({}, auth="maybe"), "rules[0].auth", ""),
    "require beside none": (with_rule({}, auth="none", require={"token_use": "id"}), "rules[0]", "require"),
    "require beside optional": (with_rule({}, auth="optional", require={"token_use": "id"}), "rules[0]", "require"),
    "groups a list": (with_require(groups=["a"]), "rules[0].require.groups", ""),
    "groups empty": (with_require(groups={"any": []}), "rules[0].require.groups.any", ""),
    "groups neither": (with_require(groups={}), "rules[0].require.groups", ""),
    "scopes unknown": (with_require(scopes={"some": ["a"]}), "rules[0].require.scopes", "some"),
    "required token_use": (with_require(token_use="refresh"), "rules[0].require.token_use", ""),
    "required clients empty": (with_require(client_ids=[]), "rules[0].require.client_ids", ""),
    "claims an empty list": (with_require(claims={"a": []}), "rules[0].require.claims", ""),
    "path_claims without the name": (with_require(path_claims={"owner": "sub"}), "rules[0].require.path_claims", "owner"),
    "path_claims without a template": (with_rule({"path": {"prefix": "/a"}}, require={"path_claims": {"a": "sub"}}), "rules[0].require.path_claims", ""),
    "require empty": (with_rule({}, require={}), "rules[0].require", "groups"),
    "require an empty list": (with_rule({}, require=[]), "rules[0].require", "alternative"),
    "require of 17": (with_rule({}, require=[{"token_use": "id"}] * 17), "rules[0].require", "16"),
    "an empty alternative": (with_rule({}, require=[{"token_use": "id"}, {}]), "rules[0].require[1]", "groups"),
    "require a string": (with_rule({}, require="admins"), "rules[0].require", '{"groups": {"any": ["admins"]}}'),
    "two matchers": (with_require(claims={"a": {"prefix": "b", "suffix": "c"}}), "rules[0].require.claims.a", "exactly one"),
    "an unknown matcher": (with_require(claims={"a": {"regex": "b"}}), "rules[0].require.claims.a", "regex"),
    "an empty prefix": (with_require(claims={"a": {"prefix": ""}}), "rules[0].require.claims.a.prefix", "empty"),
    "a bad escape of a pointer": (with_require(claims={"/a~2": "b"}), "rules[0].require.claims", "~"),
    "a number under not": (with_require(claims={"custom:level": {"not": 1}}), 'rules[0].require.claims["custom:level"]', "string"),
    "access tokens that no pool accepts": (with_require(token_use="access"), "rules[0].require.token_use", "no pool accepts access tokens"),
    "scopes that no pool accepts": (with_require(scopes={"any": ["s"]}), "rules[0].require.scopes", "only access tokens have scopes"),
    "a client that no pool accepts": (with_require(client_ids=["x"]), "rules[0].require.client_ids[0]", "no pool accepts the app client"),
    "ID tokens that no pool accepts": (config(pool_config(token_use="access"), rules=[{"require": {"token_use": "id"}}]), "rules[0].require.token_use", "no pool accepts ID tokens"),
    "scopes of an ID token": (config(pool_config(token_use="any"), rules=[{"require": [{"token_use": "id", "scopes": {"any": ["s"]}}]}]), "rules[0].require[0].scopes", "only access tokens have scopes"),
    "a claim that is absent and present": (with_require(claims={"custom:t": {"present": False}}, path_claims={"user": "custom:t"}), "rules[0].require", "absent and present"),
    "a claim that is always present": (with_require(claims={"sub": {"present": False}}), "rules[0].require.claims.sub", "always present"),
    "limits too small": (config(limits={"token_bytes": 1023}), "limits.token_bytes", "65536"),
    "limits too large": (config(limits={"header_value_bytes": 65537}), "limits.header_value_bytes", "65536"),
    "limits unknown": (config(limits={"token_byte": 4096}), "limits", 'did you mean "token_bytes"'),
    "limits a number": (config(limits=4096), "limits", '{"token_bytes": 32768}'),
    "cache of no memory": (config(token_cache={"max_mebibytes": 0}), "token_cache.max_mebibytes", "512"),
    "$schema a number": (config(**{"$schema": 1}), "", "string"),
    "a star among clients": (with_pool(client_ids=["*"]), "pools[0].client_ids[0]", '"client_ids": "any"'),
    "max_age 0": (with_require(max_age_seconds=0), "rules[0].require.max_age_seconds", "31536000"),
    "max_age too long": (with_require(max_age_seconds=31536001), "rules[0].require.max_age_seconds", "31536000"),
    "identity unknown": (config(identity={"header": {}}), "identity", "header"),
    "identity claim a number": (headers(x_a=1), "identity.headers", ""),
    "identity no claim": (headers(x_a=[]), "identity.headers", ""),
    "identity empty claim": (headers(x_a=""), "identity.headers", ""),
    "identity header no name": (config(identity={"headers": {"x a": "sub"}}), "identity.headers", "x a"),
    "identity header in two cases": (config(identity={"headers": {"X-A": "sub", "x-a": "email"}}), "identity.headers", ""),
    **{
        f"identity header {name}": (config(identity={"headers": {name: "sub"}}), "identity.headers", name)
        for name in [":path", "host", "authorization", "Authorization", "cookie", "connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "content-length"]
    },
    "payload header host": (config(identity={"payload_header": "host"}), "identity.payload_header", "host"),
    "remove_token a string": (config(identity={"remove_token": "yes"}), "identity.remove_token", ""),
    "lookup without cluster": (config(user_lookup=without(LOOKUP, "cluster")), "user_lookup", "cluster"),
    "lookup without uri": (config(user_lookup=without(LOOKUP, "uri")), "user_lookup", "uri"),
    "lookup header": (with_lookup(headers={"authorization": "id"}), "user_lookup.headers", "authorization"),
    "lookup timeout": (with_lookup(timeout_ms=0), "user_lookup.timeout_ms", ""),
    "lookup ttl": (with_lookup(ttl_seconds=86401), "user_lookup.ttl_seconds", ""),
    "lookup on_failure": (with_lookup(on_failure="ignore"), "user_lookup.on_failure", ""),
    "info without cluster": (with_pool(user_info=without(USER_INFO, "cluster")), "pools[0].user_info", "cluster"),
    "info without uri and domain": (with_pool(user_info={"cluster": "c"}), "pools[0].user_info", ""),
    "info with uri and domain": (with_info(domain="a.example"), "pools[0].user_info", ""),
    "info timeout": (with_info(timeout_ms=60001), "pools[0].user_info.timeout_ms", ""),
    "info on_failure": (with_info(on_failure=""), "pools[0].user_info.on_failure", ""),
}


class Bench:
    """One Envoy to which configurations are proposed one after the other, through file-based LDS."""

    def __init__(self, stages: Stages) -> None:
        self._stages = stages
        self._proposed = 0
        self.stage = stages.behind(self.door(config()), lds=True)

    def door(self, configuration: dict | str, form: str = "string") -> Door:
        # Envoy 1.36 does not load a plugin again that it has refused under this name, and so does not say why again.
        self._proposed += 1
        return Door((self._stages.plugin(configuration, form=form, name=f"cognito-{self._proposed}").http_filter(),))

    def propose(self, configuration: dict | str, form: str = "string") -> tuple[bool, str]:
        return self.stage.envoy.propose_doors((self.door(configuration, form),))


@pytest.fixture(scope="module")
def bench(stages: Stages) -> Iterator[Bench]:
    yield Bench(stages)


def error_lines(log: str) -> list[str]:
    return [line for line in log.splitlines() if HOST.log_mark in line and re.search(r"\[(error|critical)\]", line)]


def check_error(log: str, place: str, words: str) -> None:
    lines = error_lines(log)
    assert len(lines) == 1, lines or log[-2000:]
    message = lines[0].partition("config: ")[2]
    assert message, lines[0]
    # The place ends where the explanation begins; a map's entry may be named within it.
    assert re.match(re.escape(place) + r"([.\[][^:]*|[\"`'][^:]*)?: \S" if place else r"\S", message), lines[0]
    assert words in message, lines[0]


@pytest.mark.parametrize("case", WRONG)
def test_an_error_is_reported_with_its_place(bench: Bench, case: str) -> None:
    configuration, place, words = WRONG[case]
    accepted, log = bench.propose(configuration)
    assert not accepted, "the configuration was accepted"
    check_error(log, place, words)


@pytest.mark.parametrize("case", ["unknown member", "empty clients", "ttl a fraction", "ttl too long", "skew negative", "no pools", "path of two forms", "1001 pools"])
def test_an_error_in_a_struct_is_reported_too(bench: Bench, case: str) -> None:
    configuration, place, words = WRONG[case]
    accepted, log = bench.propose(configuration, "struct")
    assert not accepted, "the configuration was accepted"
    check_error(log, place, words)


@pytest.mark.parametrize("form", ["string", "struct"])
@pytest.mark.parametrize(
    "configuration",
    [
        config(),
        EVERYTHING,
        config(*[pool_config(user_pool_id=f"us-east-1_P{number}") for number in range(1000)]),
        config(pool_config(additional_regions=[])),
        config(clock_skew_seconds=60.0, token_cache={"max_entries": 100000}),
        config(pool_config(issuer="https://a.example/x"), pool_config(user_pool_id="us-east-1_B")),
        with_jwks(ttl_seconds=86400, max_stale_seconds=604800, timeout_ms=1, refetch_cooldown_seconds=3600),
    ],
    ids=["usual", "everything", "1000 pools", "no more regions", "integral doubles", "own issuer", "bounds"],
)
def test_a_good_configuration_loads(bench: Bench, form: str, configuration: dict) -> None:
    accepted, log = bench.propose(configuration, form)
    assert accepted, error_lines(log) or log[-2000:]
    assert not error_lines(log)


@pytest.mark.parametrize("form", ["string", "struct"])
def test_a_wrong_configuration_keeps_envoy_from_starting(stages: Stages, form: str) -> None:
    with pytest.raises(DidNotStart) as failed:
        stages.fresh(with_pool(client_ids=[]), form=form)
    check_error(failed.value.log, "pools[0].client_ids", 'must name at least one app client, or be "any"')


def test_several_mistakes_are_one_line_or_the_first(bench: Bench) -> None:
    accepted, log = bench.propose(config(pool_config(client_ids=[], token_use="x"), realm=""))
    assert not accepted
    assert 1 <= len(error_lines(log)) <= 3


def test_a_rule_that_never_matches_is_warned_about(bench: Bench) -> None:
    accepted, log = bench.propose(config(rules=[{"match": {"path": {"prefix": "/a"}}}, {"match": {"path": {"exact": "/a/b"}}}, {}, RULE]))
    assert accepted
    warnings = [line for line in log.splitlines() if "[warning]" in line and HOST.log_mark in line]
    assert any("rules[0]" in line and "rules[1]" in line for line in warnings), warnings
    assert any("rules[3]" in line for line in warnings), warnings


def test_both_forms_mean_the_same(stages: Stages, pool: Pool) -> None:
    configuration = copy.deepcopy(EVERYTHING) | {"mode": "enforce", "disclose_reason": True, "realm": "both"}
    del configuration["user_lookup"]
    configuration["pools"][0] = without(configuration["pools"][0], "user_info")
    for form in ("string", "struct"):
        stage = stages.shared(configuration, form=form)
        seen = stage.admits("/q", bearer(pool.id_token()))
        assert (seen.header("x-a"), seen.header("x-b")) == ("aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "alice@example.com")
        assert seen.header("authorization") is None and seen.header("x-p")
        stage.rejects("not_permitted", "/users/someone/x", bearer(pool.access_token()), realm="both", scope="s")
        stage.rejects("token_missing", "/e", realm="both")
        stage.admits("/p/x", decision="bypassed")

