//! `require` of a rule: what a verified token must hold.

use super::error::quoted;
use super::reader::Value;
use crate::json::Node;
use crate::rules::access::{AnyAll, ClaimValue, MAX_EXACT_NUMBER, Requirement};
use crate::rules::pattern::PathPattern;
use crate::token::TokenUse;
use std::time::Duration;

/// A year: an older sign-in is no use to ask for.
const MAX_AGE_SECONDS: u32 = 31_536_000;

const MEMBERS: [&str; 7] = [
    "groups",
    "scopes",
    "token_use",
    "client_ids",
    "claims",
    "path_claims",
    "max_age_seconds",
];

/// Reads `require` of a rule for the paths `path`.
pub(in crate::config) fn requirement(value: &Value<'_>, path: Option<&PathPattern>) -> Option<Requirement> {
    let object = value.object(&MEMBERS)?;
    let groups = object
        .optional("groups")
        .and_then(|value| words(&value, is_any_text, ""));
    let scopes = object
        .optional("scopes")
        .and_then(|value| words(&value, is_scope, SCOPE_MEND));
    let max_age = object
        .optional("max_age_seconds")
        .and_then(|value| value.whole_number(1, MAX_AGE_SECONDS));
    Some(Requirement {
        groups: groups.unwrap_or_default(),
        scopes: scopes.unwrap_or_default(),
        token_use: object.optional("token_use").and_then(|value| token_use(&value)),
        client_ids: object
            .optional("client_ids")
            .and_then(|value| value.names("must name at least one app client, or be left out"))
            .unwrap_or_default(),
        claims: object
            .optional("claims")
            .and_then(|value| claims(&value))
            .unwrap_or_default(),
        path_claims: object
            .optional("path_claims")
            .and_then(|value| path_claims(&value, path))
            .unwrap_or_default(),
        max_age: max_age.map(|seconds| Duration::from_secs(seconds.into())),
    })
}

/// `{"any": […]}` and/or `{"all": […]}`.
fn words(value: &Value<'_>, is_word: fn(&str) -> bool, mend: &str) -> Option<AnyAll> {
    let object = value.object(&["any", "all"])?;
    let list = |name| {
        let value = object.optional(name)?;
        let names = value.names("must name at least one, or be left out")?;
        if let Some(bad) = names.iter().find(|name| !is_word(name)) {
            value.refuse(&format!("{mend}, not {}", quoted(bad)));
        }
        Some(names)
    };
    let (any, all) = (list("any"), list("all"));
    if object.optional("any").is_none() && object.optional("all").is_none() {
        value.refuse("must have \"any\" or \"all\" or both");
    }
    Some(AnyAll {
        any: any.unwrap_or_default(),
        all: all.unwrap_or_default(),
    })
}

fn is_any_text(_: &str) -> bool {
    true
}

const SCOPE_MEND: &str = "must hold scopes, each one word of visible ASCII without quotes and backslashes";

/// A scope-token (RFC 6749, section 3.3). It stands in `www-authenticate`, in quotes.
fn is_scope(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\'))
}

fn token_use(value: &Value<'_>) -> Option<TokenUse> {
    match value.word(&["id", "access"])? {
        0 => Some(TokenUse::Id),
        _ => Some(TokenUse::Access),
    }
}

fn claims(value: &Value<'_>) -> Option<Vec<(String, Vec<ClaimValue>)>> {
    let mut claims = Vec::new();
    for (name, wanted) in named(value, "must name at least one claim, or be left out")? {
        if let Some(values) = claim_values(&wanted) {
            claims.push((name.into(), values));
        }
    }
    Some(claims)
}

/// One value, or a list of values of which one must be the claim's.
fn claim_values(value: &Value<'_>) -> Option<Vec<ClaimValue>> {
    if !matches!(value.node(), Node::List(_)) {
        return Some(vec![claim_value(value)?]);
    }
    let mut values = Vec::new();
    for item in value.items("must have at least one value")? {
        match claim_value(&item) {
            Some(wanted) if values.contains(&wanted) => item.refuse_repetition(),
            Some(wanted) => values.push(wanted),
            None => {}
        }
    }
    Some(values)
}

fn claim_value(value: &Value<'_>) -> Option<ClaimValue> {
    match value.node() {
        Node::Text(text) => Some(ClaimValue::Text(text.clone())),
        Node::Number(number) if number.abs() < MAX_EXACT_NUMBER => Some(ClaimValue::Number(*number)),
        Node::Number(_) => {
            value.refuse("is 2^53 or more, where one number cannot be told from the next: have it issued as a string, and compare that");
            None
        }
        Node::Bool(truth) => Some(ClaimValue::Bool(*truth)),
        other @ (Node::Null | Node::List(_) | Node::Object(_)) => {
            value.refuse(&format!(
                "must be a string, a number, true or false, not {}",
                other.kind()
            ));
            None
        }
    }
}

fn path_claims(value: &Value<'_>, path: Option<&PathPattern>) -> Option<Vec<(String, String)>> {
    let mut path_claims = Vec::new();
    for (name, claim) in named(value, "must name at least one segment, or be left out")? {
        if !path.is_some_and(|path| path.names().any(|known| known == name)) {
            claim.refuse(&format!(
                "must go by a name of the rule's match.path.template, which has no {{{name}}}"
            ));
        }
        if let Some(claim) = claim.name() {
            path_claims.push((name.into(), claim.into()));
        }
    }
    Some(path_claims)
}

/// An object with at least one member, none of whose names is empty.
fn named<'a>(value: &Value<'a>, mend: &str) -> Option<Vec<(&'a str, Value<'a>)>> {
    let entries = value.entries()?;
    if entries.is_empty() {
        value.refuse(mend);
    }
    if entries.iter().any(|(name, _)| name.is_empty()) {
        value.refuse("must not have an empty name");
    }
    Some(entries)
}
