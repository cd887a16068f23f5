//! The application's own user, found or made from the verified claims: `get_or_create_for_cognito(payload)` as a service.

use crate::call::HttpCall;
use crate::command::Headers;
use crate::enrich::response_cache::Answer;
use crate::enrich::{CacheKey, Outcome, UserLookupPolicy};
use crate::identity::{self, ValueTooLong, encode::encode_value};
use crate::json;
use crate::token::claims::ClaimSet;
use crate::token::merged::MergedClaims;
use std::rc::Rc;

/// The longest answer that is read.
pub const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// Claims that differ from one token of a sign-in or an app to the next and say nothing about the user.
const PER_TOKEN: [&str; 9] = [
    "exp",
    "iat",
    "nbf",
    "auth_time",
    "jti",
    "origin_jti",
    "event_id",
    "at_hash",
    "nonce",
];

/// What the answer may depend on: the claims that are sent, without those that each token has of its own. What differs in
/// anything else (the app client, the scope, a group) gets an answer of its own, whatever order the claims have.
pub fn subject(claims: &MergedClaims<'_>) -> CacheKey {
    let mut sent: Vec<(&str, &str)> = claims.members().filter(|(name, _)| !PER_TOKEN.contains(name)).collect();
    sent.sort_unstable();
    let parts = sent
        .iter()
        .flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]);
    CacheKey::of(std::iter::once(b"user-lookup".as_slice()).chain(parts))
}

/// What makes answers differ besides the user.
pub fn scope(policy: &UserLookupPolicy) -> CacheKey {
    let call = &policy.call;
    let target = [call.cluster.as_bytes(), call.authority.as_bytes(), call.path.as_bytes()];
    let headers = policy.headers.iter();
    CacheKey::of(
        target
            .into_iter()
            .chain(headers.flat_map(|(header, member)| [header.as_bytes(), member.as_bytes()])),
    )
}

/// The call with the token's claims and what UserInfo adds to them: less than `limits.token_bytes`
/// and [`user_info::MAX_ANSWER_BYTES`](crate::enrich::user_info::MAX_ANSWER_BYTES) together.
pub fn call(policy: &UserLookupPolicy, claims: &MergedClaims<'_>) -> HttpCall {
    let body = claims.to_json().into_owned();
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

/// What an answer means: headers, a refusal, or a failed call; and the headers that are left out.
pub fn interpret_response(answer: &Answer, policy: &UserLookupPolicy) -> (Outcome, Vec<ValueTooLong>) {
    let outcome = match answer.status {
        200 | 201 => match headers(&answer.body, policy) {
            Some((headers, left_out)) => return (Outcome::Headers(headers), left_out),
            None => Outcome::Failed,
        },
        403 | 404 => Outcome::Refused,
        _ => Outcome::Failed,
    };
    (outcome, Vec::new())
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

fn headers(body: &[u8], policy: &UserLookupPolicy) -> Option<(Rc<Headers>, Vec<ValueTooLong>)> {
    let found = parse(body)?;
    let mut headers = Headers::default();
    let mut left_out = Vec::new();
    let mut value = String::new();
    for (name, member) in &policy.headers {
        value.clear();
        encode_value(found.raw(member).unwrap_or_default(), &mut value);
        left_out.extend(identity::add(&mut headers, name, &value).err());
    }
    Some((Rc::new(headers), left_out))
}

fn parse(body: &[u8]) -> Option<ClaimSet> {
    if body.len() > MAX_ANSWER_BYTES {
        return None;
    }
    ClaimSet::parse(String::from_utf8(body.to_vec()).ok()?).ok()
}
