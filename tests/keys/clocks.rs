//! Clocks that are wrong, and are set.

use super::*;
use envoy_cognito_jwt::time::UnixTime;

/// The keys are refreshed within seconds, whatever the clock did, and a withdrawn one is gone with that.
fn recovers(world: &mut World, what: &str) {
    world.pass_secs(9);
    let mut rounds = 0;
    while !world.calls.unanswered().is_empty() {
        world.answer_next(Some(publishes(&[second_key()])));
        world.pass_millis(500);
        rounds += 1;
        assert!(rounds < 8, "{what}: they fetch and fetch");
    }
    for worker in 0..2 {
        assert_eq!(world.fate_of(worker, &signed_by(second_key())), Fate::Passed, "{what}");
        assert_ne!(world.fate_of(worker, &signed_by(first_key())), Fate::Passed, "{what}");
    }
}

#[test]
fn a_clock_that_is_set_leaves_the_keys_in_use_and_due() {
    let day = 86_400_000;
    let start = START * 1000;
    for (what, to) in [
        ("an hour forward", start + 3_600_000),
        ("a year forward", start + 365 * day),
        ("an hour back", start - 3_600_000),
        ("a year back", start - 365 * day),
        ("to zero", 0),
        ("forty years forward", start + 40 * 365 * day),
    ] {
        let mut world = warm(2, json!({}));
        world.set_clock(UnixTime::from_millis(to));
        world.pass_millis(500);
        if to < start || to <= start + 3_600_000 {
            for worker in 0..2 {
                assert_eq!(world.fate_of(worker, &signed_by(first_key())), Fate::Passed, "{what}");
            }
        }
        assert!(world.sent().len() >= 2, "{what}: they are due");
        assert!(world.sent().len() <= 3, "{what}");
        recovers(&mut world, what);
    }
}

#[test]
fn a_clock_that_is_set_back_ends_no_fetching() {
    for hours in [1, 24, 24 * 365] {
        let back = UnixTime::from_secs(START - hours * 3600);
        // While backing off, without keys.
        let mut world = World::start(&fetched(json!({})), 2);
        world.pass_millis(1);
        world.answer_next(None);
        world.pass_millis(250);
        world.set_clock(back);
        recovers_from_nothing(&mut world);
        // While another worker, which then dies, fetches.
        let mut world = World::start(&fetched(json!({})), 3);
        world.pass_millis(1);
        world.kill(world.sent()[0].worker);
        world.calls.forget();
        world.set_clock(back);
        recovers_from_nothing(&mut world);
        // While a call is under way that is never answered.
        let mut world = World::start(&fetched(json!({})), 1);
        world.pass_millis(1);
        world.calls.forget();
        world.set_clock(back);
        recovers_from_nothing(&mut world);
    }
}

fn recovers_from_nothing(world: &mut World) {
    let mut waited = 0;
    while world.calls.unanswered().is_empty() {
        world.pass_secs(1);
        waited += 1;
        assert!(waited < 20, "no fetch for {waited} s");
    }
    world.answer_next(Some(publishes(&[first_key()])));
    assert_eq!(
        world.fate_of(world.sent().last().unwrap().worker, &signed_by(first_key())),
        Fate::Passed
    );
}

#[test]
fn nobody_waits_for_an_hour_that_the_clock_lost() {
    let mut world = World::start(&fetched(json!({"timeout_ms": 1000})), 1);
    world.has_timeouts = false;
    let asked = world.ask(0, &signed_by(first_key()));
    world.pass_millis(100);
    world.set_clock(UnixTime::from_secs(START - 3600));
    world.pass_secs(2);
    assert_eq!(world.fate(asked), Fate::Refused("keys_unavailable"));
}

#[test]
fn workers_whose_clocks_are_read_a_moment_apart_do_not_fetch_twice() {
    // The one that reads the clock first may be the last to read the store.
    for apart in [1, 20, 200] {
        let mut world = World::start(&fetched(json!({})), 2);
        world.now = UnixTime::from_millis(START * 1000 + apart);
        world.tick(0);
        world.now = UnixTime::from_millis(START * 1000);
        world.tick(1);
        assert_eq!(world.sent().len(), 1, "{apart} ms apart, at the start");
        world.now = UnixTime::from_millis(START * 1000 + 50 + apart);
        world.answer_next(Some(publishes(&[first_key()])));
        world.now = UnixTime::from_millis(START * 1000 + 50);
        world.tick(1);
        world.pass_secs(200);
        assert_eq!(world.sent().len(), 1, "{apart} ms apart");
        assert_eq!(world.fate_of(1, &signed_by(first_key())), Fate::Passed);
    }
}
