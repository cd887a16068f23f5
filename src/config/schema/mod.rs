//! The one table of the configuration's fields: names, types, bounds, defaults, descriptions and examples.
//!
//! It is the source of the structural check of a configuration ([`check`]) and of the JSON Schema ([`json_schema`]), to which a test
//! compares the tables of the documents. The meaning of a value beyond its type (a URL, a header's name, two fields that contradict
//! each other) is checked where it is read.

pub(in crate::config) mod check;
pub(in crate::config) mod fields;
mod json_schema;
mod pattern;

pub use fields::CONFIGURATION;
pub use json_schema::{json_schema, schema_of};
pub use pattern::Pattern;

use std::fmt;

/// What a value must be.
#[derive(Debug, PartialEq)]
pub struct Type {
    /// Its kind and bounds.
    pub shape: Shape,
    /// A small value of this type, as JSON.
    pub example: &'static str,
    /// What to write instead of a wrong value; empty for no hint.
    pub hint: &'static str,
}

/// The kind of a value and its bounds.
#[derive(Debug, PartialEq)]
pub enum Shape {
    /// Any string, the empty one too.
    AnyText,
    /// A string that is not empty, optionally of a given form.
    Text(Option<Pattern>),
    /// A number whose whole part a double holds exactly: less than 2^53.
    Number,
    /// A whole number from the first to the second. `60.0` is one: a Struct holds doubles only.
    Integer(u32, u32),
    /// `true` or `false`.
    Boolean,
    /// One of these strings.
    Words(&'static [&'static str]),
    /// A list.
    List(List),
    /// An object whose members have names of the user's choice.
    Map(Map),
    /// An object with known members.
    Object(&'static Object),
    /// A JWK set: an object that [`crate::keys::jwks`] checks.
    JwkSet,
    /// One of several types. No two of them accept the same kind of JSON value, except [`Shape::Words`].
    Either {
        /// The types.
        types: &'static [&'static Type],
        /// A description of all of them, which completes "must be …".
        expected: &'static str,
    },
}

/// A list and its bounds.
#[derive(Debug, PartialEq)]
pub struct List {
    /// What each element must be.
    pub items: &'static Type,
    /// The fewest elements.
    pub least: usize,
    /// The most elements.
    pub most: usize,
    /// What the elements are, in the plural.
    pub noun: &'static str,
    /// Whether no two elements may be equal.
    pub unique: bool,
    /// The message for a list with too few elements, after the list's place.
    pub hint: &'static str,
}

/// An object whose members have names of the user's choice; none of them is empty.
#[derive(Debug, PartialEq)]
pub struct Map {
    /// What each member must be.
    pub values: &'static Type,
    /// The fewest members: 0 or 1.
    pub least: usize,
    /// The message for an object with too few members.
    pub hint: &'static str,
}

/// An object with known members; others are refused.
#[derive(Debug, PartialEq)]
pub struct Object {
    /// Its title in the documents.
    pub title: &'static str,
    /// Its purpose.
    pub description: &'static str,
    /// Its members, in the order of the documents.
    pub fields: &'static [Field],
    /// Which of them must be given.
    pub members: Members,
    /// Members that are only allowed together with another one.
    pub beside: &'static [Beside],
}

/// A member that is only allowed together with another one.
#[derive(Debug, PartialEq)]
pub struct Beside {
    /// The member.
    pub name: &'static str,
    /// The other one.
    pub other: &'static str,
    /// Why.
    pub reason: &'static str,
}

/// Which members of an object must be given, apart from the required ones.
#[derive(Debug, PartialEq)]
pub enum Members {
    /// No further rule.
    Any,
    /// One or more of them.
    AtLeastOne,
    /// Exactly one of these.
    ExactlyOneOf(&'static [&'static str]),
}

/// A member of an object.
#[derive(Debug, PartialEq)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What it must be.
    pub ty: &'static Type,
    /// Whether it must be given.
    pub presence: Presence,
    /// Its purpose, in plain English.
    pub description: &'static str,
}

/// Whether a member must be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It is required.
    Required,
    /// It is optional; its description says what happens without it.
    Optional,
    /// It is optional, with this default, as JSON.
    Default(&'static str),
}

impl Object {
    /// Returns the member `name`.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

impl Field {
    /// Returns the first sentence of the description as a phrase: in lower case, without the full stop.
    pub fn summary(&self) -> String {
        let sentence = self
            .description
            .split(". ")
            .next()
            .unwrap_or_default()
            .trim_end_matches('.');
        let mut chars = sentence.chars();
        let first = chars.next().map(|first| first.to_ascii_lowercase());
        first.into_iter().chain(chars).collect()
    }

    const fn required(name: &'static str, ty: &'static Type, description: &'static str) -> Field {
        Field {
            name,
            ty,
            presence: Presence::Required,
            description,
        }
    }

    const fn optional(name: &'static str, ty: &'static Type, description: &'static str) -> Field {
        Field {
            name,
            ty,
            presence: Presence::Optional,
            description,
        }
    }

    const fn default(name: &'static str, ty: &'static Type, default: &'static str, description: &'static str) -> Field {
        Field {
            name,
            ty,
            presence: Presence::Default(default),
            description,
        }
    }
}

impl Type {
    const fn any_text(example: &'static str) -> Type {
        Type {
            shape: Shape::AnyText,
            example,
            hint: "",
        }
    }

    const fn text(example: &'static str) -> Type {
        Type {
            shape: Shape::Text(None),
            example,
            hint: "",
        }
    }

    const fn pattern(pattern: Pattern, example: &'static str) -> Type {
        Type {
            shape: Shape::Text(Some(pattern)),
            example,
            hint: "",
        }
    }

    const fn integer(least: u32, most: u32, example: &'static str) -> Type {
        Type {
            shape: Shape::Integer(least, most),
            example,
            hint: "",
        }
    }

    const fn words(words: &'static [&'static str], example: &'static str) -> Type {
        Type {
            shape: Shape::Words(words),
            example,
            hint: "",
        }
    }

    /// Returns a list of at least one value, none of them twice.
    const fn set(items: &'static Type, hint: &'static str, example: &'static str) -> Type {
        Type {
            shape: Shape::List(List {
                items,
                least: 1,
                most: usize::MAX,
                noun: "elements",
                unique: true,
                hint,
            }),
            example,
            hint: "",
        }
    }

    const fn hint(mut self, hint: &'static str) -> Type {
        self.hint = hint;
        self
    }

    const fn object(object: &'static Object, example: &'static str) -> Type {
        Type {
            shape: Shape::Object(object),
            example,
            hint: "",
        }
    }
}

/// `true` or `false`.
static BOOLEAN: Type = Type {
    shape: Shape::Boolean,
    example: "true",
    hint: "",
};

/// Says what the value must be: completes "must be …".
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let example = self.example;
        match &self.shape {
            Shape::AnyText | Shape::Text(None) => write!(f, "a string such as {example}"),
            Shape::Text(Some(pattern)) => write!(f, "{pattern}, such as {example}"),
            Shape::Number => write!(f, "a number such as {example}"),
            Shape::Integer(least, most) => write!(f, "a whole number from {least} to {most}"),
            Shape::Boolean => f.write_str("true or false"),
            Shape::Words(words) => fmt_words(words, f),
            Shape::List(_) => write!(f, "a list such as {example}"),
            Shape::Map(_) | Shape::Object(_) => write!(f, "an object such as {example}"),
            Shape::JwkSet => write!(f, "a JWK set such as {example}"),
            Shape::Either { expected, .. } => f.write_str(expected),
        }
    }
}

/// `"id", "access" or "any"`.
fn fmt_words(words: &[&str], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (nth, word) in words.iter().enumerate() {
        let is_last = nth.saturating_add(1) == words.len();
        f.write_str(match nth {
            0 => "",
            _ if is_last => " or ",
            _ => ", ",
        })?;
        write!(f, "\"{word}\"")?;
    }
    Ok(())
}
