"""Reads `cases.json` and mints its cases: for the corpus' own moment or for the real clock.

    corpus = load()
    for case in corpus.cases:
        request = corpus.mint(case, now=time.time())   # Request(path, headers)

`Request.headers` is a list of `(name, value)` with the value as bytes. README.md describes the format.
"""

import base64
import dataclasses
import json
import pathlib
import re

from . import signing

HERE = pathlib.Path(__file__).resolve().parent
CASES = HERE / "cases.json"

# A forgery that needs luck is tried with this many nonces. The rarest (a leading zero byte) takes 256 on average.
MAX_NONCES = 20_000


@dataclasses.dataclass(frozen=True)
class Request:
    """What a client sends."""

    path: str
    headers: list
    token: str | None


class Corpus:
    """The cases, the pools whose tokens they pretend to be, and those pools' key sets."""

    def __init__(self, document: dict):
        self.now: int = document["now"]
        self.pools: dict = {pool["name"]: pool for pool in document["pools"]}
        self.key_sets: dict = document["key_sets"]
        self.cases: list = document["cases"]
        self.readings: dict = document["readings"]

    def mint(self, case: dict, now: float) -> Request:
        """The request of `case` as if it were sent at `now`."""
        return mint(case, int(now))

    def for_envoy(self) -> list:
        """Return the cases that HTTP can carry and whose result does not depend on the exact second."""
        return [case for case in self.cases if case["only"] != "native"]


def load(path: pathlib.Path = CASES) -> Corpus:
    return Corpus(json.loads(path.read_text()))


def mint(case: dict, now: int) -> Request:
    recipe = case["recipe"]
    token = None
    if "shape" in recipe:
        token = mint_token(recipe, now)
    other = mint_token(recipe["other"], now) if "other" in recipe else ""
    headers = []
    for name, template in recipe["headers"]:
        value = template.replace("{token}", token or "").replace("{other}", other)
        headers.append((name, value.encode("latin-1")))
    path = recipe["path"].replace("{token}", token or "")
    return Request(path=path, headers=headers, token=token)


def mint_token(recipe: dict, now: int) -> str:
    for nonce in range(MAX_NONCES):
        try:
            return try_token(recipe, now, f"{nonce:05}" + "n" * (nonce % 3))
        except signing.Infeasible:
            continue
    raise RuntimeError(f"no nonce makes this token possible: {recipe}")


def try_token(recipe: dict, now: int, nonce: str) -> str:
    encodings = recipe.get("encoding", {})
    pieces = {
        letter: ENCODINGS[encodings.get(letter, "base64url")](part_bytes(recipe, part, now, nonce))
        for letter, part in (("h", "header"), ("p", "payload"))
    }
    signed = recipe.get("signed", "{h}.{p}").format(**pieces)
    signature = signing.sign(recipe["sign"], signed.encode("latin-1"))
    pieces["s"] = ENCODINGS[encodings.get("s", "base64url")](signature)
    return recipe["shape"].format(**pieces)


def part_bytes(recipe: dict, part: str, now: int, nonce: str) -> bytes:
    if f"{part}_base64" in recipe:
        return base64.b64decode(recipe[f"{part}_base64"])
    return expand(recipe[part], now, nonce).encode()


def expand(text: str, now: int, nonce: str) -> str:
    """Fills in `{now}`, `{now+3600}`, `{nonce}` and `{repeat TEXT COUNT}`."""
    text = re.sub(r"\{now([+-]\d+)?\}", lambda m: str(now + int(m[1] or 0)), text)
    text = re.sub(r"\{repeat (\S+) (\d+)\}", lambda m: m[1] * int(m[2]), text)
    return text.replace("{nonce}", nonce)


# How a part is written: base64url as RFC 7515 has it, and every way to get that wrong.


def standard_alphabet(raw: bytes) -> str:
    text = signing.b64url(raw)
    if not set(text) & set("-_"):
        raise signing.Infeasible
    return text.replace("-", "+").replace("_", "/")


def one_letter_of_the_standard_alphabet(raw: bytes) -> str:
    text = signing.b64url(raw)
    if "-" not in text or "_" not in text:
        raise signing.Infeasible
    return text.replace("-", "+", 1)


def set_unused_bits(raw: bytes) -> str:
    """The last character holds bits that belong to no byte; they must be zero (RFC 4648, section 3.5)."""
    text = signing.b64url(raw)
    if len(text) % 4 == 0:
        raise signing.Infeasible
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return text[:-1] + alphabet[alphabet.index(text[-1]) + 1]


def padded(raw: bytes) -> str:
    text = base64.urlsafe_b64encode(raw).decode()
    if not text.endswith("="):
        raise signing.Infeasible
    return text


def in_the_middle(inserted: str):
    def encode(raw: bytes) -> str:
        text = signing.b64url(raw)
        return text[: len(text) // 2] + inserted + text[len(text) // 2 :]

    return encode


ENCODINGS = {
    "base64url": signing.b64url,
    "padded": padded,
    "padded-too-much": lambda raw: padded(raw) + "=",
    "standard-alphabet": standard_alphabet,
    "mixed-alphabets": one_letter_of_the_standard_alphabet,
    "unused-bits-set": set_unused_bits,
    "one-character-more": lambda raw: signing.b64url(raw) + "A" * (1 + (4 - len(signing.b64url(raw))) % 4),
    "space-inside": in_the_middle(" "),
    "tab-inside": in_the_middle("\t"),
    "line-break-inside": in_the_middle("\n"),
    "line-break-after": lambda raw: signing.b64url(raw) + "\n",
    "nul-inside": in_the_middle("\0"),
    "percent-escape-inside": in_the_middle("%41"),
    "byte-above-7f-inside": in_the_middle("\xe9"),
    "padding-inside": in_the_middle("="),
    "comma-inside": in_the_middle(","),
    "tilde-after": lambda raw: signing.b64url(raw) + "~",
    "plain": lambda raw: raw.decode("latin-1"),
    "hex": lambda raw: raw.hex(),
}
