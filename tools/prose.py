#!/usr/bin/env python3
"""Find words in documents and comments that plain technical English does not use.

    tools/prose.py [FILE ...]        default: all files that git tracks

Prints `file:line: what was found; what to write instead` and exits with 1 if there is anything. Text in backticks, fenced blocks of
documents and code are not checked, nor are the benchmark and its report. The rules behind the list are in docs/development.md.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]

TERMS = {
    r"mend(s|ed|ing)?": "fix, hint",
    r"pass(es|ed|ing)? over": "skip",
    r"remember(s|ed|ing)?": "cache, keep, record",
    r"judg(e|es|ed|ing)|verdicts?": "decide, decision, check",
    r"(?<=[,;:] )else|(?<=[.] )else": "otherwise",
    r"believ(e|es|ed|ing)": "rely on, accept",
    r"tells?|told|telling": "report, show, pass on, distinguish",
    r"speaks? for": "send, name the component",
    r"lends?|lent": "provide",
    r"in vain": "without success",
    r"anew": "again",
    r"for ever": "forever, until …",
    r"whoever|whomever": "anyone who, people who",
    r"hand(s|ed|ing)? over|hand(s|ed|ing)? (it|them) over": "pass",
    r"the very|this very": "the, this",
    r"as it must be|as they must be": "as expected",
}
"""A regular expression for the words, and what to write instead."""

FORBIDDEN = {re.compile(rf"(?<![\w-])(?:{pattern})(?![\w-])", re.IGNORECASE): instead for pattern, instead in TERMS.items()}
UNCHECKED = re.compile(r"`[^`]*`|\"[^\"]*\"")
"""Code and quotations."""

UNCHECKED_FILES = ("bench/", "docs/performance.md", "tools/prose.py")
"""The benchmark, the page that it writes, and the list itself."""

WRITTEN_BY_THE_BENCHMARK = re.compile(r"<!-- bench:begin -->.*?<!-- bench:end -->", re.DOTALL)
"""The part of the README that the benchmark writes."""

HASH_COMMENTS = (".yaml", ".yml", ".toml", ".sh", ".in")
HASH_NAMES = ("Makefile", "Dockerfile.native")


def main() -> int:
    """Report what is found in the files of the command line, or in all of them."""
    found = 0
    for path in map(Path, sys.argv[1:]) if sys.argv[1:] else tracked():
        for line, text in prose(path):
            for words, instead in findings(text):
                print(f"{path}:{line}: {words}; write: {instead}")
                found += 1
    return 1 if found else 0


def findings(text: str) -> Iterator[tuple[str, str]]:
    """Yield the forbidden words of a line, and what to write instead."""
    text = UNCHECKED.sub("`", text)
    for pattern, instead in FORBIDDEN.items():
        for match in pattern.finditer(text):
            yield match[0], instead


def tracked() -> list[Path]:
    """Return the files of the project that are checked."""
    names = subprocess.run(["git", "ls-files"], cwd=PROJECT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [PROJECT / name for name in names if not name.startswith(UNCHECKED_FILES)]


def prose(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of a file that are prose, with their numbers."""
    if path.suffix == ".md":
        return outside_fences(path.read_text())
    if path.suffix == ".rs":
        return slash_comments(path.read_text())
    if path.suffix == ".py":
        return python_prose(path.read_text())
    if path.suffix in HASH_COMMENTS or path.name in HASH_NAMES:
        return hash_comments(path.read_text())
    return iter(())


def outside_fences(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of a Markdown document outside its fenced blocks."""
    text = WRITTEN_BY_THE_BENCHMARK.sub(lambda match: "\n" * match[0].count("\n"), text)
    is_fenced = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("```"):
            is_fenced = not is_fenced
        elif not is_fenced:
            yield number, line


def slash_comments(text: str) -> Iterator[tuple[int, str]]:
    """Yield the comments of a Rust file."""
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r"\s*//[/!]?(.*)", line) or re.search(r"[;,{})]\s+// (.*)", line)
        if match:
            yield number, match[1]


def hash_comments(text: str) -> Iterator[tuple[int, str]]:
    """Yield the comments of a YAML file, a script or a Makefile, and the help texts of the latter."""
    for number, line in enumerate(text.splitlines(), 1):
        match = re.search(r"(?:^|\s)##?(?!!) (.*)", line)
        if match:
            yield number, match[1]


def python_prose(text: str) -> Iterator[tuple[int, str]]:
    """Yield the comments and the docstrings of a Python file."""
    before = tokenize.NEWLINE
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
        elif token.type == tokenize.STRING and before in (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT):
            yield from enumerate(token.string.strip("\"'r").splitlines(), token.start[0])
        if token.type not in (tokenize.COMMENT, tokenize.NL):
            before = token.type


if __name__ == "__main__":
    sys.exit(main())
