#!/usr/bin/env python3
"""Put the playground's page together, from what cargo and wasm-bindgen made.

    tools/playground.py BINDINGS OUTPUT

BINDINGS is the folder that `wasm-bindgen --target no-modules` wrote. The page opens no connection, so the module stands in a script, as
base64; nothing has to be fetched, and the page also works from a file. The same input gives the same bytes.
"""

import base64
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml

PROJECT = Path(__file__).resolve().parents[1]
PAGE = PROJECT / "playground/page"
EXAMPLES = {
    "smallest": "envoy/minimal.yaml",
    "rules": "envoy/rules.yaml",
    "several pools": "envoy/several-pools.yaml",
    "more than the token says": "envoy/enrichment.yaml",
    "shadow mode": "envoy/shadow.yaml",
    "Istio gateway (whole file)": "deploy/istio/gateway.yaml",
}
"""What can be chosen, and where it stands. Of Envoy's files the configuration alone is shown."""

MOST_BYTES = 2_000_000
"""What page and module may have."""


def main() -> int:
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    bindings, output = Path(sys.argv[1]), Path(sys.argv[2])
    draft = output.with_name(output.name + ".draft")
    shutil.rmtree(draft, ignore_errors=True)
    shutil.copytree(PAGE, draft)
    module = base64.b64encode((bindings / "filter_bg.wasm").read_bytes()).decode()
    (draft / "filter.js").write_text(f'{(bindings / "filter.js").read_text()}\nconst FILTER_WASM = "{module}";\n')
    examples = [{"name": name, "text": example(PROJECT / path)} for name, path in EXAMPLES.items()]
    (draft / "examples.js").write_text(f"const EXAMPLES = {json.dumps(examples, indent=1)};\n")
    size = sum(path.stat().st_size for path in draft.rglob("*"))
    if size > MOST_BYTES:
        print(f"playground: {size:,} bytes, over the bound of {MOST_BYTES:,}", file=sys.stderr)
        return 1
    shutil.rmtree(output, ignore_errors=True)
    draft.rename(output)
    print(f"{output}: {size:,} bytes")
    return 0


def example(path: Path) -> str:
    """The configuration in an Envoy file, or the file itself if it is not Envoy's."""
    text = path.read_text()
    found = list(configurations(list(yaml.safe_load_all(text))))
    return found[0] if len(found) == 1 else text


def configurations(value: object) -> Iterator[str]:
    """The texts of all StringValues."""
    if isinstance(value, dict):
        if str(value.get("@type", "")).endswith("google.protobuf.StringValue"):
            yield value["value"]
        for member in value.values():
            yield from configurations(member)
    elif isinstance(value, list):
        for element in value:
            yield from configurations(element)


if __name__ == "__main__":
    sys.exit(main())
