"""Cached tokens: quicker, never more trusted. One worker, so that the memory is one."""

import os
import time

import pytest

from support.bootstrap import Door
from support.client import KeptConnection, bearer
from support.config import config, pool_config
from support.stage import Stage, Stages
from support.tokens import SUB, Pool, b64, signing_key, unb64
from support.waiting import wait_until

RULES = [
    {"match": {"path": {"prefix": "/admin"}}, "require": {"groups": {"any": ["admins"]}}},
    {"match": {"path": {"prefix": "/open"}}, "auth": "none"},
]


def remembering(stages: Stages, entries: int | None = None, **fields: object) -> Stage:
    cache = {} if entries is None else {"token_cache": {"max_entries": entries}}
    return stages.fresh(config(pool_config(token_use="any", jwks={"cluster": "cognito", "ttl_seconds": 1}), rules=RULES, **cache, **fields), concurrency=1)


def cache_counts(stage: Stage) -> tuple[int, int]:
    counters = stage.envoy.counters()
    return counters.get("jwt_cache_hit", 0), counters.get("jwt_cache_miss", 0)


def verified(stage: Stage) -> int:
    counters = stage.envoy.counters()
    return counters.get("verify_host", 0) + counters.get("verify_module", 0)


def test_a_token_is_verified_once_and_says_the_same_each_time(own_stages: Stages, pool: Pool) -> None:
    stage = remembering(own_stages)
    token = bearer(pool.id_token())
    first = stage.admits("/", token)
    before = verified(stage)
    for _ in range(5):
        again = stage.admits("/", token, ("x_cognito_sub", "forged"))
        assert [h for h in again.headers if "cognito" in h[0]] == [h for h in first.headers if "cognito" in h[0]]
    assert verified(stage) == before
    hits, misses = cache_counts(stage)
    assert (hits, misses) == (5, 1)


def test_a_cached_token_expires(own_stages: Stages, pool: Pool) -> None:
    stage = remembering(own_stages, clock_skew_seconds=0)
    token = bearer(pool.id_token(exp=time.time() + 2))
    stage.admits("/", token)
    stage.admits("/", token)
    wait_until(lambda: stage.send("/", token).status == 401, "expiry", within=5)
    stage.rejects("token_expired", "/", token)


def test_a_cached_token_meets_the_rule(own_stages: Stages, pool: Pool) -> None:
    stage = remembering(own_stages)
    token = bearer(pool.id_token())
    for _ in range(2):
        stage.admits("/", token)
        stage.rejects("not_permitted", "/admin", token)
        stage.admits("/open", token, decision="bypassed")


def test_a_cached_token_ends_with_its_key(own_stages: Stages, pool: Pool) -> None:
    stage = remembering(own_stages)
    token = bearer(pool.id_token())
    for _ in range(3):
        stage.admits("/", token)
    own_stages.key_server.publish(signing_key("second"))
    wait_until(lambda: stage.send("/", token).status == 401, "the end of the key", within=5)
    stage.rejects("key_unknown", "/", token)
    # The same id with another key is another key.
    own_stages.key_server.publish(signing_key("second").named(pool.key.kid))
    wait_until(lambda: stage.send("/", token).json()["code"] == "signature_invalid", "the new key", within=5)
    # It comes back with its key.
    own_stages.key_server.publish(pool.key)
    wait_until(lambda: stage.send("/", token).status == 200, "the old key", within=5)


def test_a_token_that_differs_in_one_bit_is_another_token(own_stages: Stages, pool: Pool) -> None:
    stage = remembering(own_stages)
    token = pool.id_token()
    stage.admits("/", bearer(token))
    header, claims, signature = token.split(".")
    for place in (0, 100, 255):
        changed = bytearray(unb64(signature))
        changed[place] ^= 1
        stage.rejects("signature_invalid", "/", bearer(f"{header}.{claims}.{b64(bytes(changed))}"))
    stage.rejects("signature_invalid", "/", bearer(".".join([header, b64(unb64(claims).replace(b"alice", b"malic")), signature])))
    stage.rejects("token_malformed", "/", bearer(token + "="))
    # One zero byte more than the modulus is long.
    stage.rejects("signature_invalid", "/", bearer(token + "A"))
    assert stage.admits("/", bearer(token)).header("x-cognito-sub") == SUB


def test_refused_tokens_are_not_cached_as_good(own_stages: Stages, pool: Pool) -> None:
    stage = remembering(own_stages)
    forged = bearer(pool.id_token(signing_key("forger").named(pool.key.kid)))
    for _ in range(3):
        stage.rejects("signature_invalid", "/", forged)


@pytest.mark.parametrize("entries", [1, 3])
def test_the_least_recently_used_goes_first(own_stages: Stages, pool: Pool, entries: int) -> None:
    stage = remembering(own_stages, entries)
    tokens = [bearer(pool.id_token()) for _ in range(entries + 1)]
    with KeptConnection(stage.envoy.port) as connection:
        for token in tokens:
            assert connection.fetch("/", token).status == 200
        hits, misses = cache_counts(stage)
        assert (hits, misses) == (0, entries + 1)
        connection.fetch("/", tokens[-1])
        assert cache_counts(stage) == (1, misses)
        connection.fetch("/", tokens[0])
        assert cache_counts(stage) == (1, misses + 1)


def test_switched_off(own_stages: Stages, pool: Pool) -> None:
    stage = remembering(own_stages, 0)
    token = bearer(pool.id_token())
    stage.admits("/", token)
    before = verified(stage)
    for _ in range(3):
        stage.admits("/", token)
    assert verified(stage) == before + 3
    assert cache_counts(stage)[0] == 0


def test_the_memory_stays_bounded_under_many_tokens(own_stages: Stages, pool: Pool) -> None:
    stage = remembering(own_stages, 10)
    with KeptConnection(stage.envoy.port) as connection:
        assert {connection.fetch("/", bearer(pool.id_token())).status for _ in range(100)} == {200}
    assert cache_counts(stage) == (0, 100)


def test_each_pool_caches_its_own(own_stages: Stages) -> None:
    # One key signs for two pools; they differ only in the issuer and in their rules.
    strict, loose = Pool("us-east-1_Strict001", client="s"), Pool("us-east-1_Loose0001", client="l")
    pools = [pool_config(user_pool_id=each.id, client_ids=[each.client]) for each in (strict, loose)]
    stage = own_stages.fresh(config(*pools), concurrency=1)
    for each in (strict, loose):
        token = bearer(each.id_token())
        for _ in range(2):
            assert stage.admits("/", token).header("x-cognito-client-id") == each.client


@pytest.mark.parametrize(("token_bytes", "tokens"), [(16_384, 700), (65_536, 200)])
def test_memory_is_flat_under_the_largest_tokens(own_stages: Stages, pool: Pool, token_bytes: int, tokens: int) -> None:
    """`MEMORY_TOKENS=200000` fills the default bound in bytes as well, which so few tokens do not."""
    wanted = os.environ.get("MEMORY_TOKENS")
    count = int(wanted or tokens)
    bound = {} if wanted else {"max_mebibytes": 4}
    settings = config(
        pool_config(), token_cache={"max_entries": 100_000, **bound}, limits={"token_bytes": token_bytes}, identity={"remove_token": True}
    )
    door = Door((own_stages.plugin(settings).http_filter(),), max_headers=1000)
    stage = own_stages.behind(door, concurrency=1)
    half = 0
    with KeptConnection(stage.envoy.port) as connection:
        for number in range(count):
            token = pool.id_token(**{"custom:x": "x" * (token_bytes * 3 // 4 - 900)})
            assert token_bytes * 9 // 10 < len(token) <= token_bytes
            assert connection.fetch("/", bearer(token)).status == 200
            if number == count // 2:
                half = stage.envoy.resident_bytes()
            if number % 100 == 0:
                stage.upstream.forget()
    end = stage.envoy.resident_bytes()
    print(f"{count} tokens of {token_bytes} bytes: {half / 2**20:.1f} MiB after half of them, {end / 2**20:.1f} MiB at the end")
    assert end - half < 6 << 20
    assert cache_counts(stage) == (0, count)
    assert stage.envoy.vm_failures() == {}
