"""`tools/oci.py` writes the image that Istio and Envoy Gateway fetch."""

import gzip
import hashlib
import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.only_on("wasm", "the image holds the Wasm module")

PROJECT = Path(__file__).resolve().parents[2]


def write(module: Path | str, directory: Path) -> subprocess.CompletedProcess:
    """Run the tool."""
    return subprocess.run([sys.executable, PROJECT / "tools/oci.py", module, directory], capture_output=True, text=True)


@pytest.fixture(scope="module")
def layout(wasm: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image of this build."""
    directory = tmp_path_factory.mktemp("image") / "oci"
    run = write(wasm, directory)
    assert run.returncode == 0, run.stderr
    (directory.parent / "printed").write_text(run.stdout)
    return directory


def blob(layout: Path, descriptor: dict) -> bytes:
    """What a descriptor points to, checked against it."""
    algorithm, _, digest = descriptor["digest"].partition(":")
    content = (layout / "blobs" / algorithm / digest).read_bytes()
    assert (algorithm, digest, descriptor["size"]) == ("sha256", hashlib.sha256(content).hexdigest(), len(content))
    return content


def test_the_image_is_one_manifest_with_the_module_in_one_layer(layout: Path, wasm: str) -> None:
    """The fetchers take `plugin.wasm` out of the last layer; what compares digests is given the manifest's."""
    assert json.loads((layout / "oci-layout").read_text()) == {"imageLayoutVersion": "1.0.0"}
    (entry,) = json.loads((layout / "index.json").read_text())["manifests"]
    assert entry["mediaType"] == "application/vnd.oci.image.manifest.v1+json"
    assert (layout.parent / "printed").read_text().split()[-1] == entry["digest"]
    manifest = json.loads(blob(layout, entry))
    assert manifest["config"]["mediaType"] == "application/vnd.oci.image.config.v1+json"
    assert all(name.startswith("org.opencontainers.image.") for name in manifest["annotations"])
    (layer,) = manifest["layers"]
    assert layer["mediaType"] == "application/vnd.oci.image.layer.v1.tar+gzip"
    archive = gzip.decompress(blob(layout, layer))
    config = json.loads(blob(layout, manifest["config"]))
    assert config["rootfs"] == {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(archive).hexdigest()}"]}
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        (member,) = tar.getmembers()
        assert (member.name, member.mode, member.uid, member.gid, member.mtime) == ("plugin.wasm", 0o644, 0, 0, 0)
        assert tar.extractfile(member).read() == Path(wasm).read_bytes()
    blobs = {path.name for path in (layout / "blobs/sha256").iterdir()}
    assert blobs == {each["digest"].removeprefix("sha256:") for each in (entry, manifest["config"], layer)}


def test_two_builds_are_the_same(layout: Path, wasm: str, tmp_path: Path) -> None:
    """Also where an older image is replaced."""
    other = tmp_path / "module.wasm"
    other.write_bytes(b"another module")
    assert write(other, tmp_path / "oci").returncode == 0
    assert write(wasm, tmp_path / "oci").returncode == 0
    files = [sorted((path.relative_to(each), path.read_bytes()) for path in each.rglob("*") if path.is_file()) for each in (layout, tmp_path / "oci")]
    assert files[0] == files[1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["module.wasm", "oci"]


def test_what_is_no_image_is_left_alone(wasm: str, tmp_path: Path) -> None:
    """A mistyped directory is not replaced."""
    (tmp_path / "precious").write_text("data")
    run = write(wasm, tmp_path)
    assert run.returncode != 0 and "not an image layout" in run.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]


def test_a_missing_module_is_an_error(tmp_path: Path) -> None:
    """With what to do."""
    run = write(tmp_path / "none.wasm", tmp_path / "oci")
    assert run.returncode == 1 and "make wasm" in run.stderr
