"""The tables and the chart that people read, written from the figures."""

from . import chart

BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
OURS, THEIRS, NOTHING = "#3b82f6", "#d97706", "#8b949e"

MEANT = {
    "no filter": "Envoy alone",
    "a filter that does nothing": "what any Wasm filter costs",
    "the host calls of ours alone": "what no filter can save that does the same for its users",
    "the host calls of ours alone, verifying": "the same, and the host's `verify_signature`",
    "jwt_authn with cache, seen before": "with `jwt_cache_config`",
    "jwt_authn with cache and metadata, seen before": "and `payload_in_metadata`, so that access logs know who it is, as they do with ours",
    "ours, seen before": "as it is by default",
    "jwt_authn, seen before": "as people configure it: verifies each time",
    "jwt_authn, never seen": "distinct tokens in turn",
    "ours, never seen": "the same tokens, more than are remembered",
    "ours with module crypto, never seen": "on a host that lends no crypto",
}


def markdown(results: dict) -> str:
    """The whole page; parts that were not measured are left out."""
    parts = [HEAD, about(results["machine"])]
    if "compare" in results:
        parts += [ratios(results["compare"]), throughput(results["compare"])]
    if "costs" in results:
        parts.append(costs(results["costs"]))
    if "endurance" in results:
        parts.append(endurance(results["endurance"]))
    if "growth" in results:
        parts.append(growth(results["growth"]))
    return "\n".join([*parts, METHOD])


HEAD = """# What the filter costs

Written by `make bench`. All figures come from one machine; compare them with each other, not with those of another page.
"""

METHOD = """## How it is measured

- One Envoy with one worker, pinned to one core; `wrk` with 16 connections, each always waiting for an answer, pinned to
  another. The route answers by itself (`direct_response`), so nothing but Envoy and its filters is measured. No access log.
- All filters stand in the same Envoy, each behind a listener of its own. They are measured in turn, every second round
  backwards, each round in a new Envoy, since where its memory happens to lie moves a filter by some per cent for as long as it
  runs. Ratios are taken within a round, and their median over the rounds is given.
- All requests carry a token, also where nothing looks at it. All filters that check tokens accept the same RS256 tokens (2048-bit keys, given in the configuration) of one issuer for one
  client, and put `sub` and `email` into two headers. `jwt_authn` with its cache remembers as many tokens as ours.
- "The host calls of ours alone" are a filter of a kilobyte that reads no token and lets everything pass. It only does for each
  request what any Proxy-Wasm filter must do that strips forged headers, obeys the route's metadata, sends two identity headers
  and sets three entries of filter state: read all headers, the time and the metadata, add the two headers, set the three entries. So
  it tells how much of the distance to `jwt_authn`, which does none of it through a VM, is ours to shorten.
- "Never seen" are distinct tokens sent in turn, many more than are remembered. The filter's own counters are read before and
  after each run: a run in which less than 90 % of the requests did what the row says is an error, as is one wrong status.
- On a shared virtual machine the speed drifts while it runs: see how far the ratios went over the rounds.
- Latencies are those of a saturated worker, so they tell the order of the filters, not what a quiet proxy adds.

**What moves with the machine:** requests per second, microseconds and latencies, with the processor, its clock and its
neighbours; time to ready; memory by a few MB; the ratios, too: a filter in a VM runs through more code than a native one, which
small caches and busy neighbours punish, by up to a fifth between processors that we have measured. **What hardly moves:** the size
of the module, and what one more worker takes. Measure on your own machine with `make bench`; `make bench BENCH="--versus
OTHER.wasm"` compares two builds of the module.
"""


def about(machine: dict) -> str:
    """Where and with what."""
    return (
        f"Measured on {machine['cores']} cores of {machine['cpu']}, Linux {machine['kernel']}; Envoy {machine['envoy']} (V8), "
        f"wrk {machine['wrk']}, the module {machine['module']} built with Rust {machine['rustc']}.\n\n![requests per second](benchmark.svg)\n"
    )


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table; all columns but the first are numbers."""
    lines = ["| " + " | ".join(head) + " |", "| --- |" + " ---: |" * (len(head) - 1)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows), ""])


def ratios(compare: dict) -> str:
    """Ours against the native filter."""
    rows = [
        [
            ratio["title"], f"**{ratio['median']:.2f}**", f"{ratio['least']:.2f} to {ratio['greatest']:.2f}",
            f"{ratio['cpu']:.2f}", f"{ratio['floor']:.2f}", f"{ratio['host_calls']:.2f}" if ratio["host_calls"] else "",
        ]
        for ratio in compare["ratios"]
    ]
    intro = (
        "Requests per second of ours, divided by theirs; above 1 ours is faster. The last column is the same ratio for the host calls of ours "
        "alone: no Proxy-Wasm filter that does as much can pass it on this machine, however fast its own code is.\n\n"
    )
    return "## Against Envoy's own `jwt_authn`\n\n" + intro + table(
        ["", "ratio", "over the rounds", "by processor time", "our aim", "host calls alone"], rows
    )


def throughput(compare: dict) -> str:
    """Every case with what a request costs over no filter."""
    bare = compare["cases"]["no filter"]["per_second"]
    rows = [
        [
            f"{named(name)}{', ' + MEANT[name] if name in MEANT else ''}", f"{case['per_second']:,.0f}",
            "" if name == "no filter" else f"{1e6 / case['per_second'] - 1e6 / bare:+.1f}", f"{case['cpu']:.1f}",
            f"{case['p50']:,.0f}", f"{case['p99']:,.0f}",
        ]
        for name, case in compare["cases"].items()
    ]
    intro = f"Medians of {compare['rounds']} rounds of {compare['seconds']} s; {compare['distinct']:,} distinct tokens where they are never seen.\n\n"
    return "## All cases\n\n" + intro + table(["", "requests/s", "µs over no filter", "processor µs", "p50 µs", "p99 µs"], rows)


def named(name: str) -> str:
    """A case as the page names it."""
    return name.replace("jwt_authn", "`jwt_authn`").replace("ours", "**ours**")


def costs(costs: dict) -> str:
    """Size, memory and time to ready."""
    module, noop = costs["module"]["ours"], costs["module"]["noop"]
    bare, nothing = costs["chains"]["no filter"], costs["chains"]["a filter that does nothing"]
    rows = [
        [
            named(name), f"{chain['ready_seconds'] * 1000:,.0f}", mib(chain["idle"] - bare["idle"]), mib(chain["loaded"] - bare["loaded"]),
            mib(chain["per_worker"] - bare["per_worker"]),
        ]
        for name, chain in costs["chains"].items()
    ]
    over = (costs["chains"]["ours"]["per_worker"] - nothing["per_worker"]) / 2**20
    return (
        "## Size, memory, time to ready\n\n"
        f"The module has {module['bytes']:,} bytes ({module['gzip']:,} compressed by gzip); one that does nothing has {noop['bytes']:,}.\n\n"
        + table(["", "ready after ms", "MiB over no filter, idle", "after load", "for each worker more"], rows)
        + "\nResident memory. After load the default memory of 1,000 tokens is full. One worker more takes "
        f"**{over:.1f} MiB** over a filter that does nothing (our bound: 8).\n"
    )


def endurance(endurance: dict) -> str:
    """Memory over millions of requests."""
    points = endurance["points"]
    chosen = [points[round(index * (len(points) - 1) / 5)] for index in range(6)]
    rows = [[f"{requests:,}", mib(memory)] for requests, memory in chosen]
    return "## Memory over many requests\n\nOne worker, tokens seen before and never seen in turn.\n\n" + table(["requests", "MiB"], rows)


def growth(growth: dict) -> str:
    """All that may make it slower or larger."""
    parts = ["## What grows with what\n", "Requests per second.\n"]
    parts.append(table(
        ["rules (the last one matches)", "token seen before"], [[str(row["rules"]), f"{row['seen']:,.0f}"] for row in growth["rules"]]))
    parts.append(table(
        ["pools (the last one's token)", "seen before", "never seen", "MiB in all"],
        [[str(row["pools"]), f"{row['seen']:,.0f}", f"{row['unseen']:,.0f}", mib(row["memory"])] for row in growth["pools"]]))
    parts.append(table(
        ["distinct tokens in turn", "1,000 remembered", "MiB in all", "100,000 remembered", "MiB in all"],
        [
            [f"{row['tokens']:,}", *(cell for name in ("default", "large") for cell in (f"{row[name]['per_second']:,.0f}", mib(row[name]["memory"])))]
            for row in growth["tokens"]
        ]))
    parts.append(table(
        ["bytes of a token", "ours, seen before", "ours, never seen", "`jwt_authn`, never seen"],
        [[f"{row['bytes']:,}", f"{row['seen']:,.0f}", f"{row['unseen']:,.0f}", f"{row['jwt_authn']:,.0f}"] for row in growth["sizes"]]))
    parts.append(table(
        ["workers", "no filter", "ours, seen before", "ratio", "MiB in all"],
        [
            [str(row["workers"]), f"{row['none']:,.0f}", f"{row['ours']:,.0f}", f"{row['ratio']:.2f}", mib(row["memory"])]
            for row in growth["workers"]
        ]))
    parts.append("With workers, nothing is pinned: Envoy and the load generator share all cores, so only the ratio says something.\n")
    return "\n".join(parts)


def mib(amount: float) -> str:
    """Bytes as MiB."""
    return f"{amount / 2**20:.1f}"


def svg(compare: dict) -> str:
    """The chart of all cases."""
    rows = [
        chart.Bar(name, case["per_second"], f"{case['per_second']:,.0f}", color(name))
        for name, case in compare["cases"].items()
    ]
    note = "More is better. Medians; how it is measured stands in docs/performance.md."
    return chart.bars("Requests per second, one Envoy worker on one core", rows, note)


def color(name: str) -> str:
    """Ours, theirs, or neither."""
    if name.startswith("ours"):
        return OURS
    return THEIRS if "jwt_authn" in name else NOTHING


def readme_block(results: dict) -> str:
    """What the README shows, between its marks."""
    cases = results["compare"]["cases"]
    shown = (
        "no filter", "a filter that does nothing", "the host calls of ours alone", "jwt_authn with cache, seen before",
        "jwt_authn with cache and metadata, seen before", "ours, seen before",
        "jwt_authn, seen before", "jwt_authn, never seen", "ours, never seen",
    )
    rows = [[named(name), f"{cases[name]['per_second']:,.0f}", f"{cases[name]['p50']:,.0f}", f"{cases[name]['p99']:,.0f}"] for name in shown]
    told = "; ".join(f"{ratio['title']}: **{ratio['median']:.2f}×**" for ratio in results["compare"]["ratios"][:4])
    return (
        f"{BEGIN}\n![requests per second](docs/benchmark.svg)\n\n" + table(["one worker on one core", "requests/s", "p50 µs", "p99 µs"], rows)
        + f"\n{told[0].upper()}{told[1:]}. Measured on {results['machine']['cpu']}; how, and what else, stands in "
        f"[docs/performance.md](docs/performance.md).\n{END}"
    )


def with_block(readme: str, block: str) -> str:
    """The README with its block replaced; unchanged if it has none."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    return before + block + after if begin and end else readme
