//! A token in a cookie.

use super::{decoded, split_at_equals, the_only, trimmed};
use crate::request::RequestHead;
use crate::token::malformed::Malformed;
use std::fmt;

/// A cookie's name, in which one `*` may match any characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CookieName {
    /// This name.
    Exact(String),
    /// Any name with this beginning and end, which do not overlap.
    Wildcard {
        /// The part before the `*`.
        prefix: String,
        /// The part after the `*`.
        suffix: String,
    },
}

/// As it is configured.
impl fmt::Display for CookieName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CookieName::Exact(name) => f.write_str(name),
            CookieName::Wildcard { prefix, suffix } => write!(f, "{prefix}*{suffix}"),
        }
    }
}

impl CookieName {
    /// Reports whether it matches a cookie of this name; names are case-sensitive.
    pub fn matches(&self, name: &[u8]) -> bool {
        match self {
            CookieName::Exact(wanted) => name == wanted.as_bytes(),
            CookieName::Wildcard { prefix, suffix } => name
                .strip_prefix(prefix.as_bytes())
                .is_some_and(|rest| rest.ends_with(suffix.as_bytes())),
        }
    }
}

/// One cookie of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::token) struct Cookie<'a> {
    /// Its name, as sent.
    pub name: &'a [u8],
    /// Its value without the quotes around it; not percent-decoded.
    pub value: &'a [u8],
}

impl<'a> Cookie<'a> {
    /// Parses the text between two semicolons (RFC 6265, section 4.2.1). One pair of double quotes around the value is not part
    /// of it (section 4.1.1).
    pub(in crate::token) fn parse(pair: &'a [u8]) -> Option<Cookie<'a>> {
        let (name, value) = split_at_equals(pair)?;
        let value = match trimmed(value) {
            [b'"', inner @ .., b'"'] => inner,
            value => value,
        };
        Some(Cookie {
            name: trimmed(name),
            value,
        })
    }

    /// Reports whether both are one credential: browsers send a cookie twice if it was set for two paths or domains.
    fn is_twin(&self, other: &Cookie<'_>) -> bool {
        self.name == other.name && decoded(self.value) == decoded(other.value)
    }
}

/// Returns the cookies of all cookie headers, in order, without those that have no value (cleared cookies).
pub(super) fn cookies<'s, 'a: 's>(head: &'s RequestHead<'a>) -> impl Iterator<Item = Cookie<'a>> + 's {
    head.values("cookie")
        .flat_map(|value| value.split(|byte| *byte == b';'))
        .filter_map(Cookie::parse)
        .filter(|cookie| !cookie.value.is_empty())
}

/// Returns the value of the cookie `name`.
///
/// # Errors
/// Two cookies match, and they differ in name or value.
#[inline(never)]
pub(super) fn find<'a>(name: &CookieName, head: &RequestHead<'a>) -> Result<Option<&'a [u8]>, Malformed> {
    let found = the_only(
        cookies(head).filter(|cookie| name.matches(cookie.name)),
        Cookie::is_twin,
    )?;
    Ok(found.map(|cookie| cookie.value))
}

#[cfg(test)]
mod tests {
    use super::super::TokenSource;
    use super::super::test_support::*;
    use super::*;

    #[test]
    fn cookies_of_one_name() {
        let source = TokenSource::Cookie(CookieName::Exact("id".to_owned()));
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
            (&[b"id=a; id=b"], SEVERAL),
            (&[b"id=a", b"id=b"], SEVERAL),
            (&[b"id=a; id=a; id=b"], SEVERAL),
            (&[b"id=a; id=A"], SEVERAL),
            (&[b"id=a; id=a"], token("a")),
            (&[b"id=a; x=1", b"id=a"], token("a")),
            (&[b"id=a; id=\"a\"; id = a ; id=; id=\"\""], token("a")),
            (&[b"id=a; id=%61"], token("a")),
            (&[b"id=%61; id=a"], token("%61")),
            (&[b"id=%61; id=%2561"], SEVERAL),
        ];
        for (values, expected) in table {
            assert_found_in(&source, "cookie", values, *expected);
        }
    }

    #[test]
    fn cookies_by_wildcard() {
        let wildcard = |prefix: &str, suffix: &str| {
            TokenSource::Cookie(CookieName::Wildcard {
                prefix: prefix.to_owned(),
                suffix: suffix.to_owned(),
            })
        };
        let in_the_middle = wildcard("P.c.", ".idToken");
        for (value, expected) in [
            ("P.c.alice.idToken=a", token("a")),
            ("P.c.al.ice.idToken=a; P.c.alice.accessToken=b", token("a")),
            ("P.c..idToken=a", token("a")),
            ("P.c.idToken=a", NONE),
            ("P.c.LastAuthUser=a", NONE),
            ("P.c.alice.idToken=a; P.c.bob.idToken=b", SEVERAL),
            // Two names are two credentials, whatever their values.
            ("P.c.alice.idToken=a; P.c.bob.idToken=a", SEVERAL),
            ("P.c.alice.idToken=a; P.c.alice.idToken=a", token("a")),
            ("P.c.alice.idToken=; P.c.bob.idToken=b", token("b")),
        ] {
            assert_found_in(&in_the_middle, "cookie", &[value.as_bytes()], expected);
        }
        for (prefix, suffix, value, expected) in [
            ("ab", "bc", "abc=1", NONE),
            ("ab", "bc", "abbc=1", token("1")),
            ("", "", "any=1", token("1")),
            ("", ".id", "x.id=1; .id=", token("1")),
            ("id.", "", "id.x=1; xid.=2", token("1")),
        ] {
            assert_found_in(&wildcard(prefix, suffix), "cookie", &[value.as_bytes()], expected);
        }
    }
}
