"""Real servers that fold the names of headers: with none of them can a client set an identity header (`make test-folding`)."""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.bootstrap import Door
from support.client import bearer, fetch
from support.config import config, pool_config
from support.stage import Stages
from support.tokens import SUB, Pool
from support.waiting import wait_until

TOOLS = Path(os.environ.get("TOOLS", Path(__file__).resolve().parents[2] / ".tools"))
MODULES = TOOLS / "debian/lighttpd/usr/lib/lighttpd"
# All that RFC 9110, section 5.6.2, allows in a name besides letters and digits.
OTHERS = "!#$%&'*+-.^_`|~"
SHOW_HEADERS = "<?php header('content-type: application/json'); echo json_encode($_SERVER);"
CGI_PROGRAM = """import json, os
print("content-type: application/json\\n\\n" + json.dumps(dict(os.environ)))
"""
# The protocol of systemd's socket activation: a socket as descriptor 3, and who it is for.
WITH_SOCKET = """import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execv(sys.argv[2], sys.argv[2:])
"""

pytestmark = pytest.mark.skipif(
    not (TOOLS / "bin/lighttpd").exists() and not os.environ.get("REQUIRE_SERVERS"), reason="PHP and lighttpd are not installed: `make test-folding` does it"
)


def php_server(folder: Path) -> tuple[subprocess.Popen, int]:
    """PHP's built-in server on a port of its own choice."""
    (folder / "index.php").write_text(SHOW_HEADERS)
    log = folder / "php.log"
    with log.open("w") as output:
        process = subprocess.Popen([TOOLS / "bin/php", "-n", "-S", "127.0.0.1:0", "index.php"], cwd=folder, stdout=output, stderr=output)
    started = wait_until(lambda: re.search(r"http://127\.0\.0\.1:(\d+)\) started", log.read_text()), "PHP's server")
    return process, int(started[1])


def lighttpd(folder: Path) -> tuple[subprocess.Popen, int]:
    """lighttpd with php-cgi and with a CGI program in Python; it gets its socket from here."""
    (folder / "index.php").write_text(SHOW_HEADERS)
    (folder / "headers.py").write_text(CGI_PROGRAM)
    with socket.socket() as listener, (folder / "lighttpd.log").open("w") as output:
        listener.bind(("127.0.0.1", 0))
        listener.listen(100)
        port = listener.getsockname()[1]
        (folder / "lighttpd.conf").write_text(f"""
            server.document-root = "{folder}"
            server.bind = "127.0.0.1"
            server.port = {port}
            server.systemd-socket-activation = "enable"
            server.modules = ("mod_cgi")
            cgi.assign = (".py" => "{os.path.realpath(sys.executable)}", ".php" => "{TOOLS}/bin/php-cgi")
        """)
        command = [TOOLS / "bin/lighttpd", "-D", "-f", "lighttpd.conf", *(["-m", MODULES] if MODULES.is_dir() else [])]
        start = [sys.executable, "-c", WITH_SOCKET, str(listener.fileno()), *command]
        process = subprocess.Popen(start, cwd=folder, pass_fds=(listener.fileno(),), stdout=output, stderr=output)
    return process, port


@pytest.fixture(scope="module", params=["php -S", "php-cgi", "CGI"])
def application(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, str]]:
    """The port of a server, and the path that shows its applications' headers."""
    folder = tmp_path_factory.mktemp("application")
    process, port = php_server(folder) if request.param == "php -S" else lighttpd(folder)
    path = "/headers.py" if request.param == "CGI" else "/index.php"
    try:
        wait_until(lambda: fetch(port, path).status == 200, request.param)
        yield port, path
    finally:
        process.kill()
        process.wait(10)


def seen(port: int, path: str, *headers: tuple[str, str]) -> dict:
    """What the application reads."""
    answer = fetch(port, path, *headers)
    assert answer.status == 200, answer
    return answer.json()


def folding(port: int, path: str) -> str:
    """The characters that the server behind this port reads as `_`."""
    return "".join(other for other in OTHERS if seen(port, path, (f"x{other}probe", "1")).get("HTTP_X_PROBE") == "1")


def test_no_folding_lets_a_client_speak_for_the_filter(stages: Stages, pool: Pool, application: tuple[int, str]) -> None:
    port, path = application
    identity = {"headers": {"x-cognito-sub": "sub", "x-user-id": "sub"}, "payload_header": "x-claims"}
    rules = [{"match": {"path": {"exact": "/index.php"}}, "auth": "optional"}, {"match": {"path": {"exact": "/headers.py"}}, "auth": "optional"}]
    plugin = stages.plugin(config(pool_config(), identity=identity, rules=rules)).http_filter()
    stage = stages.behind(Door((plugin,), name="filtered", max_headers=1000), Door(name="open"), clusters={"upstream": port})

    folded = folding(stage.envoy.port_of("open"), path)
    assert set("-_") < set(folded), f"the server folds only {folded!r}: this shows nothing"

    filtered = stage.envoy.port_of("filtered")
    for other in OTHERS:
        names = [f"x{other}cognito{other}sub", f"x{other}cognito-sub", f"x-cognito{other}groups", f"X{other}User{other}Id", f"x-user{other}id", f"x{other}claims"]
        forged = [(name, "forged") for name in names]
        for credential in ([], [bearer(pool.id_token())]):
            read = seen(filtered, path, *credential, *forged)
            assert "forged" not in json.dumps(read), (other, read)
            sub = SUB if credential else None
            assert (read.get("HTTP_X_COGNITO_SUB"), read.get("HTTP_X_USER_ID")) == (sub, sub), (other, read)
