"""How throughput and memory change with workers, rules, pools, distinct tokens and the size of a token, in either host."""

from pathlib import Path
from statistics import median

from . import chains
from .compare import ENVOY_CORE, WRK_CORE
from .load import Measured, Tokens, load
from .proxy import Proxy
from .tokens import Mint

WORKERS = (1, 2)
RULES = (0, 10, 100)
POOLS = (1, 16)
TOKENS = (1, 100, 1_000, 10_000, 100_000)
SIZES = (1_000, 2_000, 4_000, 8_000, 12_000)
LARGE_CACHE = 100_000
DISTINCT_OF_A_SIZE = 3_000
"""three times the size of the cache, so that no token is in it any more when its turn comes again"""


def growth(mint: Mint, rounds: int, seconds: int) -> dict:
    """All tables, for each host."""
    return {host: growth_of(mint, module, rounds, seconds) for host, module in chains.HOSTS.items()}


def growth_of(mint: Mint, module: Path, rounds: int, seconds: int) -> dict:
    """All tables of one host."""
    return {
        "workers": by_workers(mint, module, rounds, seconds),
        "rules": by_rules(mint, module, rounds, seconds),
        "pools": by_pools(mint, module, rounds, seconds),
        "tokens": by_tokens(mint, module, rounds, seconds),
        "sizes": by_size(mint, module, rounds, seconds),
    }


def by_workers(mint: Mint, module: Path, rounds: int, seconds: int) -> list[dict]:
    """Envoy and the load generator share all cores here, so only the ratio to no filter says something."""
    token = Tokens(mint.fresh())
    rows = []
    for workers in WORKERS:
        with Proxy({"none": [], "ours": chains.ours("ours", mint.pool, module)}, workers) as proxy:
            ways = {door: lambda door=door: load(proxy.url(door), token, seconds, None, threads=2) for door in ("none", "ours")}
            runs = turns(ways, rounds)
            ratio = median(ours.per_second / none.per_second for none, ours in zip(runs["none"], runs["ours"], strict=True))
            rows.append({"workers": workers, **{door: middle(runs[door]) for door in ways}, "ratio": ratio, "memory": proxy.memory()})
    return rows


def by_rules(mint: Mint, module: Path, rounds: int, seconds: int) -> list[dict]:
    """The last rule is the one that matches, and asks for a group."""
    token = Tokens(mint.fresh())
    doors = {str(count): chains.ours(f"rules{count}", mint.pool, module, rules=chains.many_rules(count)) for count in RULES}
    with Proxy(doors, cores=ENVOY_CORE) as proxy:
        urls = {count: proxy.url(str(count), chains.last_rule_path(count)) for count in RULES}
        runs = turns({count: lambda url=url: load(url, token, seconds, WRK_CORE) for count, url in urls.items()}, rounds)
    return [{"rules": count, "seen": middle(runs[count])} for count in RULES]


def by_pools(mint: Mint, module: Path, rounds: int, seconds: int) -> list[dict]:
    """The last pool is the one whose tokens come."""
    seen = Tokens(mint.fresh())
    unseen = Tokens(file=mint.distinct(DISTINCT_OF_A_SIZE), count=DISTINCT_OF_A_SIZE)
    rows = []
    for count in POOLS:
        filters = chains.ours(f"pools{count}", mint.pool, module, pools=chains.many_pools(mint.pool, count))
        with Proxy({"door": filters}, cores=ENVOY_CORE) as proxy:
            runs = turns(both(proxy, "door", seen, unseen, seconds), rounds)
            rows.append({"pools": count, "seen": middle(runs["seen"]), "unseen": middle(runs["unseen"]), "memory": proxy.memory()})
    return rows


def by_tokens(mint: Mint, module: Path, rounds: int, seconds: int) -> list[dict]:
    """Round and round over so many tokens, with the default size of the cache and with a large one."""
    file = mint.distinct(max(TOKENS))
    caches = {
        "default": chains.ours("default", mint.pool, module),
        "large": chains.ours("large", mint.pool, module, token_cache={"max_entries": LARGE_CACHE}),
    }
    rows = [{"tokens": count} for count in TOKENS]
    for name, filters in caches.items():
        with Proxy({"door": filters}, cores=ENVOY_CORE) as proxy:
            for row in rows:
                tokens = Tokens(file=file, count=row["tokens"])
                # Long enough to have seen each of them before it counts.
                load(proxy.url("door"), tokens, max(1, row["tokens"] // 8_000), WRK_CORE)
                runs = [load(proxy.url("door"), tokens, seconds, WRK_CORE) for _ in range(rounds)]
                row[name] = {"per_second": middle(runs), "memory": proxy.memory()}
    return rows


def by_size(mint: Mint, module: Path, rounds: int, seconds: int) -> list[dict]:
    """Tokens of other sizes, for `jwt_authn` too."""
    rows = []
    with Proxy({"jwt_authn": chains.jwt_authn(mint.pool), "ours": chains.ours("ours", mint.pool, module)}, cores=ENVOY_CORE) as proxy:
        for size in SIZES:
            seen = Tokens(mint.sized(size))
            unseen = Tokens(file=mint.distinct(DISTINCT_OF_A_SIZE, size), count=DISTINCT_OF_A_SIZE)
            ways = both(proxy, "ours", seen, unseen, seconds)
            ways["jwt_authn"] = lambda unseen=unseen: load(proxy.url("jwt_authn"), unseen, seconds, WRK_CORE)
            runs = turns(ways, rounds)
            rows.append({"bytes": len(seen.one or ""), **{name: middle(runs[name]) for name in ways}})
    return rows


def both(proxy: Proxy, door: str, seen: Tokens, unseen: Tokens, seconds: int) -> dict:
    """A token seen before, and tokens never seen."""
    return {
        "seen": lambda: load(proxy.url(door), seen, seconds, WRK_CORE),
        "unseen": lambda: load(proxy.url(door), unseen, seconds, WRK_CORE),
    }


def turns(ways: dict, rounds: int) -> dict:
    """Each way once to warm up, then all of them in turn, `rounds` times; an error if a request was refused."""
    for way in ways.values():
        admitted(way())
    runs: dict = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            runs[name].append(admitted(way()))
    return runs


def admitted(run: Measured) -> Measured:
    """The same run, if all its requests were admitted."""
    if run.refused:
        raise RuntimeError(f"{run.refused} of {run.requests} requests were refused")
    return run


def middle(runs: list[Measured]) -> float:
    """The median of requests per second."""
    return median(run.per_second for run in runs)
