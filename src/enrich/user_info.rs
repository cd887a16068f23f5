//! Cognito's UserInfo endpoint (OpenID Connect Core 1.0, section 5.3): more claims for access tokens.

use crate::call::HttpCall;
use crate::enrich::response_cache::Answer;
use crate::enrich::{CacheKey, CallPolicy, Outcome};
use crate::token::claims::ClaimSet;
use crate::token::{Identity, TokenUse};
use std::rc::Rc;

/// The longest answer that is read. Cognito's are far below; there is no documented bound.
pub const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// The scope without which Cognito refuses an access token at UserInfo, with 401: sign-in without a hosted page and machines
/// have no such tokens, and must not be taken for revoked.
const REQUIRED_SCOPE: &str = "openid";

/// Returns whether there is anything to ask about this token: an access token whose `scope` has the word `openid`.
pub fn applies_to(identity: &Identity) -> bool {
    let scope = identity.claims().scope().unwrap_or_default();
    identity.token_use() == TokenUse::Access && scope.split(' ').any(|word| word == REQUIRED_SCOPE)
}

/// Whom the call is about: one answer a token.
pub fn subject(token: &[u8]) -> CacheKey {
    CacheKey::of([b"user-info", token])
}

/// What makes answers differ besides the token.
pub fn scope(policy: &CallPolicy) -> CacheKey {
    CacheKey::of([
        policy.cluster.as_bytes(),
        policy.authority.as_bytes(),
        policy.path.as_bytes(),
    ])
}

/// The call with this token, which is visible ASCII since it was parsed as a JWT.
pub fn call(policy: &CallPolicy, token: &str) -> HttpCall {
    HttpCall {
        cluster: policy.cluster.clone(),
        method: "GET",
        authority: policy.authority.clone(),
        path: policy.path.clone(),
        headers: vec![
            ("accept", "application/json".to_owned()),
            ("authorization", format!("Bearer {token}")),
        ],
        body: Vec::new(),
        timeout: policy.timeout,
    }
}

/// What an answer means for the token's `sub`: its claims if they are the same user's.
pub fn interpret_response(answer: &Answer, sub: &str) -> Outcome {
    match answer.status {
        200 => claims(&answer.body, sub).map_or(Outcome::Failed, |claims| Outcome::Claims(Rc::new(claims))),
        401 => Outcome::Refused,
        _ => Outcome::Failed,
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
            assert_eq!(applies_to(&identity), expected, "{members}");
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
            let outcome = match interpret_response(
                &Answer {
                    status,
                    body: body.to_vec(),
                },
                "alice",
            ) {
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
        assert!(matches!(
            interpret_response(
                &Answer {
                    status: 200,
                    body: body.into_bytes()
                },
                "alice"
            ),
            Outcome::Failed
        ));
    }
}
