"""Claims: of the wrong type, the wrong time, the wrong issuer, the wrong client (RFC 7519 section 4.1, RFC 8725 section 3)."""

from .base import (
    ACCESS_POOL,
    CLIENT,
    ID_ISSUER,
    ID_POOL,
    OTHER_CLIENT,
    SUB,
    case,
    text,
    with_access_claims,
    with_claims,
)

MALFORMED = "token_malformed"

WRONG_TYPES = {
    "null": "null",
    "a-number": "7",
    "a-string": '"7"',
    "true": "true",
    "a-list": "[7]",
    "an-object": '{"a":1}',
    "an-empty-list": "[]",
}
TYPES = {
    "iss": {"a-string"},
    "sub": {"a-string"},
    "exp": {"a-number"},
    "nbf": {"a-number"},
    "iat": {"a-number"},
    "auth_time": {"a-number"},
    "token_use": {"a-string"},
    "client_id": {"a-string"},
    "scope": {"a-string"},
    "username": {"a-string"},
    "cognito:username": {"a-string"},
    "aud": {"a-string", "an-empty-list"},
    "cognito:groups": {"an-empty-list"},
}


def wrong_types() -> list:
    cases = []
    for claim, right in TYPES.items():
        for name, raw in WRONG_TYPES.items():
            if name in right:
                continue
            cases.append(
                with_claims(
                    f"type-{claim.replace(':', '-')}-{name}",
                    f"`{claim}` is {name.replace('-', ' ')}",
                    MALFORMED,
                    {claim: raw},
                    attack="RFC 7519 section 4.1; absent is not valid",
                )
            )
    return cases


TYPE_CASES = [
    *wrong_types(),
    with_claims("type-aud-mixed-list", "`aud` a list of a string and a number", MALFORMED, {"aud": f"[{text(CLIENT)},7]"}),
    with_claims(
        "type-groups-mixed-list", "`cognito:groups` a list of a string and null", MALFORMED, {"cognito:groups": '["readers",null]'}
    ),
    with_claims("type-groups-nested-list", "`cognito:groups` a list in a list", MALFORMED, {"cognito:groups": '[["readers"]]'}),
    with_claims("type-exp-numeric-string", "`exp` the right number, as a string", MALFORMED, {"exp": '"{now+3540}"'}),
    with_claims("type-nbf-numeric-string", "`nbf` a right number, as a string", MALFORMED, {"nbf": '"{now-60}"'}),
    with_claims("type-iat-numeric-string", "`iat` the right number, as a string", MALFORMED, {"iat": '"{now-60}"'}),
    with_claims("type-exp-too-large", "`exp` 1e400", MALFORMED, {"exp": "1e400"}, attack="infinity as a time"),
    with_claims("type-exp-400-digits", "`exp` of 400 digits", MALFORMED, {"exp": "{repeat 9 400}"}, attack="infinity as a time"),
    with_claims("type-iat-minus-infinity", "`iat` -1e400", MALFORMED, {"iat": "-1e400"}, attack="infinity as a time"),
    with_claims("type-exp-nan", "`exp` NaN", MALFORMED, {"exp": "NaN"}, attack="NaN compares false"),
    with_claims("type-sub-empty", "`sub` empty", MALFORMED, {"sub": '""'}),
    with_claims("type-sub-absent", "no `sub`", MALFORMED, {"sub": None}),
    with_claims("type-iss-empty", "`iss` empty", MALFORMED, {"iss": '""'}),
    with_claims("type-iss-absent", "no `iss`", MALFORMED, {"iss": None}),
    with_claims("type-exp-absent", "no `exp`: a token for ever", MALFORMED, {"exp": None}, attack="RFC 8725 section 3; a token for ever"),
    with_claims(
        "type-custom-claims", "claims of one's own may be of any type", "allowed", {"custom:a": "null", "custom:b": "[1]", "name": "7"}
    ),
]

EXPIRED, TOO_EARLY = "token_expired", "token_not_yet_valid"


def at(name: str, what: str, expect: str, changed: dict, **more) -> dict:
    return with_claims(f"time-{name}", what, expect, changed, attack="RFC 7519 sections 4.1.4 to 4.1.6", **more)


EXACT = {"only": "native"}  # what depends on the exact second can only be shown with a stopped clock

TIMES = [
    at("expired", "expired an hour ago", EXPIRED, {"exp": "{now-3600}", "iat": "{now-7200}"}),
    at("expired-within-skew", "expired 5 seconds ago: within the leeway of 60", "allowed", {"exp": "{now-5}"}),
    at("expired-at-skew", "expired exactly 60 seconds ago", EXPIRED, {"exp": "{now-60}"}, **EXACT),
    at("expired-just-within-skew", "expired 59 seconds ago", "allowed", {"exp": "{now-59}"}, **EXACT),
    at("expired-fraction-within-skew", "expired 59.5 seconds ago", "allowed", {"exp": "{now-60}.5"}, **EXACT),
    at("expired-fraction", "expired 60.5 seconds ago", EXPIRED, {"exp": "{now-61}.5"}, **EXACT),
    at("exp-zero", "`exp` 0", EXPIRED, {"exp": "0"}),
    at("exp-minus-zero", "`exp` -0", EXPIRED, {"exp": "-0"}),
    at("exp-minus-one", "`exp` -1", EXPIRED, {"exp": "-1"}),
    at("exp-very-negative", "`exp` -1e308", EXPIRED, {"exp": "-1e308"}),
    at("exp-tiny", "`exp` 1e-300", EXPIRED, {"exp": "1e-300"}),
    at("exp-fraction", "`exp` with a fraction", "allowed", {"exp": "{now+3540}.25"}),
    at("exp-exponent", "`exp` written 5e9", "allowed", {"exp": "5e9"}),
    at("exp-2-31", "`exp` 2^31", "allowed", {"exp": "2147483648"}),
    at("exp-2-53", "`exp` 2^53 + 1", "allowed", {"exp": "9007199254740993"}),
    at("exp-2-63", "`exp` 2^63: no sign may be lost", "allowed", {"exp": "9223372036854775808"}),
    at("exp-2-64", "`exp` 2^64: nothing may wrap", "allowed", {"exp": "18446744073709551616"}),
    at("exp-1e308", "`exp` 1e308", "allowed", {"exp": "1e308"}),
    at("exp-milliseconds", "`exp` in milliseconds", "allowed", {"exp": "{now+3540}000"}),
    at("nbf-past", "`nbf` a minute ago", "allowed", {"nbf": "{now-60}"}),
    at("nbf-zero", "`nbf` 0", "allowed", {"nbf": "0"}),
    at("nbf-negative", "`nbf` -1", "allowed", {"nbf": "-1"}),
    at("nbf-future", "`nbf` in an hour", TOO_EARLY, {"nbf": "{now+3600}"}),
    at("nbf-within-skew", "`nbf` in 55 seconds: within the leeway", "allowed", {"nbf": "{now+55}"}),
    at("nbf-at-skew", "`nbf` in exactly 60 seconds", "allowed", {"nbf": "{now+60}"}, **EXACT),
    at("nbf-past-skew", "`nbf` in 61 seconds", TOO_EARLY, {"nbf": "{now+61}"}, **EXACT),
    at("nbf-2-63", "`nbf` 2^63: no sign may be lost", TOO_EARLY, {"nbf": "9223372036854775808"}),
    at("nbf-1e308", "`nbf` 1e308", TOO_EARLY, {"nbf": "1e308"}),
    at("iat-future", "`iat` in an hour", TOO_EARLY, {"iat": "{now+3600}"}),
    at("iat-within-skew", "`iat` in 55 seconds: within the leeway", "allowed", {"iat": "{now+55}"}),
    at("iat-past-skew", "`iat` in 61 seconds", TOO_EARLY, {"iat": "{now+61}"}, **EXACT),
    at("iat-2-63", "`iat` 2^63", TOO_EARLY, {"iat": "9223372036854775808"}),
    at("iat-absent", "no `iat`", "allowed", {"iat": None}),
    at("auth-time-future", "`auth_time` in the future: only `max_age_seconds` looks at it", "allowed", {"auth_time": "{now+3600}"}),
    case(
        "time-expired-and-forged",
        "expired, and signed by a stranger: may be told expired",
        EXPIRED,
        payload='{"sub":"x","iss":%s,"aud":%s,"token_use":"id","exp":{now-3600}}' % (text(ID_ISSUER), text(CLIENT)),
        sign={"alg": "RS256", "key": "rsa2048-attacker"},
    ),
]

UNKNOWN = "issuer_unknown"
HOST = "cognito-idp.us-east-1.amazonaws.com"


def issuer(name: str, what: str, expect: str, raw: str) -> dict:
    return with_claims(f"issuer-{name}", what, expect, {"iss": raw}, attack="RFC 8725 section 3.8")


ISSUERS = [
    issuer("slash-after", "a slash more", UNKNOWN, text(ID_ISSUER + "/")),
    issuer("http", "http", UNKNOWN, text(ID_ISSUER.replace("https", "http"))),
    issuer("no-scheme", "no scheme", UNKNOWN, text(f"{HOST}/{ID_POOL}")),
    issuer("upper-case-scheme", "HTTPS", UNKNOWN, text(ID_ISSUER.replace("https", "HTTPS"))),
    issuer("upper-case-host", "the host in upper case", UNKNOWN, text(ID_ISSUER.replace(HOST, HOST.upper()))),
    issuer("upper-case-pool", "the pool in upper case", UNKNOWN, text(ID_ISSUER.upper())),
    issuer("port", "the port spelled out", UNKNOWN, text(f"https://{HOST}:443/{ID_POOL}")),
    issuer("userinfo", "user information before the host", UNKNOWN, text(f"https://x@{HOST}/{ID_POOL}")),
    issuer("host-as-userinfo", "the host as user information before another", UNKNOWN, text(f"https://{HOST}@attacker.example/{ID_POOL}")),
    issuer("host-prefix", "the host as the beginning of another", UNKNOWN, text(f"https://{HOST}.attacker.example/{ID_POOL}")),
    issuer("host-suffix", "the host as the end of another", UNKNOWN, text(f"https://attacker-{HOST}/{ID_POOL}")),
    issuer("dot-after-host", "a dot after the host", UNKNOWN, text(f"https://{HOST}./{ID_POOL}")),
    issuer("query", "a query", UNKNOWN, text(ID_ISSUER + "?x=1")),
    issuer("fragment", "a fragment", UNKNOWN, text(ID_ISSUER + "#x")),
    issuer("dot-segment", "a dot segment", UNKNOWN, text(f"https://{HOST}/x/../{ID_POOL}")),
    issuer("percent-encoded", "a percent escape", UNKNOWN, text(ID_ISSUER.replace("_", "%5F"))),
    issuer("space-before", "a space before", UNKNOWN, text(" " + ID_ISSUER)),
    issuer("space-after", "a space after", UNKNOWN, text(ID_ISSUER + " ")),
    issuer("line-break-after", "a line break after", UNKNOWN, text(ID_ISSUER + "\n")),
    issuer("nul-after", "a NUL and more after", UNKNOWN, text(ID_ISSUER + "\0x")),
    issuer("homoglyph", "a letter that looks alike", UNKNOWN, text(ID_ISSUER.replace("cognito", "c\u043egnito"))),
    issuer("other-region", "the same pool id in another region", UNKNOWN, text(ID_ISSUER.replace("us-east-1.", "eu-west-1."))),
    issuer("other-pool", "a pool that nobody configured", UNKNOWN, text(ID_ISSUER[:-2] + "zz")),
    issuer("pool-prefix", "the beginning of the pool id", UNKNOWN, text(ID_ISSUER[:-1])),
    issuer("pool-longer", "the pool id and a letter more", UNKNOWN, text(ID_ISSUER + "x")),
    issuer("china", "the host in China", UNKNOWN, text(ID_ISSUER.replace(".amazonaws.com", ".amazonaws.com.cn"))),
    issuer("accounts-google", "another provider", UNKNOWN, text("https://accounts.google.com")),
    issuer("escaped-slashes", "slashes spelled with a backslash: the same string", "allowed", text(ID_ISSUER).replace("/", "\\/")),
    issuer("escaped-letters", "letters spelled with escapes: the same string", "allowed", text(ID_ISSUER).replace("c", "\\u0063")),
    issuer("second-form", "Cognito's second form of the issuer", "allowed", text(ID_ISSUER.replace("cognito-idp", "issuer-cognito-idp"))),
    issuer(
        "second-form-slash-after",
        "the second form and a slash more",
        UNKNOWN,
        text(ID_ISSUER.replace("cognito-idp", "issuer-cognito-idp") + "/"),
    ),
    with_claims(
        "issuer-of-another-pool",
        "an ID token with the issuer of the pool for access tokens",
        "token_use_mismatch",
        {"iss": text(ID_ISSUER.replace(ID_POOL, ACCESS_POOL))},
        pool="access",
        attack="RFC 8725 section 3.8",
    ),
]

CLIENT_MISMATCH, USE_MISMATCH = "client_mismatch", "token_use_mismatch"


def audience(name: str, what: str, expect: str, raw: str | None) -> dict:
    return with_claims(f"aud-{name}", what, expect, {"aud": raw}, attack="RFC 8725 section 3.9")


CLIENTS = [
    audience("absent", "no `aud`", CLIENT_MISMATCH, None),
    audience("empty", "`aud` empty", CLIENT_MISMATCH, '""'),
    audience("empty-list", "`aud` an empty list", CLIENT_MISMATCH, "[]"),
    audience("other-client", "another client of the pool", CLIENT_MISMATCH, text(OTHER_CLIENT)),
    audience("list-of-others", "a list of other clients", CLIENT_MISMATCH, text([OTHER_CLIENT, "x"])),
    audience("list", "a list with the right client", "allowed", text([OTHER_CLIENT, CLIENT])),
    audience("second-client", "the second client that the pool accepts", "allowed", text("3example23456789")),
    audience("slash-after", "a slash after the client", CLIENT_MISMATCH, text(CLIENT + "/")),
    audience("url", "the client as a URL", CLIENT_MISMATCH, text("https://" + CLIENT)),
    audience("upper-case", "the client in upper case", CLIENT_MISMATCH, text(CLIENT.upper())),
    audience("space-after", "a space after the client", CLIENT_MISMATCH, text(CLIENT + " ")),
    audience("comma-joined", "two clients in one string", CLIENT_MISMATCH, text(f"{OTHER_CLIENT},{CLIENT}")),
    audience("prefix", "the beginning of the client", CLIENT_MISMATCH, text(CLIENT[:-1])),
    audience("nul-after", "a NUL and more after the client", CLIENT_MISMATCH, text(CLIENT + "\0x")),
    audience("any", "the word that means any client in a configuration", CLIENT_MISMATCH, '"any"'),
    audience("star", "a star", CLIENT_MISMATCH, '"*"'),
    with_claims(
        "client-id-in-id-token",
        "the right `client_id`, the wrong `aud`, in an ID token",
        CLIENT_MISMATCH,
        {"aud": text(OTHER_CLIENT), "client_id": text(CLIENT)},
        attack="RFC 8725 section 3.9",
    ),
    with_claims(
        "client-id-wrong-in-id-token",
        "the right `aud`, another `client_id`, in an ID token: `aud` counts",
        "allowed",
        {"client_id": text(OTHER_CLIENT)},
        attack="RFC 8725 section 3.9",
    ),
    with_access_claims(
        "access-honest", "an honest access token", "allowed", {}, upstream={"x-cognito-sub": [SUB], "x-cognito-token-use": ["access"]}
    ),
    with_access_claims(
        "access-other-client",
        "an access token of another client",
        CLIENT_MISMATCH,
        {"client_id": text(OTHER_CLIENT)},
        attack="confused deputy",
    ),
    with_access_claims("access-no-client", "an access token without `client_id`", CLIENT_MISMATCH, {"client_id": None}),
    with_access_claims("access-empty-client", "an access token with an empty `client_id`", CLIENT_MISMATCH, {"client_id": '""'}),
    with_access_claims(
        "access-aud-instead",
        "the right `aud`, no `client_id`, in an access token",
        CLIENT_MISMATCH,
        {"client_id": None, "aud": text(CLIENT)},
    ),
    with_access_claims(
        "access-aud-besides",
        "the right `aud`, another `client_id`, in an access token",
        CLIENT_MISMATCH,
        {"client_id": text(OTHER_CLIENT), "aud": text(CLIENT)},
    ),
    with_claims("use-absent", "no `token_use`", USE_MISMATCH, {"token_use": None}, attack="RFC 8725 section 3.12"),
    with_claims("use-empty", "`token_use` empty", USE_MISMATCH, {"token_use": '""'}, attack="RFC 8725 section 3.12"),
    with_claims("use-upper-case", "`token_use` ID", USE_MISMATCH, {"token_use": '"ID"'}, attack="RFC 8725 section 3.12"),
    with_claims("use-space-after", "`token_use` with a space", USE_MISMATCH, {"token_use": '"id "'}, attack="RFC 8725 section 3.12"),
    with_claims("use-any", "`token_use` any, as in a configuration", USE_MISMATCH, {"token_use": '"any"'}, attack="RFC 8725 section 3.12"),
    with_claims("use-refresh", "`token_use` refresh", USE_MISMATCH, {"token_use": '"refresh"'}, attack="RFC 8725 section 3.12"),
    with_claims(
        "use-access-in-id-pool",
        "an access token where ID tokens are wanted",
        USE_MISMATCH,
        {"token_use": '"access"', "client_id": text(CLIENT), "aud": None},
        attack="RFC 8725 section 3.12",
    ),
    with_claims(
        "use-access-with-aud-in-id-pool",
        "an access token with the right `aud` where ID tokens are wanted",
        USE_MISMATCH,
        {"token_use": '"access"', "client_id": text(CLIENT)},
        attack="RFC 8725 section 3.12",
    ),
    with_access_claims(
        "use-id-in-access-pool",
        "an ID token where access tokens are wanted",
        USE_MISMATCH,
        {"token_use": '"id"', "aud": text(CLIENT)},
        attack="RFC 8725 section 3.12",
    ),
    with_access_claims(
        "use-absent-in-access-pool",
        "no `token_use` where access tokens are wanted",
        USE_MISMATCH,
        {"token_use": None},
        attack="RFC 8725 section 3.12",
    ),
]

CASES = [*TYPE_CASES, *TIMES, *ISSUERS, *CLIENTS]
