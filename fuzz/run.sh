#!/bin/sh
# Fuzzes each target for so many seconds: fuzz/run.sh [SECONDS [TARGET…]], with the cargo-fuzz that CARGO_FUZZ names.
# FUZZ_FLAGS replaces the options of the build, FUZZ_LIMITS those of libFuzzer (see abi.sh).
# What is found lands in fuzz/artifacts and ends the run; what led to new code is kept in fuzz/corpus, which is not committed.
#
# Any stable toolchain does. No sanitizer: what is fuzzed has no unsafe code (all of it is in hosts/proxy-wasm/src, for wasm32 only), so
# panics, overflow, endless loops and broken promises are all there is to find, and it runs several times faster.
set -eu
cd "$(dirname "$0")/.."
cargo_fuzz=${CARGO_FUZZ:-cargo-fuzz}
flags=${FUZZ_FLAGS:---sanitizer none}
# Longer than the longest token, of 16 KiB.
limits=${FUZZ_LIMITS:--max_len=20000 -timeout=10}
seconds=${1:-10}
[ $# -gt 0 ] && shift
# `abi` is left to abi.sh, which needs a sanitizer and a C compiler.
[ $# -gt 0 ] || set -- $("$cargo_fuzz" fuzz list | grep -vx abi)

# The flags of the coverage need a target folder of their own.
unset CARGO_TARGET_DIR
# A single target is built when it is run. `$flags` and `$limits` are several words each.
[ $# -eq 1 ] || "$cargo_fuzz" fuzz build $flags
for target in "$@"; do
    mkdir -p "fuzz/corpus/$target"
    log=$(mktemp)
    if ! "$cargo_fuzz" fuzz run $flags "$target" "fuzz/corpus/$target" "fuzz/seeds/$target" -- \
        -max_total_time="$seconds" $limits -print_final_stats=1 >"$log" 2>&1; then
        grep -A 400 "panicked\|ERROR" "$log" >&2 || cat "$log" >&2
        echo "fuzz: $target found something: see fuzz/artifacts/$target" >&2
        exit 1
    fi
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    echo "fuzz: $target ran clean for ${seconds} s, $runs inputs"
    rm -f "$log"
done
