#!/bin/bash
# Build the native library (CARGO_TARGET_DIR, RUSTFLAGS: as for cargo; further arguments are cargo's) and print where it is.
#
# The functions that run when Envoy starts, and those that every request runs, are put next to each other, in the order of
# hosts/dynamic-module/layout.txt: fewer pages of the library are resident, and the processor finds more of them in its caches. Only
# lld can do that, which Rust brings along for x86-64; another linker's library is left as it is. lld wants the functions by the names
# of their symbols, which contain hashes, so the library is compiled again whenever these have changed. With arguments, as for tests,
# there is no layout.
set -euo pipefail
cd "$(dirname "$0")/.."
list=hosts/dynamic-module/layout.txt
target=${CARGO_TARGET_DIR:-target}
library=$target/native/libenvoy_cognito_jwt_dynamic_module.so
# Another toolchain may bring another linker.
layout=$target/native-$(rustc -vV | cksum | cut -d ' ' -f 1).layout

build() {
    # `--crate-type`, since Cargo optimizes across crates only where a shared library is all that is built.
    NATIVE_LAYOUT=$1 ${CARGO:-cargo} rustc --locked --profile native --crate-type cdylib -p envoy-cognito-jwt-dynamic-module "${@:2}" >&2
}

# The symbols of the functions in the list, in its order. Their names come from two runs of nm, since one prints only one kind.
symbols() {
    local place='s/^[0-9a-f]* [[:alpha:]] //' version='s/::h[0-9a-f]\{16\}$//; s/^aws_lc_[0-9]*_[0-9]*_[0-9]*_//'
    paste <(nm -p --defined-only "$library" | sed "$place") <(nm -p -C --defined-only "$library" | sed "$place; $version") |
        awk -F '\t' 'NR == FNR { if (!/^#/) place[$0] = NR; next } $2 in place { print place[$2] "\t" $1 }' "$list" - |
        LC_ALL=C sort -n | cut -f 2
}

mkdir -p "$target"
layout=$(realpath "$layout")
if [ $# -gt 0 ]; then
    build "" "$@"
    echo "$library"
    exit
fi
build "$([ ! -s "$layout" ] || echo "$layout")"
type -P nm readelf >/dev/null || { echo "native.sh: nm and readelf are needed (package binutils)" >&2; exit 1; }
if readelf -p .comment "$library" | grep 'Linker: LLD' >/dev/null; then
    symbols >"$layout.new"
    if ! cmp -s "$layout.new" "$layout"; then
        mv "$layout.new" "$layout"
        build "$layout"
    fi
    echo "layout: $(wc -l <"$layout") functions, from $(grep -vc '^#' "$list") names in $list" >&2
fi
echo "$library"
