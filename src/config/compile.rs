//! The configuration from top to bottom: its members, in the order of the documentation.

use super::error::ConfigErrors;
use super::headers::OwnedHeaders;
use super::reader::{Diagnostics, Object, Value};
use super::schema::fields::{IDENTITY, LIMITS, TOKEN_CACHE, TOP};
use super::schema::{CONFIGURATION, check::check};
use super::{Config, Limits, Mode, TokenCacheLimits, calls, identity, pools, rules, sources};
use crate::json::Node;
use std::time::Duration;

/// Compiles the tree.
///
/// # Errors
/// All errors in it.
pub(in crate::config) fn compile(tree: &Node) -> Result<Config, ConfigErrors> {
    let findings = Diagnostics::default();
    let root = Value::root(tree, &findings);
    check(&root, &CONFIGURATION);
    let config = config(&root);
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
    let object = root.object(&TOP)?;
    let clock_skew = Duration::from_secs(object.whole_number("clock_skew_seconds").into());
    let (pools, issuers) = object
        .get("pools")
        .map(|value| pools::pools(&value, clock_skew))
        .unwrap_or_default();
    let limits = limits(&object.section("limits", &LIMITS));
    let mut owned = OwnedHeaders::default();
    let identity = identity::identity(
        &object.section("identity", &IDENTITY),
        root,
        &mut owned,
        limits.header_value_bytes,
    );
    let user_lookup = object
        .get("user_lookup")
        .and_then(|value| calls::user_lookup(&value, &mut owned, limits.header_value_bytes));
    let token_sources = match object.get("token_sources") {
        Some(value) => sources::token_sources(&value, &owned, &pools).unwrap_or_default(),
        None => sources::default_sources(),
    };
    let rules = object
        .get("rules")
        .map(|value| rules::rules(&value, root.is_right_below("pools").then_some(&*pools)))
        .unwrap_or_default();
    Some(Config {
        pools,
        issuers,
        token_sources,
        rules,
        identity,
        user_lookup,
        mode: mode(&object),
        bypass_cors_preflight: object.truth("bypass_cors_preflight"),
        token_cache: token_cache(&object.section("token_cache", &TOKEN_CACHE)),
        limits,
        realm: object.word("realm").into(),
        disclose_reason: object.truth("disclose_reason"),
        warnings: Vec::new(),
    })
}

fn mode(object: &Object<'_>) -> Mode {
    if object.word("mode") != "shadow" {
        return Mode::Enforce;
    }
    // If this setting were forgotten, it would leave the application open without a message.
    if let Some(value) = object.get("mode") {
        value.warn(
            "is \"shadow\": nothing is refused, decisions are only logged and counted; leave it out to enforce them",
        );
    }
    Mode::Shadow
}

fn token_cache(object: &Object<'_>) -> TokenCacheLimits {
    TokenCacheLimits {
        max_entries: object.whole_number("max_entries") as usize,
        max_mebibytes: object.whole_number("max_mebibytes") as usize,
    }
}

fn limits(object: &Object<'_>) -> Limits {
    Limits {
        token_bytes: object.whole_number("token_bytes") as usize,
        header_value_bytes: object.whole_number("header_value_bytes") as usize,
    }
}
