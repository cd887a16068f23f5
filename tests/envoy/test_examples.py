"""Every configuration under `envoy/` is valid, starts in a real Envoy and decides as its comments say."""

import copy
import json
import subprocess
from pathlib import Path

import pytest
import yaml
from support.bootstrap import Door
from support.client import bearer
from support.envoy import Envoy, envoy_binary
from support.servers import KeyServer, ScriptedServer, Upstream, json_answer
from support.stage import Stage, Stages
from support.tokens import SUB, Pool

EXAMPLES = Path(__file__).resolve().parents[2] / "envoy"
MODULE = "/etc/envoy/envoy_cognito_jwt.wasm"
WHOLE = sorted(path.name for path in EXAMPLES.glob("*.yaml") if "\nstatic_resources:" in path.read_text())
"""The examples that are a whole Envoy's configuration; the others are for Kubernetes."""

OTHERS_SUB = "99999999-bbbb-cccc-dddd-eeeeeeeeeeee"


class ExampleDoor(Door):
    """The listener of an example with the module of this build, on a port that the kernel picks."""

    def __init__(self, document: dict, wasm: str) -> None:
        (listener,) = document["static_resources"]["listeners"]
        super().__init__(name=listener["name"])
        text = json.dumps(listener)
        assert text.count(MODULE) == 1
        object.__setattr__(self, "_listener", json.loads(text.replace(MODULE, wasm)))

    def listener(self, access_log: str) -> dict:
        """As the example has it, but for port, module and access log."""
        listener = copy.deepcopy(self._listener)
        listener["address"]["socket_address"] = {"address": "127.0.0.1", "port_value": 0}
        (chain,) = listener["filter_chains"]
        (usual,) = Door().listener(access_log)["filter_chains"]
        chain["filters"][0]["typed_config"]["access_log"] = usual["filters"][0]["typed_config"]["access_log"]
        return listener


def parsed(name: str) -> dict:
    """An example as data."""
    return yaml.safe_load((EXAMPLES / name).read_text())


def plugin_configuration(document: dict) -> dict:
    """The filter's configuration in a whole Envoy's."""
    manager = document["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
    (plugin,) = [entry for entry in manager["http_filters"] if entry["name"] == "envoy.filters.http.wasm"]
    return json.loads(plugin["typed_config"]["config"]["configuration"]["value"])


def cluster_names(document: dict) -> list[str]:
    """The clusters of an example."""
    return [cluster["name"] for cluster in document["static_resources"]["clusters"]]


@pytest.fixture(scope="module")
def users():
    """The service of `enrichment.yaml` that finds or creates users."""
    server = ScriptedServer(json_answer({"id": "u-1", "plan": "gold"}, 201))
    yield server
    server.close()


@pytest.fixture(scope="module")
def user_info():
    """Cognito's UserInfo endpoint."""
    server = ScriptedServer(json_answer({"sub": SUB, "email": "alice@example.com", "email_verified": "true"}))
    yield server
    server.close()


@pytest.fixture(scope="module")
def example(wasm: str, upstream: Upstream, key_server: KeyServer, users: ScriptedServer, user_info: ScriptedServer):
    """Starts examples with their clusters at the test's servers, each once."""
    started: dict[str, Stage] = {}

    def start(name: str) -> Stage:
        if name not in started:
            document = parsed(name)
            servers = {"app": upstream.port, "users": users.port, "cognito-domain": user_info.port}
            clusters = {cluster: servers.get(cluster, key_server.port) for cluster in cluster_names(document)}
            started[name] = Stage(Envoy((ExampleDoor(document, wasm),), clusters), upstream, key_server)
        return started[name]

    yield start
    for stage in started.values():
        stage.envoy.close()


def pools_of(name: str) -> list[tuple[Pool, str]]:
    """The pools that an example accepts, and the kind of token each accepts."""
    return [
        (
            Pool(id=pool["user_pool_id"], client="1anyclient2345" if pool["client_ids"] == "any" else pool["client_ids"][0]),
            pool.get("token_use", "id"),
        )
        for pool in plugin_configuration(parsed(name))["pools"]
    ]


def token_of(pool: Pool, kind: str, **claims: object) -> str:
    """A good token of the kind that a pool accepts."""
    return pool.access_token(**claims) if kind == "access" else pool.id_token(**claims)


@pytest.mark.parametrize("name", WHOLE)
def test_an_example_is_valid_as_it_stands(name: str, wasm: str, tmp_path: Path) -> None:
    """With TLS and all; only the module's place is this build's."""
    text = (EXAMPLES / name).read_text()
    assert text.count(MODULE) == 1
    config = tmp_path / "envoy.yaml"
    config.write_text(text.replace(MODULE, wasm))
    run = subprocess.run([envoy_binary(), "--mode", "validate", "-c", config], capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("name", WHOLE)
def test_an_example_has_the_recommended_settings(name: str) -> None:
    """Paths read alike, no folded header names, and a failed VM refuses until it is started anew."""
    manager = parsed(name)["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
    assert manager["normalize_path"] and manager["merge_slashes"]
    assert manager["path_with_escaped_slashes_action"] == "REJECT_REQUEST"
    assert manager["common_http_protocol_options"]["headers_with_underscores_action"] in ("REJECT_REQUEST", "DROP_HEADER")
    plugin = manager["http_filters"][0]["typed_config"]["config"]
    assert plugin["failure_policy"] == "FAIL_RELOAD"
    # Istio gives none, and istio-as-envoy.yaml shows what Istio does.
    assert bool(plugin["vm_config"]["vm_id"]) == (name != "istio-as-envoy.yaml")


@pytest.mark.parametrize("name", [name for name in WHOLE if name != "shadow.yaml"])
def test_an_example_lets_good_tokens_pass_and_nothing_else(name: str, example) -> None:
    """For each of its pools."""
    stage = example(name)
    stage.rejects("token_missing", "/x")
    for pool, kind in pools_of(name):
        seen = stage.admits("/x", bearer(token_of(pool, kind)))
        assert seen.header("x-cognito-sub") == SUB


def test_shadow_refuses_nothing_and_tells_what_it_would_have_done(example) -> None:
    """The header that a client sends for itself goes all the same."""
    stage = example("shadow.yaml")
    seen = stage.admits("/x", ("x-cognito-sub", "root"), decision="token_missing", counter="shadow_denied.token_missing")
    assert seen.header("x-cognito-sub") is None
    ((pool, kind),) = pools_of("shadow.yaml")
    assert stage.admits("/x", bearer(token_of(pool, kind))).header("x-cognito-sub") == SUB


def test_enrichment_tells_the_application_who_its_user_is(example, users: ScriptedServer) -> None:
    """Details from UserInfo, the user from the lookup."""
    ((pool, _),) = pools_of("enrichment.yaml")
    seen = example("enrichment.yaml").admits("/x", bearer(pool.access_token()))
    assert (seen.header("x-user-id"), seen.header("x-user-plan")) == ("u-1", "gold")
    assert seen.header("x-cognito-email") == "alice@example.com"
    assert json.loads(users.requests[-1].body)["sub"] == SUB


def test_several_pools_tell_which_one_vouched(example) -> None:
    """And neither vouches for the other's kind of token."""
    stage = example("several-pools.yaml")
    (customers, _), (machines, _) = pools_of("several-pools.yaml")
    assert stage.admits("/x", bearer(customers.id_token())).header("x-cognito-issuer") == customers.issuer
    assert stage.admits("/x", bearer(machines.access_token())).header("x-cognito-issuer") == machines.issuer
    for token in (customers.access_token(), machines.id_token()):
        stage.rejects("token_use_mismatch", "/x", bearer(token))


ADMIN, EDITOR, READER, ANALYST = ({"cognito:groups": [name]} for name in ("admins", "editors", "readers", "analysts"))
FORGOTTEN_SIGN_IN = ADMIN | {"auth_time": 1}
EXPIRED = {"exp": 1}
PASSES, OPEN = "allowed", "bypassed"

# method, path, kind of token, its claims, what comes of it
RULES = [
    ("GET", "/health", None, {}, OPEN),
    ("GET", "/health/x", None, {}, "token_missing"),
    ("GET", "/public/page", None, {}, OPEN),
    ("GET", "/public/page", "id", {}, PASSES),
    ("GET", "/public/page", "id", EXPIRED, "token_expired"),
    ("POST", "/public/page", None, {}, "token_missing"),
    ("GET", "/admin", "id", ADMIN, PASSES),
    ("GET", "/admin", "id", READER, "not_permitted"),
    ("GET", "/admin", "id", FORGOTTEN_SIGN_IN, "reauthentication_required"),
    ("GET", f"/users/{SUB}/photos", "id", {}, PASSES),
    ("GET", f"/users/{SUB}", "id", {}, PASSES),
    ("GET", f"/users/{OTHERS_SUB}/photos", "id", {}, "not_permitted"),
    ("GET", "/articles/1", "id", READER, PASSES),
    ("GET", "/articles/1", None, {}, "token_missing"),
    ("PUT", "/articles/1", "id", READER, "not_permitted"),
    ("PUT", "/articles/1", "id", EDITOR, PASSES),
    ("GET", "/api/items", "access", {"scope": "openid api/read"}, PASSES),
    ("GET", "/api/items", "access", {"scope": "openid"}, "not_permitted"),
    ("GET", "/api/items", "id", {"scope": "api/read"}, "not_permitted"),
    ("POST", "/api/items", "access", {"scope": "api/read"}, "not_permitted"),
    ("POST", "/api/items", "access", {"scope": "api/write"}, PASSES),
    ("GET", "/reports/2026", "id", ANALYST, PASSES),
    ("GET", "/reports/2026", "id", READER, "not_permitted"),
    ("GET", "/anything/else", "id", {}, PASSES),
    ("GET", "/anything/else", None, {}, "token_missing"),
]
NEEDED_SCOPES = {"GET": "api/read api/write", "POST": "api/write", "PUT": ""}


@pytest.mark.parametrize(("method", "path", "kind", "claims", "outcome"), RULES)
def test_rules_do_what_their_comments_say(method: str, path: str, kind: str | None, claims: dict, outcome: str, example) -> None:
    """One line of the table at the top of the file each, and its counterexamples."""
    ((pool, _),) = pools_of("rules.yaml")
    stage = example("rules.yaml")
    headers = [bearer(token_of(pool, kind, **claims))] if kind else []
    if outcome in (PASSES, OPEN):
        stage.admits(path, *headers, method=method, decision=outcome)
        return
    asked_for = {"not_permitted": {"scope": NEEDED_SCOPES[method]}} if path.startswith("/api") else {"reauthentication_required": {"max_age": 3600}}
    stage.rejects(outcome, path, *headers, method=method, **asked_for.get(outcome, {}))


def kubernetes_configuration(name: str) -> dict:
    """The filter's configuration in a file for Kubernetes."""
    for document in yaml.safe_load_all((EXAMPLES / name).read_text()):
        if document["kind"] == "WasmPlugin":
            return document["spec"]["pluginConfig"]
        if document["kind"] == "EnvoyExtensionPolicy":
            (plugin,) = document["spec"]["wasm"]
            return plugin["config"]
    raise AssertionError(f"{name} holds no plugin")


def test_istio_hands_over_what_the_plain_form_holds() -> None:
    """Istio marshals `pluginConfig` to JSON and puts the text into a StringValue."""
    assert plugin_configuration(parsed("istio-as-envoy.yaml")) == kubernetes_configuration("istio.yaml")


@pytest.mark.parametrize("name", ["istio.yaml", "gateway.yaml"])
def test_a_configuration_for_kubernetes_loads(name: str, stages: Stages, key_server: KeyServer) -> None:
    """As the JSON text that Istio and Envoy Gateway make of it."""
    configuration = kubernetes_configuration(name)
    (entry,) = configuration["pools"]
    stage = stages.fresh(configuration, clusters={entry["jwks"]["cluster"]: key_server.port}, vm_id="")
    pool = Pool(id=entry["user_pool_id"], client=entry["client_ids"][0])
    stage.admits("/x", bearer(pool.access_token()))
    stage.rejects("token_missing", "/x")
    stage.admits("/health", decision="bypassed")


def test_the_keys_of_all_examples_come_over_verified_tls() -> None:
    """The clusters at Amazon check the name and the issuer of the certificate; without that anybody could serve keys."""
    gateway = next(document for document in yaml.safe_load_all((EXAMPLES / "gateway.yaml").read_text()) if document["kind"] == "EnvoyProxy")
    clusters = [patch["value"] for patch in gateway["spec"]["bootstrap"]["jsonPatches"]]
    clusters += [cluster for name in WHOLE for cluster in parsed(name)["static_resources"]["clusters"]]
    at_amazon = [cluster for cluster in clusters if "amazon" in json.dumps(cluster)]
    assert len(at_amazon) >= 7
    for cluster in at_amazon:
        (endpoints,) = cluster["load_assignment"]["endpoints"]
        host = endpoints["lb_endpoints"][0]["endpoint"]["address"]["socket_address"]["address"]
        tls = cluster["transport_socket"]["typed_config"]
        validation = tls["common_tls_context"]["validation_context"]
        assert tls["sni"] == host and validation["trusted_ca"]["filename"]
        assert validation["match_typed_subject_alt_names"] == [{"san_type": "DNS", "matcher": {"exact": host}}]
