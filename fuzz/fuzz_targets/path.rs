//! Normalizing twice is once, what comes out has one meaning, and a path with another case or with escapes has the same one.
#![no_main]

use cognito_jwt::rules::closeness::Closeness;
use cognito_jwt::rules::path::{decode_segment, normalize};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|raw: &[u8]| {
    let Ok(once) = normalize(raw) else {
        return;
    };
    let text = once.as_str();
    let twice = normalize(text.as_bytes()).expect("a normalized path is normal");
    assert_eq!((twice.as_str(), twice.closeness()), (text, Closeness::Exact));
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
    // Merged slashes are recorded, and nothing else is.
    let has_repeated_slashes = path.windows(2).any(|pair| pair == b"//");
    assert_eq!(once.closeness() == Closeness::Exact, !has_repeated_slashes);
    for tail in [&b"?a=/../b"[..], b"#\x00"] {
        assert_eq!(normalize(&[&path, tail].concat()).as_ref(), Ok(&once));
    }
    // Every escape of a visible character but for those of `%/\;?#` is that character.
    let escaped: String = text
        .split_inclusive('/')
        .map(|part| match part.strip_suffix('/') {
            Some(segment) => escape(segment) + "/",
            None => escape(part),
        })
        .collect();
    assert_eq!(normalize(escaped.as_bytes()).map(|path| path.as_str().to_owned()).as_deref(), Ok(text));
});

fn escape(segment: &str) -> String {
    let mut out = String::new();
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            out.push('%');
            out.extend(rest.by_ref().take(2).map(char::from));
        } else {
            out.push_str(&format!("%{byte:02x}"));
        }
    }
    out
}
