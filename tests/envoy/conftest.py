"""Fixtures: an Envoy per configuration and test module, with its upstream and key server."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.servers import KeyServer, Upstream
from support.stage import Stages
from support.tokens import Pool, signing_key

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


@pytest.fixture(scope="session")
def wasm_panic() -> str:
    """The same module, built so that it panics on a request with the header `x-test-panic`."""
    return built("WASM_PANIC", "dist/test/envoy_cognito_jwt-panic.wasm")


@pytest.fixture(scope="session")
def wasm_poison() -> str:
    """A hostile plugin that reads and overwrites shared data (`tests/envoy/poison`)."""
    return built("WASM_POISON", "dist/test/poison.wasm")


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
