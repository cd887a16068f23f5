"""Requests that come faster than they are counted one by one: none is lost, none is counted twice."""

import time
from contextlib import ExitStack

import pytest
from support.client import bearer, connect, request_bytes
from support.config import config, pool_config
from support.stage import Stages
from support.tokens import Pool

CONNECTIONS, TURNS = 50, 100
HIGH_LOAD_PER_SECOND = 4000
TRIES = 5


def flood(port: int, request: bytes) -> float:
    """Sends the request over all connections, time and again, as fast as it is answered with a refusal; how many a second."""
    with ExitStack() as stack:
        began = time.monotonic()
        connections = [stack.enter_context(connect(port)) for _ in range(CONNECTIONS)]
        for _ in range(TURNS):
            for connection in connections:
                connection.sendall(request)
            for connection in connections:
                answer = b""
                while not answer.endswith(b"}"):
                    more = connection.recv(65536)
                    assert more, answer
                    answer += more
                assert answer.startswith(b"HTTP/1.1 401 ")
        return CONNECTIONS * TURNS / (time.monotonic() - began)


def test_every_request_of_a_flood_is_counted_once(own_stages: Stages, pool: Pool) -> None:
    stage = own_stages.fresh(config(pool_config()), concurrency=1)
    token = bearer(pool.id_token())
    stage.admits("/", token)
    rates: list[float] = []
    while max(rates, default=0.0) < HIGH_LOAD_PER_SECOND and len(rates) < TRIES:
        with stage.counting("denied.token_missing", CONNECTIONS * TURNS):
            rates.append(flood(stage.envoy.port, request_bytes("GET", "/", [], b"", "app.example.com", "flood")))
    before = stage.envoy.counters()
    stage.admits("/", token)
    after = stage.envoy.counters()
    grown = {name: value - before.get(name, 0) for name, value in after.items() if value != before.get(name, 0)}
    assert grown == {"allowed": 1, "jwt_cache_hit": 1}
    if max(rates) < HIGH_LOAD_PER_SECOND:
        pytest.skip(f"all was counted, but too slowly for a high load: {max(rates):.0f} requests a second")
