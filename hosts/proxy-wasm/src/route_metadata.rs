//! A route's metadata as the host serializes it: a map is the encoding of its pairs, a list that of pairs of an element and
//! nothing, a string its bytes.

use crate::pairs;
use cognito_jwt::env::{MetadataValue, RouteMetadata};

/// Reads the property `filter_metadata.cognito`.
pub fn read(bytes: &[u8]) -> RouteMetadata {
    let Some(members) = pairs::decode(bytes) else {
        return RouteMetadata::Unreadable;
    };
    if members.is_empty() {
        return RouteMetadata::Absent;
    }
    let members = members
        .into_iter()
        .map(|(name, value)| (String::from_utf8_lossy(name).into_owned(), value_of(value)));
    RouteMetadata::Present(members.collect())
}

/// Returns the value of a member. The host's encoding does not distinguish types. A list's begins with a count, whose upper bytes are
/// zero: no text.
fn value_of(bytes: &[u8]) -> MetadataValue {
    if let Some(text) = text(bytes) {
        return MetadataValue::Text(text);
    }
    let elements = pairs::decode(bytes).filter(|_| !bytes.is_empty());
    let words = elements.and_then(|elements| {
        elements
            .into_iter()
            .map(|(element, rest)| text(element).filter(|_| rest.is_empty()))
            .collect()
    });
    words.map_or(MetadataValue::Other, MetadataValue::List)
}

/// Returns a non-empty string without control characters. Numbers and booleans are serialized as their bytes; those hold some.
fn text(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    (!text.is_empty() && !text.chars().any(char::is_control)).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(words: &[&[u8]]) -> Vec<u8> {
        pairs::encode(words.iter().map(|word| (*word, &b""[..])))
    }

    #[test]
    fn values_are_distinguished_as_far_as_possible() {
        let table: [(&str, Vec<u8>, MetadataValue); 9] = [
            ("text", b"optional".to_vec(), MetadataValue::Text("optional".into())),
            (
                "list",
                list(&[b"admins", b"editors"]),
                MetadataValue::List(vec!["admins".into(), "editors".into()]),
            ),
            ("empty list", list(&[]), MetadataValue::List(vec![])),
            ("nothing", vec![], MetadataValue::Other),
            ("true", vec![1], MetadataValue::Other),
            ("a number", 1.5_f64.to_le_bytes().to_vec(), MetadataValue::Other),
            (
                "a list with a number",
                list(&[b"admins", &1.0_f64.to_le_bytes()]),
                MetadataValue::Other,
            ),
            ("a list with an empty word", list(&[b""]), MetadataValue::Other),
            (
                "a map",
                pairs::encode([(&b"any"[..], &b"admins"[..])].into_iter()),
                MetadataValue::Other,
            ),
        ];
        for (name, bytes, expected) in table {
            assert_eq!(value_of(&bytes), expected, "{name}");
        }
    }

    #[test]
    fn every_member_is_read_known_or_not() {
        let none = MetadataValue::Text("none".into());
        let both = pairs::encode([(&b"auth"[..], &b"none"[..]), (b"own\xFFer", b"")].into_iter());
        assert_eq!(
            read(&both),
            RouteMetadata::Present(vec![
                ("auth".into(), none),
                ("own\u{fffd}er".into(), MetadataValue::Other)
            ])
        );
        assert_eq!(read(b""), RouteMetadata::Absent);
        assert_eq!(read(&pairs::encode([].into_iter())), RouteMetadata::Absent);
        assert_eq!(read(b"\xff"), RouteMetadata::Unreadable);
    }
}
