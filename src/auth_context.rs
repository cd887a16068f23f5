//! The state of a request during the decision: what is known about it, and what it waits for.

use crate::cache::Verified;
use crate::command::{HeaderEdit, Headers};
use crate::enrich::{CacheKey, EnrichmentKind, Outcome};
use crate::keys::PoolId;
use crate::keys::refresh::Round;
use crate::reject::Rejection;
use crate::responder::{AuthDecision, Denial};
use crate::rules::MatchedRule;
use crate::rules::access::Permit;
use crate::token::claims::ClaimSet;
use std::borrow::Cow;
use std::rc::Rc;

/// A request whose credential was found: everything that the rest of the decision needs. The owned form can wait.
#[derive(Debug)]
pub struct AuthContext<'a> {
    pub(crate) rule: MatchedRule,
    pub(crate) token: Cow<'a, [u8]>,
    pub(crate) removal: Vec<HeaderEdit>,
    /// Whether the cache was searched for the token, so that this is not counted again.
    pub(crate) is_counted: bool,
    /// Whether it has waited for keys that were fetched after it arrived, so that an unknown `kid` is final.
    pub(crate) has_looked_again: bool,
    /// The token, if it was verified.
    pub(crate) verified: Option<Rc<Verified>>,
    /// The permission to pass, if the requirement holds.
    pub(crate) permit: Option<Permit<Verified>>,
    user_info: Lookup,
    user_lookup: Lookup,
}

/// What is known about an enrichment.
#[derive(Debug)]
pub(crate) enum Lookup {
    /// Nothing yet.
    Pending,
    /// The result of the call, or from the cache.
    Found(Outcome),
    /// No call is needed, or it failed with `on_failure: continue`.
    Skipped,
}

/// The progress of a decision.
#[derive(Debug)]
pub enum Progress<'a> {
    /// It is complete.
    Complete(AuthDecision),
    /// It waits.
    Pending(AuthContext<'a>, Wait),
}

/// What a request waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// The pool has no usable keys.
    Keys(PoolId),
    /// No key of the pool has the token's `kid`; a fetch might return one.
    Kid(PoolId, Round),
    /// A call.
    Call(EnrichmentKind, CacheKey, PoolId),
}

impl Wait {
    /// Returns the pool of the token, for the log line.
    pub fn pool(self) -> PoolId {
        match self {
            Wait::Keys(pool) | Wait::Kid(pool, _) | Wait::Call(_, _, pool) => pool,
        }
    }

    /// Returns the rejection of a request that cannot wait, for lack of room or of a fetch in time.
    pub fn unavailable(self) -> Rejection {
        match self {
            Wait::Keys(_) | Wait::Kid(..) => Rejection::KeysUnavailable,
            Wait::Call(kind, ..) => Rejection::unavailable(kind),
        }
    }
}

impl<'a> AuthContext<'a> {
    /// Returns a request with this credential, to which this rule applies; `removal` takes the credential out of the request.
    pub fn new(rule: MatchedRule, token: Cow<'a, [u8]>, removal: Vec<HeaderEdit>) -> AuthContext<'a> {
        AuthContext {
            rule,
            token,
            removal,
            is_counted: false,
            has_looked_again: false,
            verified: None,
            permit: None,
            user_info: Lookup::Pending,
            user_lookup: Lookup::Pending,
        }
    }

    /// Returns the context with copies of what it borrowed from the host's memory.
    pub fn into_owned(self) -> AuthContext<'static> {
        AuthContext {
            token: Cow::Owned(self.token.into_owned()),
            rule: self.rule,
            removal: self.removal,
            is_counted: self.is_counted,
            has_looked_again: self.has_looked_again,
            verified: self.verified,
            permit: self.permit,
            user_info: self.user_info,
            user_lookup: self.user_lookup,
        }
    }

    /// Prepares it to be authenticated again: the fetch that it waited for has ended.
    pub fn look_again(&mut self) {
        self.has_looked_again = true;
    }

    /// Returns the decision to reject the request.
    pub fn denied(self, rejection: Rejection, pool: Option<PoolId>) -> AuthDecision {
        AuthDecision::Deny(Denial {
            rejection,
            pool,
            verified: self.verified,
            removal: self.removal,
        })
    }

    /// Returns what is known about an enrichment.
    pub(crate) fn lookup(&mut self, kind: EnrichmentKind) -> &mut Lookup {
        match kind {
            EnrichmentKind::UserInfo => &mut self.user_info,
            EnrichmentKind::UserLookup => &mut self.user_lookup,
        }
    }

    /// Returns the claims from UserInfo.
    pub(crate) fn user_info(&self) -> Option<Rc<ClaimSet>> {
        match &self.user_info {
            Lookup::Found(Outcome::Claims(claims)) => Some(Rc::clone(claims)),
            Lookup::Found(_) | Lookup::Pending | Lookup::Skipped => None,
        }
    }

    /// Returns the headers from the user lookup.
    pub(crate) fn user_headers(&self) -> Option<Rc<Headers>> {
        match &self.user_lookup {
            Lookup::Found(Outcome::Headers(headers)) => Some(Rc::clone(headers)),
            Lookup::Found(_) | Lookup::Pending | Lookup::Skipped => None,
        }
    }
}
