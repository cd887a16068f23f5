//! Who may do what: which rule applies to a request, and what it demands.

pub mod access;
pub mod path;

use access::Requirement;
use path::PathPattern;

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

/// One rule. Of all rules the first whose matcher holds decides.
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
    /// One of these methods, upper case; empty: all.
    pub methods: Vec<String>,
    /// One of these hosts; empty: all.
    pub hosts: Vec<HostPattern>,
    /// The name of the Envoy route.
    pub route: Option<String>,
}

/// A host that a rule is for, lower case, without port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostPattern {
    /// This host.
    Exact(String),
    /// `*.example.com`: one or more labels before this suffix (kept with its leading dot).
    Subdomains(String),
}
