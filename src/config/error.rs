//! The errors of a configuration: the place of each and how to fix it.

use super::headers::HeaderFault;
use super::identity::IdentityFault;
use super::pools::PoolFault;
use super::require::RequireFault;
use super::rules::RuleFault;
use super::schema::{Beside, Field, Object, Type};
use super::sources::SourceFault;
use super::url::UrlFault;
use crate::keys::jwks::{BadKeySet, SkippedKey};
use crate::rules::PatternError;
use crate::rules::host::HostError;
use crate::token::claim_ref::BadClaimRef;
use std::fmt;
use thiserror::Error;

/// One error of a configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfigError {
    /// The JSON path of the fault (`pools[0].client_ids`); empty for the whole configuration.
    pub path: String,
    /// What is wrong.
    pub fault: Fault,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&line(&self.path, &self.fault))
    }
}

/// Returns a message about the place `path`, as one line.
pub(in crate::config) fn line(path: &str, text: &dyn fmt::Display) -> String {
    match path {
        "" => format!("config: {text}"),
        path => format!("config: {path}: {text}"),
    }
}

/// An error of a value; its text says how to fix it.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum Fault {
    /// The bytes are neither JSON text nor a `google.protobuf.Struct`.
    #[error("must be JSON text or a google.protobuf.Struct, but {0}")]
    Unreadable(String),
    /// The value has the wrong type, or is out of bounds.
    #[error("must be {expected}, not {found}{}", hint(expected))]
    WrongType {
        /// What it must be.
        expected: &'static Type,
        /// What it is.
        found: Found,
    },
    /// The string is empty.
    #[error("must not be empty{}", hint(expected))]
    Empty {
        /// What it must be.
        expected: &'static Type,
    },
    /// The number is 2^53 or more.
    #[error("is 2^53 or more, where numbers are no longer exact: have it issued as a string, and compare that")]
    NumberTooLarge,
    /// The list or object has too few members; the text says what to do.
    #[error("{0}")]
    TooFew(&'static str),
    /// The list is too long.
    #[error("must have at most {most} {noun}, not {found}")]
    TooMany {
        /// The most elements.
        most: usize,
        /// What the elements are.
        noun: &'static str,
        /// How many it has.
        found: usize,
    },
    /// The element equals an earlier one of its list.
    #[error("is in the list already: name it once")]
    Repeated,
    /// The element means the same as an earlier one of its list, though its spelling differs.
    #[error("means the same as an earlier one of the list: name it once")]
    Equivalent,
    /// The object has a member that does not exist.
    #[error(
        "unknown member {}{}; members are: {}",
        quoted(name),
        suggestion(name, object),
        names_of(object)
    )]
    UnknownMember {
        /// Its name.
        name: String,
        /// The object's members.
        object: &'static Object,
    },
    /// The object repeats a member.
    #[error("repeated member {}{}", quoted(name), object.map(|object| format!("; members are: {}", names_of(object))).unwrap_or_default())]
    RepeatedMember {
        /// Its name.
        name: String,
        /// The object's members; `None` if they have names of the user's choice.
        object: Option<&'static Object>,
    },
    /// The object has a member whose name is empty.
    #[error("must not have an empty name")]
    NamelessMember,
    /// A required member is missing.
    #[error("is missing: must be {} ({})", field.ty, field.summary())]
    Missing {
        /// The member.
        field: &'static Field,
    },
    /// The object must have a member and has none.
    #[error("must have at least one of: {}", names_of(object))]
    NoMember {
        /// The object's members.
        object: &'static Object,
    },
    /// The object must have exactly one of several members.
    #[error("must have exactly one of: {}{}", names.join(", "), but_has(found))]
    NotExactlyOne {
        /// The members.
        names: &'static [&'static str],
        /// Those that it has.
        found: Vec<&'static str>,
    },
    /// The member is only allowed together with another one, which is missing.
    #[error("is only allowed together with \"{}\": {}", .0.other, .0.reason)]
    NotBeside(&'static Beside),
    /// A URL that cannot be called.
    #[error(transparent)]
    Url(#[from] UrlFault),
    /// An error of a user pool.
    #[error(transparent)]
    Pool(#[from] PoolFault),
    /// The JWK set cannot be used.
    #[error("{0}")]
    KeySet(BadKeySet),
    /// A key of the JWK set cannot be used.
    #[error("{0}")]
    Key(SkippedKey),
    /// The name of a claim.
    #[error("{0}")]
    Claim(BadClaimRef),
    /// The pattern of a path.
    #[error("{0}")]
    Path(PatternError),
    /// The pattern of a host.
    #[error("{0}")]
    Host(HostError),
    /// An error of a rule.
    #[error(transparent)]
    Rule(#[from] RuleFault),
    /// An error of a requirement.
    #[error(transparent)]
    Require(#[from] RequireFault),
    /// The name of a header.
    #[error(transparent)]
    Header(#[from] HeaderFault),
    /// An error of a token source.
    #[error(transparent)]
    Source(#[from] SourceFault),
    /// An error of `identity`.
    #[error(transparent)]
    Identity(#[from] IdentityFault),
    /// A reader refused a value that the table allows, without a reason.
    #[error("is refused")]
    Unspecified,
}

impl Fault {
    /// Reports whether the fault is one of types, bounds and members, which the JSON Schema contains as well.
    pub fn is_structural(&self) -> bool {
        match self {
            Fault::WrongType { .. }
            | Fault::Empty { .. }
            | Fault::NumberTooLarge
            | Fault::TooFew(_)
            | Fault::TooMany { .. }
            | Fault::Repeated
            | Fault::UnknownMember { .. }
            | Fault::RepeatedMember { .. }
            | Fault::NamelessMember
            | Fault::Missing { .. }
            | Fault::NoMember { .. }
            | Fault::NotExactlyOne { .. }
            | Fault::NotBeside(_) => true,
            Fault::Unreadable(_)
            | Fault::Equivalent
            | Fault::Url(_)
            | Fault::Pool(_)
            | Fault::KeySet(_)
            | Fault::Key(_)
            | Fault::Claim(_)
            | Fault::Path(_)
            | Fault::Host(_)
            | Fault::Rule(_)
            | Fault::Require(_)
            | Fault::Header(_)
            | Fault::Source(_)
            | Fault::Identity(_)
            | Fault::Unspecified => false,
        }
    }
}

/// A value of the wrong type.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// A kind of JSON value, with its article.
    Kind(&'static str),
    /// A string, shown as it is.
    Text(String),
    /// A number, shown as it is.
    Number(f64),
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Found::Kind(kind) => f.write_str(kind),
            Found::Text(text) => f.write_str(&quoted(text)),
            Found::Number(number) if number.abs() < 1e15 => write!(f, "{number}"),
            Found::Number(_) => f.write_str("a larger number"),
        }
    }
}

fn names_of(object: &Object) -> String {
    let names: Vec<&str> = object.fields.iter().map(|field| field.name).collect();
    names.join(", ")
}

/// Returns the member that was probably meant, if one is near enough.
fn suggestion(name: &str, object: &Object) -> String {
    let distance = |known: &str| strsim::osa_distance(&name.to_lowercase(), known);
    let nearest = object.fields.iter().min_by_key(|field| distance(field.name));
    match nearest.filter(|field| distance(field.name) <= MAX_TYPOS && distance(field.name) < field.name.len()) {
        Some(field) => format!(" (did you mean \"{}\"?)", field.name),
        None => String::new(),
    }
}

fn hint(ty: &Type) -> String {
    match ty.hint {
        "" => String::new(),
        hint => format!(": {hint}"),
    }
}

fn but_has(found: &[&str]) -> String {
    match found {
        [] => String::new(),
        found => format!(", but has {}", found.join(" and ")),
    }
}

/// All errors of a configuration, at least one. They are shown as one line with the first [`SHOWN_ERRORS`].
#[derive(Clone, Debug, PartialEq)]
pub struct ConfigErrors(Vec<ConfigError>);

impl ConfigErrors {
    /// Returns these errors, or an unspecified one if there are none.
    pub(in crate::config) fn new(mut errors: Vec<ConfigError>) -> ConfigErrors {
        if errors.is_empty() {
            // Not reachable as long as every reader reports what it refuses.
            errors.push(ConfigError {
                path: String::new(),
                fault: Fault::Unspecified,
            });
        }
        ConfigErrors(errors)
    }

    /// Returns an error of the configuration as a whole.
    pub(in crate::config) fn unreadable(reason: String) -> ConfigErrors {
        ConfigErrors(vec![ConfigError {
            path: String::new(),
            fault: Fault::Unreadable(reason),
        }])
    }

    /// Returns the errors: first those of types, bounds and members, then those of the meaning of values.
    pub fn iter(&self) -> impl Iterator<Item = &ConfigError> {
        self.0.iter()
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, error) in self.0.iter().take(SHOWN_ERRORS).enumerate() {
            if nth > 0 {
                f.write_str("; ")?;
            }
            error.fmt(f)?;
        }
        match self.0.len().saturating_sub(SHOWN_ERRORS) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

impl std::error::Error for ConfigErrors {}

/// Returns `text` in double quotes, on one line and no longer than [`SHOWN_CHARS`], for names and values in messages.
pub(in crate::config) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for (nth, char) in text.chars().enumerate() {
        if nth >= SHOWN_CHARS {
            out.push('…');
            break;
        }
        match char {
            '"' | '\\' => out.extend(['\\', char]),
            _ if char.is_control() => out.push('\u{fffd}'),
            _ => out.push(char),
        }
    }
    out.push('"');
    out
}

/// How many errors one line reports: more than a person fixes at a time.
pub const SHOWN_ERRORS: usize = 20;

/// How many characters of a name or value a message shows: enough for every name in Cognito.
const SHOWN_CHARS: usize = 128;

/// How many letters of an unknown member's name may differ from the name that is suggested instead.
const MAX_TYPOS: usize = 2;
