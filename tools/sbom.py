#!/usr/bin/env python3
"""Write an artifact's software bill of materials as CycloneDX 1.6 (JSON).

    tools/sbom.py PACKAGE TARGET ARTIFACT OUTPUT.json

Listed is what cargo links into the artifact, which is the workspace's PACKAGE built for TARGET (`scope: required`), and what runs
while it is built: procedural macros, build scripts and what they need (`scope: excluded`). Test dependencies are no part of it.
The same artifact and Cargo.lock give the same bytes: there is no time and no random number in it.

cargo-cyclonedx is not used: it describes a package, not what was built of it, so the artifact's checksum and Rust's own standard
library would be missing.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import tomllib
import uuid
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]

def main() -> int:
    if len(sys.argv) != 5:
        print(__doc__, file=sys.stderr)
        return 2
    package, target, artifact, output = sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4])
    if not artifact.is_file():
        print(f"sbom: {artifact} is missing: build it first", file=sys.stderr)
        return 1
    bill = bill_of_materials(package, target, artifact.read_bytes())
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(bill, indent=2) + "\n")
    required = sum(component["scope"] == "required" for component in bill["components"])
    print(f"{output}: {required} components in {artifact.name}, {len(bill['components']) - required} that only build it")
    return 0


def bill_of_materials(name: str, target: str, artifact: bytes) -> dict:
    """The whole document."""
    metadata = json.loads(said("cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", target))
    packages = {package["id"]: package for package in metadata["packages"]}
    (root,) = (identity for identity in metadata["workspace_members"] if packages[identity]["name"] == name)
    needs = {node["id"]: [each["pkg"] for each in node["deps"]] for node in metadata["resolve"]["nodes"]}
    # cargo metadata counts features that only tests switch on; cargo tree knows the features of this build.
    linked = of_this_build(name, target, "normal,no-proc-macro")
    names = of_this_build(name, target, "normal,build")
    built = {identity for identity, package in packages.items() if spelled(package) in names}
    checksums = {
        (entry["name"], entry["version"]): entry.get("checksum") for entry in tomllib.loads((PROJECT / "Cargo.lock").read_text())["package"]
    }
    listed = sorted(built - {root}, key=lambda package: (packages[package]["name"], packages[package]["version"]))
    components = [component(packages[package], "required" if spelled(packages[package]) in linked else "excluded", checksums) for package in listed]
    digest = hashlib.sha256(artifact).hexdigest()
    graph = [
        {"ref": purl(packages[package]), "dependsOn": sorted(purl(packages[other]) for other in needs[package] if other in built)}
        for package in [root, *listed]
    ]
    std = standard_library(target)
    graph[0]["dependsOn"].append(std["bom-ref"])
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, digest)}",
        "version": 1,
        "metadata": {"component": itself(packages[root], digest)},
        "components": [*components, std],
        "dependencies": [*graph, {"ref": std["bom-ref"], "dependsOn": []}],
    }


def of_this_build(name: str, target: str, edges: str) -> set[str]:
    """Names and versions of the crates that cargo takes for the package by edges of these kinds."""
    shape = ("--edges", edges, "--prefix", "none", "--format", "{p}")
    lines = said("cargo", "tree", "--locked", "--package", name, "--target", target, *shape).splitlines()
    return {" ".join(line.split()[:2]) for line in lines if line}


def spelled(package: dict) -> str:
    """A crate as `cargo tree` names it."""
    return f"{package['name']} v{package['version']}"


def component(package: dict, scope: str, checksums: dict) -> dict:
    """A crate, with the digest of its archive as Cargo.lock pins it."""
    found = {
        "type": "library", "bom-ref": purl(package), "name": package["name"], "version": package["version"], "scope": scope,
        "purl": purl(package), "licenses": [{"expression": package["license"].replace("/", " OR ")}],
    }
    if checksum := checksums.get((package["name"], package["version"])):
        found["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    if package["repository"]:
        found["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
    return found


def itself(package: dict, digest: str) -> dict:
    """The artifact."""
    return {
        "type": "library", "bom-ref": purl(package), "name": package["name"], "version": package["version"], "purl": purl(package),
        "description": package["description"], "licenses": [{"expression": package["license"]}],
        "hashes": [{"alg": "SHA-256", "content": digest}],
    }


def standard_library(target: str) -> dict:
    """Rust's own part of the artifact; cargo does not list it."""
    version = re.search(r"^release: (\S+)", said("rustc", "-vV"), re.M).group(1)
    return {
        "type": "library", "bom-ref": f"rust-std@{version}", "name": "rust-std", "version": version, "scope": "required",
        "description": f"Rust's standard library for {target}" + (", with wasi-libc" if "wasi" in target else ""), "licenses": [{"expression": "MIT OR Apache-2.0"}],
    }


def purl(package: dict) -> str:
    """The package URL."""
    return f"pkg:cargo/{package['name']}@{package['version']}"


def said(*command: str) -> str:
    """What a command prints; its errors go through."""
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=PROJECT).stdout


if __name__ == "__main__":
    sys.exit(main())
