#!/bin/bash
# Hold the dependencies against deny.toml: licences, sources and duplicates always; advisories too where their database
# (github.com/rustsec/advisory-db) can be reached or was fetched before. Without it that is said, and ADVISORIES=required
# makes it an error.
set -euo pipefail
cd "$(dirname "$0")/.."
deny=$1

# Without --workspace only the core would be looked at, and neither host.
"$deny" --workspace --locked check --hide-inclusion-graph licenses bans sources
# These never ship, so only where they come from matters.
for crate in fuzz tests/envoy/poison bench/noop bench/floor; do
    "$deny" --locked --manifest-path $crate/Cargo.toml --config deny.toml check --hide-inclusion-graph sources
done

databases=${CARGO_HOME:-$HOME/.cargo}/advisory-dbs
if timeout 120 "$deny" --locked fetch db >/dev/null 2>&1; then
    "$deny" --workspace --locked check --hide-inclusion-graph advisories
elif compgen -G "$databases/*/crates" >/dev/null; then
    echo "deny: the advisory database cannot be reached; asking the copy that was fetched before"
    "$deny" --workspace --locked --offline check --hide-inclusion-graph advisories
elif [ "${ADVISORIES:-optional}" = required ]; then
    echo "deny: the advisory database (github.com/rustsec/advisory-db) cannot be reached" >&2
    exit 1
else
    echo "deny: ADVISORIES NOT CHECKED: their database cannot be reached from here (ADVISORIES=required makes this an error)"
fi
