//! `user_info`: more claims for access tokens.

use super::*;
use envoy_cognito_jwt::call::{Body, NotSent};
use envoy_cognito_jwt::time::UnixTime;
use std::time::Duration;
use support::tokens::{jwks, second_key};
use support::world::settings::fetched;

fn alice() -> Value {
    json!({"sub": SUB, "email": "alice@example.com", "email_verified": "true", "name": "Alice"})
}

#[test]
fn the_call_carries_the_token_and_its_claims_fill_gaps() {
    let mut config = user_info(json!({"timeout_ms": 700}));
    config["identity"] = json!({"headers": {"x-email": "email", "x-name": "name", "x-groups": "cognito:groups",
        "x-scope": "scope", "x-user": ["nickname", "username"], "x-name-of-user": ["cognito:username", "username"]}});
    let mut world = World::start(&config, 1);
    let ask = access(json!({}));
    let id = world.ask(0, &ask);
    assert_eq!(
        (world.fate(id), world.sent().len()),
        (Fate::Waits, 0),
        "calls are sent from the root context"
    );
    world.pass_millis(1);
    let call = &world.sent()[0].call;
    let target = (
        call.cluster.as_str(),
        call.method,
        call.authority.as_str(),
        call.path.as_str(),
    );
    assert_eq!(target, ("login", "GET", "login.example.com", "/oauth2/userInfo"));
    let token = first_key().sign_claims(&access_claims(START));
    assert!(call.headers.contains(&("authorization", format!("Bearer {token}"))));
    assert_eq!((call.body.len(), call.timeout), (0, Duration::from_millis(700)));
    // What it says of itself fills gaps; what the token says, or only the token may say, stays.
    let claims = json!({"sub": SUB, "email": "alice@example.com", "email_verified": "true", "name": "Alice",
        "username": "mallory", "cognito:groups": ["admins"], "scope": "everything", "nickname": "al",
        "cognito:username": "mallory"});
    world.answer_next(ok(claims));
    assert_eq!(world.fate(id), Fate::Passed);
    for (header, value) in [
        ("x-email", "alice@example.com"),
        ("x-name", "Alice"),
        ("x-groups", "readers,writers"),
        ("x-scope", "openid items/read"),
        ("x-user", "al"),
        ("x-name-of-user", "alice"),
    ] {
        assert_eq!(world.upstream(id, header), [value], "{header}");
    }
    assert_eq!(world.upstream(id, "authorization").len(), 1);
    assert_eq!(
        (world.counter("user_info_success"), world.counter("user_info_cached")),
        (1, 0)
    );
}

#[test]
fn what_only_a_token_may_say_is_never_taken_from_it() {
    let mut config = user_info(json!({}));
    config["identity"] = json!({"headers": {"x-groups": "cognito:groups", "x-scope": "scope", "x-jti": "jti",
        "x-nbf": "nbf", "x-aud": "aud", "x-auth-time": "auth_time", "x-name": "name"}});
    let mut claims = access_claims(START);
    for name in ["cognito:groups", "jti", "auth_time"] {
        claims.as_object_mut().unwrap().remove(name);
    }
    claims["scope"] = json!("openid");
    let mut world = World::start(&config, 1);
    let id = world.ask(0, &Ask::bearer(&first_key().sign_claims(&claims)));
    world.pass_millis(1);
    world.answer_next(ok(
        json!({"sub": SUB, "cognito:groups": ["admins"], "scope": "all", "jti": "j", "nbf": 1,
        "aud": "x", "auth_time": START, "name": "Alice"}),
    ));
    assert_eq!(world.fate(id), Fate::Passed);
    assert_eq!(world.upstream(id, "x-name"), ["Alice"]);
    assert_eq!(world.upstream(id, "x-scope"), ["openid"]);
    for header in ["x-groups", "x-jti", "x-nbf", "x-aud", "x-auth-time"] {
        assert_eq!(world.upstream(id, header), [""; 0], "{header}");
    }
}

#[test]
fn no_requirement_looks_at_it() {
    let config = with(
        user_info(json!({})),
        "rules",
        json!([{"require": {"claims": {"plan": "gold"}}}]),
    );
    let mut world = World::start(&config, 1);
    let id = world.ask(0, &access(json!({})));
    assert_eq!(
        world.fate(id),
        Fate::Refused("not_permitted"),
        "it is refused before any call"
    );
    world.pass_millis(100);
    assert_eq!(world.sent().len(), 0);
}

#[test]
fn id_tokens_cause_no_call() {
    let mut world = World::start(&user_info(json!({})), 1);
    assert_eq!(world.fate_of(0, &id(json!({}))), Fate::Passed);
    world.pass_millis(100);
    assert_eq!(world.sent().len(), 0);
}

#[test]
fn tokens_without_the_scope_openid_cause_no_call_and_pass() {
    // Cognito answers 401 for them, which would be taken for a revocation.
    let mut world = World::start(&user_info(json!({})), 1);
    for scope in [json!("items/read"), json!("aws.cognito.signin.user.admin"), json!("")] {
        let asked = world.ask(0, &access(json!({"scope": scope})));
        assert_eq!(world.fate(asked), Fate::Passed, "{scope}");
        assert_eq!(world.upstream(asked, "x-cognito-sub"), [SUB]);
    }
    let mut claims = access_claims(START);
    claims.as_object_mut().unwrap().remove("scope");
    let asked = Ask::bearer(&first_key().sign_claims(&claims));
    assert_eq!(world.fate_of(0, &asked), Fate::Passed);
    world.pass_millis(100);
    assert_eq!(world.sent().len(), 0);
    assert_eq!(
        world.fate_of(0, &access(json!({"scope": "items/read openid"}))),
        Fate::Waits
    );
}

#[test]
fn each_answer_is_taken_for_what_it_is() {
    let too_long = json!({"sub": SUB, "x": "x".repeat(70_000)}).to_string();
    let rows = [
        ("the user's claims", ok(alice()), "", ""),
        ("revoked", Some(answer(401, "")), "token_revoked", "token_revoked"),
        (
            "revoked, at length",
            Some(HttpAnswer {
                status: 401,
                body: Body::TooLarge,
            }),
            "token_revoked",
            "token_revoked",
        ),
        (
            "another user",
            ok(json!({"sub": "mallory"})),
            "user_info_unavailable",
            "",
        ),
        (
            "no sub",
            ok(json!({"email": "a@example.com"})),
            "user_info_unavailable",
            "",
        ),
        ("a list as sub", ok(json!({"sub": [SUB]})), "user_info_unavailable", ""),
        ("no answer", None, "user_info_unavailable", ""),
        ("400", Some(answer(400, "")), "user_info_unavailable", ""),
        ("403", Some(answer(403, "")), "user_info_unavailable", ""),
        (
            "500",
            Some(answer(500, alice().to_string())),
            "user_info_unavailable",
            "",
        ),
        ("504", Some(answer(504, "")), "user_info_unavailable", ""),
        (
            "201",
            Some(answer(201, alice().to_string())),
            "user_info_unavailable",
            "",
        ),
        ("HTML", Some(answer(200, "<html>")), "user_info_unavailable", ""),
        ("a list", Some(answer(200, "[]")), "user_info_unavailable", ""),
        ("nothing", Some(answer(200, "")), "user_info_unavailable", ""),
        ("too long", Some(answer(200, too_long)), "user_info_unavailable", ""),
        (
            "unread",
            Some(HttpAnswer {
                status: 200,
                body: Body::TooLarge,
            }),
            "user_info_unavailable",
            "",
        ),
    ];
    assert_fates(user_info, &access(json!({})), rows);
}

#[test]
fn failing_calls_are_counted_and_repeated_after_a_second() {
    let mut world = World::start(&user_info(json!({"on_failure": "continue"})), 1);
    for round in 1..4 {
        let id = world.ask(0, &access(json!({})));
        world.pass_millis(30);
        world.answer_next(Some(answer(500, "")));
        assert_eq!((world.fate(id), world.sent().len()), (Fate::Passed, round));
        world.pass_secs(1);
    }
    assert_eq!(world.counter("user_info_failed"), 3);
    let id = world.ask(0, &access(json!({})));
    world.pass_millis(30);
    world.answer_next(ok(alice()));
    assert_eq!(world.fate(id), Fate::Passed);
    assert_eq!(world.upstream(id, "x-cognito-email"), ["alice@example.com"]);
}

#[test]
fn a_failure_is_cached_for_one_second_and_no_longer() {
    for (on_failure, expected) in [
        ("reject", Fate::Refused("user_info_unavailable")),
        ("continue", Fate::Passed),
    ] {
        for given in [Some(answer(500, "")), Some(answer(200, "<html>")), None] {
            let mut world = World::start(&user_info(json!({"on_failure": on_failure})), 2);
            world.pass_millis(300);
            let first = world.ask(0, &access(json!({})));
            world.pass_millis(5);
            world.answer_next(given);
            assert_eq!(world.fate(first), expected);
            for _ in 0..9 {
                world.pass_millis(111);
                assert_eq!(world.fate_of(0, &access(json!({}))), expected, "at once");
            }
            assert_eq!((world.sent().len(), world.counter("user_info_failed")), (1, 1));
            // Another token is another question, and another worker asks for itself.
            assert_eq!(world.fate_of(0, &access(json!({"jti": "another"}))), Fate::Waits);
            assert_eq!(world.fate_of(1, &access(json!({}))), Fate::Waits);
            world.pass_millis(1);
            assert_eq!(world.fate_of(0, &access(json!({}))), Fate::Waits, "a second is over");
        }
    }
}

#[test]
fn a_failed_call_keeps_nobody_waiting_and_nobody_out() {
    // A service that fails slowly: who comes next is answered at once, and who comes a second later asks again.
    let mut world = World::start(&user_info(json!({"timeout_ms": 1000})), 1);
    world.pass_millis(300);
    let waiting = world.ask_many(0, &access(json!({})), 200);
    assert_eq!(world.count_of(&waiting, &Fate::Waits), 100);
    world.pass_millis(1010);
    assert_eq!(world.count_of(&waiting, &Fate::Refused("user_info_unavailable")), 200);
    assert_eq!(
        world.fate_of(0, &access(json!({}))),
        Fate::Refused("user_info_unavailable")
    );
    assert_eq!((world.waiting(0), world.sent().len()), (0, 1));
    world.pass_secs(1);
    let asked = world.ask(0, &access(json!({})));
    world.pass_millis(1);
    world.answer_next(ok(alice()));
    assert_eq!(world.fate(asked), Fate::Passed);
}

#[test]
fn an_unknown_cluster_is_a_failed_call() {
    for (on_failure, expected) in [
        ("reject", Fate::Refused("user_info_unavailable")),
        ("continue", Fate::Passed),
    ] {
        let mut world = World::start(&user_info(json!({"on_failure": on_failure})), 1);
        world.calls.refuse(Some(NotSent::UnknownCluster));
        let id = world.ask(0, &access(json!({})));
        world.pass_millis(1);
        assert_eq!(world.fate(id), expected);
        assert_eq!(world.lines(envoy_cognito_jwt::command::Severity::Warn, "\"login\""), 1);
    }
}

#[test]
fn one_call_a_token_at_a_time_and_one_answer_for_all_workers() {
    let mut world = World::start(&user_info(json!({})), 2);
    let (ask, other) = (access(json!({})), access(json!({"jti": "another"})));
    let first = world.ask_many(0, &ask, 50);
    world.pass_millis(5);
    let more = world.ask_many(0, &ask, 50);
    let of_other = world.ask(0, &other);
    world.pass_millis(300);
    assert_eq!(world.sent().len(), 2, "one a token");
    world.answer_all(&ok(alice()).unwrap());
    world.pass_millis(5);
    assert_eq!(world.count_of(&[first, more].concat(), &Fate::Passed), 100);
    assert_eq!(world.fate(of_other), Fate::Passed);
    // Cached, here and there.
    for worker in [0, 1, 1] {
        let id = world.ask(worker, &ask);
        assert_eq!(world.fate(id), Fate::Passed);
        assert_eq!(world.upstream(id, "x-cognito-email"), ["alice@example.com"]);
    }
    assert_eq!((world.sent().len(), world.counter("user_info_cached")), (2, 3));
    world.pass_secs(299);
    assert_eq!(world.fate_of(1, &ask), Fate::Passed);
    world.pass_secs(2);
    assert_eq!(world.fate_of(1, &ask), Fate::Waits);
    assert_eq!(world.fate_of(0, &ask), Fate::Waits);
}

#[test]
fn a_revoked_token_is_cached_as_such() {
    let mut world = World::start(&user_info(json!({})), 2);
    let id = world.ask(0, &access(json!({})));
    world.pass_millis(1);
    world.answer_next(Some(answer(401, "")));
    assert_eq!(world.fate(id), Fate::Refused("token_revoked"));
    assert_eq!(world.reply(id).code.status(), 401);
    assert_eq!(world.fate_of(1, &access(json!({}))), Fate::Refused("token_revoked"));
    assert_eq!((world.counter("denied.token_revoked"), world.sent().len()), (2, 1));
}

#[test]
fn without_a_ttl_nothing_is_cached() {
    let mut world = World::start(&user_info(json!({"ttl_seconds": 0})), 1);
    for round in 1..4 {
        let id = world.ask(0, &access(json!({})));
        world.pass_millis(30);
        assert_eq!(world.sent().len(), round);
        world.answer_next(ok(alice()));
        assert_eq!(world.fate(id), Fate::Passed);
    }
    assert_eq!(world.store.names().len(), 0);
}

#[test]
fn nothing_is_cached_past_the_end_of_the_token() {
    let mut world = World::start(&user_info(json!({"ttl_seconds": 3600})), 2);
    let ask = access(json!({"exp": START + 30}));
    let id = world.ask(0, &ask);
    world.pass_millis(1);
    world.answer_next(ok(alice()));
    assert_eq!(world.fate(id), Fate::Passed);
    world.pass_secs(29);
    assert_eq!(world.fate_of(1, &ask), Fate::Passed);
    // The skew extends the token, but not its cached response.
    world.pass_secs(2);
    assert_eq!(
        (world.fate_of(0, &ask), world.fate_of(1, &ask)),
        (Fate::Waits, Fate::Waits)
    );
    world.pass_secs(60);
    assert_eq!(world.fate_of(0, &ask), Fate::Refused("token_expired"));
}

#[test]
fn a_store_that_lies_gives_nobody_the_claims_of_another() {
    let mut world = World::start(&user_info(json!({})), 2);
    world.ask(0, &access(json!({})));
    world.pass_millis(1);
    world.answer_next(ok(alice()));
    let entry = world.store.names().first().unwrap().clone();
    let good = world.store.bytes(&entry);
    for bytes in [
        Vec::new(),
        vec![0; 43],
        vec![0xff; 1_000_000],
        b"<html>".to_vec(),
        good[..good.len() - 1].to_vec(),
    ] {
        let shown = format!("{} bytes", bytes.len());
        world.store.poison(&entry, bytes);
        assert_eq!(world.fate_of(1, &access(json!({}))), Fate::Waits, "{shown}");
    }
    world.store.poison(&entry, good);
    assert_eq!(world.fate_of(1, &access(json!({}))), Fate::Passed);
}

#[test]
fn a_clock_that_is_set_back_keeps_no_lost_call_alive() {
    let mut world = World::start(&user_info(json!({})), 1);
    world.has_timeouts = false;
    let first = world.ask(0, &access(json!({})));
    world.pass_millis(100);
    world.set_clock(UnixTime::from_secs(START - 30));
    world.pass_secs(3);
    assert_eq!(world.fate(first), Fate::Refused("user_info_unavailable"));
    assert!(world.waiting(0) == 0 && world.counter("user_info_failed") == 1);
    world.pass_secs(1);
    world.ask(0, &access(json!({})));
    world.pass_millis(5);
    assert_eq!(world.sent().len(), 2, "the next request calls anew");
}

#[test]
fn a_call_that_is_never_answered_ends_with_its_limit() {
    for (on_failure, expected) in [
        ("reject", Fate::Refused("user_info_unavailable")),
        ("continue", Fate::Passed),
    ] {
        let mut world = World::start(&user_info(json!({"on_failure": on_failure})), 1);
        world.has_timeouts = false;
        let id = world.ask(0, &access(json!({})));
        world.pass_secs(3);
        assert_eq!(world.fate(id), expected);
        assert!(world.took(id) <= Duration::from_millis(1025), "{:?}", world.took(id));
        // It is given up, and a second later the next request calls again.
        world.pass_secs(1);
        world.ask(0, &access(json!({})));
        world.pass_millis(5);
        assert_eq!(world.sent().len(), 2);
        assert_eq!(world.counter("user_info_failed"), 1);
        // The old answer comes after all, and is nobody's.
        world.answer_next(ok(alice()));
        assert_eq!(world.waiting(0), 1);
    }
}

#[test]
fn a_token_that_expires_while_it_waits_is_refused() {
    for mode in ["enforce", "shadow"] {
        let mut config = user_info(json!({"timeout_ms": 60_000}));
        config["clock_skew_seconds"] = json!(0);
        config["mode"] = json!(mode);
        let mut world = World::start(&config, 1);
        let [early, late] = [2, 9].map(|lifetime| world.ask(0, &access(json!({"exp": START + lifetime}))));
        world.pass_secs(5);
        for _ in [early, late] {
            world.answer_next(ok(alice()));
        }
        world.pass_millis(250);
        let refused = Fate::Refused("token_expired");
        if mode == "enforce" {
            assert_eq!(world.fate(early), refused);
        } else {
            assert_eq!(
                world.upstream(early, "x-cognito-sub"),
                [""; 0],
                "as if it had come late"
            );
            assert_eq!(world.counter("would_deny.token_expired"), 1);
        }
        assert_eq!(world.fate(late), Fate::Passed);
        assert_eq!(world.upstream(late, "x-cognito-sub"), [SUB]);
    }
}

#[test]
fn a_token_whose_key_is_withdrawn_while_it_waits_is_refused() {
    let mut config = fetched(json!({"ttl_seconds": 10}));
    config["pools"][0]["token_use"] = json!("access");
    config["pools"][0]["user_info"] = user_info(json!({"timeout_ms": 60_000}))["pools"][0]["user_info"].clone();
    for (left, fate) in [
        (second_key(), Fate::Refused("key_unknown")),
        (first_key(), Fate::Passed),
    ] {
        let mut world = World::start(&config, 1);
        world.pass_millis(1);
        world.answer_next(Some(answer(200, jwks(&[first_key()]))));
        let asked = world.ask(0, &access(json!({})));
        world.pass_secs(11);
        let calls = world.sent();
        let targets: Vec<&str> = calls.iter().map(|sent| sent.call.cluster.as_str()).collect();
        assert_eq!(targets, ["cognito", "login", "cognito"]);
        world.answer(calls[2].id, Some(answer(200, jwks(&[left]))));
        world.answer(calls[1].id, ok(alice()));
        world.pass_millis(250);
        assert_eq!(world.fate(asked), fate);
    }
}
