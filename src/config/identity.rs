//! `identity`.

use super::error::Fault;
use super::headers::OwnedHeaders;
use super::reader::{Object, Value};
use crate::identity::{ClaimRef, HeaderSource, IdentityPolicy};
use crate::json::Node;
use std::rc::Rc;

/// Reads `identity`. `place` is where default headers are said to stand.
pub(in crate::config) fn identity(
    object: &Object<'_>,
    place: &Value<'_>,
    owned: &mut OwnedHeaders,
    max_value_bytes: usize,
) -> IdentityPolicy {
    let headers = match object.get("headers") {
        None => default_headers(place, owned),
        Some(headers) => identity_headers(&headers, owned),
    };
    IdentityPolicy {
        headers,
        payload_header: object
            .get("payload_header")
            .and_then(|value| owned.take(&value, value.text()?))
            .map(Rc::from),
        remove_token: object.truth("remove_token"),
        max_value_bytes,
    }
}

/// The headers that are sent unless `identity.headers` names others.
fn default_headers(place: &Value<'_>, owned: &mut OwnedHeaders) -> Vec<(Rc<str>, HeaderSource)> {
    let claims =
        |names: &[&str]| HeaderSource::Claims(names.iter().map(|name| ClaimRef::Name((*name).into())).collect());
    let table = [
        ("x-cognito-sub", claims(&["sub"])),
        ("x-cognito-username", claims(&["cognito:username", "username"])),
        ("x-cognito-email", claims(&["email"])),
        ("x-cognito-groups", claims(&["cognito:groups"])),
        ("x-cognito-scope", claims(&["scope"])),
        ("x-cognito-client-id", HeaderSource::Client),
        ("x-cognito-token-use", claims(&["token_use"])),
    ];
    let taken = |(name, source)| Some((owned.take(place, name)?.into(), source));
    table.into_iter().filter_map(taken).collect()
}

fn identity_headers(value: &Value<'_>, owned: &mut OwnedHeaders) -> Vec<(Rc<str>, HeaderSource)> {
    let mut headers = Vec::new();
    for (name, source) in value.entries().unwrap_or_default() {
        let name = owned.take_member(value, name, &source);
        let claims = claim_list(&source);
        if let (Some(name), Some(claims)) = (name, claims) {
            headers.push((name.into(), HeaderSource::Claims(claims)));
        }
    }
    headers
}

/// A claim, or a list of claims of which the first that is present is used.
fn claim_list(value: &Value<'_>) -> Option<Vec<ClaimRef>> {
    if let Node::Text(_) = value.readable()? {
        return Some(vec![claim_ref(value)?]);
    }
    let mut claims = Vec::new();
    for item in value.items()? {
        let Some(claim) = claim_ref(&item) else { continue };
        if claims.contains(&claim) {
            item.refuse(Fault::Equivalent);
            continue;
        }
        claims.push(claim);
    }
    Some(claims)
}

/// A name is literal; one that begins with `/` is a JSON pointer.
pub(in crate::config) fn claim_ref(value: &Value<'_>) -> Option<ClaimRef> {
    let name = value.text()?;
    ClaimRef::parse(name)
        .map_err(|error| value.refuse(Fault::Claim(error)))
        .ok()
}
