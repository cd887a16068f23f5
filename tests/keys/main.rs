//! A pool's keys as several workers live through them: cold starts, rotations, outages, lies in the store, odd clocks.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod bad_sets;
mod clocks;
mod cold_start;
mod outage;
mod random_walk;
mod refresh;
mod rotation;
mod shared_store;
mod unknown_kid;

use envoy_cognito_jwt::call::HttpAnswer;
use serde_json::{Value, json};
use std::sync::OnceLock;
use support::tokens::{SigningKey, first_key, id_claims, jwks, second_key};
use support::world::ask::Ask;
use support::world::settings::fetched;
use support::world::{Fate, START, World, answer};

/// The answer of a key server that publishes these keys.
fn publishes(keys: &[&SigningKey]) -> HttpAnswer {
    answer(200, jwks(keys))
}

/// A request with a token of this key that is valid at all times, so that only its key decides.
fn signed_by(key: &SigningKey) -> Ask {
    static TOKENS: OnceLock<[String; 2]> = OnceLock::new();
    let [first, second] = TOKENS.get_or_init(|| {
        [first_key(), second_key()].map(|key| {
            let mut claims = id_claims(START);
            claims["exp"] = json!(1e15);
            // No clock of these stories is before.
            for name in ["iat", "auth_time"] {
                claims.as_object_mut().unwrap().remove(name);
            }
            key.sign_claims(&claims)
        })
    });
    Ask::bearer(if key.kid == first_key().kid { first } else { second })
}

/// A request with a token whose key nobody knows: not even its signature is looked at.
fn with_unknown_kid(number: usize) -> Ask {
    let header = json!({"kid": format!("unknown-{number}"), "alg": "RS256"}).to_string();
    let part = |bytes: &[u8]| support::tokens::base64url(bytes);
    let claims = id_claims(START).to_string();
    Ask::bearer(&format!(
        "{}.{}.{}",
        part(header.as_bytes()),
        part(claims.as_bytes()),
        part(&[7; 256])
    ))
}

/// Workers that have the first key.
fn warm(workers: usize, jwks: Value) -> World {
    let mut world = World::start(&fetched(jwks), workers);
    world.pass_millis(1);
    world.answer_next(Some(publishes(&[first_key()])));
    world.pass_millis(250);
    for worker in 0..workers {
        assert_eq!(world.fate_of(worker, &signed_by(first_key())), Fate::Passed);
    }
    assert_eq!(world.sent().len(), 1);
    world
}
