//! A pool's keys, fetched or from the configuration.

use crate::keys::jwks::KeySet;
use crate::keys::refresh::{JwksCache, Refetch};
use crate::time::UnixTime;
use std::rc::Rc;

/// The keys of one pool in one worker.
#[derive(Debug)]
pub enum PoolKeys {
    /// They are in the configuration and never change.
    Inline(Rc<KeySet>),
    /// They are fetched from the pool's JWKS endpoint.
    Fetched(Box<JwksCache>),
}

impl PoolKeys {
    /// Returns the keys, if they may be used.
    pub fn usable(&self, now: UnixTime) -> Option<&Rc<KeySet>> {
        match self {
            PoolKeys::Inline(set) => Some(set),
            PoolKeys::Fetched(jwks) => jwks.usable(now),
        }
    }

    /// Reports whether the keys are older than their TTL.
    pub fn is_stale(&self, now: UnixTime) -> bool {
        match self {
            PoolKeys::Inline(_) => false,
            PoolKeys::Fetched(jwks) => jwks.is_stale(now),
        }
    }

    /// A number that changes with each new set of keys.
    pub fn generation(&self) -> u32 {
        match self {
            PoolKeys::Inline(_) => 0,
            PoolKeys::Fetched(jwks) => jwks.generation(),
        }
    }

    /// Returns how many keys there are.
    pub fn len(&self) -> usize {
        match self {
            PoolKeys::Inline(set) => set.len(),
            PoolKeys::Fetched(jwks) => jwks.len(),
        }
    }

    /// Reports whether there are no keys.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reports whether a request with a `kid` that no key has may wait for a fetch; `None`: nothing is ever fetched.
    pub fn ask_for_unknown_kid(&mut self, now: UnixTime) -> Option<Refetch> {
        match self {
            PoolKeys::Inline(_) => None,
            PoolKeys::Fetched(jwks) => Some(jwks.ask_for_unknown_kid(now)),
        }
    }

    /// Returns the cache, if keys are fetched.
    pub fn jwks(&self) -> Option<&JwksCache> {
        match self {
            PoolKeys::Inline(_) => None,
            PoolKeys::Fetched(jwks) => Some(jwks),
        }
    }

    /// Returns the cache, if keys are fetched.
    pub fn jwks_mut(&mut self) -> Option<&mut JwksCache> {
        match self {
            PoolKeys::Inline(_) => None,
            PoolKeys::Fetched(jwks) => Some(jwks),
        }
    }
}
