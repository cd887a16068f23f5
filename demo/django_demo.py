"""`make demo-django`: an emulated Cognito, Envoy with the filter, and a Django API whose users the filter looks up.

Exits with 0 only if every result was as expected.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
import urllib.parse
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path

from . import frame, pool, services
from .pool import Person
from .tour import bold, counters, cyan, dim, green, heading, red, yellow

EXAMPLE = services.PROJECT / "examples/django"


def main() -> int:
    """Run the demo."""
    return frame.run("django", demonstrate)


def demonstrate(folder: Path, module: Path, running: list[services.Service]) -> int:
    """Start everything, run the checks, keep running if there is a terminal."""
    heading("Starting")
    cognito, cognito_port = services.start_cognito(folder)
    running.append(cognito)
    print(f"  Cognito (cognito-local)            http://127.0.0.1:{cognito_port}")
    public, public_port, internal, internal_port, database = start_django(folder, running)
    print(f"  Django, the API                    http://127.0.0.1:{public_port}")
    print(f"  Django, the user lookup            http://127.0.0.1:{internal_port}   {dim('for the filter only')}")
    envoy, front, admin = services.start_envoy(folder, configuration(public_port, internal_port, cognito_port, module))
    running.append(envoy)
    print(f"  Envoy, examples/django/envoy.yaml  {front}   {dim('admin ' + admin)}")
    walk = Walk(front, admin, f"http://127.0.0.1:{public_port}", database)
    walk.run(f"http://127.0.0.1:{cognito_port}")
    if walk.failures:
        print(red(f"\n{len(walk.failures)} unexpected results:"))
        for failure in walk.failures:
            print(red(f"  {failure}"))
        print(f"\nThe ends of the logs:\n{envoy.tail()}\n{public.tail()}\n{internal.tail()}")
        return 1
    print(green(f"\nAll {walk.steps} checks had the expected result."))
    if frame.is_watched():
        commands = (
            f'curl -i -H "authorization: Bearer $ADA" {walk.front}/api/me',
            f'curl -i -H "authorization: Bearer $RAVI" --json \'{{"text": "hello"}}\' {walk.front}/api/notes',
            f"sqlite3 {walk.database} 'select * from accounts_user'",
        )
        frame.stay(folder, {name.upper(): person.id_token for name, person in walk.people.items()}, commands, envoy)
    return 0


def start_django(folder: Path, running: list[services.Service]) -> tuple[services.Service, int, services.Service, int, Path]:
    """Start the example's two listeners with a new SQLite database, each on a port that the kernel chooses."""
    python = subprocess.run([EXAMPLE / "setup.sh"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    database = folder / "db.sqlite3"
    env = {"DJANGO_DATABASE": str(database), "PYTHONPATH": str(EXAMPLE), "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([python, EXAMPLE / "manage.py", "migrate", "--verbosity", "0"], check=True, env={**os.environ, **env})
    started = []
    for name, application in (("django", "shop.wsgi"), ("django-internal", "shop.internal_wsgi")):
        command = [python, "-m", "gunicorn", "--config", EXAMPLE / "gunicorn.conf.py", "--bind", "127.0.0.1:0", application]
        service = services.Service(name, command, folder, env)
        running.append(service)
        started += [service, int(service.wait_for(lambda: service.logged(r"Listening at: http://127\.0\.0\.1:(\d+)")))]
    return (*started, database)


def configuration(public_port: int, internal_port: int, cognito_port: int, module: Path) -> str:
    """Return `examples/django/envoy.yaml` with the addresses of this machine; nothing else is changed."""
    local = "address: 127.0.0.1, port_value: "
    return services.rendered(
        EXAMPLE / "envoy.yaml",
        {
            "address: 127.0.0.1, port_value: 9901": local + "0",
            "address: 0.0.0.0, port_value: 8000": local + "0",
            "address: app, port_value: 8001": local + str(public_port),
            "address: app-internal, port_value: 8002": local + str(internal_port),
            "address: cognito, port_value: 9229": local + str(cognito_port),
            "/etc/envoy/envoy_cognito_jwt.wasm": str(module),
        },
    )


@dataclass(frozen=True)
class Answer:
    """The response."""

    status: int
    document: dict | list


@dataclass
class Walk:
    """Requests to the API, each with its expected result."""

    front: str
    admin: str
    django: str
    database: Path
    steps: int = 0
    failures: list[str] = field(default_factory=list)
    people: dict[str, Person] = field(default_factory=dict)

    def run(self, cognito: str) -> None:
        """Run all checks."""
        heading("Signing in at Cognito (InitiateAuth)")
        for name, client in (("ada", pool.WEB), ("ravi", pool.MOBILE)):
            self.people[name] = person = pool.sign_in(cognito, name, client)
            print(f"  {bold(name):<6}{dim('  sub ' + person.sub)}")
        ada, ravi = self.people["ada"], self.people["ravi"]

        heading("The application's own user")
        self.check("The database has no user", self.users() == [], self.users())
        refused = self.get("No token: the request does not reach Django", "/api/me", None, 401)
        self.check("the code is token_missing", refused.document.get("code") == "token_missing", refused.document)
        first = self.get("Ada's first request, with her ID token: the filter calls Django, and Django creates the user", "/api/me", ada.id_token, 200)
        second = self.get("Her second request finds the user", "/api/me", ada.id_token, 200)
        third = self.get("So does a request with her access token", "/api/me", ada.access_token, 200)
        ids = {answer.document.get("id") for answer in (first, second, third)}
        self.check("Three requests, one user", len(ids) == 1 and len(self.users()) == 1, self.users())
        lookups = self.lookups()
        self.check("The filter called Django once for her ID token and once for her access token: all workers share the responses", lookups == 2, f"{lookups} lookups")

        heading("No user can become another")
        adas_id = str(first.document.get("id"))
        forged = (("x-user-id", adas_id), ("X.User~Id", adas_id), ("x-cognito-sub", ada.sub))
        ravis = self.get("Ravi with Ada's id in forged headers is Ravi", "/api/me", ravi.id_token, 200, headers=forged)
        self.check("he has an id of his own", str(ravis.document.get("id")) not in ("None", adas_id), ravis.document)
        self.get("Ada's id without a token is rejected", "/api/me", None, 401, headers=forged)
        self.call("The user lookup cannot be reached through Envoy", "POST", self.front, "/cognito/users", ada.id_token, 404)
        self.call("nor at the API's own address", "POST", self.django, "/cognito/users", None, 404)

        heading("Data that belongs to a user")
        self.call("Ada writes a note", "POST", self.front, "/api/notes", ada.id_token, 201, body={"text": "buy milk"})
        hers = self.get("Ada reads her notes", "/api/notes", ada.access_token, 200)
        his = self.get("Ravi reads his", "/api/notes", ravi.id_token, 200)
        self.check("hers has one, his has none", (len(hers.document), len(his.document)) == (1, 0), (hers.document, his.document))

        heading("In the database (SQLite)")
        for row in self.users():
            print(f"  {cyan(str(row))}")
        self.check("Two people, two users", len(self.users()) == 2, self.users())

    def get(self, title: str, path: str, token: str | None, status: int, headers: tuple = ()) -> Answer:
        """Send a GET through Envoy."""
        return self.call(title, "GET", self.front, path, token, status, headers=headers)

    def call(
        self, title: str, method: str, server: str, path: str, token: str | None, status: int, headers: tuple = (), body: dict | None = None
    ) -> Answer:
        """Send one request and check its status."""
        answer = send(method, server, path, token, headers, body)
        print(f"      {dim(method + ' ' + path)}", *(dim(f"{name}: {value}") for name, value in headers))
        shown = green(str(answer.status)) if answer.status < 400 else yellow(str(answer.status))
        print(f"      {shown}  {json.dumps(answer.document)[:160]}")
        self.check(title, answer.status == status, f"{answer.status} instead of {status}: {answer.document}")
        return answer

    def check(self, title: str, good: bool, found: object) -> None:
        """Check one condition."""
        self.steps += 1
        print(f"{green('✔') if good else red('✘')} {self.steps:>2}. {bold(title)}")
        if not good:
            self.failures.append(f"{self.steps}. {title}: {found}")
            print(red(f"      UNEXPECTED: {found}"))

    def users(self) -> list[tuple]:
        """Return the rows of the table of users."""
        with sqlite3.connect(f"file:{self.database}?mode=ro", uri=True) as connection:
            return connection.execute("select id, username, email, cognito_id from accounts_user order by id").fetchall()

    def lookups(self) -> int:
        """Return how many calls to Django succeeded. Workers report their counters from time to time: wait for the first."""
        deadline = time.monotonic() + 5
        while not (found := counters(self.admin).get("user_lookup_success", 0)) and time.monotonic() < deadline:
            time.sleep(0.1)
        return found


def send(method: str, server: str, path: str, token: str | None, headers: tuple, body: dict | None) -> Answer:
    """Send one request on a new connection."""
    payload = b"" if body is None else json.dumps(body).encode()
    connection = HTTPConnection(urllib.parse.urlsplit(server).netloc, timeout=30)
    try:
        connection.putrequest(method, path)
        if token:
            connection.putheader("authorization", f"Bearer {token}")
        for name, value in (*headers, ("content-type", "application/json"), ("content-length", str(len(payload)))):
            connection.putheader(name, value)
        connection.endheaders(payload)
        answer = connection.getresponse()
        text = answer.read()
    finally:
        connection.close()
    try:
        return Answer(answer.status, json.loads(text))
    except ValueError:
        return Answer(answer.status, {})


if __name__ == "__main__":
    sys.exit(main())
