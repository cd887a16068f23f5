#!/bin/sh
# Fuzzes each target for so many seconds: fuzz/run.sh [SECONDS [TARGET…]]. Needs a nightly toolchain and cargo-fuzz
# (`cargo install cargo-fuzz --locked`). What is found lands in fuzz/artifacts and ends the run.
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-10}
[ $# -gt 0 ] && shift
[ $# -gt 0 ] || set -- $(cargo +nightly fuzz list)

# The sanitizer's flags need a target folder of their own.
unset CARGO_TARGET_DIR
cargo +nightly fuzz build
for target in "$@"; do
    mkdir -p "fuzz/corpus/$target"
    log=$(mktemp)
    # Longer than the longest token, of 16 KiB.
    if ! cargo +nightly fuzz run "$target" "fuzz/corpus/$target" "fuzz/seeds/$target" -- \
        -max_total_time="$seconds" -max_len=20000 -timeout=10 -print_final_stats=1 >"$log" 2>&1; then
        grep -A 400 "panicked\|ERROR" "$log" >&2 || cat "$log" >&2
        echo "fuzz: $target found something: see fuzz/artifacts/$target" >&2
        exit 1
    fi
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    echo "fuzz: $target ran clean for ${seconds} s, $runs inputs"
    rm -f "$log"
done
