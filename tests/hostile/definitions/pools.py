"""The pools of the corpus and the key sets that they publish."""

from .. import signing
from .base import ACCESS_POOL, CLIENT, ID_POOL, KID_A, KID_B, OTHER_CLIENT


def rsa(name: str, kid, **members) -> dict:
    """A public RSA JWK as Cognito publishes it; a member of None is left out."""
    jwk = {"alg": "RS256", "use": "sig", "kid": kid} | signing.public_jwk(name) | members
    return {member: value for member, value in jwk.items() if value is not None}


def with_modulus_changed(name: str, by: int) -> str:
    number = int.from_bytes(signing.from_b64url(signing.read_key(name)["n"]), "big") + by
    return signing.b64url(number.to_bytes((number.bit_length() + 7) // 8, "big"))


GOOD = [rsa("rsa2048-a", KID_A), rsa("rsa2048-b", KID_B)]

# Keys that work, and keys that must be skipped without harm to the others.
MAIN = [
    *GOOD,
    rsa("rsa2048-e3", "exponent-3"),
    rsa("rsa3072", "rsa-3072"),
    rsa("rsa4096", "rsa-4096"),
    rsa("rsa2048-b", "no-alg", alg=None),
    rsa("rsa2048-b", "no-use", use=None),
    rsa("rsa1024", "rsa-1024"),
    rsa("rsa2047", "rsa-2047"),
    rsa("rsa4104", "rsa-4104"),
    rsa("rsa2048-attacker", "exponent-1", e="AQ"),
    rsa("rsa2048-attacker", "exponent-2", e="Ag"),
    rsa("rsa2048-huge-exponent", "exponent-huge"),
    rsa("rsa2048-attacker", "even-modulus", n=with_modulus_changed("rsa2048-attacker", 1)),
    rsa("rsa2048-b", "use-enc", use="enc"),
    rsa("rsa2048-b", "alg-rs512", alg="RS512"),
    rsa("rsa2048-b", "alg-ps256", alg="PS256"),
    rsa("rsa2048-b", "alg-rsa-oaep", alg="RSA-OAEP", use="enc"),
    rsa("rsa2048-b", "kty-lower-case", kty="rsa"),
    signing.public_jwk("p256") | {"alg": "ES256", "use": "sig", "kid": "ec-p256"},
    signing.public_jwk("p256") | {"alg": "RS256", "use": "sig", "kid": "ec-p256-as-rs256"},
    signing.read_key("oct") | {"alg": "HS256", "use": "sig", "kid": "oct"},
]

KEY_SETS = {
    "main": {"keys": MAIN},
    "kid-twice": {"keys": [*GOOD, rsa("rsa2048-attacker", KID_A)]},
    "without-kid": {"keys": [rsa("rsa2048-b", None), rsa("rsa2048-a", KID_A)]},
    "kid-a-number": {"keys": [rsa("rsa2048-b", 7), rsa("rsa2048-a", KID_A)]},
    "nothing-usable": {"keys": [rsa("rsa1024", KID_A), rsa("rsa2048-b", KID_B, use="enc")]},
    "empty": {"keys": []},
    "no-keys-member": {"kid": KID_A},
    "keys-an-object": {"keys": {KID_A: rsa("rsa2048-a", KID_A)}},
    "65-keys": {"keys": [rsa("rsa2048-a", KID_A), *(rsa("rsa2048-b", f"key-{i}") for i in range(64))]},
    "64-keys": {"keys": [rsa("rsa2048-a", KID_A), *(rsa("rsa2048-b", f"key-{i}") for i in range(63))]},
}


def pool(name: str, user_pool_id: str, token_use: str, key_set: str) -> dict:
    return {
        "name": name,
        "user_pool_id": user_pool_id,
        "client_ids": [CLIENT, "3example23456789"],
        "token_use": token_use,
        "key_set": key_set,
    }


def pool_id(key_set: str) -> str:
    """A user pool id for the pool that publishes this key set."""
    return "us-east-1_" + "".join(word.capitalize() for word in ("set-" + key_set).split("-"))


POOLS = [
    pool("id", ID_POOL, "id", "main"),
    pool("access", ACCESS_POOL, "access", "main"),
    *(pool(name, pool_id(name), "id", name) for name in KEY_SETS if name != "main"),
]

assert OTHER_CLIENT not in POOLS[0]["client_ids"]
