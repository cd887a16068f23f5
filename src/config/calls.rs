//! `user_info` of a pool and `user_lookup`: the calls that the filter makes in addition to fetching keys.

use super::headers::OwnedHeaders;
use super::reader::{Object, Value};
use super::schema::fields::{USER_INFO, USER_LOOKUP};
use super::url::{Url, UrlFault, check_authority};
use crate::enrich::user_info::UserInfoPolicy;
use crate::enrich::user_lookup::UserLookupPolicy;
use crate::enrich::{CallPolicy, OnFailure};
use std::rc::Rc;
use std::time::Duration;

/// Reads `user_info` of a pool.
pub(in crate::config) fn user_info(value: &Value<'_>) -> Option<UserInfoPolicy> {
    let object = value.object(&USER_INFO)?;
    let url = match object.only() {
        Some(("domain", domain)) => domain_url(&domain),
        Some((_, uri)) => call_url(&uri),
        None => None,
    };
    call(&object, url).map(|call| UserInfoPolicy { call })
}

/// Reads `user_lookup`.
pub(in crate::config) fn user_lookup(
    value: &Value<'_>,
    owned: &mut OwnedHeaders,
    max_value_bytes: usize,
) -> Option<UserLookupPolicy> {
    let object = value.object(&USER_LOOKUP)?;
    let call = call(&object, object.get("uri").and_then(|uri| call_url(&uri)));
    let headers = object.get("headers").map(|headers| lookup_headers(&headers, owned));
    Some(UserLookupPolicy {
        call: call?,
        headers: headers.unwrap_or_default(),
        max_value_bytes,
    })
}

/// Returns a call's URL, split into the parts that the call needs.
pub(in crate::config) fn call_url(value: &Value<'_>) -> Option<Url> {
    Url::parse(value.text()?).map_err(|reason| value.refuse(reason)).ok()
}

/// Returns the Envoy cluster that a call goes through.
pub(in crate::config) fn cluster(object: &Object<'_>) -> Option<String> {
    object.get("cluster")?.text().map(String::from)
}

/// Returns the UserInfo endpoint of a user pool's domain.
fn domain_url(value: &Value<'_>) -> Option<Url> {
    let domain = value.text()?;
    if check_authority(domain).is_err() {
        value.refuse(UrlFault::Domain);
        return None;
    }
    Some(Url {
        authority: domain.into(),
        path: "/oauth2/userInfo".into(),
    })
}

fn call(object: &Object<'_>, url: Option<Url>) -> Option<CallPolicy> {
    let cluster = cluster(object);
    let timeout = object.whole_number("timeout_ms");
    let ttl = object.whole_number("ttl_seconds");
    let url = url?;
    Some(CallPolicy {
        cluster: cluster?,
        authority: url.authority,
        path: url.path,
        timeout: Duration::from_millis(timeout.into()),
        ttl: Duration::from_secs(ttl.into()),
        on_failure: match object.word("on_failure") {
            "continue" => OnFailure::Continue,
            _ => OnFailure::Reject,
        },
    })
}

/// Reads the map from a header to the member of the answer that it carries.
fn lookup_headers(value: &Value<'_>, owned: &mut OwnedHeaders) -> Vec<(Rc<str>, String)> {
    let mut headers = Vec::new();
    for (name, member) in value.entries().unwrap_or_default() {
        let name = owned.take_member(value, name, &member);
        if let (Some(name), Some(member)) = (name, member.text()) {
            headers.push((name.into(), member.into()));
        }
    }
    headers
}
