//! A token's claims, completed with those of UserInfo's answer.

use super::claims::{ClaimSet, ClaimView};
use crate::json;
use std::borrow::Cow;

/// Claims that only the token may supply: UserInfo's answer is not signed and is no statement about the token.
const TOKEN_ONLY: [&str; 11] = [
    "iss",
    "aud",
    "exp",
    "nbf",
    "iat",
    "auth_time",
    "jti",
    "token_use",
    "client_id",
    "scope",
    "cognito:groups",
];

/// Attributes that users can set themselves, and the claim that states whether they are verified.
const VERIFIABLE: [(&str, &str); 2] = [("email", "email_verified"), ("phone_number", "phone_number_verified")];

/// The claims of the user's name in ID tokens, and in access tokens and UserInfo.
const USERNAME: (&str, &str) = ("cognito:username", "username");

/// A token's claims and, for those that the token lacks, UserInfo's.
#[derive(Clone, Copy, Debug)]
pub struct MergedClaims<'a> {
    token: &'a ClaimSet,
    user_info: Option<&'a ClaimSet>,
}

impl<'a> MergedClaims<'a> {
    /// Returns the claims of a verified token, and UserInfo's answer about the same `sub` if there is one.
    pub fn new(token: &'a ClaimSet, user_info: Option<&'a ClaimSet>) -> MergedClaims<'a> {
        MergedClaims { token, user_info }
    }

    /// Returns the set that supplies the claim `name`: the token if it has the claim, with any value, otherwise UserInfo if it may supply
    /// the claim.
    pub fn source_of(&self, name: &str) -> Option<&'a ClaimSet> {
        if self.token.raw(name).is_some() {
            return Some(self.token);
        }
        self.user_info
            .filter(|added| added.raw(name).is_some() && self.is_gap(name))
    }

    /// Returns the JSON text of the claim `name`.
    pub fn raw(&self, name: &str) -> Option<&'a str> {
        self.source_of(name)?.raw(name)
    }

    /// Reports whether the claim `name` may be passed on as a fact: users cannot set it themselves, or it is verified
    /// (`true`, or `"true"` as in UserInfo).
    pub fn is_trustworthy(&self, name: &str) -> bool {
        let Some((_, flag)) = VERIFIABLE.iter().find(|(claim, _)| *claim == name) else {
            return true;
        };
        match self.raw(flag).map(ClaimView::of) {
            Some(ClaimView::Bool(verified)) => verified,
            Some(ClaimView::Text(text)) => text == "true",
            _ => false,
        }
    }

    /// Returns all claims as one JSON object: the token's as they came, then those that UserInfo adds.
    pub fn to_json(&self) -> Cow<'a, str> {
        if self.added().next().is_none() {
            return Cow::Borrowed(self.token.json());
        }
        Cow::Owned(json::object(self.members()))
    }

    /// Returns all claims, name and JSON text: the token's as they came, then those that UserInfo adds.
    pub fn members(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.token.members().chain(self.added())
    }

    /// Returns the claims that UserInfo adds.
    fn added(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let merged = *self;
        self.user_info
            .into_iter()
            .flat_map(ClaimSet::members)
            .filter(move |(name, _)| merged.token.raw(name).is_none() && merged.is_gap(name))
    }

    /// Reports whether UserInfo may supply a claim that the token lacks. An attribute and its flag belong together, and so do the
    /// two names of the user: if the token has one of the two, the other one of UserInfo would verify another value, be verified by
    /// another flag, or precede another name.
    fn is_gap(&self, name: &str) -> bool {
        let pairs = VERIFIABLE.iter().chain([&USERNAME]);
        let partner = pairs.into_iter().find_map(|(one, other)| match name {
            name if name == *one => Some(*other),
            name if name == *other => Some(*one),
            _ => None,
        });
        !TOKEN_ONLY.contains(&name) && partner.is_none_or(|partner| self.token.raw(partner).is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(json: &str) -> ClaimSet {
        ClaimSet::parse(json.to_owned()).unwrap()
    }

    #[test]
    fn user_info_fills_gaps_and_overrides_nothing() {
        let token = set(r#"{"sub":"s","name":"token","nickname":null,"given_name":""}"#);
        let added = set(
            r#"{"sub":"other","name":"added","nickname":"added","given_name":"added","family_name":"added","iss":1,"aud":1,
            "exp":1,"nbf":1,"iat":1,"auth_time":1,"jti":1,"token_use":1,"client_id":1,"scope":1,"cognito:groups":1}"#,
        );
        let merged = MergedClaims::new(&token, Some(&added));
        for (name, expected) in [
            ("sub", Some("\"s\"")),
            ("name", Some("\"token\"")),
            ("nickname", Some("null")),
            ("given_name", Some("\"\"")),
            ("family_name", Some("\"added\"")),
            ("absent", None),
        ] {
            assert_eq!(merged.raw(name), expected, "{name}");
        }
        for name in TOKEN_ONLY {
            assert!(added.raw(name).is_some());
            assert_eq!(merged.raw(name), None, "{name}");
        }
        assert_eq!(
            merged.to_json(),
            r#"{"sub":"s","name":"token","nickname":null,"given_name":"","family_name":"added"}"#
        );
        assert_eq!(MergedClaims::new(&token, None).to_json(), token.json());
    }

    #[test]
    fn an_attribute_is_trustworthy_while_its_own_set_says_that_it_is_verified() {
        for (token, added, email, trustworthy) in [
            (r#"{"email":"t","email_verified":true}"#, "{}", Some("\"t\""), true),
            (r#"{"email":"t","email_verified":"true"}"#, "{}", Some("\"t\""), true),
            (r#"{"email":"t","email_verified":false}"#, "{}", Some("\"t\""), false),
            (r#"{"email":"t","email_verified":"false"}"#, "{}", Some("\"t\""), false),
            (r#"{"email":"t","email_verified":"True"}"#, "{}", Some("\"t\""), false),
            (r#"{"email":"t","email_verified":1}"#, "{}", Some("\"t\""), false),
            (r#"{"email":"t","email_verified":null}"#, "{}", Some("\"t\""), false),
            (r#"{"email":"t","email_verified":["true"]}"#, "{}", Some("\"t\""), false),
            (
                r#"{"email":"t","phone_number_verified":true}"#,
                "{}",
                Some("\"t\""),
                false,
            ),
            (r#"{"email":"t"}"#, "{}", Some("\"t\""), false),
            ("{}", r#"{"email":"u","email_verified":"true"}"#, Some("\"u\""), true),
            ("{}", r#"{"email":"u","email_verified":"false"}"#, Some("\"u\""), false),
            (
                r#"{"email":"t"}"#,
                r#"{"email":"u","email_verified":"true"}"#,
                Some("\"t\""),
                false,
            ),
            (
                r#"{"email_verified":true}"#,
                r#"{"email":"u","email_verified":"false"}"#,
                None,
                true,
            ),
        ] {
            let (token, added) = (set(token), set(added));
            let merged = MergedClaims::new(&token, Some(&added));
            let shown = (token.json(), added.json());
            assert_eq!(
                (merged.raw("email"), merged.is_trustworthy("email")),
                (email, trustworthy),
                "{shown:?}"
            );
        }
        let phone = set(r#"{"phone_number":"1","phone_number_verified":true}"#);
        assert!(MergedClaims::new(&phone, None).is_trustworthy("phone_number"));
        assert!(!MergedClaims::new(&phone, None).is_trustworthy("email"));
        assert!(MergedClaims::new(&phone, None).is_trustworthy("name"));
    }

    #[test]
    fn a_merged_object_is_one_json_text_again() {
        let (token, added) = (set("{\"a\\\"\\n\":[1, 2]}"), set("{\"\\\\é\":{\"b\":\"}\"}}"));
        let json = MergedClaims::new(&token, Some(&added)).to_json().into_owned();
        let again = set(&json);
        assert_eq!(
            (again.raw("a\"\n"), again.raw("\\é")),
            (Some("[1, 2]"), Some("{\"b\":\"}\"}"))
        );
        assert_eq!(again.members().count(), 2);
    }
}
