"""Two builds of the module against each other: does a change pay?"""

from pathlib import Path
from statistics import median

from . import chains
from .compare import DISTINCT, Case, in_turn
from .load import Tokens
from .tokens import Mint


def versus(mint: Mint, other: Path, rounds: int, seconds: int) -> dict:
    """This build beside `other`, both in one Envoy, a new one each round, measured in turn; ratios above 1 mean that this build is faster."""
    doors = {"this": chains.ours("this", mint.pool), "other": chains.ours("other", mint.pool, other.resolve())}
    unseen = Tokens(file=mint.distinct(DISTINCT), count=DISTINCT)
    sent = {"seen before": (Tokens(mint.fresh()), False), "never seen": (unseen, False), "expired": (Tokens(mint.expired()), True)}
    cases = [Case(f"{name}, {door}", door, tokens, refuses) for name, (tokens, refuses) in sent.items() for door in doors]
    runs = in_turn(doors, cases, rounds, seconds)
    results = {}
    for name in sent:
        pairs = list(zip(runs[f"{name}, this"], runs[f"{name}, other"], strict=True))
        results[name] = {
            "ratio": median(this.per_second / that.per_second for this, that in pairs),
            "by_processor_time": median(that.cpu_microseconds / this.cpu_microseconds for this, that in pairs),
        }
        print(f"{results[name]['ratio']:.2f}  by processor time {results[name]['by_processor_time']:.2f}  {name}", flush=True)
    return results
