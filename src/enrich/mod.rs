//! Beyond the token: more claims from UserInfo, the application's own user from a lookup.

use core::time::Duration;

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
    pub headers: Vec<(String, String)>,
}
