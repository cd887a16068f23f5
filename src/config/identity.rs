//! `identity`.

use super::headers::OwnedHeaders;
use super::reader::Value;
use crate::identity::{ClaimRef, HeaderSource, IdentityPolicy};
use crate::json::Node;
use std::rc::Rc;

/// Reads `identity`; `None` where it is not given.
pub(in crate::config) fn identity(
    value: Option<Value<'_>>,
    place: &Value<'_>,
    owned: &mut OwnedHeaders,
) -> IdentityPolicy {
    let object = value.and_then(|value| value.object(&["headers", "payload_header", "remove_token"]));
    let headers = match object.as_ref().and_then(|object| object.optional("headers")) {
        None => default_headers(place, owned),
        Some(headers) => identity_headers(&headers, owned),
    };
    let payload_header = object.as_ref().and_then(|object| object.optional("payload_header"));
    IdentityPolicy {
        headers,
        payload_header: payload_header
            .and_then(|value| owned.take(&value, value.text()?))
            .map(Rc::from),
        remove_token: object.is_some_and(|object| object.truth("remove_token", false)),
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
    if let Node::Text(_) = value.node() {
        return Some(vec![claim_ref(value)?]);
    }
    if !matches!(value.node(), Node::List(_)) {
        value.refuse("must be the name of a claim, or a list of such names");
        return None;
    }
    let mut claims = Vec::new();
    for item in value.items("must name at least one claim")? {
        let Some(claim) = claim_ref(&item) else { continue };
        if claims.contains(&claim) {
            item.refuse_repetition();
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
        .map_err(|error| value.refuse(&error.to_string()))
        .ok()
}
