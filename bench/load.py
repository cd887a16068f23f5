"""Load from wrk on a core of its own."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

LUA = Path(__file__).resolve().parent / "lua"
CONNECTIONS = 16
TOOLS = Path(os.environ.get("TOOLS", LUA.parents[1] / ".tools"))
WRK = shutil.which(TOOLS / "bin/wrk") or shutil.which("wrk") or "wrk"


@dataclass
class Tokens:
    """What is sent: nothing, one token, or the first `count` of a file in turn, going on where the last run stopped."""

    one: str | None = None
    file: Path | None = None
    count: int = 0
    sent: dict[str, int] = field(default_factory=dict)
    """how many were sent to each URL"""


NO_TOKEN = Tokens()


@dataclass(frozen=True)
class Measured:
    """What one run of wrk saw. Latencies are microseconds with all connections busy."""

    requests: int
    seconds: float
    refused: int
    p50: float
    p99: float
    cpu_seconds: float = 0.0
    """processor time that Envoy took meanwhile, where it was read"""

    @property
    def per_second(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds

    @property
    def cpu_microseconds(self) -> float:
        """Processor time of Envoy for one request, which other programs on the machine hardly change."""
        return 1e6 * self.cpu_seconds / self.requests


def load(url: str, tokens: Tokens, seconds: int, cores: set[int] | None, threads: int = 1) -> Measured:
    """Send requests over all connections, each the next one as soon as the last is answered."""
    script = LUA / ("distinct.lua" if tokens.file else "report.lua")
    command = [WRK, "--latency", f"-t{threads}", f"-c{CONNECTIONS * threads}", f"-d{seconds}s", "-s", str(script)]
    if tokens.one:
        command += ["-H", f"authorization: Bearer {tokens.one}"]
    sent = tokens.sent.get(url, 0)
    command += [url, "--", *([str(tokens.file), str(tokens.count), str(sent % tokens.count)] if tokens.file else [])]
    pin = (lambda: os.sched_setaffinity(0, cores)) if cores else None
    run = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 120, preexec_fn=pin)
    lines = [line for line in run.stdout.splitlines() if line.startswith("RESULT ")]
    if run.returncode or len(lines) != 1:
        raise RuntimeError(f"wrk failed ({run.returncode}):\n{run.stdout[-2000:]}{run.stderr[-2000:]}")
    result = json.loads(lines[0].removeprefix("RESULT "))
    if result["failed"]:
        raise RuntimeError(f"{result['failed']} requests were not answered: {url}")
    tokens.sent[url] = sent + result["requests"] + CONNECTIONS * threads
    return Measured(result["requests"], result["microseconds"] / 1e6, result["refused"], result["p50"], result["p99"])
