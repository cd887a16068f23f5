"""Measures what other verifiers make of the hostile corpus, and writes it to `tests/hostile/peers.json`.

    tests/differential/measure.sh        # installs what it needs, then calls this

Not a test: it is run when the corpus or a peer's version changes. `test_differential.py` holds the column of
django-cognito-jwt against the library itself, each time.
"""

import concurrent.futures
import json
import subprocess
import sys
import time

import paths  # noqa: F401
from hostile import build, corpus
from sides import ACCEPTED, FAILED, REFUSED, DjangoSide, exchange, key_server
from support.bootstrap import Door
from support.envoy import Envoy
from support.servers import Upstream

JWT_AUTHN = "type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication"
ISSUER = "https://cognito-idp.us-east-1.amazonaws.com/{}"


def main() -> None:
    cases = corpus.load()
    keys = key_server(cases)
    try:
        measured = {
            "django_cognito_jwt": django_cognito_jwt(cases, keys),
            "jwt_authn": jwt_authn(cases, keys),
            "aws_jwt_verify": aws_jwt_verify(cases, sys.argv[1]),
        }
    finally:
        keys.close()
    table = {case["name"]: {peer: found[case["name"]] for peer, found in measured.items() if case["name"] in found} for case in cases.cases}
    build.PEERS.write_text(json.dumps(table, indent=1, sort_keys=True) + "\n")
    build.main()


def django_cognito_jwt(cases, keys) -> dict:
    """The library itself, in Django REST framework."""
    side = DjangoSide(cases, keys)
    try:
        return at_once(cases.for_envoy(), lambda case: side.outcome(case, cases.mint(case, time.time())))
    finally:
        side.close()


def jwt_authn(cases, keys) -> dict:
    """Envoy's own filter, configured as its documentation does it: a provider for each pool, keys from the key server."""
    providers = {name: provider(pool) for name, pool in cases.pools.items()}
    requirement = {"requires_any": {"requirements": [{"provider_name": name} for name in providers]}}
    authn = {"@type": JWT_AUTHN, "providers": providers, "rules": [{"match": {"prefix": "/"}, "requires": requirement}]}
    upstream = Upstream()
    envoy = Envoy(
        (Door(({"name": "envoy.filters.http.jwt_authn", "typed_config": authn},)),), {"upstream": upstream.port, "cognito": keys.port}
    )

    def outcome(case: dict) -> str:
        request = cases.mint(case, time.time())
        status, _ = exchange(envoy.port, request.path, request.headers)
        return {200: ACCEPTED, 401: REFUSED, 403: REFUSED, 500: FAILED}.get(status, str(status))

    try:
        return at_once(cases.for_envoy(), outcome)
    finally:
        envoy.kill()
        upstream.close()


def provider(pool: dict) -> dict:
    """What people write for a Cognito pool; access tokens have no `aud` that could be compared."""
    issuer = ISSUER.format(pool["user_pool_id"])
    fetch = {"http_uri": {"uri": issuer + "/.well-known/jwks.json", "cluster": "cognito", "timeout": "5s"}, "cache_duration": "300s"}
    audiences = {"audiences": pool["client_ids"]} if pool["token_use"] == "id" else {}
    return {"issuer": issuer, "remote_jwks": fetch, "clock_skew_seconds": 60} | audiences


def aws_jwt_verify(cases, node_modules: str) -> dict:
    """Amazon's library for Node.js. It takes a token, so only the cases that send one in the usual way can be asked."""
    usual = [
        case for case in cases.cases if case["recipe"]["headers"] == [["authorization", "Bearer {token}"]] and not hangs_on_the_second(case)
    ]
    now = time.time()
    questions = {
        "pools": cases.pools,
        "key_sets": cases.key_sets,
        "tokens": [{"name": case["name"], "token": cases.mint(case, now).token} for case in usual],
    }
    script = paths.HERE / "aws_jwt_verify.mjs"
    done = subprocess.run(["node", script, node_modules], input=json.dumps(questions), stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def hangs_on_the_second(case: dict) -> bool:
    """Cases that only a clock which stands still can show."""
    return case["only"] == "native" and case["name"].startswith("time-")


def at_once(cases: list, outcome) -> dict:
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        return dict(zip([case["name"] for case in cases], pool.map(outcome, cases)))


if __name__ == "__main__":
    main()
