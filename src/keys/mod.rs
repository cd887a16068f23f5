//! The keys of a user pool: which are accepted, when they are fetched, how workers share them.

pub mod jwks;
pub mod pool;
pub mod refresh;
pub mod rsa;
pub mod schedule;
pub mod shared;

/// The place of a pool in the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PoolId(pub usize);
