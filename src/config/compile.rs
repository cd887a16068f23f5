//! The configuration from top to bottom: its members, in the order in which the documentation has them.

use super::error::ConfigErrors;
use super::headers::OwnedHeaders;
use super::reader::{Diagnostics, Object, Value};
use super::{Config, Limits, Mode, TokenCacheLimits, calls, identity, pools, rules, sources};
use crate::json::Node;
use std::time::Duration;

const MEMBERS: [&str; 13] = [
    "pools",
    "token_sources",
    "rules",
    "identity",
    "user_lookup",
    "clock_skew_seconds",
    "mode",
    "bypass_cors_preflight",
    "token_cache",
    "limits",
    "realm",
    "disclose_reason",
    "$schema",
];

/// Compiles the tree.
///
/// # Errors
/// All that is wrong with it.
pub(in crate::config) fn compile(tree: &Node) -> Result<Config, ConfigErrors> {
    let findings = Diagnostics::default();
    let config = config(&Value::root(tree, &findings));
    let errors = findings.errors.into_inner();
    match config {
        Some(config) if errors.is_empty() => Ok(Config {
            warnings: findings.warnings.into_inner(),
            ..config
        }),
        _ => Err(ConfigErrors::new(errors)),
    }
}

fn config(root: &Value<'_>) -> Option<Config> {
    let object = root.object(&MEMBERS)?;
    // For editors; it must be a string, and means nothing.
    object.optional("$schema").and_then(|value| value.text());
    let clock_skew = Duration::from_secs(object.whole_number("clock_skew_seconds", 0, 300, 60).into());
    let pools = object.required("pools", "must list the user pools whose tokens are accepted");
    let (pools, issuers) = pools.map(|value| pools::pools(&value, clock_skew)).unwrap_or_default();
    let mut owned = OwnedHeaders::default();
    let identity = identity::identity(object.optional("identity"), root, &mut owned);
    let user_lookup = object
        .optional("user_lookup")
        .and_then(|value| calls::user_lookup(&value, &mut owned));
    let token_sources = match object.optional("token_sources") {
        Some(value) => sources::token_sources(&value, &owned).unwrap_or_default(),
        None => sources::default_sources(),
    };
    let rules = object
        .optional("rules")
        .map(|value| rules::rules(&value))
        .unwrap_or_default();
    Some(Config {
        pools,
        issuers,
        token_sources,
        rules,
        identity,
        user_lookup,
        mode: object
            .optional("mode")
            .and_then(|value| mode(&value))
            .unwrap_or(Mode::Enforce),
        bypass_cors_preflight: object.truth("bypass_cors_preflight", false),
        token_cache: token_cache(object.optional("token_cache")),
        limits: limits(object.optional("limits")),
        realm: object
            .optional("realm")
            .and_then(|value| realm(&value))
            .unwrap_or_else(|| "cognito".into()),
        disclose_reason: object.truth("disclose_reason", true),
        warnings: Vec::new(),
    })
}

fn mode(value: &Value<'_>) -> Option<Mode> {
    if value.word(&["enforce", "shadow"])? == 0 {
        return Some(Mode::Enforce);
    }
    // Forgotten, it would leave the application open without a word.
    value
        .warn("is \"shadow\": nothing is refused, decisions are only logged and counted; leave it out to enforce them");
    Some(Mode::Shadow)
}

fn token_cache(value: Option<Value<'_>>) -> TokenCacheLimits {
    let object = value.and_then(|value| value.object(&["max_entries", "max_mebibytes"]));
    TokenCacheLimits {
        max_entries: size(object.as_ref(), "max_entries", 0, 100_000, 1000),
        max_mebibytes: size(object.as_ref(), "max_mebibytes", 1, 512, 32),
    }
}

fn limits(value: Option<Value<'_>>) -> Limits {
    let object = value.and_then(|value| value.object(&["token_bytes", "header_value_bytes"]));
    Limits {
        token_bytes: size(object.as_ref(), "token_bytes", 1024, 65_536, 16_384),
        header_value_bytes: size(object.as_ref(), "header_value_bytes", 256, 65_536, 4096),
    }
}

fn size(object: Option<&Object<'_>>, name: &str, least: u32, most: u32, default: u32) -> usize {
    object.map_or(default, |object| object.whole_number(name, least, most, default)) as usize
}

/// A realm stands in `www-authenticate` between quotes, as it is.
fn realm(value: &Value<'_>) -> Option<String> {
    let realm = value.name()?;
    if !realm
        .bytes()
        .all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\'))
    {
        value.refuse("must be visible ASCII and spaces, without quotes and backslashes");
        return None;
    }
    Some(realm.into())
}
