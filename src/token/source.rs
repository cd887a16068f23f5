//! Where a request's token is found.

pub mod amplify;
pub mod cookie;
pub mod header;
pub mod query;
pub mod websocket;

use super::malformed::Malformed;
use crate::request::RequestHead;
use amplify::AmplifyCookies;
use cookie::CookieName;
use memchr::memchr;
use percent_encoding::percent_decode;
use std::borrow::Cow;
use std::fmt;

/// A place to look for a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenSource {
    /// A header. With a scheme (RFC 9110, section 11.4) its value is `scheme token`, without one it is the token.
    Header {
        /// The header's name, lower case.
        name: String,
        /// The scheme, as configured; compared without regard to case.
        scheme: Option<String>,
    },
    /// A cookie.
    Cookie(CookieName),
    /// AWS Amplify's cookie for the user who signed in last.
    Amplify(AmplifyCookies),
    /// A query parameter.
    Query(String),
    /// `sec-websocket-protocol`: the element after the one of this name, or the text after the name and a dot.
    WebSocketProtocol(String),
}

/// As people would name it: `header authorization with scheme Bearer`.
impl fmt::Display for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TokenSource::Header { name, scheme } => {
                write!(f, "header {name}")?;
                scheme.iter().try_for_each(|scheme| write!(f, " with scheme {scheme}"))
            }
            TokenSource::Cookie(name) => write!(f, "cookie {name}"),
            TokenSource::Amplify(_) => f.write_str("cookies of AWS Amplify"),
            TokenSource::Query(name) => write!(f, "query parameter {name}"),
            TokenSource::WebSocketProtocol(name) => write!(f, "WebSocket protocol {name}"),
        }
    }
}

/// A credential in a request, and its source. It may not be a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential<'s, 'a> {
    token: Cow<'a, [u8]>,
    source: &'s TokenSource,
}

impl<'s, 'a> Credential<'s, 'a> {
    /// Returns what should be a token: never empty, any bytes.
    pub fn token(&self) -> &[u8] {
        &self.token
    }

    /// Returns the token alone.
    pub fn into_token(self) -> Cow<'a, [u8]> {
        self.token
    }

    /// Returns the source that it was found in.
    pub fn source(&self) -> &'s TokenSource {
        self.source
    }
}

/// Finds a credential. The first source that contains one is used alone.
///
/// # Errors
/// That source contains two credentials, or its scheme or name with nothing after it. Later sources are not used then, because
/// two servers that read such a request differently would see two users.
pub fn find<'s, 'a>(
    sources: &'s [TokenSource],
    head: &RequestHead<'a>,
) -> Result<Option<Credential<'s, 'a>>, Malformed> {
    for source in sources {
        let found = find_in(source, sources, head)?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// Finds a credential in `source`, one of `sources`.
///
/// # Errors
/// As [`find`].
pub fn find_in<'s, 'a>(
    source: &'s TokenSource,
    sources: &[TokenSource],
    head: &RequestHead<'a>,
) -> Result<Option<Credential<'s, 'a>>, Malformed> {
    let token = match source {
        TokenSource::Header { name, scheme } => header::find(name, scheme.as_deref(), head)?.map(Cow::Borrowed),
        TokenSource::Cookie(name) => cookie::find(name, head)?.map(Cow::Borrowed),
        TokenSource::Amplify(cookies) => cookies.find(head)?.map(Cow::Borrowed),
        TokenSource::Query(name) => query::find(name, head)?,
        TokenSource::WebSocketProtocol(name) => websocket::find(name, sources, head)?.map(Cow::Borrowed),
    };
    Ok(token.map(|token| Credential { token, source }))
}

/// Returns the only one of `found`. Those for which `is_same` holds count as one: a cookie that was set twice must not lock a
/// browser out.
fn the_only<T>(found: impl IntoIterator<Item = T>, is_same: impl Fn(&T, &T) -> bool) -> Result<Option<T>, Malformed> {
    let mut found = found.into_iter();
    let Some(first) = found.next() else { return Ok(None) };
    if found.all(|other| is_same(&first, &other)) {
        Ok(Some(first))
    } else {
        Err(Malformed::SeveralCredentials)
    }
}

/// Decodes percent-escapes once (RFC 3986, section 2.1). Invalid escapes remain, and are not base64url.
fn decoded(text: &[u8]) -> Cow<'_, [u8]> {
    percent_decode(text).into()
}

fn split_at_equals(pair: &[u8]) -> Option<(&[u8], &[u8])> {
    let (name, rest) = pair.split_at_checked(memchr(b'=', pair)?)?;
    Some((name, rest.split_first()?.1))
}

/// Removes the spaces and tabs around it (RFC 9110, section 5.6.3, OWS).
pub(super) fn trimmed(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

#[cfg(test)]
pub(super) mod test_support {
    use super::*;

    pub(crate) type Found<'a> = Result<Option<&'a [u8]>, Malformed>;
    pub(crate) const SEVERAL: Found<'static> = Err(Malformed::SeveralCredentials);
    pub(crate) const EMPTY: Found<'static> = Err(Malformed::EmptyCredential);
    pub(crate) const NONE: Found<'static> = Ok(None);

    pub(crate) fn token(token: &str) -> Found<'_> {
        Ok(Some(token.as_bytes()))
    }

    pub(crate) fn assert_found(sources: &[TokenSource], headers: &[(&str, &[u8])], expected: Found<'_>) {
        let pairs = headers.iter().map(|(name, value)| (name.as_bytes(), *value)).collect();
        let found = find(sources, &RequestHead::new(pairs));
        let found = found.map(|credential| credential.map(|credential| credential.token().to_vec()));
        let shown: Vec<_> = headers
            .iter()
            .map(|(name, value)| (name, value.escape_ascii().to_string()))
            .collect();
        assert_eq!(found, expected.map(|token| token.map(<[u8]>::to_vec)), "{shown:?}");
    }

    /// As [`assert_found`], for values of one header.
    pub(crate) fn assert_found_in(source: &TokenSource, name: &str, values: &[&[u8]], expected: Found<'_>) {
        let headers: Vec<(&str, &[u8])> = values.iter().map(|value| (name, *value)).collect();
        assert_found(std::slice::from_ref(source), &headers, expected);
    }
}

#[cfg(test)]
mod tests {
    use super::test_support::*;
    use super::*;

    #[test]
    fn the_first_source_that_holds_a_credential_is_used_alone() {
        let sources = [
            TokenSource::Header {
                name: "authorization".to_owned(),
                scheme: Some("Bearer".to_owned()),
            },
            TokenSource::Cookie(CookieName::Exact("id".to_owned())),
            TokenSource::Query("token".to_owned()),
        ];
        let with = |authorization: &'static str, cookie: &'static str, path: &'static str| {
            [("authorization", authorization), ("cookie", cookie), (":path", path)]
                .map(|(name, value)| (name, value.as_bytes()))
        };
        assert_found(&sources, &with("Bearer a", "id=b", "/?token=c"), token("a"));
        assert_found(&sources, &with("Bearer a", "id=b; id=c", "/?token=c"), token("a"));
        assert_found(&sources, &with("Basic x", "id=b", "/?token=c"), token("b"));
        assert_found(&sources, &with("Basic x", "id=", "/?token=c"), token("c"));
        assert_found(&sources, &with("Basic x", "id=", "/"), NONE);
        assert_found(&sources, &with("Bearer", "id=b", "/"), EMPTY);
        assert_found(&sources, &with("Basic x", "id=a; id=b", "/?token=c"), SEVERAL);
        assert_found(&[], &with("Bearer a", "id=b", "/"), NONE);
    }
}
