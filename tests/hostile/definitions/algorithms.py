"""The header: algorithms, keys that the token brings along, `crit`, and `kid` (RFC 8725 sections 3.1 to 3.10)."""

from .. import signing
from .base import KID_A, KID_B, case, header, text, with_header

REFUSED = "algorithm_not_allowed"
MALFORMED = "token_malformed"

NO_SIGNATURE = {"alg": "hex", "hex": "00"}


def other_algorithm(name: str, what: str, alg: str, sign: dict, expect: str = REFUSED, kid: str = KID_A, **more) -> dict:
    return case(
        f"alg-{name}",
        what,
        expect,
        header=header(alg=alg, kid=text(kid)),
        sign=sign,
        attack=more.pop("attack", "RFC 8725 sections 2.1, 3.1"),
        **more,
    )


def without_signature(spelling: str) -> list:
    name = spelling if spelling.isalpha() else "spaces"
    return [
        other_algorithm(
            f"none-{name}", f"`alg` {spelling!r} and one byte as the signature", text(spelling), NO_SIGNATURE, attack="CVE-2015-9235"
        ),
    ]


SECRET_FORMS = {
    "spki-pem": "in PEM",
    "spki-pem-without-last-line-break": "in PEM without the last line break",
    "pkcs1-pem": "in PEM of the older form",
    "spki-der": "in DER",
    "pkcs1-der": "in DER of the older form",
    "modulus": "as its modulus",
    "modulus-text": "as the base64url of its modulus",
    "empty": "forgotten: the secret is empty",
}

ALGORITHMS = [
    *(c for spelling in ("none", "None", "NONE", "nOnE", "none ") for c in without_signature(spelling)),
    other_algorithm(
        "none-empty-signature",
        "`alg` none as RFC 7519 section 6 has it, with an empty signature",
        '"none"',
        {"alg": "none"},
        MALFORMED,
        attack="CVE-2015-9235",
    ),
    other_algorithm(
        "none-two-parts", "`alg` none without the last dot", '"none"', {"alg": "none"}, MALFORMED, attack="CVE-2015-9235", shape="{h}.{p}"
    ),
    other_algorithm(
        "none-good-signature", "`alg` none, yet properly signed", '"none"', {"alg": "RS256", "key": "rsa2048-a"}, attack="CVE-2015-9235"
    ),
    *(
        other_algorithm(
            f"hs256-{form}",
            f"HS256 with the public key {what}",
            '"HS256"',
            {"alg": "HS256", "key": "rsa2048-a", "form": form},
            attack="RFC 8725 section 2.1, CVE-2016-5431",
        )
        for form, what in SECRET_FORMS.items()
    ),
    other_algorithm("hs384", "HS384 with the public key in PEM", '"HS384"', {"alg": "HS384", "key": "rsa2048-a", "form": "spki-pem"}),
    other_algorithm("hs512", "HS512 with the public key in PEM", '"HS512"', {"alg": "HS512", "key": "rsa2048-a", "form": "spki-pem"}),
    other_algorithm(
        "hs256-oct", "HS256 with a symmetric key of the set", '"HS256"', {"alg": "HS256", "key": "oct", "form": "oct"}, kid="oct"
    ),
    other_algorithm("rs384", "RS384 by the pool's own key", '"RS384"', {"alg": "RS384", "key": "rsa2048-a"}),
    other_algorithm("rs512", "RS512 by the pool's own key", '"RS512"', {"alg": "RS512", "key": "rsa2048-a"}),
    other_algorithm(
        "rs512-key-without-alg", "RS512 by a key that names no algorithm", '"RS512"', {"alg": "RS512", "key": "rsa2048-b"}, kid="no-alg"
    ),
    other_algorithm("rs512-its-own-key", "RS512 by a key for RS512", '"RS512"', {"alg": "RS512", "key": "rsa2048-b"}, kid="alg-rs512"),
    other_algorithm("rs1", "RS1 (SHA-1) by the pool's own key", '"RS1"', {"alg": "RS256", "key": "rsa2048-a", "trick": "sha1"}),
    other_algorithm("ps256", "PS256 by the pool's own key", '"PS256"', {"alg": "PS256", "key": "rsa2048-a"}),
    other_algorithm(
        "ps256-key-without-alg", "PS256 by a key that names no algorithm", '"PS256"', {"alg": "PS256", "key": "rsa2048-b"}, kid="no-alg"
    ),
    other_algorithm("ps256-its-own-key", "PS256 by a key for PS256", '"PS256"', {"alg": "PS256", "key": "rsa2048-b"}, kid="alg-ps256"),
    other_algorithm("es256", "ES256 by an EC key of the set", '"ES256"', {"alg": "ES256", "key": "p256"}, kid="ec-p256"),
    other_algorithm("es256-kid-of-rsa", "ES256 under the `kid` of an RSA key", '"ES256"', {"alg": "ES256", "key": "p256"}),
    other_algorithm(
        "es256-zeros", "ES256 with r = s = 0", '"ES256"', {"alg": "hex", "hex": "00" * 64}, kid="ec-p256", attack="CVE-2022-21449"
    ),
    other_algorithm("eddsa", "EdDSA", '"EdDSA"', {"alg": "hex", "hex": "00" * 64}),
    other_algorithm(
        "rsa-oaep", "an algorithm of encryption", '"RSA-OAEP"', {"alg": "RS256", "key": "rsa2048-a"}, attack="RFC 8725 section 2.3"
    ),
    other_algorithm(
        "rsa1-5",
        "RSA encryption of the kind that Bleichenbacher's oracle breaks",
        '"RSA1_5"',
        {"alg": "RS256", "key": "rsa2048-a"},
        attack="RFC 8725 section 3.2",
    ),
    other_algorithm("dir", "direct encryption", '"dir"', {"alg": "RS256", "key": "rsa2048-a"}, attack="RFC 8725 section 2.3"),
    case(
        "alg-pbes2",
        "a password-based algorithm with two billion rounds",
        REFUSED,
        attack="RFC 8725 section 2.3, CVE-2023-52428",
        header=header(alg='"PBES2-HS256+A128KW"', enc='"A128CBC-HS256"', p2c="2147483647", p2s='"AAAA"'),
    ),
    case(
        "alg-pbes2-jwe",
        "the same as a JWE of five parts",
        MALFORMED,
        attack="RFC 8725 section 2.3, CVE-2023-52428",
        header=header(alg='"PBES2-HS256+A128KW"', enc='"A128CBC-HS256"', p2c="2147483647", p2s='"AAAA"'),
        shape="{h}.{p}.{s}.{s}.{s}",
    ),
    other_algorithm("lower-case", "rs256", '"rs256"', {"alg": "RS256", "key": "rsa2048-a"}),
    other_algorithm("space-after", "`RS256 `", '"RS256 "', {"alg": "RS256", "key": "rsa2048-a"}),
    other_algorithm("nul-after", "RS256 and an escaped NUL", '"RS256\\u0000"', {"alg": "RS256", "key": "rsa2048-a"}),
    other_algorithm("homoglyph", "RS256 with a wide letter", '"ＲS256"', {"alg": "RS256", "key": "rsa2048-a"}),
    other_algorithm("empty", "an empty `alg`", '""', {"alg": "RS256", "key": "rsa2048-a"}),
    with_header("alg-absent", "no `alg`", REFUSED, {"alg": None}, attack="RFC 7515 section 4.1.1"),
    *(
        with_header(f"alg-{name}", f"`alg` is {name}", MALFORMED, {"alg": raw}, attack="RFC 7515 section 4.1.1")
        for name, raw in {"null": "null", "a-number": "256", "a-list": '["RS256"]', "an-object": '{"RS256":1}', "true": "true"}.items()
    ),
    with_header("alg-escaped", "RS256 spelled with an escape: it is RS256", "allowed", {"alg": '"\\u0052S256"'}),
]

ATTACKER = {"alg": "RS256", "key": "rsa2048-attacker"}
ATTACKER_JWK = text({"alg": "RS256", "use": "sig", "kid": KID_A} | signing.public_jwk("rsa2048-attacker"))
INJECTED = {
    "jwk": (ATTACKER_JWK, "the attacker's key in the header", "RFC 8725 section 3.10, CVE-2018-0114"),
    "jku": ('"https://attacker.example/jwks.json"', "the attacker's key set by reference", "RFC 8725 section 3.10"),
    "x5u": ('"https://attacker.example/cert.pem"', "the attacker's certificate by reference", "RFC 8725 section 3.10"),
    "x5c": ('["MIIBszCCAVmgAwIBAgIUAKQ="]', "the attacker's certificate in the header", "RFC 8725 section 3.10"),
    "x5t": ('"dGhlIGF0dGFja2VyJ3MgY2VydA"', "the thumbprint of the attacker's certificate", "RFC 7515 section 4.1.7"),
}

BROUGHT_KEYS = [
    brought
    for member, (raw, what, attack) in INJECTED.items()
    for brought in (
        with_header(
            f"key-in-token-{member}", f"{what}, under the pool's `kid`", "signature_invalid", {member: raw}, sign=ATTACKER, attack=attack
        ),
        with_header(
            f"key-in-token-{member}-no-kid",
            f"{what}, without a `kid`",
            "key_unknown",
            {member: raw, "kid": None},
            sign=ATTACKER,
            attack=attack,
        ),
        with_header(
            f"key-in-token-{member}-ignored",
            f"{what}, but signed by the pool: the member is ignored",
            "allowed",
            {member: raw},
            attack=attack,
        ),
    )
]

EXTENSIONS = [
    with_header(
        "crit-unknown",
        "`crit` names an extension that nobody knows",
        MALFORMED,
        {"crit": '["exp2"]', "exp2": "1"},
        attack="RFC 7515 section 4.1.11, CVE-2025-59420",
    ),
    with_header(
        "crit-known", "`crit` names a member that everybody knows", MALFORMED, {"crit": '["alg"]'}, attack="RFC 7515 section 4.1.11"
    ),
    with_header("crit-empty", "`crit` is an empty list", MALFORMED, {"crit": "[]"}, attack="RFC 7515 section 4.1.11"),
    with_header("crit-null", "`crit` is null", MALFORMED, {"crit": "null"}, attack="RFC 7515 section 4.1.11"),
    with_header(
        "crit-b64", "an unencoded payload announced as RFC 7797 has it", MALFORMED, {"crit": '["b64"]', "b64": "false"}, attack="RFC 7797"
    ),
    with_header(
        "crit-b64-plain", "an unencoded payload", MALFORMED, {"crit": '["b64"]', "b64": "false"}, attack="RFC 7797", encoding={"p": "plain"}
    ),
    with_header(
        "crit-escaped", "`crit` spelled with an escape", MALFORMED, {"x": '1,"\\u0063rit":["exp2"]'}, attack="RFC 7515 section 4.1.11"
    ),
    with_header("b64-false", "`b64` false without `crit`", MALFORMED, {"b64": "false"}, attack="RFC 7797"),
    with_header("b64-true", "`b64` true without `crit`", MALFORMED, {"b64": "true"}, attack="RFC 7797"),
    with_header(
        "zip",
        "`zip` on a signed token is ignored: it is not compressed",
        "allowed",
        {"zip": '"DEF"'},
        attack="RFC 8725 section 2.3, CVE-2024-33664",
    ),
    with_header("enc", "`enc` on a signed token is ignored", "allowed", {"enc": '"A256GCM"'}, attack="RFC 8725 section 2.3"),
    with_header("cty-nested", "`cty` that speaks of a nested token is ignored", "allowed", {"cty": '"JWT"'}, attack="RFC 8725 section 2.3"),
    with_header("typ-jwt", "`typ` JWT", "allowed", {"typ": '"JWT"'}),
    with_header(
        "typ-access",
        "`typ` at+jwt on an ID token is ignored: `token_use` decides",
        "allowed",
        {"typ": '"at+jwt"'},
        attack="RFC 8725 section 3.11",
    ),
    with_header("typ-number", "`typ` of another type is ignored", "allowed", {"typ": "1"}),
]

UNKNOWN = "key_unknown"


def key_id(name: str, what: str, expect: str, raw: str | None, **more) -> dict:
    return with_header(f"kid-{name}", what, expect, {"kid": raw}, attack=more.pop("attack", "RFC 8725 section 3.10"), **more)


KEY_IDS = [
    key_id("absent", "no `kid`", UNKNOWN, None),
    key_id("empty", "an empty `kid`", UNKNOWN, '""'),
    key_id("unknown", "a `kid` that no key has", UNKNOWN, '"nobody"'),
    key_id("null", "`kid` null", MALFORMED, "null"),
    key_id("number", "`kid` a number", MALFORMED, "7"),
    key_id("list", "`kid` a list", MALFORMED, f"[{text(KID_A)}]"),
    key_id("object", "`kid` an object", MALFORMED, '{"a":1}'),
    key_id("true", "`kid` true", MALFORMED, "true"),
    key_id("10-kb", "a `kid` of 10 KB", UNKNOWN, '"{repeat k 10240}"', attack="memory and logs"),
    key_id("control-characters", "control characters in `kid`", UNKNOWN, '"a\\r\\nb\\u0000\\u001b[31m"', attack="log injection"),
    key_id("quote", "quotes and backslashes in `kid`", UNKNOWN, '"a\\"b\\\\c"', attack="log injection"),
    key_id("non-ascii", "`kid` outside ASCII", UNKNOWN, '"ключ😀"'),
    key_id("path", "a path as `kid`", UNKNOWN, '"../../../../dev/null"', attack="path traversal through kid"),
    key_id("sql", "SQL as `kid`", UNKNOWN, "\"x' UNION SELECT 'key\"", attack="SQL injection through kid"),
    key_id("url", "a URL as `kid`", UNKNOWN, '"https://attacker.example/key"', attack="SSRF through kid"),
    key_id("other-case", "the pool's `kid` in upper case", UNKNOWN, text(KID_A.upper())),
    key_id("space-after", "the pool's `kid` and a space", UNKNOWN, text(KID_A + " ")),
    key_id("nul-after", "the pool's `kid` and an escaped NUL", UNKNOWN, text(KID_A)[:-1] + '\\u0000"'),
    key_id("without-padding", "the pool's `kid` without its `=`", UNKNOWN, text(KID_A.rstrip("="))),
    key_id("url-safe", "the pool's `kid` in base64's other alphabet", UNKNOWN, text(KID_A.replace("+", "-").replace("/", "_"))),
    key_id("prefix", "the first half of the pool's `kid`", UNKNOWN, text(KID_A[:22])),
    key_id("other-key", "the `kid` of the pool's other key", "signature_invalid", text(KID_B)),
    key_id(
        "escaped",
        "the pool's `kid` spelled with escapes: it is the same",
        "allowed",
        text(KID_A).replace("/", "\\/").replace("+", "\\u002b"),
    ),
    key_id("second-key", "the pool's other key", "allowed", text(KID_B), sign={"alg": "RS256", "key": "rsa2048-b"}),
]

CASES = [*ALGORITHMS, *BROUGHT_KEYS, *EXTENSIONS, *KEY_IDS]
