//! The grammar of JSON (RFC 8259) and what it leaves open: depth, range of numbers, surrogates. One pass over the text,
//! which keeps nothing but where the values stand.

use super::{Kind, Member, Span, Value, number};
use crate::token::malformed::Malformed;
use crate::words;

/// How deep objects and lists may be nested; the outermost object is depth 1. Cognito's own claims need 3.
pub(in crate::token) const MAX_DEPTH: usize = 32;

/// About what a member of a token takes, to make room at once; nothing depends on it.
const BYTES_PER_MEMBER: usize = 28;

/// A number of at most this many characters without an exponent is below the greatest double, about 1.8e308.
const ALWAYS_FINITE_CHARS: usize = 308;

/// Reads a JSON text from its begin to its end.
pub(super) struct Scanner<'a> {
    json: &'a str,
    /// What has not been read yet.
    rest: &'a [u8],
}

impl<'a> Scanner<'a> {
    /// Before the first byte.
    pub fn new(json: &'a str) -> Scanner<'a> {
        Scanner {
            json,
            rest: json.as_bytes(),
        }
    }

    /// Before a value that has been read before.
    pub fn at(json: &'a str, value: Span) -> Scanner<'a> {
        let rest = json.as_bytes().get(value.start as usize..).unwrap_or_default();
        Scanner { json, rest }
    }

    /// The members of the object that the whole text is.
    pub fn only_object(mut self) -> Result<Vec<Member>, Malformed> {
        let mut members = Vec::with_capacity(self.json.len().div_ceil(BYTES_PER_MEMBER));
        self.skip_spaces();
        self.object(1, Some(&mut members))?;
        self.skip_spaces();
        if !self.rest.is_empty() {
            return Err(Malformed::NotJsonObject);
        }
        Ok(members)
    }

    /// One value, which stands at this depth if it is an object or a list.
    pub fn value(&mut self, depth: usize) -> Result<Value, Malformed> {
        let start = self.position();
        let kind = match self.rest {
            [b'"', ..] => self.string()?,
            [b'-' | b'0'..=b'9', ..] => self.number()?,
            [b'{', ..] => self.object(depth, None)?,
            [b'[', ..] => self.list(depth, None)?,
            [b't', b'r', b'u', b'e', rest @ ..]
            | [b'f', b'a', b'l', b's', b'e', rest @ ..]
            | [b'n', b'u', b'l', b'l', rest @ ..] => {
                self.rest = rest;
                Kind::Other
            }
            _ => return Err(Malformed::NotJsonObject),
        };
        Ok(Value {
            span: self.since(start),
            kind,
        })
    }

    /// An object; its members are kept if anybody wants them.
    fn object(&mut self, depth: usize, mut members: Option<&mut Vec<Member>>) -> Result<Kind, Malformed> {
        self.open(b'{', depth)?;
        if self.takes(b'}') {
            return Ok(Kind::Other);
        }
        loop {
            let start = self.position();
            let kind = self.string()?;
            let name = Value {
                span: self.since(start),
                kind,
            };
            self.skip_spaces();
            self.expect(b':')?;
            self.skip_spaces();
            let value = self.value(depth.saturating_add(1))?;
            if let Some(members) = &mut members {
                let name = name.text(self.json).ok_or(Malformed::NotJsonObject)?;
                members.push(Member { name, value });
            }
            self.skip_spaces();
            if self.takes(b'}') {
                return Ok(Kind::Other);
            }
            self.expect(b',')?;
            self.skip_spaces();
        }
    }

    /// A list; its elements are kept if anybody wants them.
    pub fn list(&mut self, depth: usize, mut elements: Option<&mut Vec<Value>>) -> Result<Kind, Malformed> {
        self.open(b'[', depth)?;
        if self.takes(b']') {
            return Ok(Kind::List);
        }
        loop {
            let value = self.value(depth.saturating_add(1))?;
            if let Some(elements) = &mut elements {
                elements.push(value);
            }
            self.skip_spaces();
            if self.takes(b']') {
                return Ok(Kind::List);
            }
            self.expect(b',')?;
            self.skip_spaces();
        }
    }

    /// What opens an object or a list; it bounds how deep reading recurses.
    fn open(&mut self, bracket: u8, depth: usize) -> Result<(), Malformed> {
        self.expect(bracket)?;
        if depth > MAX_DEPTH {
            return Err(Malformed::TooDeep);
        }
        self.skip_spaces();
        Ok(())
    }

    fn string(&mut self) -> Result<Kind, Malformed> {
        self.expect(b'"')?;
        let mut kind = Kind::Plain;
        loop {
            self.rest = behind_plain(self.rest);
            match self.rest {
                [b'"', rest @ ..] => {
                    self.rest = rest;
                    return Ok(kind);
                }
                [b'\\', rest @ ..] => {
                    self.rest = behind_escape(rest)?;
                    kind = Kind::Escaped;
                }
                // A control character, or the end.
                _ => return Err(Malformed::NotJsonObject),
            }
        }
    }

    fn number(&mut self) -> Result<Kind, Malformed> {
        let start = self.position();
        let unsigned = self.rest.strip_prefix(b"-").unwrap_or(self.rest);
        let mut rest = match unsigned {
            [b'0', rest @ ..] => rest,
            other => behind_digits(other)?,
        };
        if let [b'.', fraction @ ..] = rest {
            rest = behind_digits(fraction)?;
        }
        let has_exponent = matches!(rest, [b'e' | b'E', ..]);
        if let [b'e' | b'E', b'+' | b'-', exponent @ ..] | [b'e' | b'E', exponent @ ..] = rest {
            rest = behind_digits(exponent)?;
        }
        self.rest = rest;
        let text = self.since(start);
        if (has_exponent || text.len() > ALWAYS_FINITE_CHARS) && number(text.text(self.json)).is_none() {
            return Err(Malformed::NumberOutOfRange);
        }
        Ok(Kind::Number)
    }

    fn skip_spaces(&mut self) {
        while let [b' ' | b'\t' | b'\n' | b'\r', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    /// Whether this byte comes next; it is read then.
    fn takes(&mut self, wanted: u8) -> bool {
        match self.rest {
            [byte, rest @ ..] if *byte == wanted => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    fn expect(&mut self, wanted: u8) -> Result<(), Malformed> {
        if self.takes(wanted) {
            Ok(())
        } else {
            Err(Malformed::NotJsonObject)
        }
    }

    /// How many bytes have been read. No text is longer than 32 bits tell, see [`Span`].
    fn position(&self) -> u32 {
        self.json.len().saturating_sub(self.rest.len()) as u32
    }

    fn since(&self, start: u32) -> Span {
        Span {
            start,
            end: self.position(),
        }
    }
}

/// From the first byte of a string's text that does not stand for itself: a quote, a backslash, a control character.
fn behind_plain(rest: &[u8]) -> &[u8] {
    let special = words::find(
        rest,
        |word| words::below(word, 0x20) | words::equal_to(word, b'"') | words::equal_to(word, b'\\'),
        |byte| matches!(byte, b'"' | b'\\' | 0..0x20),
    );
    special.and_then(|special| rest.get(special..)).unwrap_or_default()
}

/// Behind an escape whose backslash has been read.
fn behind_escape(rest: &[u8]) -> Result<&[u8], Malformed> {
    match rest {
        [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', rest @ ..] => Ok(rest),
        [b'u', rest @ ..] => match code_unit(rest)? {
            (0xD800..=0xDBFF, [b'\\', b'u', rest @ ..]) => match code_unit(rest)? {
                (0xDC00..=0xDFFF, rest) => Ok(rest),
                _ => Err(Malformed::LoneSurrogate),
            },
            (0xD800..=0xDFFF, _) => Err(Malformed::LoneSurrogate),
            (_, rest) => Ok(rest),
        },
        _ => Err(Malformed::NotJsonObject),
    }
}

/// Four hexadecimal digits, and what is behind them.
fn code_unit(rest: &[u8]) -> Result<(u32, &[u8]), Malformed> {
    let (digits, rest) = rest.split_first_chunk::<4>().ok_or(Malformed::NotJsonObject)?;
    let mut unit = 0;
    for digit in digits {
        let digit = char::from(*digit).to_digit(16).ok_or(Malformed::NotJsonObject)?;
        unit = (unit << 4) | digit;
    }
    Ok((unit, rest))
}

/// Behind one digit or more.
fn behind_digits(rest: &[u8]) -> Result<&[u8], Malformed> {
    let [b'0'..=b'9', behind @ ..] = rest else {
        return Err(Malformed::NotJsonObject);
    };
    let mut rest = behind;
    while let [b'0'..=b'9', behind @ ..] = rest {
        rest = behind;
    }
    Ok(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_special_byte_is_found_wherever_it_stands() {
        for byte in 0..=u8::MAX {
            let is_special = matches!(byte, b'"' | b'\\' | 0..0x20);
            for place in 0..20 {
                for filler in [b'a', b'!', b'#', b'[', b']', b' ', 0x7f, 0x80, 0xa2, 0xdc, 0xff] {
                    let mut text = [filler; 20];
                    text[place] = byte;
                    let expected = if is_special { &text[place..] } else { &[] };
                    assert_eq!(behind_plain(&text), expected, "{byte:#x} at {place} among {filler:#x}");
                }
            }
        }
        assert_eq!(behind_plain(b"abcdefg\"h\x01\\"), b"\"h\x01\\");
    }
}
