//! The key server is down: at the start, later, for long.

use super::*;
use envoy_cognito_jwt::call::NotSent;
use envoy_cognito_jwt::command::Severity;
use std::time::Duration;

/// How far apart the fetches were that this many failures caused.
fn gaps(world: &mut World, failures: usize) -> Vec<Duration> {
    let mut failed_at = Vec::new();
    while failed_at.len() < failures {
        world.answer_next(Some(answer(503, "no healthy upstream")));
        failed_at.push(world.now);
        world.pass_until_call();
    }
    let sent = world.sent();
    let next = &sent[sent.len() - failures..];
    failed_at
        .iter()
        .zip(next)
        .map(|(failed, sent)| sent.at.since(*failed))
        .collect()
}

#[test]
fn the_next_try_comes_after_1_2_4_and_at_last_60_seconds_and_up_to_a_quarter() {
    for random in [Some(0), Some(1000), None] {
        let mut world = World::start(&fetched(json!({})), 2);
        world.random = random;
        world.pass_millis(1);
        let gaps = gaps(&mut world, 9);
        for (gap, plain) in gaps.iter().zip([1, 2, 4, 8, 16, 32, 60, 60, 60]) {
            let plain = Duration::from_secs(plain);
            let tick = Duration::from_millis(250);
            assert!(*gap >= plain && *gap <= plain + plain / 4 + tick, "{gaps:?}");
            match random {
                Some(0) => assert!(*gap <= plain + tick, "{gaps:?}"),
                Some(_) => assert!(*gap >= plain + plain / 4, "{gaps:?}"),
                None => {}
            }
        }
        assert_eq!(world.counter("jwks_fetch_failed"), 9);
    }
}

#[test]
fn who_could_only_wait_in_vain_is_answered_at_once() {
    let mut world = World::start(&fetched(json!({"timeout_ms": 3000})), 2);
    world.random = Some(0);
    let early = world.ask(0, &signed_by(first_key()));
    world.pass_millis(1);
    world.answer_next(Some(answer(503, "")));
    // The next fetch starts in 1 s: it is worth waiting for.
    assert_eq!(world.fate(early), Fate::Waits);
    world.pass_millis(1250);
    world.answer_next(Some(answer(503, "")));
    // The next one starts in 2 s, and the request came 1.25 s ago.
    assert_eq!(world.fate(early), Fate::Refused("keys_unavailable"));
    let late = world.ask(0, &signed_by(first_key()));
    assert_eq!(world.fate(late), Fate::Waits);
    world.pass_millis(2250);
    world.answer_next(Some(answer(503, "")));
    world.pass_millis(250);
    // 4 s: no fetch starts within the limit of 3 s.
    for worker in 0..2 {
        let id = world.ask(worker, &signed_by(first_key()));
        assert_eq!(world.fate(id), Fate::Refused("keys_unavailable"));
        let reply = world.reply(id);
        assert!(reply.headers.contains(&("retry-after", "1".into())));
    }
    assert_eq!(world.fate(late), Fate::Refused("keys_unavailable"));
    // In 2.5 s it is less than 3 s away.
    world.pass_millis(2500);
    let in_time = world.ask(1, &signed_by(first_key()));
    assert_eq!(world.fate(in_time), Fate::Waits);
    world.pass_millis(2000);
    world.answer_next(Some(publishes(&[first_key()])));
    world.pass_millis(20);
    assert_eq!(world.fate(in_time), Fate::Passed);
    assert_eq!(world.lines(Severity::Warn, "JWKS fetch succeeds again"), 1);
    assert_eq!(world.sent().len(), 4);
}

#[test]
fn old_keys_serve_while_fetching_fails_but_not_for_ever() {
    let mut world = warm(2, json!({"max_stale_seconds": 100}));
    let came = world.now;
    world.take_counters();
    let mut passed = 0;
    while world.now < came.after(Duration::from_secs(398)) {
        world.pass_secs(1);
        while !world.calls.unanswered().is_empty() {
            world.answer_next(Some(answer(503, "")));
        }
        for worker in 0..2 {
            assert_eq!(
                world.fate_of(worker, &signed_by(first_key())),
                Fate::Passed,
                "{:?}",
                world.now.since(came)
            );
            passed += 1;
        }
    }
    let stale = world.counter("jwks_served_stale");
    assert!((190..=200).contains(&stale), "{stale} of {passed}");
    assert!(world.counter("jwks_fetch_failed") >= 5);
    world.pass_secs(3);
    for worker in 0..2 {
        let id = world.ask(worker, &signed_by(first_key()));
        assert_ne!(world.fate(id), Fate::Passed, "all too stale");
        world.pass_secs(6);
        while !world.calls.unanswered().is_empty() {
            world.answer_next(Some(answer(503, "")));
        }
        assert_eq!(world.fate(id), Fate::Refused("keys_unavailable"));
    }
    // Recovery.
    world.pass_until_call();
    world.answer_next(Some(publishes(&[first_key()])));
    world.pass_millis(250);
    for worker in 0..2 {
        assert_eq!(world.fate_of(worker, &signed_by(first_key())), Fate::Passed);
    }
}

#[test]
fn stale_use_can_be_forbidden() {
    let mut world = warm(1, json!({"max_stale_seconds": 0, "ttl_seconds": 10}));
    world.pass_secs(8);
    assert_eq!(world.fate_of(0, &signed_by(first_key())), Fate::Passed);
    world.pass_until_call();
    world.pass_secs(2);
    let id = world.ask(0, &signed_by(first_key()));
    assert_eq!((world.fate(id), world.counter("jwks_served_stale")), (Fate::Waits, 0));
    world.answer_next(Some(publishes(&[first_key()])));
    assert_eq!(world.fate(id), Fate::Passed);
}

#[test]
fn a_cluster_that_does_not_exist_is_named_with_a_hint() {
    for (refusal, hint) in [
        (NotSent::UnknownCluster, "define a cluster named \"cognito\""),
        (NotSent::NoHost, "may not resolve"),
        (NotSent::Refused(7), "status 7: check cluster \"cognito\""),
    ] {
        let mut world = World::start(&fetched(json!({"timeout_ms": 500})), 2);
        world.calls.refuse(Some(refusal));
        let id = world.ask(0, &signed_by(first_key()));
        world.pass_millis(1);
        assert_eq!(world.fate(id), Fate::Refused("keys_unavailable"));
        assert_eq!(world.calls.refused(), 1, "the other worker backs off, too");
        assert_eq!(world.lines(Severity::Warn, "JWKS fetch failed"), 1);
        assert_eq!(world.lines(Severity::Warn, hint), 1, "{:?}", world.log);
        world.calls.refuse(None);
        world.pass_until_call();
        world.answer_next(Some(publishes(&[first_key()])));
        world.pass_millis(250);
        assert_eq!(world.fate_of(0, &signed_by(first_key())), Fate::Passed);
    }
}

#[test]
fn a_call_that_is_never_answered_is_given_up() {
    let mut world = World::start(&fetched(json!({})), 1);
    world.has_timeouts = false;
    world.pass_secs(7);
    assert_eq!((world.sent().len(), world.counter("jwks_fetch_failed")), (1, 1));
    world.pass_secs(2);
    assert_eq!(world.sent().len(), 2);
    // The first answer comes after all, and is nobody's.
    world.answer_next(Some(publishes(&[second_key()])));
    assert_eq!(world.counter("jwks_fetch_success"), 0);
    world.answer_next(Some(publishes(&[first_key()])));
    assert_eq!(world.fate_of(0, &signed_by(first_key())), Fate::Passed);
}

#[test]
fn a_worker_that_dies_with_the_lease_holds_up_nobody_longer_than_the_time_limit() {
    let mut world = World::start(&fetched(json!({"timeout_ms": 2000})), 3);
    world.pass_millis(1);
    let holder = world.sent()[0].worker;
    world.kill(holder);
    world.pass_millis(1900);
    assert_eq!(world.sent().len(), 1);
    world.pass_millis(400);
    assert_eq!(world.sent().len(), 2);
    world.answer(world.sent()[1].id, Some(publishes(&[first_key()])));
    world.pass_millis(250);
    for worker in (0..3).filter(|worker| *worker != holder) {
        assert_eq!(world.fate_of(worker, &signed_by(first_key())), Fate::Passed);
    }
}

#[test]
fn nobody_fetches_between_the_time_limit_and_its_report() {
    let mut world = World::start(&fetched(json!({"timeout_ms": 900})), 4);
    world.has_timeouts = false;
    world.pass_millis(1);
    assert_eq!(world.sent().len(), 1);
    world.ask_many(1, &signed_by(first_key()), 3);
    world.pass_millis(950);
    assert_eq!(world.sent().len(), 1);
    world.answer_next(Some(answer(504, "")));
    world.pass_millis(900);
    assert_eq!(world.sent().len(), 1, "all are backing off");
    world.pass_secs(1);
    assert_eq!((world.sent().len(), world.counter("jwks_fetch_failed")), (2, 1));
}
