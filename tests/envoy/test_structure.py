"""The shape of the source code, as docs/architecture.md and SECURITY.md have it."""

import re
import tomllib
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
LONGEST_FILE = 450
FOLDERS_OF_CODE = ("src", "hosts", "cli/src", "playground", "demo", "bench", "tools", "fuzz/fuzz_targets")


def code(suffix: str) -> list[Path]:
    """The files of code that is no test."""
    files = [path for folder in FOLDERS_OF_CODE for path in (PROJECT / folder).rglob(f"*{suffix}")]
    return [path for path in files if path.name != "tests.rs" and not {"target", "node_modules"} & {*path.parts}]


@pytest.mark.parametrize("suffix", [".rs", ".py", ".js"])
def test_no_source_file_is_long(suffix: str) -> None:
    """Tests in a file of their own may be."""
    files = code(suffix)
    assert files
    lengths = {str(path.relative_to(PROJECT)): len(path.read_text().splitlines()) for path in files}
    assert not {path: length for path, length in lengths.items() if length > LONGEST_FILE}


def test_no_library_overwrites_another() -> None:
    """`cargo build --workspace` puts the libraries of all members into one folder."""
    files = []
    for member in tomllib.loads((PROJECT / "Cargo.toml").read_text())["workspace"]["members"]:
        manifest = tomllib.loads((PROJECT / member / "Cargo.toml").read_text())
        library = manifest.get("lib", {})
        name = library.get("name", manifest["package"]["name"].replace("-", "_"))
        files += [(name, kind) for kind in library.get("crate-type", ["rlib"])]
    assert len(files) == len({*files}), files


def test_the_image_of_the_native_build_has_all_of_the_workspace() -> None:
    """Cargo reads the manifest of each member, whichever is built."""
    dockerfile = (PROJECT / "envoy/Dockerfile.native").read_text()
    copied = {name for line in re.findall(r"^COPY (?!--)(.+) \S+$", dockerfile, re.MULTILINE) for name in line.split()}
    assert not [name for name in copied if not (PROJECT / name).exists()]
    members = tomllib.loads((PROJECT / "Cargo.toml").read_text())["workspace"]["members"]
    assert {"Cargo.toml", "Cargo.lock", "src", "benches", *(member.split("/")[0] for member in members if member != ".")} <= copied


def test_where_the_unsafe_code_is() -> None:
    """None in the core, which forbids it; in the Wasm module one file."""
    assert "#![forbid(unsafe_code)]" in (PROJECT / "src/lib.rs").read_text()
    sources = (PROJECT / "hosts/proxy-wasm/src").rglob("*.rs")
    holds_unsafe = {str(path.relative_to(PROJECT)) for path in sources if re.search(r"\bunsafe\b(?!_)", path.read_text())}
    assert holds_unsafe == {"hosts/proxy-wasm/src/plugin/sys.rs"}


def test_modules_import_only_what_stands_left_of_them() -> None:
    """As the map in src/lib.rs has it; tests beside the code may look anywhere."""
    source = PROJECT / "src"
    text = (source / "lib.rs").read_text()
    (line,) = re.findall(r"^//! `(\w+ < .*?)`\.$", text, re.MULTILINE | re.DOTALL)
    order = re.findall(r"\w+", line.replace("//!", ""))
    assert sorted(order) == sorted(re.findall(r"^(?:pub )?mod (\w+);$", text, re.MULTILINE))
    for path in source.rglob("*.rs"):
        module = path.relative_to(source).parts[0].removesuffix(".rs")
        if module == "lib" or path.name == "tests.rs":
            continue
        code_alone = re.sub(r"//.*", "", path.read_text().split("#[cfg(test)]\nmod tests")[0])
        imported = {name for name in re.findall(r"\bcrate::(\w+)", code_alone) if name in order}
        assert "crate::{" not in code_alone, path
        later = [name for name in imported if order.index(name) > order.index(module)]
        assert not later, f"{path} imports {later}"
