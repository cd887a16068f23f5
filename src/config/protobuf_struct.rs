//! Reads a serialized `google.protobuf.Struct` (`google/protobuf/struct.proto`): the form in which Envoy passes a
//! plugin configuration that is part of its own YAML or JSON.
//!
//! The messages are declared here instead of using those of `prost-types`, which silently keep the last of two equal keys, or of
//! two kinds of one value. No serializer writes two, so they are a sign of tampering or damage. Every field is `repeated` here,
//! which is the same on the wire, and two are refused.

use crate::json::Node;
use prost::{DecodeError, Message};
use std::fmt;

/// `message Struct { map<string, Value> fields = 1; }`
#[derive(Clone, PartialEq, Message)]
struct Struct {
    #[prost(message, repeated, tag = "1")]
    fields: Vec<Entry>,
}

/// An entry of a map is a message of its own. An absent key is the empty string.
#[derive(Clone, PartialEq, Message)]
struct Entry {
    #[prost(string, repeated, tag = "1")]
    key: Vec<String>,
    #[prost(message, repeated, tag = "2")]
    value: Vec<Value>,
}

/// `message Value { oneof kind { NullValue null_value = 1; double number_value = 2; string string_value = 3;
/// bool bool_value = 4; Struct struct_value = 5; ListValue list_value = 6; } }`
#[derive(Clone, PartialEq, Message)]
struct Value {
    #[prost(int32, repeated, packed = "false", tag = "1")]
    null: Vec<i32>,
    #[prost(double, repeated, packed = "false", tag = "2")]
    number: Vec<f64>,
    #[prost(string, repeated, tag = "3")]
    text: Vec<String>,
    #[prost(bool, repeated, packed = "false", tag = "4")]
    bool: Vec<bool>,
    #[prost(message, repeated, tag = "5")]
    object: Vec<Struct>,
    #[prost(message, repeated, tag = "6")]
    list: Vec<ListValue>,
}

/// `message ListValue { repeated Value values = 1; }`
#[derive(Clone, PartialEq, Message)]
struct ListValue {
    #[prost(message, repeated, tag = "1")]
    values: Vec<Value>,
}

/// Why bytes are not a `google.protobuf.Struct`.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::config) enum StructError {
    /// They are not the message, or it is nested deeper than `prost` allows: 100 messages, three for each object.
    Undecodable(DecodeError),
    /// A number that is not finite, which JSON does not have.
    NotFinite,
    /// A value without a kind, or with two.
    KindMissing,
}

impl fmt::Display for StructError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StructError::Undecodable(error) => error.fmt(f),
            StructError::NotFinite => f.write_str("a number is not finite"),
            StructError::KindMissing => f.write_str("a value has no kind, or two"),
        }
    }
}

/// Reads `bytes` as a serialized Struct. Always a [`Node::Object`]; repeated keys remain, and the reader refuses them.
/// Unknown fields are skipped, as protobuf requires.
///
/// # Errors
/// The bytes are not a Struct.
pub(in crate::config) fn decode(bytes: &[u8]) -> Result<Node, StructError> {
    object(Struct::decode(bytes).map_err(StructError::Undecodable)?)
}

fn object(message: Struct) -> Result<Node, StructError> {
    let members: Result<_, _> = message.fields.into_iter().map(member).collect();
    members.map(Node::Object)
}

fn member(entry: Entry) -> Result<(String, Node), StructError> {
    let key = match entry.key.len() {
        0 => String::new(),
        _ => only(entry.key)?,
    };
    Ok((key, node(only(entry.value)?)?))
}

fn node(value: Value) -> Result<Node, StructError> {
    let null = value.null.into_iter().map(|_| Ok(Node::Null));
    let number = value.number.into_iter().map(finite);
    let text = value.text.into_iter().map(|text| Ok(Node::Text(text)));
    let bool = value.bool.into_iter().map(|bool| Ok(Node::Bool(bool)));
    let object = value.object.into_iter().map(object);
    let list = value.list.into_iter().map(list);
    only(null.chain(number).chain(text).chain(bool).chain(object).chain(list))?
}

fn list(message: ListValue) -> Result<Node, StructError> {
    let items: Result<_, _> = message.values.into_iter().map(node).collect();
    items.map(Node::List)
}

fn finite(number: f64) -> Result<Node, StructError> {
    if number.is_finite() {
        Ok(Node::Number(number))
    } else {
        Err(StructError::NotFinite)
    }
}

/// Returns the only one of them.
fn only<T>(items: impl IntoIterator<Item = T>) -> Result<T, StructError> {
    let mut items = items.into_iter();
    match (items.next(), items.next()) {
        (Some(item), None) => Ok(item),
        _ => Err(StructError::KindMissing),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(value: f64) -> Node {
        Node::Number(value)
    }

    #[test]
    fn each_kind_of_value_and_each_fault() {
        let object = |members: Vec<(&str, Node)>| {
            Ok(Node::Object(
                members
                    .into_iter()
                    .map(|(name, node)| (name.to_string(), node))
                    .collect(),
            ))
        };
        let table: Vec<(&str, Vec<u8>, Result<Node, &str>)> = vec![
            ("empty", vec![], object(vec![])),
            ("null", entry(b"a", &[0x08, 0x00]), object(vec![("a", Node::Null)])),
            (
                "number",
                entry(b"a", b"\x11\0\0\0\0\0\0\x4e\x40"),
                object(vec![("a", number(60.0))]),
            ),
            (
                "string",
                entry(b"a", b"\x1a\x01x"),
                object(vec![("a", Node::Text("x".into()))]),
            ),
            (
                "bool",
                entry(b"a", &[0x20, 0x01]),
                object(vec![("a", Node::Bool(true))]),
            ),
            (
                "object",
                entry(b"a", &[0x2a, 0x00]),
                object(vec![("a", Node::Object(vec![]))]),
            ),
            (
                "list",
                entry(b"a", b"\x32\x04\x0a\x02\x20\x00"),
                object(vec![("a", Node::List(vec![Node::Bool(false)]))]),
            ),
            (
                "no key",
                vec![0x0a, 0x04, 0x12, 0x02, 0x20, 0x01],
                object(vec![("", Node::Bool(true))]),
            ),
            (
                "unknown fields are skipped",
                b"\x10\x01\x19abcdefgh\x22\x01x\x2dabcd".to_vec(),
                object(vec![]),
            ),
            (
                "key twice stays",
                [entry(b"a", &[0x20, 0]), entry(b"a", &[0x20, 0])].concat(),
                object(vec![("a", Node::Bool(false)), ("a", Node::Bool(false))]),
            ),
            (
                "no value",
                vec![0x0a, 0x03, 0x0a, 0x01, b'a'],
                Err("a value has no kind, or two"),
            ),
            ("no kind", entry(b"a", b""), Err("a value has no kind, or two")),
            (
                "two kinds",
                entry(b"a", &[0x08, 0, 0x20, 1]),
                Err("a value has no kind, or two"),
            ),
            (
                "one kind twice",
                entry(b"a", &[0x20, 0, 0x20, 1]),
                Err("a value has no kind, or two"),
            ),
            (
                "two values",
                field(0x0a, &[field(0x12, &[0x20, 0]), field(0x12, &[0x20, 0])].concat()),
                Err("a value has no kind, or two"),
            ),
            ("tag only", vec![0x0a], Err("invalid varint")),
            ("short", vec![0x0a, 0x05, 0x0a], Err("buffer underflow")),
            (
                "length of 2^64-1",
                b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01".to_vec(),
                Err("buffer underflow"),
            ),
            (
                "varint of 65 bits",
                b"\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02".to_vec(),
                Err("invalid varint"),
            ),
            (
                "varint of 11 bytes",
                [&b"\x10"[..], &[0x80; 11]].concat(),
                Err("invalid varint"),
            ),
            ("field 0", vec![0x02, 0x00], Err("invalid tag value: 0")),
            (
                "group",
                vec![0x0b],
                Err("invalid wire type: StartGroup (expected LengthDelimited)"),
            ),
            ("wire type 7", vec![0x0f], Err("invalid wire type value: 7")),
            (
                "fields as varint",
                vec![0x08, 0x01],
                Err("invalid wire type: Varint (expected LengthDelimited)"),
            ),
            (
                "number as varint",
                entry(b"a", &[0x10, 0x01]),
                Err("invalid wire type: Varint (expected SixtyFourBit)"),
            ),
            (
                "bool as bytes",
                entry(b"a", &[0x22, 0x00]),
                Err("a value has no kind, or two"),
            ),
            (
                "NaN",
                entry(b"a", b"\x11\0\0\0\0\0\0\xf8\x7f"),
                Err("a number is not finite"),
            ),
            (
                "key not UTF-8",
                entry(b"\xff", &[0x20, 1]),
                Err("data is not UTF-8 encoded"),
            ),
            (
                "value not UTF-8",
                entry(b"a", b"\x1a\x01\xff"),
                Err("data is not UTF-8 encoded"),
            ),
            ("too deep", nested(40), Err("recursion limit reached")),
        ];
        for (name, bytes, expected) in table {
            match (decode(&bytes), expected) {
                (Err(error), Err(end)) => assert!(error.to_string().ends_with(end), "{name}: {error}"),
                (read, expected) => assert_eq!(
                    read.map_err(|error| error.to_string()),
                    expected.map_err(String::from),
                    "{name}"
                ),
            }
        }
        assert!(decode(&nested(32)).is_ok());
    }

    fn entry(key: &[u8], value: &[u8]) -> Vec<u8> {
        field(0x0a, &[field(0x0a, key), field(0x12, value)].concat())
    }

    fn field(tag: u8, bytes: &[u8]) -> Vec<u8> {
        let mut out = vec![tag];
        let mut len = bytes.len();
        while len >= 0x80 {
            out.push(len as u8 | 0x80);
            len >>= 7;
        }
        out.push(len as u8);
        out.extend(bytes);
        out
    }

    /// An object `depth` objects deep.
    fn nested(depth: usize) -> Vec<u8> {
        (1..depth).fold(vec![], |inner, _| entry(b"a", &field(0x2a, &inner)))
    }
}
