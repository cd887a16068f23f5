//! A configuration is refused with a reason or accepted within its bounds, and means the same as JSON and as a Struct.
#![no_main]

use cognito_jwt::config::Config;
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};

fuzz_target!(|bytes: &[u8]| {
    match Config::parse(bytes) {
        Err(errors) => assert!(!errors.to_string().is_empty()),
        Ok(config) => {
            assert!((1..=cognito_jwt::config::MAX_POOLS).contains(&config.pools.len()));
            assert!(!config.token_sources.is_empty());
            assert!(config.token_cache.max_entries <= 100_000);
            assert!(config.pools.iter().all(|pool| !pool.issuers.is_empty()));
            if let Ok(Value::Object(members)) = serde_json::from_slice(bytes) {
                let as_struct = Config::parse(&message(&members)).expect("the same as a Struct");
                assert_eq!(format!("{config:?}"), format!("{as_struct:?}"));
            }
        }
    }
});

/// `google.protobuf.Struct`: a map from names to values is a list of entries, each with fields 1 and 2.
fn message(members: &Map<String, Value>) -> Vec<u8> {
    members
        .iter()
        .flat_map(|(name, value)| {
            let mut entry = delimited(1, name.as_bytes());
            entry.extend(delimited(2, &self::value(value)));
            delimited(1, &entry)
        })
        .collect()
}

/// `google.protobuf.Value`.
fn value(value: &Value) -> Vec<u8> {
    match value {
        Value::Null => vec![1 << 3, 0],
        Value::Number(number) => {
            let mut field = vec![2 << 3 | 1];
            field.extend(number.as_f64().unwrap_or_default().to_le_bytes());
            field
        }
        Value::String(text) => delimited(3, text.as_bytes()),
        Value::Bool(truth) => vec![4 << 3, u8::from(*truth)],
        Value::Object(members) => delimited(5, &message(members)),
        Value::Array(elements) => {
            let elements: Vec<u8> = elements
                .iter()
                .flat_map(|element| delimited(1, &self::value(element)))
                .collect();
            delimited(6, &elements)
        }
    }
}

fn delimited(field: u8, bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![field << 3 | 2];
    let mut length = bytes.len();
    while length >= 0x80 {
        out.push((length & 0x7F) as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
    out.extend(bytes);
    out
}
