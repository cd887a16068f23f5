"""The hostile corpus against the built module in Envoy: with the host's crypto and with the module's own."""

import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from hostile import corpus  # noqa: E402

from support.client import Response, fetch  # noqa: E402
from support.h2_client import fetch_h2  # noqa: E402
from support.expect import STATUS  # noqa: E402
from support.host import HOST
from support.servers import KeyServer, json_answer  # noqa: E402
from support.stage import Stage, Stages  # noqa: E402
from support.waiting import wait_until  # noqa: E402

CORPUS = corpus.load()


def configuration() -> dict:
    # A pool whose set is unusable keeps each of its requests for as long as a request may wait.
    return {
        "pools": [
            {
                "user_pool_id": pool["user_pool_id"], "client_ids": pool["client_ids"], "token_use": pool["token_use"],
                "jwks": {"cluster": "cognito", "refetch_cooldown_seconds": 3600, "timeout_ms": 500},
            }
            for pool in CORPUS.pools.values()
        ]
    }


@pytest.fixture(scope="module")
def corpus_keys() -> Iterator[KeyServer]:
    sets = {f"/{pool['user_pool_id']}/.well-known/jwks.json": CORPUS.key_sets[pool["key_set"]] for pool in CORPUS.pools.values()}
    server = KeyServer()
    server.answer = lambda request: json_answer(sets[request.target])
    yield server
    server.close()


@pytest.fixture(scope="module")
def requests() -> list[tuple[dict, corpus.Request]]:
    now = time.time()
    return [(case, CORPUS.mint(case, now)) for case in CORPUS.for_envoy()]


def upstream_problems(stage: Stage, case: dict, answer: Response) -> list[str]:
    """What the upstream saw that it should not have seen, or the other way round."""
    seen = stage.upstream.requests
    if case["expect"] != "allowed":
        return ["the upstream was reached"] if seen else []
    if len(seen) != 1:
        return [f"the upstream saw {len(seen)} requests, status {answer.status}"]
    expected = case.get("upstream") or {}
    return [
        f"{name}: the upstream saw {got}, not {values}"
        for name, values in expected.items()
        if (got := [value for key, value in seen[0].headers if key.lower() == name]) != values
    ]


def problems(stage: Stage, case: dict, request: corpus.Request) -> tuple[str, list[str]]:
    """The request's id in the access log, and what was wrong."""
    stage.upstream.forget()
    answer = fetch(stage.envoy.port, request.path, *request.headers)
    expected = 200 if case["expect"] == "allowed" else STATUS[case["expect"]]
    found = upstream_problems(stage, case, answer)
    if answer.status != expected:
        found.append(f"status {answer.status}, not {expected}: {answer.body[:200]!r}")
    elif expected != 200 and answer.json()["code"] != case["expect"]:
        found.append(f"code {answer.json()['code']}, not {case['expect']}")
    return answer.id, found


@pytest.mark.timeout(300)
@pytest.mark.parametrize("crypto", ["host", "module"] if HOST.name == "wasm" else ["module"])
def test_the_hostile_corpus(stages: Stages, corpus_keys: KeyServer, requests: list, crypto: str, request: pytest.FixtureRequest) -> None:
    other = {"module": request.getfixturevalue("wasm_module_crypto")} if crypto == "module" and HOST.name == "wasm" else {}
    stage = stages.fresh(configuration(), key_server=corpus_keys, **other)
    failures, last = [], ""
    for case, hostile in requests:
        # What is a matter of seconds is minted when it is sent: on a slow machine the whole corpus takes longer than the leeway.
        timely = CORPUS.mint(case, time.time()) if case["name"].startswith("time-") else hostile
        last, found = problems(stage, case, timely)
        failures += [f"{case['name']}: {problem}" for problem in found]
    assert not failures, f"{len(failures)} problems:\n" + "\n".join(failures)

    expected = Counter(case["expect"] for case, _ in requests)
    stage.envoy.access(last)
    counted = stage.envoy.counters()
    for code, count in expected.items():
        assert counted.get("allowed" if code == "allowed" else f"denied.{code}") == count, (code, counted)
    if crypto == "host":
        assert counted.get("verify_host", 0) >= expected["allowed"] // 2 and "verify_module" not in counted
    else:
        assert counted.get("verify_module", 0) >= expected["allowed"] // 2 and "verify_host" not in counted
    wait_until(lambda: len(stage.envoy.access_log_path.read_text(errors="replace").splitlines()) >= len(requests), "all access log entries")


def test_no_reading_of_a_request_passes_a_rule(stages: Stages, corpus_keys: KeyServer) -> None:
    rules = {"rules": CORPUS.readings["rules"], "bypass_cors_preflight": True}
    stage = stages.fresh(configuration() | rules, key_server=corpus_keys)
    failures = []
    for case in CORPUS.readings["cases"]:
        request = CORPUS.mint(case, time.time())
        stage.upstream.forget()
        method, body = case["method"], case["body"].encode()
        if method.isupper():
            sent = fetch(stage.envoy.port, request.path, *request.headers, method=method, host=case["authority"], body=body).id
        else:
            # Envoy's HTTP/1 parser takes known methods only.
            assert case["authority"] == "app.example.com"
            sent = fetch_h2(stage.envoy.port, [(method, request.path, request.headers)], body=body)[0].id
        decided = stage.envoy.access(sent)["decision"]
        passes = case["expect"] in ("allowed", "bypassed")
        if decided != case["expect"] or stage.upstream.hits != int(passes):
            failures.append(f"{case['name']}: {decided}, not {case['expect']}; the upstream saw {stage.upstream.hits}")
    assert not failures, "\n".join(failures)
