//! `require` of a rule: what a verified token must hold.

use super::error::quoted;
use super::identity::claim_ref;
use super::reader::Value;
use crate::json::Node;
use crate::rules::access::{Alternative, AnyAll, ClaimMatcher, ClaimValue, MAX_EXACT_NUMBER, Requirement};
use crate::rules::pattern::PathPattern;
use crate::token::TokenUse;
use crate::token::claim_ref::ClaimRef;
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

/// The most alternatives that one rule may have.
const MAX_ALTERNATIVES: usize = 16;

/// Reads `require` of a rule for the paths `path`: an object, or a list of objects of which one must hold.
pub(in crate::config) fn requirement(value: &Value<'_>, path: Option<&PathPattern>) -> Option<Requirement> {
    let Node::List(_) = value.node() else {
        return alternative(value, path).map(Requirement::from);
    };
    let items = value.items("must have at least one alternative, or be left out")?;
    if items.len() > MAX_ALTERNATIVES {
        value.refuse(&format!(
            "must have at most {MAX_ALTERNATIVES} alternatives, not {}",
            items.len()
        ));
        return None;
    }
    let alternatives: Vec<Alternative> = items.iter().filter_map(|item| alternative(item, path)).collect();
    Some(Requirement::one_of(alternatives))
}

fn alternative(value: &Value<'_>, path: Option<&PathPattern>) -> Option<Alternative> {
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
    let alternative = Alternative {
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
    };
    if alternative.demands_nothing() && matches!(value.node(), Node::Object(members) if members.is_empty()) {
        value.refuse(
            "must demand something: a valid token is needed anyway, so leave \"require\" out for no more than that",
        );
    }
    Some(alternative)
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

fn claims(value: &Value<'_>) -> Option<Vec<(ClaimRef, ClaimMatcher)>> {
    let mut claims: Vec<(ClaimRef, ClaimMatcher)> = Vec::new();
    for (name, wanted) in named(value, "must name at least one claim, or be left out")? {
        let claim = ClaimRef::parse(name)
            .map_err(|error| wanted.refuse(&error.to_string()))
            .ok();
        let matcher = claim_matcher(&wanted);
        if let (Some(claim), Some(matcher)) = (claim, matcher) {
            claims.push((claim, matcher));
        }
    }
    Some(claims)
}

const MATCHERS: [&str; 6] = ["prefix", "suffix", "contains", "words", "present", "not"];

/// A value or a list of values, or an object with one of [`MATCHERS`].
fn claim_matcher(value: &Value<'_>) -> Option<ClaimMatcher> {
    let Node::Object(_) = value.node() else {
        return claim_values(value).map(ClaimMatcher::OneOf);
    };
    let (kind, value) = value.object(&MATCHERS)?.exactly_one(&MATCHERS)?;
    match kind {
        "prefix" => value.name().map(|text| ClaimMatcher::Prefix(text.into())),
        "suffix" => value.name().map(|text| ClaimMatcher::Suffix(text.into())),
        "contains" => value.name().map(|text| ClaimMatcher::Contains(text.into())),
        "words" => value.names("must have at least one word").map(ClaimMatcher::Words),
        "present" => value.truth().map(ClaimMatcher::Present),
        _ => claim_values(&value).map(ClaimMatcher::NoneOf),
    }
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

fn path_claims(value: &Value<'_>, path: Option<&PathPattern>) -> Option<Vec<(String, ClaimRef)>> {
    let mut path_claims = Vec::new();
    for (name, claim) in named(value, "must name at least one segment, or be left out")? {
        if !path.is_some_and(|path| path.names().any(|known| known == name)) {
            claim.refuse(&format!(
                "must go by a name of the rule's match.path.template, which has no {{{name}}}"
            ));
        }
        if let Some(claim) = claim_ref(&claim) {
            path_claims.push((name.into(), claim));
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
    let (named, nameless): (Vec<_>, Vec<_>) = entries.into_iter().partition(|(name, _)| !name.is_empty());
    if !nameless.is_empty() {
        value.refuse("must not have an empty name");
    }
    Some(named)
}
