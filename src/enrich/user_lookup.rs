//! The application's own user, found or made from the verified claims: `get_or_create_for_cognito(payload)` as a service.

use crate::call::HttpCall;
use crate::command::Headers;
use crate::enrich::response_cache::Answer;
use crate::enrich::{CacheKey, Outcome, UserLookupPolicy};
use crate::identity::{self, encode::encode_value};
use crate::json;
use crate::token::claims::{ClaimSet, Claims};
use crate::token::merged::MergedClaims;
use std::rc::Rc;

/// The longest answer that is read.
pub const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// Whom the call is about: one answer an issuer and `sub`.
pub fn subject(claims: &Claims) -> CacheKey {
    CacheKey::of(&[b"user-lookup", claims.issuer().as_bytes(), claims.subject().as_bytes()])
}

/// What makes answers differ besides the user.
pub fn scope(policy: &UserLookupPolicy) -> CacheKey {
    let call = &policy.call;
    let mut parts: Vec<&[u8]> = vec![call.cluster.as_bytes(), call.authority.as_bytes(), call.path.as_bytes()];
    for (header, member) in &policy.headers {
        parts.push(header.as_bytes());
        parts.push(member.as_bytes());
    }
    CacheKey::of(&parts)
}

/// The call with the token's claims and what UserInfo adds to them: less than [`MAX_TOKEN_BYTES`](crate::token::jwt::MAX_TOKEN_BYTES)
/// and [`user_info::MAX_ANSWER_BYTES`](crate::enrich::user_info::MAX_ANSWER_BYTES) together.
pub fn call(policy: &UserLookupPolicy, claims: &Claims, user_info: Option<&ClaimSet>) -> HttpCall {
    let body = MergedClaims::new(claims.set(), user_info).to_json().into_owned();
    HttpCall {
        cluster: policy.call.cluster.clone(),
        method: "POST",
        authority: policy.call.authority.clone(),
        path: policy.call.path.clone(),
        headers: vec![
            ("accept", "application/json".to_owned()),
            ("content-type", "application/json".to_owned()),
        ],
        body: body.into_bytes(),
        timeout: policy.call.timeout,
    }
}

/// What an answer means: headers, a refusal, or a failed call.
pub fn interpret_response(answer: &Answer, policy: &UserLookupPolicy) -> Outcome {
    match answer.status {
        200 | 201 => headers(&answer.body, policy).map_or(Outcome::Failed, Outcome::Headers),
        403 | 404 => Outcome::Refused,
        _ => Outcome::Failed,
    }
}

/// The answer without what no header needs, for the memory that workers share.
pub fn reduced(answer: &Answer, policy: &UserLookupPolicy) -> Answer {
    let body = match parse(&answer.body) {
        Some(found) if matches!(answer.status, 200 | 201) => {
            let wanted = found
                .members()
                .filter(|(name, _)| policy.headers.iter().any(|(_, member)| member == name));
            json::object(wanted).into_bytes()
        }
        Some(_) | None => Vec::new(),
    };
    Answer {
        status: answer.status,
        body,
    }
}

fn headers(body: &[u8], policy: &UserLookupPolicy) -> Option<Rc<Headers>> {
    let found = parse(body)?;
    let mut headers = Headers::default();
    let mut value = String::new();
    for (name, member) in &policy.headers {
        value.clear();
        encode_value(found.raw(member).unwrap_or_default(), &mut value);
        // Without one that is too long the application would not know its user.
        identity::add(&mut headers, name, &value).ok()?;
    }
    Some(Rc::new(headers))
}

fn parse(body: &[u8]) -> Option<ClaimSet> {
    if body.len() > MAX_ANSWER_BYTES {
        return None;
    }
    ClaimSet::parse(String::from_utf8(body.to_vec()).ok()?).ok()
}
