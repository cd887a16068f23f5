//! The edge of the native module's ABI, with Envoy's side played by a fake: headers of all lengths, callbacks that fail, calls that end in
//! all ways, streams that end at each moment. The fake frees what its getters returned at the next setter, so that the address
//! sanitizer sees each byte that is read too late.
#![no_main]

use envoy_cognito_jwt_dynamic_module::fake_envoy::scenario;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| scenario::run(bytes));
