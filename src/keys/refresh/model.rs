//! What a pool's fetches are given, and what they say to those who wait.

use crate::call::SendCall;
use crate::keys::shared::SharedStore;
use crate::time::UnixTime;
use std::time::Duration;

/// How a pool's keys are fetched and kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchPolicy {
    /// The Envoy cluster.
    pub cluster: String,
    /// The whole URI, for the digest that names the shared entry, as the cluster's name is.
    pub uri: String,
    /// `:authority` of the fetch.
    pub authority: String,
    /// `:path` of the fetch.
    pub path: String,
    /// Age at which the keys are fetched again; 1 to 86,400 s.
    pub ttl: Duration,
    /// How long past the TTL keys go on serving; 0 to 604,800 s.
    pub max_stale: Duration,
    /// One fetch's time limit and the longest that a request waits; 1 to 60,000 ms.
    pub timeout: Duration,
    /// Least time between two fetches that unknown `kid`s cause; 0 to 3,600 s.
    pub refetch_cooldown: Duration,
}

/// The world around a JWKS cache at one moment.
pub struct Surroundings<'a> {
    /// The time.
    pub now: UnixTime,
    /// A random number, new for each callback.
    pub random: u64,
    /// The shared data.
    pub shared: &'a dyn SharedStore,
    /// The way out.
    pub calls: &'a dyn SendCall,
}

/// What can be said to a request whose `kid` is none of the keys'.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refetch {
    /// A fetch is under way or will start at the next tick: wait until [`JwksCache::round`](super::JwksCache::round) is another than this.
    Wait(Round),
    /// The cooldown allows none.
    Throttled,
}

/// How many ends of fetches, good or bad, this worker has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Round(pub(super) u32);

/// When a request without keys may get some.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outlook {
    /// A fetch is under way or about to start.
    UnderWay,
    /// None starts before this time.
    NotBefore(UnixTime),
}
