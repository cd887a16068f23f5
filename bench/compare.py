"""The comparison: all filter chains in one Envoy, measured in turn; each round in an Envoy of its own."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from statistics import median

from . import chains
from .load import Measured, Tokens, load
from .proxy import Proxy
from .tokens import Mint

DISTINCT = 20_000
ENVOY_CORE, WRK_CORE = {0}, {1}
WARM_UP_SECONDS = 1


@dataclass(frozen=True)
class Case:
    """What is sent to which door, and what must come of it."""

    name: str
    door: str
    tokens: Tokens
    refuses: bool = False
    counts: str | None = None
    """the filter's counter that must grow with nearly every request, so that the case measures what it says"""


@dataclass(frozen=True)
class Ratio:
    """Two cases of which the first is to be faster. `floor` is what a release must reach (`None`: shown, not demanded), `host_calls` the case
    of the host calls alone that the first one makes: what they have against the same is what no Proxy-Wasm filter can pass on this machine."""

    title: str
    case: str
    against: str
    floor: float | None = None
    host_calls: str | None = None


HOST_CALLS = "the host calls of Wasm alone, same token"
HOST_CALLS_VERIFYING = "the host calls of Wasm alone, distinct tokens"


def of_host(host: str, floors: tuple[float | None, ...], host_calls: str | None = None, verifying: str | None = None) -> tuple[Ratio, ...]:
    """The ratios of one host against `jwt_authn`, with what a release must reach in each."""
    cached, metadata, distinct, default, expired, signature = floors
    return (
        Ratio(f"{host}: cached token, against `jwt_authn` with its cache", f"{host}, same token", "jwt_authn with cache, same token", cached, host_calls),
        Ratio(
            f"{host}: cached token, against `jwt_authn` with its cache and dynamic metadata", f"{host}, same token",
            "jwt_authn with cache and metadata, same token", metadata, host_calls,
        ),
        Ratio(f"{host}: never-seen tokens, against `jwt_authn`", f"{host}, distinct tokens", "jwt_authn, distinct tokens", distinct, verifying),
        Ratio(f"{host}: the defaults of both, the same token again", f"{host}, same token", "jwt_authn, same token", default, host_calls),
        Ratio(f"{host}: expired token refused", f"{host}, expired token", "jwt_authn, expired token", expired),
        Ratio(f"{host}: bad signature refused", f"{host}, bad signature", "jwt_authn, bad signature", signature),
    )


RATIOS = (
    *of_host("native", (1.0, 1.12, 1.4, 2.5, 1.3, 1.3)),
    *of_host("Wasm", (None, None, None, 1.6, None, None), HOST_CALLS, HOST_CALLS_VERIFYING),
)


def cases(mint: Mint, distinct: int) -> list[Case]:
    """All cases; those that are compared with each other stand beside each other."""
    good, expired, forged = Tokens(mint.fresh()), Tokens(mint.expired()), Tokens(mint.forged())
    unseen = Tokens(file=mint.distinct(distinct), count=distinct)
    return [
        # With a token, too: Envoy reads a kilobyte of header more, whatever the filter.
        Case("no filter", "none", good),
        Case("a Wasm filter that does nothing", "noop", good),
        Case(HOST_CALLS, "floor", good),
        Case("Wasm, same token", "wasm", good, counts="jwt_cache_hit"),
        Case("jwt_authn with cache, same token", "jwt_authn_cache", good),
        Case("native, same token", "native", good, counts="jwt_cache_hit"),
        Case("jwt_authn with cache and metadata, same token", "jwt_authn_metadata", good),
        Case("jwt_authn, same token", "jwt_authn", good),
        Case(HOST_CALLS_VERIFYING, "floor_verifying", unseen),
        Case("Wasm, distinct tokens", "wasm", unseen, counts="verify_host"),
        Case("jwt_authn, distinct tokens", "jwt_authn", unseen),
        Case("native, distinct tokens", "native", unseen, counts="verify_module"),
        Case("Wasm with module crypto, distinct tokens", "wasm_module_crypto", unseen, counts="verify_module"),
        Case("Wasm, expired token", "wasm", expired, refuses=True, counts="denied.token_expired"),
        Case("jwt_authn, expired token", "jwt_authn", expired, refuses=True),
        Case("native, expired token", "native", expired, refuses=True, counts="denied.token_expired"),
        Case("Wasm, bad signature", "wasm", forged, refuses=True, counts="denied.signature_invalid"),
        Case("jwt_authn, bad signature", "jwt_authn", forged, refuses=True),
        Case("native, bad signature", "native", forged, refuses=True, counts="denied.signature_invalid"),
    ]


def doors(mint: Mint) -> dict[str, list[dict]]:
    """Every chain has a listener of its own in the one Envoy."""
    return {
        "none": [],
        "noop": chains.noop(),
        "floor": chains.floor("floor"),
        "floor_verifying": chains.floor("floor_verifying", mint.fresh(), mint.pool),
        "jwt_authn": chains.jwt_authn(mint.pool),
        "jwt_authn_cache": chains.jwt_authn(mint.pool, cache=True),
        "jwt_authn_metadata": chains.jwt_authn(mint.pool, cache=True, metadata=True),
        "native": chains.ours("native", mint.pool, chains.NATIVE),
        "wasm": chains.ours("wasm", mint.pool),
        "wasm_module_crypto": chains.ours("wasm_module_crypto", mint.pool, chains.WASM_MODULE_CRYPTO),
    }


def compare(mint: Mint, rounds: int, seconds: int, distinct: int = DISTINCT) -> dict:
    """Measure all cases, and take the ratios within each round."""
    seen = in_turn(doors(mint), cases(mint, distinct), rounds, seconds)
    return {
        "rounds": rounds, "seconds": seconds, "distinct": distinct,
        "cases": {name: summary(runs) for name, runs in seen.items()},
        "ratios": [ratio_of(ratio, seen) for ratio in RATIOS],
    }


def in_turn(doors: dict[str, list[dict]], cases: list[Case], rounds: int, seconds: int) -> dict[str, list[Measured]]:
    """Measure all cases `rounds` times, every second round backwards, so that a drift of the machine meets both of a pair. Each
    Envoy lays out its memory anew: in one alone, two doors with the same module can differ by some per cent for as long as it runs."""
    seen: dict[str, list[Measured]] = {case.name: [] for case in cases}
    for turn in range(rounds):
        print(f"round {turn + 1} of {rounds}", flush=True)
        with Proxy(doors, workers=1, cores=ENVOY_CORE) as proxy:
            for case in cases:
                measure(proxy, case, WARM_UP_SECONDS)
            for case in cases if turn % 2 == 0 else reversed(cases):
                seen[case.name].append(measure(proxy, case, seconds))
            failures = proxy.vm_failures()
        if failures:
            raise RuntimeError(f"a VM failed: {failures}")
    return seen


def measure(proxy: Proxy, case: Case, seconds: int) -> Measured:
    """One run; an error if anything was answered otherwise than the case says."""
    before = proxy.counters()
    began = proxy.cpu_seconds()
    run = load(proxy.url(case.door), case.tokens, seconds, WRK_CORE)
    run = replace(run, cpu_seconds=proxy.cpu_seconds() - began)
    if run.refused != (run.requests if case.refuses else 0):
        raise RuntimeError(f"{case.name}: {run.refused} of {run.requests} requests were refused")
    if case.counts:
        counted = proxy.counters().get(case.counts, 0) - before.get(case.counts, 0)
        if counted < 0.9 * run.requests:
            raise RuntimeError(f"{case.name}: {case.counts} grew by {counted} only, for {run.requests} requests")
    return run


def summary(runs: Iterable[Measured]) -> dict:
    """Medians over the rounds."""
    runs = list(runs)
    return {
        "per_second": median(run.per_second for run in runs),
        "p50": median(run.p50 for run in runs),
        "p99": median(run.p99 for run in runs),
        "cpu": median(run.cpu_microseconds for run in runs),
    }


def ratio_of(ratio: Ratio, seen: dict[str, list[Measured]]) -> dict:
    """The median of the ratios within each round, the least and greatest of them, and the median for the host calls alone."""
    pairs = within_rounds(seen[ratio.case], seen[ratio.against])
    cpu = [theirs.cpu_microseconds / ours.cpu_microseconds for ours, theirs in zip(seen[ratio.case], seen[ratio.against], strict=True)]
    alone = within_rounds(seen[ratio.host_calls], seen[ratio.against]) if ratio.host_calls else None
    return {
        "title": ratio.title, "case": ratio.case, "against": ratio.against, "floor": ratio.floor,
        "median": median(pairs), "least": min(pairs), "greatest": max(pairs),
        "cpu": median(cpu), "host_calls": median(alone) if alone else None,
    }


def within_rounds(ours: list[Measured], theirs: list[Measured]) -> list[float]:
    """How much faster the first is, round by round."""
    return [one.per_second / other.per_second for one, other in zip(ours, theirs, strict=True)]
