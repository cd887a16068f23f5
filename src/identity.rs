//! What upstream, access logs and later filters learn about the user: headers that no client can forge, and filter state.

pub mod encode;
pub mod reserved;

use crate::command::Headers;
use crate::token::Identity;
use crate::token::claim_ref::ClaimLookup;
pub use crate::token::claim_ref::ClaimRef;
use crate::token::claims::ClaimSet;
use crate::token::merged::MergedClaims;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use encode::{DEFAULT_MAX_VALUE_BYTES, encode_text, encode_value};
use std::fmt;
use std::rc::Rc;

/// Which claims are passed on, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityPolicy {
    /// Header (lower case) and where its value comes from.
    pub headers: Vec<(Rc<str>, HeaderSource)>,
    /// Filter state (its name without the prefix `wasm.`) and where its value comes from.
    pub filter_state: Vec<(Rc<str>, HeaderSource)>,
    /// Header that carries all claims, base64url of the JSON.
    pub payload_header: Option<Rc<str>>,
    /// Remove the credential from the request to the upstream.
    pub remove_token: bool,
    /// The longest value of a header or of filter state, encoded. It does not apply to `payload_header`.
    pub max_value_bytes: usize,
}

/// Where an identity header's value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderSource {
    /// The first of these claims that is present.
    Claims(Vec<ClaimRef>),
    /// `aud` of an ID token, `client_id` of an access token.
    Client,
}

/// What is passed on of one identity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdentityValues {
    /// The headers for the upstream.
    pub headers: Rc<Headers>,
    /// The filter state that was configured, if any of it has a value.
    pub filter_state: Option<Rc<Headers>>,
}

/// A header or filter state that is left out because its value is longer than `limits.header_value_bytes`. To be logged as a
/// warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueTooLong {
    /// The name of the header or of the filter state.
    pub name: Rc<str>,
    /// How long its value would be, encoded.
    pub bytes: usize,
    /// How long it may be.
    pub max_bytes: usize,
}

impl fmt::Display for ValueTooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ValueTooLong { name, bytes, max_bytes } = self;
        write!(
            f,
            "{name} is left out: its value has {bytes} bytes, and limits.header_value_bytes is {max_bytes}"
        )
    }
}

impl Default for IdentityPolicy {
    fn default() -> IdentityPolicy {
        IdentityPolicy {
            headers: IdentityPolicy::default_headers(),
            filter_state: Vec::new(),
            payload_header: None,
            remove_token: false,
            max_value_bytes: DEFAULT_MAX_VALUE_BYTES,
        }
    }
}

impl IdentityPolicy {
    /// Returns the headers of a configuration that names none.
    pub fn default_headers() -> Vec<(Rc<str>, HeaderSource)> {
        let claims = |names: &[&str]| {
            HeaderSource::Claims(names.iter().map(|name| ClaimRef::Name((*name).to_owned())).collect())
        };
        vec![
            ("x-cognito-sub".into(), claims(&["sub"])),
            ("x-cognito-username".into(), claims(&["cognito:username", "username"])),
            ("x-cognito-email".into(), claims(&["email"])),
            ("x-cognito-groups".into(), claims(&["cognito:groups"])),
            ("x-cognito-scope".into(), claims(&["scope"])),
            ("x-cognito-client-id".into(), HeaderSource::Client),
            ("x-cognito-token-use".into(), claims(&["token_use"])),
        ]
    }

    /// Returns the names of all headers that [`IdentityPolicy::values_for`] can make, for the [`reserved::ReservedHeaders`].
    pub fn header_names(&self) -> impl Iterator<Item = &str> {
        let names = self.headers.iter().map(|(name, _)| name);
        names.chain(&self.payload_header).map(|name| &**name)
    }

    /// Returns the values for `identity`, and which of them are left out. UserInfo's claims fill the gaps of the token's. The payload
    /// header carries the token's claims as they came, however long they are.
    pub fn values_for(&self, identity: &Identity, user_info: Option<&ClaimSet>) -> (IdentityValues, Vec<ValueTooLong>) {
        let claims = MergedClaims::new(identity.claims().set(), user_info);
        let mut left_out = Vec::new();
        let mut headers = self.values(&self.headers, identity, &claims, &mut left_out);
        if let Some(name) = &self.payload_header {
            headers.push(Rc::clone(name), &URL_SAFE_NO_PAD.encode(identity.claims().json()));
        }
        let filter_state = self.values(&self.filter_state, identity, &claims, &mut left_out);
        let values = IdentityValues {
            headers: Rc::new(headers),
            filter_state: Some(filter_state).filter(|list| !list.is_empty()).map(Rc::new),
        };
        (values, left_out)
    }

    fn values(
        &self,
        sources: &[(Rc<str>, HeaderSource)],
        identity: &Identity,
        claims: &MergedClaims<'_>,
        left_out: &mut Vec<ValueTooLong>,
    ) -> Headers {
        let mut values = Headers::with_capacity(sources.len());
        let mut value = String::new();
        for (name, source) in sources {
            value.clear();
            match source {
                HeaderSource::Claims(refs) => {
                    if let Some(raw) = first_present(refs, claims) {
                        encode_value(raw, &mut value);
                    }
                }
                HeaderSource::Client => encode_text(identity.client(), &mut value),
            }
            left_out.extend(add(&mut values, name, &value, self.max_value_bytes).err());
        }
        values
    }
}

/// Adds a header; an empty value is not sent.
///
/// # Errors
/// The value is too long to be sent.
pub(crate) fn add(headers: &mut Headers, name: &Rc<str>, value: &str, max_bytes: usize) -> Result<(), ValueTooLong> {
    if value.len() > max_bytes {
        return Err(ValueTooLong {
            name: Rc::clone(name),
            bytes: value.len(),
            max_bytes,
        });
    }
    if !value.is_empty() {
        headers.push(Rc::clone(name), value);
    }
    Ok(())
}

/// Returns the JSON text of the first claim that is present; `null` and an empty string count as absent. An `email` or
/// `phone_number` that is not verified ends the list: a user who revokes a verification must not choose which of the other claims is
/// sent.
fn first_present<'a>(refs: &[ClaimRef], claims: &MergedClaims<'a>) -> Option<&'a str> {
    let is_absent = |raw: &str| matches!(raw, "null" | "\"\"");
    for claim in refs {
        match claim.look_up(claims) {
            ClaimLookup::Found(raw) if !is_absent(raw) => return Some(raw),
            ClaimLookup::Unverified if !claims.raw(claim.top_level()).is_none_or(is_absent) => return None,
            ClaimLookup::Found(_) | ClaimLookup::Absent | ClaimLookup::Unverified => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = r#""token_use":"id","aud":"client-1""#;

    fn identity(members: &str) -> Identity {
        Identity::for_test(&format!(r#"{{"iss":"i","sub":"s","exp":1,{members}}}"#))
    }

    fn headers(policy: &IdentityPolicy, members: &str, user_info: Option<&str>) -> Vec<(String, String)> {
        let user_info = user_info.map(|json| ClaimSet::parse(json.to_owned()).unwrap());
        let (values, left_out) = policy.values_for(&identity(members), user_info.as_ref());
        assert_eq!(left_out, []);
        values
            .headers
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    fn one(claims: &[&str]) -> IdentityPolicy {
        let claim = |name: &&str| match name.strip_prefix('/') {
            Some(pointer) => ClaimRef::Pointer(pointer.split('/').map(str::to_owned).collect()),
            None => ClaimRef::Name((*name).to_owned()),
        };
        IdentityPolicy {
            headers: vec![("h".into(), HeaderSource::Claims(claims.iter().map(claim).collect()))],
            ..IdentityPolicy::default()
        }
    }

    #[test]
    fn default_headers_of_an_id_token() {
        let members = format!(
            r#"{ID},"cognito:username":"alice","email":"a@example.com","email_verified":true,"cognito:groups":["g,1","g2"]"#
        );
        let expected = [
            ("x-cognito-sub", "s"),
            ("x-cognito-username", "alice"),
            ("x-cognito-email", "a@example.com"),
            ("x-cognito-groups", "g%2C1,g2"),
            ("x-cognito-client-id", "client-1"),
            ("x-cognito-token-use", "id"),
        ];
        assert_eq!(headers(&IdentityPolicy::default(), &members, None), pairs(&expected));
    }

    #[test]
    fn default_headers_of_an_access_token() {
        let members =
            r#""token_use":"access","client_id":"client-2","scope":"openid a/b","username":"bob","cognito:groups":[]"#;
        let mut expected = pairs(&[
            ("x-cognito-sub", "s"),
            ("x-cognito-username", "bob"),
            ("x-cognito-scope", "openid a/b"),
            ("x-cognito-client-id", "client-2"),
            ("x-cognito-token-use", "access"),
        ]);
        assert_eq!(headers(&IdentityPolicy::default(), members, None), expected);

        let user_info =
            r#"{"sub":"s","email":"b@example.com","email_verified":"true","username":"eve","scope":"admin"}"#;
        expected.insert(2, ("x-cognito-email".to_owned(), "b@example.com".to_owned()));
        assert_eq!(headers(&IdentityPolicy::default(), members, Some(user_info)), expected);
    }

    #[test]
    fn the_first_claim_that_is_present_is_sent() {
        for (claims, members, expected) in [
            (&["a", "b"][..], r#""a":1,"b":2"#, Some("1")),
            (&["a", "b"], r#""b":2"#, Some("2")),
            (&["a", "b"], r#""a":null,"b":2"#, Some("2")),
            (&["a", "b"], r#""a":"","b":2"#, Some("2")),
            (&["a", "b"], r#""a":[],"b":2"#, None),
            (&["a", "b"], r#""a":false,"b":2"#, Some("false")),
            (&["a", "b"], r#""c":3"#, None),
            (&["email", "b"], r#""email":"e","email_verified":true,"b":2"#, Some("e")),
            (&["email", "b"], r#""email":"e","b":2"#, None),
            (&["/email", "b"], r#""email":"e","email_verified":false,"b":2"#, None),
            (&["/email/x", "b"], r#""email":{"y":1},"b":2"#, None),
            (&["phone_number", "b"], r#""phone_number":"1","b":2"#, None),
            (&["b", "email"], r#""email":"e","b":2"#, Some("2")),
            (&["email", "b"], r#""email_verified":false,"b":2"#, Some("2")),
            (&["email", "b"], r#""email":null,"b":2"#, Some("2")),
            (&["email", "b"], r#""email":"","email_verified":false,"b":2"#, Some("2")),
            (&["/email"], r#""email":"e","email_verified":"true""#, Some("e")),
            (&["/email/x"], r#""email":{"x":"e"},"email_verified":false"#, None),
            (&["/email/x"], r#""email":{"x":"e"},"email_verified":true"#, Some("e")),
            (
                &["phone_number"],
                r#""phone_number":"+1","phone_number_verified":false"#,
                None,
            ),
            (&["/phone_number"], r#""phone_number":"+1","email_verified":true"#, None),
            (
                &["phone_number"],
                r#""phone_number":"+1","phone_number_verified":true"#,
                Some("+1"),
            ),
            (&["email_verified"], r#""email_verified":false"#, Some("false")),
            (&["custom:a.b"], r#""custom:a.b":"x","custom:a":{"b":1}"#, Some("x")),
            (&["a.b"], r#""a":{"b":1}"#, None),
            (&["/a/b"], r#""a":{"b":1}"#, Some("1")),
            (
                &["/identities/0/userId"],
                r#""identities":[{"userId":"42"}]"#,
                Some("42"),
            ),
            (
                &["/identities/1/userId", "/identities/0"],
                r#""identities":[{"userId": "42"}]"#,
                Some(r#"{"userId":"42"}"#),
            ),
            (&["/a"], r#""a":{"b": 1}"#, Some(r#"{"b":1}"#)),
            (&["/a/b", "c"], r#""a":{"b":1,"b":2},"c":3"#, Some("3")),
        ] {
            let expected: Vec<_> = expected
                .into_iter()
                .map(|value| ("h".to_owned(), value.to_owned()))
                .collect();
            assert_eq!(
                headers(&one(claims), &format!("{ID},{members}"), None),
                expected,
                "{claims:?} {members}"
            );
        }
    }

    #[test]
    fn a_pointer_reads_from_the_source_of_its_claim() {
        let policy = one(&["/address/city"]);
        let user_info = r#"{"address":{"city":"Bern"},"scope":{"x":"admin"}}"#;
        assert_eq!(headers(&policy, ID, Some(user_info)), pairs(&[("h", "Bern")]));
        assert_eq!(
            headers(&policy, &format!(r#"{ID},"address":{{"zip":1}}"#), Some(user_info)),
            []
        );
        assert_eq!(headers(&one(&["/scope/x"]), ID, Some(user_info)), []);
    }

    #[test]
    fn filter_state_is_made_as_headers_are() {
        let state = |claim: &str| one(&[claim]).headers;
        let policy = IdentityPolicy {
            filter_state: [state("custom:tenant"), state("email"), state("/a/b"), state("long")].concat(),
            max_value_bytes: 300,
            ..IdentityPolicy::default()
        };
        let long = "x".repeat(301);
        let members = format!(r#"{ID},"custom:tenant":["a,b","ü"],"email":"e","a":{{"b":" 1"}},"long":"{long}""#);
        let (values, left_out) = policy.values_for(&identity(&members), None);
        let state: Vec<_> = values
            .filter_state
            .iter()
            .flat_map(|list| list.iter())
            .map(|(_, value)| value)
            .collect();
        assert_eq!(state, ["a%2Cb,%C3%BC", "%201"]);
        assert_eq!(left_out.len(), 1);
    }

    #[test]
    fn the_payload_is_the_tokens_claims_as_they_came() {
        let policy = IdentityPolicy {
            headers: Vec::new(),
            payload_header: Some("x-payload".into()),
            ..IdentityPolicy::default()
        };
        let members = format!(r#"{ID}, "email":"\u00e9""#);
        let sent = headers(&policy, &members, Some(r#"{"name":"n"}"#));
        let json = format!(r#"{{"iss":"i","sub":"s","exp":1,{members}}}"#);
        assert_eq!(sent, pairs(&[("x-payload", &URL_SAFE_NO_PAD.encode(json))]));
        assert_eq!(policy.header_names().collect::<Vec<_>>(), ["x-payload"]);
    }

    #[test]
    fn the_longest_value_is_a_setting_and_the_payload_has_none() {
        let policy = IdentityPolicy {
            payload_header: Some("x-payload".into()),
            max_value_bytes: 256,
            ..one(&["a"])
        };
        for (length, sent) in [(256, vec!["h", "x-payload"]), (257, vec!["x-payload"])] {
            let members = format!(r#"{ID},"a":"{}""#, "x".repeat(length));
            let (values, warnings) = policy.values_for(&identity(&members), None);
            assert_eq!(values.headers.iter().map(|(name, _)| name).collect::<Vec<_>>(), sent);
            assert_eq!(warnings.len(), 2 - sent.len());
        }
    }

    #[test]
    fn a_value_over_4_kib_is_left_out() {
        for (length, left_out) in [(4096, None), (4097, Some(4097))] {
            let members = format!(r#"{ID},"a":"{}""#, "x".repeat(length));
            let (values, warnings) = one(&["a", "aud"]).values_for(&identity(&members), None);
            assert_eq!(values.headers.iter().count(), usize::from(left_out.is_none()));
            assert_eq!(warnings.first().map(|warning| warning.bytes), left_out);
        }
        let members = format!(r#"{ID},"a":"{}""#, "é".repeat(1000));
        let (values, warnings) = one(&["a"]).values_for(&identity(&members), None);
        assert_eq!((values.headers.is_empty(), warnings.len()), (true, 1));
        assert_eq!(
            warnings[0].to_string(),
            "h is left out: its value has 6000 bytes, and limits.header_value_bytes is 4096"
        );
    }
}
