#!/bin/bash
# Build the module twice, from copies of this checkout in two folders whose paths differ in length, each with a target folder
# of its own and at another number of jobs, and compare the bytes.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${TOOLS:?}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
copies=("$work/a" "$work/another/and/deeper/folder")

jobs=1
for copy in "${copies[@]}"; do
    mkdir -p "$copy"
    # What git knows and what is new but not ignored, as it stands in this checkout.
    git ls-files -z --cached --others --exclude-standard | xargs -0 sh -c 'for file; do [ -e "$file" ] && printf "%s\0" "$file"; done' sh |
        tar --null -T - -cf - | tar -xf - -C "$copy"
    jobs=$((jobs + 1))
    # The variables of the calling make must not reach this one: they name the folders of this checkout.
    (cd "$copy" && env -u MAKEFLAGS -u MAKELEVEL -u BUILD -u WASM -u CARGO_TARGET_DIR CARGO_BUILD_JOBS=$jobs make --no-print-directory wasm TOOLS="$TOOLS")
done
first=${copies[0]}/dist/envoy_cognito_jwt.wasm second=${copies[1]}/dist/envoy_cognito_jwt.wasm
if cmp "$first" "$second"; then
    echo "reproducible: two builds in two folders gave the same $(stat -c %s "$first") bytes, sha256 $(sha256sum <"$first" | cut -d' ' -f1)"
else
    echo "not reproducible: $first and $second differ" >&2
    exit 1
fi
