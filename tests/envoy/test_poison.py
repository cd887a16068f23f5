"""A hostile plugin with the same `vm_id` writes into the shared data: what is read back is always checked."""

import base64
import hashlib
import time

import pytest

from support.bootstrap import Door, Plugin
from support.client import bearer
from support.config import config, pool_config
from support.http_server import Answer, SeenRequest
from support.servers import json_answer, jwks
from support.stage import Stage, Stages
from support.tokens import Pool, b64, b64_uint, signing_key
from support.waiting import wait_until

pytestmark = pytest.mark.only_on("wasm", "no other plugin reaches the native host's store")

FIRST, SECOND, FORGER = signing_key("first"), signing_key("second"), signing_key("forger")
OTHER = Pool("us-east-1_Neighbour1", key=SECOND.named(FIRST.kid))


def entry_name(pool: Pool) -> str:
    """The name of a pool's entry, as `src/keys/shared.rs` makes it: issuers, key address and cluster under a digest."""
    issuers = [pool.issuer, pool.issuer.replace("cognito-idp", "issuer-cognito-idp", 1)]
    digest = hashlib.sha256()
    for part in [*issuers, f"{pool.issuer}/.well-known/jwks.json", "cognito"]:
        digest.update(len(part).to_bytes(8, "big") + part.encode())
    return "envoy-cognito-jwt/keys/" + base64.urlsafe_b64encode(digest.digest()).rstrip(b"=").decode()


class Poisoned:
    """Our filter at one door, the hostile plugin at another."""

    def __init__(self, stages: Stages, wasm_poison: str) -> None:
        self.server = stages.key_server
        self.sets = {Pool().id: jwks(FIRST), OTHER.id: jwks(OTHER.key)}
        self.server.answer = self._answer
        pools = [pool_config(user_pool_id=each, jwks={"cluster": "cognito", "ttl_seconds": 1, "timeout_ms": 1000}) for each in self.sets]
        ours = stages.plugin(config(*pools))
        poison = Plugin({}, wasm_poison, name="poison", vm_id=ours.vm_id)
        self.stage: Stage = stages.behind(Door((ours.http_filter(),), "app"), Door((poison.http_filter(),), "poison"))

    def _answer(self, request: SeenRequest) -> Answer:
        return json_answer(self.sets[request.target.split("/")[1]])

    def read(self, pool: Pool) -> bytes:
        """The entry of a pool; nothing if it is empty or not there."""
        answer = self.stage.send("/", ("x-key", entry_name(pool)), door="poison")
        assert answer.status in (200, 404)
        return bytes.fromhex(answer.body.decode())

    def write(self, pool: Pool, value: bytes, times: int = 1) -> None:
        """Overwrite the entry of a pool."""
        headers = (("x-key", entry_name(pool)), ("x-value", value.hex()), ("x-times", str(times)))
        assert self.stage.send("/", *headers, door="poison").status == 200

    def statuses(self, token: tuple) -> set[int]:
        """What many fresh connections, hence all workers, make of a token."""
        return {self.stage.send("/", token, door="app").status for _ in range(8)}


@pytest.fixture
def poisoned(own_stages: Stages, wasm_poison: str) -> Poisoned:
    poisoned = Poisoned(own_stages, wasm_poison)
    for each in (Pool(), OTHER):
        wait_until(lambda: poisoned.statuses(bearer(each.id_token())) == {200}, "keys in all workers")
        assert poisoned.read(each), "the entry is not where the test looks for it"
    return poisoned


# The words of a record's first line; a line for each key follows.
WORDS = ("layout", "pool", "failures", "retry_at", "refetched_at", "mark", "until", "fetched_at", "refresh_at")


def changed(record: bytes, keys: list[bytes] | None = None, **words: object) -> bytes:
    """The record with other words in its first line, and perhaps with other keys."""
    first, *key_lines = record.split(b"\n")
    values = dict(zip(WORDS, first.decode().split(" "), strict=True)) | {name: str(word) for name, word in words.items()}
    return b"\n".join([" ".join(values.values()).encode(), *(key_lines if keys is None else keys)])


def in_a_while(seconds: float) -> int:
    return int((time.time() + seconds) * 1000)


def test_what_is_no_record_changes_nothing(poisoned: Poisoned, pool: Pool) -> None:
    good, forged = bearer(pool.id_token()), bearer(pool.id_token(FORGER.named(FIRST.kid)))
    neighbours = bearer(pool.id_token(OTHER.key))
    record = poisoned.read(pool)
    weak = signing_key("small", 1024)
    weak_key = f"{b64(FIRST.kid.encode())} {b64_uint(weak.private.public_key().public_numbers().n)} AQAB".encode()
    true_key = record.split(b"\n")[1]
    poisons = {
        "nothing": (b"", 1),
        "garbage": (bytes(range(256)), 1),
        "not UTF-8": (record.replace(b" ", b"\xff"), 1),
        "another layout": (changed(record, layout=99), 1),
        "cut off": (record[: len(record) // 2], 1),
        "the neighbour's record": (poisoned.read(OTHER), 1),
        "huge": (b"x" * 1024, 2048),
        "many lines": (b"\n" * 1000, 100),
        "many words": (b"1 " * 1000, 100),
        "a weak key": (changed(record, keys=[weak_key], fetched_at=in_a_while(0)), 1),
        "a key twice": (changed(record, keys=[true_key] * 2, fetched_at=in_a_while(0)), 1),
        "no keys": (changed(record, keys=[], fetched_at=in_a_while(0)), 1),
    }
    for poison, times in poisons.values():
        poisoned.write(pool, poison, times)
        assert poisoned.statuses(good) == {200}
        assert poisoned.statuses(forged) == {401}
        assert poisoned.statuses(neighbours) == {401}
        # The next refresh puts a true record back.
        wait_until(lambda: poisoned.read(pool) != poison * times, "a healed record", within=5)
    assert poisoned.stage.envoy.vm_failures() == {}


def test_far_leases_and_pauses_do_not_stop_fetching(poisoned: Poisoned, pool: Pool) -> None:
    far = in_a_while(1e6)
    for lie in (
        {"mark": 1, "until": far},
        {"mark": 2**64 - 1, "until": 2**64 - 1},
        {"retry_at": far, "failures": 1},
        {"retry_at": 2**64 - 1, "failures": 2**32 - 1},
        {"fetched_at": far, "refresh_at": far},
        {"refresh_at": 2**64 - 1},
        {"refetched_at": far},
    ):
        poisoned.write(pool, changed(poisoned.read(pool), **lie))
        seen = poisoned.server.hits
        wait_until(lambda: poisoned.server.hits >= seen + 4, f"refreshes after {lie}", within=12)
        assert poisoned.statuses(bearer(pool.id_token())) == {200}


def test_an_older_record_brings_no_withdrawn_key_back(poisoned: Poisoned, pool: Pool) -> None:
    old, new = bearer(pool.id_token()), bearer(pool.id_token(SECOND))
    before = poisoned.read(pool)
    poisoned.sets[pool.id] = jwks(SECOND)
    wait_until(lambda: poisoned.statuses(old) == {401}, "the end of the old key", within=6)
    wait_until(lambda: poisoned.statuses(new) == {200}, "the new key in all workers", within=6)
    for _ in range(5):
        poisoned.write(pool, before)
        assert poisoned.statuses(old) == {401}
        assert poisoned.statuses(new) == {200}
