//! Requirements that no token can meet: they are errors, since a rule that nobody can pass is a mistake.
//!
//! Only certain cases are errors. A token belongs to a pool, has a kind and an app client that the pool accepts, and some of its
//! claims always have a type (see [`crate::token::claims`]).

use super::Pool;
use super::reader::{Object, Value};
use super::require::RequireFault;
use crate::rules::access::{Alternative, ClaimMatcher, ClaimValue};
use crate::token::TokenUse;
use crate::token::check::{AcceptedUse, Clients};
use crate::token::claim_ref::ClaimRef;
use crate::token::claims::ClaimSet;
use crate::token::merged::MergedClaims;
use std::fmt;

/// Records which parts of an alternative no token of `pools` can meet. `object` is its place.
pub(in crate::config) fn check_alternative(object: &Object<'_>, alternative: &Alternative, pools: &[Pool]) {
    let is_accepted = |token_use| pools.iter().any(|pool| accepts_use(pool, token_use));
    let mut is_certain = true;
    let mut refuse = |name: &str, fault: RequireFault| {
        is_certain = false;
        if let Some(value) = object.get(name) {
            value.note(fault);
        }
    };
    match alternative.token_use {
        Some(wanted) if !is_accepted(wanted) => refuse("token_use", RequireFault::NoPoolAcceptsUse(wanted)),
        _ => {}
    }
    if !alternative.scopes.is_empty() {
        if alternative.token_use == Some(TokenUse::Id) {
            refuse("scopes", RequireFault::ScopesOfIdToken);
        } else if !is_accepted(TokenUse::Access) {
            refuse("scopes", RequireFault::ScopesWithoutAccessTokens);
        }
    }
    let unknown = |client: &&String| !pools.iter().any(|pool| accepts_client(pool, client));
    let clients = object
        .get("client_ids")
        .and_then(|value| value.items())
        .unwrap_or_default();
    for client in alternative.client_ids.iter().filter(unknown) {
        is_certain = false;
        let fault = || RequireFault::NoPoolAcceptsClient(client.clone());
        let place = clients.iter().find(|place| place.text() == Some(client));
        place.unwrap_or(object.value()).note(fault());
    }
    if is_certain && !pools.iter().any(|pool| can_come_from(alternative, pool)) {
        object.value().note(RequireFault::NoPool);
    }
    if let Some(claim) = contradiction(alternative) {
        object.value().note(RequireFault::AbsentAndPresent(claim));
    }
}

fn accepts_use(pool: &Pool, token_use: TokenUse) -> bool {
    match pool.claims.token_use {
        AcceptedUse::Any => true,
        AcceptedUse::Id => token_use == TokenUse::Id,
        AcceptedUse::Access => token_use == TokenUse::Access,
    }
}

fn accepts_client(pool: &Pool, client: &str) -> bool {
    match &pool.claims.clients {
        Clients::Any => true,
        Clients::OneOf(clients) => clients.iter().any(|accepted| accepted == client),
    }
}

/// Reports whether one pool accepts the kind of token, an app client and the issuer together.
fn can_come_from(alternative: &Alternative, pool: &Pool) -> bool {
    let Alternative {
        scopes,
        token_use,
        client_ids,
        claims,
        ..
    } = alternative;
    let of_use = |candidate: TokenUse| {
        accepts_use(pool, candidate)
            && token_use.is_none_or(|wanted| wanted == candidate)
            && (scopes.is_empty() || candidate == TokenUse::Access)
            && claims.iter().all(|(claim, matcher)| match plain_name(claim) {
                Some("token_use") => matches(claim, matcher, "token_use", candidate.as_str()),
                _ => true,
            })
    };
    let of_issuer = |issuer: &String| {
        claims.iter().all(|(claim, matcher)| match plain_name(claim) {
            Some("iss") => matches(claim, matcher, "iss", issuer),
            _ => true,
        })
    };
    (client_ids.is_empty() || client_ids.iter().any(|client| accepts_client(pool, client)))
        && [TokenUse::Id, TokenUse::Access].into_iter().any(of_use)
        && pool.issuers.iter().any(of_issuer)
}

/// Reports whether the matcher holds for a token that has this value for the claim.
fn matches(claim: &ClaimRef, matcher: &ClaimMatcher, name: &str, value: &str) -> bool {
    let token = serde_json::json!({name: value}).to_string();
    ClaimSet::parse(token).is_ok_and(|set| matcher.holds(claim, &MergedClaims::new(&set, None)))
}

/// Returns the claim's name if it is a whole claim, by name or by pointer.
fn plain_name(claim: &ClaimRef) -> Option<&str> {
    match claim {
        ClaimRef::Name(name) => Some(name),
        ClaimRef::Pointer(steps) if steps.len() == 1 => Some(claim.top_level()),
        ClaimRef::Pointer(_) => None,
    }
}

/// Returns a claim that must be absent, while it, or a part of it, must be present.
fn contradiction(alternative: &Alternative) -> Option<String> {
    let absent =
        |(claim, matcher): &(ClaimRef, ClaimMatcher)| (*matcher == ClaimMatcher::Present(false)).then(|| steps(claim));
    let present = |(claim, matcher): &(ClaimRef, ClaimMatcher)| needs_presence(matcher).then(|| steps(claim));
    let named = [
        ("cognito:groups", !alternative.groups.is_empty()),
        ("scope", !alternative.scopes.is_empty()),
        ("auth_time", alternative.max_age.is_some()),
    ];
    let mut needed: Vec<Vec<String>> = alternative.claims.iter().filter_map(present).collect();
    needed.extend(alternative.path_claims.iter().map(|(_, claim)| steps(claim)));
    needed.extend(
        named
            .iter()
            .filter(|(_, is_needed)| *is_needed)
            .map(|(name, _)| vec![(*name).to_owned()]),
    );
    let absent = alternative.claims.iter().filter_map(absent);
    let mut contradicted = absent.filter(|absent| needed.iter().any(|needed| needed.starts_with(absent)));
    contradicted.next().map(|steps| steps.join("/"))
}

/// Reports whether the matcher holds only if the claim is present. The plain matcher accepts an empty string, which counts as
/// absent.
fn needs_presence(matcher: &ClaimMatcher) -> bool {
    match matcher {
        ClaimMatcher::OneOf(values) => !values.contains(&ClaimValue::Text(String::new())),
        ClaimMatcher::Present(wanted) => *wanted,
        ClaimMatcher::NoneOf(_)
        | ClaimMatcher::Prefix(_)
        | ClaimMatcher::Suffix(_)
        | ClaimMatcher::Contains(_)
        | ClaimMatcher::Words(_) => true,
    }
}

/// Returns the path to the claim in the token.
fn steps(claim: &ClaimRef) -> Vec<String> {
    match claim {
        ClaimRef::Name(name) => vec![name.clone()],
        ClaimRef::Pointer(steps) => steps.clone(),
    }
}

/// The type that the filter requires of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KnownType {
    /// A string.
    Text,
    /// A list of strings.
    Texts,
    /// A string, or a list of strings.
    TextOrTexts,
    /// A number.
    Number,
}

impl fmt::Display for KnownType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            KnownType::Text => "a string",
            KnownType::Texts => "a list of strings",
            KnownType::TextOrTexts => "a string or a list of strings",
            KnownType::Number => "a number",
        })
    }
}

/// Claims with a type, and whether they are always present.
const KNOWN: [(&str, KnownType, bool); 13] = [
    ("iss", KnownType::Text, true),
    ("sub", KnownType::Text, true),
    ("exp", KnownType::Number, true),
    ("nbf", KnownType::Number, false),
    ("iat", KnownType::Number, false),
    ("auth_time", KnownType::Number, false),
    ("token_use", KnownType::Text, true),
    ("client_id", KnownType::Text, false),
    ("scope", KnownType::Text, false),
    ("username", KnownType::Text, false),
    ("cognito:username", KnownType::Text, false),
    ("cognito:groups", KnownType::Texts, false),
    ("aud", KnownType::TextOrTexts, false),
];

/// Records an error if no claim, or every claim, meets `matcher`, and a warning if that is likely. `value` is the matcher's
/// place.
pub(in crate::config) fn check_claim(value: &Value<'_>, claim: &ClaimRef, matcher: &ClaimMatcher) {
    let known = KNOWN.iter().find(|(name, ..)| *name == claim.top_level());
    if let Some((name, ty, is_always_there)) = known {
        let fault = match (type_below(*ty, &steps(claim)), matcher) {
            (None, ClaimMatcher::Present(false)) => None,
            (None, _) => Some(RequireFault::NothingInside(name, *ty)),
            (Some(_), ClaimMatcher::Present(false)) if *is_always_there && plain_name(claim).is_some() => {
                Some(RequireFault::AlwaysPresent(name))
            }
            (Some(ty), ClaimMatcher::NoneOf(_)) if !fits(matcher, ty) => Some(RequireFault::NotOfOtherType(name, ty)),
            (Some(ty), matcher) if !fits(matcher, ty) => Some(RequireFault::OtherType(name, ty)),
            (Some(_), _) => None,
        };
        if let Some(fault) = fault {
            value.note(fault);
        }
    } else if claim.top_level().starts_with("custom:") {
        match matcher {
            ClaimMatcher::NoneOf(values) if values.iter().any(is_no_text) => value.note(RequireFault::NotOfCustom),
            ClaimMatcher::OneOf(values) if values.iter().any(is_no_text) => value.warn(
                "compares a custom attribute with a number or boolean, but custom attributes are strings in tokens, unless a \
                 trigger changes them: compare it with a string such as \"1\"",
            ),
            _ => {}
        }
    }
}

/// Returns the type at this path in a claim of type `ty`; `None`: there is never anything.
fn type_below(ty: KnownType, steps: &[String]) -> Option<KnownType> {
    match (ty, steps) {
        (_, [_] | []) => Some(ty),
        (KnownType::Texts | KnownType::TextOrTexts, [_, index]) if index.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(KnownType::Text)
        }
        _ => None,
    }
}

fn is_no_text(value: &ClaimValue) -> bool {
    !matches!(value, ClaimValue::Text(_))
}

/// Reports whether a claim of this type can meet the matcher, and can fail it.
fn fits(matcher: &ClaimMatcher, ty: KnownType) -> bool {
    let is_of_type = |value: &ClaimValue| match ty {
        KnownType::Number => matches!(value, ClaimValue::Number(_)),
        KnownType::Text | KnownType::Texts | KnownType::TextOrTexts => !is_no_text(value),
    };
    match matcher {
        ClaimMatcher::OneOf(values) => values.iter().any(is_of_type),
        ClaimMatcher::NoneOf(values) => values.iter().all(is_of_type),
        ClaimMatcher::Prefix(_) | ClaimMatcher::Suffix(_) | ClaimMatcher::Contains(_) | ClaimMatcher::Words(_) => {
            ty != KnownType::Number
        }
        ClaimMatcher::Present(_) => true,
    }
}
