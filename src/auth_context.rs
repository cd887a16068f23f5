//! A request on its way through the decision: what is known of it, and what it waits for.

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

/// A request whose credential has been found: all that the rest of the decision needs of it. Owned, it can wait.
#[derive(Debug)]
pub struct AuthContext<'a> {
    pub(crate) rule: MatchedRule,
    pub(crate) token: Cow<'a, [u8]>,
    pub(crate) removal: Vec<HeaderEdit>,
    /// The cache has been asked for the token, so it is not counted again.
    pub(crate) is_counted: bool,
    /// It has waited for keys that came after it, so an unknown `kid` is unknown for good.
    pub(crate) has_looked_again: bool,
    /// The token, once it has been verified.
    pub(crate) verified: Option<Rc<Verified>>,
    /// The permission to pass, once the requirement holds.
    pub(crate) permit: Option<Permit<Verified>>,
    user_info: Lookup,
    user_lookup: Lookup,
}

/// What is known of an enrichment.
#[derive(Debug)]
pub(crate) enum Lookup {
    /// Nothing yet.
    Pending,
    /// What the call, or the cache, gave.
    Found(Outcome),
    /// There is nothing to ask, or it failed where that does not matter.
    Skipped,
}

/// How far a decision has come.
#[derive(Debug)]
pub enum Progress<'a> {
    /// To its end.
    Complete(AuthDecision),
    /// It waits.
    Pending(AuthContext<'a>, Wait),
}

/// What a request waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// The pool has no usable keys.
    Keys(PoolId),
    /// No key of the pool has the token's `kid`; a fetch might bring it.
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

    /// Returns the refusal of those for whom there is no room to wait, or no hope.
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

    /// Returns the context on its own, apart from the host's memory.
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

    /// The fetch that it waited for has ended.
    pub fn look_again(&mut self) {
        self.has_looked_again = true;
    }

    /// It ends here, with this rejection.
    pub fn denied(self, rejection: Rejection, pool: Option<PoolId>) -> AuthDecision {
        AuthDecision::Deny(Denial {
            rejection,
            pool,
            verified: self.verified,
            removal: self.removal,
        })
    }

    /// Returns what is known of an enrichment.
    pub(crate) fn lookup(&mut self, kind: EnrichmentKind) -> &mut Lookup {
        match kind {
            EnrichmentKind::UserInfo => &mut self.user_info,
            EnrichmentKind::UserLookup => &mut self.user_lookup,
        }
    }

    /// Returns the claims that UserInfo gave.
    pub(crate) fn user_info(&self) -> Option<Rc<ClaimSet>> {
        match &self.user_info {
            Lookup::Found(Outcome::Claims(claims)) => Some(Rc::clone(claims)),
            Lookup::Found(_) | Lookup::Pending | Lookup::Skipped => None,
        }
    }

    /// Returns the headers that the user lookup gave.
    pub(crate) fn user_headers(&self) -> Option<Rc<Headers>> {
        match &self.user_lookup {
            Lookup::Found(Outcome::Headers(headers)) => Some(Rc::clone(headers)),
            Lookup::Found(_) | Lookup::Pending | Lookup::Skipped => None,
        }
    }
}
