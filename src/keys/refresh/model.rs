//! The inputs of a pool's fetches, and their results for requests that wait.

use crate::call::SendCall;
use crate::keys::shared::SharedStore;
use crate::time::UnixTime;
use std::time::Duration;

/// How a pool's keys are fetched and cached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchPolicy {
    /// The Envoy cluster.
    pub cluster: String,
    /// The whole URI, for the digest in the name of the shared entry.
    pub uri: String,
    /// `:authority` of the fetch.
    pub authority: String,
    /// `:path` of the fetch.
    pub path: String,
    /// Age at which the keys are fetched again; 1 to 86,400 s.
    pub ttl: Duration,
    /// How long past the TTL keys are used; 0 to 604,800 s.
    pub max_stale: Duration,
    /// One fetch's time limit and the longest that a request waits; 1 to 60,000 ms.
    pub timeout: Duration,
    /// The minimum time between two fetches caused by unknown `kid`s; 0 to 3,600 s.
    pub refetch_cooldown: Duration,
}

/// The host during one callback.
pub struct Surroundings<'a> {
    /// The time.
    pub now: UnixTime,
    /// A random number, new for each callback.
    pub random: u64,
    /// The shared data.
    pub shared: &'a dyn SharedStore,
    /// HTTP calls.
    pub calls: &'a dyn SendCall,
}

/// What a request whose `kid` no key has can wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refetch {
    /// A fetch is in progress or will start at the next tick: wait until [`JwksCache::round`](super::JwksCache::round) is another than this.
    Wait(Round),
    /// The cooldown allows none.
    Throttled,
}

/// How many fetches, successful or not, this worker has seen end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Round(pub(super) u32);

/// What a request without usable keys can wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outlook {
    /// A fetch is in progress or about to start.
    UnderWay,
    /// None starts before this time.
    NotBefore(UnixTime),
}
