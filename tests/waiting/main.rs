//! Requests that wait: how many, how long, and who wakes them.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

use envoy_cognito_jwt::enrich::in_flight::MAX_IN_FLIGHT;
use envoy_cognito_jwt::filter::{
    MAX_SENT_AT_ONCE, MAX_WAITING, MAX_WAITING_FOR_ONE_CALL, MAX_WAITING_FOR_UNKNOWN_KIDS,
};
use envoy_cognito_jwt::request::RequestId;
use serde_json::{Value, json};
use std::sync::OnceLock;
use std::time::Duration;
use support::tokens::{access_claims, first_key, id_claims, jwks, made_up};
use support::world::ask::Ask;
use support::world::settings::{fetched, inline, pool, with};
use support::world::{Fate, START, World, answer};

fn id_token() -> Ask {
    static TOKEN: OnceLock<String> = OnceLock::new();
    Ask::bearer(TOKEN.get_or_init(|| first_key().sign_claims(&id_claims(START))))
}

fn access_token() -> Ask {
    static TOKEN: OnceLock<String> = OnceLock::new();
    Ask::bearer(TOKEN.get_or_init(|| first_key().sign_claims(&access_claims(START))))
}

/// Inline keys, and a call for each access token.
fn with_user_info(on_failure: &str) -> Value {
    let mut config = inline(&[first_key()]);
    config["pools"][0]["user_info"] =
        json!({"cluster": "login", "domain": "login.example.com", "timeout_ms": 2000, "on_failure": on_failure});
    config
}

/// Inline keys, and a call for each user.
fn with_lookup(on_failure: &str) -> Value {
    let lookup = json!({"cluster": "users", "uri": "http://users.internal/cognito/users", "timeout_ms": 2000,
        "headers": {"x-user-id": "id"}, "on_failure": on_failure});
    with(inline(&[first_key()]), "user_lookup", lookup)
}

/// Access tokens of so many users, each of which causes a call of its own.
fn users(count: usize) -> Vec<Ask> {
    static USERS: OnceLock<Vec<Ask>> = OnceLock::new();
    let users = USERS.get_or_init(|| {
        let token = |number: usize| {
            let mut claims = access_claims(START);
            claims["sub"] = json!(format!("user-{number}"));
            Ask::bearer(&first_key().sign_claims(&claims))
        };
        (0..12).map(token).collect()
    });
    users[..count].to_vec()
}

/// The two kinds of calls, with each of which it may end.
fn calls() -> [(Value, &'static str); 4] {
    [
        (with_user_info("reject"), "user_info_unavailable"),
        (with_user_info("continue"), "user_info_unavailable"),
        (with_lookup("reject"), "user_lookup_unavailable"),
        (with_lookup("continue"), "user_lookup_unavailable"),
    ]
}

#[test]
fn a_thousand_may_wait_and_the_next_is_answered_at_once() {
    let mut world = World::start(&fetched(json!({})), 2);
    let waiting = world.ask_many(0, &id_token(), MAX_WAITING);
    assert_eq!(world.count_of(&waiting, &Fate::Waits), 1000);
    let over = world.ask(0, &id_token());
    assert_eq!(world.fate(over), Fate::Refused("keys_unavailable"));
    assert_eq!(world.reply(over).code.status(), 503);
    // The bound is a worker's own.
    assert_eq!(world.fate_of(1, &id_token()), Fate::Waits);
    // One leaves, one may come.
    world.hang_up(waiting[500]);
    assert_eq!(world.fate_of(0, &id_token()), Fate::Waits);
    assert_eq!(world.fate_of(0, &id_token()), Fate::Refused("keys_unavailable"));

    for (config, code) in calls() {
        let mut world = World::start(&config, 1);
        for user in users(10) {
            world.ask_many(0, &user, 100);
        }
        assert_eq!(world.waiting(0), MAX_WAITING);
        let over = users(11).pop().unwrap();
        assert_eq!(world.fate_of(0, &over), Fate::Refused(code), "whatever on_failure says");
        world.pass_millis(5);
        assert_eq!(world.sent().len(), 10, "nobody asks for whom there is no room");
    }
}

#[test]
fn a_hundred_may_wait_for_one_call_and_others_find_room() {
    for (config, code) in calls() {
        let mut world = World::start(&config, 1);
        let [slow, other] = &users(2)[..] else { panic!() };
        let waiting = world.ask_many(0, slow, MAX_WAITING_FOR_ONE_CALL);
        assert_eq!(world.count_of(&waiting, &Fate::Waits), 100);
        let over = world.ask(0, slow);
        assert_eq!(world.fate(over), Fate::Refused(code), "whatever on_failure says");
        assert_eq!(world.reply(over).code.status(), 503);
        let waits = world.ask(0, other);
        assert_eq!(world.fate(waits), Fate::Waits);
        // One leaves, one may come.
        world.hang_up(waiting[50]);
        assert_eq!(world.fate_of(0, slow), Fate::Waits);
        assert_eq!(world.fate_of(0, slow), Fate::Refused(code));
    }
}

#[test]
fn who_waited_for_keys_finds_the_share_of_its_call_taken() {
    let mut config = fetched(json!({}));
    config["user_lookup"] = with_lookup("continue")["user_lookup"].clone();
    let mut world = World::start(&config, 1);
    let waiting = world.ask_many(0, &id_token(), 150);
    world.pass_millis(1);
    world.answer_next(Some(answer(200, jwks(&[first_key()]))));
    world.pass_millis(1);
    assert_eq!(world.count_of(&waiting, &Fate::Waits), 100);
    assert_eq!(world.count_of(&waiting, &Fate::Refused("user_lookup_unavailable")), 50);
    world.answer_next(Some(answer(200, r#"{"id": 7}"#)));
    assert_eq!(world.count_of(&waiting, &Fate::Passed), 100);
}

#[test]
fn three_hundred_may_wait_for_unknown_keys() {
    let mut world = World::start(&fetched(json!({})), 1);
    world.pass_millis(1);
    world.answer_next(Some(answer(200, jwks(&[first_key()]))));
    world.pass_secs(60);
    let header = json!({"kid": "unknown", "alg": "RS256"}).to_string();
    let unknown = Ask::bearer(&first_key().token(&header, &id_claims(START).to_string()));
    let waiting = world.ask_many(0, &unknown, MAX_WAITING_FOR_UNKNOWN_KIDS);
    assert_eq!(world.count_of(&waiting, &Fate::Waits), 300);
    let over = world.ask(0, &unknown);
    assert_eq!(world.fate(over), Fate::Refused("keys_unavailable"));
    // Who need not wait passes, however many wait.
    assert_eq!(world.fate_of(0, &id_token()), Fate::Passed);
    world.hang_up(waiting[0]);
    assert_eq!(world.fate_of(0, &unknown), Fate::Waits);
    world.pass_millis(5);
    world.answer_next(Some(answer(200, jwks(&[first_key()]))));
    world.pass_millis(30);
    assert_eq!(world.count_of(&waiting[1..], &Fate::Refused("key_unknown")), 299);
    assert_eq!(world.waiting(0), 0);
}

#[test]
fn unknown_keys_take_no_room_from_calls() {
    // A fetch that stalls, while forged tokens with an unknown key come, is no trouble to those who wait for their user.
    let mut config = fetched(json!({}));
    config["user_lookup"] = with_lookup("reject")["user_lookup"].clone();
    let mut world = World::start(&config, 1);
    world.pass_millis(1);
    world.answer_next(Some(answer(200, jwks(&[first_key()]))));
    world.pass_secs(60);
    let header = json!({"kid": "unknown", "alg": "RS256"}).to_string();
    let forged = Ask::bearer(&first_key().token(&header, &id_claims(START).to_string()));
    world.ask_many(0, &forged, 5000);
    assert_eq!(world.waiting(0), 300);
    for user in users(7) {
        let waiting = world.ask_many(0, &user, 100);
        assert_eq!(world.count_of(&waiting, &Fate::Waits), 100);
    }
}

#[test]
fn five_hundred_calls_may_be_under_way() {
    for (on_failure, has_timeouts) in [("reject", true), ("continue", false)] {
        let mut world = World::start(&with_lookup(on_failure), 1);
        world.has_timeouts = has_timeouts;
        world.believes_all = true;
        let user = |number: usize| {
            let mut claims = id_claims(START);
            claims["sub"] = json!(number.to_string());
            Ask::bearer(&made_up(&claims, number))
        };
        let asked: Vec<RequestId> = (0..MAX_IN_FLIGHT).map(|number| world.ask(0, &user(number))).collect();
        assert_eq!(world.count_of(&asked, &Fate::Waits), 500);
        assert_eq!(world.fate_of(0, &user(500)), Fate::Refused("user_lookup_unavailable"));
        // For a call that is under way there is room.
        assert_eq!(world.fate_of(0, &user(0)), Fate::Waits);
        world.pass_millis(30);
        assert_eq!(world.sent().len(), 500);
        // Their clients hang up: the calls go on, so there is no room for others.
        for id in asked {
            world.hang_up(id);
        }
        assert_eq!(world.fate_of(0, &user(500)), Fate::Refused("user_lookup_unavailable"));
        world.answer_next(Some(answer(200, r#"{"id": 7}"#)));
        assert_eq!(world.fate_of(0, &user(500)), Fate::Waits);
        assert_eq!(world.fate_of(0, &user(501)), Fate::Refused("user_lookup_unavailable"));
        // Calls end by themselves, be it that the host lost them.
        world.pass_secs(4);
        assert_eq!(world.fate_of(0, &user(502)), Fate::Waits);
    }
}

#[test]
fn a_call_that_nobody_waits_for_is_not_sent() {
    for (config, _) in calls() {
        let mut world = World::start(&config, 1);
        world.pass_millis(300);
        let [first, second] = &users(2)[..] else { panic!() };
        let gone = world.ask_many(0, first, 2);
        let stays = world.ask(0, second);
        for id in gone {
            world.hang_up(id);
        }
        world.pass_millis(20);
        assert_eq!(world.sent().len(), 1);
        world.hang_up(stays);
        // Who comes again is asked about.
        assert_eq!(world.fate_of(0, first), Fate::Waits);
        world.pass_millis(20);
        assert_eq!(world.sent().len(), 2);
    }
}

#[test]
fn in_shadow_mode_who_is_over_the_bound_passes() {
    let mut world = World::start(&with(fetched(json!({})), "mode", json!("shadow")), 1);
    world.ask_many(0, &id_token(), MAX_WAITING);
    assert_eq!(world.fate_of(0, &id_token()), Fate::Passed);
    assert_eq!(world.counter("would_deny.keys_unavailable"), 1);
}

#[test]
fn a_thousand_are_settled_in_ten_callbacks() {
    let mut world = World::start(&fetched(json!({})), 1);
    let waiting = world.ask_many(0, &id_token(), MAX_WAITING);
    world.pass_millis(1);
    world.answer_next(Some(answer(200, jwks(&[first_key()]))));
    assert_eq!(world.count_of(&waiting, &Fate::Passed), 100);
    world.pass_millis(9);
    assert_eq!(world.count_of(&waiting, &Fate::Passed), 1000);
    assert_eq!((world.most_resolved_at_once(), world.sent().len()), (100, 1));
}

#[test]
fn who_hangs_up_is_forgotten() {
    let mut world = World::start(&fetched(json!({})), 1);
    let asked = world.ask_many(0, &id_token(), 3);
    world.hang_up(asked[1]);
    assert_eq!(world.waiting(0), 2);
    world.pass_millis(1);
    world.answer_next(Some(answer(200, jwks(&[first_key()]))));
    assert_eq!(
        (world.fate(asked[0]), world.fate(asked[2])),
        (Fate::Passed, Fate::Passed)
    );
    assert_eq!(world.counter("allowed"), 2);
    // Gone after it was answered: nothing is left of it.
    world.hang_up(asked[0]);
    world.pass_millis(100);
    assert_eq!(world.waiting(0), 0);
}

#[test]
fn all_may_hang_up_while_a_call_is_under_way() {
    let mut world = World::start(&with_user_info("reject"), 1);
    let asked = world.ask(0, &access_token());
    world.pass_millis(1);
    world.hang_up(asked);
    let late = world.ask(0, &access_token());
    world.hang_up(late);
    world.answer_next(Some(answer(200, json!({"sub": support::tokens::SUB}).to_string())));
    assert_eq!(world.fate_of(0, &access_token()), Fate::Passed);
    assert_eq!(world.sent().len(), 1);
}

/// The tick periods that the first worker has commanded, in milliseconds.
fn millis(world: &World) -> Vec<u128> {
    world.periods(0).iter().map(Duration::as_millis).collect()
}

#[test]
fn a_tick_period_is_commanded_only_when_it_changes() {
    // The world itself fails on a period that is set twice; here it is what is set, and how often.
    let mut world = World::start(&fetched(json!({})), 1);
    world.ask_many(0, &id_token(), 150);
    assert_eq!(millis(&world), [0_u128; 0]);
    world.pass_millis(1);
    assert_eq!(millis(&world), [20]);
    world.pass_secs(1);
    assert_eq!(millis(&world), [20]);
    world.answer_next(Some(answer(200, jwks(&[first_key()]))));
    assert_eq!(millis(&world), [20, 1]);
    world.pass_secs(1);
    assert_eq!(millis(&world), [20, 1, 250]);
    for _ in 0..100 {
        world.ask(0, &id_token());
        world.pass_millis(7);
    }
    world.pass_secs(100);
    assert_eq!(millis(&world), [20, 1, 250]);

    let mut world = World::start(&with_lookup("reject"), 1);
    world.pass_millis(1);
    world.ask(0, &id_token());
    world.pass_secs(5);
    assert_eq!(millis(&world), [250, 1, 20, 250]);
}

#[test]
fn in_a_rush_ticks_come_quickly() {
    let mut world = World::start(&inline(&[first_key()]), 1);
    world.pass_millis(1);
    assert_eq!(millis(&world), [250]);
    world.ask_many(0, &id_token(), 999);
    world.pass_millis(250);
    assert_eq!(millis(&world), [250], "not so fast that it matters");
    world.ask_many(0, &id_token(), 2000);
    assert_eq!(millis(&world), [250, 10]);
    world.pass_millis(10);
    for _ in 0..10 {
        world.ask_many(0, &id_token(), 40);
        world.pass_millis(10);
    }
    assert_eq!(millis(&world), [250, 10], "it lasts");
    world.ask_many(0, &id_token(), 39);
    world.pass_millis(10);
    assert_eq!(millis(&world), [250, 10, 250], "it is over");
}

#[test]
fn a_rush_holds_up_nobody_who_waits() {
    let mut world = World::start(&with_lookup("reject"), 1);
    world.pass_millis(1);
    let refused = Ask::bearer("no token");
    world.ask_many(0, &refused, 1000);
    let waits = world.ask(0, &id_token());
    assert_eq!(millis(&world), [250, 10, 1], "a call is to be sent");
    for _ in 0..250 {
        world.ask_many(0, &refused, 40);
        world.pass_millis(10);
    }
    assert_eq!(millis(&world), [250, 10, 1, 10]);
    assert_eq!(
        world.fate(waits),
        Fate::Refused("user_lookup_unavailable"),
        "its two seconds are over"
    );
}

#[test]
fn in_a_rush_keys_are_looked_at_as_often_as_at_rest() {
    let mut world = World::start(&fetched(json!({})), 2);
    world.pass_millis(1);
    world.answer_next(Some(answer(200, jwks(&[first_key()]))));
    world.pass_millis(300);
    let loads = world.store.loads();
    for _ in 0..100 {
        world.ask_many(0, &id_token(), 100);
        world.pass_millis(10);
    }
    let looks = world.store.loads() - loads;
    assert!((4..=12).contains(&looks), "{looks} in a second, by two workers");
}

#[test]
fn each_wait_has_its_own_limit() {
    let limit = |config: &Value, ask: &Ask| {
        let mut world = World::start(config, 1);
        world.has_timeouts = false;
        world.pass_millis(100);
        let id = world.ask(0, ask);
        world.pass_secs(70);
        world.took(id)
    };
    for (config, ask, expected) in [
        (fetched(json!({"timeout_ms": 1})), id_token(), 1),
        (fetched(json!({"timeout_ms": 1500})), id_token(), 1500),
        (with_user_info("reject"), access_token(), 2000),
        (with_user_info("continue"), access_token(), 2000),
        (with_lookup("reject"), id_token(), 2000),
    ] {
        let took = limit(&config, &ask);
        let expected = Duration::from_millis(expected);
        assert!(
            took >= expected && took <= expected + Duration::from_millis(25),
            "{took:?}, not {expected:?}"
        );
    }
}

#[test]
fn one_may_wait_for_keys_then_for_claims_then_for_its_user() {
    let mut config = with(
        fetched(json!({})),
        "user_lookup",
        with_lookup("reject")["user_lookup"].clone(),
    );
    config["pools"][0]["user_info"] = with_user_info("reject")["pools"][0]["user_info"].clone();
    let mut world = World::start(&config, 1);
    let id = world.ask(0, &access_token());
    world.pass_millis(5);
    world.answer_next(Some(answer(200, jwks(&[first_key()]))));
    assert_eq!(world.fate(id), Fate::Waits);
    world.pass_millis(5);
    world.answer_next(Some(answer(200, json!({"sub": support::tokens::SUB}).to_string())));
    assert_eq!(world.fate(id), Fate::Waits);
    world.pass_millis(5);
    world.answer_next(Some(answer(201, r#"{"id": 7}"#)));
    assert_eq!(world.fate(id), Fate::Passed);
    assert_eq!(world.upstream(id, "x-user-id"), ["7"]);
    let clusters: Vec<String> = world.sent().into_iter().map(|sent| sent.call.cluster).collect();
    assert_eq!(clusters, ["cognito", "login", "users"]);
    assert_eq!(world.counter("jwt_cache_miss"), 1);
}

#[test]
fn one_pool_that_waits_keeps_no_other_waiting() {
    let mut world = World::start(
        &json!({"pools": [pool("us-east-1_Example01", json!({})), pool("us-east-1_Example02", json!({}))]}),
        1,
    );
    let first = world.ask(0, &id_token());
    let mut claims = id_claims(START);
    claims["iss"] = json!("https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Example02");
    let second = world.ask(0, &Ask::bearer(&first_key().sign_claims(&claims)));
    world.pass_millis(1);
    let of_second = world
        .sent()
        .into_iter()
        .find(|sent| sent.call.path.contains("Example02"))
        .unwrap();
    world.answer(of_second.id, Some(answer(200, jwks(&[first_key()]))));
    assert_eq!((world.fate(first), world.fate(second)), (Fate::Waits, Fate::Passed));
}

#[test]
fn many_calls_are_sent_in_several_callbacks() {
    // A host answers a call that leads nowhere inside the callback that sends it, and nests those answers.
    let mut world = World::start(&with_user_info("reject"), 1);
    world.pass_millis(300);
    let count = 2 * MAX_SENT_AT_ONCE + 1;
    for number in 0..count {
        let mut claims = access_claims(START);
        claims["jti"] = json!(number.to_string());
        world.ask(0, &Ask::bearer(&first_key().sign_claims(&claims)));
    }
    for sent in [MAX_SENT_AT_ONCE, 2 * MAX_SENT_AT_ONCE, count, count] {
        world.pass_millis(1);
        assert_eq!(world.sent().len(), sent);
    }
}
