//! Beyond the token: UserInfo and the user lookup.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod user_info;
mod user_lookup;

use envoy_cognito_jwt::call::HttpAnswer;
use serde_json::{Value, json};
use support::tokens::{ISSUER, SUB, access_claims, first_key, id_claims};
use support::world::ask::Ask;
use support::world::settings::{inline, with};
use support::world::{Fate, START, World, answer};

/// `user_info` with these members more or otherwise.
fn user_info(members: Value) -> Value {
    let mut config = inline(&[first_key()]);
    config["pools"][0]["user_info"] = merged(
        json!({"cluster": "login", "uri": "https://login.example.com/oauth2/userInfo"}),
        &members,
    );
    config
}

/// `user_lookup` with these members more or otherwise.
fn user_lookup(members: Value) -> Value {
    let plain = json!({"cluster": "users", "uri": "http://users.internal:8080/cognito/users?by=sub",
        "headers": {"x-user-id": "id", "x-plan": "plan"}});
    with(inline(&[first_key()]), "user_lookup", merged(plain, &members))
}

fn merged(mut object: Value, members: &Value) -> Value {
    for (name, value) in members.as_object().unwrap() {
        object[name] = value.clone();
    }
    object
}

/// A request with an access token of this user with these claims more or otherwise.
fn access(claims: Value) -> Ask {
    Ask::bearer(&first_key().sign_claims(&merged(access_claims(START), &claims)))
}

/// A request with an ID token with these claims more or otherwise.
fn id(claims: Value) -> Ask {
    Ask::bearer(&first_key().sign_claims(&merged(id_claims(START), &claims)))
}

fn ok(body: Value) -> Option<HttpAnswer> {
    Some(answer(200, body.to_string()))
}

/// What a request comes to whose call is answered so.
fn fate_with(config: &Value, ask: &Ask, given: Option<HttpAnswer>) -> Fate {
    let mut world = World::start(config, 1);
    let id = world.ask(0, ask);
    world.pass_millis(5);
    world.answer_next(given);
    world.fate(id)
}

/// Checks what requests come to whose call is answered so, with `on_failure` `reject` and `continue`: a code, or nothing if they pass.
fn assert_fates<'a>(
    config: fn(Value) -> Value,
    ask: &Ask,
    rows: impl IntoIterator<Item = (&'a str, Option<HttpAnswer>, &'static str, &'static str)>,
) {
    for (what, given, rejecting, continuing) in rows {
        for (on_failure, code) in [("reject", rejecting), ("continue", continuing)] {
            let expected = if code.is_empty() {
                Fate::Passed
            } else {
                Fate::Refused(code)
            };
            let fate = fate_with(&config(json!({"on_failure": on_failure})), ask, given.clone());
            assert_eq!(fate, expected, "{what}, {on_failure}");
        }
    }
}
