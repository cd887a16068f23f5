"""The requests that are sent, and what must come of each: the oracle."""

import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from support.tokens import ABSENT, Pool, SigningKey, b64, jwt

from .schedule import KEYS, Trust, askable, trust

HOST = b"host: app.example.com\r\n"
EXPIRY_MARGIN = 0.7
"""seconds around `exp` in which either answer is right: the token says whole seconds, the clocks are two"""


@dataclass(frozen=True)
class Expected:
    """An answer: the status, with a refusal its code, otherwise the `sub` that the upstream received."""

    status: int
    code: str = ""
    sub: str = ""


@dataclass(frozen=True)
class Request:
    """Bytes to send, and the right answers given when it was sent and answered (seconds since the start)."""

    kind: str
    data: bytes
    right: Callable[[float, float], tuple[Expected, ...]]


def always(expected: Expected) -> Callable[[float, float], tuple[Expected, ...]]:
    """The same answer at any time."""
    return lambda _sent, _answered: (expected,)


class Requests:
    """Makes requests of all kinds; `random` decides, so that each client sends others."""

    WEIGHTS = {
        "cached": 40, "distinct": 25, "expiring": 5, "public": 4, "missing": 4, "malformed": 3, "expired": 3, "forged": 4,
        "unsigned": 3, "issuer": 2, "client": 2, "use": 2, "early": 2, "twice": 1, "forbidden": 3, "permitted": 3,
    }

    def __init__(self, pools: list[Pool], tokens: list[list[tuple[str, str]]], seed: int) -> None:
        self._pools = pools
        self._tokens = tokens
        self._random = random.Random(seed)
        self._next = [self._random.randrange(len(each)) for each in tokens]
        self._expiring: deque[tuple[str, str, int]] = deque(maxlen=50)
        self._stable = inline_pool(pools[-1].key.private)
        self._stranger = SigningKey("stranger", pools[0].key.private)
        self._bad = self._bad_requests()

    def mixed(self, now: float, count: int) -> list[Request]:
        """Requests that never wait for a key."""
        kinds = self._random.choices(list(self.WEIGHTS), list(self.WEIGHTS.values()), k=count)
        sure = [key for key in range(KEYS) if trust(key, now, now + 2.0) is Trust.GOOD]
        return [self._one(kind, self._random.choice(sure)) for kind in kinds]

    def of_any_key(self, now: float) -> Request:
        """A token of a key that may be known or not at this moment: it may wait for a fetch."""
        keys = askable(now)
        key = self._random.choice(keys)
        if len(keys) == KEYS and self._random.random() < 0.2:
            token = self._pools[0].id_token(key=self._stranger)
            return Request("stranger", get(b"/", token), always(Expected(401, "key_unknown")))
        token, sub = self._take(key)
        return Request("any key", get(b"/", token), lambda sent, answered: of_key(key, sub, sent, answered))

    # -- inside ----------------------------------------------------------------------------------------------

    def _one(self, kind: str, key: int) -> Request:
        if kind in self._bad:
            return self._random.choice(self._bad[kind])
        if kind == "expiring":
            return self._expiring_one()
        token, sub = self._tokens[key][self._random.randrange(50)] if kind == "cached" else self._take(key)
        return Request(kind, get(b"/", token, forges=self._random.random() < 0.2), lambda sent, answered: of_key(key, sub, sent, answered))

    def _take(self, key: int) -> tuple[str, str]:
        self._next[key] = (self._next[key] + 1) % len(self._tokens[key])
        return self._tokens[key][self._next[key]]

    def _expiring_one(self) -> Request:
        """A token that ends within seconds, sent before and after."""
        if self._random.random() < 0.1 or not self._expiring:
            exp = int(time.time()) + self._random.randrange(1, 6)
            self._expiring.append((self._stable.id_token(exp=exp, sub=f"ends-{exp}"), f"ends-{exp}", exp))
        token, sub, exp = self._random.choice(self._expiring)
        return Request("expiring", get(b"/", token), lambda sent, answered: of_expiring(sub, exp, answered - sent))

    def _bad_requests(self) -> dict[str, list[Request]]:
        """What is refused, or let through, whatever the keys are. Some of each kind, since rejections are not cached."""
        pool = self._pools[0]
        now = int(time.time())
        made = {
            "public": lambda: (b"/public/x", None, Expected(200)),
            "missing": lambda: (b"/", None, Expected(401, "token_missing")),
            "malformed": lambda: (b"/", "a.b", Expected(401, "token_malformed")),
            "twice": lambda: (b"/", b64(b'{"alg":"RS256","alg":"RS256","kid":"a"}') + ".e30.AAAA", Expected(401, "token_malformed")),
            "expired": lambda: (b"/", pool.id_token(exp=now - 3600), Expected(401, "token_expired")),
            "unsigned": lambda: (b"/", jwt({"alg": "none", "kid": pool.key.kid}, pool.id_claims()) + "AAAA", Expected(401, "algorithm_not_allowed")),
            "issuer": lambda: (b"/", pool.id_token(iss="https://evil.example/pool"), Expected(401, "issuer_unknown")),
            "client": lambda: (b"/", pool.id_token(aud="somebodyelse"), Expected(401, "client_mismatch")),
            "use": lambda: (b"/", pool.id_token(token_use=ABSENT), Expected(401, "token_use_mismatch")),
            "early": lambda: (b"/", pool.id_token(nbf=now + 86_400), Expected(401, "token_not_yet_valid")),
        }
        bad = {}
        for kind, make in made.items():
            requests = [make() for _ in range(1 if kind in ("public", "missing", "malformed", "twice") else 20)]
            bad[kind] = [Request(kind, get(path, token, forges=True), always(expected)) for path, token, expected in requests]
        stable = self._stable
        forger = SigningKey(stable.key.kid, pool.key.private)
        refused = always(Expected(401, "signature_invalid"))
        bad["forged"] = [Request("forged", get(b"/", stable.id_token(key=forger)), refused) for _ in range(20)]
        staff = {"forbidden": (["readers"], Expected(403, "not_permitted")), "permitted": (["admins"], Expected(200, sub="staff"))}
        for kind, (groups, expected) in staff.items():
            tokens = [stable.id_token(**{"cognito:groups": groups}, sub="staff") for _ in range(20)]
            bad[kind] = [Request(kind, get(b"/admin/x", token), always(expected)) for token in tokens]
        return bad


def inline_pool(private) -> Pool:
    """A second pool, whose key is given in the configuration and never changes."""
    return Pool(id="us-east-1_Inline001", key=SigningKey("inline", private))


def of_expiring(sub: str, exp: int, took: float) -> tuple[Expected, ...]:
    """The right answers, asked right after the answer, for a token that ends at `exp` (Unix time)."""
    good, gone = Expected(200, sub=sub), Expected(401, "token_expired")
    answered = time.time()
    if answered < exp - EXPIRY_MARGIN:
        return (good,)
    return (gone,) if answered - took > exp + EXPIRY_MARGIN else (good, gone)


def of_key(key: int, sub: str, sent: float, answered: float) -> tuple[Expected, ...]:
    """The right answers for a good token of that key."""
    good, unknown = Expected(200, sub=sub), Expected(401, "key_unknown")
    return {Trust.GOOD: (good,), Trust.REFUSED: (unknown,), Trust.EITHER: (good, unknown)}[trust(key, sent, answered)]


def get(path: bytes, token: str | None, forges: bool = False) -> bytes:
    """A request; with `forges` it claims to be somebody, in three spellings."""
    lines = b"GET " + path + b" HTTP/1.1\r\n" + HOST
    if token is not None:
        lines += b"authorization: Bearer " + token.encode() + b"\r\n"
    if forges:
        lines += b"x-cognito-sub: root\r\nX-Cognito-Email: root@example.com\r\nx_cognito_sub: root\r\n"
    return lines + b"\r\n"
