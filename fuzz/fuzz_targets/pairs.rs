//! The host's list of headers is read whole or not at all; what was written is read back.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../hosts/proxy-wasm/src/pairs.rs"]
mod pairs;
#[path = "../../hosts/proxy-wasm/src/route_metadata.rs"]
mod route_metadata;

fuzz_target!(|bytes: &[u8]| {
    if let Some(decoded) = pairs::decode(bytes) {
        let again = pairs::encode(decoded.iter().copied());
        assert_eq!(pairs::decode(&again).as_ref(), Some(&decoded));
        // The bytes that end names and values are not looked at, so only the rest comes back as it was.
        assert!(bytes.is_empty() || again.len() == bytes.len());
    }
    let _ = route_metadata::read(bytes);
});
