//! `jwks` of a pool.

use super::error::Fault;
use super::reader::{Object, Value};
use super::schema::fields::JWKS;
use super::url::Url;
use super::{FetchPolicy, KeySource, calls};
use crate::keys::jwks::{BadKeySet, KeySet};
use std::rc::Rc;
use std::time::Duration;

/// Reads `jwks` of the pool whose first issuer is `issuer`; `None` if that has an error, in which case errors here are reported as well.
pub(in crate::config) fn key_source(value: &Value<'_>, issuer: Option<&str>) -> Option<KeySource> {
    let object = value.object(&JWKS)?;
    let times = Times::read(&object);
    if let Some(inline) = object.get("inline") {
        return inline_keys(&inline).map(|set| KeySource::Inline(Rc::new(set)));
    }
    let cluster = object.get("cluster").and_then(|value| value.text());
    let (uri, url) = jwks_uri(&object, issuer)?;
    Some(KeySource::Fetched(FetchPolicy {
        cluster: cluster?.into(),
        uri,
        authority: url.authority,
        path: url.path,
        ttl: times.ttl,
        max_stale: times.max_stale,
        timeout: times.timeout,
        refetch_cooldown: times.refetch_cooldown,
    }))
}

struct Times {
    ttl: Duration,
    max_stale: Duration,
    timeout: Duration,
    refetch_cooldown: Duration,
}

impl Times {
    fn read(object: &Object<'_>) -> Times {
        let seconds = |name| Duration::from_secs(object.whole_number(name).into());
        Times {
            ttl: seconds("ttl_seconds"),
            max_stale: seconds("max_stale_seconds"),
            timeout: Duration::from_millis(object.whole_number("timeout_ms").into()),
            refetch_cooldown: seconds("refetch_cooldown_seconds"),
        }
    }
}

/// Returns the URI that the keys are fetched from: given, or the issuer's (OpenID Connect Discovery 1.0 drops a slash at its end).
fn jwks_uri(object: &Object<'_>, issuer: Option<&str>) -> Option<(String, Url)> {
    if let Some(value) = object.get("uri") {
        return Some((value.text()?.into(), calls::call_url(&value)?));
    }
    let issuer = issuer?;
    let uri = format!("{}/.well-known/jwks.json", issuer.strip_suffix('/').unwrap_or(issuer));
    let url = Url::parse(&uri).map_err(|reason| object.value().refuse(reason)).ok()?;
    Some((uri, url))
}

/// Keys in the configuration are the operator's own: each of them must be usable.
fn inline_keys(value: &Value<'_>) -> Option<KeySet> {
    let (set, skipped) = match KeySet::from_tree(value.readable()?) {
        Ok(parsed) => (Some(parsed.set), parsed.skipped),
        Err(BadKeySet::NoUsableKey(skipped)) if !skipped.is_empty() => (None, skipped),
        Err(error) => {
            value.refuse(Fault::KeySet(error));
            return None;
        }
    };
    for fault in skipped {
        value.refuse(Fault::Key(fault));
    }
    set
}
