"""The tokens that are sent: minted once, kept in the tools folder together with their key, good for years."""

import base64
import os
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from support.tokens import Pool, SigningKey

YEAR = 365 * 24 * 3600
MINTED_AT_ONCE = 500


class Mint:
    """A user pool with a key that outlives the run, so that its tokens need to be signed only once."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self.pool = Pool(key=kept_key(folder / "key.pem"))

    def fresh(self, **claims: object) -> str:
        """A token that is good for a day."""
        return self.pool.id_token(exp=int(time.time()) + 24 * 3600, **claims)

    def expired(self) -> str:
        """A token that was good once."""
        return self.pool.id_token(exp=int(time.time()) - 3600)

    def forged(self) -> str:
        """A good token with the signature of another key of the same size."""
        return self.fresh(key=SigningKey(self.pool.key.kid, new_key()))

    def sized(self, size: int) -> str:
        """A fresh token of about that many bytes."""
        return self.fresh(**padding_to(size, len(self.fresh())))

    def distinct(self, count: int, size: int = 0) -> Path:
        """A file of at least `count` different tokens, one a line, of about `size` bytes each (0: as they come)."""
        path = self._folder / f"distinct-{size}.txt"
        have = path.read_bytes().count(b"\n") if path.exists() else 0
        if have < count:
            print(f"minting {count - have:,} tokens", flush=True)
            self._mint(path, count - have, size)
        return path

    def _mint(self, path: Path, count: int, size: int) -> None:
        key = self._folder / "key.pem"
        claims = padding_to(size, len(self.fresh())) if size else {}
        portions = [min(MINTED_AT_ONCE, count - done) for done in range(0, count, MINTED_AT_ONCE)]
        with ProcessPoolExecutor(os.cpu_count()) as workers, path.open("a") as file:
            for tokens in workers.map(mint_portion, [key] * len(portions), [claims] * len(portions), portions):
                file.writelines(f"{token}\n" for token in tokens)


def mint_portion(key: Path, claims: dict, count: int) -> list[str]:
    """So many tokens, each with an identity of its own; runs in a process of its own."""
    pool = Pool(key=kept_key(key))
    exp = int(time.time()) + 10 * YEAR
    return [pool.id_token(exp=exp, sub=random_id(), **claims) for _ in range(count)]


def random_id() -> str:
    """A `sub` that looks like Cognito's."""
    digits = os.urandom(16).hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def padding_to(size: int, length: int) -> dict[str, str]:
    """A claim that makes a token of `length` about `size` long: base64 makes 4 bytes of 3."""
    return {"custom:padding": "x" * max(1, (size - length) * 3 // 4 - 20)}


def new_key() -> rsa.RSAPrivateKey:
    """A key of the size that Cognito uses."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def kept_key(path: Path) -> SigningKey:
    """The key in that file; made if the file is not there."""
    if not path.exists():
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        draft = path.with_suffix(f".{os.getpid()}")
        draft.write_bytes(new_key().private_bytes(*form))
        draft.replace(path)
    private = serialization.load_pem_private_key(path.read_bytes(), password=None)
    numbers = private.public_key().public_numbers()
    kid = base64.b64encode((numbers.n % 2**256).to_bytes(32, "big")).decode()
    return SigningKey(kid, private)
