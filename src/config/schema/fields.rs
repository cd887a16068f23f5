//! The table: every object of the configuration and its members, from the outside to the inside.

mod identity;
mod pools;
mod rules;
mod top;

pub(in crate::config) use identity::{IDENTITY, TOKEN_SOURCE, USER_LOOKUP};
pub(in crate::config) use pools::{JWKS, POOL, USER_INFO};
pub(in crate::config) use rules::{ALTERNATIVE, CLAIM_MATCHER, GROUP_WORDS, MATCH, PATH, RULE, SCOPE_WORDS};
pub use top::CONFIGURATION;
pub(in crate::config) use top::{LIMITS, TOKEN_CACHE, TOP};
