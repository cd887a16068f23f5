//! A JWK set as JSON has it: every shape is read, so that one odd key does not cost the others.
//!
//! Only text that is no JSON (or nested deeper than `serde_json` goes: 128) is an error here.

use super::MAX_KEYS;
use core::fmt;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::collections::BTreeSet;

/// What a text holds where a JWK set should be.
#[derive(Debug)]
pub(super) enum Document {
    /// A list `keys`: its first 64 elements, and how many there are.
    Keys { entries: Vec<Entry>, total: usize },
    /// No object, or none with a list `keys`.
    NotASet,
    /// An object with more than one member `keys`.
    KeysTwice,
}

/// An element of `keys`.
#[derive(Debug)]
pub(super) enum Entry {
    Object(Box<Jwk>),
    NotAnObject,
}

impl Entry {
    /// The `kid` if there is one that is a string.
    pub(super) fn kid(&self) -> Option<&str> {
        match self {
            Entry::Object(jwk) => match &jwk.kid {
                Some(Member::Text(kid)) => Some(kid),
                _ => None,
            },
            Entry::NotAnObject => None,
        }
    }
}

/// A JWK: the members that decide, each as it first came.
#[derive(Debug, Default)]
pub(super) struct Jwk {
    pub(super) kty: Option<Member>,
    pub(super) kid: Option<Member>,
    /// `use`.
    pub(super) usage: Option<Member>,
    pub(super) key_ops: Option<Member>,
    pub(super) alg: Option<Member>,
    pub(super) n: Option<Member>,
    pub(super) e: Option<Member>,
    /// A member name that stands twice.
    pub(super) repeated: Option<String>,
}

impl Jwk {
    fn slot(&mut self, name: &str) -> Option<&mut Option<Member>> {
        match name {
            "kty" => Some(&mut self.kty),
            "kid" => Some(&mut self.kid),
            "use" => Some(&mut self.usage),
            "key_ops" => Some(&mut self.key_ops),
            "alg" => Some(&mut self.alg),
            "n" => Some(&mut self.n),
            "e" => Some(&mut self.e),
            _ => None,
        }
    }
}

/// The value of a member.
#[derive(Debug)]
pub(super) enum Member {
    Text(String),
    Texts(Vec<String>),
    /// Neither a string nor a list of strings.
    Other,
}

/// Reads what is neither of the shapes that a visitor is after as this value.
macro_rules! otherwise {
    (@scalars $other:expr) => {
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok($other)
        }
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok($other)
        }
        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok($other)
        }
        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok($other)
        }
        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok($other)
        }
    };
    (@text $other:expr) => {
        fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
            Ok($other)
        }
    };
    (@list $other:expr) => {
        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            while list.next_element::<IgnoredAny>()?.is_some() {}
            Ok($other)
        }
    };
    (@object $other:expr) => {
        fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
            while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok($other)
        }
    };
}

/// Reads a type by its visitor.
macro_rules! read_by {
    ($visitor:ident => $value:ty) => {
        impl<'de> Deserialize<'de> for $value {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$value, D::Error> {
                deserializer.deserialize_any($visitor)
            }
        }
    };
}

struct DocumentVisitor;
read_by!(DocumentVisitor => Document);

impl<'de> Visitor<'de> for DocumentVisitor {
    type Value = Document;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JWK set")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Document, A::Error> {
        let mut document = None;
        while let Some(name) = object.next_key::<String>()? {
            if name != "keys" {
                object.next_value::<IgnoredAny>()?;
                continue;
            }
            let list: List = object.next_value()?;
            document = Some(match (document, list) {
                (Some(_), _) => Document::KeysTwice,
                (None, List::Entries { entries, total }) => Document::Keys { entries, total },
                (None, List::NotAList) => Document::NotASet,
            });
        }
        Ok(document.unwrap_or(Document::NotASet))
    }

    otherwise!(@scalars Document::NotASet);
    otherwise!(@text Document::NotASet);
    otherwise!(@list Document::NotASet);
}

enum List {
    Entries { entries: Vec<Entry>, total: usize },
    NotAList,
}

struct ListVisitor;
read_by!(ListVisitor => List);

impl<'de> Visitor<'de> for ListVisitor {
    type Value = List;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of JWKs")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<List, A::Error> {
        let mut entries = Vec::new();
        while entries.len() < MAX_KEYS {
            match list.next_element()? {
                Some(entry) => entries.push(entry),
                None => break,
            }
        }
        let mut total = entries.len();
        while list.next_element::<IgnoredAny>()?.is_some() {
            total = total.saturating_add(1);
        }
        Ok(List::Entries { entries, total })
    }

    otherwise!(@scalars List::NotAList);
    otherwise!(@text List::NotAList);
    otherwise!(@object List::NotAList);
}

struct EntryVisitor;
read_by!(EntryVisitor => Entry);

impl<'de> Visitor<'de> for EntryVisitor {
    type Value = Entry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JWK")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Entry, A::Error> {
        let mut jwk = Jwk::default();
        let mut names = BTreeSet::new();
        while let Some(name) = object.next_key::<String>()? {
            if names.contains(&name) {
                object.next_value::<IgnoredAny>()?;
                jwk.repeated.get_or_insert(name);
                continue;
            }
            match jwk.slot(&name) {
                Some(slot) => *slot = Some(object.next_value()?),
                None => {
                    object.next_value::<IgnoredAny>()?;
                }
            }
            names.insert(name);
        }
        Ok(Entry::Object(Box::new(jwk)))
    }

    otherwise!(@scalars Entry::NotAnObject);
    otherwise!(@text Entry::NotAnObject);
    otherwise!(@list Entry::NotAnObject);
}

struct MemberVisitor;
read_by!(MemberVisitor => Member);

impl<'de> Visitor<'de> for MemberVisitor {
    type Value = Member;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value of a JWK's member")
    }

    fn visit_str<E>(self, text: &str) -> Result<Member, E> {
        Ok(Member::Text(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Member, A::Error> {
        let mut texts = Some(Vec::new());
        while let Some(element) = list.next_element()? {
            match (element, &mut texts) {
                (Member::Text(text), Some(texts)) => texts.push(text),
                (Member::Text(_), None) => {}
                (Member::Texts(_) | Member::Other, _) => texts = None,
            }
        }
        Ok(texts.map_or(Member::Other, Member::Texts))
    }

    otherwise!(@scalars Member::Other);
    otherwise!(@object Member::Other);
}
