"""Measure, keep the figures in a file, and write the page, the chart and the README's block from it."""

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "envoy"))

from . import chains, report  # noqa: E402
from .compare import DISTINCT, compare  # noqa: E402
from .costs import costs, endurance  # noqa: E402
from .growth import growth  # noqa: E402
from .load import TOOLS  # noqa: E402
from .machine import machine  # noqa: E402
from .tokens import Mint  # noqa: E402
from .versus import versus  # noqa: E402

BUILD = Path(os.environ.get("BUILD", chains.PROJECT / ".build"))
DOCS = chains.PROJECT / "docs"
QUICK_DISTINCT = 3_000


def main() -> int:
    arguments = argparse.ArgumentParser(prog="make bench", description=__doc__)
    arguments.add_argument("parts", nargs="*", metavar="PART", help="compare, costs, growth, endurance; all of them if none is named")
    arguments.add_argument("--quick", action="store_true", help="one short round of everything, to see that it works; writes no docs")
    arguments.add_argument("--rounds", type=int, default=9)
    arguments.add_argument("--seconds", type=int, default=3)
    arguments.add_argument("--requests", type=int, default=10_000_000, help="of the endurance run")
    arguments.add_argument("--versus", type=Path, nargs="+", metavar="MODULE", help="compare this build with others and jwt_authn, and nothing else")
    options = arguments.parse_args()
    if (os.cpu_count() or 1) < 2:
        print("bench: two cores are needed, one for Envoy and one for the load", file=sys.stderr)
        return 1
    mint = Mint(TOOLS / "bench")
    if options.versus:
        versus(mint, options.versus, options.rounds, options.seconds)
        return 0
    ways = quick_parts(mint) if options.quick else full_parts(mint, options)
    unknown = set(options.parts) - set(ways)
    if unknown:
        arguments.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(ways)}")
    kept = BUILD / ("bench-quick.json" if options.quick else "bench.json")
    results = json.loads(kept.read_text()) if kept.exists() else {}
    results["machine"] = machine()
    for name in options.parts or ways:
        print(f"=== {name}", flush=True)
        try:
            results[name] = ways[name]()
        except RuntimeError as error:
            print(f"bench: {error}", file=sys.stderr)
            return 1
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(results, indent=1))
    write(results, docs=not options.quick)
    for ratio in results.get("compare", {}).get("ratios", []):
        floor = ratio["floor"]
        mark = "" if options.quick or floor is None else "  ok" if ratio["median"] >= floor else "  BELOW OUR AIM"
        notes = [f"at least {floor:.2f}"] if floor else []
        notes += [f"the host calls alone {ratio['host_calls']:.2f}"] if ratio["host_calls"] else []
        note = f" ({'; '.join(notes)})" if notes else ""
        print(f"{ratio['median']:5.2f}  by processor time {ratio['cpu']:5.2f}{mark}  {ratio['title']}{note}")
    return 0


def full_parts(mint: Mint, options: argparse.Namespace) -> dict[str, Callable[[], dict]]:
    """What is measured for the docs."""
    return {
        "compare": lambda: compare(mint, options.rounds, options.seconds),
        "costs": lambda: costs(mint, starts=3, seconds=4),
        "growth": lambda: growth(mint, rounds=3, seconds=options.seconds),
        "endurance": lambda: endurance(mint, options.requests),
    }


def quick_parts(mint: Mint) -> dict[str, Callable[[], dict]]:
    """The same, each as short as it can be."""
    return {
        "compare": lambda: compare(mint, rounds=1, seconds=1, distinct=QUICK_DISTINCT),
        "costs": lambda: costs(mint, starts=1, seconds=1, distinct=QUICK_DISTINCT),
    }


def write(results: dict, docs: bool) -> None:
    """The page and the chart, into `docs/` or beside the figures; the README's block only with `docs`."""
    folder = DOCS if docs else BUILD
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "performance.md").write_text(report.markdown(results))
    print(f"wrote {folder / 'performance.md'}")
    if "compare" not in results:
        return
    (folder / "benchmark.svg").write_text(report.svg(results["compare"]))
    readme = chains.PROJECT / "README.md"
    if docs and readme.exists():
        readme.write_text(report.with_block(readme.read_text(), report.readme_block(results)))


if __name__ == "__main__":
    sys.exit(main())
