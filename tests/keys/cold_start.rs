//! Workers start together, and requests are there before the keys.

use super::*;
use envoy_cognito_jwt::command::Severity;
use std::time::Duration;
use support::world::settings::pool;

#[test]
fn however_many_workers_start_the_keys_are_fetched_once() {
    for workers in [1, 2, 4, 8] {
        let mut world = World::start(&fetched(json!({})), workers);
        world.tick_all();
        world.tick_all();
        let sent = world.sent();
        assert_eq!(sent.len(), 1, "{workers} workers");
        let call = &sent[0].call;
        assert_eq!((call.cluster.as_str(), call.method), ("cognito", "GET"));
        assert_eq!(call.authority, "cognito-idp.us-east-1.amazonaws.com");
        assert_eq!(call.path, "/us-east-1_Example01/.well-known/jwks.json");
        assert_eq!((call.body.len(), call.timeout), (0, Duration::from_secs(5)));

        world.answer_next(Some(publishes(&[first_key()])));
        world.tick_all();
        for worker in 0..workers {
            assert_eq!(world.fate_of(worker, &signed_by(first_key())), Fate::Passed);
        }
        world.pass_secs(200);
        assert_eq!(world.sent().len(), 1);
        assert_eq!((world.counter("jwks_fetch_success"), world.keys_gauge), (1, Some(1)));
        assert_eq!(world.lines(Severity::Info, &first_key().kid), 1, "{:?}", world.log);
    }
}

#[test]
fn nothing_is_fetched_before_the_first_tick() {
    let mut world = World::start(&fetched(json!({})), 2);
    let id = world.ask(0, &signed_by(first_key()));
    assert_eq!((world.sent().len(), world.fate(id)), (0, Fate::Waits));
}

#[test]
fn all_who_wait_are_woken_in_portions() {
    let mut world = World::start(&fetched(json!({})), 2);
    let here = world.ask_many(0, &signed_by(first_key()), 200);
    let there = world.ask_many(1, &signed_by(first_key()), 250);
    world.pass_millis(100);
    assert_eq!(world.sent().len(), 1);
    assert_eq!((world.waiting(0), world.waiting(1)), (200, 250));

    let fetcher = world.sent()[0].worker;
    world.answer_next(Some(publishes(&[first_key()])));
    let (own, other) = if fetcher == 0 { (&here, &there) } else { (&there, &here) };
    assert_eq!(world.count_of(own, &Fate::Passed), 100);
    assert_eq!(world.count_of(other, &Fate::Passed), 0);
    world.pass_millis(30);
    assert_eq!(world.count_of(&here, &Fate::Passed), 200);
    assert_eq!(world.count_of(&there, &Fate::Passed), 250);
    assert_eq!((world.most_resolved_at_once(), world.counter("allowed")), (100, 450));
    assert_eq!((world.waiting(0), world.waiting(1)), (0, 0));
}

#[test]
fn a_bad_token_that_waited_is_refused_and_the_next_one_passes() {
    let mut world = World::start(&fetched(json!({})), 1);
    let mut header = json!({"kid": first_key().kid, "alg": "RS256"}).to_string();
    let forged = Ask::bearer(&second_key().token(&header, &id_claims(START).to_string()));
    header = json!({"alg": "RS256"}).to_string();
    let without_kid = Ask::bearer(&first_key().token(&header, &id_claims(START).to_string()));
    let forged = world.ask(0, &forged);
    assert_eq!(world.fate_of(0, &without_kid), Fate::Refused("key_unknown"));
    let other = world.ask(0, &signed_by(second_key()));
    let good = world.ask(0, &signed_by(first_key()));
    world.pass_millis(1);
    world.answer_next(Some(publishes(&[first_key()])));
    assert_eq!(world.fate(forged), Fate::Refused("signature_invalid"));
    assert_eq!(world.fate(other), Fate::Refused("key_unknown"));
    assert_eq!(world.fate(good), Fate::Passed);
    world.pass_secs(10);
    assert_eq!(
        world.sent().len(),
        1,
        "no fetch for a kid that was looked for in a set that came later"
    );
}

#[test]
fn nobody_waits_longer_than_the_time_limit() {
    let mut world = World::start(&fetched(json!({"timeout_ms": 700})), 1);
    world.has_timeouts = false;
    world.pass_millis(300);
    let id = world.ask(0, &signed_by(first_key()));
    world.pass_millis(600);
    assert_eq!(world.fate(id), Fate::Waits);
    world.pass_millis(400);
    assert_eq!(world.fate(id), Fate::Refused("keys_unavailable"));
    assert!(world.took(id) >= Duration::from_millis(700) && world.took(id) <= Duration::from_millis(725));
}

#[test]
fn keys_that_are_given_are_never_fetched() {
    let mut world = World::start(&support::world::settings::inline(&[first_key()]), 2);
    assert_eq!(world.fate_of(0, &signed_by(first_key())), Fate::Passed);
    assert_eq!(world.fate_of(1, &signed_by(second_key())), Fate::Refused("key_unknown"));
    assert_eq!(world.counter("jwks_refetch_throttled"), 0);
    world.pass_secs(600);
    assert_eq!((world.sent().len(), world.store.names().len()), (0, 0));
    assert_eq!(world.keys_gauge, Some(1));
}

#[test]
fn pools_with_the_same_kid_never_mix() {
    let mut world = World::start(
        &json!({"pools": [pool("us-east-1_Example01", json!({})), pool("us-east-1_Example02", json!({}))]}),
        2,
    );
    world.tick_all();
    assert_eq!(world.sent().len(), 2);
    let mut twin = second_key().jwk().clone();
    twin["kid"] = json!(first_key().kid);
    for sent in world.sent() {
        let body = match sent.call.path.as_str() {
            "/us-east-1_Example01/.well-known/jwks.json" => jwks(&[first_key()]),
            "/us-east-1_Example02/.well-known/jwks.json" => json!({"keys": [twin]}).to_string(),
            path => panic!("{path}"),
        };
        world.answer(sent.id, Some(answer(200, body)));
    }
    world.tick_all();
    let header = json!({"kid": first_key().kid, "alg": "RS256"}).to_string();
    let mut claims = id_claims(START);
    claims["iss"] = json!("https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Example02");
    let of_second_pool = Ask::bearer(&second_key().token(&header, &claims.to_string()));
    let crossed = Ask::bearer(&first_key().token(&header, &claims.to_string()));
    for worker in 0..2 {
        assert_eq!(world.fate_of(worker, &signed_by(first_key())), Fate::Passed);
        assert_eq!(world.fate_of(worker, &of_second_pool), Fate::Passed);
        assert_eq!(world.fate_of(worker, &crossed), Fate::Refused("signature_invalid"));
    }
    assert_eq!(world.keys_gauge, Some(2));
}
