#!/bin/bash
# Put the load generator wrk into TOOLS/bin: the one on PATH if there is one, else Debian's package of the version below with
# the library that it needs. apt reads Debian's list into a folder of this script's own (signatures and hashes are checked as
# always); the machine's own lists and packages are not touched. Safe to run again and at once.
set -euo pipefail

suite=bookworm
version=4.1.0-3+b2
packages=("wrk=$version" libluajit2-5.1-2)
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
keyring=${DEBIAN_KEYRING:-/usr/share/keyrings/debian-archive-keyring.gpg}

say() { echo "tools: $*"; }
die() { say "$*" >&2; exit 1; }

mkdir -p "${TOOLS:=.tools}/bin" "$TOOLS/stamps"
tools=$(cd "$TOOLS" && pwd)
exec 9>"$tools/stamps/wrk.lock"
flock 9
works() { [ -x "$tools/bin/wrk" ] && [ "$("$tools/bin/wrk" -v 2>&1 | grep -c '^wrk ')" = 1 ]; }
works && exit 0

if found=$(command -v wrk); then
    ln -sfn "$found" "$tools/bin/wrk"
    works && exit 0
fi

for program in apt-get dpkg-deb; do
    command -v $program >/dev/null || die "wrk is not on PATH, and without $program it cannot be fetched: install wrk"
done
[ -r "$keyring" ] || die "wrk is not on PATH, and Debian's keyring $keyring is missing: install wrk"
say "wrk $version, from Debian"
work=$(mktemp -d "$tools/wrk.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{lists/partial,cache/archives/partial,root}
echo "deb [signed-by=$keyring] $mirror $suite main" >"$work/sources.list"
apt=(-q "-oDir::Etc::SourceList=$work/sources.list" -oDir::Etc::SourceParts=/dev/null "-oDir::State::Lists=$work/lists"
    "-oDir::Cache=$work/cache" -oDir::Etc::Preferences=/dev/null -oDir::Etc::PreferencesParts=/dev/null
    -oAPT::Sandbox::User= -oAcquire::Languages=none -oAcquire::Retries=3
    -oAcquire::IndexTargets::deb::DEP-11::DefaultEnabled=false)
{
    apt-get "${apt[@]}" update
    (cd "$work" && apt-get "${apt[@]}" download "${packages[@]}")
} >"$work/log" 2>&1 || { cat "$work/log" >&2; die "Debian's packages could not be fetched"; }
for package in "$work"/*.deb; do dpkg-deb -x "$package" "$work/root"; done

rm -rf "$tools/wrk"
mv "$work/root" "$tools/wrk"
printf '#!/bin/sh\nLD_LIBRARY_PATH="%s" exec "%s" "$@"\n' \
    "$(dirname "$(find "$tools/wrk" -name 'libluajit*.so.2' | head -1)")" "$tools/wrk/usr/bin/wrk" >"$tools/bin/wrk.draft"
chmod 755 "$tools/bin/wrk.draft"
mv "$tools/bin/wrk.draft" "$tools/bin/wrk"
works || die "the fetched wrk does not run here"
