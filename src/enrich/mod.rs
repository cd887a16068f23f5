//! Beyond the token: more claims from UserInfo, the application's own user from a lookup.

pub mod in_flight;
pub mod response_cache;
pub mod user_info;
pub mod user_lookup;

use crate::command::Headers;
use crate::token::claims::ClaimSet;
use sha2::{Digest as _, Sha256};
use std::rc::Rc;
use std::time::Duration;

/// What to do when a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// Answer 503.
    Reject,
    /// Pass without what the call would have given.
    Continue,
}

/// Where a call goes to and how its answers are kept. Used for UserInfo and for the user lookup.
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
    /// How long an answer is remembered; 0 to 86,400 s, zero remembers nothing.
    pub ttl: Duration,
    /// What a failed call means.
    pub on_failure: OnFailure,
}

/// `user_lookup`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserLookupPolicy {
    /// The call.
    pub call: CallPolicy,
    /// Header (lower case) and the member of the answer that it carries.
    pub headers: Vec<(Rc<str>, String)>,
}

/// Which of the two calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Enrichment {
    /// Cognito's UserInfo endpoint.
    UserInfo,
    /// The application's own user.
    UserLookup,
}

/// What a call, or the memory of one, gave.
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

/// Whom a call is about: a digest, so that no token and no `sub` stands anywhere in clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CacheKey(pub [u8; 32]);

impl CacheKey {
    /// The digest of these parts, each with its length, so that no two lists of parts give the same bytes.
    pub fn of<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> CacheKey {
        let mut digest = Sha256::new();
        for part in parts {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        CacheKey(digest.finalize().into())
    }
}
