"""What happens to the keys and when, and so what must be true of a key at any moment. All times are seconds since the start.

    0         8  11      19 20    25         30
    |---------|--|-------|--|xxxxx|----------|      x: the key server fails, in another way each time
    keys n and n+1 are published
              n+1 is surely taken over
                 key n is withdrawn
                         n is surely refused
"""

from dataclasses import dataclass
from enum import Enum

from support.http_server import Answer

PERIOD = 30.0
WITHDRAWN_AT = 11.0
OUTAGE = (20.0, 25.0)
SURE_AFTER = 8.0
"""after a change every worker knows of it: `TTL_SECONDS`, the fetch, a second for the workers, and a busy machine"""
TTL_SECONDS = 4
KEYS = 4
"""they come round again: a key that was withdrawn is published again later and is good again"""

FAULTS: tuple[tuple[str, Answer | None], ...] = (
    ("refuses", None),
    ("answers 500", Answer(500, b"oops")),
    ("hangs", Answer(200, b"{}", delay=3.0)),
    ("resets", Answer(200, b"", fault="reset")),
    ("no JSON", Answer(200, b"<html>not found</html>")),
    ("no keys", Answer(200, b'{"keys": []}')),
    ("cut off", Answer(200, b'{"keys": [{"kid": "a", "kty": "RSA"', fault="truncate")),
    ("redirects", Answer(302, b"", (("location", "http://127.0.0.1/elsewhere"),))),
)


class Trust(Enum):
    """What must come of a token that this key signed."""

    GOOD = "good"
    REFUSED = "refused"
    EITHER = "either"


@dataclass(frozen=True)
class State:
    """The key server at one moment."""

    published: tuple[int, ...]
    fault: tuple[str, Answer | None] | None


def state(at: float) -> State:
    """What the key server does at that time."""
    period, within = divmod(at, PERIOD)
    old, new = int(period) % KEYS, (int(period) + 1) % KEYS
    fails = OUTAGE[0] <= within < OUTAGE[1]
    return State((old, new) if within < WITHDRAWN_AT else (new,), FAULTS[int(period) % len(FAULTS)] if fails else None)


def askable(at: float) -> list[int]:
    """The keys whose tokens may be sent, known or not. In every second period nobody asks for a key that is not taken over
    yet, which would have the keys fetched at once: there the age of the keys alone must bring in the new and take out the old."""
    if int(at / PERIOD) % 2 == 0:
        return list(range(KEYS))
    return list(state(max(0.0, at - SURE_AFTER - 5.0)).published)


def changes(until: float) -> list[float]:
    """All times at which `state` changes."""
    periods = range(int(until // PERIOD) + 1)
    times = [PERIOD * period + within for period in periods for within in (0.0, WITHDRAWN_AT, *OUTAGE)]
    return [time for time in times if time <= until]


def trust(key: int, sent: float, answered: float) -> Trust:
    """What must hold for a request under way between those times."""
    answers = {trust_at(key, sent), trust_at(key, answered)}
    return answers.pop() if len(answers) == 1 and answered - sent < SURE_AFTER else Trust.EITHER


def trust_at(key: int, at: float) -> Trust:
    """The same for one moment: what was so for `SURE_AFTER` is sure."""
    published = {key in state(time).published for time in moments(at)}
    if len(published) > 1:
        return Trust.EITHER
    return Trust.GOOD if published.pop() else Trust.REFUSED


def moments(at: float) -> list[float]:
    """The last `SURE_AFTER` seconds, at least once between any two changes."""
    begin = max(0.0, at - SURE_AFTER)
    return [begin, *(time for time in changes(at) if begin < time), at]
