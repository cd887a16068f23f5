"""Tokens as Cognito mints them, and every forgery that a test can think of.

Nothing here checks anything: header, claims and signature may be any bytes.
"""

import base64
import functools
import json
import os
import time
import uuid
from dataclasses import dataclass, field, replace
from enum import Enum

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa



class Absent(Enum):
    """The type of `ABSENT`."""

    ABSENT = "absent"


ABSENT = Absent.ABSENT
"""As the value of a claim or header member: leave it out."""

REGION = "us-east-1"
POOL_ID = "us-east-1_Example01"
CLIENT = "1example23456789"
OTHER_CLIENT = "9another98765432"
SUB = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"

minted: set[str] = set()
"""Signature parts of all tokens made by this process, so that logs can be searched for them."""


def b64(data: bytes) -> str:
    """base64url without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    """The reverse of `b64`."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def b64_uint(number: int) -> str:
    """Base64urlUInt of RFC 7518 section 2."""
    return b64(number.to_bytes((number.bit_length() + 7) // 8, "big"))


@dataclass(frozen=True)
class SigningKey:
    """An RSA key pair with a key id."""

    kid: str
    private: rsa.RSAPrivateKey = field(repr=False)

    def jwk(self, **overrides: object) -> dict:
        """The public half as Cognito publishes it; members given as `ABSENT` are left out."""
        numbers = self.private.public_key().public_numbers()
        members = {"alg": "RS256", "e": b64_uint(numbers.e), "kid": self.kid, "kty": "RSA", "n": b64_uint(numbers.n), "use": "sig"}
        return present(members | overrides)

    def sign(self, message: bytes) -> bytes:
        """RSASSA-PKCS1-v1_5 with SHA-256."""
        return self.private.sign(message, padding.PKCS1v15(), hashes.SHA256())

    def named(self, kid: str) -> "SigningKey":
        """The same key pair under another key id."""
        return replace(self, kid=kid)

    def public_pem(self) -> bytes:
        """SubjectPublicKeyInfo in PEM."""
        return self.private.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)

    def public_der(self) -> bytes:
        """SubjectPublicKeyInfo in DER."""
        return self.private.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


@functools.cache
def signing_key(label: str, bits: int = 2048, exponent: int = 65537) -> SigningKey:
    """The key of that label; made at its first use. Its id looks like Cognito's: 44 characters of plain base64."""
    kid = base64.b64encode(os.urandom(29) + b"\xfb\xef\xbe").decode()
    return SigningKey(kid, rsa.generate_private_key(public_exponent=exponent, key_size=bits))


@dataclass(frozen=True)
class Pool:
    """A user pool that mints tokens."""

    id: str = POOL_ID
    client: str = CLIENT
    key: SigningKey = field(default_factory=lambda: signing_key("first"))
    issuer: str = ""

    def __post_init__(self) -> None:
        if not self.issuer:
            region = self.id.split("_")[0]
            object.__setattr__(self, "issuer", f"https://cognito-idp.{region}.amazonaws.com/{self.id}")

    def id_claims(self, **overrides: object) -> dict:
        """The claims of an ID token."""
        now = int(time.time())
        claims = {
            "sub": SUB, "cognito:groups": ["readers", "writers"], "email_verified": True, "iss": self.issuer,
            "cognito:username": "alice", "origin_jti": str(uuid.uuid4()), "aud": self.client, "event_id": str(uuid.uuid4()),
            "token_use": "id", "auth_time": now - 5, "exp": now + 3600, "iat": now - 5, "jti": str(uuid.uuid4()),
            "email": "alice@example.com",
        }
        return present(claims | overrides)

    def access_claims(self, **overrides: object) -> dict:
        """The claims of an access token."""
        now = int(time.time())
        claims = {
            "sub": SUB, "cognito:groups": ["readers", "writers"], "iss": self.issuer, "version": 2, "client_id": self.client,
            "origin_jti": str(uuid.uuid4()), "token_use": "access", "scope": "openid items/read", "auth_time": now - 5,
            "exp": now + 3600, "iat": now - 5, "jti": str(uuid.uuid4()), "username": "alice",
        }
        return present(claims | overrides)

    def id_token(self, key: SigningKey | None = None, **overrides: object) -> str:
        """A good ID token but for the claims in `overrides`."""
        return self.token(self.id_claims(**overrides), key)

    def access_token(self, key: SigningKey | None = None, **overrides: object) -> str:
        """A good access token but for the claims in `overrides`."""
        return self.token(self.access_claims(**overrides), key)

    def token(self, claims: dict | bytes, key: SigningKey | None = None, **header: object) -> str:
        """These claims, signed by the pool's key; header members may be overridden or `ABSENT`."""
        key = key or self.key
        return jwt(present({"kid": key.kid, "alg": "RS256"} | header), claims, key)


def jwt(header: dict | bytes, claims: dict | bytes, key: SigningKey | None = None, signature: bytes | None = None) -> str:
    """The compact form; signed by `key` whatever the header says, unless a `signature` is given."""
    signing_input = f"{b64(json_bytes(header))}.{b64(json_bytes(claims))}"
    if signature is None:
        signature = key.sign(signing_input.encode()) if key else b""
    return assembled(signing_input, b64(signature))


def resigned(signing_input: str, key: SigningKey) -> str:
    """Any text signed as it stands: for parts that are not what base64url wants."""
    return assembled(signing_input, b64(key.sign(signing_input.encode())))


def assembled(signing_input: str, signature: str) -> str:
    """Join the parts and record the token, so that logs can be searched for it."""
    if len(signature) >= 40:
        minted.add(signature)
    return f"{signing_input}.{signature}"


def json_bytes(document: dict | bytes) -> bytes:
    """Compact JSON; bytes go through as they are."""
    return document if isinstance(document, bytes) else json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def present(members: dict) -> dict:
    """Without the members that are `ABSENT`."""
    return {name: value for name, value in members.items() if value is not ABSENT}
