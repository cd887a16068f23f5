//! A token in a header.

use super::{the_only, trimmed};
use crate::request::RequestHead;
use crate::token::malformed::Malformed;

/// Returns the token in the header `name`: the text after `scheme`, or the whole value if there is no scheme.
///
/// # Errors
/// Two credentials, equal or not, since it is unknown which of them the upstream would read; or the scheme with nothing after it.
pub(super) fn find<'a>(
    name: &str,
    scheme: Option<&str>,
    head: &RequestHead<'a>,
) -> Result<Option<&'a [u8]>, Malformed> {
    let values = head.values(name).map(trimmed);
    let Some(scheme) = scheme else {
        return the_only(values.filter(|value| !value.is_empty()), |_, _| false);
    };
    let mut found = None;
    let mut count = 0_usize;
    for value in values {
        count = count.saturating_add(1);
        if let Some(token) = behind_scheme(scheme, value)? {
            found = Some(token);
        }
    }
    if found.is_some() && count > 1 {
        return Err(Malformed::SeveralCredentials);
    }
    Ok(found)
}

/// Returns the text after the scheme (RFC 9110, section 11.4; compared without regard to case); nothing if the value has
/// another scheme, whatever follows: a proxy that joins two header lines with a comma creates `Basic x,Bearer y`.
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
        // A comma further on is not base64url: parsing refuses it, and a cached token contains none.
        [b' ' | b'\t', ..] => Ok(Some(trimmed(rest))),
        // A longer word.
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::super::TokenSource;
    use super::super::test_support::*;

    fn header(name: &str, scheme: Option<&str>) -> TokenSource {
        TokenSource::Header {
            name: name.to_owned(),
            scheme: scheme.map(str::to_owned),
        }
    }

    #[test]
    fn a_header_with_a_scheme() {
        let source = header("authorization", Some("Bearer"));
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
            assert_found_in(&source, "authorization", values, *expected);
        }
    }

    #[test]
    fn a_header_without_a_scheme() {
        let source = header("x-token", None);
        let table: &[(&[&[u8]], Found)] = &[
            (&[], NONE),
            (&[b""], NONE),
            (&[b"  "], NONE),
            (&[b" a "], token("a")),
            (&[b"Bearer a"], token("Bearer a")),
            (&[b"a,b"], token("a,b")),
            (&[b"", b"a"], token("a")),
            (&[b"a", b"b"], SEVERAL),
            (&[b"a", b"a"], SEVERAL),
        ];
        for (values, expected) in table {
            assert_found_in(&source, "x-token", values, *expected);
        }
    }
}
