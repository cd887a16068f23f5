//! The parts of a request that rules match on, and requests that servers read in different ways, which are not matched.

use super::host::Authority;
use super::path::{NormalizedPath, PathAmbiguous};
use std::fmt;

/// The parts of a request that rules match on, each in the form that is compared. Only [`RuleSet::interpret`] creates one.
///
/// [`RuleSet::interpret`]: super::RuleSet::interpret
#[derive(Clone, Debug)]
pub struct InterpretedRequest<'a> {
    pub(in crate::rules) method: &'a [u8],
    pub(in crate::rules) authority: Authority<'a>,
    pub(in crate::rules) path: NormalizedPath<'a>,
}

/// A request that servers read in different ways, in a part that a rule matches on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ambiguous {
    /// In its authority or method.
    Request(RequestAmbiguous),
    /// In its path.
    Path(PathAmbiguous),
}

/// Why servers disagree on the host or the method of a request. Such a request is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestAmbiguous {
    /// `user@example.com`: Envoy routes by the whole text, most servers by the part after the `@`.
    UserInformation,
    /// `example.com.`: the same name as `example.com` (RFC 1034, section 3.1) to a resolver, but not to Envoy.
    TrailingDot,
    /// `a.example, b.example`: two values that a proxy joined.
    Comma,
    /// The port is empty or not a number from 1 to 65535 without leading zeros.
    Port,
    /// A character that no host name has: parsers of URLs end the host there, decode it or drop it.
    HostCharacter,
    /// The method is not a token (RFC 9110, section 9.1).
    Method,
    /// A header such as `x-http-method-override` names another method.
    MethodOverride,
}

impl fmt::Display for Ambiguous {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ambiguous::Request(reason) => reason.fmt(out),
            Ambiguous::Path(reason) => reason.fmt(out),
        }
    }
}

impl std::error::Error for Ambiguous {}

impl fmt::Display for RequestAmbiguous {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            RequestAmbiguous::UserInformation => "the authority holds user information",
            RequestAmbiguous::TrailingDot => "the host ends with a dot",
            RequestAmbiguous::Comma => "the authority holds a comma",
            RequestAmbiguous::Port => "the authority's port is not a number from 1 to 65535",
            RequestAmbiguous::HostCharacter => "the authority holds a character that no host name has",
            RequestAmbiguous::Method => "the method is not a token",
            RequestAmbiguous::MethodOverride => "a header names another method than the request has",
        })
    }
}

impl std::error::Error for RequestAmbiguous {}
