//! One alternative of a requirement: every demand of it must hold.

use super::matcher::ClaimMatcher;
use super::path_claim::segment_equals;
use crate::rules::pattern::Captures;
use crate::token::claim_ref::{ClaimLookup, ClaimRef};
use crate::token::merged::MergedClaims;
use crate::token::{Identity, TokenUse};
use std::fmt;
use std::time::Duration;

/// The demands of one alternative; every given field must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Alternative {
    /// On `cognito:groups`.
    pub groups: AnyAll,
    /// On the words of `scope`.
    pub scopes: AnyAll,
    /// The kind of token.
    pub token_use: Option<TokenUse>,
    /// One of these app clients; empty: no demand.
    pub client_ids: Vec<String>,
    /// Claims and what each must be.
    pub claims: Vec<(ClaimRef, ClaimMatcher)>,
    /// Names of the rule's template and the claim that the segment must equal, or that must contain it.
    pub path_claims: Vec<(String, ClaimRef)>,
    /// `auth_time` is present and no older; 1 to 31,536,000 s.
    pub max_age: Option<Duration>,
}

/// A demand on a list of words: one of `any` (if given) and each of `all`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnyAll {
    /// At least one of these; empty: no demand.
    pub any: Vec<String>,
    /// Each of these.
    pub all: Vec<String>,
}

/// A demand that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unmet {
    /// `groups`.
    Groups,
    /// `scopes`.
    Scopes,
    /// `token_use`.
    TokenUse,
    /// `client_ids`.
    ClientIds,
    /// `claims`.
    Claims,
    /// `path_claims`.
    PathClaims,
}

impl fmt::Display for Unmet {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Unmet::Groups => "the user is not in a group that may do this",
            Unmet::Scopes => "the token lacks a scope that this needs",
            Unmet::TokenUse => "this needs the other kind of token",
            Unmet::ClientIds => "the token's app client may not do this",
            Unmet::Claims => "a claim of the token does not have a value that this needs",
            Unmet::PathClaims => "the path belongs to somebody else",
        })
    }
}

impl Alternative {
    /// Reports whether no field is given.
    pub fn demands_nothing(&self) -> bool {
        self.demands_no_claim() && self.max_age.is_none()
    }

    /// Reports whether no field except `max_age` is given.
    fn demands_no_claim(&self) -> bool {
        // Destructured completely, so that a new field is not forgotten here.
        let Alternative {
            groups,
            scopes,
            token_use,
            client_ids,
            claims,
            path_claims,
            max_age: _,
        } = self;
        groups.is_empty()
            && scopes.is_empty()
            && token_use.is_none()
            && client_ids.is_empty()
            && claims.is_empty()
            && path_claims.is_empty()
    }

    /// Returns the first demand that does not hold; `max_age` is not checked.
    pub(super) fn first_unmet(&self, identity: &Identity, captures: &Captures) -> Option<Unmet> {
        if self.demands_no_claim() {
            return None;
        }
        let claims = identity.claims();
        let scopes = claims.scope().unwrap_or_default();
        let all = MergedClaims::new(claims.set(), None);
        let demands = [
            (Unmet::Groups, self.groups.hold(|| claims.groups())),
            (Unmet::Scopes, self.scopes.hold(|| scopes.split(' '))),
            (
                Unmet::TokenUse,
                self.token_use.is_none_or(|wanted| wanted == identity.token_use()),
            ),
            (Unmet::ClientIds, self.client_holds(identity)),
            (
                Unmet::Claims,
                self.claims.iter().all(|(claim, matcher)| matcher.holds(claim, &all)),
            ),
            (
                Unmet::PathClaims,
                self.path_claims
                    .iter()
                    .all(|(name, claim)| path_claim_holds(name, claim, captures, &all)),
            ),
        ];
        demands.into_iter().find(|(_, holds)| !holds).map(|(unmet, _)| unmet)
    }

    /// Checks the app client. Any of several audiences of an ID token may match, as for the pool (RFC 7519, section 4.1.3).
    fn client_holds(&self, identity: &Identity) -> bool {
        let is_for = |client: &String| match identity.token_use() {
            TokenUse::Id => identity.claims().audience().any(|audience| audience == client),
            TokenUse::Access => **identity.client() == **client,
        };
        self.client_ids.is_empty() || self.client_ids.iter().any(is_for)
    }
}

/// Whether the segment that the template calls `name` equals the claim, or an element of it.
pub(super) fn path_claim_holds(name: &str, claim: &ClaimRef, captures: &Captures, all: &MergedClaims<'_>) -> bool {
    match claim.look_up(all) {
        ClaimLookup::Found(raw) => captures.value(name).is_some_and(|segment| segment_equals(raw, segment)),
        ClaimLookup::Absent | ClaimLookup::Unverified => false,
    }
}

impl AnyAll {
    /// Reports whether nothing is demanded.
    pub fn is_empty(&self) -> bool {
        let AnyAll { any, all } = self;
        any.is_empty() && all.is_empty()
    }

    /// Reports whether the words of `found` meet the demand. `found` is called again for each word: both lists are short.
    fn hold<'w, I: Iterator<Item = &'w str>>(&self, found: impl Fn() -> I) -> bool {
        let has = |wanted: &String| found().any(|word| word == wanted);
        (self.any.is_empty() || self.any.iter().any(has)) && self.all.iter().all(has)
    }

    /// Returns each word once.
    pub(super) fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        super::merge_new(&mut words, self.all.clone());
        super::merge_new(&mut words, self.any.clone());
        words
    }
}
