//! Rejections and their responses: status, `www-authenticate` (RFC 6750, RFC 9470) and body (RFC 9457).

use crate::code::Code;
use crate::command::Reply;
use crate::enrich::EnrichmentKind;
use crate::rules::Ambiguous;
use crate::rules::access::Forbidden;
use crate::token::check::ClaimError;
use crate::token::malformed::Malformed;
use serde::Serialize;
use std::borrow::Cow;

/// Why a request is rejected, with the data for its response.
#[derive(Clone, Debug, PartialEq)]
pub enum Rejection {
    /// No source contains a credential.
    TokenMissing,
    /// The credential is not a well-formed JWT of Cognito.
    Malformed(Malformed),
    /// `alg` is not RS256.
    AlgorithmNotAllowed,
    /// `iss` is no pool's.
    IssuerUnknown,
    /// No key has the token's `kid`.
    KeyUnknown,
    /// The signature does not verify.
    SignatureInvalid,
    /// A claim does not hold.
    Claim(ClaimError),
    /// UserInfo responded with 401.
    TokenRevoked,
    /// Servers read the request in different ways, in a part that a rule matches on.
    Ambiguous(Ambiguous),
    /// The token does not meet the rule's requirements.
    Forbidden(Forbidden),
    /// The user lookup responded with 403 or 404.
    UserRejected,
    /// No usable keys.
    KeysUnavailable,
    /// The call to UserInfo failed.
    UserInfoUnavailable,
    /// The user lookup failed.
    UserLookupUnavailable,
    /// A host call failed, or its result cannot be read.
    Internal,
}

/// The wording of responses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wording {
    /// Realm of `www-authenticate`, without quotes and backslashes.
    pub realm: String,
    /// Whether clients see the reason.
    pub disclose_reason: bool,
}

/// The challenge in `www-authenticate`, beyond scheme and realm.
enum Challenge {
    /// None: 400 and 503.
    Absent,
    /// RFC 6750, section 3.1: no error where no token was sent.
    Plain,
    /// RFC 6750: `invalid_token`.
    InvalidToken,
    /// RFC 6750: `insufficient_scope`, with the scopes if some were demanded.
    InsufficientScope(Option<String>),
    /// RFC 9470: `insufficient_user_authentication` with the age in seconds.
    InsufficientUserAuthentication(u64),
}

impl Rejection {
    /// Returns the rejection after this call failed, or if there is no room to wait for it.
    pub const fn unavailable(kind: EnrichmentKind) -> Rejection {
        match kind {
            EnrichmentKind::UserInfo => Rejection::UserInfoUnavailable,
            EnrichmentKind::UserLookup => Rejection::UserLookupUnavailable,
        }
    }

    /// Returns the rejection after this call refused the user.
    pub const fn refused_by(kind: EnrichmentKind) -> Rejection {
        match kind {
            EnrichmentKind::UserInfo => Rejection::TokenRevoked,
            EnrichmentKind::UserLookup => Rejection::UserRejected,
        }
    }

    /// Returns its code.
    pub fn code(&self) -> Code {
        match self {
            Rejection::TokenMissing => Code::TokenMissing,
            Rejection::Malformed(_) => Code::TokenMalformed,
            Rejection::AlgorithmNotAllowed => Code::AlgorithmNotAllowed,
            Rejection::IssuerUnknown => Code::IssuerUnknown,
            Rejection::KeyUnknown => Code::KeyUnknown,
            Rejection::SignatureInvalid => Code::SignatureInvalid,
            Rejection::Claim(error) => error.code(),
            Rejection::TokenRevoked => Code::TokenRevoked,
            Rejection::Ambiguous(Ambiguous::Request(_)) => Code::RequestAmbiguous,
            Rejection::Ambiguous(Ambiguous::Path(_)) => Code::PathAmbiguous,
            Rejection::Forbidden(Forbidden::NotPermitted { .. }) => Code::NotPermitted,
            Rejection::Forbidden(Forbidden::ReauthenticationRequired { .. }) => Code::ReauthenticationRequired,
            Rejection::UserRejected => Code::UserRejected,
            Rejection::KeysUnavailable => Code::KeysUnavailable,
            Rejection::UserInfoUnavailable => Code::UserInfoUnavailable,
            Rejection::UserLookupUnavailable => Code::UserLookupUnavailable,
            Rejection::Internal => Code::InternalError,
        }
    }

    /// Returns the text for people. It never contains a part of a token.
    pub fn detail(&self) -> Cow<'static, str> {
        match self {
            Rejection::TokenMissing => "no token was sent".into(),
            Rejection::Malformed(reason) => reason.to_string().into(),
            Rejection::AlgorithmNotAllowed => "the token's algorithm is not RS256".into(),
            Rejection::IssuerUnknown => "the token's issuer is not accepted here".into(),
            Rejection::KeyUnknown => "no key of the issuer has the token's key id".into(),
            Rejection::SignatureInvalid => "the token's signature does not verify".into(),
            Rejection::Claim(error) => error.to_string().into(),
            Rejection::TokenRevoked => "the token has been revoked".into(),
            Rejection::Ambiguous(reason) => reason.to_string().into(),
            Rejection::Forbidden(forbidden) => forbidden.to_string().into(),
            Rejection::UserRejected => "the application does not admit this user".into(),
            Rejection::KeysUnavailable => "the issuer's keys cannot be had at the moment".into(),
            Rejection::UserInfoUnavailable => "the user's details cannot be had at the moment".into(),
            Rejection::UserLookupUnavailable => "the application's user cannot be looked up at the moment".into(),
            Rejection::Internal => "the request could not be checked".into(),
        }
    }

    /// Returns the response.
    pub fn reply(&self, wording: &Wording) -> Reply {
        let code = self.code();
        let detail = self.detail();
        let mut headers = Vec::with_capacity(4);
        if let Some(challenge) = self.www_authenticate(wording, &detail) {
            headers.push(("www-authenticate", challenge.into()));
        }
        if code.status() == 503 {
            headers.push(("retry-after", "1".into()));
        }
        headers.push(("cache-control", "no-store".into()));
        headers.push(("content-type", "application/problem+json".into()));
        Reply {
            code,
            headers,
            body: problem(code, &detail, wording.disclose_reason),
        }
    }

    fn challenge(&self) -> Challenge {
        match self {
            Rejection::TokenMissing => Challenge::Plain,
            Rejection::Malformed(_)
            | Rejection::AlgorithmNotAllowed
            | Rejection::IssuerUnknown
            | Rejection::KeyUnknown
            | Rejection::SignatureInvalid
            | Rejection::Claim(_)
            | Rejection::TokenRevoked => Challenge::InvalidToken,
            Rejection::Forbidden(Forbidden::NotPermitted { scopes, .. }) => {
                Challenge::InsufficientScope((!scopes.is_empty()).then(|| scopes.join(" ")))
            }
            Rejection::Forbidden(Forbidden::ReauthenticationRequired { max_age, .. }) => {
                Challenge::InsufficientUserAuthentication(max_age.as_secs())
            }
            Rejection::UserRejected => Challenge::InsufficientScope(None),
            Rejection::Ambiguous(_)
            | Rejection::KeysUnavailable
            | Rejection::UserInfoUnavailable
            | Rejection::UserLookupUnavailable
            | Rejection::Internal => Challenge::Absent,
        }
    }

    fn www_authenticate(&self, wording: &Wording, detail: &str) -> Option<String> {
        let (error, extra) = match self.challenge() {
            Challenge::Absent => return None,
            Challenge::Plain => return Some(["Bearer realm=\"", &wording.realm, "\""].concat()),
            Challenge::InvalidToken => ("invalid_token", String::new()),
            Challenge::InsufficientScope(None) => ("insufficient_scope", String::new()),
            Challenge::InsufficientScope(Some(scopes)) => {
                ("insufficient_scope", [", scope=\"", &quotable(&scopes), "\""].concat())
            }
            Challenge::InsufficientUserAuthentication(seconds) => {
                ("insufficient_user_authentication", format!(", max_age={seconds}"))
            }
        };
        let start = ["Bearer realm=\"", &wording.realm, "\", error=\"", error, "\""];
        if !wording.disclose_reason {
            return Some(start.concat());
        }
        let description = quotable(detail);
        let rest = [&extra, ", error_description=\"", &description, "\""];
        Some([start.concat(), rest.concat()].concat())
    }
}

/// The problem details of RFC 9457.
#[derive(Serialize)]
struct Problem<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
}

fn problem(code: Code, detail: &str, disclose: bool) -> String {
    let title = match code.status() {
        400 => "Bad Request",
        403 => "Forbidden",
        503 => "Service Unavailable",
        _ => "Unauthorized",
    };
    let problem = Problem {
        r#type: "about:blank",
        title,
        status: code.status(),
        code: if disclose { code.as_str() } else { code.coarse() },
        detail: disclose.then_some(detail),
    };
    // Texts and a number always serialize.
    serde_json::to_string(&problem).unwrap_or_default()
}

/// Returns the characters of `text` that a quoted parameter of RFC 6750, section 3, may contain: visible ASCII and space without quote and
/// backslash.
fn quotable(text: &str) -> Cow<'_, str> {
    let may_stand = |byte: &u8| matches!(byte, b' ' | b'!' | b'#'..=b'[' | b']'..=b'~');
    if text.as_bytes().iter().all(may_stand) {
        return Cow::Borrowed(text);
    }
    let replaced = |found: char| {
        if u8::try_from(found).is_ok_and(|byte| may_stand(&byte)) {
            found
        } else {
            '\''
        }
    };
    text.chars().map(replaced).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn wording(disclose_reason: bool) -> Wording {
        Wording {
            realm: "cognito".to_owned(),
            disclose_reason,
        }
    }

    fn header<'r>(reply: &'r Reply, name: &str) -> Option<&'r str> {
        reply
            .headers
            .iter()
            .find(|(found, _)| *found == name)
            .map(|(_, value)| &**value)
    }

    #[test]
    fn challenges_are_those_of_the_rfcs() {
        let scopes = Forbidden::NotPermitted {
            unmet: vec![crate::rules::access::Unmet::Scopes],
            scopes: vec!["read".to_owned(), "write".to_owned()],
        };
        let old = Forbidden::ReauthenticationRequired {
            max_age: Duration::from_secs(300),
        };
        let table = [
            (
                Rejection::TokenMissing,
                401,
                Some("Bearer realm=\"cognito\""),
                Some("Bearer realm=\"cognito\""),
            ),
            (
                Rejection::SignatureInvalid,
                401,
                Some(
                    "Bearer realm=\"cognito\", error=\"invalid_token\", error_description=\"the token's signature does not verify\"",
                ),
                Some("Bearer realm=\"cognito\", error=\"invalid_token\""),
            ),
            (
                Rejection::Forbidden(scopes.clone()),
                403,
                Some(
                    "Bearer realm=\"cognito\", error=\"insufficient_scope\", scope=\"read write\", error_description=\"",
                ),
                Some("Bearer realm=\"cognito\", error=\"insufficient_scope\""),
            ),
            (
                Rejection::Forbidden(old.clone()),
                401,
                Some(
                    "Bearer realm=\"cognito\", error=\"insufficient_user_authentication\", max_age=300, error_description=\"",
                ),
                Some("Bearer realm=\"cognito\", error=\"insufficient_user_authentication\""),
            ),
            (Rejection::KeysUnavailable, 503, None, None),
            (Rejection::Internal, 503, None, None),
        ];
        for (rejection, status, challenge, coarse) in table {
            let open = rejection.reply(&wording(true));
            assert_eq!(open.code.status(), status, "{rejection:?}");
            match (header(&open, "www-authenticate"), challenge) {
                (Some(found), Some(expected)) => assert!(found.starts_with(expected), "{found}"),
                (found, expected) => assert_eq!(found, expected),
            }
            assert_eq!(header(&rejection.reply(&wording(false)), "www-authenticate"), coarse);
            assert_eq!(header(&open, "retry-after").is_some(), status == 503);
            assert_eq!(header(&open, "cache-control"), Some("no-store"));
        }
    }

    #[test]
    fn bodies_are_problem_details() {
        let body: serde_json::Value = serde_json::from_str(&Rejection::KeyUnknown.reply(&wording(true)).body).unwrap();
        assert_eq!(
            body,
            serde_json::json!({"type": "about:blank", "title": "Unauthorized", "status": 401, "code": "key_unknown",
                "detail": "no key of the issuer has the token's key id"})
        );
        let body: serde_json::Value =
            serde_json::from_str(&Rejection::UserRejected.reply(&wording(false)).body).unwrap();
        assert_eq!(
            body,
            serde_json::json!({"type": "about:blank", "title": "Forbidden", "status": 403, "code": "forbidden"})
        );
    }

    #[test]
    fn nothing_leaves_a_quoted_parameter() {
        assert_eq!(quotable("a\"b\\c\r\nd\u{e9}"), "a'b'c''d'");
    }
}
