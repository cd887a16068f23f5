"""Envoy's configuration around the filter under test, as plain data."""

import json
from dataclasses import dataclass

from .host import handed_over, native_filter, wasm_filter

ADDRESS = "127.0.0.1"
HCM = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"

ACCESS_LOG_FIELDS = {
    "id": "%REQ(X-E2E)%",
    "status": "%RESPONSE_CODE%",
    "details": "%RESPONSE_CODE_DETAILS%",
    "decision": "%FILTER_STATE(wasm.cognito_decision:PLAIN)%",
    "sub": "%FILTER_STATE(wasm.cognito_sub:PLAIN)%",
    "client_id": "%FILTER_STATE(wasm.cognito_client_id:PLAIN)%",
    # What `identity.filter_state` may ask for.
    "tenant": "%FILTER_STATE(wasm.cognito_tenant:PLAIN)%",
    "listener": "%FILTER_CHAIN_NAME%",
}


@dataclass(frozen=True)
class Plugin:
    """One instance of the filter: its module, its configuration and how the host is to run it."""

    configuration: dict | str
    module: str
    """the file: a Wasm module, or a native library, which has no VM and nothing of what is about one"""
    form: str = "string"
    """`string`: JSON in a `StringValue`; `struct`: a `google.protobuf.Struct`"""
    name: str = "cognito"
    vm_id: str = "cognito"
    failure_policy: str = "FAIL_RELOAD"
    stop_iteration: bool = False
    """Envoy's `allow_on_headers_stop_iteration`: a paused request's body goes to the filter"""

    def http_filter(self) -> dict:
        """The entry in `http_filters`."""
        text = self.configuration if isinstance(self.configuration, str) else json.dumps(self.configuration)
        configuration = handed_over(self.configuration, text, self.form)
        if self.module.endswith(".so"):
            return native_filter(self.module, configuration, self.name)
        stop = {"allow_on_headers_stop_iteration": True} if self.stop_iteration else {}
        return wasm_filter(self.module, configuration, self.name, self.vm_id, failure_policy=self.failure_policy, **stop)


ROUTER = {
    "name": "envoy.filters.http.router",
    "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"},
}


@dataclass(frozen=True)
class Door:
    """A listener with its filters and routes; its port is picked by the kernel."""

    filters: tuple[dict, ...] = ()
    name: str = "door"
    routes: tuple[dict, ...] = ()
    max_headers: int | None = None
    """how many headers a request may have, in up to 8 MiB; `None`: Envoy's default, 100 in 60 KiB"""

    def listener(self, access_log: str) -> dict:
        """The listener as Envoy reads it."""
        routes = list(self.routes) or [route("everything")]
        manager = {
            "@type": HCM,
            "stat_prefix": self.name,
            "codec_type": "AUTO",
            "route_config": {"name": self.name, "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}]},
            "upgrade_configs": [{"upgrade_type": "websocket"}],
            "http_protocol_options": {"enable_trailers": True},
            "http_filters": [*self.filters, ROUTER],
            **({"common_http_protocol_options": {"max_headers_count": self.max_headers}, "max_request_headers_kb": 8192} if self.max_headers else {}),
            "access_log": [
                {
                    "name": "envoy.access_loggers.file",
                    "typed_config": {
                        "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
                        "path": access_log,
                        "log_format": {"json_format": ACCESS_LOG_FIELDS},
                    },
                }
            ],
        }
        return {
            "name": self.name,
            "address": {"socket_address": {"address": ADDRESS, "port_value": 0}},
            "filter_chains": [
                {"name": self.name, "filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
            ],
        }


def route(name: str, match: dict | None = None, metadata: dict | None = None) -> dict:
    """A route to the upstream; `metadata` goes under the name `cognito`."""
    entry = {"name": name, "match": match or {"prefix": "/"}, "route": {"cluster": "upstream", "timeout": "30s"}}
    if metadata is not None:
        entry["metadata"] = {"filter_metadata": {"cognito": metadata}}
    return entry


def cluster(name: str, port: int) -> dict:
    """A cluster of one local server."""
    endpoint = {"endpoint": {"address": {"socket_address": {"address": ADDRESS, "port_value": port}}}}
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "2s",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                "explicit_http_config": {"http_protocol_options": {"enable_trailers": True}},
            }
        },
        # The tests open more connections at once than the default of 1,024 allows.
        "circuit_breakers": {"thresholds": [{"max_connections": 5000, "max_pending_requests": 5000, "max_requests": 5000}]},
    }


def bootstrap(
    doors: tuple[Door, ...],
    clusters: dict[str, int | dict],
    access_log: str,
    lds_path: str | None = None,
    secrets: tuple[dict, ...] = (),
    runtime: dict[str, object] | None = None,
) -> dict:
    """The whole file. With `lds_path` the listeners are read from there, and read again when it is replaced.

    A cluster is the port of a local server, or written out.
    """
    written_out = [cluster(name, how) if isinstance(how, int) else how for name, how in clusters.items()]
    config = {
        "admin": {"address": {"socket_address": {"address": ADDRESS, "port_value": 0}}},
        "node": {"id": "e2e", "cluster": "e2e"},
        "static_resources": {"clusters": written_out, "secrets": list(secrets)},
    }
    if runtime:
        config["layered_runtime"] = {"layers": [{"name": "static", "static_layer": runtime}]}
    if lds_path:
        config["dynamic_resources"] = {"lds_config": {"path_config_source": {"path": lds_path}}}
    else:
        config["static_resources"]["listeners"] = [door.listener(access_log) for door in doors]
    return config


def discovery_response(doors: tuple[Door, ...], access_log: str, version: str) -> dict:
    """The file that file-based LDS reads."""
    kind = "type.googleapis.com/envoy.config.listener.v3.Listener"
    return {"version_info": version, "resources": [{"@type": kind, **door.listener(access_log)} for door in doors]}
