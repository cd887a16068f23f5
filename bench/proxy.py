"""An Envoy as people run it: no debug log, no access log, a route that answers by itself."""

import json
import os
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from support.bootstrap import ADDRESS, HCM, ROUTER, cluster
from support.envoy import envoy_binary
from support.process import resident_bytes, threads_named

START_SECONDS = 60.0
DRAIN_SECONDS = 10
"""how long connections of a replaced listener may live on; longer than any request waits"""
DIRECT_RESPONSE = {"match": {"prefix": "/"}, "direct_response": {"status": 200, "body": {"inline_string": "ok\n"}}}


class Proxy:
    """A running Envoy with a listener ("door") for each chain of filters; ports are picked by the kernel. With `updates` the listeners can be
    replaced while it runs, and Envoy asks the clients of replaced ones at once to reconnect."""

    def __init__(
        self,
        doors: dict[str, Iterable[dict]],
        workers: int = 1,
        cores: set[int] | None = None,
        route: dict = DIRECT_RESPONSE,
        clusters: dict[str, int] | None = None,
        updates: bool = False,
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="cognito-bench-")
        folder = Path(self._folder.name)
        self.log_path = folder / "envoy.log"
        self._admin_path = folder / "admin"
        config = folder / "envoy.json"
        self._lds_path, self._lds_version, self._route = folder / "lds.json", 0, route
        bootstrap: dict = {
            "node": {"id": "bench", "cluster": "bench"},
            "admin": {"address": {"socket_address": {"address": ADDRESS, "port_value": 0}}},
            "static_resources": {"clusters": [cluster(name, port) for name, port in (clusters or {}).items()]},
        }
        if updates:
            self.update(doors)
            bootstrap["dynamic_resources"] = {"lds_config": {"path_config_source": {"path": str(self._lds_path)}}}
        else:
            bootstrap["static_resources"]["listeners"] = [listener(name, [*filters], route) for name, filters in doors.items()]
        config.write_text(json.dumps(bootstrap))
        began = time.monotonic()
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    envoy_binary(), "-c", str(config), "--concurrency", str(workers), "--disable-hot-restart",
                    "--admin-address-path", str(self._admin_path), "--log-level", "warn",
                    *(["--drain-time-s", str(DRAIN_SECONDS), "--drain-strategy", "immediate"] if updates else []),
                ],
                stdout=log, stderr=subprocess.STDOUT, preexec_fn=lambda: os.sched_setaffinity(0, cores) if cores else None,
            )
        try:
            self._await_doors(len(doors))
        except BaseException:
            self.close()
            raise
        self.ready_seconds = time.monotonic() - began
        """from the start of the process to the first answer of every door"""

    def update(self, doors: dict[str, Iterable[dict]]) -> None:
        """Replace the listeners by these. Envoy takes them over soon after."""
        self._lds_version += 1
        kind = "type.googleapis.com/envoy.config.listener.v3.Listener"
        resources = [{"@type": kind, **listener(name, [*filters], self._route)} for name, filters in doors.items()]
        fresh = self._lds_path.with_suffix(".new")
        fresh.write_text(json.dumps({"version_info": str(self._lds_version), "resources": resources}))
        os.replace(fresh, self._lds_path)

    def updates(self) -> dict[str, int]:
        """How many updates of the listeners Envoy accepted and refused."""
        found = json.loads(self.admin("/stats?format=json&filter=lds.update_(success%7Crejected)"))["stats"]
        return {entry["name"].rpartition("_")[2]: entry["value"] for entry in found if "name" in entry}

    def threads(self, name: str) -> int:
        """How many threads of the process have this name."""
        return threads_named(self.process.pid, name)

    def url(self, door: str, path: str = "/") -> str:
        """Where a door answers."""
        return f"http://{ADDRESS}:{self.ports[door]}{path}"

    def admin(self, path: str) -> str:
        """An answer of the admin interface."""
        with urllib.request.urlopen(f"http://{self._admin}{path}", timeout=10) as answer:
            return answer.read().decode()

    def counters(self) -> dict[str, int]:
        """The filter's metrics without their prefix, added up over both hosts."""
        found = json.loads(self.admin("/stats?format=json&filter=^(wasm%7Cdynamicmodules)custom%5C.cognito_jwt"))["stats"]
        added: Counter[str] = Counter()
        for entry in found:
            if "name" in entry:
                added[entry["name"].partition(".cognito_jwt.")[2]] += entry["value"]
        return added

    def vm_failures(self) -> dict[str, int]:
        """Reloads and failures of VMs that Envoy counted."""
        found = json.loads(self.admin("/stats?format=json&filter=vm_reload%7Cvm_failed%7Cruntime_error"))["stats"]
        return {entry["name"]: entry["value"] for entry in found if entry.get("value")}

    def memory(self) -> int:
        """Resident memory of the process in bytes."""
        return resident_bytes(self.process.pid)

    def cpu_seconds(self) -> float:
        """Processor time that the process took so far, all threads."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def log(self) -> str:
        """What Envoy said."""
        return self.log_path.read_text(errors="replace")

    def close(self) -> None:
        """End the process."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        self._folder.cleanup()

    def __enter__(self) -> "Proxy":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- inside ----------------------------------------------------------------------------------------------

    def _await_doors(self, count: int) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self._answers(count):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Envoy did not start:\n{self.log()[-3000:]}")
            time.sleep(0.002)

    def _answers(self, count: int) -> bool:
        if not self._admin_path.exists() or not (address := self._admin_path.read_text().strip()):
            return False
        self._admin = address
        try:
            listeners = json.loads(self.admin("/listeners?format=json")).get("listener_statuses", [])
            self.ports = {entry["name"]: entry["local_address"]["socket_address"]["port_value"] for entry in listeners}
            return len(self.ports) == count and all(any_answer(self.url(door)) for door in self.ports)
        except OSError:
            return False


def any_answer(url: str) -> bool:
    """Whether anything is answered there, a refusal too; `OSError` if nobody is there."""
    try:
        urllib.request.urlopen(url, timeout=10).close()
    except urllib.error.HTTPError as refusal:
        refusal.close()
        return refusal.code != 503
    return True


def listener(name: str, filters: list[dict], route: dict) -> dict:
    """A listener with these filters in front of the route."""
    manager = {
        "@type": HCM,
        "stat_prefix": name,
        "route_config": {"name": name, "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
        "http_filters": [*filters, ROUTER],
    }
    chain = {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
    return {"name": name, "address": {"socket_address": {"address": ADDRESS, "port_value": 0}}, "filter_chains": [chain]}
