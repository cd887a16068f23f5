"""The hostile corpus through our filter in Envoy and through django-cognito-jwt 0.0.4 in Django.

Where the two differ stands in `expected.json`, with the reason; nothing else may differ, and nothing that stands there
may have become alike.
"""

import concurrent.futures
import json
import os
import time
from collections.abc import Iterator

import pytest
from hostile import build, corpus
from paths import HERE, REPOSITORY
from sides import ACCEPTED, REFUSED, DjangoSide, EnvoySide, key_server

CORPUS = corpus.load()
EXPECTED = json.loads((HERE / "expected.json").read_text())
AT_ONCE = 4


@pytest.fixture(scope="module")
def keys() -> Iterator:
    server = key_server(CORPUS)
    yield server
    server.close()


def outcomes(side) -> dict[str, str]:
    """What a side does with each case, minted when it is sent."""

    def outcome(case: dict) -> str:
        return side.outcome(case, CORPUS.mint(case, time.time()))

    cases = CORPUS.for_envoy()
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip([case["name"] for case in cases], pool.map(outcome, cases)))


@pytest.fixture(scope="module")
def there(keys) -> dict[str, str]:
    """django-cognito-jwt."""
    side = DjangoSide(CORPUS, keys)
    try:
        return outcomes(side)
    finally:
        side.close()


@pytest.fixture(scope="module")
def here(keys) -> dict[str, str]:
    """Our filter."""
    wasm = os.environ.get("WASM", str(REPOSITORY / "dist/envoy_cognito_jwt.wasm"))
    assert os.path.isfile(wasm), f"{wasm} is missing: run `make wasm`, or set WASM"
    side = EnvoySide(CORPUS, keys, wasm)
    try:
        return outcomes(side)
    finally:
        side.close()


def test_the_library_does_what_the_corpus_says(there: dict[str, str]) -> None:
    recorded = {case["name"]: case["peers"]["django_cognito_jwt"] for case in CORPUS.for_envoy()}
    assert there == recorded


def test_the_filter_does_what_the_corpus_says(here: dict[str, str]) -> None:
    recorded = {case["name"]: case["expect"] for case in CORPUS.for_envoy()}
    assert here == recorded


def test_they_differ_where_the_table_says_so_and_nowhere_else(here: dict[str, str], there: dict[str, str]) -> None:
    differences = {}
    for name, code in here.items():
        ours = "allowed" if code == "allowed" else "refused"
        if (ours, there[name]) not in {("allowed", ACCEPTED), ("refused", REFUSED)}:
            differences[name] = (ours, there[name])
    assert differences == {name: (group["here"], group["there"]) for group in EXPECTED for name in group["cases"]}


def test_the_corpus_is_what_its_definitions_make() -> None:
    assert build.text() == corpus.CASES.read_text(), "run `python3 -m hostile.build` in tests/"


def test_the_table_gives_each_case_one_reason() -> None:
    names = [name for group in EXPECTED for name in group["cases"]]
    assert len(names) == len(set(names))
    assert all(group["cases"] and group["reason"] and group["why"] for group in EXPECTED)


def test_the_migration_guide_shows_the_table() -> None:
    guide = (REPOSITORY / "examples/django/README.md").read_text()
    for group in EXPECTED:
        row = f"| {group['reason']} | {len(group['cases'])} | {group['why']} |"
        assert row in guide, f"missing in examples/django/README.md, or out of date:\n{row}"
    assert f"The {len(CORPUS.for_envoy())} requests" in guide
    assert f"{sum(len(group['cases']) for group in EXPECTED)} of them have different results" in guide
