"""Fixtures: an Envoy per configuration and test module, with its upstream and key server."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.bootstrap import Door, Plugin
from support.client import Header, Response, fetch
from support.config import config as usual_config
from support.envoy import Envoy
from support.servers import KeyServer, Upstream
from support.tokens import Pool, signing_key
from support.waiting import wait_until

REPOSITORY = Path(__file__).resolve().parents[2]


def built(variable: str, default: str) -> str:
    """A built module; a missing one is an error, never a skipped test."""
    path = Path(os.environ.get(variable, REPOSITORY / default)).resolve()
    if not path.is_file():
        pytest.fail(f"{path} is missing: run `make wasm`, or set {variable}", pytrace=False)
    return str(path)


@pytest.fixture(scope="session")
def wasm() -> str:
    """The module as it ships."""
    return built("WASM", "dist/envoy_cognito_jwt.wasm")


@pytest.fixture(scope="session")
def wasm_module_crypto() -> str:
    """The same module, built so that it never asks the host to verify a signature."""
    return built("WASM_MODULE_CRYPTO", "dist/test/envoy_cognito_jwt-module-crypto.wasm")


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    """The application behind the filter."""
    server = Upstream()
    yield server
    server.close()


@pytest.fixture(scope="module")
def key_server() -> Iterator[KeyServer]:
    """Cognito's key endpoint, with one key."""
    server = KeyServer([signing_key("first")])
    yield server
    server.close()


@pytest.fixture(scope="session")
def pool() -> Pool:
    """The pool that the usual configuration accepts."""
    return Pool()


class Stage:
    """An Envoy with the servers that it knows. `call` is one request; the upstream's memory starts empty with it."""

    def __init__(self, envoy: Envoy, upstream: Upstream, key_server: KeyServer) -> None:
        self.envoy = envoy
        self.upstream = upstream
        self.key_server = key_server

    def call(self, target: str | bytes = "/", *headers: Header, door: str | None = None, **how) -> Response:
        """One request from a client."""
        self.upstream.forget()
        return self.send(target, *headers, door=door, **how)

    def send(self, target: str | bytes = "/", *headers: Header, door: str | None = None, **how) -> Response:
        """Like `call`, but the upstream goes on counting."""
        return fetch(self.envoy.port_of(door) if door else self.envoy.port, target, *headers, **how)

    def await_keys(self, count: int = 1) -> None:
        """Wait until the filter has so many keys."""
        wait_until(lambda: self.envoy.counter("jwks_keys") >= count, f"{count} keys in use")


StageBuilder = Callable[..., Stage]


class Stages:
    """Starts Envoys and keeps those that are alike."""

    def __init__(self, wasm: str, upstream: Upstream, key_server: KeyServer) -> None:
        self._wasm = wasm
        self._upstream = upstream
        self._key_server = key_server
        self._kept: dict[str, Stage] = {}
        self._envoys: list[Envoy] = []

    def plugin(self, configuration: dict | str | None = None, **how) -> Plugin:
        """The filter with this configuration."""
        return Plugin(configuration if configuration is not None else usual_config(), how.pop("wasm", self._wasm), **how)

    def shared(self, configuration: dict | str | None = None, **how) -> Stage:
        """The module's Envoy with this configuration, started at its first use."""
        name = json.dumps([configuration, how], sort_keys=True, default=str)
        if name not in self._kept:
            self._kept[name] = self.fresh(configuration, **how)
        return self._kept[name]

    def fresh(self, configuration: dict | str | None = None, **how) -> Stage:
        """An Envoy of its own with one door. `how` goes to `Plugin`, but for the arguments of `behind`."""
        outer = {name: how.pop(name) for name in ("clusters", "concurrency", "lds", "key_server") if name in how}
        routes = tuple(how.pop("routes", ()))
        return self.behind(Door((self.plugin(configuration, **how).http_filter(),), routes=routes), **outer)

    def behind(self, *doors: Door, clusters: dict[str, int] | None = None, key_server: KeyServer | None = None, **how) -> Stage:
        """An Envoy with these doors; `clusters` adds to, or with port 0 takes away from, upstream and key server."""
        keys = key_server or self._key_server
        known = {"upstream": self._upstream.port, "cognito": keys.port} | (clusters or {})
        envoy = Envoy(tuple(doors), {name: port for name, port in known.items() if port}, **how)
        self._envoys.append(envoy)
        return Stage(envoy, self._upstream, keys)

    def discard(self, stage: Stage) -> None:
        """End an Envoy before the module does, and check it."""
        self._envoys.remove(stage.envoy)
        stage.envoy.close()

    def close(self, since: int = 0) -> None:
        """End all Envoys started after the first `since`; each is checked, the first failure is told."""
        ending, self._envoys = self._envoys[since:], self._envoys[:since]
        failures = []
        for envoy in ending:
            try:
                envoy.close()
            except AssertionError as failure:
                failures.append(failure)
        if failures:
            raise failures[0]


@pytest.fixture(scope="module")
def stages(wasm: str, upstream: Upstream, key_server: KeyServer) -> Iterator[Stages]:
    """Starts Envoys for this module and ends them after it."""
    started = Stages(wasm, upstream, key_server)
    yield started
    started.close()


@pytest.fixture
def own_upstream() -> Iterator[Upstream]:
    """An upstream for one test."""
    server = Upstream()
    yield server
    server.close()


@pytest.fixture
def own_key_server() -> Iterator[KeyServer]:
    """A key server for one test, with one key."""
    server = KeyServer([signing_key("first")])
    yield server
    server.close()


@pytest.fixture
def own_stages(wasm: str, own_upstream: Upstream, own_key_server: KeyServer) -> Iterator[Stages]:
    """Starts Envoys for one test, with servers of their own."""
    started = Stages(wasm, own_upstream, own_key_server)
    yield started
    started.close()
