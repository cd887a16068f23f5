//! `token_sources`.

use super::Pool;
use super::error::{Fault, quoted};
use super::headers::{OwnedHeaders, header_name, is_token};
use super::reader::{Object, Value};
use super::schema::fields::TOKEN_SOURCE;
use crate::request::fold;
use crate::token::TokenUse;
use crate::token::check::{AcceptedUse, Clients};
use crate::token::source::TokenSource;
use crate::token::source::amplify::AmplifyCookies;
use crate::token::source::cookie::CookieName;
use thiserror::Error;

/// An error of a token source, beyond types and bounds.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum SourceFault {
    /// No pool accepts the app client whose cookies it names.
    #[error("must be an app client that the \"client_ids\" of a pool accept, which {} is not", quoted(.0))]
    UnknownClient(String),
    /// The name is not that of a WebSocket protocol.
    #[error("must be a name that a client can offer as a protocol: one word without spaces and commas")]
    Protocol,
    /// The header is removed from each request, so it never contains a token.
    #[error("must not be a header that is removed from each request (x-cognito-…, or set by this configuration)")]
    RemovedHeader,
    /// The scheme is not a single word.
    #[error("must be one word such as \"Bearer\", or be left out if the whole value is the token")]
    Scheme,
    /// The name is not that of a cookie.
    #[error("must be the name of a cookie: visible ASCII without ; = , and quotes")]
    CookieName,
    /// The name of a cookie has two wildcards.
    #[error("must contain at most one *")]
    TwoWildcards,
}

/// The default of `token_sources`: RFC 6750, section 2.1.
pub(in crate::config) fn default_sources() -> Vec<TokenSource> {
    vec![TokenSource::Header {
        name: "authorization".into(),
        scheme: Some("Bearer".into()),
    }]
}

/// Reads `token_sources`.
pub(in crate::config) fn token_sources(
    value: &Value<'_>,
    owned: &OwnedHeaders,
    pools: &[Pool],
) -> Option<Vec<TokenSource>> {
    let mut sources: Vec<TokenSource> = Vec::new();
    for item in value.items()? {
        let Some(source) = token_source(&item, owned, pools) else {
            continue;
        };
        if sources.iter().any(|other| are_same(other, &source)) {
            item.refuse(Fault::Equivalent);
            continue;
        }
        sources.push(source);
    }
    Some(sources)
}

fn token_source(item: &Value<'_>, owned: &OwnedHeaders, pools: &[Pool]) -> Option<TokenSource> {
    let object = item.object(&TOKEN_SOURCE)?;
    let (kind, value) = object.only()?;
    match kind {
        "header" => header(&object, &value, owned),
        "cookie" => cookie_name(&value).map(TokenSource::Cookie),
        "query" => value.text().map(|name| TokenSource::Query(name.into())),
        "amplify" => amplify(&object, &value, pools).map(TokenSource::Amplify),
        _ => websocket_protocol(&value).map(TokenSource::WebSocketProtocol),
    }
}

fn amplify(object: &Object<'_>, value: &Value<'_>, pools: &[Pool]) -> Option<AmplifyCookies> {
    let client = value.text()?;
    let token = match object.word("token") {
        "access" => TokenUse::Access,
        _ => TokenUse::Id,
    };
    let accepts = |pool: &&Pool| match &pool.claims.clients {
        Clients::Any => true,
        Clients::OneOf(clients) => clients.iter().any(|accepted| accepted == client),
    };
    let mut accepting = pools.iter().filter(accepts).peekable();
    // Without pools, there is an error already.
    if accepting.peek().is_none() && !pools.is_empty() {
        value.refuse(SourceFault::UnknownClient(client.into()));
    } else if !pools.is_empty() && !accepting.any(|pool| takes(pool.claims.token_use, token)) {
        let kind = token.as_str();
        value.warn(format_args!(
            "never leads to an accepted token: no pool with this client accepts {kind} tokens; see \"token_use\" there, and \
             \"token\" here"
        ));
    }
    Some(AmplifyCookies::new(client, token))
}

fn takes(accepted: AcceptedUse, token: TokenUse) -> bool {
    match accepted {
        AcceptedUse::Any => true,
        AcceptedUse::Id => token == TokenUse::Id,
        AcceptedUse::Access => token == TokenUse::Access,
    }
}

/// Reads the name of a protocol, which is a token (RFC 6455, section 4.1).
fn websocket_protocol(value: &Value<'_>) -> Option<String> {
    let name = value.text()?;
    if !is_token(name) {
        value.refuse(SourceFault::Protocol);
        return None;
    }
    Some(name.into())
}

fn header(object: &Object<'_>, value: &Value<'_>, owned: &OwnedHeaders) -> Option<TokenSource> {
    let name = header_name(value, value.text()?)?;
    if owned.is_removed(&name) {
        value.refuse(SourceFault::RemovedHeader);
    }
    let scheme = match object.get("scheme") {
        None => None,
        Some(scheme) => Some(scheme_name(&scheme)?),
    };
    Some(TokenSource::Header { name, scheme })
}

fn scheme_name(value: &Value<'_>) -> Option<String> {
    let scheme = value.text()?;
    if !is_token(scheme) {
        value.refuse(SourceFault::Scheme);
        return None;
    }
    Some(scheme.into())
}

fn cookie_name(value: &Value<'_>) -> Option<CookieName> {
    let name = value.text()?;
    if !name
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b';' | b'=' | b',' | b'"'))
    {
        value.refuse(SourceFault::CookieName);
        return None;
    }
    let Some((prefix, suffix)) = name.split_once('*') else {
        return Some(CookieName::Exact(name.into()));
    };
    if suffix.contains('*') {
        value.refuse(SourceFault::TwoWildcards);
        return None;
    }
    Some(CookieName::Wildcard {
        prefix: prefix.into(),
        suffix: suffix.into(),
    })
}

/// Names of headers are compared as upstreams may read them, schemes without regard to case (RFC 9110, section 11.1).
fn are_same(one: &TokenSource, other: &TokenSource) -> bool {
    match (one, other) {
        (
            TokenSource::Header { name, scheme },
            TokenSource::Header {
                name: other_name,
                scheme: other_scheme,
            },
        ) => {
            let lower = |scheme: &Option<String>| scheme.as_ref().map(|scheme| scheme.to_ascii_lowercase());
            fold(name) == fold(other_name) && lower(scheme) == lower(other_scheme)
        }
        _ => one == other,
    }
}
