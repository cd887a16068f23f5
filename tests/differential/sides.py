"""Both sides of the comparison, each a running server: what becomes of a request?"""

import http.client
import json
import os
import re
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from paths import HERE, REPOSITORY
from support.bootstrap import Door, Plugin
from support.envoy import Envoy
from support.http_server import Answer
from support.servers import ScriptedServer, Upstream, json_answer

START_SECONDS = 60.0

ACCEPTED, REFUSED, FAILED, NOT_READ = "accepted", "refused", "500", "400"
OUTCOMES = {200: ACCEPTED, 401: REFUSED, 403: REFUSED, 500: FAILED, 400: NOT_READ, 503: "503"}


def key_server(corpus) -> ScriptedServer:
    """Cognito's key endpoint for all pools of the corpus."""
    sets = {pool["user_pool_id"]: corpus.key_sets[pool["key_set"]] for pool in corpus.pools.values()}

    def answer(request) -> Answer:
        pool_id = request.target.split("/")[1]
        return json_answer(sets[pool_id]) if pool_id in sets else Answer(404)

    return ScriptedServer(answer)


def exchange(port: int, path: str, headers: list, timeout: float = 30.0) -> tuple[int, bytes]:
    """One request exactly as it stands, on a connection of its own: status and body."""
    lines = [b"GET " + path.encode("latin-1") + b" HTTP/1.1", b"host: app.example.com", b"connection: close"]
    lines += [name.encode("latin-1") + b": " + value for name, value in headers]
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as connection:
        connection.sendall(b"\r\n".join(lines) + b"\r\n\r\n")
        answer = http.client.HTTPResponse(connection, method="GET")
        answer.begin()
        return answer.status, answer.read()


def library_python() -> str:
    """The Python that has django-cognito-jwt."""
    setup = [REPOSITORY / "examples/django/setup.sh", HERE / "requirements.txt", "differential"]
    return subprocess.run(setup, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


class DjangoSide:
    """django-cognito-jwt 0.0.4 in Django REST framework under gunicorn."""

    def __init__(self, corpus, keys: ScriptedServer) -> None:
        python = library_python()
        self._folder = tempfile.TemporaryDirectory(prefix="cognito-differential-")
        folder = Path(self._folder.name)
        env = {
            **os.environ,
            "DIFFERENTIAL_POOLS": json.dumps(corpus.pools),
            "KEY_SERVER": f"http://127.0.0.1:{keys.port}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": str(HERE),
        }
        self.log = folder / "gunicorn.log"
        # The server's own limits are out of the way, as far as Envoy's are.
        command = [
            python,
            "-m",
            "gunicorn",
            "--bind",
            "127.0.0.1:0",
            "--workers",
            "2",
            "--no-control-socket",
            "--limit-request-field_size",
            "65536",
            "--limit-request-line",
            "0",
            "django_side.wsgi",
        ]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, env=env, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        self.port = self._await_port()

    def _await_port(self) -> int:
        deadline = time.monotonic() + START_SECONDS
        while True:
            log = self.log.read_text(errors="replace")
            if found := re.search(r"Listening at: http://127\.0\.0\.1:(\d+)", log):
                return int(found[1])
            assert self.process.poll() is None and time.monotonic() < deadline, f"gunicorn did not start:\n{log}"
            time.sleep(0.05)

    def outcome(self, case: dict, request) -> str:
        """What the library does with this request."""
        path = "/" + case["pool"] + request.path.removeprefix("/")
        status, _ = exchange(self.port, path, request.headers)
        return OUTCOMES.get(status, str(status))

    def close(self) -> None:
        """End it."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._folder.cleanup()


class EnvoySide:
    """The filter in Envoy with two workers, in its default configuration but for the pools."""

    def __init__(self, corpus, keys: ScriptedServer, wasm: str) -> None:
        # A pool whose key set cannot be used keeps its requests for `timeout_ms`.
        jwks = {"cluster": "cognito", "timeout_ms": 500, "refetch_cooldown_seconds": 3600}
        fields = ("user_pool_id", "client_ids", "token_use")
        pools = [{name: pool[name] for name in fields} | {"jwks": jwks} for pool in corpus.pools.values()]
        self._upstream = Upstream()
        door = Door((Plugin({"pools": pools}, wasm).http_filter(),))
        self._envoy = Envoy((door,), {"upstream": self._upstream.port, "cognito": keys.port})

    def outcome(self, case: dict, request) -> str:
        """`allowed`, or the code of the refusal."""
        status, body = exchange(self._envoy.port, request.path, request.headers)
        return "allowed" if status == 200 else json.loads(body)["code"]

    def close(self) -> None:
        """End it, and hold against it what must never have happened in an Envoy."""
        try:
            self._envoy.close()
        finally:
            self._upstream.close()
