"""Signatures that are none, and keys that must not be used (RFC 8017, RFC 8725 sections 3.3 to 3.5)."""

from .base import ISSUER, KID_A, case, header, id_claims, text
from .pools import pool_id

INVALID = "signature_invalid"


def forged(trick: str, what: str, attack: str = "RFC 8017 section 8.2.2", kid: str = KID_A, key: str = "rsa2048-a", **more) -> dict:
    return case(
        f"signature-{trick}",
        what,
        INVALID,
        attack=attack,
        header=header(kid=text(kid)),
        sign={"alg": "RS256", "key": key, "trick": trick},
        **more,
    )


PADDING = "RFC 8017 section 9.2: the whole encoded message is compared"

SIGNATURES = [
    forged("another-message", "a good signature of something else"),
    forged("flip-last-bit", "one bit changed"),
    forged("zeros", "256 zero bytes", "CVE-2022-21449 in spirit"),
    forged("ones", "256 bytes of 0xFF: not less than the modulus"),
    forged("one", "the number one"),
    forged("modulus", "the modulus itself: zero, modulo n"),
    forged("modulus-less-one", "the modulus less one: -1, modulo n"),
    forged("plus-modulus", "the good signature plus the modulus", "RFC 8017 section 5.2.2 step 1: malleability"),
    forged("negated", "the modulus less the good signature"),
    forged("single-byte", "the first byte alone"),
    forged("half", "the first half"),
    forged("cut-last-byte", "the last byte cut off"),
    forged("without-leading-zero", "a good signature that begins with a zero byte, without it"),
    forged("zero-before", "a zero byte before it"),
    forged("zero-after", "a zero byte after it"),
    forged("twice", "twice in a row"),
    forged("reversed", "the bytes in the other order"),
    forged("block-type-2", "padding of the kind for encryption", PADDING),
    forged("block-type-0", "padding of zeros", PADDING),
    forged("padding-not-ff", "padding of 0xFE", PADDING),
    forged("no-separator", "no zero byte after the padding", PADDING),
    forged("separator-01", "another byte after the padding", PADDING),
    forged("bytes-after-hash", "bytes after the hash", PADDING + "; CVE-2006-4339"),
    forged("short-padding-bytes-after-hash", "eight bytes of padding, the rest after the hash", PADDING + "; CVE-2006-4339"),
    forged("no-padding", "no padding at all", PADDING),
    forged("digest-info-without-null", "a DigestInfo without NULL", PADDING),
    forged("digest-info-long-length", "a DigestInfo in BER that is not DER", PADDING + "; CVE-2014-1568"),
    forged("digest-info-other-parameters", "a DigestInfo with other parameters", PADDING),
    forged("digest-info-of-sha1", "a DigestInfo of SHA-1 before the first bytes of SHA-256", PADDING),
    forged("digest-info-of-sha384", "SHA-384 under the name of RS256", PADDING),
    forged("sha1", "SHA-1 under the name of RS256", PADDING),
    forged("bare-hash", "the hash without a DigestInfo", PADDING),
    forged("hash-of-nothing", "the hash of an empty message", PADDING),
    forged("hash-cut", "the hash less its last byte", PADDING),
    forged(
        "cube-root",
        "a forgery without the private key, for the exponent 3",
        "Bleichenbacher 2006, CVE-2006-4339",
        kid="exponent-3",
        key="rsa2048-e3",
    ),
    forged(
        "cube-root-suffix",
        "a cube that ends in the right hash, for the exponent 3",
        "BERserk, CVE-2014-1568",
        kid="exponent-3",
        key="rsa2048-e3",
    ),
    case(
        "signature-by-a-stranger",
        "a key that the pool does not have",
        INVALID,
        attack="RFC 8725 section 3.2",
        sign={"alg": "RS256", "key": "rsa2048-attacker"},
    ),
    case(
        "signature-pss-as-rs256",
        "PSS under the name of RS256",
        INVALID,
        attack="RFC 8725 section 3.1",
        sign={"alg": "PS256", "key": "rsa2048-a"},
    ),
    case(
        "signature-hmac-as-rs256",
        "an HMAC under the name of RS256",
        INVALID,
        attack="RFC 8725 section 2.1",
        sign={"alg": "HS256", "key": "rsa2048-a", "form": "spki-pem"},
    ),
    case(
        "signature-ecdsa-as-rs256",
        "an ECDSA signature under the name of RS256",
        INVALID,
        attack="RFC 8725 section 3.1",
        sign={"alg": "ES256", "key": "p256"},
    ),
    case("signature-one-byte", "one zero byte", INVALID, sign={"alg": "hex", "hex": "00"}),
    case("signature-2000-bytes", "2,000 bytes", INVALID, sign={"alg": "hex", "hex": "41" * 2000}),
    case("signature-of-claims-alone", "the claims are signed, the header is not", INVALID, signed="{p}", attack="RFC 7515 section 5.1"),
    case(
        "signature-of-decoded-bytes",
        "the bytes are signed, not their base64url",
        INVALID,
        signed='{{"x":1}}.{p}',
        attack="RFC 7515 section 5.1",
    ),
    case("signature-of-a-dot-more", "a dot more is signed", INVALID, signed="{h}.{p}.", attack="RFC 7515 section 5.1"),
    case(
        "signature-claims-exchanged",
        "an honest token whose claims were exchanged",
        INVALID,
        attack="RFC 8725 section 3.3",
        signed="{h}.eyJzdWIiOiJhbGljZSJ9",
    ),
]


def by_key(name: str, what: str, expect: str, kid: str, key: str, trick: str = "honest", attack: str = "RFC 8725 section 3.5") -> dict:
    return case(f"key-{name}", what, expect, attack=attack, header=header(kid=text(kid)), sign={"alg": "RS256", "key": key, "trick": trick})


UNKNOWN = "key_unknown"

KEYS = [
    by_key("exponent-3", "a key with the exponent 3, honestly used", "allowed", "exponent-3", "rsa2048-e3"),
    by_key("rsa-3072", "3,072 bits", "allowed", "rsa-3072", "rsa3072"),
    by_key("rsa-4096", "4,096 bits", "allowed", "rsa-4096", "rsa4096"),
    by_key("without-alg", "a key that names no algorithm", "allowed", "no-alg", "rsa2048-b"),
    by_key("without-use", "a key that names no use", "allowed", "no-use", "rsa2048-b"),
    by_key("rsa-1024", "a key of 1,024 bits", UNKNOWN, "rsa-1024", "rsa1024"),
    by_key("rsa-2047", "a key one bit too short", UNKNOWN, "rsa-2047", "rsa2047"),
    by_key("rsa-4104", "a key of more than 4,096 bits", UNKNOWN, "rsa-4104", "rsa4104", attack="time: CVE-2023-3446"),
    by_key("exponent-1", "a key with the exponent 1: everybody can sign", UNKNOWN, "exponent-1", "rsa2048-attacker", "exponent-one"),
    by_key("exponent-2", "a key with an even exponent", UNKNOWN, "exponent-2", "rsa2048-attacker"),
    by_key(
        "exponent-huge",
        "a key with an exponent over 32 bits",
        UNKNOWN,
        "exponent-huge",
        "rsa2048-huge-exponent",
        attack="time: CVE-2023-3446",
    ),
    by_key("even-modulus", "a key whose modulus is even", UNKNOWN, "even-modulus", "rsa2048-attacker"),
    by_key("use-enc", "a key for encryption", UNKNOWN, "use-enc", "rsa2048-b", attack="RFC 7517 section 4.2"),
    by_key("alg-rs512", "a key for RS512", UNKNOWN, "alg-rs512", "rsa2048-b", attack="RFC 7517 section 4.4"),
    by_key("alg-ps256", "a key for PS256", UNKNOWN, "alg-ps256", "rsa2048-b", attack="RFC 7517 section 4.4"),
    by_key("alg-rsa-oaep", "a key for RSA-OAEP", UNKNOWN, "alg-rsa-oaep", "rsa2048-b", attack="RFC 7517 section 4.4"),
    by_key("kty-lower-case", "`kty` in lower case", UNKNOWN, "kty-lower-case", "rsa2048-b", attack="RFC 7517 section 4.1"),
    by_key("ec", "RS256 under the `kid` of an EC key", UNKNOWN, "ec-p256", "rsa2048-a"),
    by_key("ec-that-says-rs256", "an EC key that says it is for RS256", UNKNOWN, "ec-p256-as-rs256", "rsa2048-a"),
    by_key("oct", "RS256 under the `kid` of a symmetric key", UNKNOWN, "oct", "rsa2048-a"),
]


def from_set(key_set: str, what: str, expect: str, name: str = "", kid: str = KID_A, key: str = "rsa2048-a") -> dict:
    return case(
        f"key-set-{key_set}{name}",
        what,
        expect,
        attack="RFC 7517 section 5",
        pool=key_set,
        header=header(kid=text(kid)),
        payload=id_claims({"iss": text(ISSUER.format(pool_id(key_set)))}),
        sign={"alg": "RS256", "key": key},
    )


UNAVAILABLE = "keys_unavailable"

SETS = [
    from_set("kid-twice", "a set that has the `kid` twice is not used at all", UNAVAILABLE),
    from_set("kid-twice", "nor for the other of the two keys", UNAVAILABLE, "-attacker", key="rsa2048-attacker"),
    from_set("without-kid", "a key without `kid` is skipped, the others work", "allowed"),
    from_set("kid-a-number", "a key whose `kid` is a number is skipped, the others work", "allowed"),
    from_set("nothing-usable", "a set without a usable key", UNAVAILABLE),
    from_set("empty", "a set without keys", UNAVAILABLE),
    from_set("no-keys-member", "a key in the place of a set", UNAVAILABLE),
    from_set("keys-an-object", "`keys` is an object", UNAVAILABLE),
    from_set("64-keys", "as many keys as are allowed", "allowed"),
    from_set("65-keys", "a key too many", UNAVAILABLE),
]

CASES = [*SIGNATURES, *KEYS, *SETS]
