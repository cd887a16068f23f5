//! What a requirement asks for and what a token has instead, for the trace of a refusal.

use super::{Alternative, AnyAll, ClaimMatcher, ClaimValue, Forbidden, Requirement, Unmet};
use crate::rules::pattern::Captures;
use crate::time::UnixTime;
use crate::token::claim_ref::{ClaimLookup, ClaimRef};
use crate::token::merged::MergedClaims;
use crate::token::{Identity, TokenUse};
use crate::trace::{listed, shortened};
use std::fmt;

/// Returns what was found and what is expected where `forbidden` is the outcome of these requirements. Of `claims` and `path_claims` the
/// value in the token is not shown: it may be personal.
pub fn facts<'r>(
    forbidden: &Forbidden,
    requirements: impl IntoIterator<Item = (&'r Requirement, &'r Captures)>,
    identity: &Identity,
    now: UnixTime,
) -> (String, String) {
    let mut found = Vec::new();
    let mut expected = Vec::new();
    match forbidden {
        Forbidden::ReauthenticationRequired { max_age } => {
            found.push(match identity.claims().auth_time() {
                Some(auth_time) => format!("auth_time {auth_time}, now is {}", now.as_secs_f64().floor()),
                None => "no auth_time".to_owned(),
            });
            expected.push(format!("a sign-in within the last {} seconds", max_age.as_secs()));
        }
        Forbidden::NotPermitted { .. } => {
            for (requirement, captures) in requirements {
                for alternative in requirement.alternatives() {
                    if let Some(unmet) = alternative.first_unmet(identity, captures) {
                        let facts = alternative.facts(unmet, identity, captures);
                        super::merge_new(&mut found, vec![facts.0]);
                        super::merge_new(&mut expected, vec![facts.1]);
                    }
                }
            }
        }
    }
    (shortened(&found.join("; ")), shortened(&expected.join(", or ")))
}

impl Alternative {
    /// What the token has, and what this demand asks for.
    fn facts(&self, unmet: Unmet, identity: &Identity, captures: &Captures) -> (String, String) {
        let claims = identity.claims();
        let all = MergedClaims::new(claims.set(), None);
        match unmet {
            Unmet::Groups => (words("groups", claims.groups()), format!("groups with {}", self.groups)),
            Unmet::Scopes => (
                words(
                    "scopes",
                    claims
                        .scope()
                        .unwrap_or_default()
                        .split(' ')
                        .filter(|word| !word.is_empty()),
                ),
                format!("scopes with {}", self.scopes),
            ),
            Unmet::TokenUse => {
                let wanted = self.token_use.map_or("", TokenUse::as_str);
                (
                    format!("token_use {}", identity.token_use().as_str()),
                    format!("token_use {wanted}"),
                )
            }
            Unmet::ClientIds => (
                format!("app client {}", identity.client()),
                format!("app client {}", one_of(&self.client_ids)),
            ),
            Unmet::Claims => {
                let unmet = self.claims.iter().find(|(claim, matcher)| !matcher.holds(claim, &all));
                match unmet {
                    Some((claim, matcher)) => (state(claim, &all), format!("{claim} {matcher}")),
                    None => Default::default(),
                }
            }
            Unmet::PathClaims => {
                let holds = |(name, claim): &&(String, ClaimRef)| {
                    super::alternative::path_claim_holds(name, claim, captures, &all)
                };
                match self.path_claims.iter().find(|one| !holds(one)) {
                    Some((name, claim)) => (
                        state(claim, &all),
                        format!("{claim} equal to the path's segment {{{name}}}"),
                    ),
                    None => Default::default(),
                }
            }
        }
    }
}

fn words<'w>(kind: &str, found: impl Iterator<Item = &'w str>) -> String {
    match listed(found) {
        none if none.is_empty() => format!("no {kind}"),
        some => format!("{kind} {some}"),
    }
}

fn state(claim: &ClaimRef, all: &MergedClaims<'_>) -> String {
    match claim.look_up(all) {
        ClaimLookup::Absent => format!("no {claim}"),
        ClaimLookup::Unverified => format!("{claim} that is not verified"),
        ClaimLookup::Found(_) => format!("{claim} with another value"),
    }
}

fn one_of(words: &[String]) -> String {
    match words {
        [only] => only.clone(),
        _ => format!("one of {}", listed(words.iter().map(String::as_str))),
    }
}

/// `one of a, b and all of c, d`.
impl fmt::Display for AnyAll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.any.is_empty() {
            f.write_str(&one_of(&self.any))?;
        }
        if !self.any.is_empty() && !self.all.is_empty() {
            f.write_str(" and ")?;
        }
        match self.all.as_slice() {
            [] => Ok(()),
            [only] => f.write_str(only),
            all => write!(f, "all of {}", listed(all.iter().map(String::as_str))),
        }
    }
}

/// `equal to "a"`, as it would follow the name of the claim.
impl fmt::Display for ClaimMatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |values: &[ClaimValue]| {
            let values: Vec<String> = values.iter().map(ToString::to_string).collect();
            one_of(&values)
        };
        match self {
            ClaimMatcher::OneOf(values) => write!(f, "equal to {}", list(values)),
            ClaimMatcher::NoneOf(values) => write!(f, "present and not {}", list(values)),
            ClaimMatcher::Prefix(prefix) => write!(f, "with prefix {prefix:?}"),
            ClaimMatcher::Suffix(suffix) => write!(f, "with suffix {suffix:?}"),
            ClaimMatcher::Contains(part) => write!(f, "that contains {part:?}"),
            ClaimMatcher::Words(words) => write!(f, "with the word {}", one_of(words)),
            ClaimMatcher::Present(true) => f.write_str("present"),
            ClaimMatcher::Present(false) => f.write_str("absent"),
        }
    }
}

/// As in JSON.
impl fmt::Display for ClaimValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClaimValue::Text(text) => write!(f, "{text:?}"),
            ClaimValue::Number(number) => write!(f, "{number}"),
            ClaimValue::Bool(truth) => write!(f, "{truth}"),
        }
    }
}
