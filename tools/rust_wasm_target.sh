#!/bin/bash
# Give the Rust toolchain a target for WebAssembly, by the first of these that works:
#
#   tools/rust_wasm_target.sh [wasm32-wasip1 | wasm32-unknown-unknown]
#
#   1. it is there: nothing to do;
#   2. `rustup target add`, given up after a minute;
#   3. the same standard library, built here from the source of exactly this rustc: Debian's package rust-src, and
#      for wasm32-wasip1, Debian's wasi-libc for its start-up objects and C library. apt reads Debian's lists into a folder of this script's own
#      (its signatures and hashes are checked as always); the machine's own lists and packages are not touched.
#
# 2 and 3 change the toolchain itself, `$(rustc --print sysroot)/lib/rustlib`, as `rustup` would: the target is added
# and, by 3, src/ (rustup's component rust-src). After that plain `cargo build --target TARGET` works.
# Safe to run again and at once: it holds a lock in the sysroot, and the target appears there by one rename.
#
# TOOLS: folder for what is downloaded and built on the way (removed at the end).
set -euo pipefail

target=${1:-wasm32-wasip1}
suites="trixie-backports bookworm trixie bookworm-backports forky sid"
libc_suite=bookworm
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
keyring=${DEBIAN_KEYRING:-/usr/share/keyrings/debian-archive-keyring.gpg}

say() { echo "tools: $*"; }
die() { say "$*" >&2; exit 1; }

# Ask from / so that no toolchain file of a project has a say but the user's own choice in the environment.
sysroot=$(rustc --print sysroot)
rustlib=$sysroot/lib/rustlib
release=$(rustc -vV | sed -n 's/^release: //p')

has_std() { compgen -G "$rustlib/$target/lib/libstd-*.rlib" >/dev/null; }

has_std && exit 0

[ -w "$rustlib" ] || die "$rustlib is not writable and lacks $target: have its owner run 'rustup target add $target'"
if command -v flock >/dev/null; then
    exec 9>"$rustlib/.$target.lock"
    flock 9
fi
has_std && exit 0

if command -v rustup >/dev/null; then
    # rustup keeps retrying without a network; its failure is expected there and the next way is taken.
    if command -v timeout >/dev/null; then limit="timeout 60"; else limit=; fi
    if $limit rustup target add "$target" 2>&1 && has_std; then
        say "added by rustup"
        exit 0
    fi
fi

for program in apt-get apt-cache dpkg-deb; do
    command -v $program >/dev/null || die "rustup could not add $target, and without $program it cannot be built here"
done
[ -r "$keyring" ] || die "rustup could not add $target, and Debian's keyring $keyring is missing"
say "rustup could not add $target: building it from Debian's source of Rust $release, into $rustlib"

mkdir -p "${TOOLS:-.tools}"
work=$(mktemp -d "$(cd "${TOOLS:-.tools}" && pwd)/rust-target.XXXXXX")
# Drafts stand beside their final place, so that a rename there is one step.
draft=$rustlib/.draft-$target.$$
trap 'rm -rf "$work" "$draft"' EXIT
mkdir -p "$work"/{lists/partial,cache/archives/partial,packages,root} "$draft"

apt_options() { # SUITE
    echo "deb [signed-by=$keyring] $mirror $1 main" >"$work/sources.list"
    apt=(-q "-oDir::Etc::SourceList=$work/sources.list" -oDir::Etc::SourceParts=/dev/null "-oDir::State::Lists=$work/lists"
        "-oDir::Cache=$work/cache" -oDir::Etc::Preferences=/dev/null -oDir::Etc::PreferencesParts=/dev/null
        -oAPT::Sandbox::User= -oAcquire::Languages=none -oAcquire::Retries=3
        -oAcquire::IndexTargets::deb::DEP-11::DefaultEnabled=false)
    apt-get "${apt[@]}" update
}

download() { # PACKAGE=VERSION
    (cd "$work/packages" && apt-get "${apt[@]}" download "$1")
    dpkg-deb -x "$work/packages/${1%%=*}"_*.deb "$work/root"
}

source_version=
for suite in $suites; do
    apt_options "$suite" || continue
    source_version=$(apt-cache "${apt[@]}" madison rust-src | awk -v r="$release" 'index($3, r "+") == 1 || index($3, r "-") == 1 { print $3; exit }')
    if [ -n "$source_version" ]; then
        say "rust-src $source_version from $suite"
        download "rust-src=$source_version"
        break
    fi
done
[ -n "$source_version" ] || die "Debian ($suites) has no rust-src of Rust $release: use a toolchain that it has, or rustup with a network"

if [ "$target" = wasm32-wasip1 ]; then
    apt_options "$libc_suite"
    download wasi-libc
fi

source_tree=$(echo "$work"/root/usr/src/rustc-*/library)
[ -f "$source_tree/std/Cargo.toml" ] || die "the package rust-src holds no library/std"
if [ ! -f "$rustlib/src/rust/library/std/Cargo.toml" ]; then
    mkdir -p "$draft/src" "$rustlib/src/rust"
    cp -R "$source_tree" "$draft/src/library"
    mv "$draft/src/library" "$rustlib/src/rust/library"
fi

# The build of std looks for the C library at its final place, so that stands before the rest; what makes the target
# complete in others' eyes is libstd, which comes last.
libc=$work/root/usr/lib/wasm32-wasi
mkdir -p "$draft/lib/self-contained"
if [ "$target" = wasm32-wasip1 ]; then
    cp "$libc/crt1-command.o" "$libc/crt1-reactor.o" "$libc/libc.a" "$draft/lib/self-contained/"
fi
rm -rf "${rustlib:?}/$target"
cp -R "$draft" "$rustlib/$target.$$"
rm -rf "$rustlib/$target.$$/src"
mv "$rustlib/$target.$$" "$rustlib/$target"

say "building the standard library"
mkdir -p "$work/crate/src"
cat >"$work/crate/Cargo.toml" <<'TOML'
[package]
name = "std_for_wasm"
version = "0.0.0"
edition = "2021"
[profile.release]
panic = "unwind"
[workspace]
TOML
echo '#![allow(unused)]' >"$work/crate/src/lib.rs"
# RUSTC_BOOTSTRAP lets a stable compiler build the standard library it belongs to; embed-bitcode makes LTO with it work.
(cd "$work/crate" && env -u CARGO_BUILD_TARGET -u CARGO_ENCODED_RUSTFLAGS CARGO_TARGET_DIR="$work/target" RUSTC_BOOTSTRAP=1 \
    RUSTFLAGS="-Cembed-bitcode=yes --remap-path-prefix=$rustlib/src/rust=/rust --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo" \
    cargo build --release -Zbuild-std=std,panic_abort,panic_unwind,proc_macro --target $target)

mkdir -p "$draft/rlibs"
cp "$work/target/$target"/release/deps/*.rlib "$draft/rlibs/"
rm -f "$draft"/rlibs/libstd_for_wasm-*.rlib
for rlib in "$draft"/rlibs/*.rlib; do
    case $rlib in */libstd-*) ;; *) mv "$rlib" "$rustlib/$target/lib/" ;; esac
done
mv "$draft"/rlibs/libstd-*.rlib "$rustlib/$target/lib/"
has_std || die "the standard library was built but did not arrive in $rustlib/$target"
say "$target is ready in $rustlib"
