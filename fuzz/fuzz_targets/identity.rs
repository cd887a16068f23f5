//! No claim can break out of its header, and a text comes back from it as it was. No spelling of a header of ours is
//! taken for another's.
#![no_main]

use cognito_jwt::identity::encode::{encode_text, encode_value};
use cognito_jwt::identity::reserved::ReservedHeaders;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let mut encoded = String::new();
    encode_text(text, &mut encoded);
    assert!(is_header_value(&encoded));
    assert_eq!(decoded(&encoded), text.as_bytes());

    if let Ok(value) = serde_json::from_str::<serde_json::Value>(text) {
        let mut encoded = String::new();
        encode_value(text.trim(), &mut encoded);
        assert!(is_header_value(&encoded), "{value}");
    }

    // Whatever the name, all its foldings are ours or none is: none of a pseudo-header, which are never removed.
    let list = ReservedHeaders::new(["x-user-id", text]);
    let foldings = [
        text.to_owned(),
        text.to_ascii_uppercase(),
        text.to_ascii_lowercase(),
        text.replace('-', "_"),
        text.replace('_', "-"),
    ];
    let is_pseudo_header = text.starts_with(':');
    assert!(
        foldings
            .iter()
            .all(|name| list.is_reserved(name.as_bytes()) != is_pseudo_header)
    );
    let other = ReservedHeaders::new(["x-user-id"]);
    assert!(
        foldings
            .iter()
            .all(|name| other.is_reserved(name.as_bytes()) == other.is_reserved(text.as_bytes()))
    );
    assert!(other.is_reserved(format!("X_cognito-{text}").as_bytes()));
});

fn is_header_value(value: &str) -> bool {
    value.bytes().all(|byte| (b' '..=b'~').contains(&byte)) && value.trim() == value
}

fn decoded(value: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = value.as_bytes();
    while let [first, behind @ ..] = rest {
        rest = behind;
        if *first == b'%' {
            let (digits, behind) = rest.split_at(2);
            let digits = std::str::from_utf8(digits).expect("ASCII");
            bytes.push(u8::from_str_radix(digits, 16).expect("two hexadecimal digits"));
            rest = behind;
        } else {
            bytes.push(*first);
        }
    }
    bytes
}
