"""Tokens that are no compact JWS, and headers and claims that are no proper JSON."""

import base64

from .base import KID_A, SUB, case, header, id_claims, text, with_claims, with_header

MALFORMED = "token_malformed"


def base64_of(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def shape(name: str, what: str, template: str, **more) -> dict:
    return case(f"shape-{name}", what, MALFORMED, shape=template, attack=more.pop("attack", "RFC 7515 section 7.1"), **more)


SHAPES = [
    shape("one-part", "the header alone", "{h}"),
    shape("two-parts", "no signature, no second dot", "{h}.{p}", attack="RFC 8725 section 2.1"),
    shape("four-parts", "the signature twice", "{h}.{p}.{s}.{s}"),
    shape("five-parts", "five parts, as a JWE has", "{h}.{p}.{s}.{s}.{s}", attack="RFC 8725 section 2.3"),
    shape("empty-part-after", "an empty fourth part", "{h}.{p}.{s}."),
    shape("empty-part-before", "an empty part before the header", ".{h}.{p}.{s}"),
    shape("empty-part-between", "an empty part between header and claims", "{h}..{p}.{s}"),
    shape("empty-header", "no header", ".{p}.{s}"),
    shape("empty-claims", "no claims (a detached payload, RFC 7515 appendix F)", "{h}..{s}"),
    shape("empty-signature", "the signature cut off", "{h}.{p}.", attack="RFC 8725 section 2.1"),
    shape("dots", "dots alone", ".."),
    shape("many-dots", "a thousand dots", "." * 1000, attack="CVE-2025-30204"),
    shape("word", "no token at all", "hello"),
    shape("opaque", "an opaque token of another service", "ya29.a0AfH6SMBx"),
    shape(
        "json-serialization",
        "the flattened JSON serialization",
        '{{"payload":"{p}","protected":"{h}","signature":"{s}"}}',
        attack="RFC 7515 section 7.2.2",
    ),
    shape("quoted", "the token in quotes", '"{h}.{p}.{s}"'),
    shape("percent-encoded-dots", "dots as %2E", "{h}%2E{p}%2E{s}"),
    shape("wide-dots", "other bytes in the place of the dots", "{h}\xb7{p}\xb7{s}"),
    shape("scheme-inside", "the scheme twice", "Bearer {h}.{p}.{s}"),
    shape("parts-swapped", "claims before the header", "{p}.{h}.{s}"),
    shape("semicolon-after", "a semicolon after the token", "{h}.{p}.{s};"),
    shape("space-between", "a space after each dot", "{h}. {p}. {s}"),
    shape("nul-after", "a NUL and more after the token", "{h}.{p}.{s}\0.x", only="native"),
    shape("line-break-before", "a line break between scheme and token", "\n{h}.{p}.{s}", only="native"),
]

PARTS = {"h": "header", "p": "claims", "s": "signature"}
WRONG_ENCODINGS = {
    "padded": "padded with the right number of `=`, and signed as sent",
    "padded-too-much": "with one `=` too many",
    "standard-alphabet": "in base64's other alphabet",
    "unused-bits-set": "with bits set in the last character that belong to no byte",
    "one-character-more": "of a length that no bytes encode to",
    "space-inside": "with a space inside",
    "percent-escape-inside": "with a percent escape inside",
    "byte-above-7f-inside": "with a byte above 0x7F inside",
    "padding-inside": "with `=` inside",
}


def wrong_encoding(letter: str, encoding: str, what: str, **more) -> dict:
    token = {}
    # The base64 of plain ASCII seldom holds + or /: that of `~~~` and `???` does.
    if letter == "h":
        token["header"] = header(typ='"{nonce}~~~???"')
    if letter == "p":
        token["payload"] = id_claims({"name": '"~~~???{nonce}"'})
    return case(
        f"encoding-{PARTS[letter]}-{encoding}",
        f"the {PARTS[letter]} {what}",
        MALFORMED,
        attack="RFC 7515 section 2, RFC 4648 sections 3.2 to 3.5",
        encoding={letter: encoding},
        **token,
        **more,
    )


ENCODINGS = [
    *(wrong_encoding(letter, name, what) for letter in PARTS for name, what in WRONG_ENCODINGS.items()),
    wrong_encoding("s", "mixed-alphabets", "in a mixture of both alphabets"),
    wrong_encoding("s", "tab-inside", "with a tab inside"),
    wrong_encoding("s", "comma-inside", "with a comma inside"),
    wrong_encoding("s", "tilde-after", "followed by `~`, as in an SD-JWT"),
    wrong_encoding("s", "hex", "in hexadecimal") | {"expect": "signature_invalid"},
    wrong_encoding("s", "line-break-inside", "with a line break inside", only="native"),
    wrong_encoding("s", "line-break-after", "with a line break after it", only="native"),
    wrong_encoding("p", "line-break-inside", "with a line break inside", only="native"),
    wrong_encoding("s", "nul-inside", "with a NUL inside", only="native"),
    wrong_encoding("p", "plain", "as plain JSON, not encoded (RFC 7797)"),
]


def json_case(
    part: str, name: str, what: str, value: str | bytes, expect: str = MALFORMED, attack="RFC 8725 section 3.7, RFC 8259", **more
) -> dict:
    member = {part: value} if isinstance(value, str) else {f"{part}_base64": base64_of(value)}
    return case(f"json-{part}-{name}", what, expect, attack=attack, **member, **more)


def both_parts(name: str, what: str, change, expect: str = MALFORMED, **more) -> list:
    return [
        json_case("header", name, f"the header: {what}", change(header()), expect, **more),
        json_case("payload", name, f"the claims: {what}", change(PLAIN_CLAIMS), expect, **more),
    ]


# The claims without a placeholder in bytes: these cases need a fixed time, far away.
PLAIN_CLAIMS = id_claims({"exp": "4102444800", "iat": "1700000000", "auth_time": "1700000000", "jti": '"0"'})

DUPLICATE = {"attack": "RFC 7515 section 4, RFC 7519 section 4: a name twice"}

JSON = [
    *both_parts("list", "in a list", lambda t: f"[{t}]"),
    *both_parts("null", "null", lambda t: "null"),
    *both_parts("string", "a string", lambda t: text(t)),
    *both_parts("number", "a number", lambda t: "1"),
    *both_parts("true", "true", lambda t: "true"),
    *both_parts("byte-order-mark", "a byte order mark before it", lambda t: b"\xef\xbb\xbf" + t.encode()),
    *both_parts("utf-16", "UTF-16", lambda t: t.encode("utf-16-le")),
    *both_parts("not-utf-8", "a byte that is not UTF-8", lambda t: t[:-1].encode() + b',"x":"\xff"}'),
    *both_parts("overlong-utf-8", "an overlong `/`", lambda t: t[:-1].encode() + b',"x":"\xc0\xaf"}'),
    *both_parts("surrogate-in-utf-8", "a surrogate as UTF-8", lambda t: t[:-1].encode() + b',"x":"\xed\xa0\x80"}'),
    *both_parts("trailing-comma", "a comma too many", lambda t: t[:-1] + ",}"),
    *both_parts("comment", "a comment", lambda t: "/**/" + t),
    *both_parts("single-quotes", "single quotes", lambda t: t.replace('"', "'")),
    *both_parts("bare-names", "names without quotes", lambda t: t[:-1] + ",x:1}"),
    *both_parts("text-after", "an object more after it", lambda t: t + "{}"),
    *both_parts("nul-after", "a NUL after it", lambda t: t.encode() + b"\0"),
    *both_parts("cut-off", "the last brace missing", lambda t: t[:-1]),
    *both_parts("nan", "NaN", lambda t: t[:-1] + ',"x":NaN}'),
    *both_parts("infinity", "Infinity", lambda t: t[:-1] + ',"x":-Infinity}'),
    *both_parts("number-too-large", "a number that a double cannot hold", lambda t: t[:-1] + ',"x":1e400}'),
    *both_parts("leading-zero", "a number with a zero before it", lambda t: t[:-1] + ',"x":007}'),
    *both_parts("hex-number", "a hexadecimal number", lambda t: t[:-1] + ',"x":0x10}'),
    *both_parts("raw-control-character", "a raw line break in a string", lambda t: t[:-1] + ',"x":"a\nb"}'),
    *both_parts("bad-escape", "an escape that JSON lacks", lambda t: t[:-1] + ',"x":"\\x41"}'),
    *both_parts("lone-surrogate", "half of a surrogate pair", lambda t: t[:-1] + ',"x":"\\ud800"}'),
    *both_parts("depth-33", "one level too deep", lambda t: t[:-1] + ',"x":' + "[" * 32 + "]" * 32 + "}"),
    *both_parts("depth-5000", "5,000 levels", lambda t: t[:-1] + ',"x":' + "{repeat [ 5000}{repeat ] 5000}" + "}"),
    *both_parts("depth-10000-open", "10,000 levels that nobody closes", lambda t: t[:-1] + ',"x":' + "{repeat [ 10000}"),
    *both_parts("depth-objects", "1,000 objects in one another", lambda t: t[:-1] + ',"x":' + '{repeat {"a": 1000}1{repeat } 1001}'),
    json_case(
        "header",
        "name-twice",
        "`alg` twice, the last one right",
        header()[:-1].replace('"RS256"', '"none"') + ',"alg":"RS256"}',
        **DUPLICATE,
    ),
    json_case("header", "name-twice-alike", "`alg` twice, alike", header()[:-1] + ',"alg":"RS256"}', **DUPLICATE),
    json_case("header", "kid-twice", "`kid` twice", header()[:-1] + f',"kid":{text(KID_A)}}}', **DUPLICATE),
    json_case("header", "name-twice-escaped", "`alg` twice, once with an escape", header()[:-1] + ',"\\u0061lg":"none"}', **DUPLICATE),
    json_case("header", "unused-name-twice", "a name that nobody reads, twice", header()[:-1] + ',"x":1,"x":2}', **DUPLICATE),
    json_case("payload", "name-twice", "`sub` twice, the last one another user's", id_claims()[:-1] + ',"sub":"mallory"}', **DUPLICATE),
    json_case(
        "payload", "name-twice-escaped", "`sub` twice, once with an escape", id_claims()[:-1] + ',"s\\u0075b":"mallory"}', **DUPLICATE
    ),
    json_case("payload", "exp-twice", "`exp` twice, the first one long past", '{"exp":1,' + id_claims()[1:], **DUPLICATE),
    json_case("payload", "groups-twice", "`cognito:groups` twice", id_claims()[:-1] + ',"cognito:groups":["admins"]}', **DUPLICATE),
    json_case("payload", "unused-name-twice", "a name that nobody reads, twice", id_claims()[:-1] + ',"x":1,"x":1}', **DUPLICATE),
    json_case("payload", "empty-object", "no claims at all", "{}"),
]

# Odd, and in order: what is refused here would lock out honest users.
ODD_BUT_VALID = [
    *both_parts("white-space", "spaces and line breaks around and inside", lambda t: " \r\n" + t.replace(",", " ,\n\t") + "\n", "allowed"),
    *both_parts("depth-32", "as deep as is allowed", lambda t: t[:-1] + ',"x":' + "[" * 31 + "]" * 31 + "}", "allowed"),
    *both_parts("name-twice-deeper", "a name twice, but in an inner object", lambda t: t[:-1] + ',"x":{"a":1,"a":2}}', "allowed"),
    *both_parts("names-differ-in-case", "two names that differ in case", lambda t: t[:-1] + ',"X":1,"x":2}', "allowed"),
    *both_parts("surrogate-pair", "a proper surrogate pair", lambda t: t[:-1] + ',"x":"\\ud83d\\ude00"}', "allowed"),
    *both_parts("non-ascii", "letters outside ASCII", lambda t: t[:-1] + ',"x":"Zoë 😀"}', "allowed"),
    *both_parts("empty-name", "a member whose name is empty", lambda t: t[:-1] + ',"":1}', "allowed"),
    *both_parts(
        "proto", "a member named __proto__", lambda t: t[:-1] + ',"__proto__":{"admin":true}}', "allowed", attack="prototype pollution"
    ),
    *both_parts(
        "escaped-names",
        "the names spelled with escapes",
        lambda t: t.replace('"kid"', '"\\u006bid"').replace('"sub"', '"\\u0073ub"'),
        "allowed",
    ),
    *both_parts("escaped-nul", "an escaped NUL in a string", lambda t: t[:-1] + ',"x":"a\\u0000b"}', "allowed"),
]


def of_length(name: str, what: str, length: int, expect: str) -> dict:
    """An honest token of exactly this length: the header makes up what base64 cannot reach with the claims alone."""
    fixed = id_claims({"exp": "4102444800", "iat": "1700000000", "auth_time": "1700000000", "jti": '"0"', "x": '"{}"'}).replace("{}", "")
    for extra in range(3):
        head = header(typ=text("t" * extra))
        left = length - len(base64_of(head.encode()).rstrip("=")) - 2 - 342
        size = left * 3 // 4
        if left % 4 != 1:
            claims = fixed.replace('"x":""', '"x":"{repeat a %d}"' % (size - len(fixed)))
            return case(name, what, expect, attack="memory and time", header=head, payload=claims)
    raise AssertionError


SIZES = [
    of_length("size-16384", "a token of exactly 16 KiB", 16384, "allowed"),
    of_length("size-16385", "a token one byte over 16 KiB", 16385, MALFORMED),
    of_length("size-20000", "a token of 20 KB", 20000, MALFORMED),
    case("size-garbage-20000", "20 KB of one letter", MALFORMED, shape="A" * 20000, attack="memory and time"),
    with_claims("size-many-claims", "500 claims", "allowed", {f"c{i}": str(i) for i in range(500)}),
    with_header("size-many-members", "300 header members", "allowed", {f"c{i}": str(i) for i in range(300)}),
]

CASES = [*SHAPES, *ENCODINGS, *JSON, *ODD_BUT_VALID, *SIZES]
assert SUB in PLAIN_CLAIMS
