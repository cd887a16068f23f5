//! A claim's value as the value of a header.

use crate::token::claims::ClaimView;
use crate::token::json;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use std::iter;

/// The default of `limits.header_value_bytes`: 4 KiB, half of what many servers accept for all headers of a request together.
pub const DEFAULT_MAX_VALUE_BYTES: usize = 4 * 1024;

/// Appends the header value of a JSON value, given as its text, to `encoded`; nothing for values without a header: `null`, an
/// empty string, an empty list. Visible ASCII and spaces only, so nobody can write a second header line into it.
///
/// A string is sent as it is but for what [`encode_text`] escapes. A list is its elements with commas between them; a
/// comma of an element is escaped. Numbers and booleans, and lists and objects inside a list or as such, are compact
/// JSON in the order and spelling of the text.
pub fn encode_value(raw: &str, encoded: &mut String) {
    match raw.as_bytes().first() {
        Some(b'n') | None => {}
        Some(b'[') => push_list(raw, encoded),
        Some(_) => push_value(raw, ESCAPED, encoded),
    }
}

/// Appends a text as the value of a header: `%`, all bytes (of UTF-8) but visible ASCII and space, and the spaces at its edges
/// are percent-encoded.
pub fn encode_text(text: &str, encoded: &mut String) {
    push_text(text, ESCAPED, encoded);
}

/// What is escaped in every value. Bytes outside ASCII are escaped without being named.
const ESCAPED: &AsciiSet = &CONTROLS.add(b'%');

/// What is escaped in an element of a list: a comma must not look like the end of the element.
const ESCAPED_IN_ELEMENT: &AsciiSet = &ESCAPED.add(b',');

fn push_list(raw: &str, encoded: &mut String) {
    let elements = json::elements(raw).unwrap_or_default();
    for (index, element) in elements.iter().enumerate() {
        if index > 0 {
            encoded.push(',');
        }
        push_value(element, ESCAPED_IN_ELEMENT, encoded);
    }
}

fn push_value(raw: &str, escaped: &'static AsciiSet, encoded: &mut String) {
    if !raw.starts_with('"') {
        return push_text(&compact(raw), escaped, encoded);
    }
    if let ClaimView::Text(text) = ClaimView::of(raw) {
        push_text(&text, escaped, encoded);
    }
}

/// Spaces at the edges of a header's value would be lost on the way (RFC 9110, section 5.5).
fn push_text(text: &str, escaped: &'static AsciiSet, encoded: &mut String) {
    let from_first = text.trim_start_matches(' ');
    let inner = from_first.trim_end_matches(' ');
    let leading = text.len().saturating_sub(from_first.len());
    let trailing = from_first.len().saturating_sub(inner.len());
    encoded.extend(iter::repeat_n("%20", leading));
    encoded.extend(utf8_percent_encode(inner, escaped));
    encoded.extend(iter::repeat_n("%20", trailing));
}

/// Valid JSON without the white space between its tokens.
fn compact(raw: &str) -> String {
    let mut compact = String::with_capacity(raw.len());
    let mut place = Place::Outside;
    for char in raw.chars() {
        let white = matches!(char, ' ' | '\t' | '\n' | '\r');
        if !(white && place == Place::Outside) {
            compact.push(char);
        }
        place = match (place, char) {
            (Place::Outside, '"') | (Place::BehindBackslash, _) => Place::InString,
            (Place::InString, '\\') => Place::BehindBackslash,
            (Place::InString, '"') => Place::Outside,
            (same, _) => same,
        };
    }
    compact
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Outside,
    InString,
    BehindBackslash,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values() {
        for (raw, expected) in [
            ("\"alice\"", "alice"),
            ("\"a b, c;=\\\"\\\\~!\"", "a b, c;=\"\\~!"),
            ("\"100%\"", "100%25"),
            ("\"é€\"", "%C3%A9%E2%82%AC"),
            ("\"\\u00e9\\/\"", "%C3%A9/"),
            ("\"\\ud83d\\ude00\"", "%F0%9F%98%80"),
            ("\"a\\r\\nx: y\\t\\u0000\\u007f\"", "a%0D%0Ax: y%09%00%7F"),
            ("\"  a  b \"", "%20%20a  b%20"),
            ("\"   \"", "%20%20%20"),
            ("\"\"", ""),
            ("null", ""),
            ("true", "true"),
            ("false", "false"),
            ("0", "0"),
            ("-1.50E+3", "-1.50E+3"),
            ("12345678901234567890", "12345678901234567890"),
            ("[]", ""),
            ("[ ]", ""),
            ("[\"\"]", ""),
            ("[\"a\", \"b c\"]", "a,b c"),
            ("[\"a,b\",\" c \",\"%\",\"\",\"é\"]", "a%2Cb,%20c%20,%25,,%C3%A9"),
            ("[1, true, null, 2.0]", "1,true,null,2.0"),
            ("[[\"a\", \"b\"], {\"c\": [1, 2]}]", "[\"a\"%2C\"b\"],{\"c\":[1%2C2]}"),
            ("{}", "{}"),
            (
                "{ \"b\" : \"x, \\\" y\" ,\n\"a\":[1, 2.50 ],\"\\\\\":\"é%\" }",
                "{\"b\":\"x, \\\" y\",\"a\":[1,2.50],\"\\\\\":\"%C3%A9%25\"}",
            ),
        ] {
            let mut encoded = "before".to_owned();
            encode_value(raw, &mut encoded);
            assert_eq!(encoded.strip_prefix("before"), Some(expected), "{raw}");
        }
    }

    proptest! {
        #[test]
        fn a_value_can_be_decoded_again_and_is_safe_in_a_header(text in any::<String>()) {
            let mut encoded = String::new();
            encode_text(&text, &mut encoded);
            prop_assert!(encoded.bytes().all(|byte| matches!(byte, b' '..=b'~')));
            prop_assert_eq!(encoded.trim(), encoded.as_str());
            let mut decoded = Vec::new();
            let mut rest = encoded.as_str();
            while let Some(first) = rest.chars().next() {
                let length = if first == '%' { 3 } else { 1 };
                let (part, behind) = rest.split_at(length);
                decoded.push(if first == '%' { u8::from_str_radix(&part[1..], 16).unwrap() } else { part.as_bytes()[0] });
                rest = behind;
            }
            prop_assert_eq!(decoded, text.into_bytes());
        }
    }
}
