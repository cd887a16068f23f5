"""Writes `cases.json` from `definitions/` and `peers.json`.

python3 -m hostile.build            # from the folder tests/
python3 -m hostile.build --check    # says whether the file on disk is the one that it would write
"""

import json
import pathlib
import sys

from . import corpus
from .definitions import algorithms, base, claims, pools, requests, shapes, signatures

PEERS = pathlib.Path(__file__).resolve().parent / "peers.json"
PEER_NAMES = ("jwt_authn", "django_cognito_jwt", "aws_jwt_verify")


def document() -> dict:
    definitions = [
        *requests.CASES,
        *shapes.CASES,
        *algorithms.CASES,
        *signatures.CASES,
        *claims.CASES,
    ]
    names = [case["name"] for case in [*definitions, *requests.READINGS]]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise SystemExit(f"case names must be unique: {sorted(twice)}")
    measured = json.loads(PEERS.read_text()) if PEERS.exists() else {}
    return {
        "now": base.NOW,
        "pools": pools.POOLS,
        "key_sets": pools.KEY_SETS,
        "cases": [with_request(case, measured.get(case["name"], {})) for case in definitions],
        "readings": {
            "rules": requests.READING_RULES,
            "cases": [with_request(case, None) for case in requests.READINGS],
        },
    }


def with_request(case: dict, measured: dict | None) -> dict:
    """The case ready to send. `measured` is what its peers do; `None`: they have no rules to compare."""
    request = corpus.mint(case, base.NOW)
    recipe = case.pop("recipe")
    peers = {} if measured is None else {"peers": {peer: measured.get(peer, "unknown") for peer in PEER_NAMES}}
    return case | peers | {
        "request": {
            "path": request.path,
            "headers": [[name, value.decode("latin-1")] for name, value in request.headers],
        },
        "recipe": recipe,
    }


def text() -> str:
    """What `cases.json` has to hold."""
    return json.dumps(document(), indent=1) + "\n"


def main() -> None:
    made = text()
    if "--check" in sys.argv:
        if corpus.CASES.read_text() != made:
            raise SystemExit("cases.json is not what the definitions make: run `python3 -m hostile.build` in tests/")
        return
    corpus.CASES.write_text(made)
    print(f"{len(json.loads(made)['cases'])} cases, {len(made)} bytes")


if __name__ == "__main__":
    main()
