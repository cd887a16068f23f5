//! Protobuf's wire format (protobuf.dev, "Encoding"), as far as `verify_signature` needs it.

use crate::keys::rsa::PublicKey;

/// The bytes of a tag are its field's number, shifted by three bits, and the wire type.
const fn tag(field: u64, wire_type: u64) -> u64 {
    field << 3 | wire_type
}

const VARINT: u64 = 0;
const FIXED64: u64 = 1;
const LENGTH_DELIMITED: u64 = 2;
const FIXED32: u64 = 5;

const HASH_FUNCTION: u64 = tag(1, LENGTH_DELIMITED);
const PUBLIC_KEY: u64 = tag(2, LENGTH_DELIMITED);
const SIGNATURE: u64 = tag(3, LENGTH_DELIMITED);
const TEXT: u64 = tag(4, LENGTH_DELIMITED);

const RESULT: u64 = tag(1, VARINT);
const ERROR: u64 = tag(2, LENGTH_DELIMITED);
const RESULT_FIELD: u64 = 1;
const ERROR_FIELD: u64 = 2;

/// Writes the argument over what `out` held. Hash function and key are prepared with the key.
pub(super) fn write_argument(out: &mut Vec<u8>, key: &PublicKey, message: &[u8], signature: &[u8]) {
    out.clear();
    out.extend_from_slice(key.host_argument(|spki_der| {
        let mut prepared = Vec::new();
        write_bytes(&mut prepared, HASH_FUNCTION, b"sha256");
        write_bytes(&mut prepared, PUBLIC_KEY, spki_der);
        prepared
    }));
    write_bytes(out, SIGNATURE, signature);
    write_bytes(out, TEXT, message);
}

/// Reads `result` from an answer; absent, it is false (proto3). `None` if it is no such message: fields of the wrong
/// type or repeated, a `result` beyond 0 and 1, a true one with an error beside it, anything cut off. Fields that do
/// not exist today are skipped.
pub(super) fn read_answer(answer: &[u8]) -> Option<bool> {
    let mut reader = Reader { rest: answer };
    let mut result = None;
    let mut error = None;
    while !reader.rest.is_empty() {
        let tag = reader.varint()?;
        match tag {
            RESULT if result.is_none() => result = Some(bool_of(reader.varint()?)?),
            ERROR if error.is_none() => error = Some(reader.bytes()?),
            _ => reader.skip_unknown(tag)?,
        }
    }
    let result = result.unwrap_or(false);
    let failed = error.is_some_and(|error| !error.is_empty());
    (!(result && failed)).then_some(result)
}

fn bool_of(value: u64) -> Option<bool> {
    match value {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}

fn write_bytes(out: &mut Vec<u8>, tag: u64, bytes: &[u8]) {
    write_varint(out, tag);
    // A `usize` has at most 64 bits.
    write_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn write_varint(out: &mut Vec<u8>, mut value: u64) {
    while value > 0x7f {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A number of at most 64 bits, the low seven first.
    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = *self.take(1)?.first()?;
            let bits = u64::from(byte & 0x7f);
            // The tenth byte has room for one bit only.
            if bits.leading_zeros() < shift {
                return None;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let len = usize::try_from(self.varint()?).ok()?;
        self.take(len)
    }

    /// Skips a field's value, unless the field is known: then its type is wrong or it is repeated.
    fn skip_unknown(&mut self, tag: u64) -> Option<()> {
        if matches!(tag >> 3, 0 | RESULT_FIELD | ERROR_FIELD) {
            return None;
        }
        match tag & 7 {
            VARINT => self.varint().map(drop),
            FIXED64 => self.take(8).map(drop),
            LENGTH_DELIMITED => self.bytes().map(drop),
            FIXED32 => self.take(4).map(drop),
            // Groups are deprecated, 6 and 7 do not exist.
            _ => None,
        }
    }

    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_strictly() {
        for (answer, expected) in [
            (&b""[..], Some(false)),
            (b"\x08\x01", Some(true)),
            (b"\x08\x00", Some(false)),
            (b"\x08\x81\x00", Some(true)),
            (b"\x12\x00", Some(false)),
            (b"\x08\x01\x12\x00", Some(true)),
            (b"\x12\x02no", Some(false)),
            (b"\x08\x00\x12\x02no", Some(false)),
            // Fields of a later day: 3 varint, 4 fixed64, 5 bytes, 6 fixed32, 536870911 varint.
            (b"\x18\x96\x01\x08\x01", Some(true)),
            (b"\x21\x01\x02\x03\x04\x05\x06\x07\x08\x08\x01", Some(true)),
            (b"\x2a\x02\x08\x00\x08\x01", Some(true)),
            (b"\x35\x01\x02\x03\x04\x08\x01", Some(true)),
            (b"\xf8\xff\xff\xff\x0f\x01\x08\x01", Some(true)),
            // A contradiction, repetitions, other types, values beyond a bool.
            (b"\x08\x01\x12\x02no", None),
            (b"\x08\x00\x08\x01", None),
            (b"\x08\x01\x08\x01", None),
            (b"\x12\x00\x12\x00", None),
            (b"\x08\x02", None),
            (b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", None),
            (b"\x0a\x01\x01", None),
            (b"\x0d\x01\x00\x00\x00", None),
            (b"\x09\x01\x00\x00\x00\x00\x00\x00\x00", None),
            (b"\x10\x01", None),
            // Cut off, too long, no field, groups, types that do not exist.
            (b"\x08", None),
            (b"\x88", None),
            (b"\x08\x81", None),
            (b"\x12\x03no", None),
            (b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01no", None),
            (b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02no", None),
            (b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", None),
            (b"\x21\x01\x02\x03", None),
            (b"\x35\x01\x02\x03", None),
            (b"\x00\x01", None),
            (b"\x1b\x1c", None),
            (b"\x1e\x01", None),
            (b"\x1f\x01", None),
            (b"true", None),
            (b"{\"result\": true}", None),
        ] {
            assert_eq!(read_answer(answer), expected, "{answer:?}");
        }
    }

    #[test]
    fn no_bytes_are_read_past_the_end() {
        for first in 0..=u8::MAX {
            for second in 0..=u8::MAX {
                let accepted = read_answer(&[first, second]) == Some(true);
                assert_eq!(accepted, (first, second) == (8, 1));
            }
        }
    }

    #[test]
    fn varints_come_back() {
        for value in [0, 1, 0x7f, 0x80, 0x3fff, 0x4000, u64::from(u32::MAX), u64::MAX] {
            let mut out = Vec::new();
            write_varint(&mut out, value);
            let mut reader = Reader { rest: &out };
            assert_eq!(reader.varint(), Some(value));
            assert!(reader.rest.is_empty());
        }
    }
}
