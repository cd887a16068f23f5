//! A token in the query.

use super::{decoded, split_at_equals, the_only};
use crate::request::RequestHead;
use crate::token::malformed::Malformed;
use memchr::memchr;
use std::borrow::Cow;

/// Returns the value of the query parameter `name`, decoded. A `+` remains: a token contains neither a `+` nor a space, so the
/// difference does not matter.
///
/// # Errors
/// Two parameters of this name differ in their value.
#[inline(never)]
pub(super) fn find<'a>(name: &str, head: &RequestHead<'a>) -> Result<Option<Cow<'a, [u8]>>, Malformed> {
    let query = query_of(head.path()).unwrap_or_default();
    let parameters = query.split(|byte| *byte == b'&');
    the_only(parameters.filter_map(|pair| value_of(name, pair)), |one, other| {
        one == other
    })
}

/// Returns the decoded value of a parameter, which is the text between two ampersands, if it has this name and is not
/// empty.
pub(in crate::token) fn value_of<'a>(name: &str, pair: &'a [u8]) -> Option<Cow<'a, [u8]>> {
    let (found, value) = split_at_equals(pair)?;
    (!value.is_empty() && *decoded(found) == *name.as_bytes()).then(|| decoded(value))
}

/// Returns the text between the first `?` and the fragment.
pub(in crate::token) fn query_of(path: &[u8]) -> Option<&[u8]> {
    let before_fragment = path.split(|byte| *byte == b'#').next()?;
    before_fragment.get(memchr(b'?', before_fragment)?.checked_add(1)?..)
}

#[cfg(test)]
mod tests {
    use super::super::TokenSource;
    use super::super::test_support::*;

    #[test]
    fn query_parameters() {
        let source = TokenSource::Query("token".to_owned());
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
            (b"/?token=a&token=b", SEVERAL),
            (b"/?token=a&%74oken=b", SEVERAL),
            (b"/?token=a&token=\"a\"", SEVERAL),
            (b"/?token=a&token=a", token("a")),
            (b"/?token=%61&%74oken=a&token=", token("a")),
            (b"", NONE),
        ];
        for (path, expected) in table {
            assert_found_in(&source, ":path", &[*path], *expected);
        }
    }
}
