"""What the definitions share: the pools, the honest tokens, and the shape of a case."""

import json

# The moment that the checked-in tokens are minted for (2027-01-15T08:00:00Z).
NOW = 1_800_000_000

CLIENT = "1example23456789"
OTHER_CLIENT = "2example23456789"
SUB = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"
OTHER_SUB = "11111111-2222-4333-8444-555555555555"

# Cognito's key ids: 44 characters of standard base64, with `+`, `/` and `=`.
KID_A = "u1mWZ+8k/0c9Qh3vB7yTtqXWJ2aLr5oEsKpDfGiN4Hs="
KID_B = "Zx/4dU+pR7mQnV2bYcE9sTgKjW5hLaO3iPqXuDfN8rk="

ISSUER = "https://cognito-idp.us-east-1.amazonaws.com/{}"
ID_POOL, ACCESS_POOL = "us-east-1_HostileId", "us-east-1_HostileAccess"
ID_ISSUER, ACCESS_ISSUER = ISSUER.format(ID_POOL), ISSUER.format(ACCESS_POOL)

BEARER = [["authorization", "Bearer {token}"]]
HONEST = {"alg": "RS256", "key": "rsa2048-a"}


def text(value) -> str:
    return json.dumps(value, ensure_ascii=False)


def members(values: dict) -> str:
    """A JSON object of raw member values; a value of None leaves the member out."""
    return "{" + ",".join(f"{text(name)}:{raw}" for name, raw in values.items() if raw is not None) + "}"


def header(**changed) -> str:
    """The header of a Cognito token; the arguments are raw JSON, None leaves the member out."""
    return members({"kid": text(KID_A), "alg": '"RS256"'} | changed)


def id_claims(changed: dict | None = None) -> str:
    """The claims of a Cognito ID token; `changed` holds raw JSON, None leaves a claim out."""
    return members(
        {
            "sub": text(SUB),
            "cognito:groups": '["readers"]',
            "email_verified": "true",
            "iss": text(ID_ISSUER),
            "cognito:username": '"alice"',
            "aud": text(CLIENT),
            "event_id": '"6a0fd2c1-1111-4222-8333-444455556666"',
            "token_use": '"id"',
            "auth_time": "{now-60}",
            "exp": "{now+3540}",
            "iat": "{now-60}",
            "jti": '"{nonce}"',
            "email": '"alice@example.com"',
        }
        | (changed or {})
    )


def access_claims(changed: dict | None = None) -> str:
    """The claims of a Cognito access token, as `id_claims`."""
    return members(
        {
            "sub": text(SUB),
            "cognito:groups": '["readers"]',
            "iss": text(ACCESS_ISSUER),
            "client_id": text(CLIENT),
            "event_id": '"6a0fd2c1-1111-4222-8333-444455556666"',
            "token_use": '"access"',
            "scope": '"openid profile"',
            "auth_time": "{now-60}",
            "exp": "{now+3540}",
            "iat": "{now-60}",
            "jti": '"{nonce}"',
            "username": '"alice"',
        }
        | (changed or {})
    )


def case(
    name: str,
    what: str,
    expect: str,
    *,
    attack: str | None = None,
    pool: str = "id",
    only: str | None = None,
    upstream: dict | None = None,
    headers: list | None = None,
    path: str = "/",
    **token,
) -> dict:
    """One case. What is not given is as in an honest request with an honest ID token."""
    recipe = {"path": path, "headers": BEARER if headers is None else headers}
    recipe |= {"header": header(), "payload": id_claims(), "sign": HONEST, "shape": "{h}.{p}.{s}"}
    for part in ("header", "payload"):
        if f"{part}_base64" in token:
            del recipe[part]
    recipe |= token
    return {
        "name": name,
        "what": what,
        "attack": attack,
        "pool": pool,
        "only": only,
        "expect": expect,
        "upstream": upstream or {},
        "recipe": recipe,
    }


def with_claims(name: str, what: str, expect: str, changed: dict, **more) -> dict:
    """An ID token with these claims changed, honestly signed."""
    return case(name, what, expect, payload=id_claims(changed), **more)


def with_access_claims(name: str, what: str, expect: str, changed: dict, **more) -> dict:
    """An access token for the pool that takes access tokens, with these claims changed, honestly signed."""
    return case(name, what, expect, pool="access", payload=access_claims(changed), **more)


def with_header(name: str, what: str, expect: str, changed: dict, **more) -> dict:
    """An ID token with these header members changed, honestly signed."""
    return case(name, what, expect, header=header(**changed), **more)


def id_token(sub: str = SUB) -> dict:
    """The recipe of an honest ID token, for cases that send two."""
    return {"header": header(), "payload": id_claims({"sub": text(sub)}), "sign": HONEST, "shape": "{h}.{p}.{s}"}
