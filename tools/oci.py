#!/usr/bin/env python3
"""Write the module as an OCI image layout that the fetchers of Istio and Envoy Gateway accept.

    tools/oci.py MODULE.wasm DIRECTORY

The image is one manifest with one layer, a gzipped tar with the module as `plugin.wasm`: what `docker build` makes of
`FROM scratch` and `COPY`. Both fetchers refuse a bare `application/wasm` layer. Push it with, for example,

    skopeo copy --preserve-digests oci:DIRECTORY docker://registry.example.com/envoy-cognito-jwt:VERSION

The last line printed is the manifest's digest, which `sha256` of an `oci://` or `Image` source has to name.

The same module gives the same bytes on every machine: no time, user or order of files enters the image, and the layer is
stored rather than deflated, because compressed bytes differ between versions of zlib.
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
import subprocess
import sys
import tarfile
import tempfile
import zlib
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
PACKAGE = "envoy-cognito-jwt"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"


def main() -> int:
    """Write the layout and print the digest."""
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    module, directory = Path(sys.argv[1]), Path(sys.argv[2])
    if not module.is_file():
        print(f"oci: {module} is missing: run `make wasm`", file=sys.stderr)
        return 1
    package = package_metadata()
    digest = write_layout(module.read_bytes(), package, directory)
    print(f"{directory}: image of {PACKAGE} {package['version']}; the digest of its manifest, for `sha256` of oci:// and Image sources:")
    print(digest)
    return 0


def package_metadata() -> dict:
    """Version, description and licence of the crate, as cargo reads them."""
    command = ["cargo", "metadata", "--locked", "--no-deps", "--format-version", "1"]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True, cwd=PROJECT).stdout)
    return next(package for package in found["packages"] if package["name"] == PACKAGE)


def write_layout(module: bytes, package: dict, directory: Path) -> str:
    """Write the image layout, which replaces the directory as a whole, and return the digest of the manifest."""
    archive = tar(module)
    layer = gzip_stored(archive)
    blobs: dict[str, bytes] = {}

    def blob(media_type: str, content: bytes) -> dict:
        digest = sha256(content)
        blobs[digest] = content
        return {"mediaType": media_type, "digest": digest, "size": len(content)}

    annotations = {
        "org.opencontainers.image.description": package["description"],
        "org.opencontainers.image.licenses": package["license"],
        "org.opencontainers.image.title": PACKAGE,
        "org.opencontainers.image.version": package["version"],
    }
    if package.get("repository"):
        annotations["org.opencontainers.image.source"] = package["repository"]
    manifest = blob(MANIFEST_TYPE, canonical({
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        # The names of Go's GOARCH and GOOS, as the image specification asks for.
        "config": blob(CONFIG_TYPE, canonical({
            "architecture": "wasm", "os": "wasip1", "config": {}, "rootfs": {"type": "layers", "diff_ids": [sha256(archive)]},
        })),
        "layers": [blob(LAYER_TYPE, layer)],
        "annotations": annotations,
    }))
    reference = manifest | {"annotations": {"org.opencontainers.image.ref.name": package["version"]}}
    files = {f"blobs/{digest.replace(':', '/')}": content for digest, content in blobs.items()}
    files["oci-layout"] = canonical({"imageLayoutVersion": "1.0.0"})
    # Every layout has this file; it lists one manifest, and nothing is pushed of it but that manifest.
    files["index.json"] = canonical({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [reference]})
    replace_directory(directory, files)
    return manifest["digest"]


def tar(module: bytes) -> bytes:
    """A tar archive with the module as `plugin.wasm`, owned by root and as old as the epoch."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as writer:
        entry = tarfile.TarInfo("plugin.wasm")
        entry.size, entry.mode = len(module), 0o644
        writer.addfile(entry, io.BytesIO(module))
    return archive.getvalue()


def gzip_stored(content: bytes) -> bytes:
    """The content as gzip (RFC 1952) in stored blocks (RFC 1951, 3.2.4), which have only one encoding."""
    most = 0xFFFF
    pieces = [content[start : start + most] for start in range(0, len(content), most)] or [b""]
    blocks = [struct.pack("<BHH", number == len(pieces), len(piece), len(piece) ^ most) + piece for number, piece in enumerate(pieces, 1)]
    # Deflate, no flags, no time, no hint about the compression, an unknown operating system.
    header = b"\x1f\x8b\x08\x00" + bytes(4) + b"\x00\xff"
    return header + b"".join(blocks) + struct.pack("<LL", zlib.crc32(content), len(content) & 0xFFFFFFFF)


def canonical(document: dict) -> bytes:
    """JSON with sorted members and no spaces."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sha256(content: bytes) -> str:
    """The digest as OCI writes it."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def replace_directory(directory: Path, files: dict[str, bytes]) -> None:
    """Write the files beside the directory first, so that it never holds half of an image."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory.parent, prefix=f".{directory.name}.") as work:
        draft = Path(work) / "new"
        for name, content in files.items():
            path = draft / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        if directory.exists():
            if not (directory / "oci-layout").exists() and any(directory.iterdir()):
                raise SystemExit(f"oci: {directory} is not an image layout: it stays untouched")
            directory.rename(Path(work) / "old")
        draft.rename(directory)


if __name__ == "__main__":
    sys.exit(main())
