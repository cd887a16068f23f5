"""A real sign-in at an emulated Cognito, its own key endpoint, and tokens that really expire."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.client import bearer
from support.stage import Stage, Stages
from support.waiting import wait_until

from demo import pool, services


@pytest.fixture(scope="module")
def cognito_port() -> Iterator[int]:
    with tempfile.TemporaryDirectory() as folder:
        service, port = services.start_cognito(Path(folder))
        yield port
        service.stop()


@pytest.fixture(scope="module")
def stage(stages: Stages, cognito_port: int) -> Stage:
    clients = [pool.WEB, pool.MOBILE, pool.KIOSK]
    the_pool = {"user_pool_id": pool.POOL_ID, "client_ids": clients, "token_use": "any", "jwks": {"cluster": "cognito"}}
    return stages.shared({"pools": [the_pool], "clock_skew_seconds": 0}, clusters={"cognito": cognito_port})


def sign_in(cognito_port: int, name: str, client: str) -> pool.Person:
    return pool.sign_in(f"http://127.0.0.1:{cognito_port}", name, client)


def test_an_id_token_of_a_real_sign_in(stage: Stage, cognito_port: int) -> None:
    ada = sign_in(cognito_port, "ada", pool.WEB)
    seen = stage.admits("/", bearer(ada.id_token), ("x-cognito-sub", "forged"))
    assert seen.header("x-cognito-sub") == ada.sub
    assert seen.header("x-cognito-username") == "ada"
    assert seen.header("x-cognito-email") == "ada@example.com"
    assert seen.header("x-cognito-groups")
    assert seen.header("x-cognito-client-id") == pool.WEB
    assert seen.header("x-cognito-token-use") == "id"


def test_an_access_token_of_a_real_sign_in(stage: Stage, cognito_port: int) -> None:
    ravi = sign_in(cognito_port, "ravi", pool.MOBILE)
    seen = stage.admits("/", bearer(ravi.access_token))
    assert (seen.header("x-cognito-sub"), seen.header("x-cognito-client-id")) == (ravi.sub, pool.MOBILE)
    assert seen.header("x-cognito-scope") == "aws.cognito.signin.user.admin"
    assert seen.header("x-cognito-email") is None


def test_an_email_that_was_never_verified(stage: Stage, cognito_port: int) -> None:
    eve = sign_in(cognito_port, "eve", pool.WEB)
    assert stage.admits("/", bearer(eve.id_token)).header("x-cognito-email") is None


def test_another_app_clients_token(stage: Stage, cognito_port: int) -> None:
    stage.rejects("client_mismatch", "/", bearer(sign_in(cognito_port, "ada", pool.PARTNER).id_token))


def test_a_changed_token(stage: Stage, cognito_port: int) -> None:
    ada = sign_in(cognito_port, "ada", pool.WEB)
    stage.rejects("signature_invalid", "/", bearer(pool.tampered(ada.id_token, **{"cognito:groups": ["admins"]})))


def test_a_token_that_runs_out(stage: Stage, cognito_port: int) -> None:
    ada = sign_in(cognito_port, "ada", pool.KIOSK)
    stage.admits("/", bearer(ada.id_token))
    wait_until(lambda: stage.send("/", bearer(ada.id_token)).status == 401, "the end of the token", within=12)
    stage.rejects("token_expired", "/", bearer(ada.id_token))


def test_the_demo_finds_everything_as_it_should_be(wasm: str) -> None:
    demo = subprocess.run(
        [sys.executable, "-m", "demo"], cwd=services.PROJECT, env={**os.environ, "WASM": wasm},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=100, check=False,
    )
    assert demo.returncode == 0, demo.stdout[-4000:]
