#!/bin/bash
# Build everything that a release consists of into dist/ and print what is left to do by hand: nothing is published here.
#
#   dist/envoy_cognito_jwt.wasm        the module
#   dist/libenvoy_cognito_jwt.so       the native library, where hosts/dynamic-module is part of the checkout
#   dist/oci/                          the module as an image, an OCI layout
#   dist/*.cdx.json                    their bills of materials (CycloneDX)
#   dist/SHA256SUMS                    the checksums of all files above
#
# REPOSITORY: the image's name without tag, such as registry.example.com/envoy-cognito-jwt; used in what is printed.
set -euo pipefail
cd "$(dirname "$0")/.."
repository=${REPOSITORY:-registry.example.com/envoy-cognito-jwt}
version=$(cargo metadata --locked --no-deps --format-version 1 |
    python3 -c 'import json, sys; print(next(p["version"] for p in json.load(sys.stdin)["packages"] if p["name"] == "envoy-cognito-jwt"))')
make="make --no-print-directory"

if [ -n "$(git status --porcelain 2>/dev/null || true)" ]; then
    echo "release: this checkout has uncommitted changes; what is built is not the code of any commit" >&2
fi

$make sbom oci
artifacts=(envoy_cognito_jwt.wasm envoy_cognito_jwt.cdx.json)
if [ -d hosts/dynamic-module ]; then
    $make sbom-native
    artifacts+=(libenvoy_cognito_jwt.so libenvoy_cognito_jwt.cdx.json)
fi
digest=$(python3 -c 'import json; (manifest,) = json.load(open("dist/oci/index.json"))["manifests"]; print(manifest["digest"])')
(cd dist && sha256sum "${artifacts[@]}" >SHA256SUMS)

cat <<END

envoy-cognito-jwt $version is in dist/:

$(sed 's/^/  /' dist/SHA256SUMS)
  $digest  oci/ (the manifest)

To publish it:

  git tag -a v$version -m "envoy-cognito-jwt $version" && git push origin v$version
  skopeo copy --preserve-digests oci:dist/oci docker://$repository:$version
  attach to the release: ${artifacts[*]} SHA256SUMS

Users then write, for Istio and for Envoy Gateway:

  url: oci://$repository:$version
  url: $repository:$version
  sha256: "${digest#sha256:}"
END
