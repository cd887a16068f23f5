//! One JSON object, read strictly by `serde_json`: what RFC 8259 leaves open, so that parsers differ, is refused.

use super::malformed::Malformed;
use crate::memory;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::ops::Range;

/// How deep objects and lists may be nested; the outermost object is depth 1. Cognito's own claims need 3.
pub(crate) const MAX_DEPTH: usize = 32;

/// One JSON object: its text, and where its members stand in it.
#[derive(Debug, Default)]
pub(in crate::token) struct Members {
    json: String,
    list: Vec<Member>,
}

/// A member of the object.
#[derive(Debug)]
struct Member {
    name: Name,
    /// Where its value's JSON text stands, without spaces around it.
    value: Range<usize>,
}

/// A member's name.
#[derive(Debug)]
enum Name {
    /// Where it stands, without its quotes.
    Plain(Range<usize>),
    /// One that is written with escapes, decoded.
    Decoded(Box<str>),
}

impl Members {
    /// Parses `json` as an object.
    ///
    /// # Errors
    /// It is not one JSON object and nothing else (RFC 8259; a byte order mark is something else), has a member name
    /// twice at its top level, is nested deeper than [`MAX_DEPTH`], or holds a number that a double cannot hold or a
    /// string that is no Unicode text, at any level.
    pub fn parse(json: String) -> Result<Members, Malformed> {
        let Object(members) = serde_json::from_str(&json).map_err(|error| fault_of(&error))?;
        let mut names: Vec<&str> = members.iter().map(|(name, _)| &**name).collect();
        // Most names differ in their length, which is compared faster.
        names.sort_unstable_by(|one, other| one.len().cmp(&other.len()).then_with(|| one.cmp(other)));
        if names.windows(2).any(|pair| matches!(pair, [one, next] if one == next)) {
            return Err(Malformed::DuplicateMember);
        }
        for (_, value) in &members {
            check_value(value.get())?;
        }
        let member = |(name, value): (Cow<'_, str>, &RawValue)| {
            let name = match name {
                Cow::Borrowed(name) => Name::Plain(place(&json, name)?),
                Cow::Owned(name) => Name::Decoded(name.into()),
            };
            let value = place(&json, value.get())?;
            Some(Member { name, value })
        };
        let list: Option<Vec<Member>> = members.into_iter().map(member).collect();
        let list = list.ok_or(Malformed::NotJsonObject)?;
        Ok(Members { json, list })
    }

    /// Returns the text, as it came.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// Returns the names, decoded, and the values' JSON texts, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let text = |place: &Range<usize>| self.json.get(place.clone()).unwrap_or_default();
        self.list.iter().map(move |member| {
            let name = match &member.name {
                Name::Plain(place) => text(place),
                Name::Decoded(name) => name,
            };
            (name, text(&member.value))
        })
    }

    /// Returns how many bytes of memory it owns.
    pub fn heap_bytes(&self) -> usize {
        let decoded = self.list.iter().map(|member| match &member.name {
            Name::Plain(_) => 0,
            Name::Decoded(name) => memory::block(name.len()),
        });
        let own = [
            memory::block(self.json.capacity()),
            memory::list::<Member>(self.list.capacity()),
        ];
        memory::sum(decoded.chain(own))
    }
}

/// Returns where `part`, which was borrowed from `whole`, stands in it.
fn place(whole: &str, part: &str) -> Option<Range<usize>> {
    let start = part.as_ptr().addr().checked_sub(whole.as_ptr().addr())?;
    let end = start.checked_add(part.len())?;
    (end <= whole.len()).then_some(start..end)
}

/// Returns the string that a value's JSON text is; nothing if it is none.
pub(in crate::token) fn text(raw: &str) -> Option<Cow<'_, str>> {
    #[derive(Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
    serde_json::from_str(raw).ok().map(|Text(text)| text)
}

/// Returns the number that a value's JSON text is; nothing if it is none.
pub(in crate::token) fn number(raw: &str) -> Option<f64> {
    serde_json::from_str(raw).ok()
}

/// Returns the elements of a list, each as its JSON text; nothing if the value is no list.
pub(crate) fn elements(raw: &str) -> Option<Vec<&str>> {
    let elements: Vec<&RawValue> = serde_json::from_str(raw).ok()?;
    Some(elements.into_iter().map(RawValue::get).collect())
}

/// Returns the value at a JSON pointer (RFC 6901) inside of `raw`, a value that has been checked; `steps` are the pointer's
/// unescaped reference tokens. If an object repeats the name of a step, nothing is found: parsers would choose differently.
pub(in crate::token) fn at_pointer<'a>(raw: &'a str, steps: &[String]) -> Option<&'a str> {
    let [step, deeper @ ..] = steps else { return Some(raw) };
    let inner = if raw.starts_with('{') {
        let Object(members) = serde_json::from_str(raw).ok()?;
        let mut found = members.iter().filter(|(name, _)| name == step);
        let (_, value) = found.next()?;
        if found.next().is_some() {
            return None;
        }
        value.get()
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

/// Checks what is not checked when a value is read as text. Most values of a token are plain strings and need no further check.
fn check_value(raw: &str) -> Result<(), Malformed> {
    match raw.as_bytes() {
        [b'"', text @ ..] if memchr::memchr(b'\\', text).is_none() => return Ok(()),
        [b't' | b'f' | b'n', ..] => return Ok(()),
        _ => {}
    }
    let fault = Cell::new(None);
    let value = Strict {
        depth: 2,
        fault: &fault,
    };
    let mut json = serde_json::Deserializer::from_str(raw);
    value
        .deserialize(&mut json)
        .map_err(|error| fault.get().unwrap_or_else(|| fault_of(&error)))
}

/// Classifies an error of `serde_json`, which has no codes, by its text. An unknown text still means that the input is refused, as not a
/// JSON object; the tests below check the texts.
fn fault_of(error: &serde_json::Error) -> Malformed {
    let text = error.to_string();
    if text.starts_with("number out of range") {
        Malformed::NumberOutOfRange
    } else if text.contains("surrogate") || text.starts_with("unexpected end of hex escape") {
        Malformed::LoneSurrogate
    } else {
        Malformed::NotJsonObject
    }
}

/// An object's members in order: names decoded, values as their JSON text.
struct Object<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Object<'de>, D::Error> {
        deserializer.deserialize_map(ObjectVisitor)
    }
}

struct ObjectVisitor;

impl<'de> Visitor<'de> for ObjectVisitor {
    type Value = Object<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Object<'de>, A::Error> {
        #[derive(Deserialize)]
        struct Name<'a>(#[serde(borrow)] Cow<'a, str>);
        /// As many members as a token of Cognito has.
        const USUAL_MEMBERS: usize = 20;
        let mut members = Vec::with_capacity(USUAL_MEMBERS);
        while let Some((Name(name), value)) = entries.next_entry()? {
            members.push((name, value));
        }
        Ok(Object(members))
    }
}

/// Reads a value without keeping it: `serde_json` refuses numbers that a double cannot hold and lone surrogates on the way, and
/// this refuses values that are nested too deep.
#[derive(Clone, Copy)]
struct Strict<'f> {
    /// The depth of this value, if it is an object or a list.
    depth: usize,
    fault: &'f Cell<Option<Malformed>>,
}

impl Strict<'_> {
    /// Returns the depth of the next level, if that is allowed.
    fn inside<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth > MAX_DEPTH {
            self.fault.set(Some(Malformed::TooDeep));
            return Err(E::custom("nested too deep"));
        }
        Ok(Strict {
            depth: self.depth.saturating_add(1),
            ..self
        })
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<(), E> {
        if number.is_finite() {
            return Ok(());
        }
        self.fault.set(Some(Malformed::NumberOutOfRange));
        Err(E::custom("number out of range"))
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let inside = self.inside()?;
        while elements.next_element_seed(inside)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let inside = self.inside()?;
        while members.next_key_seed(inside)?.is_some() {
            members.next_value_seed(inside)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
