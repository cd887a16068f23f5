//! What a rule demands of a verified identity.

use crate::token::TokenUse;
use core::time::Duration;

/// What a rule demands; every given field must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Requirement {
    /// Over `cognito:groups`.
    pub groups: Words,
    /// Over the words of `scope`.
    pub scopes: Words,
    /// The kind of token.
    pub token_use: Option<TokenUse>,
    /// One of these app clients; empty: no demand.
    pub client_ids: Vec<String>,
    /// Claims and the values of which each must equal (a list claim: contain) one.
    pub claims: Vec<(String, Vec<ClaimValue>)>,
    /// Names of the rule's template and the claim that the segment must equal.
    pub path_claims: Vec<(String, String)>,
    /// `auth_time` is present and no older; 1 to 31,536,000 s.
    pub max_age: Option<Duration>,
}

/// A demand on a list of words: one of `any` (if given) and each of `all`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// At least one of these; empty: no demand.
    pub any: Vec<String>,
    /// Each of these.
    pub all: Vec<String>,
}

/// A value that a claim is compared with: a JSON string, number or boolean.
#[derive(Clone, Debug, PartialEq)]
pub enum ClaimValue {
    /// A string.
    Text(String),
    /// A number.
    Number(f64),
    /// A boolean.
    Bool(bool),
}
