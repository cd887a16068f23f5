//! Keys come and go.

use super::*;
use std::time::Duration;

#[test]
fn a_new_key_is_fetched_at_its_first_use() {
    let mut world = warm(2, json!({}));
    world.pass_secs(60);
    let first = world.ask(1, &signed_by(second_key()));
    assert_eq!((world.fate(first), world.sent().len()), (Fate::Waits, 1));
    world.pass_millis(1);
    assert_eq!((world.sent().len(), world.sent()[1].worker), (2, 1));
    world.answer_next(Some(publishes(&[first_key(), second_key()])));
    assert_eq!(world.fate(first), Fate::Passed);
    assert!(world.took(first) < Duration::from_millis(10));
    world.pass_millis(250);
    assert_eq!(world.fate_of(0, &signed_by(second_key())), Fate::Passed);
    assert_eq!(world.fate_of(0, &signed_by(first_key())), Fate::Passed);
    assert_eq!(world.sent().len(), 2);
    assert_eq!(world.counter("jwks_refetch_unknown_kid"), 1);
    assert_eq!(world.counter("jwks_refetch_throttled"), 0);
    assert_eq!(world.keys_gauge, Some(2));
}

#[test]
fn a_key_that_left_the_set_stops_working_at_that_refresh() {
    let mut world = warm(2, json!({}));
    world.pass_until_call();
    world.answer_next(Some(publishes(&[second_key()])));
    let fetcher = world.sent()[1].worker;
    // The worker has the token in its cache, but no longer its key.
    let waits = world.ask(fetcher, &signed_by(first_key()));
    assert_ne!(world.fate(waits), Fate::Passed);
    world.pass_millis(5);
    assert_eq!(world.calls.unanswered().len(), 1, "the cooldown allows one look");
    world.answer_next(Some(publishes(&[second_key()])));
    assert_eq!(world.fate(waits), Fate::Refused("key_unknown"));
    world.pass_millis(250);
    for worker in 0..2 {
        assert_eq!(
            world.fate_of(worker, &signed_by(first_key())),
            Fate::Refused("key_unknown")
        );
        assert_eq!(world.fate_of(worker, &signed_by(second_key())), Fate::Passed);
    }
}

#[test]
fn another_key_under_the_same_kid_is_another_key() {
    let mut world = warm(2, json!({}));
    let mut twin = second_key().jwk().clone();
    twin["kid"] = json!(first_key().kid);
    world.pass_until_call();
    world.answer_next(Some(answer(200, json!({"keys": [twin]}).to_string())));
    world.pass_millis(250);
    for worker in 0..2 {
        assert_eq!(
            world.fate_of(worker, &signed_by(first_key())),
            Fate::Refused("signature_invalid")
        );
    }
}
