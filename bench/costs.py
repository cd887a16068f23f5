"""What the filter takes besides time: size, memory, time to ready; and whether memory grows over millions of requests."""

import gzip
from pathlib import Path
from statistics import median

from . import chains
from .compare import DISTINCT, ENVOY_CORE, WRK_CORE
from .load import NO_TOKEN, Tokens, load
from .proxy import Proxy
from .tokens import Mint


def costs(mint: Mint, starts: int, seconds: int, distinct: int = DISTINCT) -> dict:
    """Each chain in an Envoy of its own, started several times, with one and with two workers."""
    unseen = Tokens(file=mint.distinct(distinct), count=distinct)
    setups = {
        "no filter": ([], NO_TOKEN),
        "a Wasm filter that does nothing": (chains.noop(), NO_TOKEN),
        "jwt_authn": (chains.jwt_authn(mint.pool), unseen),
        "jwt_authn with cache": (chains.jwt_authn(mint.pool, cache=True), unseen),
        "native": (chains.ours("native", mint.pool, chains.NATIVE), unseen),
        "Wasm": (chains.ours("wasm", mint.pool), unseen),
    }
    return {
        "module": {name: sizes(path.read_bytes()) for name, path in {**chains.HOSTS, "noop": chains.WASM_NOOP}.items()},
        "chains": {name: cost(filters, tokens, starts, seconds) for name, (filters, tokens) in setups.items()},
    }


def sizes(module: bytes) -> dict:
    """Bytes of a module as it lies there and as it travels."""
    return {"bytes": len(module), "gzip": len(gzip.compress(module, 9))}


def cost(filters: list[dict], tokens: Tokens, starts: int, seconds: int) -> dict:
    """Medians over several starts. What one more worker takes is the memory of two workers less that of one."""
    ready, idle, one, two = [], [], [], []
    for _ in range(starts):
        with Proxy({"door": filters}, workers=1, cores=ENVOY_CORE) as proxy:
            ready.append(proxy.ready_seconds)
            idle.append(proxy.memory())
            load(proxy.url("door"), tokens, seconds, WRK_CORE)
            one.append(proxy.memory())
        with Proxy({"door": filters}, workers=2) as proxy:
            # 64 connections reach both workers; each sees more distinct tokens than it caches.
            load(proxy.url("door"), tokens, seconds, None, threads=4)
            two.append(proxy.memory())
    return {
        "ready_seconds": median(ready), "idle": median(idle), "loaded": median(one),
        "per_worker": median(two) - median(one),
    }


def endurance(mint: Mint, requests: int, distinct: int = DISTINCT) -> dict:
    """Memory of either host while so many requests are answered, the same token and distinct tokens in turn."""
    return {host: endurance_of(mint, module, requests, distinct) for host, module in chains.HOSTS.items()}


def endurance_of(mint: Mint, module: Path, requests: int, distinct: int) -> dict:
    """One host's memory."""
    turns = (Tokens(mint.fresh()), Tokens(file=mint.distinct(distinct), count=distinct))
    with Proxy({"door": chains.ours("ours", mint.pool, module)}, workers=1, cores=ENVOY_CORE) as proxy:
        for tokens in turns:
            load(proxy.url("door"), tokens, 3, WRK_CORE)
        points = [(0, proxy.memory())]
        while points[-1][0] < requests:
            answered = sum(answered_well(proxy, tokens) for tokens in turns)
            points.append((points[-1][0] + answered, proxy.memory()))
            print(f"{points[-1][0]:,} requests, {points[-1][1] / 2**20:.1f} MiB", flush=True)
        failures = proxy.vm_failures()
    if failures:
        raise RuntimeError(f"a VM failed: {failures}")
    return {"points": points}


def answered_well(proxy: Proxy, tokens: Tokens) -> int:
    """How many requests ten seconds of load were, all of them admitted."""
    run = load(proxy.url("door"), tokens, 10, WRK_CORE)
    if run.refused:
        raise RuntimeError(f"{run.refused} of {run.requests} requests were refused")
    return run.requests
