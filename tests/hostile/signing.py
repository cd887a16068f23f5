"""Signatures for the hostile corpus: honest ones, and every known way to forge one.

Written with Python's own numbers on purpose: libraries refuse to make most of these, and with nothing to
install the corpus is minted the same everywhere. Every signature is deterministic (PSS has an empty
salt, ECDSA's nonce is a hash), so that a token minted twice for one time is the same token.
"""

import base64
import functools
import hashlib
import hmac
import json
import math
import pathlib

KEYS = pathlib.Path(__file__).resolve().parent / "keys"

# DigestInfo prefixes of RFC 8017, section 9.2, note 1.
DIGEST_INFO = {
    "sha1": bytes.fromhex("3021300906052b0e03021a05000414"),
    "sha256": bytes.fromhex("3031300d060960864801650304020105000420"),
    "sha384": bytes.fromhex("3041300d060960864801650304020205000430"),
    "sha512": bytes.fromhex("3051300d060960864801650304020305000440"),
}
# SHA-256's DigestInfo without the NULL parameters of its algorithm identifier (RFC 8017, appendix A.2.4, forbids it).
DIGEST_INFO_WITHOUT_NULL = bytes.fromhex("302f300b06096086480165030402010420")

P256_PRIME = 2**256 - 2**224 + 2**192 + 2**96 - 1
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
P256_BASE = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)


class Infeasible(Exception):
    """This message has no such forgery: mint it again with another nonce."""


def b64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def from_b64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class RsaKey:
    """An RSA key of `keys/`: `n`, `e`, `d` and the modulus' length in bytes."""

    def __init__(self, jwk: dict):
        self.n, self.e, self.d = (int.from_bytes(from_b64url(jwk[m]), "big") for m in "ned")
        self.size = (self.n.bit_length() + 7) // 8
        self.factors = rsa_factors(self.n, self.e, self.d)

    def sign_encoded(self, encoded_message: bytes) -> bytes:
        message = int.from_bytes(encoded_message, "big")
        return self.power(message).to_bytes(self.size, "big")

    def power(self, message: int) -> int:
        """message^d mod n; by the Chinese remainder theorem, four times as fast, where n has two prime factors."""
        if self.factors is None:
            return pow(message, self.d, self.n)
        p, q = self.factors
        at_p, at_q = pow(message, self.d % (p - 1), p), pow(message, self.d % (q - 1), q)
        return at_q + q * ((at_p - at_q) * pow(q, -1, p) % p)


def rsa_factors(n: int, e: int, d: int) -> tuple[int, int] | None:
    """The two primes of an honest key (NIST SP 800-56B, appendix C); `None` for one that was made up."""
    odd, halvings = e * d - 1, 0
    if odd <= 0:
        return None
    while odd % 2 == 0:
        odd, halvings = odd // 2, halvings + 1
    for base in (2, 3, 5, 7, 11, 13, 17, 19):
        root = pow(base, odd, n)
        for _ in range(halvings):
            square = root * root % n
            if square == 1 and root not in (1, n - 1):
                p = math.gcd(root - 1, n)
                return p, n // p
            root = square
    return None


def read_key(name: str) -> dict:
    """The private JWK in `keys/<name>.json`."""
    return json.loads((KEYS / f"{name}.json").read_text())


@functools.cache
def rsa_key(name: str) -> RsaKey:
    """The RSA key in `keys/<name>.json`, read once."""
    return RsaKey(read_key(name))


def public_jwk(name: str) -> dict:
    """The public half of a key, for a JWK set."""
    return {member: value for member, value in read_key(name).items() if member != "d"}


def sign(recipe: dict, message: bytes) -> bytes:
    """The signature that `recipe` describes over `message`; README.md lists the recipes."""
    alg, key = recipe["alg"], recipe.get("key")
    if alg == "none":
        return b""
    if alg == "hex":
        return bytes.fromhex(recipe["hex"])
    if alg.startswith("HS"):
        return hmac.new(secret(recipe), message, "sha" + alg[2:]).digest()
    if alg == "ES256":
        return p256_sign(read_key(key), message)
    rsa = rsa_key(key)
    if alg.startswith("PS"):
        return rsa.sign_encoded(pss_encoded(message, rsa.n.bit_length() - 1, "sha" + alg[2:]))
    if alg.startswith("RS"):
        trick = TRICKS[recipe.get("trick", "honest")]
        return trick(rsa, message, "sha" + alg[2:])
    raise ValueError(f"no such way to sign: {alg}")


def secret(recipe: dict) -> bytes:
    """The bytes that an algorithm-confusion attack uses as the HMAC secret."""
    jwk = read_key(recipe["key"])
    match recipe["form"]:
        case "oct":
            return from_b64url(jwk["k"])
        case "empty":
            return b""
        case "modulus":
            return from_b64url(jwk["n"])
        case "modulus-text":
            return jwk["n"].encode()
        case "spki-der":
            return spki_der(jwk)
        case "spki-pem":
            return pem("PUBLIC KEY", spki_der(jwk))
        case "spki-pem-without-last-line-break":
            return pem("PUBLIC KEY", spki_der(jwk)).rstrip(b"\n")
        case "pkcs1-der":
            return pkcs1_der(jwk)
        case "pkcs1-pem":
            return pem("RSA PUBLIC KEY", pkcs1_der(jwk))
        case form:
            raise ValueError(f"no such form of a secret: {form}")


# RSA, honest and not (RFC 8017, sections 8.2 and 9.2).


def encoded_message(
    size: int,
    info: bytes,
    *,
    start: bytes = b"\x00\x01",
    filler: int = 0xFF,
    separator: bytes = b"\x00",
    after: bytes = b"",
) -> bytes:
    """EMSA-PKCS1-v1_5 of `size` bytes; what is named differs from the honest encoding."""
    padding = size - len(start) - len(separator) - len(info) - len(after)
    return start + bytes([filler]) * padding + separator + info + after


def digest_info(message: bytes, algorithm: str) -> bytes:
    return DIGEST_INFO[algorithm] + hashlib.new(algorithm, message).digest()


def honest(key: RsaKey, message: bytes, algorithm: str) -> bytes:
    return key.sign_encoded(encoded_message(key.size, digest_info(message, algorithm)))


def with_encoding(**parts):
    def forge(key: RsaKey, message: bytes, algorithm: str) -> bytes:
        return key.sign_encoded(encoded_message(key.size, digest_info(message, algorithm), **parts))

    return forge


def with_digest_info(make):
    def forge(key: RsaKey, message: bytes, _algorithm: str) -> bytes:
        return key.sign_encoded(encoded_message(key.size, make(message)))

    return forge


def with_signature(change):
    def forge(key: RsaKey, message: bytes, algorithm: str) -> bytes:
        return change(key, honest(key, message, algorithm))

    return forge


def plus_modulus(key: RsaKey, signature: bytes) -> bytes:
    """The same number modulo n, but not less than n (RFC 8017, section 5.2.2, step 1)."""
    number = int.from_bytes(signature, "big") + key.n
    if number.bit_length() > key.size * 8:
        raise Infeasible
    return number.to_bytes(key.size, "big")


def without_leading_zero(key: RsaKey, signature: bytes) -> bytes:
    """A signature whose number is small, sent one byte short (RFC 8017, section 8.2.2, step 1)."""
    if signature[0] != 0:
        raise Infeasible
    return signature[1:]


def flip_last_bit(_key: RsaKey, signature: bytes) -> bytes:
    return signature[:-1] + bytes([signature[-1] ^ 1])


def cube_root_forgery(key: RsaKey, message: bytes, algorithm: str) -> bytes:
    """Bleichenbacher's forgery (CVE-2006-4339): no private key, for verifiers that ignore what follows the hash."""
    assert key.e == 3
    head = b"\x00\x01" + b"\xff" * 8 + b"\x00" + digest_info(message, algorithm)
    lowest = int.from_bytes(head + b"\x00" * (key.size - len(head)), "big")
    root = cube_root_above(lowest)
    assert (root**3).to_bytes(key.size, "big").startswith(head)
    return root.to_bytes(key.size, "big")


def cube_root_suffix_forgery(key: RsaKey, message: bytes, algorithm: str) -> bytes:
    """The same for verifiers that look only at the end (BERserk, CVE-2014-1568): the cube ends in the DigestInfo."""
    assert key.e == 3
    tail = int.from_bytes(b"\x00" + digest_info(message, algorithm), "big")
    if tail % 2 == 0:
        raise Infeasible
    root = 1
    for bit in range(1, 8 * (1 + len(digest_info(message, algorithm)))):
        if (root**3 - tail) >> bit & 1:
            root |= 1 << bit
    return root.to_bytes(key.size, "big")


def cube_root_above(number: int) -> int:
    low, high = 0, 1 << (number.bit_length() // 3 + 2)
    while low < high:
        middle = (low + high) // 2
        if middle**3 < number:
            low = middle + 1
        else:
            high = middle
    return low


def identity_for_exponent_one(key: RsaKey, message: bytes, algorithm: str) -> bytes:
    """For a key with the exponent 1 the signature is the encoded message itself: everybody can sign."""
    return encoded_message(key.size, digest_info(message, algorithm))


TRICKS = {
    "honest": honest,
    "another-message": lambda key, message, algorithm: honest(key, message + b"x", algorithm),
    "flip-last-bit": with_signature(flip_last_bit),
    "zeros": with_signature(lambda key, _s: b"\x00" * key.size),
    "ones": with_signature(lambda key, _s: b"\xff" * key.size),
    "one": with_signature(lambda key, _s: (1).to_bytes(key.size, "big")),
    "modulus": with_signature(lambda key, _s: key.n.to_bytes(key.size, "big")),
    "modulus-less-one": with_signature(lambda key, _s: (key.n - 1).to_bytes(key.size, "big")),
    "plus-modulus": with_signature(plus_modulus),
    "negated": with_signature(lambda key, s: (key.n - int.from_bytes(s, "big")).to_bytes(key.size, "big")),
    "single-byte": with_signature(lambda _key, s: s[:1]),
    "half": with_signature(lambda _key, s: s[: len(s) // 2]),
    "cut-last-byte": with_signature(lambda _key, s: s[:-1]),
    "without-leading-zero": with_signature(without_leading_zero),
    "zero-before": with_signature(lambda _key, s: b"\x00" + s),
    "zero-after": with_signature(lambda _key, s: s + b"\x00"),
    "twice": with_signature(lambda _key, s: s + s),
    "reversed": with_signature(lambda _key, s: s[::-1]),
    "block-type-2": with_encoding(start=b"\x00\x02"),
    "block-type-0": with_encoding(start=b"\x00\x00", filler=0),
    "padding-not-ff": with_encoding(filler=0xFE),
    "no-separator": with_encoding(separator=b""),
    "separator-01": with_encoding(separator=b"\x01"),
    "bytes-after-hash": with_encoding(after=b"\x00" * 8),
    "short-padding-bytes-after-hash": lambda key, message, algorithm: key.sign_encoded(
        (b"\x00\x01" + b"\xff" * 8 + b"\x00" + digest_info(message, algorithm)).ljust(key.size, b"\x5a")
    ),
    "no-padding": lambda key, message, algorithm: key.sign_encoded(
        (b"\x00\x01\x00" + digest_info(message, algorithm)).ljust(key.size, b"\x00")
    ),
    "digest-info-without-null": with_digest_info(lambda m: DIGEST_INFO_WITHOUT_NULL + hashlib.sha256(m).digest()),
    # BER's long form of a length, which DER forbids: 81 31 for 31.
    "digest-info-long-length": with_digest_info(lambda m: b"\x30\x81" + DIGEST_INFO["sha256"][1:] + hashlib.sha256(m).digest()),
    # An empty OCTET STRING in the place of the NULL.
    "digest-info-other-parameters": with_digest_info(
        lambda m: DIGEST_INFO["sha256"].replace(b"\x05\x00", b"\x04\x00") + hashlib.sha256(m).digest()
    ),
    "digest-info-of-sha1": with_digest_info(lambda m: DIGEST_INFO["sha1"] + hashlib.sha256(m).digest()[:20]),
    "digest-info-of-sha384": with_digest_info(lambda m: DIGEST_INFO["sha384"] + hashlib.sha384(m).digest()),
    "sha1": with_digest_info(lambda m: digest_info(m, "sha1")),
    "bare-hash": with_digest_info(lambda m: hashlib.sha256(m).digest()),
    "hash-of-nothing": with_digest_info(lambda _m: digest_info(b"", "sha256")),
    "hash-cut": with_digest_info(lambda m: digest_info(m, "sha256")[:-1]),
    "cube-root": cube_root_forgery,
    "cube-root-suffix": cube_root_suffix_forgery,
    "exponent-one": identity_for_exponent_one,
}


def pss_encoded(message: bytes, bits: int, algorithm: str) -> bytes:
    """EMSA-PSS with an empty salt (RFC 8017, section 9.1.1)."""
    length = (bits + 7) // 8
    digest = hashlib.new(algorithm, b"\x00" * 8 + hashlib.new(algorithm, message).digest()).digest()
    block = b"\x00" * (length - len(digest) - 2) + b"\x01"
    mask = b"".join(
        hashlib.new(algorithm, digest + counter.to_bytes(4, "big")).digest() for counter in range(len(block) // len(digest) + 1)
    )
    masked = bytearray(a ^ b for a, b in zip(block, mask))
    masked[0] &= 0xFF >> (8 * length - bits)
    return bytes(masked) + digest + b"\xbc"


# ECDSA over P-256 (FIPS 186-5), for tokens that call for ES256.


def p256_sign(jwk: dict, message: bytes) -> bytes:
    d = int.from_bytes(from_b64url(jwk["d"]), "big")
    digest = int.from_bytes(hashlib.sha256(message).digest(), "big")
    nonce = int.from_bytes(hashlib.sha256(b"nonce" + jwk["d"].encode() + message).digest(), "big") % P256_ORDER
    r = p256_multiply(nonce, P256_BASE)[0] % P256_ORDER
    s = pow(nonce, -1, P256_ORDER) * (digest + r * d) % P256_ORDER
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def p256_multiply(factor: int, point: tuple) -> tuple:
    total = None
    while factor:
        if factor & 1:
            total = p256_add(total, point)
        point = p256_add(point, point)
        factor >>= 1
    return total


def p256_add(a, b):
    if a is None or b is None:
        return a or b
    (x1, y1), (x2, y2) = a, b
    if x1 == x2 and (y1 + y2) % P256_PRIME == 0:
        return None
    if a == b:
        slope = (3 * x1 * x1 - 3) * pow(2 * y1, -1, P256_PRIME)
    else:
        slope = (y2 - y1) * pow(x2 - x1, -1, P256_PRIME)
    x3 = (slope * slope - x1 - x2) % P256_PRIME
    return x3, (slope * (x1 - x3) - y1) % P256_PRIME


# DER and PEM of public keys (RFC 5280 section 4.1, RFC 8017 appendix A.1.1).


def spki_der(jwk: dict) -> bytes:
    algorithm = bytes.fromhex("300d06092a864886f70d0101010500")
    return der(0x30, algorithm + der(0x03, b"\x00" + pkcs1_der(jwk)))


def pkcs1_der(jwk: dict) -> bytes:
    return der(0x30, der_integer(jwk["n"]) + der_integer(jwk["e"]))


def der_integer(text: str) -> bytes:
    raw = from_b64url(text)
    return der(0x02, b"\x00" + raw if raw[0] & 0x80 else raw)


def der(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def pem(label: str, raw: bytes) -> bytes:
    text = base64.b64encode(raw).decode()
    lines = [text[i : i + 64] for i in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""]).encode()
