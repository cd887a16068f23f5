"""RSA for an attacker: a new key, and RS256 signatures. It needs only Python: the tour of envoy/compose.yaml runs in an image without packages."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

EXPONENT = 65537
SHA256_PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")
"""DigestInfo of SHA-256 up to the hash (RFC 8017, section 9.2, note 1)."""


@dataclass(frozen=True)
class RsaKey:
    """A private key. It is slow and has side channels: only for forgeries."""

    modulus: int
    private_exponent: int

    @classmethod
    def generate(cls, bits: int = 2048) -> RsaKey:
        """Generate a key."""
        while True:
            p, q = random_prime(bits // 2), random_prime(bits // 2)
            phi = (p - 1) * (q - 1)
            if p != q and phi % EXPONENT:
                return cls(p * q, pow(EXPONENT, -1, phi))

    def sign(self, message: bytes) -> bytes:
        """RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017, section 8.2.1)."""
        size = (self.modulus.bit_length() + 7) // 8
        digest = SHA256_PREFIX + hashlib.sha256(message).digest()
        padded = b"\x00\x01" + b"\xff" * (size - len(digest) - 3) + b"\x00" + digest
        return pow(int.from_bytes(padded, "big"), self.private_exponent, self.modulus).to_bytes(size, "big")


def random_prime(bits: int) -> int:
    """A probable prime with its two highest bits set, so that the product of two has twice the bits."""
    while True:
        candidate = secrets.randbits(bits) | (0b11 << (bits - 2)) | 1
        if all(candidate % small for small in SMALL_PRIMES) and is_probable_prime(candidate):
            return candidate


def is_probable_prime(number: int, rounds: int = 20) -> bool:
    """Run the Miller-Rabin test; each round errs for less than a quarter of the composites."""
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(rounds):
        power = pow(secrets.randbelow(number - 3) + 2, odd, number)
        if power in (1, number - 1):
            continue
        for _ in range(twos - 1):
            power = power * power % number
            if power == number - 1:
                break
        else:
            return False
    return True


SMALL_PRIMES = [number for number in range(3, 2000, 2) if all(number % divisor for divisor in range(3, int(number**0.5) + 1, 2))]
