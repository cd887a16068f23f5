"""Starts the services of the demo: the emulator of Cognito, the upstream and Envoy, each on a port that the kernel chooses."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

PROJECT = Path(__file__).resolve().parent.parent
IS_NATIVE = os.environ.get("HOST") == "native"
"""Whether Envoy runs the native library; the Wasm module otherwise. Some shells keep the machine's name in `HOST`."""
METRICS = "dynamicmodulescustom" if IS_NATIVE else "wasmcustom"
"""The prefix of the names of the filter's metrics."""
TOOLS = Path(os.environ.get("TOOLS") or PROJECT / ".tools")
COGNITO_LOCAL = TOOLS / "node/node_modules/cognito-local"
START_SECONDS = 60.0

Found = TypeVar("Found")


class DidNotStart(Exception):
    """A service ended or did not become ready; the text contains the end of its log."""


class Service:
    """A process with its log, and an address once it is ready."""

    def __init__(self, name: str, command: list[str | Path], folder: Path, env: dict[str, str] | None = None) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        with self.log.open("wb") as log:
            # A separate session: Ctrl-C at the terminal reaches the demo only, which ends the services in order.
            self.process = subprocess.Popen(
                [str(word) for word in command], cwd=folder, env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )

    def wait_for(self, look: Callable[[], Found | None]) -> Found:
        """Wait until `look` finds something, and return it."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                found = look()
            except OSError:
                found = None
            if found:
                return found
            if self.process.poll() is not None:
                raise DidNotStart(f"{self.name} ended with {self.process.returncode}:\n{self.tail()}")
            if time.monotonic() > deadline:
                raise DidNotStart(f"{self.name} was not ready after {START_SECONDS:.0f} s:\n{self.tail()}")
            time.sleep(0.05)

    def logged(self, pattern: str) -> str | None:
        """Wait until the log matches the pattern, and return its first group."""
        found = re.search(pattern, self.log.read_text(errors="replace"))
        return found[1] if found else None

    def tail(self, lines: int = 30) -> str:
        """Return the end of the log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def stop(self) -> None:
        """End the process and wait for it."""
        if self.process.poll() is None:
            self.process.terminate()
            # A stopped process takes no other signal.
            self.process.send_signal(signal.SIGCONT)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def start_cognito(folder: Path, seed: Path = PROJECT / "demo/seed") -> tuple[Service, int]:
    """Start cognito-local with a copy of the seed (it rewrites its files at each sign-in). Returns it and its port."""
    home = folder / "cognito"
    shutil.copytree(seed, home / ".cognito")
    service = Service("cognito-local", ["node", COGNITO_LOCAL / "lib/bin/start.js"], home, {"HOST": "127.0.0.1", "PORT": "0"})
    return service, int(service.wait_for(lambda: service.logged(r"running on http://127\.0\.0\.1:(\d+)")))


def start_echo(folder: Path) -> tuple[Service, int]:
    """Start the upstream, which responds with the request that it received. Returns it and its port."""
    service = Service("app", [sys.executable, PROJECT / "demo/echo.py"], folder)
    return service, int(service.wait_for(lambda: service.logged(r"listening on [\d.]+:(\d+)")))


def start_envoy(folder: Path, configuration: str) -> tuple[Service, str, str]:
    """Start Envoy with a configuration. Returns it, the URL of its first listener and that of its admin interface."""
    config = folder / "envoy.yaml"
    config.write_text(configuration)
    admin_path = folder / "admin"
    service = Service("envoy", [
        os.environ.get("ENVOY") or TOOLS / "bin/envoy", "-c", config, "--admin-address-path", admin_path, "--disable-hot-restart", "--concurrency", "2",
        "--log-level", "warning", "--component-log-level", "dynamic_modules:info" if IS_NATIVE else "wasm:info", "--file-flush-interval-msec", "50",
    ], folder)
    admin = "http://" + service.wait_for(lambda: admin_path.exists() and admin_path.read_text().strip())
    service.wait_for(lambda: read(f"{admin}/ready").strip() == "LIVE")
    return service, "http://" + service.wait_for(lambda: first_listener(admin)), admin


def first_listener(admin: str) -> str | None:
    """Return address and port of the first listener, or nothing while it does not listen."""
    for listener in json.loads(read(f"{admin}/listeners?format=json")).get("listener_statuses", []):
        address = listener["local_address"]["socket_address"]
        return f"{address['address']}:{address['port_value']}"
    return None


def rendered(configuration: Path, replacements: dict[str, str]) -> str:
    """Return a configuration of `envoy/` with some texts replaced, of which each must occur exactly once."""
    text = configuration.read_text()
    for old, new in replacements.items():
        if text.count(old) != 1:
            raise ValueError(f"{configuration}: {old!r} is there {text.count(old)} times, not once")
        text = text.replace(old, new)
    return text


def demo_configuration(app_port: int, cognito_port: int, module: Path) -> str:
    """Return `envoy/envoy.yaml` with the addresses of this machine; nothing else is changed."""
    text = rendered(PROJECT / "envoy/envoy.yaml", {
        "address: 127.0.0.1, port_value: 9901": "address: 127.0.0.1, port_value: 0",
        "address: 0.0.0.0, port_value: 8000": "address: 127.0.0.1, port_value: 0",
        "address: app, port_value: 8080": f"address: 127.0.0.1, port_value: {app_port}",
        "address: cognito, port_value: 9229": f"address: 127.0.0.1, port_value: {cognito_port}",
        "/etc/envoy/envoy_cognito_jwt.wasm": str(module),
    })
    return with_native_filter(text, module) if IS_NATIVE else text


def with_native_filter(text: str, module: Path) -> str:
    """Return the same configuration with the native library instead of the Wasm module; the plugin's configuration is unchanged."""
    import yaml  # not at the top: the tour of envoy/compose.yaml runs in an image without packages

    whole = yaml.safe_load(text)
    manager = whole["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
    configuration = manager["http_filters"][0]["typed_config"]["config"]["configuration"]
    manager["http_filters"][0] = {
        "name": "envoy.filters.http.dynamic_modules",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.dynamic_modules.v3.DynamicModuleFilter",
            "dynamic_module_config": {"module": {"local": {"filename": str(module)}}, "do_not_close": True},
            "filter_name": "cognito",
            "filter_config": configuration,
        },
    }
    return yaml.safe_dump(whole)


def built_module(is_native: bool = IS_NATIVE) -> Path:
    """Return the path of a host's module, of the host that `HOST` names by default, as `make` passes it."""
    variable, default = ("NATIVE", "dist/libenvoy_cognito_jwt.so") if is_native else ("WASM", "dist/envoy_cognito_jwt.wasm")
    return Path(os.environ.get(variable) or PROJECT / default).absolute()


def read(url: str) -> str:
    """Return the body of the response to a GET."""
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()
