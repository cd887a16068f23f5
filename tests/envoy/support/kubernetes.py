"""What Istio and Envoy Gateway make of our manifests in the proxy's configuration."""

import json
from dataclasses import dataclass

from .bootstrap import Door
from .host import STRING_VALUE

PER_ROUTE = "type.googleapis.com/envoy.config.route.v3.FilterConfig"


@dataclass(frozen=True)
class Manifests:
    """The documents of one file."""

    documents: tuple[dict, ...]

    def only(self, kind: str) -> dict:
        """The one document of a kind."""
        (found,) = [document for document in self.documents if document["kind"] == kind]
        return found

    @property
    def is_istio(self) -> bool:
        """Whether the file is for Istio; otherwise it is for Envoy Gateway."""
        return any(document["kind"] == "WasmPlugin" for document in self.documents)

    @property
    def configuration(self) -> dict:
        """The filter's configuration."""
        if self.is_istio:
            return self.only("WasmPlugin")["spec"]["pluginConfig"]
        (plugin,) = self.only("EnvoyExtensionPolicy")["spec"]["wasm"]
        return plugin["config"]

    def door(self, configuration: dict, wasm: str) -> Door:
        """The listener that the file leads to, with another configuration of the filter."""
        shape = IstioDoor if self.is_istio else GatewayDoor
        return shape(name="front", manifests=self, configuration=configuration, wasm=wasm)


def http_filter(name: str, configuration: dict, wasm: str, vm_id: str, failure_policy: str) -> dict:
    """Both hand the configuration over as JSON in a StringValue."""
    config = {
        "name": name,
        "failure_policy": failure_policy,
        "configuration": {"@type": STRING_VALUE, "value": json.dumps(configuration, separators=(",", ":"))},
        "vm_config": {"vm_id": vm_id, "runtime": "envoy.wasm.runtime.v8", "code": {"local": {"filename": wasm}}},
    }
    return {"typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm", "config": config}}


@dataclass(frozen=True)
class ManifestDoor(Door):
    """A listener of one of the two."""

    manifests: Manifests = Manifests(())
    configuration: dict = None
    wasm: str = ""

    def listener(self, access_log: str) -> dict:
        """A listener of the tests with the filter and the settings of the manifests."""
        listener = super().listener(access_log)
        manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
        route = manager["route_config"]["virtual_hosts"][0]["routes"][0]
        route["route"]["cluster"] = "app"
        self.add_filter(manager, route)
        self.add_settings(listener, manager)
        return listener

    def add_filter(self, manager: dict, route: dict) -> None:
        """Put the filter into the chain."""
        raise NotImplementedError

    def add_settings(self, listener: dict, manager: dict) -> None:
        """Set what the manifests set beside the filter."""
        raise NotImplementedError


class IstioDoor(ManifestDoor):
    """Istio: the plugin's name is that of the object, all plugins share the empty vm_id, EnvoyFilters are merged."""

    def add_filter(self, manager: dict, route: dict) -> None:
        plugin = self.manifests.only("WasmPlugin")
        name = f"{plugin['metadata']['namespace']}.{plugin['metadata']['name']}"
        policy = {"FAIL_RELOAD": "FAIL_RELOAD", "FAIL_CLOSE": "FAIL_CLOSED"}[plugin["spec"]["failStrategy"]]
        manager["http_filters"].insert(0, {"name": name, **http_filter(name, self.configuration, self.wasm, "", policy)})

    def add_settings(self, listener: dict, manager: dict) -> None:
        for patch in self.manifests.only("EnvoyFilter")["spec"]["configPatches"]:
            value = patch["patch"]["value"]
            assert patch["patch"]["operation"] == "MERGE"
            if patch["applyTo"] == "LISTENER":
                listener.update(value)
            else:
                manager.update(value["typed_config"])


class GatewayDoor(ManifestDoor):
    """Envoy Gateway: the filter stands in the chain switched off, and each route switches it on."""

    def add_filter(self, manager: dict, route: dict) -> None:
        policy = self.manifests.only("EnvoyExtensionPolicy")
        (plugin,) = policy["spec"]["wasm"]
        path = f"envoyextensionpolicy/{policy['metadata']['namespace']}/{policy['metadata']['name']}/wasm/0"
        name = f"envoy.filters.http.wasm/{path}"
        failure = "FAIL_OPEN" if plugin["failOpen"] else "FAIL_CLOSED"
        entry = {"name": name, "disabled": True, **http_filter(plugin["name"], self.configuration, self.wasm, path, failure)}
        manager["http_filters"].insert(0, entry)
        route["typed_per_filter_config"] = {name: {"@type": PER_ROUTE, "config": {}}}

    def add_settings(self, listener: dict, manager: dict) -> None:
        spec = self.manifests.only("ClientTrafficPolicy")["spec"]
        actions = {"RejectRequest": "REJECT_REQUEST"}
        # Envoy Gateway always normalizes.
        manager["normalize_path"] = True
        manager["merge_slashes"] = not spec["path"]["disableMergeSlashes"]
        manager["path_with_escaped_slashes_action"] = actions[spec["path"]["escapedSlashesAction"]]
        manager["common_http_protocol_options"] = {"headers_with_underscores_action": actions[spec["headers"]["withUnderscoresAction"]]}
        manager["stream_idle_timeout"] = spec["timeout"]["http"]["streamIdleTimeout"]
        listener["per_connection_buffer_limit_bytes"] = {"32Ki": 32768}[spec["connection"]["bufferLimit"]]
