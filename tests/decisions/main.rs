//! What the filter decides, and what clients, upstreams and operators see of it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod open;
mod order;
mod routes;
mod shadow;
mod table;
mod websocket;

use envoy_cognito_jwt::command::Reply;
use serde_json::{Value, json};
use support::tokens::{CLIENT, SUB, access_claims, base64url, first_key, id_claims, second_key};
use support::world::ask::Ask;
use support::world::settings::{inline, with};
use support::world::{Fate, START, World};

/// Inline keys and these rules.
fn ruled(rules: Value) -> Value {
    with(inline(&[first_key()]), "rules", rules)
}

/// A good ID token with `value` as its claim `name`; `null` takes the claim out.
fn token_with(name: &str, value: Value) -> String {
    let mut claims = id_claims(START);
    claims[name] = value.clone();
    if value.is_null() {
        claims.as_object_mut().unwrap().remove(name);
    }
    first_key().sign_claims(&claims)
}

fn good_token() -> String {
    first_key().sign_claims(&id_claims(START))
}

fn header<'r>(reply: &'r Reply, name: &str) -> Option<&'r str> {
    let mut found = reply.headers.iter().filter(|(found, _)| *found == name);
    let value = found.next().map(|(_, value)| &**value);
    assert!(found.next().is_none(), "{name} twice");
    value
}

/// What a client may try to say in the filter's name.
fn with_forged_headers(ask: Ask) -> Ask {
    ask.header("x-cognito-sub", "mallory")
        .header("x_cognito_sub", "mallory")
        .header("x-cognito_groups", "admins")
        .header("x-cognito-anything", "mallory")
}

/// None of it is left.
fn assert_stripped(world: &World, id: envoy_cognito_jwt::request::RequestId) {
    for name in ["x_cognito_sub", "x-cognito_groups", "x-cognito-anything"] {
        assert_eq!(world.upstream(id, name), [""; 0], "{name}");
    }
    let sub = world.upstream(id, "x-cognito-sub");
    assert!(sub.is_empty() || sub == [SUB], "{sub:?}");
}
