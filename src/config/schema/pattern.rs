//! The forms of strings that both the JSON Schema and the reader check.

use std::fmt;

/// A form that a string must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// `<region>_<id>`.
    UserPoolId,
    /// The name of an AWS region. It becomes part of URLs, so only the characters of AWS's names are allowed.
    Region,
    /// Cognito's API reference: the type `ClientIdType` is `[\w+]+`, 1 to 128 characters. `any` is excluded: in a list it would
    /// look as if it accepted every client.
    ClientId,
    /// A scope-token (RFC 6749, section 3.3), which is quoted in `www-authenticate`.
    Scope,
    /// A realm, which is quoted in `www-authenticate` without escapes.
    Realm,
}

impl Pattern {
    /// Reports whether `text` has the form; the empty string never does.
    pub(in crate::config) fn matches(self, text: &str) -> bool {
        let is_region = |text: &str| {
            let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            !text.is_empty() && text.bytes().all(known)
        };
        let is_quotable = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
        !text.is_empty()
            && match self {
                Pattern::UserPoolId => text.split_once('_').is_some_and(|(region, own)| {
                    is_region(region) && !own.is_empty() && own.bytes().all(|byte| byte.is_ascii_alphanumeric())
                }),
                Pattern::Region => is_region(text),
                Pattern::ClientId => {
                    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'+');
                    text != "any" && text.len() <= 128 && text.bytes().all(is_word)
                }
                Pattern::Scope => text.bytes().all(is_quotable),
                Pattern::Realm => text.bytes().all(|byte| byte == b' ' || is_quotable(byte)),
            }
    }

    /// Returns the form as a regular expression (ECMA 262).
    pub(super) fn regex(self) -> &'static str {
        match self {
            Pattern::UserPoolId => "^[a-z0-9-]+_[A-Za-z0-9]+$",
            Pattern::Region => "^[a-z0-9-]+$",
            Pattern::ClientId => "^[A-Za-z0-9_+]{1,128}$",
            Pattern::Scope => r"^[!#-\[\]-~]+$",
            Pattern::Realm => r"^[ !#-\[\]-~]+$",
        }
    }

    /// Returns the string that matches [`Pattern::regex`] but is not allowed.
    pub(super) fn exception(self) -> Option<&'static str> {
        (self == Pattern::ClientId).then_some("any")
    }
}

/// Says what the string must be: completes "must be …".
impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Pattern::UserPoolId => "<region>_<id> as Cognito shows it",
            Pattern::Region => "the name of a region",
            Pattern::ClientId => "an app client's id (letters, digits, \"_\" and \"+\", at most 128)",
            Pattern::Scope => "a scope (one word of visible ASCII without quotes and backslashes)",
            Pattern::Realm => "visible ASCII and spaces, without quotes and backslashes",
        })
    }
}
