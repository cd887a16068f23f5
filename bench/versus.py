"""Two builds of the module against each other: does a change pay?"""

from pathlib import Path
from statistics import median

from . import chains
from .compare import DISTINCT, ENVOY_CORE, WARM_UP_SECONDS, Case, measure
from .load import Tokens
from .proxy import Proxy
from .tokens import Mint


def versus(mint: Mint, other: Path, rounds: int, seconds: int) -> dict:
    """This build beside `other`, both in one Envoy, a new one each round, measured in turn; ratios above 1 mean that this build is faster."""
    doors = {"this": chains.ours("this", mint.pool), "other": chains.ours("other", mint.pool, other.resolve())}
    unseen = Tokens(file=mint.distinct(DISTINCT), count=DISTINCT)
    sent = {"seen before": (Tokens(mint.fresh()), False), "never seen": (unseen, False), "expired": (Tokens(mint.expired()), True)}
    cases = [Case(f"{name}, {door}", door, tokens, refuses) for name, (tokens, refuses) in sent.items() for door in doors]
    runs: dict = {case.name: [] for case in cases}
    for turn in range(rounds):
        # Of one Envoy alone nobody knows what is the build and what is the luck of where its memory lies.
        with Proxy(doors, workers=1, cores=ENVOY_CORE) as proxy:
            for case in cases:
                measure(proxy, case, WARM_UP_SECONDS)
            for case in cases if turn % 2 == 0 else reversed(cases):
                runs[case.name].append(measure(proxy, case, seconds))
    results = {}
    for name in sent:
        pairs = list(zip(runs[f"{name}, this"], runs[f"{name}, other"], strict=True))
        results[name] = {
            "ratio": median(this.per_second / that.per_second for this, that in pairs),
            "by_processor_time": median(that.cpu_microseconds / this.cpu_microseconds for this, that in pairs),
        }
        print(f"{results[name]['ratio']:.2f}  by processor time {results[name]['by_processor_time']:.2f}  {name}", flush=True)
    return results
