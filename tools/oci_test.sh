#!/bin/bash
# Push dist/oci to a real registry and pull it back: the digest stays, and the module comes out byte for byte.
# The registry is Debian's docker-registry on the loopback, on a port that the kernel picks, in a folder that is removed.
#
# Environment: TOOLS, WASM (the module that dist/oci was made of)
set -euo pipefail
cd "$(dirname "$0")/.."
: "${TOOLS:?}" "${WASM:?}"
tools/debian.sh skopeo docker-registry

say() { echo "oci-test: $*"; }
work=$(mktemp -d)
registry=
finish() {
    status=$?
    if [ -n "$registry" ]; then kill "$registry" 2>/dev/null && wait "$registry" 2>/dev/null || true; fi
    [ $status -eq 0 ] || tail -20 "$work/registry.log" 2>/dev/null || true
    rm -rf "$work"
    exit $status
}
trap finish EXIT

# Two builds, one digest.
digest=$(tools/oci.py "$WASM" "$work/first" | tail -1)
[ "$(tools/oci.py "$WASM" "$work/second" | tail -1)" = "$digest" ] && diff -r "$work/first" "$work/second" ||
    { say "two builds of the image differ"; exit 1; }
diff -r "$work/first" dist/oci || { say "dist/oci is not the image of $WASM: run 'make oci'"; exit 1; }

cat >"$work/registry.yaml" <<END
version: 0.1
log: { level: info }
storage: { filesystem: { rootdirectory: $work/storage } }
http: { addr: "127.0.0.1:0" }
END
"$TOOLS/bin/docker-registry" serve "$work/registry.yaml" >"$work/registry.log" 2>&1 &
registry=$!
address=
for _ in $(seq 200); do
    address=$(grep -o 'listening on 127.0.0.1:[0-9]*' "$work/registry.log" | grep -o '127.*' || true)
    [ -n "$address" ] && break
    kill -0 $registry 2>/dev/null || { say "the registry ended"; exit 1; }
    sleep 0.05
done
[ -n "$address" ] || { say "the registry did not start within 10 s"; exit 1; }

skopeo() { "$TOOLS/bin/skopeo" --insecure-policy --tmpdir "$work" "$@"; }
image=docker://$address/envoy-cognito-jwt
skopeo copy --quiet --preserve-digests --dest-tls-verify=false oci:dist/oci "$image:test"
found=$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "$image:test")
[ "$found" = "$digest" ] || { say "the registry has $found, not $digest"; exit 1; }
skopeo copy --quiet --preserve-digests --src-tls-verify=false "$image@$digest" "dir:$work/pulled"
layer=$(python3 -c 'import json, sys; (layer,) = json.load(open(sys.argv[1]))["layers"]; print(layer["digest"].split(":")[1])' "$work/pulled/manifest.json")
tar -xzf "$work/pulled/$layer" -C "$work"
cmp "$work/plugin.wasm" "$WASM"
say "pushed and pulled back: manifest $digest, plugin.wasm sha256 $(sha256sum <"$work/plugin.wasm" | cut -d' ' -f1)"
