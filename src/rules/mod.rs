//! Rules: which one applies to a request, and what it requires.
//!
//! [`RuleSet::interpret`] reads the request, [`RuleSet::matched`] returns the [`MatchedRule`], [`MatchedRule::authorize`] turns a
//! verified identity into a [`access::Permit`]. [`closeness`] describes the principle of matching.

pub mod access;
pub mod closeness;
pub mod host;
mod index;
pub mod method;
pub mod path;
pub mod pattern;
pub mod request;
pub mod route;
mod set;
mod shadow;

pub use host::HostPattern;
pub use path::PathAmbiguous;
pub use pattern::{Captures, PathPattern, PatternError};
pub use request::{Ambiguous, InterpretedRequest, RequestAmbiguous};
pub use set::{Demand, MatchedRule, RuleSet};
pub use shadow::shadowed_rules;

use access::Requirement;

/// Whether a rule demands a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// A valid token.
    Required,
    /// No token is needed, but one that is sent must be valid.
    Optional,
    /// No token is needed, and none is read.
    None,
}

impl Auth {
    /// Returns its name in configuration and route metadata.
    pub const fn as_str(self) -> &'static str {
        match self {
            Auth::Required => "required",
            Auth::Optional => "optional",
            Auth::None => "none",
        }
    }

    /// Returns the value with this name in configuration and route metadata.
    pub fn named(name: &str) -> Option<Auth> {
        match name {
            "required" => Some(Auth::Required),
            "optional" => Some(Auth::Optional),
            "none" => Some(Auth::None),
            _ => None,
        }
    }
}

/// One rule. The first that fits a request exactly decides, together with the demanding rules before it that fit loosely.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Which requests it matches.
    pub matcher: Matcher,
    /// Whether a token is needed.
    pub auth: Auth,
    /// The requirement for the verified token; empty unless `auth` is [`Auth::Required`].
    pub require: Requirement,
}

/// Which requests a rule matches: every given field must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matcher {
    /// The normalized path.
    pub path: Option<PathPattern>,
    /// Whether a rule that demands a token distinguishes the case of paths. A rule that opens always does.
    pub case_sensitive: bool,
    /// One of these methods, upper case; empty: all.
    pub methods: Vec<String>,
    /// One of these hosts; empty: all.
    pub hosts: Vec<HostPattern>,
    /// The name of the Envoy route.
    pub route: Option<String>,
}
