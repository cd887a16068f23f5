//! Who may do what: which rule applies to a request, and what it demands.
//!
//! [`RuleSet::interpret`] reads the request, [`RuleSet::matched`] gives the [`MatchedRule`], [`MatchedRule::authorize`] turns a
//! verified identity into a [`access::Permit`]. The principle of matching stands in [`closeness`].

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

/// What a rule demands of a request's token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// A valid token.
    Required,
    /// None, but one that is sent must be valid.
    Optional,
    /// None, and none is looked at.
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

    /// Returns the one that goes by `name` in configuration and route metadata.
    pub fn named(name: &str) -> Option<Auth> {
        match name {
            "required" => Some(Auth::Required),
            "optional" => Some(Auth::Optional),
            "none" => Some(Auth::None),
            _ => None,
        }
    }
}

/// One rule. The first that fits a request exactly decides, together with the demanding ones before it that fit loosely.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Which requests it is for.
    pub matcher: Matcher,
    /// Whether a token is needed.
    pub auth: Auth,
    /// What the verified token must hold; nothing unless `auth` is [`Auth::Required`].
    pub require: Requirement,
}

/// Which requests a rule is for: every given field must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matcher {
    /// The normalized path.
    pub path: Option<PathPattern>,
    /// Whether a path in another case is another path for a rule that demands, too. For one that opens it always is.
    pub case_sensitive: bool,
    /// One of these methods, upper case; empty: all.
    pub methods: Vec<String>,
    /// One of these hosts; empty: all.
    pub hosts: Vec<HostPattern>,
    /// The name of the Envoy route.
    pub route: Option<String>,
}
