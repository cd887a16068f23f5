"""The command-line tool `envoy-cognito-jwt`, as people and programs call it."""

import json
import subprocess
import tempfile
import time
from pathlib import Path

from .client import Header


class Tool:
    """The built tool."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def check(self, text: str) -> dict:
        """What `check` says of the only configuration in a text: `ok`, `place`, `errors`, `warnings`."""
        (report,) = json.loads(self._run("check", "--format", "json", "-", given=text))
        assert "unusable" not in report, report
        (found,) = report["configurations"]
        return found

    def explain(self, configuration: dict, keys: dict, target: str, *headers: Header, method: str = "GET", host: str = "app.example.com") -> dict:
        """How `explain` decides about a request at this moment."""
        with tempfile.TemporaryDirectory(prefix="cognito-tool-") as folder:
            files = {"config": configuration, "jwks": keys}
            for name, document in files.items():
                (Path(folder) / name).write_text(json.dumps(document))
            arguments = [f"--{name}={folder}/{name}" for name in files]
            arguments += [f"--url=http://{host}{target}", f"--method={method}", f"--at={time.time()}", "--format=json"]
            arguments += [f"--header={name}: {value}" for name, value in headers]
            return json.loads(self._run("explain", *arguments))

    def _run(self, *arguments: str, given: str = "") -> str:
        ran = subprocess.run([self._path, *arguments], input=given, capture_output=True, text=True, timeout=30)
        assert ran.returncode in (0, 1), ran.stderr
        return ran.stdout
