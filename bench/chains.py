"""The filter chains that are compared. All that check tokens accept the same ones and put the same two claims into headers."""

import json
import os
from pathlib import Path

from support.bootstrap import Plugin
from support.servers import jwks
from support.tokens import Pool, unb64

PROJECT = Path(__file__).resolve().parents[1]
WASM = Path(os.environ.get("WASM", PROJECT / "dist/envoy_cognito_jwt.wasm"))
WASM_MODULE_CRYPTO = Path(os.environ.get("WASM_MODULE_CRYPTO", PROJECT / "dist/test/envoy_cognito_jwt-module-crypto.wasm"))
NATIVE = Path(os.environ.get("NATIVE", PROJECT / "dist/libenvoy_cognito_jwt.so"))
HOSTS = {"native": NATIVE, "Wasm": WASM}
WASM_NOOP = Path(os.environ.get("WASM_NOOP", PROJECT / "dist/test/noop.wasm"))
WASM_FLOOR = Path(os.environ.get("WASM_FLOOR", PROJECT / "dist/test/floor.wasm"))

HEADERS = {"x-cognito-sub": "sub", "x-cognito-email": "email"}
JWT_AUTHN = "type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication"
JWT_AUTHN_CACHE = 1000
"""as many tokens as our filter caches by default; Envoy's own default is 100"""


def wasm(name: str, module: Path, configuration: dict | str) -> list[dict]:
    """A Wasm filter in a VM of its own."""
    return [Plugin(configuration, str(module), name=name, vm_id=name).http_filter()]


def noop() -> list[dict]:
    """A filter that does nothing."""
    return wasm("noop", WASM_NOOP, "")


def floor(name: str, token: str | None = None, pool: Pool | None = None) -> list[dict]:
    """A filter that makes the host calls that ours owes its users, and does nothing else; with a token of the pool it also lets the
    host verify that token's signature for each request."""
    return wasm(name, WASM_FLOOR, verify_signature_argument(token, pool).hex() if token and pool else "")


def verify_signature_argument(token: str, pool: Pool) -> bytes:
    """The protobuf message that the host's `verify_signature` takes."""
    text, _, signature = token.rpartition(".")
    fields = (b"sha256", pool.key.public_der(), unb64(signature), text.encode())
    return b"".join(bytes([number << 3 | 2]) + varint(len(field)) + field for number, field in enumerate(fields, 1))


def varint(number: int) -> bytes:
    """A number as protobuf writes it."""
    return bytes([number]) if number < 0x80 else bytes([number & 0x7F | 0x80]) + varint(number >> 7)


def ours(name: str, pool: Pool, module: Path = WASM, **fields: object) -> list[dict]:
    """Our filter with the keys in its configuration and the defaults for everything but `fields`. The module's file says which host runs
    it: Wasm, or a native library."""
    return wasm(name, module, {"pools": [pool_entry(pool.id, pool)], "identity": {"headers": HEADERS}, **fields})


def pool_entry(user_pool_id: str, pool: Pool) -> dict:
    """A pool that accepts the client and the key of `pool`."""
    return {"user_pool_id": user_pool_id, "client_ids": [pool.client], "jwks": {"inline": jwks(pool.key)}}


def many_pools(pool: Pool, count: int) -> list[dict]:
    """So many pools, of which the last is the one whose tokens are sent."""
    others = [pool_entry(f"us-east-1_Other{number:04}", pool) for number in range(count - 1)]
    return [*others, pool_entry(pool.id, pool)]


def many_rules(count: int) -> list[dict]:
    """So many rules; the last is the one for `last_rule_path`."""
    return [
        {"match": {"path": {"template": f"/shop-{number}/items/{{item}}"}, "methods": ["GET"]}, "require": {"groups": {"any": ["readers"]}}}
        for number in range(count)
    ]


def last_rule_path(count: int) -> str:
    """A path that the last of `many_rules(count)` matches."""
    return f"/shop-{max(0, count - 1)}/items/7"


def jwt_authn(pool: Pool, cache: bool = False, metadata: bool = False) -> list[dict]:
    """Envoy's native filter for the same tokens; with `metadata` access logs and later filters can tell who it is."""
    provider: dict = {
        "issuer": pool.issuer,
        "audiences": [pool.client],
        "local_jwks": {"inline_string": json.dumps(jwks(pool.key))},
        "forward": True,
        "claim_to_headers": [{"header_name": name, "claim_name": claim} for name, claim in HEADERS.items()],
    }
    if cache:
        provider["jwt_cache_config"] = {"jwt_cache_size": JWT_AUTHN_CACHE}
    if metadata:
        provider["payload_in_metadata"] = "payload"
    rules = [{"match": {"prefix": "/"}, "requires": {"provider_name": "cognito"}}]
    typed = {"@type": JWT_AUTHN, "providers": {"cognito": provider}, "rules": rules}
    return [{"name": "envoy.filters.http.jwt_authn", "typed_config": typed}]
