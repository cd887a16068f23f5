//! The keys reach their TTL, and are fetched again in the background.

use super::*;
use envoy_cognito_jwt::command::Severity;
use std::time::Duration;

#[test]
fn each_ttl_brings_one_fetch_and_keeps_nobody_waiting() {
    let mut world = warm(3, json!({}));
    for round in 2..12 {
        world.pass_until_call();
        world.pass_secs(1);
        assert_eq!(world.sent().len(), round, "one fetch a TTL");
        // While the fetch is under way the old keys serve.
        for worker in 0..3 {
            assert_eq!(world.fate_of(worker, &signed_by(first_key())), Fate::Passed);
        }
        world.answer_next(Some(publishes(&[first_key()])));
        world.pass_millis(250);
    }
    assert_eq!(world.counter("jwks_fetch_success"), 11);
    assert_eq!(world.counter("jwks_fetch_failed"), 0);
}

#[test]
fn a_ttl_is_up_to_a_tenth_shorter() {
    let mut ages = Vec::new();
    for random in [0, 1, 250, 500, 777, 1000, u64::MAX] {
        let mut world = World::start(&fetched(json!({})), 1);
        world.random = Some(random);
        world.pass_millis(1);
        world.answer_next(Some(publishes(&[first_key()])));
        let came = world.now;
        world.pass_until_call();
        ages.push(world.sent()[1].at.since(came));
    }
    // A tick at rest may come up to 250 ms late.
    let (shortest, longest) = (ages.iter().min().unwrap(), ages.iter().max().unwrap());
    assert!(
        *shortest >= Duration::from_secs(270) && *shortest < Duration::from_millis(270_300),
        "{ages:?}"
    );
    assert!(
        *longest >= Duration::from_secs(300) && *longest < Duration::from_millis(300_300),
        "{ages:?}"
    );
}

#[test]
fn the_same_keys_again_are_no_change() {
    let mut world = warm(2, json!({}));
    world.take_counters();
    let lines = world.log.len();
    world.pass_until_call();
    world.answer_next(Some(publishes(&[first_key()])));
    world.pass_millis(250);
    assert_eq!(world.fate_of(0, &signed_by(first_key())), Fate::Passed);
    assert_eq!(world.fate_of(1, &signed_by(first_key())), Fate::Passed);
    assert_eq!((world.counter("jwt_cache_hit"), world.counter("verify_module")), (2, 0));
    assert_eq!(world.log.len(), lines, "{:?}", world.log);
}

#[test]
fn a_new_worker_takes_over_what_is_there() {
    let mut world = warm(1, json!({}));
    let late = world.start_worker();
    world.pass_millis(1);
    assert_eq!(world.fate_of(late, &signed_by(first_key())), Fate::Passed);
    assert_eq!(world.sent().len(), 1);
}

#[test]
fn skipped_keys_are_logged_once_even_if_those_in_use_stay() {
    let mut world = warm(1, json!({}));
    let mut refresh = |keys: &str| {
        let lines = world.log.len();
        world.pass_until_call();
        world.answer_next(Some(answer(200, keys)));
        world.pass_millis(250);
        world.log.len() - lines
    };
    let good = first_key().jwk();
    let with = |use_: &str| {
        let mut other = second_key().jwk().clone();
        other["use"] = json!(use_);
        json!({"keys": [good, other]}).to_string()
    };
    let plain = json!({"keys": [good]}).to_string();
    let logged: Vec<usize> = [&plain, &with("enc"), &with("enc"), &plain, &with("enc")]
        .map(|keys| refresh(keys))
        .into();
    assert_eq!(logged, [0, 1, 0, 0, 1]);
}

#[test]
fn keys_that_one_worker_logged_as_skipped_the_next_one_to_fetch_does_not_log_again() {
    let mut other = second_key().jwk().clone();
    other["use"] = json!("enc");
    let keys = answer(200, json!({"keys": [first_key().jwk(), other]}).to_string());
    let mut world = World::start(&fetched(json!({})), 2);
    world.pass_millis(1);
    let first = world.sent()[0].worker;
    world.answer_next(Some(keys.clone()));
    world.pass_millis(250);
    world.kill(first);
    world.pass_until_call();
    world.answer_next(Some(keys));
    assert_ne!(world.sent()[1].worker, first);
    assert_eq!(world.lines(Severity::Warn, "keys skipped"), 1);
}

#[test]
fn the_gauge_holds_the_keys_that_all_workers_come_to_hold() {
    // A worker reports what it finds in the store after a change of the configuration, without a fetch of its own.
    let mut world = warm(1, json!({}));
    assert_eq!(world.keys_gauge, Some(1));
    world.keys_gauge = Some(7);
    world.start_worker();
    world.pass_millis(1);
    assert_eq!((world.sent().len(), world.keys_gauge), (1, Some(1)));

    // Keys that are given count also while others cannot be fetched.
    let mut config = fetched(json!({}));
    let given = json!({"user_pool_id": "us-east-1_Given0001", "client_ids": "any",
        "jwks": {"inline": {"keys": [first_key().jwk()]}}});
    config["pools"].as_array_mut().unwrap().push(given);
    let mut world = World::start(&config, 2);
    world.pass_millis(1);
    world.answer_next(Some(answer(500, "")));
    world.pass_millis(500);
    assert_eq!(world.keys_gauge, Some(1));
    world.pass_until_call();
    world.answer_next(Some(publishes(&[first_key(), second_key()])));
    world.pass_millis(500);
    assert_eq!(world.keys_gauge, Some(3));
}
