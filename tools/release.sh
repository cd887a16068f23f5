#!/bin/bash
# Build everything that belongs to a release into dist/, and print the steps to publish it. This script publishes nothing.
#
#   dist/envoy_cognito_jwt.wasm        the Wasm module
#   dist/libenvoy_cognito_jwt.so       the native library
#   dist/envoy-cognito-jwt             the command-line tool
#   dist/oci/                          the Wasm module as an image, an OCI layout
#   dist/*.cdx.json                    the bills of materials (CycloneDX)
#   dist/SHA256SUMS                    the checksums of the files above; the image has its digest
#   dist/RELEASE_NOTES.md              the entry of this version in CHANGELOG.md
#
# REPOSITORY: the image's name without tag, such as registry.example.com/envoy-cognito-jwt, for the steps that are printed.
# REHEARSAL=1: build also from a checkout that is not ready to be released, and print no steps.
set -euo pipefail
cd "$(dirname "$0")/.."
repository=${REPOSITORY:-registry.example.com/envoy-cognito-jwt}
version=$(cargo metadata --locked --no-deps --format-version 1 |
    python3 -c 'import json, sys; print(next(p["version"] for p in json.load(sys.stdin)["packages"] if p["name"] == "envoy-cognito-jwt"))')
make="make --no-print-directory"

not_ready() {
    echo "release: $1" >&2
    [ -n "${REHEARSAL:-}" ] || { echo "release: REHEARSAL=1 builds it all the same" >&2; exit 1; }
}
if [ -n "$(git status --porcelain 2>/dev/null || true)" ]; then
    not_ready "this checkout has uncommitted changes, so the result would not match any commit: commit them"
fi
if ! grep -q "^## $version (20[0-9][0-9]-[01][0-9]-[0-3][0-9])$" CHANGELOG.md; then
    not_ready "CHANGELOG.md has no date for $version: write it into the heading, ## $version ($(date +%F))"
fi
mkdir -p dist
awk -v heading="## $version " 'index($0, heading) == 1 { found = 1; next } /^## / { found = 0 } found' CHANGELOG.md >dist/RELEASE_NOTES.md
if ! [ -s dist/RELEASE_NOTES.md ]; then
    echo "release: CHANGELOG.md has no entry for $version" >&2
    exit 1
fi

$make sbom oci sbom-native cli
artifacts=(envoy_cognito_jwt.wasm envoy_cognito_jwt.cdx.json libenvoy_cognito_jwt.so libenvoy_cognito_jwt.cdx.json envoy-cognito-jwt)
digest=$(python3 -c 'import json; (manifest,) = json.load(open("dist/oci/index.json"))["manifests"]; print(manifest["digest"])')
(cd dist && sha256sum "${artifacts[@]}" >SHA256SUMS)

cat <<END

envoy-cognito-jwt $version is in dist/:

$(sed 's/^/  /' dist/SHA256SUMS)
  $digest  oci/ (the manifest)

END
[ -z "${REHEARSAL:-}" ] || exit 0
cat <<END
To publish it:

  git tag -a v$version -m "envoy-cognito-jwt $version" && git push origin v$version
  skopeo copy --preserve-digests oci:dist/oci docker://$repository:$version
  create the release v$version with the text of dist/RELEASE_NOTES.md, and attach to it, from dist/:
    ${artifacts[*]} SHA256SUMS

Users then write, for Istio and for Envoy Gateway:

  url: oci://$repository:$version
  url: $repository:$version
  sha256: "${digest#sha256:}"
END
