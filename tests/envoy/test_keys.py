"""Keys: fetched once, shared by all workers, kept through outages, dropped when they are withdrawn."""

import json
import re
import time
from contextlib import closing

import pytest

from support.bootstrap import Door
from support.client import KeptConnection, at_once, bearer, connect, fetch, request_bytes
from support.config import config, inline, pool_config
from support.http_server import Answer, SeenRequest
from support.servers import Gate, KeyServer, ScriptedServer, json_answer, jwks
from support.stage import Stage, Stages
from support.tokens import ABSENT, POOL_ID, Pool, SigningKey, signing_key
from support.waiting import wait_until

FIRST, SECOND, THIRD = signing_key("first"), signing_key("second"), signing_key("third")
JWKS_PATH = f"/{POOL_ID}/.well-known/jwks.json"


def with_keys(**settings: object) -> dict:
    """A configuration whose `jwks` has these settings."""
    return config(pool_config(jwks={"cluster": "cognito", **settings}))


def settled(stage: Stage, *headers) -> int:
    """The status of one request, asked on a fresh connection."""
    return stage.send("/", *headers).status


# -- one fetch ------------------------------------------------------------------------------------------------------


def test_a_cold_start_under_load_fetches_once(own_stages: Stages, pool: Pool) -> None:
    gate = Gate(json_answer(jwks(FIRST)))
    own_stages.key_server.answer = gate
    stage = own_stages.fresh(with_keys(timeout_ms=30_000), concurrency=4)
    good, bad = pool.id_token(), pool.id_token(SECOND.named(FIRST.kid))

    def opened_when_all_wait(number: int):
        if number == 200:
            wait_until(lambda: stage.envoy.active_requests() == 200, "200 waiting requests")
            gate.open()
        return stage.send("/", bearer(bad if number % 10 == 0 else good))

    answers = at_once(201, opened_when_all_wait)
    assert [answer.status for answer in answers] == [401 if number % 10 == 0 else 200 for number in range(201)]
    assert own_stages.key_server.hits == 1
    asked = own_stages.key_server.requests[0]
    assert (asked.method, asked.target, asked.header("host")) == ("GET", JWKS_PATH, "cognito-idp.us-east-1.amazonaws.com")
    assert stage.envoy.counter("jwks_fetch_success") == 1
    assert stage.envoy.counter("jwks_keys") == 1
    assert FIRST.kid in stage.envoy.log(), "no line tells the kids"


def test_a_refresh_keeps_nobody_waiting(own_stages: Stages, pool: Pool) -> None:
    stage = own_stages.fresh(with_keys(ttl_seconds=1))
    stage.admits("/", bearer(pool.id_token()))
    gate = Gate(json_answer(jwks(FIRST)))
    own_stages.key_server.answer = gate
    seen = own_stages.key_server.hits
    wait_until(lambda: own_stages.key_server.hits > seen, "a refresh")
    # The refresh hangs; nobody notices.
    assert {answer.status for answer in at_once(20, lambda _: stage.send("/", bearer(pool.id_token())))} == {200}
    gate.open()


def test_one_fetch_for_each_ttl(own_stages: Stages, pool: Pool) -> None:
    stage = own_stages.fresh(with_keys(ttl_seconds=1), concurrency=4)
    ends = time.monotonic() + 4
    while time.monotonic() < ends:
        stage.admits("/", bearer(pool.id_token()))
    arrivals = [request.arrived for request in own_stages.key_server.requests]
    gaps = [later - earlier for earlier, later in zip(arrivals, arrivals[1:])]
    assert len(arrivals) >= 3, arrivals
    # A TTL is at most a tenth shorter than configured, give or take the machine's own delays.
    assert min(gaps) > 0.8, gaps


def test_uri_and_cluster_can_be_chosen(own_stages: Stages, pool: Pool) -> None:
    stage = own_stages.fresh(with_keys(uri="http://keys.example:8080/some/where?x=1"))
    stage.admits("/", bearer(pool.id_token()))
    asked = own_stages.key_server.requests[0]
    assert (asked.target, asked.header("host")) == ("/some/where?x=1", "keys.example:8080")


def test_inline_keys_are_never_fetched(own_stages: Stages, pool: Pool) -> None:
    stage = own_stages.fresh(config(pool_config(jwks=inline(FIRST, SECOND))))
    stage.admits("/", bearer(pool.id_token()))
    stage.admits("/", bearer(pool.id_token(SECOND)))
    stage.rejects("key_unknown", "/", bearer(pool.id_token(THIRD)))
    assert own_stages.key_server.hits == 0


# -- outages --------------------------------------------------------------------------------------------------------


def test_a_key_server_that_is_down_at_start(own_stages: Stages, pool: Pool) -> None:
    own_stages.key_server.refuse()
    stage = own_stages.fresh(with_keys(timeout_ms=500))
    stage.rejects("keys_unavailable", "/", bearer(pool.id_token()))
    wait_until(lambda: stage.envoy.counter("jwks_fetch_failed") >= 1, "a counted failure")
    assert "[warning]" in stage.envoy.log()
    own_stages.key_server.listen()
    wait_until(lambda: stage.envoy.counter("jwks_fetch_success") >= 1, "recovery without a request", within=15)
    stage.admits("/", bearer(pool.id_token()))


def test_nobody_waits_for_a_fetch_that_will_not_start(own_stages: Stages, pool: Pool) -> None:
    own_stages.key_server.answer = Answer(500)
    stage = own_stages.fresh(with_keys(timeout_ms=3000))
    # After the third failure the next attempt is at least 4 s away, later than any request would wait.
    wait_until(lambda: stage.envoy.counter("jwks_fetch_failed") >= 3, "three failures", within=15)
    began = time.monotonic()
    stage.rejects("keys_unavailable", "/", bearer(pool.id_token()))
    assert time.monotonic() - began < 2.5


def test_a_waiting_request_gives_up_in_time(own_stages: Stages, pool: Pool) -> None:
    own_stages.key_server.answer = Answer(fault="hang")
    stage = own_stages.fresh(with_keys(timeout_ms=1000))
    began = time.monotonic()
    stage.rejects("keys_unavailable", "/", bearer(pool.id_token()))
    assert time.monotonic() - began < 4


def test_failing_fetches_back_off(own_stages: Stages) -> None:
    own_stages.key_server.answer = Answer(500)
    own_stages.fresh(with_keys(), concurrency=4)
    wait_until(lambda: own_stages.key_server.hits >= 4, "four attempts", within=15)
    arrivals = [request.arrived for request in own_stages.key_server.requests]
    gaps = [later - earlier for earlier, later in zip(arrivals, arrivals[1:])]
    for gap, least in zip(gaps, (1, 2, 4)):
        assert gap > 0.9 * least, gaps
        assert gap < 1.25 * least + 1.5, gaps


def test_old_keys_serve_through_an_outage_but_not_for_ever(own_stages: Stages, pool: Pool) -> None:
    stage = own_stages.fresh(with_keys(ttl_seconds=1, max_stale_seconds=4, timeout_ms=300))
    token = bearer(pool.id_token())
    stage.admits("/", token)
    own_stages.key_server.refuse()
    down = time.monotonic()
    while time.monotonic() - down < 2.5:
        assert settled(stage, token) == 200
    assert stage.envoy.counter("jwks_served_stale") > 0
    wait_until(lambda: settled(stage, token) == 503, "the end of the stale keys", within=8)
    assert time.monotonic() - down > 3.5, "keys stopped serving too early"
    stage.rejects("keys_unavailable", "/", token)
    own_stages.key_server.listen()
    wait_until(lambda: settled(stage, token) == 200, "recovery", within=15)


def test_no_stale_serving_where_it_is_switched_off(own_stages: Stages, pool: Pool) -> None:
    stage = own_stages.fresh(with_keys(ttl_seconds=1, max_stale_seconds=0, timeout_ms=300))
    token = bearer(pool.id_token())
    stage.admits("/", token)
    own_stages.key_server.refuse()
    wait_until(lambda: settled(stage, token) == 503, "the end of the keys", within=6)


def test_a_missing_cluster_is_named(own_stages: Stages, pool: Pool) -> None:
    stage = own_stages.fresh(config(pool_config(jwks={"cluster": "forgotten-cluster", "timeout_ms": 300})))
    stage.rejects("keys_unavailable", "/", bearer(pool.id_token()))
    line = next((line for line in stage.envoy.log().splitlines() if "forgotten-cluster" in line and "[warning]" in line), None)
    assert line, "no warning names the cluster"


# -- sets that are no use ---------------------------------------------------------------------------------------------


def duplicated(key: SigningKey) -> dict:
    return {"keys": [key.jwk(), SECOND.named(key.kid).jwk()]}


def ec_key() -> dict:
    return {"kty": "EC", "crv": "P-256", "kid": "ec", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}


USELESS = {
    "HTML": Answer(200, b"<html><body>Captive portal</body></html>"),
    "empty": Answer(200, b""),
    "null": Answer(200, b"null"),
    "a list": Answer(200, b"[]"),
    "an object": Answer(200, b"{}"),
    "no keys": Answer(200, b'{"keys": []}'),
    "keys no list": Answer(200, b'{"keys": {}}'),
    "not UTF-8": Answer(200, b'{"keys": ["\xff"]}'),
    "huge": json_answer(jwks(FIRST) | {"filler": "x" * (257 * 1024)}),
    "one kid twice": json_answer(duplicated(FIRST)),
    "65 keys": json_answer({"keys": [FIRST.jwk(kid=f"k{number}") for number in range(64)] + [FIRST.jwk()]}),
    "EC only": json_answer({"keys": [ec_key()]}),
    "RSA-1024": json_answer({"keys": [signing_key("small", 1024).jwk()]}),
    "encryption": json_answer({"keys": [FIRST.jwk(use="enc")]}),
    "another alg": json_answer({"keys": [FIRST.jwk(alg="RS512")]}),
    "no kid": json_answer({"keys": [FIRST.jwk(kid=ABSENT)]}),
    "kid a number": json_answer({"keys": [FIRST.jwk(kid=7)]}),
    "exponent 1": json_answer({"keys": [FIRST.jwk(e="AQ")]}),
    "even exponent": json_answer({"keys": [FIRST.jwk(e="AQAA")]}),
    "modulus not base64": json_answer({"keys": [FIRST.jwk(n="!!!")]}),
    "cut off JSON": Answer(200, json.dumps(jwks(FIRST)).encode()[:-20]),
    "cut off on the wire": json_answer(jwks(FIRST), fault="truncate"),
    "reset": Answer(fault="reset"),
    "not HTTP": Answer(fault="garbage"),
    "not found": json_answer(jwks(FIRST), status=404),
    "server error": json_answer(jwks(FIRST), status=500),
    "no content": Answer(203, json.dumps(jwks(FIRST)).encode()),
    "redirect": Answer(302, b"", (("location", "http://elsewhere.example/jwks.json"),)),
}


def pool_of(case: str) -> Pool:
    return Pool("us-east-1_" + re.sub(r"\W", "", case.title()))


class ByPool:
    """Answers by the pool that the path names."""

    def __init__(self, answers: dict[str, Answer]) -> None:
        self.answers = answers
        """by pool id"""

    def __call__(self, request: SeenRequest) -> Answer:
        return self.answers[request.target.split("/")[1]]


def fetches(server: KeyServer, pool: Pool) -> int:
    return sum(1 for request in server.requests if request.target.startswith(f"/{pool.id}/"))


def pools_of(cases: dict[str, Answer], **settings: object) -> dict:
    return config(*[pool_config(user_pool_id=pool_of(case).id, jwks={"cluster": "cognito", **settings}) for case in cases])


def test_a_bad_set_never_replaces_a_good_one(own_stages: Stages) -> None:
    # A pool for each case, so that all of them go through it at the same time.
    server = own_stages.key_server
    script = ByPool({pool_of(case).id: json_answer(jwks(FIRST)) for case in USELESS})
    server.answer = script
    stage = own_stages.fresh(pools_of(USELESS, ttl_seconds=1))
    for case in USELESS:
        stage.admits("/", bearer(pool_of(case).id_token()))
    script.answers = {pool_of(case).id: answer for case, answer in USELESS.items()}
    server.forget()
    for case in USELESS:
        wait_until(lambda: fetches(server, pool_of(case)) >= 2, f"a second attempt after: {case}", within=15)
    for case in USELESS:
        assert settled(stage, bearer(pool_of(case).id_token())) == 200, case
    assert stage.envoy.counter("jwks_fetch_failed") >= len(USELESS)
    # All recover, with another key.
    script.answers = {pool_of(case).id: json_answer(jwks(SECOND)) for case in USELESS}
    for case in USELESS:
        wait_until(lambda: settled(stage, bearer(pool_of(case).id_token(SECOND))) == 200, f"recovery from: {case}", within=15)


def test_a_bad_set_at_start_gives_no_keys(own_stages: Stages) -> None:
    own_stages.key_server.answer = ByPool({pool_of(case).id: answer for case, answer in USELESS.items()})
    stage = own_stages.fresh(pools_of(USELESS, timeout_ms=300))
    for case in USELESS:
        for key in (FIRST, SECOND.named(FIRST.kid)):
            answer = stage.send("/", bearer(pool_of(case).id_token(key)))
            assert (answer.status, answer.json()["code"]) == (503, "keys_unavailable"), case


def test_the_usable_keys_of_a_mixed_set_are_used(own_stages: Stages, pool: Pool) -> None:
    small = signing_key("small", 1024)
    sig_only = {"use": ABSENT, "alg": ABSENT}
    own_stages.key_server.answer = json_answer({"keys": [ec_key(), small.jwk(), FIRST.jwk(**sig_only), SECOND.jwk(use="enc"), THIRD.jwk(x5c=["odd"])]})
    stage = own_stages.fresh(with_keys())
    stage.admits("/", bearer(pool.id_token(FIRST)))
    stage.admits("/", bearer(pool.id_token(THIRD)))
    for key in (small, SECOND):
        stage.rejects("key_unknown", "/", bearer(pool.id_token(key)))


@pytest.mark.parametrize(("bits", "exponent"), [(2048, 3), (3072, 65537), (4096, 65537)])
def test_keys_of_all_allowed_sizes(own_stages: Stages, pool: Pool, bits: int, exponent: int) -> None:
    key = signing_key("odd size", bits, exponent)
    own_stages.key_server.publish(key)
    own_stages.fresh(with_keys()).admits("/", bearer(pool.id_token(key)))


# -- rotation -------------------------------------------------------------------------------------------------------


def test_a_new_key_works_at_its_first_use(own_stages: Stages, pool: Pool) -> None:
    stage = own_stages.fresh(with_keys(), concurrency=4)
    stage.admits("/", bearer(pool.id_token()))
    own_stages.key_server.publish(FIRST, SECOND)
    answers = at_once(50, lambda _: stage.send("/", bearer(pool.id_token(SECOND))))
    assert {answer.status for answer in answers} == {200}
    assert own_stages.key_server.hits == 2
    assert stage.envoy.counter("jwks_refetch_unknown_kid") == 1


def test_an_unknown_kid_waits_for_the_fetch_under_way(own_stages: Stages, pool: Pool) -> None:
    stage = own_stages.fresh(with_keys(timeout_ms=30_000))
    stage.admits("/", bearer(pool.id_token()))
    gate = Gate(json_answer(jwks(FIRST, SECOND)))
    own_stages.key_server.answer = gate

    def call(number: int):
        if number == 20:
            wait_until(lambda: stage.envoy.active_requests() >= 20, "waiting requests")
            gate.open()
        # Some kids come with the fetch, some do not.
        return stage.send("/", bearer(pool.id_token(SECOND if number % 2 else THIRD)))

    answers = at_once(21, call)
    assert [answer.status for answer in answers] == [200 if number % 2 else 401 for number in range(21)]
    assert own_stages.key_server.hits == 2


def test_a_removed_key_stops_at_the_next_refresh(own_stages: Stages, pool: Pool) -> None:
    stage = own_stages.fresh(with_keys(ttl_seconds=1), concurrency=4)
    old, new = bearer(pool.id_token()), bearer(pool.id_token(SECOND))
    assert {settled(stage, old) for _ in range(20)} == {200}
    own_stages.key_server.publish(SECOND)
    wait_until(lambda: settled(stage, old) == 401, "the end of the removed key", within=5)
    # The other workers follow within a second.
    time.sleep(1.2)
    assert {settled(stage, old) for _ in range(40)} == {401}
    assert {settled(stage, new) for _ in range(40)} == {200}
    stage.rejects("key_unknown", "/", old)


def test_a_key_that_changes_under_its_kid(own_stages: Stages, pool: Pool) -> None:
    stage = own_stages.fresh(with_keys(ttl_seconds=1))
    old, new = bearer(pool.id_token()), bearer(pool.id_token(SECOND.named(FIRST.kid)))
    stage.admits("/", old)
    own_stages.key_server.publish(SECOND.named(FIRST.kid))
    wait_until(lambda: settled(stage, new) == 200, "the new key", within=5)
    time.sleep(1.2)
    assert {settled(stage, old) for _ in range(20)} == {401}
    stage.rejects("signature_invalid", "/", old)


def test_a_thousand_unknown_kids_cost_one_fetch(own_stages: Stages, pool: Pool) -> None:
    stage = own_stages.fresh(with_keys(refetch_cooldown_seconds=3600), concurrency=4)
    stage.admits("/", bearer(pool.id_token()))
    token_of = [bearer(pool.id_token(FIRST.named(f"unknown-{number}"))) for number in range(1000)]

    def ten_connections(number: int) -> set[int]:
        with KeptConnection(stage.envoy.port) as connection:
            return {connection.fetch("/", token).status for token in token_of[number::10]}

    assert set().union(*at_once(10, ten_connections)) == {401}
    assert own_stages.key_server.hits == 2
    wait_until(lambda: stage.envoy.counter("denied.key_unknown") >= 1000, "all of them to be counted")
    assert stage.envoy.counter("denied.key_unknown") == 1000
    assert stage.envoy.counter("jwks_refetch_unknown_kid") == 1
    assert stage.envoy.counter("jwks_refetch_throttled") >= 900


def test_the_cooldown_ends(own_stages: Stages, pool: Pool) -> None:
    stage = own_stages.fresh(with_keys(refetch_cooldown_seconds=1), concurrency=4)
    stage.admits("/", bearer(pool.id_token()))
    ends = time.monotonic() + 3.5
    with KeptConnection(stage.envoy.port) as one, KeptConnection(stage.envoy.port) as two:
        while time.monotonic() < ends:
            for connection in (one, two):
                assert connection.fetch("/", bearer(pool.id_token(THIRD))).status == 401
    arrivals = [request.arrived for request in own_stages.key_server.requests][1:]
    gaps = [later - earlier for earlier, later in zip(arrivals, arrivals[1:])]
    assert len(arrivals) >= 2, "the cooldown never ended"
    assert min(gaps) > 0.9, gaps
    own_stages.key_server.publish(FIRST, SECOND)
    wait_until(lambda: settled(stage, bearer(pool.id_token(SECOND))) == 200, "the new key", within=5)


def test_kids_are_opaque(own_stages: Stages, pool: Pool) -> None:
    kids = ["abc+/=", "CognitoLocal", "a b", "ü", "x" * 300, "\n", "/../", "0"]
    own_stages.key_server.publish(*[FIRST.named(kid) for kid in kids])
    stage = own_stages.fresh(with_keys())
    for kid in kids:
        stage.admits("/", bearer(pool.id_token(FIRST.named(kid))))
    assert "x" * 65 not in stage.envoy.log(), "a kid in a log line is cut at 64 characters"


# -- plugins side by side ---------------------------------------------------------------------------------------------


def test_two_plugins_with_one_kid_never_mix(own_stages: Stages) -> None:
    ours = Pool("us-east-1_Ours00001", key=FIRST)
    theirs = Pool("us-east-1_Theirs001", key=SECOND.named(FIRST.kid))
    own_stages.key_server.answer = ByPool({each.id: json_answer(jwks(each.key)) for each in (ours, theirs)})
    doors = [
        # One vm_id: both share one VM and one store, as all plugins do under Istio.
        Door((own_stages.plugin(config(pool_config(user_pool_id=each.id, jwks={"cluster": "cognito", "ttl_seconds": 1})), name=name).http_filter(),), name)
        for name, each in (("ours", ours), ("theirs", theirs))
    ]
    stage = own_stages.behind(*doors, concurrency=2)
    for _ in range(3):
        for name, own, other in (("ours", ours, theirs), ("theirs", theirs, ours)):
            port = stage.envoy.port_of(name)
            for _ in range(10):
                assert fetch(port, "/", bearer(own.id_token())).status == 200
                assert fetch(port, "/", bearer(own.id_token(other.key))).json()["code"] == "signature_invalid"
                assert fetch(port, "/", bearer(other.id_token())).json()["code"] == "issuer_unknown"
        time.sleep(0.5)  # across a refresh


def test_one_issuer_with_two_key_addresses_never_mixes(own_stages: Stages, pool: Pool) -> None:
    def by_target(request: SeenRequest) -> Answer:
        return json_answer(jwks(FIRST if request.target == "/a" else SECOND.named(FIRST.kid)))

    own_stages.key_server.answer = by_target
    doors = [
        Door((own_stages.plugin(config(pool_config(jwks={"cluster": "cognito", "uri": f"http://keys/{name}"})), name=name).http_filter(),), name)
        for name in ("a", "b")
    ]
    stage = own_stages.behind(*doors)
    for name, good, bad in (("a", FIRST, SECOND), ("b", SECOND, FIRST)):
        for _ in range(5):
            stage.admits("/", bearer(pool.id_token(good.named(FIRST.kid))), door=name)
            stage.rejects("signature_invalid", "/", bearer(pool.id_token(bad.named(FIRST.kid))), door=name)


def test_a_new_cluster_is_asked_at_once_and_the_old_ones_keys_are_forgotten(own_stages: Stages, pool: Pool) -> None:
    def door(cluster: str) -> Door:
        return Door((own_stages.plugin(config(pool_config(jwks={"cluster": cluster}))).http_filter(),))

    old_key = SECOND.named(FIRST.kid)
    with closing(ScriptedServer(json_answer(jwks(old_key)))) as old:
        stage = own_stages.behind(door("old"), lds=True, clusters={"old": old.port})
        stage.admits("/", bearer(pool.id_token(old_key)))
        # The old configuration lives on for its last requests, and goes on fetching.
        stage.envoy.replace_doors((door("cognito"),))
        wait_until(lambda: settled(stage, bearer(pool.id_token(FIRST))) == 200, "the new cluster's keys")
        for _ in range(5):
            stage.rejects("signature_invalid", "/", bearer(pool.id_token(old_key)))
        assert own_stages.key_server.hits == 1


def test_unknown_keys_leave_room_for_the_others(own_stages: Stages, pool: Pool) -> None:
    """A fetch that stalls while forged tokens with an unknown key come."""
    settings = config(pool_config(jwks={"cluster": "cognito", "timeout_ms": 30_000, "refetch_cooldown_seconds": 0}))
    stage = own_stages.fresh(settings, concurrency=1)
    stage.admits("/", bearer(pool.id_token()))
    gate = Gate(json_answer(jwks(pool.key)))
    own_stages.key_server.answer = gate
    forged = bearer(pool.id_token(signing_key("forger")))
    connections = [connect(stage.envoy.port, timeout=30) for _ in range(330)]
    for connection in connections:
        connection.sendall(request_bytes("GET", "/", [forged], b"", "app.example.com", "waits"))
    wait_until(lambda: stage.envoy.counter("denied.keys_unavailable") == 30, "those over the share", within=10)
    wait_until(lambda: stage.envoy.active_requests() == 300, "300 waiting requests")
    stage.admits("/", bearer(pool.id_token()))
    gate.open()
    statuses = sorted(connection.recv(12)[9:] for connection in connections)
    assert statuses == [b"401"] * 300 + [b"503"] * 30
    for connection in connections:
        connection.close()
