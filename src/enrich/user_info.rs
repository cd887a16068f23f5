//! Cognito's UserInfo endpoint (OpenID Connect Core 1.0, section 5.3): more claims for access tokens.

use crate::call::HttpCall;
use crate::enrich::{Answer, CacheKey, CallPolicy, Enrichment, EnrichmentKind, Interpretation, Outcome, Question};
use crate::time::UnixTime;
use crate::token::claims::ClaimSet;
use crate::token::{Identity, TokenUse};
use std::rc::Rc;

/// The longest answer that is read. Cognito's are far below; there is no documented bound.
pub const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// The scope without which Cognito rejects an access token at UserInfo, with 401. Tokens of machines and of sign-in without a hosted
/// page do not have it, and must not be treated as revoked.
const REQUIRED_SCOPE: &str = "openid";

/// `user_info` of a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserInfoPolicy {
    /// The call.
    pub call: CallPolicy,
}

impl Enrichment for UserInfoPolicy {
    fn kind(&self) -> EnrichmentKind {
        EnrichmentKind::UserInfo
    }

    fn policy(&self) -> &CallPolicy {
        &self.call
    }

    /// Reports whether it is an access token whose `scope` has the word `openid`.
    fn applies_to(&self, identity: &Identity) -> bool {
        let scope = identity.claims().scope().unwrap_or_default();
        identity.token_use() == TokenUse::Access && scope.split(' ').any(|word| word == REQUIRED_SCOPE)
    }

    /// Returns a key of its own for each token.
    fn cache_key(&self, question: &Question<'_>) -> CacheKey {
        let [cluster, authority, path] = self.call.target();
        CacheKey::of([b"user-info", cluster, authority, path, question.token])
    }

    fn call(&self, question: &Question<'_>) -> HttpCall {
        let headers = vec![
            ("accept", "application/json".to_owned()),
            (
                "authorization",
                format!("Bearer {}", String::from_utf8_lossy(question.token)),
            ),
        ];
        self.call.call(self.kind().method(), headers, Vec::new())
    }

    /// Reads the claims, if they are about the same user.
    fn interpret(&self, answer: &Answer, sub: &str) -> Interpretation {
        let outcome = match answer.status {
            200 => claims(&answer.body, sub).map_or(Outcome::Failed, |claims| Outcome::Claims(Rc::new(claims))),
            401 => Outcome::Refused,
            _ => Outcome::Failed,
        };
        outcome.into()
    }

    /// Removes the body of a rejection, which needs none.
    fn reduced(&self, answer: Answer) -> Answer {
        match answer.status {
            200 => answer,
            status => Answer {
                status,
                body: Vec::new(),
            },
        }
    }

    /// Returns the token's expiry: the response is not used longer.
    fn not_after(&self, identity: &Identity) -> UnixTime {
        identity.expires_at()
    }
}

/// OpenID Connect Core 1.0, section 5.3.2: `sub` must be the token's, or the claims must not be used.
fn claims(body: &[u8], sub: &str) -> Option<ClaimSet> {
    if body.len() > MAX_ANSWER_BYTES {
        return None;
    }
    let json = String::from_utf8(body.to_vec()).ok()?;
    let claims = ClaimSet::parse(json).ok()?;
    let same = claims.text("sub").is_some_and(|found| found == sub);
    same.then_some(claims)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enrich::OnFailure;
    use crate::token::merged::MergedClaims;
    use std::time::Duration;

    fn policy() -> UserInfoPolicy {
        UserInfoPolicy {
            call: CallPolicy {
                cluster: "login".into(),
                authority: "login.example.com".into(),
                path: "/oauth2/userInfo".into(),
                timeout: Duration::from_secs(1),
                ttl: Duration::from_secs(300),
                on_failure: OnFailure::Reject,
            },
        }
    }

    fn interpret(status: u16, body: &[u8]) -> Outcome {
        let body = body.to_vec();
        policy().interpret(&Answer { status, body }, "alice").outcome
    }

    #[test]
    fn an_answer_is_for_one_token_and_one_endpoint() {
        let claims = ClaimSet::parse("{}".to_owned()).unwrap();
        let claims = MergedClaims::new(&claims, None);
        let key = |policy: &UserInfoPolicy, token: &[u8]| policy.cache_key(&Question { token, claims });
        let usual = key(&policy(), b"token");
        assert_eq!(key(&policy(), b"token"), usual);
        assert_ne!(key(&policy(), b"Token"), usual);
        for part in 0..3 {
            let mut other = policy();
            let CallPolicy {
                cluster,
                authority,
                path,
                ..
            } = &mut other.call;
            [cluster, authority, path][part].push('x');
            assert_ne!(key(&other, b"token"), usual, "{other:?}");
        }
    }

    #[test]
    fn only_access_tokens_with_the_scope_openid_are_asked_about() {
        let access = |scope: &str| format!(r#""token_use":"access","client_id":"c","scope":"{scope}""#);
        for (members, expected) in [
            (access("openid"), true),
            (access("a/b openid"), true),
            (access("openid profile"), true),
            (access("a  openid"), true),
            (access(""), false),
            (access("a/b"), false),
            (access("aws.cognito.signin.user.admin"), false),
            (access("openids"), false),
            (access("xopenid"), false),
            (access("OpenID"), false),
            (access("a/openid"), false),
            (access("openid,profile"), false),
            (access(r"\topenid"), false),
            (r#""token_use":"access","client_id":"c""#.to_owned(), false),
            (r#""token_use":"id","aud":"c","scope":"openid""#.to_owned(), false),
        ] {
            let identity = Identity::for_test(&format!(r#"{{"iss":"i","sub":"s","exp":1,{members}}}"#));
            assert_eq!(policy().applies_to(&identity), expected, "{members}");
        }
    }

    #[test]
    fn only_claims_of_the_same_user_are_taken() {
        let table: [(u16, &[u8], &str); 13] = [
            (
                200,
                br#"{"sub":"alice","email":"a@example.com","email_verified":"true"}"#,
                "claims",
            ),
            (200, br#"{"sub":"bob"}"#, "failed"),
            (200, br#"{"email":"a@example.com"}"#, "failed"),
            (200, br#"{"sub":["alice"]}"#, "failed"),
            (200, br#"{"sub":"alice","sub":"alice"}"#, "failed"),
            (200, br#"["alice"]"#, "failed"),
            (200, b"<html>", "failed"),
            (200, b"", "failed"),
            (200, b"{\"sub\":\"alice\",\"x\":\"\xff\"}", "failed"),
            (401, b"{}", "refused"),
            (403, b"{}", "failed"),
            (500, b"{}", "failed"),
            (204, br#"{"sub":"alice"}"#, "failed"),
        ];
        for (status, body, expected) in table {
            let outcome = match interpret(status, body) {
                Outcome::Claims(_) => "claims",
                Outcome::Headers(_) => "headers",
                Outcome::Refused => "refused",
                Outcome::Failed => "failed",
            };
            assert_eq!(outcome, expected, "{status} {}", String::from_utf8_lossy(body));
        }
    }

    #[test]
    fn an_answer_over_the_bound_is_a_failed_call() {
        let body = format!(r#"{{"sub":"alice","x":"{}"}}"#, "x".repeat(MAX_ANSWER_BYTES));
        assert!(matches!(interpret(200, body.as_bytes()), Outcome::Failed));
    }
}
