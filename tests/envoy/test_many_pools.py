"""A pool for each tenant: a start with 1,000 pools does not flood the key server, lets nobody wait for the others, and takes little memory."""

import time
from collections import Counter
from contextlib import closing

from support.client import at_once, bearer
from support.config import config, pool_config
from support.host import HOST
from support.servers import KeyServer, jwks, json_answer
from support.stage import Stages
from support.tokens import Pool, signing_key
from support.waiting import wait_until

POOLS = 1000
WORKERS = 2
# Each filter that fetches begins at most 32 fetches in 200 ms. The native library has one that does so, the Wasm module one in each VM.
FETCHES_PER_SECOND = 32 * 5 * (1 if HOST.name == "native" else WORKERS + 1)
MEMORY_OF_A_POOL = 64 * 1024
"""bytes that a pool may add to the process, with all its workers"""


def configuration(count: int) -> dict:
    return config(*[pool_config(user_pool_id=f"us-east-1_Tenant{number:04}", jwks={"cluster": "cognito"}) for number in range(count)])


def tenant(number: int) -> Pool:
    return Pool(id=f"us-east-1_Tenant{number:04}", key=signing_key("first"))


def test_a_start_with_1000_pools(own_stages: Stages, record_property) -> None:
    with closing(KeyServer()) as key_server:
        key_server.answer = json_answer(jwks(signing_key("first")))
        single = own_stages.fresh(configuration(1), concurrency=WORKERS, key_server=key_server)
        wait_until(lambda: single.envoy.counter("jwks_fetch_success") == 1, "the only pool's keys")
        memory_of_one = single.envoy.resident_bytes()
        key_server.forget()

        began = time.monotonic()
        stage = own_stages.fresh(configuration(POOLS), concurrency=WORKERS, key_server=key_server)
        listening = time.monotonic()
        # Nobody waits until it is the turn of the last pool.
        last = tenant(POOLS - 1)
        stage.admits("/", bearer(last.id_token()))
        first_answer = time.monotonic()
        wait_until(lambda: stage.envoy.counter("jwks_fetch_success") == POOLS, "the keys of all pools", within=60)
        complete = time.monotonic()

        asked = [request.target for request in key_server.requests]
        assert Counter(asked).most_common(1)[0][1] == 1 and len(asked) == POOLS, "each pool's keys are fetched once"
        arrived = sorted(request.arrived for request in key_server.requests)
        per_second = max(sum(begin <= at < begin + 1 for at in arrived) for begin in arrived)
        # A second that is counted may touch one window more than it has.
        assert per_second <= FETCHES_PER_SECOND * 6 / 5, per_second

        numbers = range(0, POOLS, 50)
        answers = at_once(len(numbers), lambda index: stage.send("/", bearer(tenant(numbers[index]).id_token())))
        assert [answer.status for answer in answers] == [200] * len(numbers)
        assert len(key_server.requests) == POOLS
        memory = stage.envoy.resident_bytes() - memory_of_one
        assert memory < POOLS * MEMORY_OF_A_POOL, memory
        figures = {
            "listening_seconds": listening - began, "first_answer_seconds": first_answer - listening,
            "complete_seconds": complete - began, "most_fetches_in_a_second": per_second, "mib_more_than_one_pool": memory / 2**20,
        }
        for name, value in figures.items():
            record_property(name, round(value, 2))
        print(HOST.name, {name: round(value, 2) for name, value in figures.items()})
