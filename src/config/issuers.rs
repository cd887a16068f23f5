//! Finds the pool of a token's `iss`.

use crate::keys::PoolId;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;

/// Every issuer of every pool. The time to find one does not depend on the number of pools.
#[derive(Default)]
pub(in crate::config) struct IssuerIndex(HashMap<Box<str>, PoolId>);

impl IssuerIndex {
    /// Adds an issuer of a pool.
    ///
    /// # Errors
    /// Another pool, which is returned, has this issuer already.
    pub(in crate::config) fn add(&mut self, issuer: &str, pool: PoolId) -> Result<(), PoolId> {
        match self.0.entry(issuer.into()) {
            Entry::Vacant(vacant) => {
                vacant.insert(pool);
                Ok(())
            }
            Entry::Occupied(other) => Err(*other.get()),
        }
    }

    /// Returns the pool of an `iss`, which is compared exactly.
    pub(in crate::config) fn find(&self, issuer: &str) -> Option<PoolId> {
        self.0.get(issuer).copied()
    }
}

/// Omitted: the pools contain all issuers.
impl fmt::Debug for IssuerIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} issuers", self.0.len())
    }
}
