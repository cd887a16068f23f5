//! The host's list of headers is read whole or not at all; what was written is read back.
#![no_main]

use envoy_cognito_jwt::shell::{pairs, route_metadata};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Some(decoded) = pairs::decode(bytes) {
        let again = pairs::encode(decoded.iter().copied());
        assert_eq!(pairs::decode(&again).as_ref(), Some(&decoded));
        // The bytes that end names and values are not looked at, so only the rest comes back as it was.
        assert!(bytes.is_empty() || again.len() == bytes.len());
    }
    let _ = route_metadata::read(bytes);
});
