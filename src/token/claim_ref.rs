//! How a configuration names a claim, and what a token holds under that name.

use super::merged::MergedClaims;
use std::fmt;

/// The name of a claim in the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimRef {
    /// A literal member name (`cognito:groups`, `custom:a.b`).
    Name(String),
    /// A JSON pointer (RFC 6901): its reference tokens, unescaped; never empty.
    Pointer(Vec<String>),
}

/// What a token holds under a [`ClaimRef`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimLookup<'a> {
    /// No such claim.
    Absent,
    /// An `email` or `phone_number`, or a part of it, that Cognito has not verified: the user may have made it up.
    Unverified,
    /// The claim's JSON text.
    Found(&'a str),
}

/// Why a text names no claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadClaimRef {
    /// The text is empty.
    Empty,
    /// A `~` of a JSON pointer is followed by neither `0` nor `1` (RFC 6901, section 3).
    BadEscape,
}

impl fmt::Display for BadClaimRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            BadClaimRef::Empty => "must not be empty",
            BadClaimRef::BadEscape => "must have 0 or 1 after each ~, as JSON pointers have (RFC 6901)",
        })
    }
}

impl ClaimRef {
    /// Parses a claim's name as configurations have it: a literal name, or a JSON pointer if it begins with `/`.
    ///
    /// # Errors
    /// See [`BadClaimRef`].
    pub fn parse(name: &str) -> Result<ClaimRef, BadClaimRef> {
        if name.is_empty() {
            return Err(BadClaimRef::Empty);
        }
        let Some(pointer) = name.strip_prefix('/') else {
            return Ok(ClaimRef::Name(name.into()));
        };
        let tokens: Option<Vec<String>> = pointer.split('/').map(reference_token).collect();
        tokens.map(ClaimRef::Pointer).ok_or(BadClaimRef::BadEscape)
    }

    /// Returns the name of the top-level claim that this is, or is a part of.
    pub fn top_level(&self) -> &str {
        match self {
            ClaimRef::Name(name) => name,
            ClaimRef::Pointer(steps) => steps.first().map(String::as_str).unwrap_or_default(),
        }
    }

    /// Looks the claim up. The rule for attributes that users write themselves is about the claim, however it is named and
    /// however deep a pointer goes into it.
    pub fn look_up<'a>(&self, claims: &MergedClaims<'a>) -> ClaimLookup<'a> {
        let name = self.top_level();
        let Some(set) = claims.source_of(name) else {
            return ClaimLookup::Absent;
        };
        if !claims.is_trustworthy(name) {
            return ClaimLookup::Unverified;
        }
        let raw = match self {
            ClaimRef::Name(name) => set.raw(name),
            ClaimRef::Pointer(steps) => set.pointer(steps),
        };
        raw.map_or(ClaimLookup::Absent, ClaimLookup::Found)
    }
}

/// As the configuration has it.
impl fmt::Display for ClaimRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClaimRef::Name(name) => f.write_str(name),
            ClaimRef::Pointer(steps) => steps
                .iter()
                .try_for_each(|step| write!(f, "/{}", step.replace('~', "~0").replace('/', "~1"))),
        }
    }
}

/// Unescapes a reference token of a JSON pointer (RFC 6901, section 4): `~1` is `/`, `~0` is `~`.
fn reference_token(escaped: &str) -> Option<String> {
    let mut token = String::new();
    let mut chars = escaped.chars();
    while let Some(char) = chars.next() {
        token.push(match char {
            '~' => match chars.next()? {
                '0' => '~',
                '1' => '/',
                _ => return None,
            },
            _ => char,
        });
    }
    Some(token)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::claims::ClaimSet;

    #[test]
    fn names_are_shown_as_they_are_configured() {
        for text in ["cognito:groups", "/a", "/a//0", "/a~1b/~0~01"] {
            assert_eq!(ClaimRef::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn names_are_literal_and_pointers_begin_with_a_slash() {
        let pointer = |steps: &[&str]| Ok(ClaimRef::Pointer(steps.iter().map(|step| (*step).to_owned()).collect()));
        for (text, expected) in [
            ("cognito:groups", Ok(ClaimRef::Name("cognito:groups".to_owned()))),
            ("a/b~2", Ok(ClaimRef::Name("a/b~2".to_owned()))),
            ("/", pointer(&[""])),
            ("/a", pointer(&["a"])),
            ("/a//0", pointer(&["a", "", "0"])),
            ("/a~1b/~0~01", pointer(&["a/b", "~~1"])),
            ("/a~2", Err(BadClaimRef::BadEscape)),
            ("/a~", Err(BadClaimRef::BadEscape)),
            ("", Err(BadClaimRef::Empty)),
        ] {
            assert_eq!(ClaimRef::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn an_unverified_attribute_is_neither_found_nor_absent() {
        use ClaimLookup::{Absent, Found, Unverified};
        for (name, json, expected) in [
            ("a", r#"{"a":1}"#, Found("1")),
            ("a", r#"{"b":1}"#, Absent),
            ("/a/b", r#"{"a":{"b":1}}"#, Found("1")),
            ("/a/c", r#"{"a":{"b":1}}"#, Absent),
            ("email", r#"{"email":"e","email_verified":true}"#, Found("\"e\"")),
            ("email", r#"{"email":"e"}"#, Unverified),
            ("/email", r#"{"email":"e","email_verified":false}"#, Unverified),
            ("/email/x", r#"{"email":{"x":1},"email_verified":"false"}"#, Unverified),
            ("email", r#"{"email_verified":false}"#, Absent),
            (
                "phone_number",
                r#"{"phone_number":"1","email_verified":true}"#,
                Unverified,
            ),
            ("email_verified", r#"{"email_verified":false}"#, Found("false")),
        ] {
            let set = ClaimSet::parse(json.to_owned()).unwrap();
            let found = ClaimRef::parse(name).unwrap().look_up(&MergedClaims::new(&set, None));
            assert_eq!(found, expected, "{name} {json}");
        }
    }
}
