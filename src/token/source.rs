//! Where a request's token is found, and how it is taken out of what the upstream gets.

use super::malformed::Malformed;
use crate::request::RequestHead;
use std::borrow::Cow;

/// A place to look for a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenSource {
    /// A header. With a scheme (RFC 9110, section 11.4) its value is `scheme token`, without one the token alone.
    Header {
        /// The header's name, lower case.
        name: String,
        /// The scheme, as configured; compared without regard to case.
        scheme: Option<String>,
    },
    /// A cookie.
    Cookie(CookieName),
    /// A query parameter.
    Query(String),
}

/// A cookie's name, in which one `*` may stand for any characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CookieName {
    /// This name.
    Exact(String),
    /// Any name that begins and ends so, without overlap.
    Wildcard {
        /// What stands before the `*`.
        prefix: String,
        /// What stands behind the `*`.
        suffix: String,
    },
}

/// A credential that a request holds, and where. Nothing says yet that it is a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential<'s, 'a> {
    token: Cow<'a, [u8]>,
    place: Place<'s, 'a>,
}

/// Where a credential stands, so that it can be taken out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place<'s, 'a> {
    /// All of the header of this name.
    Header(&'s str),
    /// One pair of a cookie header: its text between the semicolons.
    Cookie(&'a [u8]),
    /// One parameter: its text between the ampersands.
    Query(&'a [u8]),
}

impl<'s, 'a> Credential<'s, 'a> {
    /// What should be a token: never empty, any bytes.
    pub fn token(&self) -> &[u8] {
        &self.token
    }

    /// The token alone.
    pub fn into_token(self) -> Cow<'a, [u8]> {
        self.token
    }

    pub(super) fn place(&self) -> &Place<'s, 'a> {
        &self.place
    }
}

/// Looks for a credential. The first source that holds one is used alone.
///
/// # Errors
/// That source holds two credentials, or its scheme with nothing behind it. No later source is asked then: two
/// servers that read such a request differently would see two users.
pub fn find<'s, 'a>(
    sources: &'s [TokenSource],
    head: &RequestHead<'a>,
) -> Result<Option<Credential<'s, 'a>>, Malformed> {
    for source in sources {
        let found = match source {
            TokenSource::Header { name, scheme } => in_header(name, scheme.as_deref(), head)?,
            TokenSource::Cookie(name) => in_cookies(name, head)?,
            TokenSource::Query(name) => in_query(name, head)?,
        };
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

#[inline(never)]
fn in_cookies<'a>(name: &CookieName, head: &RequestHead<'a>) -> Result<Option<Credential<'static, 'a>>, Malformed> {
    the_only(cookies(head).filter_map(|pair| in_cookie(name, pair)))
}

#[inline(never)]
fn in_query<'a>(name: &str, head: &RequestHead<'a>) -> Result<Option<Credential<'static, 'a>>, Malformed> {
    the_only(parameters(head).filter_map(|pair| in_parameter(name, pair)))
}

fn the_only<'s, 'a>(
    mut found: impl Iterator<Item = Credential<'s, 'a>>,
) -> Result<Option<Credential<'s, 'a>>, Malformed> {
    match (found.next(), found.next()) {
        (_, Some(_)) => Err(Malformed::SeveralCredentials),
        (only, None) => Ok(only),
    }
}

fn in_header<'s, 'a>(
    name: &'s str,
    scheme: Option<&str>,
    head: &RequestHead<'a>,
) -> Result<Option<Credential<'s, 'a>>, Malformed> {
    let credential = |token: &'a [u8]| Credential {
        token: Cow::Borrowed(token),
        place: Place::Header(name),
    };
    let values = head.values(name).map(trimmed);
    let Some(scheme) = scheme else {
        return the_only(values.filter(|value| !value.is_empty()).map(credential));
    };
    let mut found = None;
    let mut count = 0_usize;
    for value in values {
        count = count.saturating_add(1);
        if let Some(token) = behind_scheme(scheme, value)? {
            found = Some(token);
        }
    }
    // Two values of which one is ours: which of them the upstream would read, nobody knows.
    if found.is_some() && count > 1 {
        return Err(Malformed::SeveralCredentials);
    }
    Ok(found.map(credential))
}

/// What stands behind the scheme (RFC 9110, section 11.4; compared without regard to case); nothing if the value has
/// another one, whatever follows: a proxy that joins two header lines by a comma makes `Basic x,Bearer y` of them.
fn behind_scheme<'a>(scheme: &str, value: &'a [u8]) -> Result<Option<&'a [u8]>, Malformed> {
    let Some((word, rest)) = value.split_at_checked(scheme.len()) else {
        return Ok(None);
    };
    if !word.eq_ignore_ascii_case(scheme.as_bytes()) {
        return Ok(None);
    }
    match rest {
        [] => Err(Malformed::EmptyCredential),
        [b',', ..] => Err(Malformed::SeveralCredentials),
        // A comma further on is no base64url: parsing refuses it, and a remembered token holds none.
        [b' ' | b'\t', ..] => Ok(Some(trimmed(rest))),
        // A longer word.
        _ => Ok(None),
    }
}

/// The pairs of all cookie headers (RFC 6265, section 4.2.1), as they stand between the semicolons.
fn cookies<'s, 'a: 's>(head: &'s RequestHead<'a>) -> impl Iterator<Item = &'a [u8]> + 's {
    head.values("cookie")
        .flat_map(|value| value.split(|byte| *byte == b';'))
}

fn in_cookie<'a>(wanted: &CookieName, pair: &'a [u8]) -> Option<Credential<'static, 'a>> {
    let (name, value) = split_at_equals(pair)?;
    let value = unquoted(trimmed(value));
    let held = wanted.matches(trimmed(name)) && !value.is_empty();
    held.then_some(Credential {
        token: Cow::Borrowed(value),
        place: Place::Cookie(pair),
    })
}

impl CookieName {
    /// Whether a cookie of this name is meant; names are case-sensitive.
    fn matches(&self, name: &[u8]) -> bool {
        match self {
            CookieName::Exact(wanted) => name == wanted.as_bytes(),
            CookieName::Wildcard { prefix, suffix } => name
                .strip_prefix(prefix.as_bytes())
                .is_some_and(|rest| rest.ends_with(suffix.as_bytes())),
        }
    }
}

/// One pair of double quotes around a cookie's value is no part of it (RFC 6265, section 4.1.1).
fn unquoted(value: &[u8]) -> &[u8] {
    match value {
        [b'"', inner @ .., b'"'] => inner,
        other => other,
    }
}

/// The parameters of the query, as they stand between the ampersands.
fn parameters<'a>(head: &RequestHead<'a>) -> impl Iterator<Item = &'a [u8]> {
    let query = query_of(head.path());
    query.into_iter().flat_map(|query| query.split(|byte| *byte == b'&'))
}

/// What stands between the first `?` and the fragment.
pub(super) fn query_of(path: &[u8]) -> Option<&[u8]> {
    let before_fragment = path.split(|byte| *byte == b'#').next()?;
    let question_mark = before_fragment.iter().position(|byte| *byte == b'?')?;
    before_fragment.get(question_mark.checked_add(1)?..)
}

fn in_parameter<'a>(wanted: &str, pair: &'a [u8]) -> Option<Credential<'static, 'a>> {
    let (name, value) = split_at_equals(pair)?;
    let held = percent_decoded(name) == wanted.as_bytes() && !value.is_empty();
    held.then(|| Credential {
        token: percent_decoded(value),
        place: Place::Query(pair),
    })
}

/// Decodes once (RFC 3986, section 2.1). A `+` stays: no token holds one or a space, so there is nothing to mean by it.
/// What is no escape stays as it is, and is no base64url.
fn percent_decoded(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.contains(&b'%') {
        return Cow::Borrowed(text);
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [byte, tail @ ..] = rest {
        let escape = match rest {
            [b'%', high, low, behind @ ..] => hex(*high, *low).map(|byte| (byte, behind)),
            _ => None,
        };
        let (byte, behind) = escape.unwrap_or((*byte, tail));
        decoded.push(byte);
        rest = behind;
    }
    Cow::Owned(decoded)
}

fn hex(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from((digit(high)? << 4) | digit(low)?).ok()
}

fn split_at_equals(pair: &[u8]) -> Option<(&[u8], &[u8])> {
    let equals = pair.iter().position(|byte| *byte == b'=')?;
    let (name, value) = pair.split_at_checked(equals)?;
    Some((name, value.split_first()?.1))
}

/// Without the spaces and tabs around it (RFC 9110, section 5.6.3, OWS).
pub(super) fn trimmed(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    type Found<'a> = Result<Option<&'a [u8]>, Malformed>;
    const SEVERAL: Found<'static> = Err(Malformed::SeveralCredentials);
    const EMPTY: Found<'static> = Err(Malformed::EmptyCredential);
    const NONE: Found<'static> = Ok(None);

    fn token(token: &str) -> Found<'_> {
        Ok(Some(token.as_bytes()))
    }

    fn assert_found(sources: &[TokenSource], headers: &[(&str, &[u8])], expected: Found<'_>) {
        let pairs = headers.iter().map(|(name, value)| (name.as_bytes(), *value)).collect();
        let found = find(sources, &RequestHead::new(pairs));
        let found = found.map(|credential| credential.map(|credential| credential.token().to_vec()));
        let shown: Vec<_> = headers
            .iter()
            .map(|(name, value)| (name, value.escape_ascii().to_string()))
            .collect();
        assert_eq!(found, expected.map(|token| token.map(<[u8]>::to_vec)), "{shown:?}");
    }

    fn header(name: &str, scheme: Option<&str>) -> TokenSource {
        TokenSource::Header {
            name: name.to_owned(),
            scheme: scheme.map(str::to_owned),
        }
    }

    #[test]
    fn a_header_with_a_scheme() {
        let source = [header("authorization", Some("Bearer"))];
        let table: &[(&[&[u8]], Found)] = &[
            (&[], NONE),
            (&[b""], NONE),
            (&[b"Bearer a.b.c"], token("a.b.c")),
            (&[b"bEARER a"], token("a")),
            (&[b"Bearer \t  a"], token("a")),
            (&[b"Bearer\ta"], token("a")),
            (&[b" Bearer a "], token("a")),
            (&[b"Bearer a b"], token("a b")),
            (&[b"Bearer \xff"], Ok(Some(b"\xff"))),
            (&[b"Bearer"], EMPTY),
            (&[b"Bearer "], EMPTY),
            (&[b"bearer \t "], EMPTY),
            // Refused when it is parsed: `jwt::tests::what_a_proxy_joined_is_no_token`.
            (&[b"Bearer a,Bearer b"], token("a,Bearer b")),
            (&[b"Bearer a,"], token("a,")),
            (&[b"Bearer ,"], token(",")),
            (&[b"Bearer,Basic x"], SEVERAL),
            (&[b"Basic x,Bearer a"], NONE),
            (&[b"Basic x, Bearer a"], NONE),
            (&[b"Negotiate xBearer a"], NONE),
            (&[b"\xffBearer a"], NONE),
            (&[b"Bearera"], NONE),
            (&[b"Bearer=a"], NONE),
            (&[b"Bearer\xa0a"], NONE),
            (&[b"Bear"], NONE),
            (&[b"a.b.c"], NONE),
            (&[b"Basic x", b"Digest y"], NONE),
            (&[b"Bearer a", b"Bearer a"], SEVERAL),
            (&[b"Basic x", b"Bearer a"], SEVERAL),
            (&[b"Bearer a", b"Basic x"], SEVERAL),
            (&[b"Bearer a", b"Bearer"], EMPTY),
        ];
        for (values, expected) in table {
            let headers: Vec<(&str, &[u8])> = values.iter().map(|value| ("authorization", *value)).collect();
            assert_found(&source, &headers, *expected);
        }
    }

    #[test]
    fn a_header_without_a_scheme() {
        let source = [header("x-token", None)];
        let table: &[(&[&[u8]], Found)] = &[
            (&[], NONE),
            (&[b""], NONE),
            (&[b"  "], NONE),
            (&[b" a "], token("a")),
            (&[b"Bearer a"], token("Bearer a")),
            (&[b"a,b"], token("a,b")),
            (&[b"", b"a"], token("a")),
            (&[b"a", b"b"], SEVERAL),
        ];
        for (values, expected) in table {
            let headers: Vec<(&str, &[u8])> = values.iter().map(|value| ("x-token", *value)).collect();
            assert_found(&source, &headers, *expected);
        }
    }

    #[test]
    fn cookies_of_one_name() {
        let source = [TokenSource::Cookie(CookieName::Exact("id".to_owned()))];
        let table: &[(&[&[u8]], Found)] = &[
            (&[], NONE),
            (&[b"id=a"], token("a")),
            (&[b"x=1; id=a; y=2"], token("a")),
            (&[b"x=1;id=a;y=2"], token("a")),
            (&[b"x=1;\tid = a ;"], token("a")),
            (&[b"id=\"a\""], token("a")),
            (&[b"id=\"\"a\"\""], token("\"a\"")),
            (&[b"id=\""], token("\"")),
            (&[b"id=\"a"], token("\"a")),
            (&[b"id=a=b"], token("a=b")),
            (&[b"id=\xff"], Ok(Some(b"\xff"))),
            (&[b"x=1", b"id=a"], token("a")),
            (&[b"id="], NONE),
            (&[b"id=\"\""], NONE),
            (&[b"id"], NONE),
            (&[b"Id=a"], NONE),
            (&[b"xid=a; id2=a"], NONE),
            (&[b"id=; id=a"], token("a")),
            (&[b"id=a; id=a"], SEVERAL),
            (&[b"id=a", b"id=b"], SEVERAL),
        ];
        for (values, expected) in table {
            let headers: Vec<(&str, &[u8])> = values.iter().map(|value| ("cookie", *value)).collect();
            assert_found(&source, &headers, *expected);
        }
    }

    #[test]
    fn cookies_by_wildcard() {
        let wildcard = |prefix: &str, suffix: &str| {
            [TokenSource::Cookie(CookieName::Wildcard {
                prefix: prefix.to_owned(),
                suffix: suffix.to_owned(),
            })]
        };
        let amplify = wildcard("P.c.", ".idToken");
        for (value, expected) in [
            ("P.c.alice.idToken=a", token("a")),
            ("P.c.al.ice.idToken=a; P.c.alice.accessToken=b", token("a")),
            ("P.c..idToken=a", token("a")),
            ("P.c.idToken=a", NONE),
            ("P.c.LastAuthUser=a", NONE),
            ("P.c.alice.idToken=a; P.c.bob.idToken=b", SEVERAL),
            ("P.c.alice.idToken=; P.c.bob.idToken=b", token("b")),
        ] {
            assert_found(&amplify, &[("cookie", value.as_bytes())], expected);
        }
        assert_found(&wildcard("ab", "bc"), &[("cookie", b"abc=1")], NONE);
        assert_found(&wildcard("", ""), &[("cookie", b"any=1")], token("1"));
    }

    #[test]
    fn query_parameters() {
        let source = [TokenSource::Query("token".to_owned())];
        let table: &[(&[u8], Found)] = &[
            (b"/", NONE),
            (b"/?", NONE),
            (b"/?token=a", token("a")),
            (b"/?x=1&token=a&y=2", token("a")),
            (b"/?to%6Ben=%61%2E", token("a.")),
            (b"/?token=%2561", token("%61")),
            (b"/?token=a+b", token("a+b")),
            (b"/?token=%zz%6", token("%zz%6")),
            (b"/?token=a=b", token("a=b")),
            (b"/?token=a?token=b", token("a?token=b")),
            (b"/?token=%ff", Ok(Some(b"\xff"))),
            (b"/?token=a#token=b&token=c", token("a")),
            (b"/#?token=a", NONE),
            (b"/token=a", NONE),
            (b"/?token", NONE),
            (b"/?token=", NONE),
            (b"/?Token=a&xtoken=b", NONE),
            (b"/?token=&token=a", token("a")),
            (b"/?token=a&token=a", SEVERAL),
            (b"/?token=a&%74oken=b", SEVERAL),
            (b"", NONE),
        ];
        for (path, expected) in table {
            assert_found(&source, &[(":path", path)], *expected);
        }
    }

    #[test]
    fn the_first_source_that_holds_a_credential_is_used_alone() {
        let sources = [
            header("authorization", Some("Bearer")),
            TokenSource::Cookie(CookieName::Exact("id".to_owned())),
            TokenSource::Query("token".to_owned()),
        ];
        let with = |authorization: &'static str, cookie: &'static str, path: &'static str| {
            [("authorization", authorization), ("cookie", cookie), (":path", path)]
                .map(|(name, value)| (name, value.as_bytes()))
        };
        assert_found(&sources, &with("Bearer a", "id=b", "/?token=c"), token("a"));
        assert_found(&sources, &with("Bearer a", "id=b; id=b", "/?token=c"), token("a"));
        assert_found(&sources, &with("Basic x", "id=b", "/?token=c"), token("b"));
        assert_found(&sources, &with("Basic x", "id=", "/?token=c"), token("c"));
        assert_found(&sources, &with("Basic x", "id=", "/"), NONE);
        assert_found(&sources, &with("Bearer", "id=b", "/"), EMPTY);
        assert_found(&sources, &with("Basic x", "id=a; id=b", "/?token=c"), SEVERAL);
        assert_found(&[], &with("Bearer a", "id=b", "/"), NONE);
    }
}
