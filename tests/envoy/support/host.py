"""The two hosts of the filter: a Wasm module, or a native library. The environment variable `HOST` chooses; `wasm` is the default."""

import os
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
STRING_VALUE = "type.googleapis.com/google.protobuf.StringValue"
STRUCT = "type.googleapis.com/google.protobuf.Struct"


@dataclass(frozen=True)
class Host:
    """How Envoy runs the filter, and where it shows what the filter says."""

    name: str
    metric_prefix: str
    """what stands in front of the names of metrics"""
    log_mark: str
    """what stands in each line of Envoy's log that is the filter's"""
    logger: str
    """Envoy's logger for them"""
    default: str
    """where `make` puts the module"""
    trap: str
    """where `make` puts the one that panics on demand"""
    variable: str
    """the environment variable with the module's path"""
    target: str
    """the task that builds it"""

    @property
    def metric_root(self) -> str:
        """The first word of the names of metrics."""
        return self.metric_prefix.split(".")[0]


WASM = Host(
    "wasm", "wasmcustom.cognito_jwt.", "wasm log", "wasm",
    "dist/envoy_cognito_jwt.wasm", "dist/test/envoy_cognito_jwt-trap.wasm", "WASM", "wasm",
)
NATIVE = Host(
    "native", "dynamicmodulescustom.cognito_jwt.", "[dynamic_modules]", "dynamic_modules",
    "dist/libenvoy_cognito_jwt.so", "dist/test/libenvoy_cognito_jwt-trap.so", "NATIVE", "native",
)

# Some shells keep the machine's name in `HOST`.
HOST = NATIVE if os.environ.get("HOST") == "native" else WASM


def module_path(variable: str, default: str) -> Path:
    """Where a built module is."""
    return Path(os.environ.get(variable, REPOSITORY / default)).resolve()


def handed_over(configuration: dict | str, text: str, form: str) -> dict:
    """The configuration as `Any`."""
    if form == "struct":
        return {"@type": STRUCT, "value": configuration}
    return {"@type": STRING_VALUE, "value": text}


def wasm_filter(module: str, configuration: dict, name: str, vm_id: str, **more: object) -> dict:
    """The entry in `http_filters` for the Wasm module."""
    return {
        "name": "envoy.filters.http.wasm",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
            "config": {
                "name": name,
                "root_id": name,
                **more,
                "configuration": configuration,
                "vm_config": {"vm_id": vm_id, "runtime": "envoy.wasm.runtime.v8", "code": {"local": {"filename": module}}},
            },
        },
    }


def native_filter(module: str, configuration: dict, name: str) -> dict:
    """The entry in `http_filters` for the native library."""
    return {
        "name": "envoy.filters.http.dynamic_modules",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.dynamic_modules.v3.DynamicModuleFilter",
            "dynamic_module_config": {"module": {"local": {"filename": module}}, "do_not_close": True},
            "filter_name": name,
            "filter_config": configuration,
        },
    }
