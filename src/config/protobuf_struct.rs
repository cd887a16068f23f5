//! Reads a serialized `google.protobuf.Struct` (`google/protobuf/struct.proto`): the form in which Envoy hands over a
//! plugin configuration that was written as YAML or JSON in its own.

use crate::json::Node;

/// Objects and lists deeper than this are refused, as serde_json does for JSON text (its limit is 128).
const MAX_DEPTH: usize = 64;

/// Why bytes are no `google.protobuf.Struct`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) enum StructError {
    /// The bytes end within a field.
    Truncated,
    /// A varint of more than 64 bits.
    Overlong,
    /// A field number of zero, a group, or a wire type that does not exist.
    BadTag,
    /// A field of the message with another wire type than its own.
    WrongWireType,
    /// A string that is not UTF-8.
    NotUtf8,
    /// A number that is not finite: JSON has none such.
    NotFinite,
    /// A value without a kind, or with two.
    NotOneKind,
    /// Deeper than [`MAX_DEPTH`].
    TooDeep,
}

impl StructError {
    pub(in crate::config) fn as_str(self) -> &'static str {
        match self {
            StructError::Truncated => "the bytes end within a field",
            StructError::Overlong => "an integer of more than 64 bits",
            StructError::BadTag => "a field tag that protobuf does not have",
            StructError::WrongWireType => "a field of the wrong wire type",
            StructError::NotUtf8 => "a string that is not UTF-8",
            StructError::NotFinite => "a number that is not finite",
            StructError::NotOneKind => "a value without a kind, or with two",
            StructError::TooDeep => "nested too deep",
        }
    }
}

/// Reads `bytes` as a serialized Struct. Always a [`Node::Object`]; repeated keys stay, for the reader to refuse.
/// Unknown fields are skipped, as protobuf demands.
///
/// # Errors
/// The bytes are no Struct.
pub(in crate::config) fn decode(bytes: &[u8]) -> Result<Node, StructError> {
    decode_struct(bytes, 0)
}

/// `message Struct { map<string, Value> fields = 1; }`
fn decode_struct(bytes: &[u8], depth: usize) -> Result<Node, StructError> {
    let depth = deeper(depth)?;
    let mut fields = Fields { rest: bytes };
    let mut members = Vec::new();
    while let Some((number, payload)) = fields.next()? {
        if number == 1 {
            members.push(decode_entry(payload.bytes()?, depth)?);
        }
    }
    Ok(Node::Object(members))
}

/// An entry of a map is a message of its own: `key = 1`, `value = 2`. A key that is left out is the empty string.
fn decode_entry(bytes: &[u8], depth: usize) -> Result<(String, Node), StructError> {
    let mut fields = Fields { rest: bytes };
    let mut key = None;
    let mut value = None;
    while let Some((number, payload)) = fields.next()? {
        match number {
            1 => once(&mut key, text(payload.bytes()?)?)?,
            2 => once(&mut value, decode_value(payload.bytes()?, depth)?)?,
            _ => {}
        }
    }
    Ok((key.unwrap_or_default(), value.ok_or(StructError::NotOneKind)?))
}

/// `message Value { oneof kind { NullValue null_value = 1; double number_value = 2; string string_value = 3;
/// bool bool_value = 4; Struct struct_value = 5; ListValue list_value = 6; } }`
fn decode_value(bytes: &[u8], depth: usize) -> Result<Node, StructError> {
    let mut fields = Fields { rest: bytes };
    let mut value = None;
    while let Some((number, payload)) = fields.next()? {
        let kind = match number {
            1 => payload.varint().map(|_| Node::Null)?,
            2 => Node::Number(payload.double()?),
            3 => Node::Text(text(payload.bytes()?)?),
            4 => Node::Bool(payload.varint()? != 0),
            5 => decode_struct(payload.bytes()?, depth)?,
            6 => decode_list(payload.bytes()?, depth)?,
            _ => continue,
        };
        once(&mut value, kind)?;
    }
    value.ok_or(StructError::NotOneKind)
}

/// `message ListValue { repeated Value values = 1; }`
fn decode_list(bytes: &[u8], depth: usize) -> Result<Node, StructError> {
    let depth = deeper(depth)?;
    let mut fields = Fields { rest: bytes };
    let mut items = Vec::new();
    while let Some((number, payload)) = fields.next()? {
        if number == 1 {
            items.push(decode_value(payload.bytes()?, depth)?);
        }
    }
    Ok(Node::List(items))
}

fn deeper(depth: usize) -> Result<usize, StructError> {
    if depth < MAX_DEPTH {
        Ok(depth.saturating_add(1))
    } else {
        Err(StructError::TooDeep)
    }
}

/// Protobuf lets the last of two win; no serializer writes two, so two are a sign of tampering or damage.
fn once<T>(slot: &mut Option<T>, value: T) -> Result<(), StructError> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(StructError::NotOneKind),
    }
}

fn text(bytes: &[u8]) -> Result<String, StructError> {
    std::str::from_utf8(bytes)
        .map(String::from)
        .map_err(|_| StructError::NotUtf8)
}

/// The fields of a message, in order.
struct Fields<'a> {
    rest: &'a [u8],
}

/// What a field carries, by wire type.
enum Payload<'a> {
    Varint(u64),
    Fixed64([u8; 8]),
    Bytes(&'a [u8]),
    Fixed32,
}

impl<'a> Payload<'a> {
    fn varint(self) -> Result<u64, StructError> {
        if let Payload::Varint(number) = self {
            Ok(number)
        } else {
            Err(StructError::WrongWireType)
        }
    }

    fn bytes(self) -> Result<&'a [u8], StructError> {
        if let Payload::Bytes(bytes) = self {
            Ok(bytes)
        } else {
            Err(StructError::WrongWireType)
        }
    }

    fn double(self) -> Result<f64, StructError> {
        let Payload::Fixed64(bytes) = self else {
            return Err(StructError::WrongWireType);
        };
        let number = f64::from_le_bytes(bytes);
        if number.is_finite() {
            Ok(number)
        } else {
            Err(StructError::NotFinite)
        }
    }
}

impl<'a> Fields<'a> {
    /// The next field's number and payload; `None` at the end.
    fn next(&mut self) -> Result<Option<(u64, Payload<'a>)>, StructError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let number = tag >> 3;
        if number == 0 || number > MAX_FIELD_NUMBER {
            return Err(StructError::BadTag);
        }
        let payload = match tag & 7 {
            0 => Payload::Varint(self.varint()?),
            1 => Payload::Fixed64(self.array()?),
            2 => {
                let len = self.varint()?;
                Payload::Bytes(self.take(usize::try_from(len).map_err(|_| StructError::Truncated)?)?)
            }
            5 => self.array::<4>().map(|_| Payload::Fixed32)?,
            _ => return Err(StructError::BadTag),
        };
        Ok(Some((number, payload)))
    }

    fn varint(&mut self) -> Result<u64, StructError> {
        let mut number = 0_u64;
        for shift in (0..u64::BITS).step_by(7) {
            let [byte] = self.array::<1>()?;
            let bits = u64::from(byte & 0x7f);
            // The tenth byte has room for one bit only.
            if shift == LAST_SHIFT && bits > 1 {
                return Err(StructError::Overlong);
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(StructError::Overlong)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], StructError> {
        let (head, rest) = self.rest.split_first_chunk().ok_or(StructError::Truncated)?;
        self.rest = rest;
        Ok(*head)
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], StructError> {
        let (head, rest) = self.rest.split_at_checked(len).ok_or(StructError::Truncated)?;
        self.rest = rest;
        Ok(head)
    }
}

/// Where the bits of a varint's tenth and last byte go.
const LAST_SHIFT: u32 = 63;

/// The largest field number that protobuf has: 2^29 - 1.
const MAX_FIELD_NUMBER: u64 = (1 << 29) - 1;

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
        let deep = nested(MAX_DEPTH);
        let too_deep = nested(MAX_DEPTH + 1);
        let table: Vec<(&str, Vec<u8>, Result<Node, StructError>)> = vec![
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
                Err(StructError::NotOneKind),
            ),
            ("no kind", entry(b"a", b""), Err(StructError::NotOneKind)),
            (
                "two kinds",
                entry(b"a", &[0x20, 0, 0x20, 1]),
                Err(StructError::NotOneKind),
            ),
            ("tag only", vec![0x0a], Err(StructError::Truncated)),
            ("short", vec![0x0a, 0x05, 0x0a], Err(StructError::Truncated)),
            (
                "length of 2^64-1",
                b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01".to_vec(),
                Err(StructError::Truncated),
            ),
            (
                "varint of 65 bits",
                b"\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02".to_vec(),
                Err(StructError::Overlong),
            ),
            (
                "varint of 11 bytes",
                [&b"\x10"[..], &[0x80; 11]].concat(),
                Err(StructError::Overlong),
            ),
            ("field 0", vec![0x02, 0x00], Err(StructError::BadTag)),
            ("group", vec![0x0b], Err(StructError::BadTag)),
            ("wire type 7", vec![0x0f], Err(StructError::BadTag)),
            ("fields as varint", vec![0x08, 0x01], Err(StructError::WrongWireType)),
            (
                "number as varint",
                entry(b"a", &[0x10, 0x01]),
                Err(StructError::WrongWireType),
            ),
            (
                "bool as bytes",
                entry(b"a", &[0x22, 0x00]),
                Err(StructError::WrongWireType),
            ),
            (
                "NaN",
                entry(b"a", b"\x11\0\0\0\0\0\0\xf8\x7f"),
                Err(StructError::NotFinite),
            ),
            ("key not UTF-8", entry(b"\xff", &[0x20, 1]), Err(StructError::NotUtf8)),
            (
                "value not UTF-8",
                entry(b"a", b"\x1a\x01\xff"),
                Err(StructError::NotUtf8),
            ),
            ("too deep", too_deep, Err(StructError::TooDeep)),
        ];
        for (name, bytes, expected) in table {
            assert_eq!(decode(&bytes), expected, "{name}");
        }
        assert!(decode(&deep).is_ok());
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
