"""Validates manifests against custom resource definitions as an API server with `fieldValidation: Strict` does.

Unknown fields, types, patterns, enums and required fields are checked by `jsonschema`, the rules in CEL
(`x-kubernetes-validations`) by `cel`, after the schema's defaults were filled in, as the API server does.
"""

import copy
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import cel
import jsonschema
import yaml

TYPE_AND_METADATA = {
    "apiVersion": {"type": "string"},
    "kind": {"type": "string"},
    "metadata": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
}
"""What the API server adds to every schema; `metadata_faults` checks the last."""

METADATA = {"name": str, "namespace": str, "labels": dict, "annotations": dict}
"""The members of ObjectMeta that a manifest of ours may have."""


class Definitions:
    """The custom resource definitions of some files."""

    def __init__(self, *paths: Path) -> None:
        self._versions: dict[tuple[str, str], dict] = {}
        for path in paths:
            for document in yaml.safe_load_all(path.read_text()):
                if document:
                    spec = document["spec"]
                    for version in spec["versions"]:
                        name = (f"{spec['group']}/{version['name']}", spec["names"]["kind"])
                        self._versions[name] = version["schema"]["openAPIV3Schema"]

    def faults(self, manifest: dict) -> list[str]:
        """All that an API server would refuse the manifest for."""
        schema = self._versions.get((manifest.get("apiVersion", ""), manifest.get("kind", "")))
        if schema is None:
            return [f"no such kind: {manifest.get('apiVersion')} {manifest.get('kind')}"]
        found = metadata_faults(manifest.get("metadata"))
        schema = {**schema, "properties": {**schema["properties"], **TYPE_AND_METADATA}}
        validator = jsonschema.Draft202012Validator(strict(schema))
        found += [f"{place(error.absolute_path)}: {error.message[:300]}" for error in validator.iter_errors(manifest)]
        return found or list(broken_rules(schema, with_defaults(schema, manifest), []))


def metadata_faults(metadata: object) -> list[str]:
    """What is wrong with a manifest's metadata."""
    if not isinstance(metadata, dict) or "name" not in metadata:
        return ["metadata.name: missing"]
    wrong = [name for name, value in metadata.items() if not isinstance(value, METADATA.get(name, ()))]
    texts = [*metadata.get("labels", {}).items(), *metadata.get("annotations", {}).items()]
    return [f"metadata.{name}: unknown, or of another type" for name in wrong] + [f"metadata: {key}: must be a string" for key, value in texts if not isinstance(value, str)]


def strict(schema: dict) -> dict:
    """The structural schema as JSON Schema in which every unknown member is an error."""
    plain = {key: value for key, value in schema.items() if not key.startswith("x-kubernetes-") and key not in ("default", "format", "nullable", "description")}
    if "properties" in schema:
        plain["properties"] = {name: strict(member) for name, member in schema["properties"].items()}
    if isinstance(schema.get("additionalProperties"), dict):
        plain["additionalProperties"] = strict(schema["additionalProperties"])
    elif schema.get("type") == "object" and not schema.get("x-kubernetes-preserve-unknown-fields"):
        plain.setdefault("additionalProperties", False)
    if "items" in schema:
        plain["items"] = strict(schema["items"])
    if schema.get("x-kubernetes-int-or-string"):
        plain["type"] = ["integer", "string"]
    if schema.get("nullable"):
        return {"anyOf": [{"type": "null"}, plain]}
    return plain


def with_defaults(schema: dict, value: object) -> object:
    """The value with what the schema fills in."""
    if isinstance(value, dict):
        filled = dict(value)
        for name, member in schema.get("properties", {}).items():
            if name not in filled and "default" in member:
                filled[name] = copy.deepcopy(member["default"])
        members = schema.get("properties", {})
        other = schema["additionalProperties"] if isinstance(schema.get("additionalProperties"), dict) else {}
        return {name: with_defaults(members.get(name, other), each) for name, each in filled.items()}
    if isinstance(value, list):
        return [with_defaults(schema.get("items", {}), each) for each in value]
    return value


def broken_rules(schema: dict, value: object, path: list) -> Iterator[str]:
    """The CEL rules that do not hold, here and below. Rules about a change (`oldSelf`) do not apply to a new object."""
    for rule in schema.get("x-kubernetes-validations", []):
        if "oldSelf" in rule["rule"]:
            continue
        if not holds(rule["rule"], value):
            yield f"{place(path)}: {rule.get('message', rule['rule'])}"
    if isinstance(value, dict):
        other = schema["additionalProperties"] if isinstance(schema.get("additionalProperties"), dict) else {}
        for name, each in value.items():
            yield from broken_rules(schema.get("properties", {}).get(name, other), each, [*path, name])
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from broken_rules(schema.get("items", {}), each, [*path, index])


def holds(rule: str, value: object) -> bool:
    """Evaluates a rule, with those functions of Kubernetes that CEL itself lacks."""
    context = cel.Context(variables={"self": value})
    context.add_function("isURL", is_url)
    context.add_function("url", str)
    context.add_function("getScheme", lambda url: urllib.parse.urlsplit(url).scheme)
    return cel.evaluate(rule, context)


def is_url(text: str) -> bool:
    """As Kubernetes defines it: absolute, or a path from the root."""
    parts = urllib.parse.urlsplit(text)
    return bool(parts.scheme and parts.netloc) or text.startswith("/")


def place(path: list) -> str:
    """Where in a manifest."""
    return ".".join(map(str, path)) or "the manifest"
