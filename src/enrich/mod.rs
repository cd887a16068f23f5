//! Data about the user beyond the token: more claims from UserInfo, the application's own user from a lookup.
//!
//! Both are an [`Enrichment`]: a call about a verified token, whose answer is cached and shared by all workers.

#[cfg(test)]
mod fake_store;
pub mod in_flight;
pub mod response_cache;
pub mod shared_answers;
pub mod user_info;
pub mod user_lookup;

use crate::call::HttpCall;
use crate::command::Headers;
use crate::digest;
use crate::identity::ValueTooLong;
use crate::memory;
use crate::metrics::Counter;
use crate::time::UnixTime;
use crate::token::Identity;
use crate::token::claims::ClaimSet;
use crate::token::merged::MergedClaims;
use crate::trace::Check;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

/// A call about a verified token.
pub trait Enrichment {
    /// Returns which of the calls it is.
    fn kind(&self) -> EnrichmentKind;

    /// Returns where the call is sent, and how its answers are cached.
    fn policy(&self) -> &CallPolicy;

    /// Reports whether the call is made for this token.
    fn applies_to(&self, identity: &Identity) -> bool;

    /// Returns a digest of everything that the answer depends on. Two questions with the same key share an answer.
    fn cache_key(&self, question: &Question<'_>) -> CacheKey;

    /// Returns the call.
    fn call(&self, question: &Question<'_>) -> HttpCall;

    /// Interprets an answer for a token of this `sub`.
    fn interpret(&self, answer: &Answer, sub: &str) -> Interpretation;

    /// Returns the answer without the parts that are not needed, for the memory that workers share.
    fn reduced(&self, answer: Answer) -> Answer;

    /// Returns the time until which an answer about this token may be cached.
    fn not_after(&self, identity: &Identity) -> UnixTime;
}

/// What a call is about.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The token's text, which was parsed, so it is visible ASCII.
    pub token: &'a [u8],
    /// Its claims, with those that UserInfo has added.
    pub claims: MergedClaims<'a>,
}

/// Which of the two calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EnrichmentKind {
    /// Cognito's UserInfo endpoint.
    UserInfo,
    /// The application's own user.
    UserLookup,
}

impl EnrichmentKind {
    /// Both, in the order of the calls: the lookup gets the claims that UserInfo adds.
    pub const ALL: [EnrichmentKind; 2] = [EnrichmentKind::UserInfo, EnrichmentKind::UserLookup];

    /// Returns its name in log lines, at their beginning.
    pub const fn name(self) -> &'static str {
        match self {
            EnrichmentKind::UserInfo => "UserInfo",
            EnrichmentKind::UserLookup => "user lookup",
        }
    }

    /// The method of the call.
    pub const fn method(self) -> &'static str {
        match self {
            EnrichmentKind::UserInfo => "GET",
            EnrichmentKind::UserLookup => "POST",
        }
    }

    /// The step of a trace.
    pub const fn check(self) -> Check {
        match self {
            EnrichmentKind::UserInfo => Check::UserInfo,
            EnrichmentKind::UserLookup => Check::UserLookup,
        }
    }

    /// What the answer of a refusal is, and what it should have been.
    pub const fn refusal(self) -> (&'static str, &'static str) {
        match self {
            EnrichmentKind::UserInfo => ("answered with status 401", "status 200"),
            EnrichmentKind::UserLookup => ("answered with status 403 or 404", "status 200 or 201"),
        }
    }

    /// Returns the counter of calls with this outcome.
    pub const fn counter(self, outcome: &Outcome) -> Counter {
        match (self, outcome) {
            (EnrichmentKind::UserInfo, Outcome::Failed) => Counter::UserInfoFailed,
            (EnrichmentKind::UserInfo, _) => Counter::UserInfoSuccess,
            (EnrichmentKind::UserLookup, Outcome::Failed) => Counter::UserLookupFailed,
            (EnrichmentKind::UserLookup, _) => Counter::UserLookupSuccess,
        }
    }

    /// Returns the counter of requests that needed no call.
    pub const fn cached_counter(self) -> Counter {
        match self {
            EnrichmentKind::UserInfo => Counter::UserInfoCached,
            EnrichmentKind::UserLookup => Counter::UserLookupCached,
        }
    }
}

/// What to do when a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// Respond with 503.
    Reject,
    /// Pass without the result of the call.
    Continue,
}

/// Where a call is sent, and how its answers are cached. Used for UserInfo and for the user lookup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallPolicy {
    /// The Envoy cluster.
    pub cluster: String,
    /// `:authority` of the call: the URI's host, with its port if it has one.
    pub authority: String,
    /// `:path` of the call, with the query.
    pub path: String,
    /// 1 to 60,000 ms.
    pub timeout: Duration,
    /// How long an answer is cached; 0 to 86,400 s, zero caches nothing.
    pub ttl: Duration,
    /// What a failed call means.
    pub on_failure: OnFailure,
}

/// Where the call goes: `users.internal/cognito/users through cluster "users"`.
impl fmt::Display for CallPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CallPolicy {
            cluster,
            authority,
            path,
            ..
        } = self;
        write!(f, "{authority}{path} through cluster {cluster:?}")
    }
}

impl CallPolicy {
    /// Returns the parts of a [`CacheKey`] that identify where the call is sent.
    fn target(&self) -> [&[u8]; 3] {
        [&self.cluster, &self.authority, &self.path].map(|part| part.as_bytes())
    }

    fn call(&self, method: &'static str, headers: Vec<(&'static str, String)>, body: Vec<u8>) -> HttpCall {
        HttpCall {
            cluster: self.cluster.clone(),
            method,
            authority: self.authority.clone(),
            path: self.path.clone(),
            headers,
            body,
            timeout: self.timeout,
        }
    }
}

/// An answer as workers share it: what is needed to interpret it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body, or the parts of it that are needed.
    pub body: Vec<u8>,
}

/// The result of a call, or of its cached answer.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// UserInfo's claims.
    Claims(Rc<ClaimSet>),
    /// The application's headers.
    Headers(Rc<Headers>),
    /// 401 of UserInfo, 403 or 404 of the user lookup.
    Refused,
    /// Anything else.
    Failed,
}

impl Outcome {
    /// Returns how many bytes of memory it owns, alone or with others.
    pub(in crate::enrich) fn heap_bytes(&self) -> usize {
        match self {
            Outcome::Claims(claims) => memory::shared(size_of::<ClaimSet>()).saturating_add(claims.heap_bytes()),
            Outcome::Headers(headers) => memory::shared(size_of::<Headers>()).saturating_add(headers.heap_bytes()),
            Outcome::Refused | Outcome::Failed => 0,
        }
    }
}

/// The interpretation of an answer, and the headers that it leaves out.
#[derive(Clone, Debug)]
pub struct Interpretation {
    /// The outcome.
    pub outcome: Outcome,
    /// To be logged as warnings.
    pub left_out: Vec<ValueTooLong>,
}

impl From<Outcome> for Interpretation {
    fn from(outcome: Outcome) -> Interpretation {
        Interpretation {
            outcome,
            left_out: Vec::new(),
        }
    }
}

/// A digest of what an answer depends on, so that no token and no claim is stored in clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CacheKey(pub [u8; 32]);

impl CacheKey {
    /// Returns the digest of these parts, each with its length, so that different lists of parts never give the same bytes.
    pub fn of<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> CacheKey {
        CacheKey(digest::of_parts(parts))
    }
}
