#!/bin/sh
# Fuzzes the edge of the native module's ABI for so many seconds with the address sanitizer: fuzz/abi.sh [SECONDS], with the cargo-fuzz
# that CARGO_FUZZ names. The sanitizer is not stable in Rust, so the stable toolchain is made to allow it.
set -eu
export RUSTC_BOOTSTRAP=1 FUZZ_FLAGS="--sanitizer address --target-dir fuzz/target/address --features abi"
# Each byte can be a step of Envoy's, and the sanitizer is slow.
export FUZZ_LIMITS="-max_len=4000 -timeout=20"
exec "$(dirname "$0")/run.sh" "${1:-60}" abi
