//! One JSON object, read once and strictly: its members as spans of the text, without a tree of values.

mod scan;

use super::malformed::Malformed;
use crate::json::{self as tree, Node};
use scan::Scanner;

/// Up to this many members duplicates are looked for name by name, which is fastest for tokens as Cognito mints them
/// (about 15 claims). Above it the names are sorted, so that a hostile token of thousands of members costs no
/// quadratic time.
const FEW_MEMBERS: usize = 24;

/// Integers of at most this many digits are exact in a double: 2^53 is about 9.007e15.
const EXACT_DIGITS: usize = 15;

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

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::token) enum Kind {
    /// A string without escapes.
    Plain,
    /// A string with escapes.
    Escaped,
    /// A number; a double can hold it.
    Number,
    /// A list.
    List,
    /// An object, `true`, `false` or `null`.
    Other,
}

/// A value: where it stands, without spaces around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::token) struct Value {
    span: Span,
    kind: Kind,
}

/// A member of the object.
#[derive(Debug)]
pub(in crate::token) struct Member {
    /// Its name, decoded.
    pub name: Text,
    /// Its value.
    pub value: Value,
}

impl Span {
    fn len(self) -> usize {
        self.end.saturating_sub(self.start) as usize
    }

    /// The text of the span in `whole`. Empty for a span of another text.
    pub fn text(self, whole: &str) -> &str {
        whole.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    /// Without the quotes around it.
    fn unquoted(self) -> Span {
        Span {
            start: self.start.saturating_add(1),
            end: self.end.saturating_sub(1),
        }
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

    /// Reads the JSON text of a string; nothing if it is none.
    pub fn of_raw(raw: &str) -> Option<Text> {
        let value = Scanner::new(raw).value(1).ok()?;
        value.text(raw)
    }
}

impl Value {
    /// Its JSON text, given the text that it is a part of.
    pub fn raw(self, json: &str) -> &str {
        self.span.text(json)
    }

    /// The string that it is.
    pub fn text(self, json: &str) -> Option<Text> {
        match self.kind {
            Kind::Plain => Some(Text::Verbatim(self.span.unquoted())),
            Kind::Escaped => match tree::parse(self.raw(json)) {
                Ok(Node::Text(text)) => Some(Text::Decoded(text.into())),
                _ => None,
            },
            Kind::Number | Kind::List | Kind::Other => None,
        }
    }

    /// The number that it is.
    pub fn number(self, json: &str) -> Option<f64> {
        match self.kind {
            Kind::Number => number(self.raw(json)),
            Kind::Plain | Kind::Escaped | Kind::List | Kind::Other => None,
        }
    }

    /// The elements of the list that it is.
    pub fn elements(self, json: &str) -> Option<Vec<Value>> {
        if self.kind != Kind::List {
            return None;
        }
        let mut elements = Vec::new();
        Scanner::at(json, self.span).list(1, Some(&mut elements)).ok()?;
        Some(elements)
    }
}

/// A value's JSON text as a number; nothing if it is no number.
pub(in crate::token) fn number(raw: &str) -> Option<f64> {
    if raw.len() <= EXACT_DIGITS && raw.bytes().all(|byte| byte.is_ascii_digit()) {
        let digits = raw.bytes().map(|digit| u64::from(digit & 0xf));
        let number = digits.fold(0, |number: u64, digit| number.wrapping_mul(10).wrapping_add(digit));
        return Some(number as f64).filter(|_| !raw.is_empty());
    }
    match tree::parse(raw) {
        Ok(Node::Number(number)) => Some(number),
        _ => None,
    }
}

/// The elements of a list, each as its JSON text; nothing if the value is no list.
pub(crate) fn elements(raw: &str) -> Option<Vec<&str>> {
    let mut elements = Vec::new();
    Scanner::new(raw).list(1, Some(&mut elements)).ok()?;
    Some(elements.into_iter().map(|element| element.raw(raw)).collect())
}

/// Reads the object that `json` is.
///
/// # Errors
/// It is not one JSON object and nothing else (RFC 8259; a byte order mark is something else), has a member name
/// twice at its top level, is nested deeper than [`MAX_DEPTH`](scan::MAX_DEPTH), or holds a number that a double cannot hold or a
/// string that is no Unicode text, at any level.
pub(in crate::token) fn members(json: &str) -> Result<Vec<Member>, Malformed> {
    let members = Scanner::new(json).only_object()?;
    refuse_duplicates(&members, json)?;
    Ok(members)
}

/// The value at a JSON pointer (RFC 6901) inside of `raw`, a value that has been checked; `steps` are the pointer's
/// unescaped reference tokens. Of members with one name the last counts, as for most parsers.
pub(in crate::token) fn at_pointer<'a>(raw: &'a str, steps: &[String]) -> Option<&'a str> {
    let [step, deeper @ ..] = steps else { return Some(raw) };
    let inner = if raw.starts_with('{') {
        let members = Scanner::new(raw).only_object().ok()?;
        let member = members.iter().rev().find(|member| member.name.equals(step, raw))?;
        member.value.raw(raw)
    } else {
        elements(raw)?.into_iter().nth(list_index(step)?)?
    };
    at_pointer(inner, deeper)
}

/// RFC 6901, section 4: digits without leading zeros.
fn list_index(step: &str) -> Option<usize> {
    let plain = step.bytes().all(|byte| byte.is_ascii_digit()) && (step == "0" || !step.starts_with('0'));
    step.parse().ok().filter(|_| plain)
}

fn refuse_duplicates(members: &[Member], json: &str) -> Result<(), Malformed> {
    let found = if members.len() <= FEW_MEMBERS {
        are_few_repeated(members, json)
    } else {
        tree::repeated(members.iter().map(|member| member.name.as_str(json))).is_some()
    };
    if found { Err(Malformed::DuplicateMember) } else { Ok(()) }
}

/// Only names whose marks are the same are compared, which few are.
fn are_few_repeated(members: &[Member], json: &str) -> bool {
    let mut marks = 0_u128;
    members.iter().enumerate().any(|(index, member)| {
        let name = member.name.as_str(json);
        let mark = mark(name.as_bytes());
        let is_likely = marks & mark != 0;
        marks |= mark;
        is_likely && members.iter().take(index).any(|other| other.name.equals(name, json))
    })
}

/// One of 128 bits, by the length and the first and last byte.
fn mark(name: &[u8]) -> u128 {
    let (first, last) = (name.first().unwrap_or(&0), name.last().unwrap_or(&0));
    let sum = (name.len() as u8)
        .wrapping_mul(5)
        .wrapping_add(*first)
        .wrapping_add(last.rotate_left(3));
    1 << (sum & 0x7f)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(json: &str) -> Result<Vec<(String, String)>, Malformed> {
        let pair = |member: &Member| (member.name.as_str(json).to_owned(), member.value.raw(json).to_owned());
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
            ("{\"a\":1,\"b\":2,\"b\":3}", Err(Malformed::DuplicateMember)),
            ("{\"\":1,\"\":2}", Err(Malformed::DuplicateMember)),
            // Different names of one length, with the same first and last byte.
            ("{\"aba\":1,\"aca\":2,\"ada\":3}", Ok(())),
            (
                "{\"aba\":1,\"aca\":2,\"ada\":3,\"aca\":4}",
                Err(Malformed::DuplicateMember),
            ),
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
            ("{\"\\ud800\":1}", Err(Malformed::LoneSurrogate)),
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
            let text = Text::of_raw(raw);
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
                            let value: serde_json::Value = serde_json::from_str(member.value.raw(&json)).unwrap();
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
