//! The configuration, read into types that can only hold valid settings.

pub mod error;
pub mod schema;

mod calls;
mod compile;
mod headers;
mod identity;
mod issuers;
mod keys;
mod partition;
mod pools;
mod protobuf_struct;
mod reader;
mod require;
mod rules;
mod sources;
mod unmeetable;
mod url;

use error::ConfigErrors;
use issuers::IssuerIndex;

use crate::enrich::user_info::UserInfoPolicy;
use crate::enrich::user_lookup::UserLookupPolicy;
use crate::enrich::{Enrichment, EnrichmentKind};
use crate::identity::IdentityPolicy;
use crate::json::{self, Node};
use crate::keys::PoolId;
use crate::keys::jwks::KeySet;
pub use crate::keys::refresh::FetchPolicy;
use crate::rules::Rule;
use crate::token::check::ClaimPolicy;
use crate::token::source::TokenSource;
pub use pools::MAX_POOLS;
use std::rc::Rc;

/// All settings, checked. Only [`Config::parse`] creates one.
#[derive(Debug)]
pub struct Config {
    /// 1 to 1,000 pools.
    pub pools: Vec<Pool>,
    /// Every issuer of every pool.
    issuers: IssuerIndex,
    /// Where a token is looked for, in order; never empty.
    pub token_sources: Vec<TokenSource>,
    /// The rules; the first exact match ends the search.
    pub rules: Vec<Rule>,
    /// What the upstream learns about the user.
    pub identity: IdentityPolicy,
    /// Find or create the application's own user.
    pub user_lookup: Option<UserLookupPolicy>,
    /// Whether decisions are enforced.
    pub mode: Mode,
    /// Whether CORS preflights pass without a token.
    pub bypass_cors_preflight: bool,
    /// How many verified tokens a worker caches, and in how many bytes.
    pub token_cache: TokenCacheLimits,
    /// The longest token, and the longest value of an identity or lookup header.
    pub limits: Limits,
    /// Realm of `www-authenticate`.
    pub realm: String,
    /// Whether clients see the reason for a rejection.
    pub disclose_reason: bool,
    /// Warnings: what is valid but probably a mistake, such as a rule that can never match.
    pub warnings: Vec<String>,
}

impl Config {
    /// Reads the plugin configuration: JSON text, or a serialized `google.protobuf.Struct`, which is how Envoy passes a
    /// configuration of that type. Empty input is an empty Struct.
    ///
    /// # Errors
    /// All errors in it, each with its path and how to fix it. The filter must not run then.
    pub fn parse(bytes: &[u8]) -> Result<Config, ConfigErrors> {
        let tree = read_tree(bytes)?;
        compile::compile(&tree)
    }

    /// Returns the call of this kind about tokens of this pool, if one is configured.
    pub fn enrichment(&self, kind: EnrichmentKind, pool: PoolId) -> Option<&dyn Enrichment> {
        match kind {
            EnrichmentKind::UserInfo => {
                let user_info = self.pools.get(pool.0)?.user_info.as_ref()?;
                Some(user_info)
            }
            EnrichmentKind::UserLookup => {
                let user_lookup = self.user_lookup.as_ref()?;
                Some(user_lookup)
            }
        }
    }

    /// Returns the pool whose tokens have this `iss`, which is compared exactly. The time does not depend on the number of
    /// pools.
    pub fn pool_of(&self, issuer: &str) -> Option<(PoolId, &Pool)> {
        let id = self.issuers.find(issuer)?;
        self.pools.get(id.0).map(|pool| (id, pool))
    }
}

/// Reads either form. A Struct begins with the tag of its first field, 0x0A. That is a line feed as well, and JSON text may begin with white
/// space; a length after the tag may look like `{`. So both are tried: no bytes are both, since a Struct has control
/// characters (the tag 0x12 of each value) where JSON allows none.
fn read_tree(bytes: &[u8]) -> Result<Node, ConfigErrors> {
    if bytes.is_empty() {
        return struct_tree(bytes);
    }
    let json = json_tree(bytes);
    if json.is_ok() || bytes.first() != Some(&0x0a) {
        return json;
    }
    let looks_like_json = bytes.trim_ascii_start().first() == Some(&b'{');
    struct_tree(bytes).or_else(|error| if looks_like_json { json } else { Err(error) })
}

fn struct_tree(bytes: &[u8]) -> Result<Node, ConfigErrors> {
    protobuf_struct::decode(bytes).map_err(|error| ConfigErrors::unreadable(format!("as a Struct: {error}")))
}

fn json_tree(bytes: &[u8]) -> Result<Node, ConfigErrors> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        ConfigErrors::unreadable(format!("is not UTF-8 at byte {at}"))
    })?;
    json::parse(text).map_err(|error| ConfigErrors::unreadable(format!("as JSON: {error}")))
}

/// The bounds of a worker's cache of verified tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenCacheLimits {
    /// 0 to 100,000; 0 switches the cache off.
    pub max_entries: usize,
    /// 1 to 512.
    pub max_mebibytes: usize,
}

impl TokenCacheLimits {
    /// `max_mebibytes` in bytes.
    pub fn max_bytes(&self) -> usize {
        self.max_mebibytes.saturating_mul(1 << 20)
    }
}

/// The sizes that are accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest token, in bytes: 1,024 to 65,536.
    pub token_bytes: usize,
    /// The longest value of an identity or lookup header, in bytes after encoding: 256 to 65,536.
    pub header_value_bytes: usize,
}

/// Whether decisions are enforced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Rejected requests get a response from the filter.
    Enforce,
    /// Rejections are only logged and counted.
    Shadow,
}

/// A user pool whose tokens are accepted.
#[derive(Debug)]
pub struct Pool {
    /// `<region>_<id>`, as Cognito shows it; for log lines.
    pub user_pool_id: String,
    /// Every `iss` that is this pool's; compared exactly.
    pub issuers: Vec<String>,
    /// The conditions for its tokens' claims.
    pub claims: ClaimPolicy,
    /// Where its keys come from.
    pub keys: KeySource,
    /// More claims for access tokens.
    pub user_info: Option<UserInfoPolicy>,
}

/// Where a pool's keys come from.
#[derive(Debug)]
pub enum KeySource {
    /// They are in the configuration: nothing is fetched.
    Inline(Rc<KeySet>),
    /// They are fetched from the pool's JWKS endpoint.
    Fetched(FetchPolicy),
}
