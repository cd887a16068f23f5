#!/bin/sh
# Fuzzes the edge of the native module's ABI for so many seconds with the address sanitizer: fuzz/abi.sh [SECONDS], with the cargo-fuzz
# that CARGO_FUZZ names. The sanitizer is not stable in Rust, so the stable toolchain is made to allow it.
set -eu
cd "$(dirname "$0")/.."
unset CARGO_TARGET_DIR
mkdir -p fuzz/corpus/abi
log=$(mktemp)
if ! RUSTC_BOOTSTRAP=1 "${CARGO_FUZZ:-cargo-fuzz}" fuzz run --sanitizer address --target-dir fuzz/target/address --features abi abi fuzz/corpus/abi -- \
    -max_total_time="${1:-60}" -max_len=4000 -timeout=20 -print_final_stats=1 >"$log" 2>&1; then
    grep -A 400 "panicked\|ERROR\|error" "$log" >&2 || cat "$log" >&2
    echo "fuzz: abi found something: see fuzz/artifacts/abi" >&2
    exit 1
fi
echo "fuzz: abi ran clean for ${1:-60} s, $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs"
rm -f "$log"
