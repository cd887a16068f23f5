"""Fixtures: an Envoy per configuration and test module, with its upstream and key server."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.host import HOST, REPOSITORY, module_path
from support.servers import KeyServer, Upstream
from support.stage import Stages
from support.tokens import Pool, signing_key
from support.tool import Tool

# For the package `demo`; it finds the emulator of Cognito beside this interpreter's environment.
sys.path.append(str(REPOSITORY))
os.environ.setdefault("TOOLS", str(Path(sys.prefix).parent))


def built(variable: str, default: str) -> str:
    """A built module; a missing one is an error, never a skipped test."""
    path = module_path(variable, default)
    if not path.is_file():
        pytest.fail(f"{path} is missing: run `make {HOST.target}`, or set {variable}", pytrace=False)
    return str(path)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is about one host alone is skipped on the other, with the reason."""
    for item in items:
        only = item.get_closest_marker("only_on")
        if only and only.args[0] != HOST.name:
            item.add_marker(pytest.mark.skip(reason=f"only on the {only.args[0]} host: {only.args[1]}"))


@pytest.fixture(scope="session")
def module() -> str:
    """The module of the host under test, as it ships."""
    return built(HOST.variable, HOST.default)


@pytest.fixture(scope="session")
def wasm() -> str:
    """The Wasm module as it ships."""
    return built("WASM", "dist/envoy_cognito_jwt.wasm")


@pytest.fixture(scope="session")
def wasm_module_crypto() -> str:
    """The same module, built so that it never asks the host to verify a signature."""
    return built("WASM_MODULE_CRYPTO", "dist/test/envoy_cognito_jwt-module-crypto.wasm")


@pytest.fixture(scope="session")
def tool() -> Tool:
    """The command-line tool."""
    path = module_path("CLI", "dist/envoy-cognito-jwt")
    if not path.is_file():
        pytest.fail(f"{path} is missing: run `make cli`, or set CLI", pytrace=False)
    return Tool(path)


@pytest.fixture(scope="session")
def trap() -> str:
    """The module of the host under test, built so that the request header `x-test-trap` makes it trap, or panic."""
    return built(f"{HOST.variable}_TRAP", HOST.trap)


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
def stages(module: str, upstream: Upstream, key_server: KeyServer) -> Iterator[Stages]:
    """Starts Envoys for this module and ends them after it."""
    started = Stages(module, upstream, key_server)
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
def own_stages(module: str, own_upstream: Upstream, own_key_server: KeyServer) -> Iterator[Stages]:
    """Starts Envoys for one test, with servers of their own."""
    started = Stages(module, own_upstream, own_key_server)
    yield started
    started.close()
