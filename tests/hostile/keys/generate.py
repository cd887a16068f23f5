"""Makes the corpus' test keys, once, as private JWKs (RFC 7517, RFC 7518 section 6.3).

The keys are checked in and never made again: the tokens of `cases.json` are signed with them. They are
test keys that everybody knows; never put one of them into a real key set.

    python3 tests/hostile/keys/generate.py      # keeps the keys that are there

Python's own numbers suffice, so that nothing has to be installed.
"""

import base64
import json
import pathlib
import secrets
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[2]), str(HERE.parents[1])]

from demo.rsa import random_prime  # noqa: E402
from hostile import signing  # noqa: E402

# name: (bits of the modulus, public exponent)
RSA_KEYS = {
    "rsa2048-a": (2048, 65537),
    "rsa2048-b": (2048, 65537),
    "rsa2048-attacker": (2048, 65537),
    "rsa2048-e3": (2048, 3),
    "rsa2048-huge-exponent": (2048, 2**32 + 15),
    "rsa3072": (3072, 65537),
    "rsa4096": (4096, 65537),
    "rsa1024": (1024, 65537),
    "rsa2047": (2047, 65537),
    "rsa4104": (4104, 65537),
}


def main() -> None:
    for name, (bits, exponent) in RSA_KEYS.items():
        write(name, lambda: rsa_key(bits, exponent))
    write("p256", p256_key)
    write("oct", lambda: {"kty": "oct", "k": encoded(int.from_bytes(secrets.token_bytes(32), "big"))})


def write(name: str, make) -> None:
    path = HERE / f"{name}.json"
    if path.exists():
        return
    path.write_text(json.dumps(make(), indent=1) + "\n")
    print(f"made {path.name}")


def rsa_key(bits: int, exponent: int) -> dict:
    while True:
        p, q = random_prime(bits // 2 + bits % 2), random_prime(bits // 2)
        n, phi = p * q, (p - 1) * (q - 1)
        if n.bit_length() != bits or p == q:
            continue
        try:
            d = pow(exponent, -1, phi)
        except ValueError:  # not coprime
            continue
        return {"kty": "RSA", "n": encoded(n), "e": encoded(exponent), "d": encoded(d)}


def p256_key() -> dict:
    d = secrets.randbelow(signing.P256_ORDER - 1) + 1
    x, y = signing.p256_multiply(d, signing.P256_BASE)
    return {"kty": "EC", "crv": "P-256", "x": encoded(x), "y": encoded(y), "d": encoded(d)}


def encoded(number: int) -> str:
    raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


if __name__ == "__main__":
    main()
