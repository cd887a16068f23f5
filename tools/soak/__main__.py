"""Run the soak: `make soak MINUTES=30`, `make soak HOST=native MINUTES=30`. The native library's listener is replaced every second."""

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(PROJECT), str(PROJECT / "tests" / "envoy")]

from bench import chart  # noqa: E402
from bench.chains import NATIVE, WASM, wasm  # noqa: E402
from bench.proxy import Proxy  # noqa: E402
from support.envoy import leaked_tokens  # noqa: E402
from support.host import HOST  # noqa: E402
from support.servers import KeyServer, jwks  # noqa: E402
from support.tokens import Pool, signing_key  # noqa: E402

from . import schedule  # noqa: E402
from .client import Counts, client  # noqa: E402
from .requests import Requests, inline_pool  # noqa: E402

BUILD = Path(os.environ.get("BUILD", PROJECT / ".build"))
MODULE = NATIVE if HOST.name == "native" else WASM
UPDATE_SECONDS = 1.0
"""how often the native library's listener is replaced; each update builds a new configuration of the filter and drains the old"""
THREAD = "cognito_jwt"
"""the name of the native library's only thread, which keeps time limits"""
TOKENS_OF_A_KEY = 3_000
"""three times as many as a worker caches by default"""
CLIENTS = 2
GROWTH_LIMIT = 4 * 2**20
"""bytes that the medians of the first and the last quarter after warm-up may differ by"""

SEEN = "%REQ(x-cognito-sub)%|%REQ(x_cognito_sub)%|%REQ(x-cognito-email)%"
ROUTE = {
    "match": {"prefix": "/"},
    "direct_response": {"status": 200, "body": {"inline_string": "ok\n"}},
    "response_headers_to_add": [{"header": {"key": "x-seen", "value": SEEN}}],
}


@dataclass
class Record:
    """What was seen over time: seconds, resident bytes, and answers so far."""

    points: list[tuple[float, int, int]] = field(default_factory=list)
    faults: list[chart.Span] = field(default_factory=list)
    fetches: int = 0
    updates: int = 0
    threads: list[int] = field(default_factory=list)
    """how many threads of the library's own there were, each second"""


def main() -> int:
    arguments = argparse.ArgumentParser(prog="make soak", description=__doc__)
    arguments.add_argument("--minutes", type=float, default=2.0)
    arguments.add_argument("--workers", type=int, default=2)
    arguments.add_argument("--rate", type=float, default=100_000, help="requests a second at most, of all clients")
    options = arguments.parse_args()
    seconds = options.minutes * 60
    print(f"minting {schedule.KEYS * TOKENS_OF_A_KEY:,} tokens", flush=True)
    pools = [Pool(key=signing_key(f"rotating {number}")) for number in range(schedule.KEYS)]
    tokens = minted(pools, seconds)
    key_server = KeyServer([pools[key].key for key in schedule.state(0).published])
    try:
        settings, updates = configuration(pools), HOST.name == "native"
        with Proxy(doors(settings, 0), options.workers, route=ROUTE, clusters={"cognito": key_server.port}, updates=updates) as proxy:
            await_keys(proxy)
            before = decisions(proxy)
            update = (lambda number: proxy.update(doors(settings, number))) if updates else None
            record, counts_of_clients = soak(proxy, key_server, pools, tokens, seconds, options.rate, update)
            failures = proxy.vm_failures()
            counters, accepted = proxy.counters(), proxy.updates()
            counted = settled_decisions(proxy, before, sum((counts.codes for counts in counts_of_clients), Counter()))
            log = proxy.log()
    finally:
        key_server.close()
    return summarize(record, counts_of_clients, failures, counted, log, seconds, counters, accepted)


def doors(settings: dict, number: int) -> dict[str, list[dict]]:
    """The listener's filters; each update has another realm, so that the filter's configuration is built again."""
    return {"door": wasm("cognito", MODULE, {**settings, "realm": f"update {number}"})}


def configuration(pools: list[Pool]) -> dict:
    """One pool whose keys rotate, one whose key stays; some paths are open, some for admins."""
    rotating = {"user_pool_id": pools[0].id, "client_ids": [pools[0].client]}
    fetching = {"cluster": "cognito", "ttl_seconds": schedule.TTL_SECONDS, "timeout_ms": 1000, "refetch_cooldown_seconds": 1}
    stable = inline_pool(pools[-1].key.private)
    return {
        "pools": [
            {**rotating, "jwks": fetching},
            {"user_pool_id": stable.id, "client_ids": [stable.client], "jwks": {"inline": jwks(stable.key)}},
        ],
        "clock_skew_seconds": 0,
        "identity": {"headers": {"x-cognito-sub": "sub", "x-cognito-email": "email"}},
        "rules": [
            {"match": {"path": {"prefix": "/public"}}, "auth": "none"},
            {"match": {"path": {"prefix": "/admin"}}, "require": {"groups": {"any": ["admins"]}}},
        ],
    }


def minted(pools: list[Pool], seconds: float) -> list[list[tuple[str, str]]]:
    """For each key its tokens with the `sub` in them, good until long after the run."""
    exp = int(time.time() + seconds) + 24 * 3600
    with ProcessPoolExecutor(os.cpu_count(), mp_context=multiprocessing.get_context("fork")) as workers:
        return list(workers.map(minted_by, pools_by_value(pools), range(len(pools)), [exp] * len(pools)))


def pools_by_value(pools: list[Pool]) -> list[tuple[str, bytes]]:
    """Keys as bytes, since the library's objects do not travel between processes."""
    from cryptography.hazmat.primitives import serialization

    form = (serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return [(pool.key.kid, pool.key.private.private_bytes(*form)) for pool in pools]


def minted_by(key: tuple[str, bytes], number: int, exp: int) -> list[tuple[str, str]]:
    """One key's tokens; runs in a process of its own."""
    from cryptography.hazmat.primitives import serialization
    from support.tokens import SigningKey

    pool = Pool(key=SigningKey(key[0], serialization.load_der_private_key(key[1], password=None)))
    subs = [f"user-{number}-{count}" for count in range(TOKENS_OF_A_KEY)]
    return [(pool.id_token(exp=exp, sub=sub), sub) for sub in subs]


def await_keys(proxy: Proxy) -> None:
    """Wait until the filter has its keys, before the first request is checked."""
    deadline = time.monotonic() + 30
    while not proxy.counters().get("jwks_fetch_success"):
        if time.monotonic() > deadline:
            raise RuntimeError(f"no keys were fetched:\n{proxy.log()[-2000:]}")
        time.sleep(0.05)


def soak(
    proxy: Proxy,
    key_server: KeyServer,
    pools: list[Pool],
    tokens: list,
    seconds: float,
    rate: float,
    update: Callable[[int], None] | None,
) -> tuple[Record, list[Counts]]:
    """Start the clients, turn the key server by the schedule, replace the listener, and look at the memory every second."""
    context = multiprocessing.get_context("fork")
    began = time.monotonic()
    reports, clients = [], []
    for seed in range(CLIENTS):
        mine, theirs = context.Pipe(duplex=False)
        requests = Requests(pools, tokens, seed)
        arguments = (proxy.ports["door"], requests, began, seconds, rate / CLIENTS, theirs)
        clients.append(context.Process(target=client, args=arguments, daemon=True))
        clients[-1].start()
        theirs.close()
        reports.append(mine)
    record, latest, counts_of_clients = Record(), [Counter() for _ in reports], []
    shown: schedule.State | None = None
    while len(counts_of_clients) < CLIENTS:
        now = time.monotonic() - began
        if (state := schedule.state(now)) != shown:
            turn(key_server, pools, state)
            note_fault(record, now, shown, state)
            shown = state
        for number, report in enumerate(reports):
            while report and report.poll():
                report_of_client = report.recv()
                if isinstance(report_of_client, str):
                    raise RuntimeError(f"a client failed: {report_of_client}")
                if isinstance(report_of_client, Counts):
                    counts_of_clients.append(report_of_client)
                    reports[number] = None
                    break
                latest[number] = Counter(report_of_client)
        if update and now < seconds and now >= UPDATE_SECONDS * (record.updates + 1):
            record.updates += 1
            update(record.updates)
        if now < seconds and (not record.points or now - record.points[-1][0] >= 1.0):
            record.points.append((now, proxy.memory(), sum(sum(each.values()) for each in latest)))
            record.threads.append(proxy.threads(THREAD))
        if now > seconds + 60:
            raise RuntimeError("a client does not end")
        time.sleep(0.05)
    for process in clients:
        process.join(10)
    record.fetches = key_server.hits
    return record, counts_of_clients


def turn(key_server: KeyServer, pools: list[Pool], state: schedule.State) -> None:
    """Make the key server do what the schedule says."""
    if state.fault is None:
        key_server.publish(*(pools[key].key for key in state.published))
        key_server.listen()
        return
    _, answer = state.fault
    if answer is None:
        key_server.refuse()
    else:
        key_server.answer = answer


def note_fault(record: Record, now: float, before: schedule.State | None, state: schedule.State) -> None:
    """Record when the key server failed, for the chart."""
    if state.fault:
        record.faults.append(chart.Span(now, now, state.fault[0]))
    elif before and before.fault:
        begun = record.faults.pop()
        record.faults.append(chart.Span(begun.begin, now, begun.name))


def decisions(proxy: Proxy) -> Counter:
    """The filter's decision counters."""
    found = proxy.counters().items()
    return Counter({name: value for name, value in found if name.startswith("denied.") or name in ("allowed", "bypassed")})


def settled_decisions(proxy: Proxy, before: Counter, expected: Counter) -> Counter:
    """What the filter counted since `before`; Envoy adds up what its workers counted every few seconds."""
    deadline = time.monotonic() + 15
    while (found := decisions(proxy) - before) != expected and time.monotonic() < deadline:
        time.sleep(0.2)
    return found


def summarize(
    record: Record,
    counts_of_clients: list[Counts],
    failures: dict,
    counted: Counter,
    log: str,
    seconds: float,
    counters: Mapping[str, int],
    accepted: Mapping[str, int],
) -> int:
    """Print what came of it, draw the chart; 0 if all was right."""
    statuses = sum((counts.statuses for counts in counts_of_clients), Counter())
    codes = sum((counts.codes for counts in counts_of_clients), Counter())
    answers, wrong = statuses.total(), sum(counts.wrong for counts in counts_of_clients)
    uncertain = sum(counts.uncertain for counts in counts_of_clients)
    first, last = flatness(record)
    # Beside one fetch for each TTL there are retries of failed ones, and those for a `kid` that was not known.
    regular = record.fetches - counters.get("jwks_fetch_failed", 0) - counters.get("jwks_refetch_unknown_kid", 0)
    expected_fetches = seconds / schedule.TTL_SECONDS + 2
    faults = {
        f"{wrong} wrong answers": wrong > 0,
        f"a VM failed: {failures}": bool(failures),
        "a panic in the log": "panicked" in log or "Uncaught RuntimeError" in log,
        "a token in the log": bool(leaked_tokens(log)),
        f"the filter counted {dict(counted)}, the clients {dict(codes)}": counted != codes,
        f"memory grew from {mib(first)} to {mib(last)}": last - first > GROWTH_LIMIT,
        "nothing was admitted": not statuses[200],
        f"keys were fetched {regular} times by their age, in {seconds:.0f} s": regular > expected_fetches,
        f"{max(record.threads)} threads of the library at once": max(record.threads) > 1,
        f"updates of the listener: {record.updates} made, {dict(accepted)}": accepted.get("success", 0) < 0.9 * record.updates or accepted.get("rejected", 0) > 0,
        "SIGABRT in the log": "SIGABRT" in log,
    }
    print(f"\n{seconds / 60:g} minutes, {answers:,} answers, {answers / seconds:,.0f} a second: {wrong} wrong")
    print(f"  in {uncertain:,} of them the oracle allowed two answers, since keys or expiry were about to change")
    for code, count in codes.most_common():
        print(f"  {count:>10,}  {code}")
    print(f"  keys were fetched {record.fetches} times; the key server failed {len(record.faults)} times: "
          + ", ".join(dict.fromkeys(span.name for span in record.faults)))
    if record.updates:
        print(f"  the listener was replaced {record.updates} times; at most {max(record.threads)} thread of the library at once")
    print(f"  memory after warm-up {mib(first)}, at the end {mib(last)}")
    for counts in counts_of_clients:
        print(*(f"  wrong: {line}" for line in counts.wrongs), sep="\n", end="\n" if counts.wrongs else "")
    BUILD.mkdir(parents=True, exist_ok=True)
    (BUILD / "soak.svg").write_text(drawing(record, f"Soak: {seconds / 60:g} minutes, {answers:,} answers, {wrong} wrong"))
    (BUILD / "soak.json").write_text(json.dumps({"seconds": seconds, "codes": codes, "wrong": wrong, "points": record.points}))
    print(f"  chart: {BUILD / 'soak.svg'}")
    found = [fault for fault, is_there in faults.items() if is_there]
    for fault in found:
        print(f"soak: {fault}", file=sys.stderr)
    return 1 if found else 0


def flatness(record: Record) -> tuple[float, float]:
    """Medians of memory over the first and the last quarter of what follows the warm-up (the first quarter of all)."""
    memory = [point[1] for point in record.points]
    warm = memory[len(memory) // 4 :]
    quarter = max(1, len(warm) // 4)
    return middle(warm[:quarter]), middle(warm[-quarter:])


def middle(values: list[int]) -> float:
    """The median."""
    return sorted(values)[len(values) // 2]


def drawing(record: Record, title: str) -> str:
    """Memory and answers a second over time; shaded while the key server failed."""
    memory = chart.Line("memory of Envoy", [(at, value / 2**20) for at, value, _ in record.points], "MiB", "#3b82f6")
    pairs = zip(record.points, record.points[1:])
    rate = [(after[0], (after[2] - before[2]) / (after[0] - before[0])) for before, after in pairs]
    return chart.panels(title, [memory, chart.Line("answers a second", rate or [(0.0, 0.0)], "/s", "#d97706")], record.faults, "s")


def mib(amount: float) -> str:
    """Bytes as MiB."""
    return f"{amount / 2**20:.1f} MiB"


if __name__ == "__main__":
    sys.exit(main())
