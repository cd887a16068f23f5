//! Normalizing twice is once, and what comes out has one meaning.
#![no_main]

use cognito_jwt::rules::path::{decode_segment, normalize};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|raw: &[u8]| {
    let Ok(once) = normalize(raw) else {
        return;
    };
    let text = once.as_str();
    assert_eq!(normalize(text.as_bytes()).as_ref(), Ok(&once));
    assert!(text.starts_with('/') && (text == "/" || !text.ends_with('/')));
    assert!(
        text.bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"?#;\\".contains(&byte))
    );
    for segment in once.segments() {
        assert!(!matches!(segment, "" | "." | ".."));
        let decoded = decode_segment(segment).expect("a segment of a normalized path decodes");
        assert!(!decoded.contains(|c: char| c.is_control() || "/\\;".contains(c)));
    }
    // What follows the path is none of its business.
    let path: Vec<u8> = raw
        .split(|byte| b"?#".contains(byte))
        .next()
        .unwrap_or_default()
        .to_vec();
    for tail in [&b"?a=/../b"[..], b"#\x00"] {
        assert_eq!(normalize(&[&path, tail].concat()).as_ref(), Ok(&once));
    }
});
