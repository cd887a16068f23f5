"""The demo's user pool: its users, signing in, and forged tokens."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import urllib.parse
import urllib.request
from dataclasses import dataclass

from .rsa import RsaKey

POOL_ID = "us-east-1_Demo12345"
ISSUER = f"https://cognito-idp.us-east-1.amazonaws.com/{POOL_ID}"
WEB, MOBILE, PARTNER = "1web5example7q9s1u3w5y7a9c", "2mobile7example9s1u3w5y7a", "3partner9example1u3w5y7a9"
KIOSK = "4kiosk1example3w5y7a9c1e3g"
"""Its tokens are valid for five seconds."""
PASSWORD = "Correct-Horse-1"


class SignInFailed(Exception):
    """The emulator did not respond to InitiateAuth with tokens."""


@dataclass(frozen=True)
class Person:
    """A person who signed in, with both tokens."""

    name: str
    id_token: str
    access_token: str

    @property
    def sub(self) -> str:
        """The user's immutable id."""
        return claims_of(self.id_token)["sub"]


def sign_in(cognito: str, name: str, client_id: str) -> Person:
    """Call Cognito's InitiateAuth with name and password, as the AWS SDKs do."""
    tokens = call(cognito, "InitiateAuth", {
        "ClientId": client_id,
        "AuthFlow": "USER_PASSWORD_AUTH",
        "AuthParameters": {"USERNAME": name, "PASSWORD": PASSWORD},
    }).get("AuthenticationResult")
    if not tokens:
        raise SignInFailed(f"{name} could not sign in at {cognito}")
    return Person(name, tokens["IdToken"], tokens["AccessToken"])


def call(cognito: str, operation: str, arguments: dict) -> dict:
    """Call one operation of Cognito's API."""
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(cognito).netloc, timeout=10)
    try:
        connection.request("POST", "/", json.dumps(arguments), {
            "x-amz-target": f"AWSCognitoIdentityProviderService.{operation}",
            "content-type": "application/x-amz-json-1.1",
        })
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise SignInFailed(f"{operation}: {answer.status} {body[:300]!r}")
        return json.loads(body)
    finally:
        connection.close()


# --- forgeries


def tampered(token: str, **changes: object) -> str:
    """Return the token with other claims and the old signature."""
    header, _, signature = token.split(".")
    return f"{header}.{encoded(claims_of(token) | changes)}.{signature}"


def signed_by_a_stranger(stranger: RsaKey, token: str, kid: str | None = None, **changes: object) -> str:
    """Return a copy of header and claims, signed with another key."""
    header = header_of(token) | ({"kid": kid} if kid else {})
    text = f"{encoded(header)}.{encoded(claims_of(token) | changes)}"
    return f"{text}.{base64url(stranger.sign(text.encode()))}"


def unsigned(token: str) -> str:
    """Return the token with `alg: none`, as in CVE-2015-9235, with a text in place of the signature."""
    return f"{encoded({'alg': 'none', 'kid': header_of(token)['kid']})}.{encoded(claims_of(token))}.AAAA"


def signed_with_the_public_key(public_key: bytes, token: str) -> str:
    """Return the token signed by HS256, with the public key as its secret (CVE-2016-5431)."""
    text = f"{encoded({'alg': 'HS256', 'kid': header_of(token)['kid']})}.{encoded(claims_of(token))}"
    return f"{text}.{base64url(hmac.new(public_key, text.encode(), hashlib.sha256).digest())}"


def published_key(cognito: str) -> bytes:
    """Return the modulus of the pool's key, from its JWK set."""
    with urllib.request.urlopen(f"{cognito}/{POOL_ID}/.well-known/jwks.json", timeout=10) as answer:
        return from_base64url(json.load(answer)["keys"][0]["n"])


# --- the compact form of a JWS


def header_of(token: str) -> dict:
    """Return the header, unchecked."""
    return decoded(token.split(".")[0])


def claims_of(token: str) -> dict:
    """Return the claims, unchecked."""
    return decoded(token.split(".")[1])


def encoded(document: dict) -> str:
    """JSON as base64url."""
    return base64url(json.dumps(document, separators=(",", ":")).encode())


def decoded(part: str) -> dict:
    """The reverse of `encoded`."""
    return json.loads(from_base64url(part))


def from_base64url(text: str) -> bytes:
    """The reverse of `base64url`."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def base64url(data: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
