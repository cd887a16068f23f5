"""`make demo-monitoring`: the demo under traffic, a Prometheus that scrapes it, and the dashboard's panels as a page.

    python -m demo.monitoring                   runs until Ctrl-C
    python -m demo.monitoring --test            runs every query of the dashboard; exits with 0 if each has data
    python -m demo.monitoring --picture FILE    draws the panels from three minutes of real data

It needs no Grafana: demo/plot.py draws the panels from Prometheus' responses to the queries of deploy/monitoring/dashboard.json.
"""

from __future__ import annotations

import argparse
import http.server
import json
import math
import signal
import sys
import threading
import time
import urllib.error
import urllib.parse
from pathlib import Path

from . import frame, plot, services
from .tour import bold, dim, green, heading, red
from .traffic import Traffic

MONITORING = services.PROJECT / "deploy/monitoring"
RATE_WINDOW = "15s"
"""The value that Grafana would insert for $__rate_interval."""
KEYS_TTL_SECONDS = 5

IDLE_IN_THE_DEMO = {"Internal errors, VM reloads", "Calls to UserInfo and the user lookup", "Shadow mode: would be denied, by code", "VM reloads"}
"""Panels whose counters exist, but stay 0."""

OTHER_NAMES = """\
# TYPE cognito_jwt_denied_token_expired counter
cognito_jwt_denied_token_expired{} 3
# TYPE envoy_dynamicmodulescustom_cognito_jwt_denied_token_missing counter
envoy_dynamicmodulescustom_cognito_jwt_denied_token_missing{} 2
# TYPE envoy_dynamicmodulescustom_cognito_jwt_would_deny_not_permitted counter
envoy_dynamicmodulescustom_cognito_jwt_would_deny_not_permitted{} 4
# TYPE envoy_dynamicmodulescustom_cognito_jwt_allowed counter
envoy_dynamicmodulescustom_cognito_jwt_allowed{} 5
# TYPE envoy_wasm_istio_ingress_cognito_vm_reload_success counter
envoy_wasm_istio_ingress_cognito_vm_reload_success{} 1
"""
"""Metrics as Istio and the native build name them."""

RENAMED = {
    'cognito_jwt_denied{code="token_expired"}': 3, 'cognito_jwt_denied{code="token_missing"}': 2, 'cognito_jwt_would_deny{code="not_permitted"}': 4,
    "cognito_jwt_allowed": 5, 'envoy_wasm_vm_reload_success{plugin="istio_ingress_cognito"}': 1,
}
"""Their names after the relabelling."""


class Prometheus:
    """A Prometheus with deploy/monitoring/prometheus.yaml; only addresses and intervals differ."""

    def __init__(self, folder: Path, admin: str, other: str) -> None:
        config = services.rendered(MONITORING / "prometheus.yaml", {
            "scrape_interval: 15s": "scrape_interval: 1s", "evaluation_interval: 15s": "evaluation_interval: 1s",
            "rule_files: [rules.yaml]": f"rule_files: [{json.dumps(str(MONITORING / 'rules.yaml'))}]",
            "127.0.0.1:9901": urllib.parse.urlsplit(admin).netloc,
        })
        job = config[config.index("  - job_name: envoy"):]
        config += job.replace("job_name: envoy", "job_name: renamed").replace(urllib.parse.urlsplit(admin).netloc, other)
        (folder / "prometheus.yaml").write_text(config)
        self.service = services.Service("prometheus", [
            services.TOOLS / "bin/prometheus", f"--config.file={folder / 'prometheus.yaml'}", f"--storage.tsdb.path={folder / 'data'}",
            "--web.listen-address=127.0.0.1:0",
        ], folder)
        self.url = "http://" + self.service.wait_for(lambda: self.service.logged(r'msg="Listening on" address=([\d.:]+)'))

    def ask(self, path: str, **parameters: object) -> dict:
        """Return the response of the API."""
        try:
            return json.loads(services.read(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"))["data"]
        except urllib.error.HTTPError as error:
            raise ValueError(f"{parameters}: {error.read().decode()}") from error

    def value(self, expression: str) -> float | None:
        """Return the single current value of an expression, or `None`."""
        result = self.ask("query", query=expression)["result"]
        return float(result[0]["value"][1]) if len(result) == 1 else None

    def curves(self, expression: str, legend: str, begin: float, end: float) -> list[plot.Curve]:
        """Return the values of an expression over time, each series by its name, without values that are not numbers."""
        step = max(1.0, (end - begin) / 250)
        found = self.ask("query_range", query=expression, start=begin, end=end, step=step)["result"]
        named = [(series_name(legend, series["metric"]), series["values"]) for series in found]
        return [plot.Curve(name, [(at, float(value)) for at, value in values if math.isfinite(float(value))]) for name, values in named]


def series_name(legend: str, labels: dict[str, str]) -> str:
    """Return the legend with the values of its labels."""
    for label, value in labels.items():
        legend = legend.replace("{{" + label + "}}", value)
    return legend


def panels_of_the_dashboard() -> list[dict]:
    """Return the dashboard's panels, with the variables replaced by the values of the demo."""
    text = (MONITORING / "dashboard.json").read_text()
    for variable, value in (("$__rate_interval", RATE_WINDOW), ("$job", "envoy"), ("$instance", ".*")):
        text = text.replace(variable, value)
    return json.loads(text)["panels"]


def drawn(prometheus: Prometheus, title: str, begin: float, end: float, marks: list[tuple[float, float, str]] | None = None) -> plot.Picture:
    """Return the time series of the dashboard; with marks, as in the picture for the documents, only those that change."""
    panels = []
    for panel in panels_of_the_dashboard():
        if panel["type"] != "timeseries" or (marks and panel["title"] in IDLE_IN_THE_DEMO):
            continue
        colors = {each["matcher"]["options"]: plot.NAMED[each["properties"][0]["value"]["fixedColor"]] for each in panel["fieldConfig"]["overrides"]}
        defaults = panel["fieldConfig"]["defaults"]
        curves = [curve for target in panel["targets"] for curve in prometheus.curves(target["expr"], target["legendFormat"], begin, end)]
        panels.append(plot.Panel(
            panel["title"], defaults["unit"], [plot.Curve(curve.name, curve.points, colors.get(curve.name, "")) for curve in curves],
            "stacking" in defaults["custom"], link(prometheus.url, panel["targets"]),
        ))
    return plot.Picture(title, panels, begin, end, marks or [])


def link(url: str, targets: list[dict]) -> str:
    """Return the address of Prometheus' own graph for the queries of a panel."""
    tabs = {f"g{number}.{key}": value for number, target in enumerate(targets) for key, value in (("expr", target["expr"]), ("tab", 0), ("range_input", "5m"))}
    return f"{url}/graph?{urllib.parse.urlencode(tabs)}"


def faults(prometheus: Prometheus, begin: float, end: float) -> list[str]:
    """Return the faults of the dashboard, the rules or the relabelling."""
    found = []
    for panel in panels_of_the_dashboard():
        for target in panel["targets"]:
            values = [value for curve in prometheus.curves(target["expr"], target["legendFormat"], begin, end) for _, value in curve.points]
            if not values:
                found.append(f"{panel['title']}: no data for {target['expr']}")
        values = [value for target in panel["targets"] for curve in prometheus.curves(target["expr"], "", begin, end) for _, value in curve.points]
        if panel["title"] not in IDLE_IN_THE_DEMO and not any(values):
            found.append(f"{panel['title']}: nothing but zeros")
    for group in prometheus.ask("rules")["groups"]:
        found += [f"{rule['name']}: {rule['lastError']}" for rule in group["rules"] if rule["health"] != "ok"]
    for expression, expected in RENAMED.items():
        selector = expression.replace("}", ', job="renamed"}') if "{" in expression else expression + '{job="renamed"}'
        if (value := prometheus.value(selector)) != expected:
            found.append(f"relabelling: {selector} is {value}, not {expected}")
    return found


def serve(answer: object) -> http.server.ThreadingHTTPServer:
    """Start an HTTP server on a port of the loopback that responds to each GET with the result of a function."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, body = answer()
            self.send_response(200)
            self.send_header("content-type", kind)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def page(prometheus: Prometheus, since: float) -> tuple[str, str]:
    """Return a page with the panels of the last five minutes, which reloads itself."""
    end = time.time()
    picture = drawn(prometheus, "envoy-cognito-jwt, the demo; a title leads to its queries in Prometheus", max(since, end - 300), end)
    return "text/html; charset=utf-8", f"<!doctype html><meta http-equiv=refresh content=5><title>envoy-cognito-jwt</title>{picture.svg()}"


PHASES = (("usual traffic", 50), ("a wave of forgeries", 40), ("usual traffic", 20), ("Cognito does not answer", 40), ("usual traffic", 30))
"""The phases in the picture, and how many seconds each lasts."""


def play(traffic: Traffic, cognito: services.Service, seconds: float) -> list[tuple[float, float, str]]:
    """Run all phases within `seconds`. Returns the times of the unusual ones."""
    marks = []
    total = sum(length for _, length in PHASES)
    for name, length in PHASES:
        began = time.time()
        traffic.attack = "forgeries" in name
        traffic.can_sign_in = "not answer" not in name
        cognito.process.send_signal(signal.SIGCONT if traffic.can_sign_in else signal.SIGSTOP)
        print(f"  {name}, {seconds * length / total:.0f} s", flush=True)
        time.sleep(seconds * length / total)
        if traffic.attack or not traffic.can_sign_in:
            marks.append((began, time.time(), name))
    return marks


def run(folder: Path, module: Path, running: list[services.Service], options: argparse.Namespace) -> int:
    """Start everything, then test, draw or keep running."""
    heading("Starting")
    cognito, cognito_port = services.start_cognito(folder)
    running.append(cognito)
    app, app_port = services.start_echo(folder)
    running.append(app)
    jwks = '"jwks": { "cluster": "cognito" }'
    configuration = services.demo_configuration(app_port, cognito_port, module)
    assert configuration.count(jwks) == 1
    # Keys are fetched every few seconds, so that the panels change.
    configuration = configuration.replace(jwks, f'"jwks": {{ "cluster": "cognito", "ttl_seconds": {KEYS_TTL_SECONDS}, "timeout_ms": 1000 }}')
    envoy, front, admin = services.start_envoy(folder, configuration)
    running.append(envoy)
    other = serve(lambda: ("text/plain; version=0.0.4", OTHER_NAMES))
    prometheus = Prometheus(folder, admin, f"127.0.0.1:{other.server_port}")
    running.append(prometheus.service)
    print(f"  Envoy       {front}   {dim('admin ' + admin)}\n  Prometheus  {prometheus.url}")
    since = time.time()
    traffic = Traffic(front, f"http://127.0.0.1:{cognito_port}")
    if not (options.test or options.picture):
        return stay(prometheus, since)
    heading("Traffic")
    marks = play(traffic, cognito, options.seconds)
    end = time.time()
    traffic.stop()
    wrong = faults(prometheus, since, end)
    for line in wrong:
        print(red(f"  {line}"))
    if options.picture:
        Path(options.picture).write_text(drawn(prometheus, "The dashboard's panels, from the demo under traffic", since, end, marks).svg())
    if not wrong:
        queries = sum(len(panel["targets"]) for panel in panels_of_the_dashboard())
        print(green(f"\nAll {queries} queries of {len(panels_of_the_dashboard())} panels have data, all rules are evaluated, all metrics have one name."))
    return 1 if wrong else 0


def stay(prometheus: Prometheus, since: float) -> int:
    """Print the addresses of the pages, and wait for Ctrl-C."""
    server = serve(lambda: page(prometheus, since))
    heading("Pages")
    print(f"  {bold(f'http://127.0.0.1:{server.server_port}/')}   the panels, redrawn every five seconds")
    print(f"  {prometheus.url}/api/v1/alerts   the alerts that fire\n  {prometheus.url}/api/v1/rules    all alerts")
    if not has_interface(prometheus):
        print(dim("  This Prometheus has no web interface (Debian's package has one only when it is installed), so these addresses return JSON:"))
    for panel in panels_of_the_dashboard():
        print(f"\n  {panel['title']}")
        for target in panel["targets"]:
            where = link(prometheus.url, [target]) if has_interface(prometheus) else f"{prometheus.url}/api/v1/query?{urllib.parse.urlencode({'query': target['expr']})}"
            print(f"    {target['legendFormat']:<24} {dim(where)}")
    print(bold("\nPress Ctrl-C to end the demo."))
    prometheus.service.process.wait()
    return 1


def has_interface(prometheus: Prometheus) -> bool:
    """Return whether this Prometheus has its web interface."""
    try:
        return bool(services.read(f"{prometheus.url}/graph"))
    except OSError:
        return False


def main() -> int:
    """Parse the arguments and run the demo."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--test", action="store_true", help="ask every query and end")
    arguments.add_argument("--picture", metavar="FILE", help="draw the panels into this SVG file and end")
    arguments.add_argument("--seconds", type=float, help="how long there is traffic before that")
    options = arguments.parse_args()
    options.seconds = options.seconds or (180 if options.picture else 45)
    return frame.run("monitoring", lambda folder, module, running: run(folder, module, running, options))


if __name__ == "__main__":
    sys.exit(main())
