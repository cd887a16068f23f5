//! The application's own user, found or created from the verified claims: `get_or_create_for_cognito(payload)` as a service.

use crate::call::HttpCall;
use crate::command::Headers;
use crate::enrich::{Answer, CacheKey, CallPolicy, Enrichment, EnrichmentKind, Interpretation, Outcome, Question};
use crate::identity::{self, encode::encode_value};
use crate::json;
use crate::time::UnixTime;
use crate::token::Identity;
use crate::token::claims::ClaimSet;
use std::rc::Rc;

/// The longest answer that is read.
pub const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// Claims that differ between the tokens of a user and are not about the user.
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

/// `user_lookup`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserLookupPolicy {
    /// The call.
    pub call: CallPolicy,
    /// Header (lower case) and the member of the answer that it carries.
    pub headers: Vec<(Rc<str>, String)>,
    /// The longest value of a header, encoded.
    pub max_value_bytes: usize,
}

impl Enrichment for UserLookupPolicy {
    fn kind(&self) -> EnrichmentKind {
        EnrichmentKind::UserLookup
    }

    fn policy(&self) -> &CallPolicy {
        &self.call
    }

    /// Returns true: every token's user is looked up.
    fn applies_to(&self, _identity: &Identity) -> bool {
        true
    }

    /// Returns the digest of the endpoint, of the headers that are made of the answer, and of the claims that are sent, without those that
    /// differ for each token. A question that differs in anything else (the app client, the scope, a group) gets an answer of its own;
    /// the order of the claims does not matter.
    fn cache_key(&self, question: &Question<'_>) -> CacheKey {
        let [cluster, authority, path] = self.call.target();
        let headers = self.headers.iter();
        let headers = headers.flat_map(|(header, member)| [header.as_bytes(), member.as_bytes()]);
        let claims = question.claims.members();
        let mut claims: Vec<(&str, &str)> = claims.filter(|(name, _)| !PER_TOKEN.contains(name)).collect();
        claims.sort_unstable();
        let claims = claims
            .iter()
            .flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]);
        // Headers and claims are lists: without a length, the end of one could be read as the beginning of the other.
        let header_count = self.headers.len().to_be_bytes();
        let target = [b"user-lookup", cluster, authority, path, header_count.as_slice()];
        CacheKey::of(target.into_iter().chain(headers).chain(claims))
    }

    /// Returns the token's claims and what UserInfo adds to them.
    fn call(&self, question: &Question<'_>) -> HttpCall {
        let headers = vec![
            ("accept", "application/json".to_owned()),
            ("content-type", "application/json".to_owned()),
        ];
        let body = question.claims.to_json().into_owned().into_bytes();
        self.call.call(self.kind().method(), headers, body)
    }

    fn interpret(&self, answer: &Answer, _sub: &str) -> Interpretation {
        match answer.status {
            200 | 201 => self.headers_of(&answer.body).unwrap_or(Outcome::Failed.into()),
            403 | 404 => Outcome::Refused.into(),
            _ => Outcome::Failed.into(),
        }
    }

    /// Removes the members that no header needs.
    fn reduced(&self, answer: Answer) -> Answer {
        let body = match parse(&answer.body) {
            Some(found) if matches!(answer.status, 200 | 201) => {
                let is_wanted = |name: &str| self.headers.iter().any(|(_, member)| member == name);
                json::object(found.members().filter(|(name, _)| is_wanted(name))).into_bytes()
            }
            Some(_) | None => Vec::new(),
        };
        Answer { body, ..answer }
    }

    /// Sets no limit: the next token of the same user finds the response, too, so it ends with the TTL, not with this token.
    fn not_after(&self, _identity: &Identity) -> UnixTime {
        UnixTime::from_millis(u64::MAX)
    }
}

impl UserLookupPolicy {
    fn headers_of(&self, body: &[u8]) -> Option<Interpretation> {
        let found = parse(body)?;
        let mut headers = Headers::with_capacity(self.headers.len());
        let mut left_out = Vec::new();
        let mut value = String::new();
        for (name, member) in &self.headers {
            value.clear();
            encode_value(found.raw(member).unwrap_or_default(), &mut value);
            left_out.extend(identity::add(&mut headers, name, &value, self.max_value_bytes).err());
        }
        Some(Interpretation {
            outcome: Outcome::Headers(Rc::new(headers)),
            left_out,
        })
    }
}

fn parse(body: &[u8]) -> Option<ClaimSet> {
    if body.len() > MAX_ANSWER_BYTES {
        return None;
    }
    ClaimSet::parse(String::from_utf8(body.to_vec()).ok()?).ok()
}
