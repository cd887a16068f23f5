//! Removes a credential from the request, and leaves everything else unchanged.

use super::source::cookie::Cookie;
use super::source::{Credential, TokenSource, query, trimmed};
use crate::command::HeaderEdit;
use crate::request::RequestHead;

/// Returns the header edits that remove `credential` from the request with this head. Equal cookies and parameters are removed as well,
/// and so are all cookies of an Amplify client: they contain the other tokens of the same user, and of others.
///
/// A credential in `sec-websocket-protocol` is not removed here: it is removed from every request.
#[inline(never)]
pub fn remove(credential: &Credential<'_, '_>, head: &RequestHead<'_>) -> Vec<HeaderEdit> {
    match credential.source() {
        TokenSource::Header { name, .. } => vec![HeaderEdit::Remove(name.as_bytes().to_vec())],
        TokenSource::Cookie(name) => {
            remove_cookies(head, |cookie| name.matches(cookie.name) && !cookie.value.is_empty())
        }
        TokenSource::Amplify(cookies) => remove_cookies(head, |cookie| cookies.owns(cookie.name)),
        TokenSource::Query(name) => vec![HeaderEdit::Set(":path", without_parameter(name, head.path()))],
        TokenSource::WebSocketProtocol(_) => Vec::new(),
    }
}

/// Removes cookies. What is left of several cookie headers becomes one, which means the same (RFC 9113, section 8.2.3).
fn remove_cookies(head: &RequestHead<'_>, is_removed: impl Fn(&Cookie<'_>) -> bool) -> Vec<HeaderEdit> {
    let is_removed = |pair: &[u8]| Cookie::parse(pair).is_some_and(|cookie| is_removed(&cookie));
    let left: Vec<Vec<u8>> = head
        .values("cookie")
        .map(|value| without(value, b';', is_removed))
        // Only what the search treats as white space: the rest must not become a credential that the search did not see.
        .map(|value| trimmed(&value).to_vec())
        .filter(|value| !value.is_empty())
        .collect();
    let mut edits = vec![HeaderEdit::Remove(b"cookie".to_vec())];
    if !left.is_empty() {
        edits.push(HeaderEdit::Set("cookie", left.join(&b"; "[..])));
    }
    edits
}

fn without_parameter(name: &str, path: &[u8]) -> Vec<u8> {
    let Some(query) = query::query_of(path) else {
        return path.to_vec();
    };
    let left = without(query, b'&', |pair| query::value_of(name, pair).is_some());
    let query_start = query.as_ptr().addr().saturating_sub(path.as_ptr().addr());
    let (before, rest) = path.split_at_checked(query_start).unwrap_or((path, &[]));
    let fragment = rest.get(query.len()..).unwrap_or_default();
    // If it was the only one, the question mark is removed as well.
    let before = if left.is_empty() {
        before.strip_suffix(b"?").unwrap_or(before)
    } else {
        before
    };
    [before, &left, fragment].concat()
}

fn without(list: &[u8], separator: u8, is_removed: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let left: Vec<&[u8]> = list
        .split(|byte| *byte == separator)
        .filter(|part| !is_removed(part))
        .collect();
    left.join(&[separator][..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::TokenUse;
    use crate::token::source::amplify::AmplifyCookies;
    use crate::token::source::cookie::CookieName;
    use crate::token::source::find;
    use proptest::prelude::*;

    fn removed(source: TokenSource, headers: &[(&str, &str)]) -> Vec<HeaderEdit> {
        let pairs = headers
            .iter()
            .map(|(name, value)| (name.as_bytes(), value.as_bytes()))
            .collect();
        let head = RequestHead::new(pairs);
        let sources = [source];
        let credential = find(&sources, &head).unwrap().unwrap();
        remove(&credential, &head)
    }

    #[test]
    fn a_header_goes_as_a_whole() {
        let source = |scheme: Option<&str>| TokenSource::Header {
            name: "x-token".to_owned(),
            scheme: scheme.map(str::to_owned),
        };
        let gone = [HeaderEdit::Remove(b"x-token".to_vec())];
        assert_eq!(removed(source(Some("Bearer")), &[("x-token", "bearer a")]), gone);
        assert_eq!(removed(source(None), &[("x-token", ""), ("x-token", "a")]), gone);
    }

    #[test]
    fn one_cookie_goes_the_others_stay() {
        for (cookies, left) in [
            (&["id=a"][..], None),
            (&[" id=a ; "], None),
            (&["id=a; x=1"], Some("x=1")),
            (&["x=1; id=a"], Some("x=1")),
            (&["x=1; id=a; y=2"], Some("x=1; y=2")),
            (&["x=1;id=a;y=2"], Some("x=1;y=2")),
            (&["x=1; id=a; y=\"2\"; z"], Some("x=1; y=\"2\"; z")),
            (&["id=; id=a; id2=b"], Some("id=; id2=b")),
            (
                &["id=a; x=1; id=a; id=\"a\"; id=%61", "y=2", " id = a"],
                Some("x=1; y=2"),
            ),
            (&["x=1", "id=a", "y=2"], Some("x=1; y=2")),
            (&["x=1", "id=a; y=2; z=3"], Some("x=1; y=2; z=3")),
        ] {
            let headers: Vec<(&str, &str)> = cookies.iter().map(|value| ("cookie", *value)).collect();
            let edits = removed(TokenSource::Cookie(CookieName::Exact("id".to_owned())), &headers);
            let mut expected = vec![HeaderEdit::Remove(b"cookie".to_vec())];
            expected.extend(left.map(|left| HeaderEdit::Set("cookie", left.as_bytes().to_vec())));
            assert_eq!(edits, expected, "{cookies:?}");
        }
    }

    #[test]
    fn all_cookies_of_the_amplify_client_go() {
        let source = TokenSource::Amplify(AmplifyCookies::new("c", TokenUse::Id));
        let cookies =
            "x=1; P.LastAuthUser=a@b; P.a%40b.idToken=t; P.a%40b.refreshToken=r; P.bob.idToken=u; P%2Ex=1; y=2";
        let cookies = cookies.replace("P.", "CognitoIdentityServiceProvider.c.");
        let cookies = cookies.replace("P%2E", "CognitoIdentityServiceProvider%2Ec.");
        let expected = [
            HeaderEdit::Remove(b"cookie".to_vec()),
            HeaderEdit::Set("cookie", b"x=1; y=2".to_vec()),
        ];
        assert_eq!(removed(source, &[("cookie", &cookies)]), expected);
    }

    #[test]
    fn one_parameter_goes_the_others_keep_their_spelling() {
        for (path, left) in [
            ("/a?token=t", "/a"),
            ("/a?token=t&", "/a"),
            ("/a?token=t#f", "/a#f"),
            ("/a?token=t&b=%7e&c", "/a?b=%7e&c"),
            ("/a?b=1&token=t", "/a?b=1"),
            ("/a?b=1&t%6fken=t&c=%zz+", "/a?b=1&c=%zz+"),
            ("/a?b=1&&token=t&#?x", "/a?b=1&&#?x"),
            ("/token=t?token=t&xtoken=t", "/token=t?xtoken=t"),
            ("/a?token=&token=t", "/a?token="),
            ("/a?token=t&b&%74oken=%74&token=t", "/a?b"),
            ("/a?token=t&token=t", "/a"),
            ("?token=t", ""),
        ] {
            let edits = removed(TokenSource::Query("token".to_owned()), &[(":path", path)]);
            assert_eq!(edits, [HeaderEdit::Set(":path", left.as_bytes().to_vec())], "{path}");
        }
    }

    /// The head after the edits.
    fn edited(headers: &[(String, String)], edits: &[HeaderEdit]) -> Vec<(String, String)> {
        let mut headers = headers.to_vec();
        for edit in edits {
            match edit {
                HeaderEdit::Remove(name) => headers.retain(|(found, _)| found.as_bytes() != name),
                HeaderEdit::Set(name, value) => {
                    headers.retain(|(found, _)| found != name);
                    headers.push(((*name).to_owned(), String::from_utf8(value.clone()).unwrap()));
                }
                other => panic!("{other:?}"),
            }
        }
        headers
    }

    fn head(headers: &[(String, String)]) -> RequestHead<'_> {
        RequestHead::new(
            headers
                .iter()
                .map(|(name, value)| (name.as_bytes(), value.as_bytes()))
                .collect(),
        )
    }

    /// Returns every pair or parameter except the credential: those of this name that have a value.
    fn others<'a>(text: &'a str, separators: &[char], names: &[&str]) -> Vec<&'a str> {
        let is_credential = |part: &str| {
            let value = part.split_once('=').filter(|(name, _)| names.contains(&name.trim()));
            value.is_some_and(|(_, value)| !matches!(value.trim(), "" | "\"\""))
        };
        let parts = text.split(separators).map(str::trim);
        parts.filter(|part| !part.is_empty() && !is_credential(part)).collect()
    }

    proptest! {
        #[test]
        fn what_is_removed_is_gone_and_nothing_else(
            cookies in prop::collection::vec("((id|x|id2)=[ab\"]{0,2}(;|; | ;)){0,4}", 1..3),
            path in "/a(\\?((t|%74|u)=[ab]{0,2}&?){0,4})?(#t=c)?",
        ) {
            let mut headers: Vec<(String, String)> = vec![(":path".to_owned(), path)];
            headers.extend(cookies.into_iter().map(|value| ("cookie".to_owned(), value)));
            let sources = [
                (TokenSource::Cookie(CookieName::Exact("id".to_owned())), &["id"][..], "cookie"),
                (TokenSource::Query("t".to_owned()), &["t", "%74"], ":path"),
            ];
            for (source, names, changed) in sources {
                let source = std::slice::from_ref(&source);
                let Ok(Some(credential)) = find(source, &head(&headers)) else { continue };
                let after = edited(&headers, &remove(&credential, &head(&headers)));
                prop_assert_eq!(find(source, &head(&after)), Ok(None));
                for (name, separators) in [(":path", &['?', '&', '#'][..]), ("cookie", &[';'])] {
                    let text = |headers: &[(String, String)]| {
                        let values = headers.iter().filter(|(found, _)| found == name).map(|(_, value)| value.as_str());
                        values.collect::<Vec<_>>().join(";")
                    };
                    let names = if name == changed { names } else { &[] };
                    let (before, after) = (text(&headers), text(&after));
                    prop_assert_eq!(others(&before, separators, names), others(&after, separators, names));
                }
            }
        }
    }
}
