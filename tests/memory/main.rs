//! What a worker keeps is bounded in bytes, whatever tokens and answers look like: measured, not only counted.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod allocator;
mod worker;

use serde_json::{Value, json};
use support::tokens::{SUB, access_claims, first_key, id_claims, made_up};
use support::world::START;
use support::world::settings::inline;
use worker::Worker;

const MEBIBYTE: isize = 1 << 20;

/// What a claim or an answer is filled with up to a size: one long text, or as many small things as there is room for.
const FILLINGS: [(&str, fn(usize) -> (String, Value)); 4] = [
    ("one text", |size| ("custom:x".to_owned(), json!("x".repeat(size)))),
    ("short groups", |size| {
        ("cognito:groups".to_owned(), json!(vec!["a"; size / 4]))
    }),
    ("long groups", |size| {
        (
            "cognito:groups".to_owned(),
            json!(vec!["\u{e9}".repeat(60); size / 123]),
        )
    }),
    ("an object", |size| {
        let members = (0..size / 10).map(|number| (format!("{number:04}"), json!(1)));
        ("custom:o".to_owned(), members.collect())
    }),
];

/// These claims and many small ones, or one large one.
fn filled(mut claims: Value, filling: Option<fn(usize) -> (String, Value)>, size: usize) -> Value {
    match filling {
        Some(filling) => {
            let (name, value) = filling(size);
            claims[name] = value;
        }
        None => {
            for number in 0..size / 10 {
                claims[format!("{number:05}")] = json!(1);
            }
        }
    }
    claims
}

fn fillings() -> impl Iterator<Item = (&'static str, Option<fn(usize) -> (String, Value)>)> {
    let given = FILLINGS.into_iter().map(|(name, filling)| (name, Some(filling)));
    given.chain([("small claims", None)])
}

#[test]
fn cached_tokens_hold_no_more_than_their_bound() {
    for (token_bytes, tokens) in [(16_384, 60), (65_536, 20)] {
        for (name, filling) in fillings() {
            let mut config = inline(&[first_key()]);
            config["token_cache"] = json!({"max_entries": 100_000, "max_mebibytes": 1});
            config["limits"] = json!({"token_bytes": token_bytes, "header_value_bytes": 65_536});
            config["identity"] = json!({"payload_header": "x-payload"});
            // A rule that asks for a claim has all claims of a cached token kept.
            config["rules"] = json!([{"require": {"claims": {"custom:absent": {"present": false}}}}]);
            let mut worker = Worker::start(&config);
            let claims = filled(id_claims(START), filling, token_bytes * 68 / 100);
            let before = allocator::held();
            let mut most = 0;
            for number in 0..tokens {
                let token = made_up(&claims, number);
                assert!(token.len() > token_bytes * 80 / 100, "{name}: {}", token.len());
                for _ in 0..2 {
                    assert!(worker.passes(&token), "{name}");
                }
                most = most.max(allocator::held() - before);
            }
            assert!(
                worker.count("jwt_cache_hit") >= tokens as u64,
                "{name}: nothing was cached"
            );
            assert!(most <= MEBIBYTE, "{name} of {token_bytes}: {most} bytes");
            assert!(most > MEBIBYTE / 4, "{name} of {token_bytes}: only {most} bytes");
        }
    }
}

#[test]
fn cached_answers_of_all_calls_hold_no_more_than_their_bound() {
    for (name, filling, tokens) in [("one text", Some(FILLINGS[0].1), 300), ("small claims", None, 80)] {
        // Two pools: the bound is that of all calls together.
        let mut config = inline(&[first_key()]);
        config["token_cache"] = json!({"max_entries": 0});
        config["pools"][0]["user_info"] = json!({"cluster": "login", "domain": "login.example.com"});
        let mut other = config["pools"][0].clone();
        other["user_pool_id"] = json!("us-east-1_Example02");
        config["pools"].as_array_mut().unwrap().push(other);
        let mut worker = Worker::start(&config);
        let answer = filled(json!({"sub": SUB}), filling, 65_000).to_string();
        let before = allocator::held();
        let mut most = 0;
        for number in 0..tokens {
            let mut claims = access_claims(START);
            let pool = number % 2 + 1;
            claims["iss"] = json!(format!(
                "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Example0{pool}"
            ));
            let token = made_up(&claims, number);
            assert!(worker.passes_after(&token, &answer), "{name}");
            assert!(worker.passes(&token), "{name}: it is cached");
            most = most.max(allocator::held() - before);
        }
        assert!(most <= 16 * MEBIBYTE + MEBIBYTE / 2, "{name}: {most} bytes");
        assert!(most > 4 * MEBIBYTE, "{name}: only {most} bytes");
    }
}
