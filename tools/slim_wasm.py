#!/usr/bin/env python3
"""Finish a module that cargo built: drop the callbacks that it exports but does not use, then everything dead.

    tools/slim_wasm.py INPUT.wasm OUTPUT.wasm [--wasm-opt PROGRAM]

A proxy calls every `proxy_on_*` function that a module exports, for each stream. Each call into the VM costs time even if it
does nothing, and the Rust SDK exports all of them, so only those that the filter implements stay. What only the dropped ones
reached is removed by wasm-opt; without it the module works the same and is larger.

The output appears by one rename, and the same input gives the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

KEPT = {
    # life of the plugin
    "proxy_abi_version_0_2_1",
    "proxy_on_memory_allocate",
    "proxy_on_context_create",
    "proxy_on_configure",
    "proxy_on_tick",
    "proxy_on_delete",
    # answers to calls
    "proxy_on_http_call_response",
    # a request; body and trailers are only there if a request has some
    "proxy_on_request_headers",
    "proxy_on_request_body",
    "proxy_on_request_trailers",
    # the handshake of a WebSocket whose client offered its token as a protocol
    "proxy_on_response_headers",
}
"""Callbacks of the Proxy-Wasm ABI 0.2.1 that the filter implements. Exports of other kinds are never touched."""

HEADER = b"\0asm\x01\0\0\0"
CUSTOM_SECTION, IMPORT_SECTION, EXPORT_SECTION = 0, 2, 7
FUNCTION = 0

# What rustc's wasm32-wasip1 target switches on by default; wasm-opt refuses instructions whose feature is not enabled.
FEATURES = (
    "bulk-memory", "bulk-memory-opt", "multivalue", "mutable-globals", "nontrapping-float-to-int", "reference-types", "sign-ext",
    "call-indirect-overlong", "extended-const",
)


class NotAModule(Exception):
    """The file is not what a WebAssembly binary looks like."""


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("input", type=Path)
    arguments.add_argument("output", type=Path)
    arguments.add_argument("--wasm-opt", type=Path, help="the program wasm-opt; skipped if it is not there")
    options = arguments.parse_args()
    try:
        slimmed, dropped = without_unused_callbacks(options.input.read_bytes())
    except (OSError, NotAModule) as error:
        print(f"slim_wasm: {options.input}: {error}", file=sys.stderr)
        return 1
    options.output.parent.mkdir(parents=True, exist_ok=True)
    draft = options.output.with_suffix(f".{os.getpid()}.draft")
    try:
        draft.write_bytes(slimmed)
        if options.wasm_opt and options.wasm_opt.exists():
            optimize(options.wasm_opt, draft)
        else:
            print("slim_wasm: no wasm-opt, so what is not used any more stays in the module (`make tools` installs it)")
        draft.replace(options.output)
    finally:
        draft.unlink(missing_ok=True)
    module = options.output.read_bytes()
    print(f"{options.output}: {len(module):,} bytes, {len(dropped)} unused callbacks dropped")
    print(f"sha256 {hashlib.sha256(module).hexdigest()}")
    return 0


def without_unused_callbacks(module: bytes) -> tuple[bytes, list[str]]:
    """The module without its custom sections and without the exports named `proxy_…` that are not in `KEPT`; and their names."""
    dropped: list[str] = []
    out = bytearray(HEADER)
    for kind, body in sections(module):
        if kind == EXPORT_SECTION:
            kept = {name: entry for name, entry in exports(body) if name in KEPT or not name.startswith("proxy_")}
            dropped += [name for name, _ in exports(body) if name not in kept]
            body = leb(len(kept)) + b"".join(kept.values())
        if kind != CUSTOM_SECTION:
            out += bytes([kind]) + leb(len(body)) + body
    return bytes(out), dropped


def sections(module: bytes) -> Iterator[tuple[int, bytes]]:
    """The sections of a binary module: id and content (WebAssembly core specification, 5.5)."""
    if not module.startswith(HEADER):
        raise NotAModule("it does not begin like a WebAssembly module")
    at = len(HEADER)
    while at < len(module):
        kind = module[at]
        length, at = read_leb(module, at + 1)
        if at + length > len(module):
            raise NotAModule("a section is cut off")
        yield kind, module[at : at + length]
        at += length


def exports(body: bytes) -> Iterator[tuple[str, bytes]]:
    """The entries of an export section: each name, and the entry as it stands there."""
    count, at = read_leb(body, 0)
    for _ in range(count):
        start = at
        name, at = read_name(body, at)
        _, at = read_leb(body, at + 1)
        yield name, body[start:at]


def imports(body: bytes) -> Iterator[tuple[str, str]]:
    """The functions of an import section: module and name."""
    count, at = read_leb(body, 0)
    for _ in range(count):
        module, at = read_name(body, at)
        name, at = read_name(body, at)
        if body[at] != FUNCTION:
            raise NotAModule(f"{module}.{name} is no function")
        _, at = read_leb(body, at + 1)
        yield module, name


def read_name(data: bytes, at: int) -> tuple[str, int]:
    """A name, and where it ends."""
    length, at = read_leb(data, at)
    return data[at : at + length].decode(), at + length


def read_leb(data: bytes, at: int) -> tuple[int, int]:
    """An unsigned LEB128 number, and where it ends."""
    value = shift = 0
    while True:
        if at >= len(data) or shift > 28:
            raise NotAModule("a number is cut off")
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at += 1
        shift += 7
        if byte < 0x80:
            return value, at


def leb(value: int) -> bytes:
    """A number as unsigned LEB128."""
    out = bytearray()
    while True:
        value, low = value >> 7, value & 0x7F
        out.append(low | (0x80 if value else 0))
        if not value:
            return bytes(out)


def optimize(program: Path, module: Path) -> None:
    """Remove what nothing reaches any more and optimize, in place."""
    subprocess.run(
        [program, module, "-o", module, "-O3", "--strip-debug", "--strip-producers", *(f"--enable-{name}" for name in FEATURES)],
        check=True,
    )


if __name__ == "__main__":
    sys.exit(main())
