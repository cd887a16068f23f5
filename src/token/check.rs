//! One function for each claim that decides.

use core::time::Duration;

/// What a pool demands of its tokens' claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimPolicy {
    /// The app clients that are accepted.
    pub clients: Clients,
    /// Which of the pool's tokens are accepted.
    pub token_use: AcceptedUse,
    /// Leeway on `exp`, `nbf` and `iat`; 0 to 300 s.
    pub clock_skew: Duration,
}

/// The app clients that a pool accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clients {
    /// Any client of the pool, but there must be one.
    Any,
    /// One of these.
    OneOf(Vec<String>),
}

/// The kinds of token that a pool accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AcceptedUse {
    /// ID tokens.
    Id,
    /// Access tokens.
    Access,
    /// Both.
    Any,
}
