"""Every configuration under `envoy/` is valid, starts in a real Envoy and decides as its comments say."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.client import bearer, fetch
from support.envoy import Envoy, envoy_binary
from support.examples import EXAMPLES, MODULE, ExampleDoor, clusters_of, manager_of, parsed, plugin_of, pools_of, token_of
from support.host import HOST, native_filter
from support.servers import Gate, KeyServer, ScriptedServer, Upstream, json_answer
from support.stage import Stage
from support.tokens import SUB, Pool
from support.waiting import wait_until

WHOLE = sorted(path.name for path in EXAMPLES.glob("*.yaml") if path.name not in ("compose.yaml", "native.yaml"))
"""The examples for the Wasm module: each is a whole Envoy's configuration. `test_native.py` is about `native.yaml`."""

RECIPES = sorted(str(path.relative_to(EXAMPLES)) for path in EXAMPLES.glob("recipes/*.yaml"))
CONFIGURATIONS = [*WHOLE, *RECIPES, "../examples/django/envoy.yaml"]
"""All configurations of an Envoy in this project."""

OTHERS_SUB = "99999999-bbbb-cccc-dddd-eeeeeeeeeeee"


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
def example(module: str, upstream: Upstream, key_server: KeyServer, users: ScriptedServer, user_info: ScriptedServer):
    """Starts examples with their clusters at the test's servers, each once."""
    started: dict[str, Stage] = {}

    def start(name: str) -> Stage:
        if name not in started:
            document = parsed(name)
            servers = {"app": upstream.port, "users": users.port, "cognito-domain": user_info.port}
            clusters = {cluster: servers.get(cluster, key_server.port) for cluster in clusters_of(document)}
            started[name] = Stage(Envoy((ExampleDoor(document, module),), clusters), upstream, key_server)
        return started[name]

    yield start
    for stage in started.values():
        stage.envoy.close()


@pytest.mark.only_on("wasm", "the examples load the Wasm module")
@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_an_example_is_valid_as_it_stands(name: str, wasm: str, tmp_path: Path) -> None:
    """With TLS and all; only the module's place is this build's."""
    text = (EXAMPLES / name).read_text()
    assert text.count(MODULE) == 1
    config = tmp_path / "envoy.yaml"
    config.write_text(text.replace(MODULE, wasm))
    secrets = {"COGNITO_CLIENT_SECRET": "a secret", "COOKIE_HMAC_SECRET": "another"}
    run = subprocess.run(
        [envoy_binary(), "--mode", "validate", "-c", config], env={**os.environ, **secrets}, capture_output=True, text=True, timeout=60
    )
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_an_example_has_the_recommended_settings(name: str) -> None:
    """As SECURITY.md has them: all of them, in every file."""
    document = parsed(name)
    (listener,) = document["static_resources"]["listeners"]
    assert listener["per_connection_buffer_limit_bytes"] == 32768
    manager = manager_of(document)
    assert manager["normalize_path"] and manager["merge_slashes"]
    # The one recipe that is about applications with encoded slashes.
    slashes = "KEEP_UNCHANGED" if name == "recipes/encoded-slashes.yaml" else "REJECT_REQUEST"
    assert manager["path_with_escaped_slashes_action"] == slashes
    assert manager["common_http_protocol_options"]["headers_with_underscores_action"] == "REJECT_REQUEST"
    assert manager["http2_protocol_options"]["initial_stream_window_size"] == 65536
    assert manager["stream_idle_timeout"] == "60s"
    assert plugin_of(document)["failure_policy"] == "FAIL_RELOAD"
    assert plugin_of(document)["vm_config"]["vm_id"]
    for cluster in clusters_of(document).values():
        assert cluster["type"] == "STATIC" or (cluster["type"], cluster["dns_lookup_family"]) == ("STRICT_DNS", "ALL"), cluster["name"]
    (layer,) = document["layered_runtime"]["layers"]
    assert layer["static_layer"] == {"envoy.reloadable_features.hide_transport_failure_reason_in_response_body": False}


def test_the_keys_of_all_examples_come_over_verified_tls() -> None:
    """Amazon's clusters check the issuer and the name of the certificate; the emulator, which cannot, is there in the demos alone."""
    clusters = [cluster for name in CONFIGURATIONS for cluster in clusters_of(parsed(name)).values()]
    at_amazon = [cluster for cluster in clusters if "amazon" in json.dumps(cluster)]
    assert len(at_amazon) >= 15
    for cluster in at_amazon:
        verifies_its_host(cluster)
    plain = [name for name in CONFIGURATIONS if "transport_socket" not in clusters_of(parsed(name)).get("cognito", {"transport_socket"})]
    assert plain == ["envoy.yaml", "../examples/django/envoy.yaml"]


def test_the_tour_of_compose_needs_python_alone() -> None:
    """It runs in an image of Python without packages."""
    assert "-m\", \"demo.tour" in (EXAMPLES / "compose.yaml").read_text()
    subprocess.run([sys.executable, "-S", "-c", "import demo.tour"], cwd=EXAMPLES.parent, check=True)


def verifies_its_host(cluster: dict) -> None:
    """The cluster speaks TLS and accepts a certificate for its host only."""
    (endpoints,) = cluster["load_assignment"]["endpoints"]
    endpoint = endpoints["lb_endpoints"][0]["endpoint"]
    host = endpoint.get("hostname", endpoint["address"]["socket_address"]["address"])
    tls = cluster["transport_socket"]["typed_config"]
    # Through a proxy TLS runs inside of the tunnel.
    tls = tls.get("transport_socket", {}).get("typed_config", tls)
    validation = tls["common_tls_context"]["validation_context"]
    assert tls["sni"] == host and validation["trusted_ca"]["filename"]
    assert validation["match_typed_subject_alt_names"] == [{"san_type": "DNS", "matcher": {"exact": host}}]


def test_a_long_body_waits_in_parts(module: str, own_upstream: Upstream, own_key_server: KeyServer) -> None:
    """The buffer limit holds the client back instead of refusing the request, and all of the body arrives in the end."""
    gate = Gate(own_key_server.answer)
    own_key_server.answer = gate
    envoy = Envoy((ExampleDoor(parsed("minimal.yaml"), module),), {"app": own_upstream.port, "cognito": own_key_server.port})
    body = b"x" * 1_000_000
    ((pool, kind),) = pools_of("minimal.yaml")
    with ThreadPoolExecutor(1) as client:
        answer = client.submit(fetch, envoy.port, "/upload", bearer(token_of(pool, kind)), method="POST", body=body)
        wait_until(lambda: envoy.active_requests() == 1, "the request to wait")
        assert own_upstream.hits == 0
        gate.open()
        assert answer.result().status == 200
    assert own_upstream.only_request().body == body
    envoy.close()


@pytest.mark.parametrize("name", [name for name in WHOLE if name != "shadow.yaml"])
def test_an_example_lets_good_tokens_pass_and_nothing_else(name: str, example) -> None:
    """For each of its pools."""
    stage = example(name)
    stage.rejects("token_missing", "/x")
    for pool, kind in pools_of(name):
        seen = stage.admits("/x", bearer(token_of(pool, kind)))
        assert seen.header("x-cognito-sub") == SUB


def test_shadow_rejects_nothing_and_logs_what_it_would_have_done(example) -> None:
    """The header that a client sends for itself goes all the same."""
    stage = example("shadow.yaml")
    seen = stage.admits("/x", ("x-cognito-sub", "root"), decision="token_missing", counter="would_deny.token_missing")
    assert seen.header("x-cognito-sub") is None
    ((pool, kind),) = pools_of("shadow.yaml")
    assert stage.admits("/x", bearer(token_of(pool, kind))).header("x-cognito-sub") == SUB


def test_enrichment_passes_the_user_to_the_application(example, users: ScriptedServer) -> None:
    """Details from UserInfo, the user from the lookup."""
    ((pool, _),) = pools_of("enrichment.yaml")
    seen = example("enrichment.yaml").admits("/x", bearer(pool.access_token()))
    assert (seen.header("x-user-id"), seen.header("x-user-plan")) == ("u-1", "gold")
    assert seen.header("x-cognito-email") == "alice@example.com"
    assert json.loads(users.requests[-1].body)["sub"] == SUB


def test_several_pools_show_which_one_issued_the_token(example) -> None:
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
