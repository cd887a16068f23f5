"""What all demos have in common: a folder and services that end with them, and a while to try things by hand."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from . import services
from .pool import SignInFailed
from .tour import bold, heading, red


def run(name: str, demonstrate: Callable[[Path, Path, list[services.Service]], int], is_native: bool = False) -> int:
    """Call `demonstrate` with a temporary folder, the host's module, and a list for what it starts, all of which is ended.

    Returns the exit status.
    """
    module = services.built_module(is_native)
    if not module.is_file():
        print(f"{module} is missing: run `make {'native' if is_native else 'wasm'}`", file=sys.stderr)
        return 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    running: list[services.Service] = []
    with tempfile.TemporaryDirectory(prefix=f"envoy-cognito-jwt-{name}-") as folder:
        try:
            return demonstrate(Path(folder), module, running)
        except KeyboardInterrupt:
            print()
            return 130
        except (services.DidNotStart, SignInFailed, OSError, subprocess.CalledProcessError) as error:
            print(red(f"\n{error}"), file=sys.stderr)
            return 1
        finally:
            for service in reversed(running):
                service.stop()


def is_watched() -> bool:
    """Return whether the demo runs at a terminal."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def stay(folder: Path, tokens: dict[str, str], commands: Iterable[str], envoy: services.Service, notes: str = "") -> None:
    """Print commands to try, and wait for Ctrl-C. They find the tokens in the shell's variables."""
    variables = folder / "tokens.sh"
    variables.touch(mode=0o600)
    variables.write_text("".join(f"{name}={token}\n" for name, token in tokens.items()))
    heading("Try it yourself, in another terminal")
    for command in (f". {variables}", *commands):
        print(f"  {command}")
    if notes:
        print(f"\n  {notes}")
    print(bold("\nPress Ctrl-C to end the demo."))
    try:
        envoy.process.wait()
        print(red(f"\nEnvoy ended with {envoy.process.returncode}:\n{envoy.tail()}"))
    except KeyboardInterrupt:
        print()
