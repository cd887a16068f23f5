//! `pools`.

use super::error::quoted;
use super::issuers::IssuerIndex;
use super::partition::domain_of;
use super::reader::{Object, Value};
use super::url::Url;
use super::{Pool, calls, keys};
use crate::json::Node;
use crate::keys::PoolId;
use crate::token::check::{AcceptedUse, ClaimPolicy, Clients};
use std::time::Duration;

/// The most pools that one configuration may have: one for each tenant of a large service.
pub const MAX_POOLS: usize = 1000;

/// Cognito's API reference: the type `ClientIdType` is `[\w+]+`, 1 to 128 characters.
const MAX_CLIENT_ID_LEN: usize = 128;

const MEMBERS: [&str; 8] = [
    "user_pool_id",
    "region",
    "client_ids",
    "token_use",
    "issuer",
    "additional_regions",
    "jwks",
    "user_info",
];

const CLIENT_IDS_MEND: &str = "must name at least one app client, or be \"any\"";
const USER_POOL_ID_MEND: &str = "must be <region>_<id> as Cognito shows it, such as \"us-east-1_Ab1Cd2Ef3\"";

/// Reads `pools`.
pub(in crate::config) fn pools(value: &Value<'_>, clock_skew: Duration) -> (Vec<Pool>, IssuerIndex) {
    let items = value.items("must have at least one user pool").unwrap_or_default();
    let mut index = IssuerIndex::default();
    if items.len() > MAX_POOLS {
        value.refuse(&format!(
            "must have at most {MAX_POOLS} user pools, not {}",
            items.len()
        ));
        return (Vec::new(), index);
    }
    let mut pools: Vec<Pool> = Vec::new();
    let mut places: Vec<Value<'_>> = Vec::new();
    for item in &items {
        let Some(pool) = pool(item, clock_skew) else { continue };
        add_issuers(&mut index, item, PoolId(pools.len()), &pool, &places);
        places.push(*item);
        pools.push(pool);
    }
    (pools, index)
}

fn pool(item: &Value<'_>, clock_skew: Duration) -> Option<Pool> {
    let object = item.object(&MEMBERS)?;
    let id = object
        .required("user_pool_id", USER_POOL_ID_MEND)
        .and_then(|value| user_pool_id(&value));
    let region = id.map(|(region, _)| region);
    if let (Some(value), Some(region)) = (object.optional("region"), region) {
        agree_on_region(&value, region);
    }
    let clients = object
        .required("client_ids", CLIENT_IDS_MEND)
        .and_then(|value| clients(&value));
    let token_use = object
        .optional("token_use")
        .and_then(|value| token_use(&value))
        .unwrap_or(AcceptedUse::Id);
    let issuers = issuers(&object, id);
    let keys = object.required(
        "jwks",
        "must name the Envoy cluster that the keys are fetched through: {\"cluster\": …}",
    );
    let first_issuer = issuers.as_ref().and_then(|issuers| issuers.first()).map(String::as_str);
    let keys = keys.and_then(|jwks| keys::key_source(&jwks, first_issuer));
    let user_info = object.optional("user_info").and_then(|value| {
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

/// The region of the id, and the whole id.
fn user_pool_id<'a>(value: &Value<'a>) -> Option<(&'a str, &'a str)> {
    let id = value.text()?;
    let region = id
        .split_once('_')
        .filter(|(region, own)| is_region(region) && is_alphanumeric(own));
    if region.is_none() {
        value.refuse(&format!("{USER_POOL_ID_MEND}, not {}", quoted(id)));
    }
    region.map(|(region, _)| (region, id))
}

/// A region goes into URLs: nothing but what AWS's names are made of.
fn is_region(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

fn is_alphanumeric(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn agree_on_region(value: &Value<'_>, region: &str) {
    match value.text() {
        Some(given) if given != region => {
            value.refuse(&format!(
                "must be {} as user_pool_id says, or be left out",
                quoted(region)
            ));
        }
        _ => {}
    }
}

fn clients(value: &Value<'_>) -> Option<Clients> {
    match value.node() {
        Node::Text(text) if text == "any" => Some(Clients::Any),
        Node::List(_) => {
            let names = value.names(CLIENT_IDS_MEND)?;
            check_client_ids(value);
            Some(Clients::OneOf(names))
        }
        _ => {
            value.refuse(CLIENT_IDS_MEND);
            None
        }
    }
}

/// Wildcards and placeholders that were never filled in would match no token, or worse, look as if they matched all.
fn check_client_ids(value: &Value<'_>) {
    for item in value.items_or_none().unwrap_or_default() {
        match item.node() {
            Node::Text(id) if !id.is_empty() && !is_client_id(id) => item.refuse(&format!(
                "must be an app client's id (letters, digits, \"_\" and \"+\", at most {MAX_CLIENT_ID_LEN}), not {}; \
                 to accept each client of the pool, write \"client_ids\": \"any\"",
                quoted(id)
            )),
            _ => {}
        }
    }
}

fn is_client_id(id: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'+');
    id != "any" && id.len() <= MAX_CLIENT_ID_LEN && id.bytes().all(is_word)
}

fn token_use(value: &Value<'_>) -> Option<AcceptedUse> {
    match value.word(&["id", "access", "any"])? {
        0 => Some(AcceptedUse::Id),
        1 => Some(AcceptedUse::Access),
        _ => Some(AcceptedUse::Any),
    }
}

/// Every issuer of the pool; the first is the one whose keys are fetched by default.
fn issuers(object: &Object<'_>, id: Option<(&str, &str)>) -> Option<Vec<String>> {
    let additional = object.optional("additional_regions");
    let additional_names = additional
        .as_ref()
        .map(|value| additional_regions(value, id))
        .unwrap_or_default();
    if let Some(value) = object.optional("issuer") {
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
    for item in value.items_or_none().unwrap_or_default() {
        let Some(name) = item.text() else { continue };
        if !is_region(name) {
            item.refuse(&format!(
                "must be the name of a region such as \"us-west-2\", not {}",
                quoted(name)
            ));
        } else if id.is_some_and(|(own, _)| own == name) {
            item.refuse(&format!("{} is the pool's own region: name others only", quoted(name)));
        } else if regions.contains(&name) {
            item.refuse_repetition();
        } else {
            regions.push(name);
        }
    }
    regions
}

/// An issuer is a URL without query and fragment (OpenID Connect Discovery 1.0, section 2); kept as given, for it is compared exactly.
fn explicit_issuer(value: &Value<'_>) -> Option<String> {
    let issuer = value.text()?;
    if let Err(reason) = Url::parse(issuer) {
        value.refuse(reason);
        return None;
    }
    if issuer.contains('?') {
        value.refuse("must not have a query (?)");
        return None;
    }
    Some(issuer.into())
}

/// A token's `iss` must lead to one pool. `places` are those of the pools before this one.
fn add_issuers(index: &mut IssuerIndex, item: &Value<'_>, id: PoolId, pool: &Pool, places: &[Value<'_>]) {
    for issuer in &pool.issuers {
        if let Err(other) = index.add(issuer, id) {
            let place = places.get(other.0).map(Value::path).unwrap_or_default();
            item.refuse(&format!(
                "has the issuer {} of {place}: no two pools may have one issuer",
                quoted(issuer),
            ));
            return;
        }
    }
}
