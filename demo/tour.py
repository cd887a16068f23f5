#!/usr/bin/env python3
"""The tour: sends requests to a running Envoy, compares each result with the expected one, and prints both.

    python -m demo.tour --front URL --cognito URL --admin URL [--fresh]        against what already runs (docker compose)
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import sys
import time
import urllib.parse
from collections import Counter
from dataclasses import dataclass, field

from . import pool, services
from .pool import Person

IDENTITY_PREFIX = "x-cognito-"
CLOCK_SKEW = 2
"""`clock_skew_seconds` of envoy/envoy.yaml"""


@dataclass(frozen=True)
class Step:
    """One request of the tour and its expected result."""

    title: str
    path: str
    token: str = ""
    """the text after `Bearer`; empty: no authorization header"""
    token_name: str = ""
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    status: int = 200
    code: str = ""
    """the code of the rejection"""
    identity: dict[str, str] | None = None
    """exactly the identity headers that the upstream must receive"""
    challenge: str = ""
    """a text that `www-authenticate` must contain"""
    not_before: float = 0
    """Unix time before which the step cannot be taken"""

    @property
    def outcome(self) -> str:
        """The counter that this request must have incremented."""
        if self.code:
            return f"denied.{self.code}"
        return "allowed" if self.identity else "bypassed"


@dataclass(frozen=True)
class Answer:
    """The response, and the headers that the upstream received."""

    status: int
    code: str
    challenge: str
    upstream_headers: dict[str, str | list[str]] | None

    @property
    def identity(self) -> dict[str, str | list[str]] | None:
        """Every header that an application could mistake for one of the filter, in any spelling."""
        if self.upstream_headers is None:
            return None
        return {name: value for name, value in self.upstream_headers.items() if re.sub("[^a-z0-9]", "-", name.lower()).startswith(IDENTITY_PREFIX)}


@dataclass
class Tour:
    """The addresses, and the failures so far."""

    front: str
    cognito: str
    admin: str
    fresh: bool = True
    """only this tour has sent requests to this Envoy, so the counters must be exact"""
    people: dict[str, Person] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def run(self) -> bool:
        """Run all steps. Returns whether every result was as expected."""
        stranger = pool.RsaKey.generate()
        heading("Signing in at Cognito (InitiateAuth)")
        for name, client, about in (
            ("ada", pool.WEB, "groups admins and editors"),
            ("ravi", pool.MOBILE, "group readers"),
            ("eve", pool.WEB, "no group, her e-mail address never verified"),
        ):
            self.people[name] = person = pool.sign_in(self.cognito, name, client)
            print(f"  {bold(f'{name:<5}')} {about:<45} {dim('sub ' + person.sub)}")
        kiosk = pool.sign_in(self.cognito, "ada", pool.KIOSK)
        partner = pool.sign_in(self.cognito, "ada", pool.PARTNER)
        taken: list[Step] = []
        for title, steps in chapters(self.people, partner, kiosk, stranger, pool.published_key(self.cognito)).items():
            heading(title)
            for step in steps:
                if step.not_before:
                    wait_until(step.not_before, "the short-lived token to expire")
                taken.append(step)
                self.take(len(taken), step)
        self.count(taken)
        print()
        if self.failures:
            print(red(f"{len(self.failures)} unexpected results:"))
            for failure in self.failures:
                print(red(f"  {failure}"))
        else:
            print(green(f"All {len(taken)} requests had the expected result."))
        return not self.failures

    def take(self, number: int, step: Step) -> None:
        """Run one step: send, compare, print."""
        before = self.upstream_requests()
        answer = send(self.front, step)
        reached = self.upstream_requests() - before
        wrong = differences(step, answer, reached)
        self.failures += [f"{number}. {step.title}: {text}" for text in wrong]
        show(number, step, answer, reached, wrong)

    def upstream_requests(self) -> int:
        """Return how many requests Envoy has sent to the application."""
        return stat(self.admin, "cluster.app.upstream_rq_total")

    def count(self, steps: list[Step]) -> None:
        """Print the filter's counters, and compare them with the steps."""
        heading("The filter's counters (admin interface, /stats)")
        expected = Counter(step.outcome for step in steps)
        deadline = time.monotonic() + 5
        # Workers report their counters from time to time; wait for the expected values, not for a fixed time.
        while (found := counters(self.admin)) and time.monotonic() < deadline and not expected.items() <= found.items():
            time.sleep(0.1)
        for name, value in sorted(found.items()):
            print(f"  {value:>4}  cognito_jwt.{name}")
        decided = {name: value for name, value in found.items() if name in ("allowed", "bypassed") or name.startswith("denied.")}
        if self.fresh and decided != dict(expected):
            self.failures.append(f"counters: {decided} instead of {dict(expected)}")


def chapters(people: dict[str, Person], partner: Person, kiosk: Person, stranger: pool.RsaKey, public_key: bytes) -> dict[str, list[Step]]:
    """Return the steps, by the title of their chapter."""
    ada, ravi, eve = people["ada"], people["ravi"], people["eve"]
    adas = dict(token=ada.id_token, token_name="ada, ID token")
    ravis = dict(token=ravi.id_token, token_name="ravi, ID token")
    return {
        "Who are you?": [
            Step("No token", "/orders", status=401, code="token_missing", challenge='Bearer realm="cognito"'),
            Step("An ID token", "/orders", **adas, identity=headers_of(ada.id_token)),
            Step("A token that is valid for five seconds", "/orders", token=kiosk.id_token, token_name="ada at a kiosk", identity=headers_of(kiosk.id_token)),
            Step("An access token", "/orders", token=ada.access_token, token_name="ada, access token", identity=headers_of(ada.access_token)),
            Step("An unverified e-mail address is not passed on", "/orders", token=eve.id_token, token_name="eve, ID token", identity=headers_of(eve.id_token)),
            Step("A public path needs no token", "/health", identity={}),
        ],
        "Are you who you say?": [
            refused("Tampered with: ravi writes ada's sub into his token", pool.tampered(ravi.id_token, sub=ada.sub), "signature_invalid"),
            refused("Signed by a stranger's key", pool.signed_by_a_stranger(stranger, ada.id_token), "signature_invalid"),
            refused("From a foreign user pool", pool.signed_by_a_stranger(stranger, ada.id_token, iss=pool.ISSUER.replace("Demo", "Evil")), "issuer_unknown"),
            refused("With a key id that the pool does not have", pool.signed_by_a_stranger(stranger, ada.id_token, kid="another"), "key_unknown"),
            refused("Unsigned, alg none", pool.unsigned(ada.id_token), "algorithm_not_allowed"),
            refused("HS256, with the public key as its secret", pool.signed_with_the_public_key(public_key, ada.id_token), "algorithm_not_allowed"),
            refused("Not a token at all", "letmein", "token_malformed"),
            refused("Real, but of an app client that is not accepted here", partner.id_token, "client_mismatch"),
            Step(
                "A forged identity, in three spellings, with ravi's token", "/orders", **ravis, identity=headers_of(ravi.id_token),
                headers=(("x-cognito-sub", ada.sub), ("X-Cognito-Sub", ada.sub), ("x.cognito~sub", ada.sub)),
            ),
            Step("A forged identity on a public path", "/health", headers=(("x-cognito-sub", ada.sub), ("X.COGNITO.GROUPS", "admins")), identity={}),
        ],
        "May you do this?": [
            Step("/admin is for the group admins: ravi is a reader", "/admin/users", **ravis, status=403, code="not_permitted"),
            Step("Ada is an admin", "/admin/users", **adas, identity=headers_of(ada.id_token)),
            Step("/users/{owner}/… is for the owner: ravi reads his own photos", f"/users/{ravi.sub}/photos", **ravis, identity=headers_of(ravi.id_token)),
            Step("Even an admin cannot read another user's photos", f"/users/{ravi.sub}/photos", **adas, status=403, code="not_permitted"),
            Step("/me needs a scope that sign-in gives", "/me", token=ravi.access_token, token_name="ravi, access token", identity=headers_of(ravi.access_token)),
            Step(
                "POST /orders needs the scope orders/write: it is missing", "/orders", method="POST", token=ada.access_token,
                token_name="ada, access token", status=403, code="not_permitted", challenge='scope="orders/write"',
            ),
            Step("A path that servers read in different ways", "/health/%2e%2e;/admin/users", **ravis, status=400, code="path_ambiguous"),
        ],
        "A few seconds later": [
            refused("The token from the kiosk, now expired", kiosk.id_token, "token_expired", pool.claims_of(kiosk.id_token)["exp"] + CLOCK_SKEW + 1),
        ],
    }


def refused(title: str, token: str, code: str, not_before: float = 0) -> Step:
    """Return a step whose token must be rejected with 401."""
    return Step(title, "/orders", token, "this", status=401, code=code, challenge='error="invalid_token"', not_before=not_before)


def headers_of(token: str) -> dict[str, str]:
    """Return the identity headers for a verified token of the demo's pool."""
    claims = pool.claims_of(token)
    headers = {
        "x-cognito-sub": claims["sub"],
        "x-cognito-username": claims.get("cognito:username") or claims.get("username"),
        "x-cognito-email": claims.get("email") if claims.get("email_verified") is True else None,
        "x-cognito-groups": ",".join(claims.get("cognito:groups", [])),
        "x-cognito-scope": claims.get("scope"),
        "x-cognito-client-id": claims.get("client_id") or claims.get("aud"),
        "x-cognito-token-use": claims["token_use"],
    }
    return {name: value for name, value in headers.items() if value}


def send(front: str, step: Step) -> Answer:
    """Send a step's request, with the names of its headers exactly as they are spelled."""
    headers = list(step.headers)
    if step.token:
        headers.insert(0, ("authorization", f"Bearer {step.token}"))
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(front).netloc, timeout=30)
    try:
        connection.putrequest(step.method, step.path)
        for name, value in headers:
            connection.putheader(name, value)
        connection.putheader("content-length", "0")
        connection.endheaders()
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    content_type = answer.getheader("content-type", "")
    try:
        document = json.loads(body) if "json" in content_type else {}
    except ValueError:
        document = {}
    return Answer(
        answer.status,
        document.get("code", "") if content_type.startswith("application/problem+json") else "",
        answer.getheader("www-authenticate", ""),
        document.get("headers"),
    )


def differences(step: Step, answer: Answer, reached: int) -> list[str]:
    """Return how the result differs from the expected one."""
    wrong = []
    if answer.status != step.status:
        wrong.append(f"status {answer.status} instead of {step.status}")
    if answer.code != step.code:
        wrong.append(f"code {answer.code or 'none'} instead of {step.code or 'none'}")
    if step.challenge not in answer.challenge:
        wrong.append(f"www-authenticate {answer.challenge!r} without {step.challenge!r}")
    if answer.identity != step.identity:
        wrong.append(f"the upstream received {answer.identity} instead of {step.identity}")
    if reached != (0 if step.code else 1):
        wrong.append(f"the upstream received {reached} requests")
    return wrong


def show(number: int, step: Step, answer: Answer, reached: int, wrong: list[str]) -> None:
    """Print a step and its result."""
    mark = red("✘") if wrong else green("✔")
    print(f"{mark} {number:>2}. {bold(step.title)}")
    request = [f"{step.method} {step.path}"]
    if step.token:
        request.append(f"authorization: Bearer <{step.token_name}> {step.token[:8]}…")
    request += [f"{name}: {value}" for name, value in step.headers]
    for line in request:
        print(f"      {dim(line)}")
    result = green(str(answer.status)) if answer.status < 400 else yellow(f"{answer.status} {answer.code}")
    print(f"      {result}  {dim(answer.challenge)}".rstrip())
    if not reached:
        print("      the upstream received nothing")
    elif not answer.identity:
        print("      the upstream received the request without identity")
    else:
        shown = [f"{name.removeprefix(IDENTITY_PREFIX)}={cyan(str(value))}" for name, value in sorted(answer.identity.items())]
        print(f"      the upstream received x-cognito-… {' '.join(shown)}")
    for text in wrong:
        print(red(f"      UNEXPECTED: {text}"))


def await_ready(admin: str, seconds: float = 60) -> None:
    """Wait until Envoy has started."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if services.read(f"{admin}/ready").strip() == "LIVE":
                return
        except OSError as error:
            if time.monotonic() > deadline:
                raise SystemExit(f"{admin} was not ready after {seconds:.0f} s: {error}") from None
        time.sleep(0.2)


def wait_until(moment: float, what: str) -> None:
    """Wait until a time; a terminal shows the seconds that are left."""
    while (left := moment - time.time()) > 0:
        if COLOURED:
            print(f"\r\033[K  {dim(f'waiting {left:.0f} s for {what}')}", end="", flush=True)
        time.sleep(min(left, 0.5))
    if COLOURED:
        print("\r\033[K", end="")


def counters(admin: str) -> dict[str, int]:
    """Return the filter's metrics that are not 0."""
    prefix = f"{services.METRICS}.cognito_jwt."
    found = json.loads(services.read(f"{admin}/stats?format=json&filter=^{services.METRICS}"))["stats"]
    return {entry["name"].removeprefix(prefix): entry["value"] for entry in found if entry.get("value")}


def stat(admin: str, name: str) -> int:
    """Return one of Envoy's own counters."""
    pattern = urllib.parse.quote("^" + name.replace(".", r"\.") + "$")
    found = json.loads(services.read(f"{admin}/stats?format=json&filter={pattern}"))["stats"]
    return found[0]["value"] if found else 0


# --- colours

COLOURED = sys.stdout.isatty() and "NO_COLOR" not in os.environ


def painted(code: str, text: str) -> str:
    """Colour the text if the output is a terminal."""
    return f"\033[{code}m{text}\033[0m" if COLOURED and text else text


def bold(text: str) -> str:
    """Titles."""
    return painted("1", text)


def dim(text: str) -> str:
    """Detail."""
    return painted("2", text)


def red(text: str) -> str:
    """For failures."""
    return painted("31", text)


def green(text: str) -> str:
    """For requests that passed."""
    return painted("32", text)


def yellow(text: str) -> str:
    """For requests that were rejected as expected."""
    return painted("33", text)


def cyan(text: str) -> str:
    """For the identity that the upstream received."""
    return painted("36", text)


def heading(text: str) -> None:
    """Print the title of a chapter."""
    print(f"\n{bold(text)}\n{'─' * len(text)}")


def main() -> int:
    """Run the tour with services that already run."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--front", required=True, help="URL of Envoy's listener")
    arguments.add_argument("--cognito", required=True, help="URL of the emulator")
    arguments.add_argument("--admin", required=True, help="URL of Envoy's admin interface")
    arguments.add_argument("--fresh", action="store_true", help="Envoy was just started: its counters must be exact")
    options = arguments.parse_args()
    await_ready(options.admin)
    return 0 if Tour(options.front, options.cognito, options.admin, options.fresh).run() else 1


if __name__ == "__main__":
    sys.exit(main())
