"""Builds of the module against each other and against `jwt_authn`: does a change pay, and what does it cost?"""

from collections.abc import Sequence
from pathlib import Path
from statistics import median

from . import chains
from .compare import DISTINCT, Case, in_turn
from .load import Measured, Tokens
from .tokens import Mint

JWT_AUTHN = "jwt_authn"


def versus(mint: Mint, others: Sequence[Path], rounds: int, seconds: int) -> dict:
    """This build beside each of `others` and beside `jwt_authn` without its cache, all in one Envoy, a new one each round, measured in turn.
    Ratios above 1 mean that this build is faster."""
    doors = {
        "this": chains.ours("this", mint.pool),
        **{str(other): chains.ours(f"other{number}", mint.pool, other.resolve()) for number, other in enumerate(others)},
        JWT_AUTHN: chains.jwt_authn(mint.pool),
    }
    unseen = Tokens(file=mint.distinct(DISTINCT), count=DISTINCT)
    sent = {"seen before": (Tokens(mint.fresh()), False), "never seen": (unseen, False), "expired": (Tokens(mint.expired()), True)}
    cases = [Case(f"{name}, {door}", door, tokens, refuses) for name, (tokens, refuses) in sent.items() for door in doors]
    runs = in_turn(doors, cases, rounds, seconds)
    results: dict = {}
    for name in sent:
        for door in [*doors][1:]:
            result = results[f"{name}, against {door}"] = ratios(runs[f"{name}, this"], runs[f"{name}, {door}"])
            print(f"{result['ratio']:.2f}  by processor time {result['by_processor_time']:.2f}  {name}, against {door}", flush=True)
    return results


def ratios(this: list[Measured], that: list[Measured]) -> dict:
    """The medians of the ratios within each round."""
    pairs = list(zip(this, that, strict=True))
    return {
        "ratio": median(one.per_second / other.per_second for one, other in pairs),
        "by_processor_time": median(other.cpu_microseconds / one.cpu_microseconds for one, other in pairs),
    }
