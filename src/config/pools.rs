//! `pools`.

use super::error::quoted;
use super::issuers::IssuerIndex;
use super::partition::domain_of;
use super::reader::{Object, Value};
use super::schema::fields::POOL;
use super::url::{Url, UrlFault};
use super::{Pool, calls, keys};
use crate::json::Node;
use crate::keys::PoolId;
use crate::token::check::{AcceptedUse, ClaimPolicy, Clients};
use std::time::Duration;
use thiserror::Error;

/// The most pools that one configuration may have: one for each tenant of a large service.
pub const MAX_POOLS: usize = 1000;

/// An error of a user pool, beyond types and bounds.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum PoolFault {
    /// `region` is not the one of `user_pool_id`.
    #[error("must be {} as user_pool_id says, or be left out", quoted(.0))]
    OtherRegion(String),
    /// `additional_regions` has the pool's own region.
    #[error("{} is the pool's own region: name others only", quoted(.0))]
    OwnRegion(String),
    /// Another pool has one of the issuers.
    #[error("has the issuer {} of {place}: no two pools may have one issuer", quoted(issuer))]
    SharedIssuer {
        /// The issuer.
        issuer: String,
        /// The other pool's place.
        place: String,
    },
}

/// Reads `pools`.
pub(in crate::config) fn pools(value: &Value<'_>, clock_skew: Duration) -> (Vec<Pool>, IssuerIndex) {
    let items = value.items().unwrap_or_default();
    let mut index = IssuerIndex::default();
    let mut pools: Vec<Pool> = Vec::new();
    let mut places: Vec<Value<'_>> = Vec::new();
    for item in &items {
        let Some(pool) = pool(item, clock_skew) else { continue };
        add_issuers(&mut index, item, PoolId(pools.len()), &pool, &places);
        places.push(item.clone());
        pools.push(pool);
    }
    (pools, index)
}

fn pool(item: &Value<'_>, clock_skew: Duration) -> Option<Pool> {
    let object = item.object(&POOL)?;
    let id = object.get("user_pool_id").and_then(|value| user_pool_id(&value));
    let region = id.map(|(region, _)| region);
    if let (Some(value), Some(region)) = (object.get("region"), region) {
        agree_on_region(&value, region);
    }
    let clients = object.get("client_ids").and_then(|value| clients(&value));
    let token_use = match object.word("token_use") {
        "access" => AcceptedUse::Access,
        "any" => AcceptedUse::Any,
        _ => AcceptedUse::Id,
    };
    let issuers = issuers(&object, id);
    let first_issuer = issuers.as_ref().and_then(|issuers| issuers.first()).map(String::as_str);
    let keys = object
        .get("jwks")
        .and_then(|jwks| keys::key_source(&jwks, first_issuer));
    let user_info = object.get("user_info").and_then(|value| {
        if token_use == AcceptedUse::Id {
            value.warn("is never called: it is for access tokens, and token_use accepts ID tokens only");
        }
        calls::user_info(&value)
    });
    let (_, user_pool_id) = id?;
    Some(Pool {
        user_pool_id: user_pool_id.into(),
        issuers: issuers?,
        claims: ClaimPolicy {
            clients: clients?,
            token_use,
            clock_skew,
        },
        keys: keys?,
        user_info,
    })
}

/// Returns the region of the id, and the whole id.
fn user_pool_id<'a>(value: &Value<'a>) -> Option<(&'a str, &'a str)> {
    let id = value.text()?;
    let (region, _) = id.split_once('_')?;
    Some((region, id))
}

fn agree_on_region(value: &Value<'_>, region: &str) {
    if value.text().is_some_and(|given| given != region) {
        value.refuse(PoolFault::OtherRegion(region.into()));
    }
}

fn clients(value: &Value<'_>) -> Option<Clients> {
    match value.readable()? {
        Node::Text(_) => Some(Clients::Any),
        _ => value.names().map(Clients::OneOf),
    }
}

/// Returns every issuer of the pool; the first is the one whose keys are fetched by default.
fn issuers(object: &Object<'_>, id: Option<(&str, &str)>) -> Option<Vec<String>> {
    let additional = object.get("additional_regions");
    let additional_names = additional
        .as_ref()
        .map(|value| additional_regions(value, id))
        .unwrap_or_default();
    if let Some(value) = object.get("issuer") {
        if let Some(additional) = additional {
            additional.warn("has no effect: \"issuer\" is given, and it alone is accepted");
        }
        return explicit_issuer(&value).map(|issuer| vec![issuer]);
    }
    let (region, user_pool_id) = id?;
    let mut issuers = Vec::new();
    for region in std::iter::once(region).chain(additional_names) {
        let domain = domain_of(region);
        issuers.push(format!("https://cognito-idp.{region}.{domain}/{user_pool_id}"));
        issuers.push(format!("https://issuer-cognito-idp.{region}.{domain}/{user_pool_id}"));
    }
    Some(issuers)
}

fn additional_regions<'a>(value: &Value<'a>, id: Option<(&str, &str)>) -> Vec<&'a str> {
    let mut regions: Vec<&str> = Vec::new();
    for item in value.items().unwrap_or_default() {
        let Some(name) = item.text() else { continue };
        if id.is_some_and(|(own, _)| own == name) {
            item.refuse(PoolFault::OwnRegion(name.into()));
        } else {
            regions.push(name);
        }
    }
    regions
}

/// Reads an issuer: a URL without query and fragment (OpenID Connect Discovery 1.0, section 2), kept as given, since it is
/// compared exactly.
fn explicit_issuer(value: &Value<'_>) -> Option<String> {
    let issuer = value.text()?;
    if let Err(reason) = Url::parse(issuer) {
        value.refuse(reason);
        return None;
    }
    if issuer.contains('?') {
        value.refuse(UrlFault::Query);
        return None;
    }
    Some(issuer.into())
}

/// Checks that a token's `iss` identifies one pool. `places` are those of the previous pools.
fn add_issuers(index: &mut IssuerIndex, item: &Value<'_>, id: PoolId, pool: &Pool, places: &[Value<'_>]) {
    for issuer in &pool.issuers {
        if let Err(other) = index.add(issuer, id) {
            item.note(PoolFault::SharedIssuer {
                issuer: issuer.clone(),
                place: places.get(other.0).map(Value::path).unwrap_or_default().into(),
            });
            return;
        }
    }
}
