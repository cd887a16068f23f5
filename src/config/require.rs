//! `require` of a rule: what a verified token must contain.

use super::Pool;
use super::error::{Fault, quoted};
use super::identity::claim_ref;
use super::reader::Value;
use super::schema::Object;
use super::schema::fields::{ALTERNATIVE, CLAIM_MATCHER, GROUP_WORDS, SCOPE_WORDS};
use super::unmeetable::{self, KnownType};
use crate::json::Node;
use crate::rules::access::{Alternative, AnyAll, ClaimMatcher, ClaimValue, Requirement};
use crate::token::TokenUse;
use crate::token::claim_ref::ClaimRef;
use std::time::Duration;
use thiserror::Error;

/// An error of a requirement, beyond types and bounds.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum RequireFault {
    /// `path_claims` has a name that the rule's template does not have.
    #[error("is no segment of the rule's match.path.template, which has no {{{0}}}")]
    NotInTemplate(String),
    /// `token_use` is for a kind of token that no pool accepts.
    #[error("no token can meet it, since no pool accepts {}: change \"token_use\" of a pool to \"{}\" or \"any\"", tokens(*.0), .0.as_str())]
    NoPoolAcceptsUse(TokenUse),
    /// `scopes` where no pool accepts access tokens.
    #[error(
        "no token can meet it, since only access tokens have scopes, and no pool accepts them: change \"token_use\" of a pool to \"access\" or \"any\""
    )]
    ScopesWithoutAccessTokens,
    /// `scopes` together with `token_use: id`.
    #[error("no token can meet it together with \"token_use\": \"id\", since only access tokens have scopes")]
    ScopesOfIdToken,
    /// `client_ids` has an app client that no pool accepts.
    #[error("no token can meet it, since no pool accepts the app client {}: add it to \"client_ids\" of its pool", quoted(.0))]
    NoPoolAcceptsClient(String),
    /// No pool accepts the kind of token, the app clients and the issuer together.
    #[error("no token can meet it, since no pool accepts such tokens of such app clients")]
    NoPool,
    /// A claim must be absent and present.
    #[error("no token can meet it, since {} must be absent and present", quoted(.0))]
    AbsentAndPresent(String),
    /// The claim is always present.
    #[error("no token can meet it, since \"{0}\" is always present")]
    AlwaysPresent(&'static str),
    /// The claim has another type than what it is compared with.
    #[error("no token can meet it, since \"{0}\" is always {1}")]
    OtherType(&'static str, KnownType),
    /// The claim has another type than what it is compared with, under `not`.
    #[error("would accept every value, since \"{0}\" is always {1}: compare it with that")]
    NotOfOtherType(&'static str, KnownType),
    /// A pointer into a claim that contains nothing.
    #[error("no token can meet it, since \"{0}\" is always {1}, with nothing of this name inside")]
    NothingInside(&'static str, KnownType),
    /// A custom attribute is compared with a number or boolean under `not`.
    #[error(
        "would accept every value, since custom attributes are strings in tokens: compare it with a string such as \"1\""
    )]
    NotOfCustom,
}

fn tokens(token_use: TokenUse) -> &'static str {
    match token_use {
        TokenUse::Id => "ID tokens",
        TokenUse::Access => "access tokens",
    }
}

/// The context of a requirement.
pub(in crate::config) struct Surroundings<'c> {
    /// The pools; `None` if they have an error, so that nothing is known about their tokens.
    pub(in crate::config) pools: Option<&'c [Pool]>,
    /// The names of the rule's template; `None` if the path has an error.
    pub(in crate::config) names: Option<Vec<&'c str>>,
}

/// Reads `require` of a rule: an object, or a list of objects of which one must hold.
pub(in crate::config) fn requirement(value: &Value<'_>, around: &Surroundings<'_>) -> Option<Requirement> {
    let Node::List(_) = value.readable()? else {
        return alternative(value, around).map(Requirement::from);
    };
    let alternatives = value
        .items()?
        .iter()
        .filter_map(|item| alternative(item, around))
        .collect();
    Some(Requirement::one_of(alternatives))
}

fn alternative(value: &Value<'_>, around: &Surroundings<'_>) -> Option<Alternative> {
    let object = value.object(&ALTERNATIVE)?;
    let words = |name, table| {
        object
            .get(name)
            .and_then(|value| any_all(&value, table))
            .unwrap_or_default()
    };
    let max_age = object.get("max_age_seconds").and_then(|value| value.whole_number());
    let alternative = Alternative {
        groups: words("groups", &GROUP_WORDS),
        scopes: words("scopes", &SCOPE_WORDS),
        token_use: object.get("token_use").and_then(|value| match value.text()? {
            "access" => Some(TokenUse::Access),
            _ => Some(TokenUse::Id),
        }),
        client_ids: object
            .get("client_ids")
            .and_then(|value| value.names())
            .unwrap_or_default(),
        claims: object.get("claims").map(|value| claims(&value)).unwrap_or_default(),
        path_claims: object
            .get("path_claims")
            .map(|value| path_claims(&value, around))
            .unwrap_or_default(),
        max_age: max_age.map(|seconds| Duration::from_secs(seconds.into())),
    };
    if let Some(pools) = around.pools {
        unmeetable::check_alternative(&object, &alternative, pools);
    }
    Some(alternative)
}

/// `{"any": […]}` and/or `{"all": […]}`.
fn any_all(value: &Value<'_>, table: &'static Object) -> Option<AnyAll> {
    let object = value.object(table)?;
    let list = |name| object.get(name).and_then(|value| value.names()).unwrap_or_default();
    Some(AnyAll {
        any: list("any"),
        all: list("all"),
    })
}

fn claims(value: &Value<'_>) -> Vec<(ClaimRef, ClaimMatcher)> {
    let mut claims: Vec<(ClaimRef, ClaimMatcher)> = Vec::new();
    for (name, wanted) in value.entries().unwrap_or_default() {
        let claim = ClaimRef::parse(name)
            .map_err(|error| wanted.note(Fault::Claim(error)))
            .ok();
        if let (Some(claim), Some(matcher)) = (claim, claim_matcher(&wanted)) {
            unmeetable::check_claim(&wanted, &claim, &matcher);
            claims.push((claim, matcher));
        }
    }
    claims
}

/// Returns a value or a list of values, or an object with one matcher.
fn claim_matcher(value: &Value<'_>) -> Option<ClaimMatcher> {
    let Node::Object(_) = value.readable()? else {
        return claim_values(value).map(ClaimMatcher::OneOf);
    };
    let (kind, value) = value.object(&CLAIM_MATCHER)?.only()?;
    match kind {
        "prefix" => value.text().map(|text| ClaimMatcher::Prefix(text.into())),
        "suffix" => value.text().map(|text| ClaimMatcher::Suffix(text.into())),
        "contains" => value.text().map(|text| ClaimMatcher::Contains(text.into())),
        "words" => value.names().map(ClaimMatcher::Words),
        "present" => value.truth().map(ClaimMatcher::Present),
        _ => claim_values(&value).map(ClaimMatcher::NoneOf),
    }
}

/// Returns one value, or a list of values.
fn claim_values(value: &Value<'_>) -> Option<Vec<ClaimValue>> {
    let Node::List(_) = value.readable()? else {
        return Some(vec![claim_value(value)?]);
    };
    Some(value.items()?.iter().filter_map(claim_value).collect())
}

fn claim_value(value: &Value<'_>) -> Option<ClaimValue> {
    match value.readable()? {
        Node::Text(text) => Some(ClaimValue::Text(text.clone())),
        Node::Number(number) => Some(ClaimValue::Number(*number)),
        Node::Bool(truth) => Some(ClaimValue::Bool(*truth)),
        Node::Null | Node::List(_) | Node::Object(_) => None,
    }
}

fn path_claims(value: &Value<'_>, around: &Surroundings<'_>) -> Vec<(String, ClaimRef)> {
    let mut path_claims = Vec::new();
    for (name, claim) in value.entries().unwrap_or_default() {
        if around.names.as_ref().is_some_and(|names| !names.contains(&name)) {
            claim.note(RequireFault::NotInTemplate(name.into()));
        }
        if let Some(claim) = claim_ref(&claim) {
            path_claims.push((name.into(), claim));
        }
    }
    path_claims
}
