//! One JSON object, read once and strictly: its members as spans of the text, without a tree of values.

use super::malformed::Malformed;
use crate::json::{self as tree, Node};
use core::fmt;
use serde::Deserializer as _;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// How deep objects and lists may be nested; the outermost object is depth 1. Cognito's own claims need 3.
pub const MAX_DEPTH: usize = 32;

/// Up to this many members duplicates are looked for pair by pair, which is fastest for tokens as Cognito mints them
/// (about 15 claims). Above it the names are sorted, so that a hostile token of thousands of members costs no
/// quadratic time.
const FEW_MEMBERS: usize = 24;

/// About what a member of a token takes, to make room at once; nothing depends on it.
const CHARS_PER_MEMBER: usize = 32;

/// A number of at most this many characters without an exponent is below the greatest double, about 1.8e308.
const ALWAYS_FINITE_CHARS: usize = 308;

/// A part of the JSON text, in bytes. 32 bits are enough: the longest text that is read is an answer of 256 KiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::token) struct Span {
    start: u32,
    end: u32,
}

/// A string: most often a part of the JSON text as it stands, decoded only if it holds escapes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::token) enum Text {
    /// Without escapes: what stands between the quotes.
    Verbatim(Span),
    /// With its escapes decoded.
    Decoded(Box<str>),
}

/// A member of the object.
#[derive(Debug)]
pub(in crate::token) struct Member {
    /// Its name, decoded.
    pub name: Text,
    /// The JSON text of its value, without spaces around it.
    pub value: Span,
}

impl Span {
    /// The span of `part`, which must be a slice of `whole`.
    pub fn of(part: &str, whole: &str) -> Option<Span> {
        let start = part.as_ptr().addr().checked_sub(whole.as_ptr().addr())?;
        let end = start.checked_add(part.len())?;
        let (start, end) = (u32::try_from(start).ok()?, u32::try_from(end).ok()?);
        Some(Span { start, end })
    }

    fn len(self) -> usize {
        self.end.saturating_sub(self.start) as usize
    }

    /// The text of the span in `whole`. Empty for a span of another text.
    pub fn text(self, whole: &str) -> &str {
        whole.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

impl Text {
    /// The decoded string, given the text that the spans are of.
    pub fn as_str<'a>(&'a self, json: &'a str) -> &'a str {
        match self {
            Text::Verbatim(span) => span.text(json),
            Text::Decoded(text) => text,
        }
    }

    /// Whether the string is `other`. Told by the length alone most often, without touching the text.
    pub fn equals(&self, other: &str, json: &str) -> bool {
        match self {
            Text::Verbatim(span) => span.len() == other.len() && span.text(json) == other,
            Text::Decoded(text) => **text == *other,
        }
    }

    /// Reads a value's JSON text; nothing if it is no string.
    pub fn of_value(raw: &str, json: &str) -> Option<Text> {
        let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
        if inner.contains('\\') {
            return match tree::parse(raw) {
                Ok(Node::Text(text)) => Some(Text::Decoded(text.into())),
                _ => None,
            };
        }
        Span::of(inner, json).map(Text::Verbatim)
    }
}

/// A value's JSON text as a number; nothing if it is no number.
pub(in crate::token) fn number(raw: &str) -> Option<f64> {
    if !raw.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
        return None;
    }
    raw.parse().ok().filter(|number: &f64| number.is_finite())
}

/// The elements of a list, each as its JSON text; nothing if the value is no list.
pub(crate) fn elements(raw: &str) -> Option<Vec<&RawValue>> {
    if !raw.starts_with('[') {
        return None;
    }
    match parts(raw)? {
        Parts::Elements(elements) => Some(elements),
        Parts::Members(_) => None,
    }
}

/// Reads the object that `json` is.
///
/// # Errors
/// It is not one JSON object and nothing else (RFC 8259; a byte order mark is something else), has a member name
/// twice at its top level, is nested deeper than [`MAX_DEPTH`], or holds a number that a double cannot hold or a
/// string that is no Unicode text, at any level.
pub(in crate::token) fn members(json: &str) -> Result<Vec<Member>, Malformed> {
    let members = grammatical(json).ok_or(Malformed::NotJsonObject)?;
    for member in &members {
        check_value(member.value.text(json))?;
    }
    refuse_duplicates(&members, json)?;
    Ok(members)
}

/// The value at a JSON pointer (RFC 6901) inside of `raw`, a value that has been checked; `steps` are the pointer's
/// unescaped reference tokens. Of members with one name the last counts, as for most parsers.
pub(in crate::token) fn at_pointer<'a>(raw: &'a str, steps: &[String]) -> Option<&'a str> {
    let [step, deeper @ ..] = steps else { return Some(raw) };
    let inner = if raw.starts_with('{') {
        let members = grammatical(raw)?;
        let member = members.iter().rev().find(|member| member.name.equals(step, raw))?;
        member.value.text(raw)
    } else {
        elements(raw)?.get(list_index(step)?)?.get()
    };
    at_pointer(inner, deeper)
}

/// RFC 6901, section 4: digits without leading zeros.
fn list_index(step: &str) -> Option<usize> {
    let plain = step.bytes().all(|byte| byte.is_ascii_digit()) && (step == "0" || !step.starts_with('0'));
    step.parse().ok().filter(|_| plain)
}

/// The members of an object; nothing if the text is not one object and nothing else.
fn grammatical(json: &str) -> Option<Vec<Member>> {
    match parts(json)? {
        Parts::Members(members) => Some(members),
        Parts::Elements(_) => None,
    }
}

/// What an object or a list is made of.
enum Parts<'a> {
    Members(Vec<Member>),
    Elements(Vec<&'a RawValue>),
}

/// The parts of an object or a list; nothing if the text is not one of the two and nothing else. One reader for both:
/// each type that `serde_json` reads costs the module another copy of its code.
#[inline(never)]
fn parts(json: &str) -> Option<Parts<'_>> {
    let mut source = serde_json::Deserializer::from_str(json);
    let parts = source.deserialize_any(PartsOf { json }).ok()?;
    source.end().ok().map(|()| parts)
}

/// Collects the parts of an object or a list. A member whose span cannot be told is an error, not left out.
struct PartsOf<'a> {
    json: &'a str,
}

impl<'de> Visitor<'de> for PartsOf<'de> {
    type Value = Parts<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object or list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Parts<'de>, A::Error> {
        let likely = self.json.len().div_ceil(CHARS_PER_MEMBER);
        let mut members = Vec::with_capacity(likely);
        while let Some(name) = map.next_key_seed(NameOf { json: self.json })? {
            let raw: &'de RawValue = map.next_value()?;
            let value = Span::of(raw.get(), self.json).ok_or_else(unusable)?;
            members.push(Member { name, value });
        }
        members.shrink_to_fit();
        Ok(Parts::Members(members))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Parts<'de>, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = list.next_element()? {
            elements.push(element);
        }
        Ok(Parts::Elements(elements))
    }

    // Without these serde would tell what came instead, and writing a double in decimal takes 20 kB of the module.

    fn visit_unit<E: serde::de::Error>(self) -> Result<Parts<'de>, E> {
        Err(unusable())
    }

    fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<Parts<'de>, E> {
        Err(unusable())
    }

    fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<Parts<'de>, E> {
        Err(unusable())
    }

    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<Parts<'de>, E> {
        Err(unusable())
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<Parts<'de>, E> {
        Err(unusable())
    }

    fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<Parts<'de>, E> {
        Err(unusable())
    }
}

/// Reads a member's name.
struct NameOf<'a> {
    json: &'a str,
}

impl<'de> DeserializeSeed<'de> for NameOf<'de> {
    type Value = Text;

    fn deserialize<D: serde::Deserializer<'de>>(self, source: D) -> Result<Text, D::Error> {
        source.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for NameOf<'de> {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member name")
    }

    fn visit_borrowed_str<E: serde::de::Error>(self, name: &'de str) -> Result<Text, E> {
        Span::of(name, self.json).map(Text::Verbatim).ok_or_else(unusable)
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Text, E> {
        Ok(Text::Decoded(name.into()))
    }
}

/// Nobody reads why.
fn unusable<E: serde::de::Error>() -> E {
    E::custom("")
}

fn refuse_duplicates(members: &[Member], json: &str) -> Result<(), Malformed> {
    let found = if members.len() <= FEW_MEMBERS {
        let mut rest = members;
        let mut found = false;
        while let [first, others @ ..] = rest {
            let name = first.name.as_str(json);
            found |= others.iter().any(|other| other.name.equals(name, json));
            rest = others;
        }
        found
    } else {
        let mut names: Vec<&str> = members.iter().map(|member| member.name.as_str(json)).collect();
        names.sort_unstable();
        names.windows(2).any(|pair| matches!(pair, [one, next] if one == next))
    };
    if found { Err(Malformed::DuplicateMember) } else { Ok(()) }
}

/// Checks what the grammar leaves open: depth, range of numbers, surrogates. `raw` is valid JSON already.
fn check_value(raw: &str) -> Result<(), Malformed> {
    match raw.as_bytes() {
        [b'"', ..] if !raw.contains('\\') => Ok(()),
        [b't' | b'f' | b'n', ..] => Ok(()),
        whole => check_nested(whole),
    }
}

/// One pass, without recursion, over any value.
fn check_nested(valid: &[u8]) -> Result<(), Malformed> {
    let mut depth = 1_usize;
    let mut rest = valid;
    while let [byte, tail @ ..] = rest {
        rest = tail;
        match byte {
            b'{' | b'[' => {
                depth = depth.saturating_add(1);
                if depth > MAX_DEPTH {
                    return Err(Malformed::TooDeep);
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => rest = check_string(tail)?,
            b'-' | b'0'..=b'9' => rest = check_number(byte, tail)?,
            _ => {}
        }
    }
    Ok(())
}

/// Checks a string from behind its first quote; returns what stands behind its last.
fn check_string(mut rest: &[u8]) -> Result<&[u8], Malformed> {
    loop {
        match rest {
            [b'"', tail @ ..] => return Ok(tail),
            [b'\\', b'u', a, b, c, d, tail @ ..] => {
                rest = match (hex([*a, *b, *c, *d]), tail) {
                    (0xD800..=0xDBFF, [b'\\', b'u', a, b, c, d, behind @ ..])
                        if matches!(hex([*a, *b, *c, *d]), 0xDC00..=0xDFFF) =>
                    {
                        behind
                    }
                    (0xD800..=0xDFFF, _) => return Err(Malformed::LoneSurrogate),
                    _ => tail,
                };
            }
            [b'\\', _, tail @ ..] | [_, tail @ ..] => rest = tail,
            [] => return Ok(rest),
        }
    }
}

/// Checks a number from behind its first character; returns what stands behind it.
fn check_number<'a>(first: &u8, tail: &'a [u8]) -> Result<&'a [u8], Malformed> {
    let in_number = |byte: &u8| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-');
    let length = tail.iter().take_while(|byte| in_number(byte)).count();
    let (digits, behind) = tail.split_at_checked(length).unwrap_or((tail, &[]));
    if length < ALWAYS_FINITE_CHARS && !digits.iter().any(|byte| matches!(byte, b'e' | b'E')) {
        return Ok(behind);
    }
    let text: String = core::iter::once(first)
        .chain(digits)
        .map(|byte| char::from(*byte))
        .collect();
    number(&text).map(|_| behind).ok_or(Malformed::NumberOutOfRange)
}

fn hex(digits: [u8; 4]) -> u32 {
    digits.iter().fold(0, |number: u32, digit| {
        (number << 4) | char::from(*digit).to_digit(16).unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(json: &str) -> Result<Vec<(String, String)>, Malformed> {
        let pair = |member: &Member| (member.name.as_str(json).to_owned(), member.value.text(json).to_owned());
        members(json).map(|members| members.iter().map(pair).collect())
    }

    #[test]
    fn members_are_names_and_raw_values() {
        let read = read(" {\"a\" : 1.50 , \"\\u0062\\/\":[1, {\"x\":null}],\"\":\"\\u00e9\"}\n").unwrap();
        let expected = [("a", "1.50"), ("b/", "[1, {\"x\":null}]"), ("", "\"\\u00e9\"")];
        assert_eq!(read, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(members("{}").map(|members| members.len()), Ok(0));
    }

    #[test]
    fn what_is_refused() {
        let nested =
            |open: &str, close: &str, times| format!("{{\"a\":{}1{}}}", open.repeat(times), close.repeat(times));
        let many = |last: &str| {
            let names: String = (0..2000).map(|n| format!("\"m{n}\":1,")).collect();
            format!("{{{names}\"{last}\":1}}")
        };
        let table: &[(&str, Result<(), Malformed>)] = &[
            ("{}", Ok(())),
            ("", Err(Malformed::NotJsonObject)),
            ("null", Err(Malformed::NotJsonObject)),
            ("[{}]", Err(Malformed::NotJsonObject)),
            ("\"{}\"", Err(Malformed::NotJsonObject)),
            ("{}{}", Err(Malformed::NotJsonObject)),
            ("{} x", Err(Malformed::NotJsonObject)),
            ("{}\0", Err(Malformed::NotJsonObject)),
            ("\u{feff}{}", Err(Malformed::NotJsonObject)),
            ("{\"a\":1,}", Err(Malformed::NotJsonObject)),
            ("{\"a\":01}", Err(Malformed::NotJsonObject)),
            ("{\"a\":1.}", Err(Malformed::NotJsonObject)),
            ("{\"a\":+1}", Err(Malformed::NotJsonObject)),
            ("{\"a\":NaN}", Err(Malformed::NotJsonObject)),
            ("{\"a\":Infinity}", Err(Malformed::NotJsonObject)),
            ("{\"a\":[NaN]}", Err(Malformed::NotJsonObject)),
            ("{\"a\":'b'}", Err(Malformed::NotJsonObject)),
            ("{\"a\":\"\t\"}", Err(Malformed::NotJsonObject)),
            ("{\"a\":\"\\x\"}", Err(Malformed::NotJsonObject)),
            ("{\"a\":{\"b\"}}", Err(Malformed::NotJsonObject)),
            ("{\"a\":1,\"a\":1}", Err(Malformed::DuplicateMember)),
            ("{\"a\":1,\"b\":2,\"\\u0061\":3}", Err(Malformed::DuplicateMember)),
            ("{\"a\":{\"b\":1,\"b\":2}}", Ok(())),
            (&many("other"), Ok(())),
            (&many("m7"), Err(Malformed::DuplicateMember)),
            (&many("\\u006d7"), Err(Malformed::DuplicateMember)),
            (&nested("[", "]", 31), Ok(())),
            (&nested("[", "]", 32), Err(Malformed::TooDeep)),
            (&nested("{\"a\":", "}", 31), Ok(())),
            (&nested("{\"a\":", "}", 32), Err(Malformed::TooDeep)),
            (&nested("[", "]", 10_000), Err(Malformed::TooDeep)),
            ("{\"a\":\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\n\"}", Ok(())),
            ("{\"a\":1e308,\"b\":-1e308,\"c\":1e-999}", Ok(())),
            ("{\"a\":1e400}", Err(Malformed::NumberOutOfRange)),
            ("{\"a\":-1e400}", Err(Malformed::NumberOutOfRange)),
            ("{\"a\":[1E+400]}", Err(Malformed::NumberOutOfRange)),
            (&format!("{{\"a\":1{}}}", "0".repeat(308)), Ok(())),
            (
                &format!("{{\"a\":1{}}}", "0".repeat(309)),
                Err(Malformed::NumberOutOfRange),
            ),
            (
                &format!("{{\"a\":9{}}}", "9".repeat(308)),
                Err(Malformed::NumberOutOfRange),
            ),
            ("{\"a\":\"\\ud83d\\ude00\"}", Ok(())),
            ("{\"a\":\"\\\\ud800\"}", Ok(())),
            ("{\"a\":\"\\ud800\"}", Err(Malformed::LoneSurrogate)),
            ("{\"a\":\"\\uDC00\"}", Err(Malformed::LoneSurrogate)),
            ("{\"a\":\"\\ud800\\ud800\"}", Err(Malformed::LoneSurrogate)),
            ("{\"a\":\"\\ud83dx\\ude00\"}", Err(Malformed::LoneSurrogate)),
            ("{\"a\":[{\"b\":\"\\ude00\"}]}", Err(Malformed::LoneSurrogate)),
            ("{\"a\":[{\"\\ud800\":1}]}", Err(Malformed::LoneSurrogate)),
            ("{\"\\ud800\":1}", Err(Malformed::NotJsonObject)),
        ];
        for (json, expected) in table {
            let shown: String = json.chars().take(80).collect();
            assert_eq!(members(json).map(|_| ()), *expected, "{shown}");
        }
    }

    #[test]
    fn numbers_and_strings_of_values() {
        for (raw, expected) in [
            ("1", Some(1.0)),
            ("-0.5e1", Some(-5.0)),
            ("\"1\"", None),
            ("null", None),
            ("true", None),
        ] {
            assert_eq!(number(raw), expected, "{raw}");
        }
        for (raw, expected) in [
            ("\"\"", Some("")),
            ("\"a\\u0062\\/\"", Some("ab/")),
            ("1", None),
            ("[\"a\"]", None),
        ] {
            let text = Text::of_value(raw, raw);
            assert_eq!(text.as_ref().map(|text| text.as_str(raw)), expected, "{raw}");
        }
    }

    /// JSON and what is almost JSON, from pieces that matter.
    fn pieces() -> impl Strategy<Value = String> {
        let pieces = [
            "{",
            "}",
            "[",
            "]",
            ":",
            ",",
            "\"",
            "\\",
            "\"a\"",
            "\"b\":",
            "\\ud83d",
            "\\ude00",
            "\\u00e9",
            "1",
            "-",
            "0",
            ".5",
            "e9",
            "E+400",
            "1e400",
            "true",
            "null",
            " ",
            "\n",
            "\u{feff}",
            "é",
            "{\"c\":1}",
            "[1,2]",
            "\"\\ud800\"",
        ];
        prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..8).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn what_is_accepted_is_what_serde_json_reads_as_an_object(value in pieces(), name in pieces()) {
            for json in [format!("{{\"a\":{value}}}"), format!("{{\"{name}\":{value}}}"), value] {
                let tree: Option<serde_json::Value> = serde_json::from_str(&json).ok();
                let object = tree.as_ref().and_then(serde_json::Value::as_object);
                match members(&json) {
                    Ok(members) => {
                        let object = object.ok_or_else(|| TestCaseError::fail(json.clone()))?;
                        prop_assert_eq!(members.len(), object.len());
                        for member in members {
                            let value: serde_json::Value = serde_json::from_str(member.value.text(&json)).unwrap();
                            prop_assert_eq!(Some(&value), object.get(member.name.as_str(&json)));
                        }
                    }
                    Err(Malformed::DuplicateMember) => prop_assert!(object.is_some()),
                    Err(_) => prop_assert!(object.is_none(), "{}", json),
                }
            }
        }
    }
}
