"""The tools themselves: an Envoy without the filter lets everything through, and we see it."""

import pytest

from support.bootstrap import Door
from support.client import KeptConnection, at_once, bearer, fetch
from support.envoy import DidNotStart, Envoy, leaked_tokens
from support.http_server import Answer
from support.servers import KeyServer, ScriptedServer, Upstream
from support.tokens import Pool


@pytest.fixture(scope="module")
def open_envoy(upstream: Upstream):
    envoy = Envoy((Door(),), {"upstream": upstream.port})
    yield envoy
    envoy.close()


def test_a_request_is_seen_with_all_its_headers(open_envoy: Envoy, upstream: Upstream) -> None:
    upstream.forget()
    answer = fetch(open_envoy.port, "/a/../b?c=%2F", ("x-twice", "1"), ("x-twice", "2"), ("x_low", "3"), method="POST", body=b"hello")
    assert answer.status == 200
    seen = upstream.only_request()
    assert (seen.method, seen.target, seen.body) == ("POST", "/a/../b?c=%2F", b"hello")
    assert seen.values("x-twice") == ["1", "2"]
    assert seen.header("x_low") == "3"
    entry = open_envoy.access(answer.id)
    assert entry["status"] == 200 and entry["details"] == "via_upstream" and entry["decision"] is None


def test_many_requests_at_once_and_one_after_the_other(open_envoy: Envoy, upstream: Upstream) -> None:
    upstream.forget()
    assert {answer.status for answer in at_once(100, lambda _: fetch(open_envoy.port))} == {200}
    with KeptConnection(open_envoy.port) as connection:
        assert [connection.fetch().status for _ in range(3)] == [200, 200, 200]
    assert upstream.hits == 103


def test_a_wrong_configuration_is_reported() -> None:
    with pytest.raises(DidNotStart) as failed:
        Envoy((Door(({"name": "no.such.filter"},)),), {"upstream": 1})
    assert "no.such.filter" in failed.value.log


@pytest.mark.parametrize("fault", ["reset", "truncate", "garbage", "hang"])
def test_servers_misbehave_on_demand(fault: str) -> None:
    server = ScriptedServer(Answer(200, b"0123456789", fault=fault))
    with pytest.raises(Exception) as failed:
        fetch(server.port, timeout=0.5)
    assert failed.type.__name__ in {"ConnectionResetError", "IncompleteRead", "BadStatusLine", "TimeoutError", "RemoteDisconnected"}
    assert server.hits == 1
    server.close()


def test_a_server_refuses_and_listens_again() -> None:
    server = KeyServer(listen=False)
    for _ in range(2):
        with pytest.raises(ConnectionRefusedError):
            fetch(server.port)
        server.listen()
        assert fetch(server.port).json() == {"keys": []}
        server.refuse()
    server.close()


def test_a_logged_token_would_be_found() -> None:
    token = Pool().id_token()
    header, claims, signature = token.split(".")
    assert leaked_tokens(f"x {token} y") and leaked_tokens(header + claims) and leaked_tokens(f'"{signature}"')
    assert not leaked_tokens("nothing here but a long-word-of-no-meaning-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
