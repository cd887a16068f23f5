//! `identity`.

use super::error::Fault;
use super::headers::OwnedHeaders;
use super::reader::{Object, Value};
use crate::identity::{ClaimRef, HeaderSource, IdentityPolicy};
use crate::json::Node;
use std::rc::Rc;
use thiserror::Error;

/// An error of the name of filter state.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum IdentityFault {
    /// The filter itself sets it.
    #[error("must have another name: the filter sets this one itself")]
    OwnFilterState,
    /// The name has another form.
    #[error("must have a name such as \"cognito_tenant\": cognito_ and 1 to 56 of a-z, 0-9 and _")]
    FilterStateName,
}

/// Reads `identity`. Messages about default headers name `place`.
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
        filter_state: object
            .get("filter_state")
            .map(|value| filter_state(&value))
            .unwrap_or_default(),
        payload_header: object
            .get("payload_header")
            .and_then(|value| owned.take(&value, value.text()?))
            .map(Rc::from),
        remove_token: object.truth("remove_token"),
        max_value_bytes,
    }
}

/// Returns the headers that are sent unless `identity.headers` names others.
fn default_headers(place: &Value<'_>, owned: &mut OwnedHeaders) -> Vec<(Rc<str>, HeaderSource)> {
    let headers = IdentityPolicy::default_headers().into_iter();
    headers.filter(|(name, _)| owned.take(place, name).is_some()).collect()
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

/// The filter state that the filter itself sets.
const OWN_FILTER_STATE: [&str; 3] = ["cognito_decision", "cognito_sub", "cognito_client_id"];

fn filter_state(value: &Value<'_>) -> Vec<(Rc<str>, HeaderSource)> {
    let mut state = Vec::new();
    for (name, source) in value.entries().unwrap_or_default() {
        let claims = claim_list(&source);
        if OWN_FILTER_STATE.contains(&name) {
            source.refuse(IdentityFault::OwnFilterState);
        } else if !is_filter_state_name(name) {
            source.refuse(IdentityFault::FilterStateName);
        } else if let Some(claims) = claims {
            state.push((name.into(), HeaderSource::Claims(claims)));
        }
    }
    state
}

/// Names are used in the formats of access logs, where other characters would have to be quoted.
fn is_filter_state_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let own = name.strip_prefix("cognito_");
    own.is_some_and(|own| matches!(own.len(), 1..=56) && own.bytes().all(is_plain))
}

/// Returns a claim, or a list of claims of which the first that is present is used.
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

/// Reads a claim's name, which is literal, or a JSON pointer if it begins with `/`.
pub(in crate::config) fn claim_ref(value: &Value<'_>) -> Option<ClaimRef> {
    let name = value.text()?;
    ClaimRef::parse(name)
        .map_err(|error| value.refuse(Fault::Claim(error)))
        .ok()
}
