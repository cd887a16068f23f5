//! A claim's value as the value of a header.

use crate::token::claims::ClaimView;
use crate::token::json;
use alloc::string::String;

/// A value over this many bytes, counted as it is sent, is left out: 4 KiB, half of what many servers take for all
/// headers of a request together.
pub const MAX_VALUE_BYTES: usize = 4 * 1024;

/// The header value of a JSON value, given as its text; nothing for what sends no header: `null`, an empty string, an
/// empty list. Visible ASCII and spaces only, so nobody can write a second header line into it.
///
/// A string is sent as it is but for what [`encode_text`] escapes. A list is its elements with commas between them; a
/// comma of an element is escaped. Numbers and booleans, and lists and objects inside a list or as such, are compact
/// JSON in the order and spelling of the text.
pub fn encode_value(raw: &str) -> Option<String> {
    let room = raw.len().saturating_sub(2);
    let mut encoded = String::with_capacity(room);
    match raw.as_bytes().first()? {
        b'n' => return None,
        b'[' => push_list(raw, &mut encoded)?,
        _ => push_value(raw, Comma::Plain, &mut encoded),
    }
    (!encoded.is_empty()).then_some(encoded)
}

/// A text as the value of a header: `%`, all bytes (of UTF-8) but visible ASCII and space, and the spaces at its edges
/// are percent-encoded.
pub fn encode_text(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    push_text(text, Comma::Plain, &mut encoded);
    encoded
}

/// What a comma in a text means: in an element of a list it must not look like the end of the element.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Comma {
    Plain,
    Escaped,
}

fn push_list(raw: &str, encoded: &mut String) -> Option<()> {
    let elements = json::elements(raw)?;
    for (index, element) in elements.iter().enumerate() {
        if index > 0 {
            encoded.push(',');
        }
        push_value(element, Comma::Escaped, encoded);
    }
    Some(())
}

fn push_value(raw: &str, comma: Comma, encoded: &mut String) {
    if !raw.starts_with('"') {
        return push_text(&compact(raw), comma, encoded);
    }
    if let ClaimView::Text(text) = ClaimView::of(raw) {
        push_text(&text, comma, encoded);
    }
}

fn push_text(text: &str, comma: Comma, encoded: &mut String) {
    let from_first = text.trim_start_matches(' ');
    let inner = from_first.trim_end_matches(' ');
    let leading = text.len().saturating_sub(from_first.len());
    let trailing = from_first.len().saturating_sub(inner.len());

    let must_escape = |byte: u8| match byte {
        b',' => comma == Comma::Escaped,
        b'%' | 0..=0x1F | 0x7F..=0xFF => true,
        _ => false,
    };
    encoded.extend(core::iter::repeat_n("%20", leading));
    if inner.bytes().any(must_escape) {
        for byte in inner.bytes() {
            if must_escape(byte) {
                push_escape(encoded, byte);
            } else {
                encoded.push(char::from(byte));
            }
        }
    } else {
        encoded.push_str(inner);
    }
    encoded.extend(core::iter::repeat_n("%20", trailing));
}

fn push_escape(escaped: &mut String, byte: u8) {
    let digit = |number: u8| {
        char::from_digit(u32::from(number), 16)
            .unwrap_or('0')
            .to_ascii_uppercase()
    };
    escaped.extend(['%', digit(byte >> 4), digit(byte & 0xF)]);
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
            ("\"alice\"", Some("alice")),
            ("\"a b, c;=\\\"\\\\~!\"", Some("a b, c;=\"\\~!")),
            ("\"100%\"", Some("100%25")),
            ("\"é€\"", Some("%C3%A9%E2%82%AC")),
            ("\"\\u00e9\\/\"", Some("%C3%A9/")),
            ("\"\\ud83d\\ude00\"", Some("%F0%9F%98%80")),
            ("\"a\\r\\nx: y\\t\\u0000\\u007f\"", Some("a%0D%0Ax: y%09%00%7F")),
            ("\"  a  b \"", Some("%20%20a  b%20")),
            ("\"   \"", Some("%20%20%20")),
            ("\"\"", None),
            ("null", None),
            ("true", Some("true")),
            ("false", Some("false")),
            ("0", Some("0")),
            ("-1.50E+3", Some("-1.50E+3")),
            ("12345678901234567890", Some("12345678901234567890")),
            ("[]", None),
            ("[ ]", None),
            ("[\"\"]", None),
            ("[\"a\", \"b c\"]", Some("a,b c")),
            ("[\"a,b\",\" c \",\"%\",\"\",\"é\"]", Some("a%2Cb,%20c%20,%25,,%C3%A9")),
            ("[1, true, null, 2.0]", Some("1,true,null,2.0")),
            (
                "[[\"a\", \"b\"], {\"c\": [1, 2]}]",
                Some("[\"a\"%2C\"b\"],{\"c\":[1%2C2]}"),
            ),
            ("{}", Some("{}")),
            (
                "{ \"b\" : \"x, \\\" y\" ,\n\"a\":[1, 2.50 ],\"\\\\\":\"é%\" }",
                Some("{\"b\":\"x, \\\" y\",\"a\":[1,2.50],\"\\\\\":\"%C3%A9%25\"}"),
            ),
        ] {
            assert_eq!(encode_value(raw).as_deref(), expected, "{raw}");
        }
    }

    proptest! {
        #[test]
        fn a_value_can_be_decoded_again_and_is_safe_in_a_header(text in any::<String>()) {
            let encoded = encode_text(&text);
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
