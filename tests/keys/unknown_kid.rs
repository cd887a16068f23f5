//! Tokens whose key nobody knows: new keys, or an attacker's inventions.

use super::*;
use std::time::Duration;

#[test]
fn a_thousand_inventions_cause_one_fetch_a_cooldown() {
    let mut world = warm(4, json!({}));
    world.pass_secs(40);
    world.take_counters();
    let mut asked = Vec::new();
    for number in 0..1000 {
        asked.push(world.ask(number % 4, &with_unknown_kid(number)));
    }
    world.pass_millis(250);
    assert_eq!(world.sent().len(), 2);
    world.answer_next(Some(publishes(&[first_key()])));
    world.pass_secs(1);
    assert_eq!(world.count_of(&asked, &Fate::Refused("key_unknown")), 1000);

    for number in 0..1000 {
        let fate = world.fate_of(number % 4, &with_unknown_kid(number));
        assert_eq!(fate, Fate::Refused("key_unknown"));
    }
    world.pass_secs(20);
    assert_eq!(world.sent().len(), 2);
    assert_eq!(world.counter("jwks_refetch_unknown_kid"), 1);
    assert_eq!(world.counter("jwks_refetch_throttled"), 1000);

    world.pass_secs(10);
    let asked = world.ask(2, &with_unknown_kid(0));
    world.pass_millis(30);
    assert_eq!((world.sent().len(), world.fate(asked)), (3, Fate::Waits));
    assert_eq!(world.counter("jwks_refetch_unknown_kid"), 2);
}

#[test]
fn who_finds_a_fetch_under_way_waits_for_it_and_looks_again() {
    let mut world = warm(2, json!({}));
    world.pass_until_call();
    assert_eq!(world.sent().len(), 2, "a refresh is under way");
    let new = [
        world.ask(0, &signed_by(second_key())),
        world.ask(1, &signed_by(second_key())),
    ];
    let invented = [world.ask(0, &with_unknown_kid(1)), world.ask(1, &with_unknown_kid(1))];
    world.pass_millis(500);
    assert_eq!(world.count_of(&[new, invented].concat(), &Fate::Waits), 4);
    world.answer_next(Some(publishes(&[first_key(), second_key()])));
    world.pass_millis(250);
    assert_eq!(world.count_of(&new, &Fate::Passed), 2);
    assert_eq!(world.count_of(&invented, &Fate::Refused("key_unknown")), 2);
    assert_eq!((world.sent().len(), world.counter("jwks_refetch_unknown_kid")), (2, 0));
}

#[test]
fn without_a_cooldown_each_invention_may_cause_a_fetch() {
    let mut world = warm(2, json!({"refetch_cooldown_seconds": 0}));
    for round in 2..6 {
        let asked = world.ask(round % 2, &with_unknown_kid(round));
        world.pass_millis(5);
        assert_eq!(world.sent().len(), round);
        world.answer_next(Some(publishes(&[first_key()])));
        assert_eq!(world.fate(asked), Fate::Refused("key_unknown"));
        world.pass_millis(250);
    }
    assert_eq!(world.counter("jwks_refetch_throttled"), 0);
}

#[test]
fn who_waits_for_an_unknown_key_is_answered_at_the_time_limit_and_at_a_failure() {
    let mut world = warm(1, json!({"timeout_ms": 900}));
    world.pass_secs(40);
    let first = world.ask(0, &with_unknown_kid(1));
    world.pass_millis(1000);
    assert_eq!(world.fate(first), Fate::Refused("key_unknown"));
    assert!(world.took(first) <= Duration::from_millis(925));

    let mut world = warm(1, json!({}));
    world.pass_secs(40);
    let second = world.ask(0, &with_unknown_kid(2));
    world.pass_millis(5);
    world.answer_next(Some(answer(500, "")));
    assert_eq!(world.fate(second), Fate::Refused("key_unknown"));
    assert_eq!(world.fate_of(0, &signed_by(first_key())), Fate::Passed);
    // Backing off, nothing is fetched for inventions either.
    world.take_counters();
    assert_eq!(world.fate_of(0, &with_unknown_kid(3)), Fate::Refused("key_unknown"));
    assert_eq!(world.counter("jwks_refetch_throttled"), 1);
}

#[test]
fn a_fetch_for_an_unknown_key_that_failed_is_tried_again_like_any_other() {
    let mut world = warm(2, json!({"refetch_cooldown_seconds": 3600}));
    world.pass_secs(40);
    world.ask(0, &signed_by(second_key()));
    world.pass_millis(5);
    world.answer_next(Some(answer(500, "")));
    world.pass_millis(900);
    assert_eq!(world.sent().len(), 2, "it is backing off");
    world.pass_secs(1);
    assert_eq!(world.sent().len(), 3);
    world.answer_next(Some(publishes(&[first_key(), second_key()])));
    world.pass_millis(250);
    for worker in [0, 1] {
        assert_eq!(world.fate_of(worker, &signed_by(second_key())), Fate::Passed);
    }
    world.pass_secs(100);
    assert_eq!((world.sent().len(), world.counter("jwks_refetch_unknown_kid")), (3, 1));
}
