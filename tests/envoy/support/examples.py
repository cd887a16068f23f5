"""The configurations under `envoy/` as data, and as listeners of the tests."""

import copy
import json
from pathlib import Path

import yaml

from .bootstrap import Door
from .host import HOST, native_filter
from .tokens import Pool

PROJECT = Path(__file__).resolve().parents[3]
EXAMPLES = PROJECT / "envoy"
MODULE = "/etc/envoy/envoy_cognito_jwt.wasm"
WASM_FILTER = "envoy.filters.http.wasm"


def parsed(name: str) -> dict:
    """An example as data."""
    return yaml.safe_load((EXAMPLES / name).read_text())


def manager_of(document: dict) -> dict:
    """The connection manager of a whole Envoy's configuration."""
    (listener,) = document["static_resources"]["listeners"]
    return listener["filter_chains"][0]["filters"][0]["typed_config"]


def plugin_of(document: dict) -> dict:
    """How the filter is run in a whole Envoy's configuration."""
    (plugin,) = [entry for entry in manager_of(document)["http_filters"] if entry["name"] == WASM_FILTER]
    return plugin["typed_config"]["config"]


def plugin_configuration(document: dict) -> dict:
    """The filter's configuration in a whole Envoy's."""
    return json.loads(plugin_of(document)["configuration"]["value"])


def clusters_of(document: dict) -> dict[str, dict]:
    """The clusters of an example by their names."""
    return {cluster["name"]: cluster for cluster in document["static_resources"]["clusters"]}


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


class ExampleDoor(Door):
    """The listener of an example with the module of this build, on a port that the kernel picks. On the native host its filter is
    the native one with the same configuration."""

    def __init__(self, document: dict, module: str) -> None:
        document = copy.deepcopy(document)
        (listener,) = document["static_resources"]["listeners"]
        super().__init__(name=listener["name"])
        plugin = plugin_of(document)
        if HOST.name == "native":
            filters = manager_of(document)["http_filters"]
            (place,) = [place for place, entry in enumerate(filters) if entry["name"] == WASM_FILTER]
            filters[place] = native_filter(module, plugin["configuration"], plugin["name"])
        else:
            assert plugin["vm_config"]["code"] == {"local": {"filename": MODULE}}
            plugin["vm_config"]["code"]["local"]["filename"] = module
        object.__setattr__(self, "_listener", listener)

    def listener(self, access_log: str) -> dict:
        """As the example has it, but for port, module and access log."""
        listener = copy.deepcopy(self._listener)
        listener["address"]["socket_address"] = {"address": "127.0.0.1", "port_value": 0}
        (chain,) = listener["filter_chains"]
        (usual,) = Door().listener(access_log)["filter_chains"]
        chain["filters"][0]["typed_config"]["access_log"] = usual["filters"][0]["typed_config"]["access_log"]
        return listener
