"""Every manifest of `deploy/` is what an API server takes, and what the proxies make of it decides as the demo says.

The schemas are those of Istio and Envoy Gateway; they are no part of this repository. `CRDS` names the folder that has them
(default: `../shared/crds` beside the repository); without it the tests of the schemas are skipped, and say so.
"""

import contextlib
import copy
import io
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from support.crd import Definitions
from support.envoy import Envoy
from support.kubernetes import Manifests

from demo import pool, services
from demo.tour import CLOCK_SKEW, Tour

pytestmark = pytest.mark.only_on("wasm", "Istio and Envoy Gateway load the Wasm module")

PROJECT = Path(__file__).resolve().parents[2]
DEPLOY = PROJECT / "deploy"
CRDS = Path(os.environ.get("CRDS") or PROJECT.parent / "shared/crds")
RELEASES = {
    "Istio 1.27": ("istio", "istio-1.27.0.yaml", "gw-v1.6.1.yaml"),
    "Istio 1.31": ("istio", "istio-1.31-rc.yaml", "gw-v1.6.1.yaml"),
    "Envoy Gateway 1.6": ("envoy-gateway", "eg-v1.6.0.yaml", "gw-v1.6.1.yaml"),
    "Envoy Gateway 1.9": ("envoy-gateway", "eg-v1.9.0.yaml", "gw-v1.6.1.yaml"),
}
FILES = sorted(str(path.relative_to(DEPLOY)) for folder in ("istio", "envoy-gateway") for path in (DEPLOY / folder).glob("*.yaml"))
ISTIO = [name for name in FILES if name.startswith("istio/")]
HOST = "cognito-idp.us-east-1.amazonaws.com"


def manifests(name: str) -> Manifests:
    """The documents of a file."""
    return Manifests(tuple(document for document in yaml.safe_load_all((DEPLOY / name).read_text()) if document))


@pytest.fixture(scope="module")
def definitions() -> Callable[[str], Definitions]:
    """The schemas of a release."""
    if not CRDS.is_dir():
        pytest.skip(f"NOT VALIDATED: {CRDS} is not there; set CRDS to a folder with the schemas of Istio and Envoy Gateway")
    read: dict[str, Definitions] = {}

    def of(release: str) -> Definitions:
        if release not in read:
            read[release] = Definitions(*(CRDS / name for name in RELEASES[release][1:]))
        return read[release]

    return of


# -- the schemas ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("release", "name"), [(release, name) for release, (folder, *_) in RELEASES.items() for name in FILES if name.startswith(f"{folder}/")])
def test_a_manifest_is_valid(release: str, name: str, definitions: Callable[[str], Definitions]) -> None:
    """As an API server with strict field validation sees it."""
    for document in manifests(name).documents:
        assert definitions(release).faults(document) == [], f"{document['kind']} {document['metadata']['name']}"


def changed(name: str, kind: str, path: str, value: object) -> dict:
    """A document of a file with another value at a place."""
    document = copy.deepcopy(manifests(name).only(kind))
    *parents, last = path.split(".")
    place = document
    for member in parents:
        place = place[int(member) if member.isdigit() else member]
    place[last] = value
    return document


WRONG = [
    ("Istio 1.27", "istio/gateway.yaml", "WasmPlugin", "spec.sha256", 0, "not of type 'string'"),
    ("Istio 1.27", "istio/gateway.yaml", "WasmPlugin", "spec.sha256", "sha256:00", "does not match"),
    ("Istio 1.27", "istio/gateway.yaml", "WasmPlugin", "spec.failStrategy", "FAIL_CLOSED", "not one of"),
    ("Istio 1.31", "istio/gateway.yaml", "WasmPlugin", "spec.failstrategy", "FAIL_CLOSE", "unexpected"),
    ("Istio 1.31", "istio/gateway.yaml", "WasmPlugin", "spec.targetRefs", [{"kind": "Gateway", "name": "x"}], "only one of"),
    ("Istio 1.31", "istio/gateway.yaml", "WasmPlugin", "spec.url", "ftp://example.com/x", "spec.url"),
    ("Istio 1.27", "istio/sidecar.yaml", "WasmPlugin", "spec.match", [{"mode": "INBOUND"}], "not one of"),
    ("Istio 1.27", "istio/gateway.yaml", "ServiceEntry", "spec.ports", [{"number": 80, "targetPort": 443}], "required"),
    ("Istio 1.27", "istio/gateway.yaml", "ServiceEntry", "spec.ports.0.targetPort", 70000, "spec.ports.0.targetPort"),
    ("Istio 1.27", "istio/gateway.yaml", "DestinationRule", "spec.trafficPolicy.tls.caCertificate", "system", "unexpected"),
    ("Istio 1.27", "istio/gateway.yaml", "EnvoyFilter", "metadata.annotations", {"x": 1}, "must be a string"),
    ("Envoy Gateway 1.6", "envoy-gateway/gateway.yaml", "EnvoyProxy", "spec.filterOrder.0.name", "envoy.filters.http.cognito", "not one of"),
    ("Envoy Gateway 1.6", "envoy-gateway/gateway.yaml", "EnvoyProxy", "spec.filterOrder.0.after", "envoy.filters.http.cors", "spec.filterOrder.0"),
    ("Envoy Gateway 1.6", "envoy-gateway/gateway.yaml", "EnvoyExtensionPolicy", "spec.wasm.0.code.http", {"url": "http://x/y"}, "spec.wasm.0.code"),
    ("Envoy Gateway 1.9", "envoy-gateway/gateway.yaml", "EnvoyExtensionPolicy", "spec.mergeType", "StrategicMerge", "mergeType"),
    ("Envoy Gateway 1.9", "envoy-gateway/gateway.yaml", "ClientTrafficPolicy", "spec.timeout.http.streamIdleTimeout", "1 min", "does not match"),
    ("Envoy Gateway 1.9", "envoy-gateway/gateway.yaml", "Gateway", "spec.listeners.0.port", 0, "minimum"),
]


@pytest.mark.parametrize(("release", "name", "kind", "path", "value", "expected"), WRONG)
def test_the_validation_refuses_what_an_api_server_refuses(
    release: str, name: str, kind: str, path: str, value: object, expected: str, definitions: Callable[[str], Definitions]
) -> None:
    """Types, patterns, enums, bounds, unknown and missing fields, and rules in CEL."""
    faults = definitions(release).faults(changed(name, kind, path, value))
    assert faults and expected in " ".join(faults), faults


# -- what no schema says -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ISTIO)
def test_the_keys_come_through_a_cluster_of_this_namespace_alone(name: str) -> None:
    """Over TLS with the name checked, under the name that the filter asks for."""
    found = manifests(name)
    entry, rule = found.only("ServiceEntry"), found.only("DestinationRule")
    assert entry["spec"]["exportTo"] == rule["spec"]["exportTo"] == ["."]
    assert entry["spec"]["hosts"] == [HOST] and rule["spec"]["host"] == HOST
    (port,) = entry["spec"]["ports"]
    assert (port["number"], port["targetPort"], port["protocol"]) == (80, 443, "HTTP")
    tls = rule["spec"]["trafficPolicy"]["tls"]
    assert tls == {"mode": "SIMPLE", "caCertificates": "system", "sni": HOST, "subjectAltNames": [HOST]}
    (entry_pool,) = found.configuration["pools"]
    assert entry_pool["jwks"]["cluster"] == f"outbound|{port['number']}||{HOST}"
    assert len({document["metadata"]["namespace"] for document in found.documents}) == 1


ATTACHED = {
    "istio/gateway.yaml": ("selector", "GATEWAY", None),
    "istio/gateway-api.yaml": ("targetRefs", "GATEWAY", None),
    "istio/sidecar.yaml": ("selector", "SIDECAR_INBOUND", [{"mode": "SERVER"}]),
    "istio/waypoint.yaml": ("targetRefs", "ANY", None),
}


@pytest.mark.parametrize("name", ISTIO)
def test_the_filter_is_attached_as_its_place_needs(name: str) -> None:
    """Istio ignores `selector` on Gateways and waypoints, and `targetRefs` on other gateways: the filter would be missing."""
    attachment, context, match = ATTACHED[name]
    plugin, patches = manifests(name).only("WasmPlugin")["spec"], manifests(name).only("EnvoyFilter")["spec"]
    assert {"selector", "targetRefs", "targetRef"} & {*plugin} == {attachment}
    assert plugin.get("match") == match
    if attachment == "selector":
        assert plugin["selector"]["matchLabels"] == patches["workloadSelector"]["labels"]
    else:
        assert plugin["targetRefs"] == patches["targetRefs"]
    assert {patch["match"]["context"] for patch in patches["configPatches"]} == {context}
    assert (plugin["failStrategy"], plugin["phase"]) == ("FAIL_RELOAD", "AUTHN")
    assert plugin["url"].startswith("oci://") and len(plugin["sha256"]) == 64


@pytest.mark.parametrize("name", FILES)
def test_a_file_says_what_it_is_for_and_how_to_see_that_it_works(name: str) -> None:
    """It begins with its purpose and ends with a request that must be answered with 401."""
    text = (DEPLOY / name).read_text()
    assert text.startswith("# The filter ")
    last = text[text.rindex("\n\n") :]
    assert "401" in last and "curl" in last.splitlines()[-1]


def test_envoy_gateway_asks_the_filter_first_and_verifies_where_keys_come_from() -> None:
    """A filter before ours would rely on headers that a client forged."""
    proxy = manifests("envoy-gateway/gateway.yaml").only("EnvoyProxy")["spec"]
    assert proxy["filterOrder"] == [{"name": "envoy.filters.http.wasm", "before": "envoy.filters.http.ext_authz"}]
    cluster, tags = (patch["value"] for patch in proxy["bootstrap"]["jsonPatches"])
    assert cluster["dns_lookup_family"] == "ALL"
    tls = cluster["transport_socket"]["typed_config"]
    validation = tls["common_tls_context"]["validation_context"]
    assert tls["sni"] == HOST and validation["trusted_ca"]["filename"]
    assert validation["match_typed_subject_alt_names"] == [{"san_type": "DNS", "matcher": {"exact": HOST}}]
    assert tags == yaml.safe_load((PROJECT / "envoy/envoy.yaml").read_text())["stats_config"]


# -- the demo's tour through what the proxies get ------------------------------------------------------------------


@pytest.fixture(scope="module")
def cognito(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of the emulator with the demo's users."""
    service, port = services.start_cognito(tmp_path_factory.mktemp("cognito"))
    yield port
    service.stop()


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of the demo's application."""
    service, port = services.start_echo(tmp_path_factory.mktemp("app"))
    yield port
    service.stop()


@pytest.mark.parametrize("name", FILES)
def test_the_tour(name: str, wasm: str, cognito: int, application: int) -> None:
    """The plugin configuration of each file, with the demo's pool, in the shape in which the proxy gets it."""
    found = manifests(name)
    configuration = copy.deepcopy(found.configuration)
    (entry,) = configuration["pools"]
    cluster = entry["jwks"]["cluster"]
    entry |= {"user_pool_id": pool.POOL_ID, "client_ids": [pool.WEB, pool.MOBILE, pool.KIOSK]}
    configuration["clock_skew_seconds"] = CLOCK_SKEW
    envoy = Envoy((found.door(configuration, wasm),), {"app": application, cluster: cognito})
    tour = Tour(f"http://127.0.0.1:{envoy.port}", f"http://127.0.0.1:{cognito}", f"http://{envoy.admin_address}")
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        good = tour.run()
    assert good, output.getvalue()
    envoy.close()


@pytest.mark.parametrize("name", FILES)
def test_a_configuration_loads_as_it_stands(name: str, wasm: str) -> None:
    """With the pool of the file, without warnings."""
    found = manifests(name)
    (entry,) = found.configuration["pools"]
    envoy = Envoy((found.door(found.configuration, wasm),), {"app": 9, entry["jwks"]["cluster"]: 9})
    warnings = [line for line in envoy.log().splitlines() if "[warning][wasm]" in line and "config" in line]
    assert not warnings, json.dumps(warnings)
    envoy.close()


# -- Prometheus ----------------------------------------------------------------------------------------------------


def test_the_pod_monitor_relabels_as_the_scrape_configuration_does() -> None:
    """It is a comment, in which the same fields have other names."""
    text = (DEPLOY / "monitoring/prometheus.yaml").read_text()
    lines = text[text.index("#   podMetricsEndpoints:") :].partition("\n#\n")[0].splitlines()
    (endpoint,) = yaml.safe_load("\n".join(line.removeprefix("#") for line in lines))["podMetricsEndpoints"]
    (job,) = yaml.safe_load(text)["scrape_configs"]
    names = {"source_labels": "sourceLabels", "target_label": "targetLabel"}
    expected = [{names.get(name, name): value for name, value in rule.items()} for rule in job["metric_relabel_configs"]]
    assert endpoint["metricRelabelings"] == expected and endpoint["path"] == job["metrics_path"]
