"""Record which functions of the native library run when Envoy starts and for requests, as the list by which it is linked: see tools/native.sh."""

import os
import re
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections import Counter
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "envoy"))

from support.servers import KeyServer  # noqa: E402

from . import chains, proxy  # noqa: E402
from .load import TOOLS  # noqa: E402
from .tokens import Mint  # noqa: E402

LIST = chains.PROJECT / "hosts/dynamic-module/layout.txt"
TITLE = """\
# The functions of the native library that run for requests, most instructions first, then those that run when Envoy starts.
# Recorded by `make native-layout`. A name that no function has any more does no harm; one that is missing costs a page.
"""
VERSION = re.compile(r"::h[0-9a-f]{16}$|^aws_lc_\d+_\d+_\d+_")
"""the parts of names that change with each version"""
REQUESTS = 30
START_SECONDS = 300.0
"""an emulated Envoy takes fifty times as long"""


def main() -> int:
    mint = Mint(TOOLS / "bench")
    keys = KeyServer([mint.pool.key])
    fetched = {"user_pool_id": mint.pool.id, "client_ids": [mint.pool.client], "jwks": {"cluster": "keys"}}
    doors = {
        "inline": chains.ours("inline", mint.pool, chains.NATIVE),
        "fetched": chains.ours("fetched", mint.pool, chains.NATIVE, pools=[fetched], identity={}),
    }
    with tempfile.TemporaryDirectory(prefix="cognito-layout-") as folder:
        recorded = Path(folder) / "callgrind"
        real = proxy.envoy_binary()
        emulated = Path(folder) / "envoy"
        emulated.write_text(f'#!/bin/sh\nexec valgrind --tool=callgrind --demangle=no --callgrind-out-file={recorded} {real} "$@"\n')
        emulated.chmod(0o755)
        proxy.envoy_binary, proxy.START_SECONDS = (lambda: str(emulated)), START_SECONDS
        with closing(keys), proxy.Proxy(doors, clusters={"keys": keys.port}) as envoy:
            dump(envoy, "start")
            unseen = mint.distinct(REQUESTS).read_text().split()[:REQUESTS]
            for door in doors:
                for token in [mint.fresh()] * REQUESTS + unseen + [mint.expired(), mint.forged(), ""]:
                    ask(envoy.url(door), token)
            dump(envoy, "requests")
        dumps = {phase_of(path): path for path in Path(folder).glob("callgrind.*")}
        symbols = demangled(chains.NATIVE)
        names: dict[str, None] = {}
        for phase in ("requests", "start"):
            for symbol, _ in executed(dumps[phase], chains.NATIVE.resolve()).most_common():
                if symbol in symbols:
                    names.setdefault(symbols[symbol])
    LIST.write_text(TITLE + "".join(f"{name}\n" for name in names))
    print(f"wrote {LIST}: {len(names)} functions")
    return 0


def dump(envoy: proxy.Proxy, phase: str) -> None:
    """Write what was counted since the last time, under this name."""
    subprocess.run(["callgrind_control", f"--dump={phase}", str(envoy.process.pid)], check=True, capture_output=True)


def phase_of(path: Path) -> str:
    """The name that a dump was given; its number at the end of the process."""
    found = re.search(r"^desc: Trigger: dump (\w+)", path.read_text(errors="replace"), re.MULTILINE)
    return found[1] if found else path.suffix


def ask(url: str, token: str) -> None:
    """Send a request, and wait for the answer, whatever it is."""
    request = urllib.request.Request(url, headers={"authorization": f"Bearer {token}"} if token else {})
    try:
        urllib.request.urlopen(request, timeout=60).read()
    except urllib.error.HTTPError as refused:
        refused.read()


def executed(path: Path, library: Path) -> Counter[str]:
    """The functions of the library in a dump, with the instructions that they took themselves (see "Callgrind Format Specification")."""
    names: dict[tuple[str, str], str] = {}
    found: Counter[str] = Counter()
    current = {"ob": "", "fn": ""}
    is_call = False
    for line in path.read_text(errors="replace").splitlines():
        if reference := re.match(r"c?(ob|fn)=\((\d+)\)(?: (.*))?", line):
            kind, number, name = reference.groups()
            if name is not None:
                names[kind, number] = name
            if not line.startswith("c"):
                current[kind] = names.get((kind, number), "")
        elif line.startswith("calls="):
            is_call = True
        elif line[:1] in "0123456789+-*" and line:
            if not is_call and current["ob"] == str(library):
                found[current["fn"].partition("'")[0]] += int(line.split()[-1])
            is_call = False
    return found


def demangled(library: Path) -> dict[str, str]:
    """The names of functions as in the list, by their symbols."""
    lists = [
        subprocess.run(["nm", "-p", *options, "--defined-only", library], check=True, capture_output=True, text=True).stdout.splitlines()
        for options in ([], ["-C"])
    ]
    return {symbol.split(" ", 2)[2]: VERSION.sub("", name.split(" ", 2)[2]) for symbol, name in zip(*lists, strict=True)}


if __name__ == "__main__":
    os.environ.setdefault("TOOLS", str(TOOLS))
    sys.exit(main())
