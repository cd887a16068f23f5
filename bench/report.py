"""The tables and the chart that people read, written from the figures."""

from . import chart

BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
NATIVE, WASM, THEIRS, NOTHING = "#2563eb", "#60a5fa", "#d97706", "#8b949e"

MEANT = {
    "no filter": "Envoy alone",
    "a Wasm filter that does nothing": "what any Wasm filter costs",
    "the host calls of Wasm alone, same token": "what no Proxy-Wasm filter can save that does as much for its users",
    "the host calls of Wasm alone, distinct tokens": "the same, and the host's `verify_signature`",
    "jwt_authn with cache, same token": "with `jwt_cache_config`",
    "jwt_authn with cache and metadata, same token": "and with `payload_in_metadata`, so that access logs show the user, as they do with this filter",
    "native, same token": "with the default configuration",
    "Wasm, same token": "with the default configuration",
    "jwt_authn, same token": "with the default configuration, which verifies each time",
    "jwt_authn, distinct tokens": "",
    "Wasm with module crypto, distinct tokens": "on a host that offers no `verify_signature`",
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


HEAD = """# Performance

Written by `make bench`. All figures come from one machine. Compare them with each other, not with those of another page.
"""

METHOD = """## How it is measured

- One Envoy with one worker, pinned to one core. `wrk` keeps 16 connections busy from another core. The route is a
  `direct_response`, so that only Envoy and its filters are measured. There is no access log.
- All filters are in the same Envoy, each behind its own listener. They are measured in turn, every second round in reverse
  order, and each round starts a new Envoy, because the layout of its memory changes a filter's speed by some per cent for as
  long as it runs. Ratios are taken within a round; the tables show their median over the rounds.
- All requests carry a token, even where no filter reads it. All filters that check tokens accept the same RS256 tokens
  (2048-bit keys, given in the configuration) of one issuer for one client, and put `sub` and `email` into two headers. The
  cache of `jwt_authn` has as many entries as this filter's.
- "The host calls of Wasm alone" is a filter of one kilobyte that reads no token and allows everything. For each request it only
  does what any Proxy-Wasm filter must do that removes forged headers, reads the route's metadata, sends two identity headers and
  sets three entries of filter state. It shows how much of the distance to `jwt_authn` could be closed in Wasm.
- "Distinct tokens" are sent in turn, many more than the cache holds. The filter's own counters are read before and after each
  run. A run is an error if fewer than 90 % of its requests did what the row says, or if a single status is wrong.
- The speed of a shared virtual machine drifts: the column "over the rounds" shows by how much.
- Latencies are those of a saturated worker. They show the order of the filters, not what a proxy under normal load adds.

**What depends on the machine:** requests per second, microseconds, latencies and time to ready; memory by a few MB. The ratios of
the Wasm module differ by up to a fifth between the processors that were tried, because small caches and busy neighbours slow down
a filter in a VM more than a native one. **What hardly depends on it:** sizes, and the memory of one more worker. Measure on your
own machine with `make bench`. `make bench BENCH="--versus OTHER.wasm"` compares two builds of the module.
"""


def about(machine: dict) -> str:
    """Where and with what."""
    return (
        f"Measured on {machine['cores']} cores of {machine['cpu']}, Linux {machine['kernel']}; Envoy {machine['envoy']} (V8), "
        f"wrk {machine['wrk']}; version {machine['module']}, built with Rust {machine['rustc']}.\n\n![requests per second](benchmark.svg)\n"
    )


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table; all columns but the first are numbers."""
    lines = ["| " + " | ".join(head) + " |", "| --- |" + " ---: |" * (len(head) - 1)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows), ""])


def ratios(compare: dict) -> str:
    """Both hosts against the native filter."""
    rows = [
        [
            ratio["title"], f"**{ratio['median']:.2f}**", f"{ratio['least']:.2f} to {ratio['greatest']:.2f}", f"{ratio['cpu']:.2f}",
            f"{ratio['floor']:.2f}" if ratio["floor"] else "", f"{ratio['host_calls']:.2f}" if ratio["host_calls"] else "",
        ]
        for ratio in compare["ratios"]
    ]
    intro = (
        "Requests per second of this filter divided by those of `jwt_authn`: above 1 this filter is faster. \"Aim\" is what the project wants to "
        "reach. The last column is the same ratio for the host calls of the Wasm module alone.\n\n"
    )
    return "## Against Envoy's own `jwt_authn`\n\n" + intro + table(
        ["", "ratio", "over the rounds", "by processor time", "aim", "host calls alone"], rows
    )


def throughput(compare: dict) -> str:
    """Every case with what a request costs over no filter."""
    bare = compare["cases"]["no filter"]["per_second"]
    rows = [
        [
            f"{named(name)}{', ' + MEANT[name] if MEANT.get(name) else ''}", f"{case['per_second']:,.0f}",
            "" if name == "no filter" else f"{1e6 / case['per_second'] - 1e6 / bare:+.1f}", f"{case['cpu']:.1f}",
            f"{case['p50']:,.0f}", f"{case['p99']:,.0f}",
        ]
        for name, case in compare["cases"].items()
    ]
    intro = f"Medians of {compare['rounds']} rounds of {compare['seconds']} s; {compare['distinct']:,} distinct tokens.\n\n"
    return "## All cases\n\n" + intro + table(["", "requests/s", "µs over no filter", "processor µs", "p50 µs", "p99 µs"], rows)


def named(name: str) -> str:
    """A case as the page names it."""
    named = name.replace("jwt_authn", "`jwt_authn`")
    return f"**{named}**" if name in ("native", "Wasm") or name.startswith(("native,", "Wasm,")) else named


def costs(costs: dict) -> str:
    """Size, memory and time to ready."""
    module, native, noop = (costs["module"][name] for name in ("Wasm", "native", "noop"))
    bare, nothing = costs["chains"]["no filter"], costs["chains"]["a Wasm filter that does nothing"]
    rows = [
        [
            named(name), f"{chain['ready_seconds'] * 1000:,.0f}", mib(chain["idle"] - bare["idle"]), mib(chain["loaded"] - bare["loaded"]),
            mib(chain["per_worker"] - bare["per_worker"]),
        ]
        for name, chain in costs["chains"].items()
    ]
    over = (costs["chains"]["Wasm"]["per_worker"] - nothing["per_worker"]) / 2**20
    return (
        "## Size, memory, time to ready\n\n"
        f"The Wasm module has {module['bytes']:,} bytes ({module['gzip']:,} after gzip), a module that does nothing {noop['bytes']:,}. "
        f"The native library has {native['bytes']:,} bytes ({native['gzip']:,} after gzip).\n\n"
        + table(["", "ready after ms", "MiB over no filter, idle", "after load", "for each further worker"], rows)
        + "\nResident memory. After load the default cache of 1,000 tokens is full. A further worker with the Wasm module takes "
        f"{over:.1f} MiB more than one with a Wasm filter that does nothing.\n"
    )


def endurance(endurance: dict) -> str:
    """Memory over millions of requests."""
    intro = "## Memory over many requests\n\nOne worker; the same token and distinct tokens in turn.\n"
    return "\n".join([intro, *(endurance_of(host, run["points"]) for host, run in endurance.items())])


def endurance_of(host: str, points: list) -> str:
    """One host's memory."""
    chosen = [points[round(index * (len(points) - 1) / 5)] for index in range(6)]
    return table([f"requests, {host}", "MiB"], [[f"{requests:,}", mib(memory)] for requests, memory in chosen])


def growth(growth: dict) -> str:
    """All that may make it slower or larger."""
    parts = ["## What depends on what\n", "Requests per second.\n"]
    for host, tables in growth.items():
        parts += [f"### {host[0].upper()}{host[1:]}\n", growth_of(tables)]
    parts.append("With workers, nothing is pinned: Envoy and the load generator share all cores, so that only the ratio is meaningful.\n")
    return "\n".join(parts)


def growth_of(growth: dict) -> str:
    """The tables of one host."""
    return "\n".join([
        table(["rules (the last one matches)", "same token"], [[str(row["rules"]), f"{row['seen']:,.0f}"] for row in growth["rules"]]),
        table(
            ["pools (the token is of the last)", "same token", "distinct tokens", "MiB in all"],
            [[str(row["pools"]), f"{row['seen']:,.0f}", f"{row['unseen']:,.0f}", mib(row["memory"])] for row in growth["pools"]]),
        table(
            ["distinct tokens in turn", "cache of 1,000", "MiB in all", "cache of 100,000", "MiB in all"],
            [
                [f"{row['tokens']:,}", *(cell for name in ("default", "large") for cell in (f"{row[name]['per_second']:,.0f}", mib(row[name]["memory"])))]
                for row in growth["tokens"]
            ]),
        table(
            ["bytes of a token", "same token", "distinct tokens", "`jwt_authn`, distinct tokens"],
            [[f"{row['bytes']:,}", f"{row['seen']:,.0f}", f"{row['unseen']:,.0f}", f"{row['jwt_authn']:,.0f}"] for row in growth["sizes"]]),
        table(
            ["workers", "no filter", "same token", "ratio", "MiB in all"],
            [
                [str(row["workers"]), f"{row['none']:,.0f}", f"{row['ours']:,.0f}", f"{row['ratio']:.2f}", mib(row["memory"])]
                for row in growth["workers"]
            ]),
    ])


def mib(amount: float) -> str:
    """Bytes as MiB."""
    return f"{amount / 2**20:.1f}"


def svg(compare: dict) -> str:
    """The chart of all cases."""
    rows = [
        chart.Bar(name, case["per_second"], f"{case['per_second']:,.0f}", color(name))
        for name, case in compare["cases"].items()
    ]
    note = "More is better. Medians of interleaved rounds; docs/performance.md describes the method."
    return chart.bars("Requests per second, one Envoy worker on one core", rows, note)


def color(name: str) -> str:
    """Of the native host, the Wasm host, `jwt_authn`, or none of them."""
    if name.startswith("native"):
        return NATIVE
    if name.startswith("Wasm"):
        return WASM
    return THEIRS if "jwt_authn" in name else NOTHING


README_ROWS = (
    ("a cached token; `jwt_authn` with its cache", "cached token, against `jwt_authn` with its cache"),
    ("a cached token; `jwt_authn` with its cache and dynamic metadata", "cached token, against `jwt_authn` with its cache and dynamic metadata"),
    ("never-seen tokens", "never-seen tokens, against `jwt_authn`"),
    ("the same token again, both with their defaults", "the defaults of both, the same token again"),
    ("an expired token, refused", "expired token refused"),
    ("a bad signature, refused", "bad signature refused"),
)


def readme_block(results: dict) -> str:
    """What the README shows between its marks."""
    median = {ratio["title"]: ratio["median"] for ratio in results["compare"]["ratios"]}
    rows = [[shown, *(f"{median[f'{host}: {title}']:.2f}×" for host in ("native", "Wasm"))] for shown, title in README_ROWS]
    return (
        f"{BEGIN}\n![Requests per second](docs/benchmark.svg)\n\n"
        + table(["requests per second, against `jwt_authn`", "native library", "Wasm module"], rows)
        + f"\nMeasured on {results['machine']['cpu']}; [docs/performance.md](docs/performance.md) has the method and all figures.\n{END}"
    )


def with_block(readme: str, block: str) -> str:
    """The README with its block replaced; unchanged if it has none."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    return before + block + after if begin and end else readme
