"""The machine and the versions that figures belong to."""

import os
import re
import subprocess
from pathlib import Path

from support.envoy import envoy_binary

from . import chains
from .load import WRK


def machine() -> dict:
    """What a reader needs to compare the figures; nothing that names this very computer."""
    return {
        "cpu": cpu(), "cores": os.cpu_count(), "kernel": os.uname().release.split("-")[0],
        "envoy": first(r"/(\d+\.\d+\.\d+)/", said(envoy_binary(), "--version")),
        "wrk": first(r"(\d+\.\d+\.\d+\S*)", said(WRK, "-v")),
        "rustc": first(r"rustc (\S+)", said("rustc", "--version")),
        "module": first(r"(?m)^version = \"(.+)\"", (chains.PROJECT / "Cargo.toml").read_text()),
    }


def cpu() -> str:
    """The processor's name."""
    return first(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())


def said(*command: str) -> str:
    """What a command prints, whatever its exit code (wrk's is 1 for `-v`)."""
    run = subprocess.run(command, capture_output=True, text=True)
    return run.stdout + run.stderr


def first(pattern: str, text: str) -> str:
    """The first group of the first match, or `unknown`."""
    match = re.search(pattern, text)
    return match.group(1).strip() if match else "unknown"
