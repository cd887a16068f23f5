//! `user_lookup`: the application's own user.

use super::*;
use envoy_cognito_jwt::call::Body;
use envoy_cognito_jwt::command::Severity;
use std::time::Duration;

#[test]
fn the_call_carries_the_claims_and_its_answer_becomes_headers() {
    let mut world = World::start(&user_lookup(json!({"timeout_ms": 300})), 1);
    let asked = world.ask(0, &id(json!({})).header("x-user-id", "1").header("x_plan", "gold"));
    world.pass_millis(1);
    let call = &world.sent()[0].call;
    let target = (
        call.cluster.as_str(),
        call.method,
        call.authority.as_str(),
        call.path.as_str(),
    );
    assert_eq!(
        target,
        ("users", "POST", "users.internal:8080", "/cognito/users?by=sub")
    );
    assert!(call.headers.contains(&("content-type", "application/json".to_owned())));
    assert_eq!(call.timeout, Duration::from_millis(300));
    let body: Value = serde_json::from_slice(&call.body).unwrap();
    assert_eq!(body, id_claims(START));
    world.answer_next(Some(answer(201, r#"{"id": 42, "name": "Alice, é", "more": {}}"#)));
    assert_eq!(world.fate(asked), Fate::Passed);
    assert_eq!(world.upstream(asked, "x-user-id"), ["42"]);
    assert_eq!(
        world.upstream(asked, "x-plan"),
        [""; 0],
        "an absent member is no header, and the client's is gone"
    );
    assert_eq!(world.upstream(asked, "x_plan"), [""; 0], "however it is spelled");
    assert_eq!(world.upstream(asked, "x-cognito-sub"), [SUB]);
    assert_eq!(world.counter("user_lookup_success"), 1);
}

#[test]
fn values_are_encoded_as_claims_are() {
    for (value, header) in [
        (json!("a b"), vec!["a b"]),
        (json!(" é%\r\n"), vec!["%20%C3%A9%25%0D%0A"]),
        (json!(["a", "b,c"]), vec!["a,b%2Cc"]),
        (json!(true), vec!["true"]),
        (json!(1.5), vec!["1.5"]),
        (json!({"a": 1}), vec!["{\"a\":1}"]),
        (json!(null), vec![]),
        (json!(""), vec![]),
        (json!([]), vec![]),
    ] {
        let mut world = World::start(&user_lookup(json!({})), 2);
        let asked = world.ask(0, &id(json!({})));
        world.pass_millis(1);
        world.answer_next(ok(json!({"id": value})));
        assert_eq!(world.fate(asked), Fate::Passed, "{value}");
        assert_eq!(world.upstream(asked, "x-user-id"), header, "{value}");
        // The other worker reads the same from the store.
        let there = world.ask(1, &id(json!({})));
        assert_eq!(world.upstream(there, "x-user-id"), header, "{value}");
    }
}

#[test]
fn each_answer_is_taken_for_what_it_is() {
    let unread = |status| {
        let body = Body::TooLarge;
        Some(HttpAnswer { status, body })
    };
    let rows = [
        ("a user", ok(json!({"id": 1})), "", ""),
        ("a new user", Some(answer(201, "{}")), "", ""),
        ("forbidden", Some(answer(403, "")), "user_rejected", "user_rejected"),
        (
            "not found",
            Some(answer(404, "<html>")),
            "user_rejected",
            "user_rejected",
        ),
        ("forbidden, at length", unread(403), "user_rejected", "user_rejected"),
        ("not found, at length", unread(404), "user_rejected", "user_rejected"),
        ("a user, at length", unread(200), "user_lookup_unavailable", ""),
        ("no answer", None, "user_lookup_unavailable", ""),
        ("401", Some(answer(401, "")), "user_lookup_unavailable", ""),
        ("204", Some(answer(204, "")), "user_lookup_unavailable", ""),
        ("302", Some(answer(302, "")), "user_lookup_unavailable", ""),
        ("500", Some(answer(500, "{}")), "user_lookup_unavailable", ""),
        ("504", Some(answer(504, "")), "user_lookup_unavailable", ""),
        ("HTML", Some(answer(200, "<html>")), "user_lookup_unavailable", ""),
        ("a list", Some(answer(200, "[]")), "user_lookup_unavailable", ""),
        (
            "a member twice",
            Some(answer(200, r#"{"id": 1, "id": 2}"#)),
            "user_lookup_unavailable",
            "",
        ),
    ];
    assert_fates(user_lookup, &id(json!({})), rows);
}

#[test]
fn a_value_that_is_too_long_is_left_out_with_a_warning() {
    for on_failure in ["reject", "continue"] {
        let mut world = World::start(&user_lookup(json!({"on_failure": on_failure})), 2);
        let asked = world.ask(0, &id(json!({})));
        world.pass_millis(1);
        world.answer_next(ok(json!({"id": "x".repeat(4097), "plan": "gold"})));
        // Another request, then another worker: the same answer.
        let asked = [asked, world.ask(0, &id(json!({}))), world.ask(1, &id(json!({})))];
        for asked in asked {
            assert_eq!(world.fate(asked), Fate::Passed);
            assert_eq!(world.upstream(asked, "x-user-id"), [""; 0]);
            assert_eq!(world.upstream(asked, "x-plan"), ["gold"]);
        }
        assert_eq!(
            world.lines(
                Severity::Warn,
                "x-user-id is left out: its value has 4097 bytes, and limits.header_value_bytes is 4096"
            ),
            2,
            "once in each worker that reads the answer"
        );
    }
}

#[test]
fn the_longest_value_is_a_setting() {
    let config = with(user_lookup(json!({})), "limits", json!({"header_value_bytes": 8192}));
    let mut world = World::start(&config, 1);
    let asked = world.ask(0, &id(json!({})));
    world.pass_millis(1);
    world.answer_next(ok(json!({"id": "x".repeat(8192), "plan": "y".repeat(8193)})));
    assert_eq!(world.upstream(asked, "x-user-id"), ["x".repeat(8192)]);
    assert_eq!(world.upstream(asked, "x-plan"), [""; 0]);
}

#[test]
fn an_answer_serves_all_workers_and_tokens_with_the_same_claims() {
    let mut world = World::start(&user_lookup(json!({})), 2);
    let asked = world.ask(0, &id(json!({})));
    world.pass_millis(1);
    world.answer_next(ok(json!({"id": 1})));
    assert_eq!(world.fate(asked), Fate::Passed);
    let refreshed = json!({"exp": START + 7200, "iat": START, "nbf": START, "auth_time": START, "jti": "x",
        "origin_jti": "y", "event_id": "z", "at_hash": "h", "nonce": "n"});
    for (worker, ask) in [(0, id(json!({}))), (1, id(json!({}))), (1, id(refreshed))] {
        let asked = world.ask(worker, &ask);
        assert_eq!(world.fate(asked), Fate::Passed);
        assert_eq!(world.upstream(asked, "x-user-id"), ["1"]);
    }
    assert_eq!((world.sent().len(), world.counter("user_lookup_cached")), (1, 3));
    world.pass_secs(301);
    assert_eq!(world.fate_of(1, &id(json!({}))), Fate::Waits);
}

#[test]
fn an_answer_that_is_handed_over_late_is_cached_from_its_arrival() {
    let mut world = World::start(&user_lookup(json!({})), 2);
    let asked = world.ask(0, &id(json!({})));
    world.pass_millis(1);
    world.answer_next_since(Duration::from_secs(299), ok(json!({"id": 1})));
    assert_eq!(world.fate(asked), Fate::Passed);
    assert_eq!(world.fate_of(1, &id(json!({}))), Fate::Passed);
    world.pass_secs(2);
    assert_eq!(world.fate_of(1, &id(json!({}))), Fate::Waits);
}

#[test]
fn an_answer_that_the_host_had_no_room_for_is_as_if_there_had_been_no_call() {
    let mut world = World::start(&user_lookup(json!({})), 1);
    let asked = world.ask(0, &id(json!({})));
    world.pass_millis(1);
    world.hang_up(asked);
    world.drop_next_answer();
    assert_eq!(world.counter("user_lookup_failed"), 0);
    let next = world.ask(0, &id(json!({})));
    world.pass_millis(1);
    assert_eq!((world.fate(next), world.sent().len()), (Fate::Waits, 2));
    world.drop_next_answer();
    assert_eq!(world.fate(next), Fate::Refused("user_lookup_unavailable"));
}

#[test]
fn an_answer_serves_no_token_with_other_claims() {
    let mut config = user_lookup(json!({}));
    config["pools"][0]["client_ids"] = json!("any");
    let mut world = World::start(&config, 1);
    world.ask(0, &id(json!({})));
    world.pass_millis(1);
    world.answer_next(ok(json!({"id": 1})));
    let other_form = ISSUER.replace("//cognito-idp", "//issuer-cognito-idp");
    for (what, ask) in [
        ("another user", id(json!({"sub": "bob"}))),
        ("another issuer", id(json!({"iss": other_form}))),
        ("another app", id(json!({"aud": "another"}))),
        ("another group", id(json!({"cognito:groups": ["admins"]}))),
        ("one claim more", id(json!({"custom:tenant": "acme"}))),
        ("the user's access token", access(json!({}))),
        ("one scope less", access(json!({"scope": "openid"}))),
    ] {
        assert_eq!(world.fate_of(0, &ask), Fate::Waits, "{what}");
    }
    world.pass_millis(1);
    assert_eq!(world.sent().len(), 8, "each is asked about");
}

#[test]
fn an_answer_serves_no_other_configuration() {
    let other = |members: Value| user_lookup(members);
    for (what, config) in [
        ("another cluster", other(json!({"cluster": "other"}))),
        (
            "another address",
            other(json!({"uri": "http://users.internal:8080/other"})),
        ),
        (
            "another host",
            other(json!({"uri": "http://other:8080/cognito/users?by=sub"})),
        ),
        (
            "another header",
            other(json!({"headers": {"x-id": "id", "x-plan": "plan"}})),
        ),
        (
            "another member",
            other(json!({"headers": {"x-user-id": "uid", "x-plan": "plan"}})),
        ),
        ("a header less", other(json!({"headers": {"x-user-id": "id"}}))),
    ] {
        let mut world = World::start(&user_lookup(json!({})), 1);
        world.ask(0, &id(json!({})));
        world.pass_millis(1);
        world.answer_next(ok(json!({"id": 1})));
        let there = world.start_worker_with(&config);
        assert_eq!(world.fate_of(there, &id(json!({}))), Fate::Waits, "{what}");
        let same = world.start_worker();
        assert_eq!(world.fate_of(same, &id(json!({}))), Fate::Passed);
    }
}

#[test]
fn what_user_info_adds_is_part_of_what_the_answer_is_for() {
    let mut config = user_lookup(json!({}));
    config["pools"][0]["user_info"] = json!({"cluster": "login", "domain": "login.example.com", "ttl_seconds": 0});
    let mut world = World::start(&config, 1);
    for (email, calls) in [("a@example.com", 2), ("a@example.com", 3), ("b@example.com", 5)] {
        let asked = world.ask(0, &access(json!({})));
        world.pass_millis(1);
        world.answer_next(ok(json!({"sub": SUB, "email": email})));
        world.pass_millis(1);
        if world.fate(asked) == Fate::Waits {
            world.answer_next(ok(json!({"id": email})));
        }
        assert_eq!(world.upstream(asked, "x-user-id"), [email]);
        assert_eq!(world.sent().len(), calls);
        world.pass_secs(1);
    }
}

#[test]
fn a_failure_is_cached_for_one_second_and_no_longer() {
    for (on_failure, expected) in [
        ("reject", Fate::Refused("user_lookup_unavailable")),
        ("continue", Fate::Passed),
    ] {
        let mut world = World::start(&user_lookup(json!({"on_failure": on_failure})), 1);
        world.pass_millis(300);
        let first = world.ask(0, &id(json!({})));
        world.pass_millis(5);
        world.answer_next(Some(answer(503, "")));
        assert_eq!(world.fate(first), expected);
        world.pass_millis(999);
        assert_eq!(world.fate_of(0, &id(json!({}))), expected);
        assert_eq!(world.sent().len(), 1);
        world.pass_millis(1);
        let again = world.ask(0, &id(json!({})));
        world.pass_millis(5);
        world.answer_next(ok(json!({"id": 1})));
        assert_eq!(world.upstream(again, "x-user-id"), ["1"]);
    }
}

#[test]
fn it_is_cached_beyond_the_token_that_caused_it() {
    let mut world = World::start(&user_lookup(json!({"ttl_seconds": 600})), 1);
    let asked = world.ask(0, &id(json!({"exp": START + 30})));
    world.pass_millis(1);
    world.answer_next(ok(json!({"id": 1})));
    assert_eq!(world.fate(asked), Fate::Passed);
    world.pass_secs(500);
    assert_eq!(world.fate_of(0, &id(json!({}))), Fate::Passed);
    assert_eq!(world.sent().len(), 1);
}

#[test]
fn what_user_info_adds_is_sent_to_the_lookup() {
    let mut config = user_lookup(json!({}));
    config["pools"][0]["user_info"] = json!({"cluster": "login", "domain": "login.example.com"});
    let mut world = World::start(&config, 1);
    let asked = world.ask(0, &access(json!({})));
    world.pass_millis(1);
    world.answer_next(ok(
        json!({"sub": SUB, "email": "alice@example.com", "scope": "all", "username": "mallory"}),
    ));
    world.pass_millis(5);
    let body: Value = serde_json::from_slice(&world.sent()[1].call.body).unwrap();
    let mut expected = access_claims(START);
    expected["email"] = json!("alice@example.com");
    assert_eq!(body, expected);
    world.answer_next(ok(json!({"id": 1})));
    assert_eq!(world.fate(asked), Fate::Passed);
}

#[test]
fn all_claims_are_sent_however_many_user_info_adds() {
    let mut config = user_lookup(json!({}));
    config["pools"][0]["user_info"] = json!({"cluster": "login", "domain": "login.example.com"});
    let mut world = World::start(&config, 1);
    let asked = world.ask(0, &access(json!({})));
    world.pass_millis(1);
    let long = "x".repeat(60_000);
    world.answer_next(ok(json!({"sub": SUB, "x": long})));
    world.pass_millis(1);
    let body: Value = serde_json::from_slice(&world.sent()[1].call.body).unwrap();
    assert_eq!(body["x"], json!(long));
    world.answer_next(ok(json!({"id": 1})));
    assert_eq!(world.fate(asked), Fate::Passed);
}

#[test]
fn a_request_that_is_refused_or_open_causes_no_call() {
    let config = with(
        user_lookup(json!({})),
        "rules",
        json!([
            {"match": {"path": {"exact": "/open"}}, "auth": "none"},
            {"match": {"path": {"exact": "/optional"}}, "auth": "optional"},
            {"match": {"path": {"exact": "/admin"}}, "require": {"groups": {"any": ["admins"]}}},
        ]),
    );
    let mut world = World::start(&config, 1);
    let token = first_key().sign_claims(&id_claims(START));
    assert_eq!(world.fate_of(0, &Ask::get("/open").with_token(&token)), Fate::Passed);
    assert_eq!(world.fate_of(0, &Ask::get("/optional")), Fate::Passed);
    assert_eq!(
        world.fate_of(0, &Ask::get("/admin").with_token(&token)),
        Fate::Refused("not_permitted")
    );
    assert_eq!(
        world.fate_of(0, &id(json!({"exp": START - 100}))),
        Fate::Refused("token_expired")
    );
    world.pass_millis(100);
    assert_eq!(world.sent().len(), 0);
    assert_eq!(world.fate_of(0, &Ask::get("/optional").with_token(&token)), Fate::Waits);
}

#[test]
fn a_rejected_user_is_forbidden_and_in_shadow_mode_identified() {
    let mut world = World::start(&user_lookup(json!({})), 1);
    let asked = world.ask(0, &id(json!({})));
    world.pass_millis(1);
    world.answer_next(Some(answer(403, "")));
    assert_eq!(world.reply(asked).code.status(), 403);
    assert_eq!(world.fate_of(0, &id(json!({}))), Fate::Refused("user_rejected"));

    let mut world = World::start(&with(user_lookup(json!({})), "mode", json!("shadow")), 1);
    let asked = world.ask(0, &id(json!({})).header("x-user-id", "1"));
    world.pass_millis(1);
    world.answer_next(Some(answer(404, "")));
    assert_eq!(
        (world.fate(asked), world.counter("would_deny.user_rejected")),
        (Fate::Passed, 1)
    );
    assert_eq!(world.upstream(asked, "x-cognito-sub"), [SUB]);
    assert_eq!(world.upstream(asked, "x-user-id"), [""; 0]);
}

#[test]
fn the_debug_line_of_a_refusal_names_the_call() {
    for (answered, code, step) in [
        (
            Some(answer(403, "")),
            "user_rejected",
            "user_lookup: found answered with status 403 or 404, expected status 200 or 201",
        ),
        (
            None,
            "user_lookup_unavailable",
            "user_lookup: found the call failed, expected an answer, since on_failure is reject",
        ),
    ] {
        let mut world = World::start(&user_lookup(json!({})), 1);
        world.ask(0, &id(json!({})));
        world.pass_millis(1);
        world.answer_next(answered);
        world.pass_millis(1);
        assert_eq!(world.lines(Severity::Debug, &format!("denied: {code}")), 1, "{code}");
        assert_eq!(world.lines(Severity::Debug, step), 1, "{code}");
    }
}
