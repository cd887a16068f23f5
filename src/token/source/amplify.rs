//! The cookies of AWS Amplify.
//!
//! Amplify keeps the tokens of all users that have signed in on a browser, each in a separate cookie, and in another cookie which
//! of them did so last (`CookieStorage` in `@aws-amplify/core`, `TokenStore` in `@aws-amplify/auth`).

use super::cookie::{Cookie, cookies};
use super::{decoded, the_only};
use crate::request::RequestHead;
use crate::token::TokenUse;
use crate::token::malformed::Malformed;

/// The cookies of one app client, and which of its user's tokens to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AmplifyCookies {
    /// The prefix of all of their names: `CognitoIdentityServiceProvider.<client>.`
    prefix: String,
    token: TokenUse,
}

impl AmplifyCookies {
    /// Returns the cookies of the app client `client_id`.
    pub fn new(client_id: &str, token: TokenUse) -> AmplifyCookies {
        AmplifyCookies {
            prefix: format!("CognitoIdentityServiceProvider.{client_id}."),
            token,
        }
    }

    /// Reports whether Amplify sets a cookie of this name for the client, for any user.
    ///
    /// Names are compared percent-decoded: js-cookie, with which Amplify writes them, escapes the `@` of a user's name.
    pub fn owns(&self, name: &[u8]) -> bool {
        decoded(name).starts_with(self.prefix.as_bytes())
    }

    /// Returns the token of the user who signed in last. Cookies of other users are ignored.
    #[inline(never)]
    pub(super) fn find<'a>(&self, head: &RequestHead<'a>) -> Result<Option<&'a [u8]>, Malformed> {
        let Some(user) = self.value_of(b"LastAuthUser", head)? else {
            return Ok(None);
        };
        let kind: &[u8] = match self.token {
            TokenUse::Id => b".idToken",
            TokenUse::Access => b".accessToken",
        };
        self.value_of(&[&decoded(user), kind].concat(), head)
    }

    /// Returns the value of the client's cookie whose name ends with `rest`, if it is not empty.
    fn value_of<'a>(&self, rest: &[u8], head: &RequestHead<'a>) -> Result<Option<&'a [u8]>, Malformed> {
        let is_wanted = |cookie: &Cookie<'_>| decoded(cookie.name).strip_prefix(self.prefix.as_bytes()) == Some(rest);
        let values = cookies(head).filter(is_wanted).map(|cookie| cookie.value);
        the_only(values, |one, other| decoded(one) == decoded(other))
    }
}

#[cfg(test)]
mod tests {
    use super::super::TokenSource;
    use super::super::test_support::*;
    use super::*;

    #[test]
    fn the_user_signed_in_last_decides() {
        let id = TokenSource::Amplify(AmplifyCookies::new("c", TokenUse::Id));
        for (cookies, expected) in [
            ("P.LastAuthUser=alice; P.alice.idToken=a", token("a")),
            ("P.alice.idToken=a; P.LastAuthUser=alice", token("a")),
            ("P.LastAuthUser=bob; P.alice.idToken=a; P.bob.idToken=b", token("b")),
            (
                "P.LastAuthUser=alice; P.alice.accessToken=x; P.alice.idToken=a; P.alice.refreshToken=y",
                token("a"),
            ),
            ("P.LastAuthUser=\"alice\"; P.alice.idToken=\"a\"", token("a")),
            ("P.LastAuthUser=a.b.c; P.a.b.c.idToken=a; P.a.idToken=b", token("a")),
            (
                "P.LastAuthUser=alice@example.com; P.alice%40example.com.idToken=a",
                token("a"),
            ),
            (
                "P.LastAuthUser=alice%40example.com; P.alice@example.com.idToken=a",
                token("a"),
            ),
            ("P.LastAuthUser=J%C3%BCrgen; P.J%c3%bcrgen.idToken=a", token("a")),
            ("P.LastAuthUser=a%25b; P.a%25b.idToken=a; P.a%b.idToken=a", token("a")),
            ("P.LastAuthUser=a%25b; P.a%2525b.idToken=a", NONE),
            // Twins.
            (
                "P.LastAuthUser=alice; P.LastAuthUser=alice; P.alice.idToken=a; P.alice.idToken=a",
                token("a"),
            ),
            (
                "P.LastAuthUser=a@b; P.LastAuthUser=\"a%40b\"; P.LastAuthUser=; P.a@b.idToken=a",
                token("a"),
            ),
            ("P.LastAuthUser=a@b; P.a@b.idToken=a; P.a%40b.idToken=a", token("a")),
            ("P.LastAuthUser=alice; P.alice.idToken=a; P.alice.idToken=", token("a")),
            ("P.LastAuthUser=alice; P.LastAuthUser=bob; P.alice.idToken=a", SEVERAL),
            ("P.LastAuthUser=alice; P.alice.idToken=a; P.alice.idToken=b", SEVERAL),
            ("P.LastAuthUser=a@b; P.a@b.idToken=a; P.a%40b.idToken=b", SEVERAL),
            // No credential.
            ("P.alice.idToken=a", NONE),
            ("P.LastAuthUser=; P.alice.idToken=a; P..idToken=b", NONE),
            ("P.LastAuthUser=alice", NONE),
            ("P.LastAuthUser=alice; P.alice.idToken=", NONE),
            ("P.LastAuthUser=alice; P.bob.idToken=b", NONE),
            ("P.LastAuthUser=alice; P.Alice.idToken=b", NONE),
            ("P.LastAuthUser=alice; P.alice.idtoken=b", NONE),
            ("P.LastAuthUser=alice; Q.alice.idToken=b", NONE),
            ("Q.LastAuthUser=alice; P.alice.idToken=b", NONE),
        ] {
            let cookies = cookies
                .replace("P.", "CognitoIdentityServiceProvider.c.")
                .replace("Q.", "CognitoIdentityServiceProvider.cc.");
            assert_found_in(&id, "cookie", &[cookies.as_bytes()], expected);
        }
        let access = TokenSource::Amplify(AmplifyCookies::new("c", TokenUse::Access));
        let cookies = "P.LastAuthUser=alice; P.alice.accessToken=x; P.alice.idToken=a";
        let cookies = cookies.replace("P.", "CognitoIdentityServiceProvider.c.");
        assert_found_in(&access, "cookie", &[cookies.as_bytes()], token("x"));
    }

    #[test]
    fn all_cookies_of_the_client_are_its_own() {
        let cookies = AmplifyCookies::new("c+1", TokenUse::Id);
        for (name, is_owned) in [
            ("CognitoIdentityServiceProvider.c+1.LastAuthUser", true),
            ("CognitoIdentityServiceProvider.c%2B1.alice.refreshToken", true),
            ("CognitoIdentityServiceProvider.c+1.", true),
            ("CognitoIdentityServiceProvider.c+1", false),
            ("CognitoIdentityServiceProvider.c+12.LastAuthUser", false),
            ("cognitoidentityserviceprovider.c+1.LastAuthUser", false),
        ] {
            assert_eq!(cookies.owns(name.as_bytes()), is_owned, "{name}");
        }
    }
}
