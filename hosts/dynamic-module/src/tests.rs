//! The module as a whole, with Envoy's side of the ABI in the test's hands.

use crate::abi::LogLevel;
use crate::fake_envoy::{
    Answered, Cluster, Failures, FakeEnvoy, JWKS, Metadata, POOL_ID, Pairs, Passage, scenario, token,
};
use crate::process;
use proptest::prelude::*;
use std::time::Duration;

fn configuration(jwks: &str, more: &str) -> String {
    format!(r#"{{"pools": [{{"user_pool_id": "{POOL_ID}", "client_ids": ["webclient"], "jwks": {jwks}}}]{more}}}"#)
}

fn inline(more: &str) -> String {
    configuration(&format!(r#"{{"inline": {}}}"#, JWKS.trim()), more)
}

/// Keys through a cluster of this name: the store is the process's, so each test has one of its own.
fn fetched(cluster: &str) -> String {
    configuration(&format!(r#"{{"cluster": "{cluster}"}}"#), "")
}

fn start(configuration: &str) -> FakeEnvoy {
    FakeEnvoy::forget_log();
    FakeEnvoy::start(configuration).unwrap_or_else(|| panic!("{:?}", FakeEnvoy::log()))
}

fn request(more: &[(&str, &str)]) -> Pairs {
    let usual = [
        (":method", "GET"),
        (":authority", "app.example.com"),
        (":path", "/items"),
    ];
    usual
        .iter()
        .chain(more)
        .map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()))
        .collect()
}

fn bearer() -> String {
    format!("Bearer {}", token())
}

fn with_token() -> Pairs {
    request(&[("authorization", &bearer())])
}

fn jwks_answer() -> Answered {
    Answered::With("200".into(), vec![JWKS.as_bytes().to_vec()])
}

fn value(pairs: &Pairs, name: &str) -> Option<String> {
    let found = pairs.iter().find(|(found, _)| found == name.as_bytes());
    found.map(|(_, value)| String::from_utf8(value.clone()).unwrap())
}

fn code(passage: &Passage) -> String {
    let Passage::Answered(reply) = passage else {
        panic!("{passage:?}")
    };
    let details = String::from_utf8(reply.details.clone()).unwrap();
    details.strip_prefix("cognito_jwt.").unwrap().to_owned()
}

fn logged(level: LogLevel, words: &str) -> bool {
    FakeEnvoy::log()
        .iter()
        .any(|(of, line)| *of == level && line.contains(words))
}

#[test]
fn a_good_token_passes_with_its_identity() {
    let mut envoy = start(&inline(""));
    let stream = envoy.stream(request(&[
        ("x-cognito-sub", "forged"),
        ("authorization", &bearer()),
        ("X_COGNITO-groups".to_ascii_lowercase().as_str(), "admins"),
    ]));
    assert_eq!(envoy.headers(stream, true), Passage::Passed);
    let headers = envoy.request_headers(stream);
    assert_eq!(
        value(&headers, "x-cognito-sub").as_deref(),
        Some("aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee")
    );
    assert_eq!(value(&headers, "x-cognito-groups").as_deref(), Some("readers"));
    assert_eq!(value(&headers, "x_cognito-groups"), None);
    let state = envoy.filter_state(stream);
    for (name, expected) in [
        ("wasm.cognito_decision", "allowed"),
        ("wasm.cognito_sub", "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"),
        ("wasm.cognito_client_id", "webclient"),
    ] {
        assert_eq!(
            state.get(name.as_bytes()).map(Vec::as_slice),
            Some(expected.as_bytes()),
            "{name}"
        );
    }
    assert!(envoy.body(stream, true));
    let trailers = vec![
        (b"x-cognito-sub".to_vec(), b"forged".to_vec()),
        (b"x-sum".to_vec(), b"1".to_vec()),
    ];
    assert_eq!(
        envoy.trailers(stream, Some(trailers)),
        Some(vec![(b"x-sum".to_vec(), b"1".to_vec())])
    );
    assert_eq!(
        (
            envoy.counter("cognito_jwt.allowed"),
            envoy.gauge("cognito_jwt.jwks_keys")
        ),
        (1, 1)
    );
}

#[test]
fn without_a_token_nothing_passes() {
    let mut envoy = start(&inline(""));
    let stream = envoy.stream(request(&[]));
    let passage = envoy.headers(stream, false);
    assert_eq!(code(&passage), "token_missing");
    let Passage::Answered(reply) = passage else { panic!() };
    assert_eq!(reply.status, 401);
    assert_eq!(
        value(&reply.headers, "www-authenticate").as_deref(),
        Some(r#"Bearer realm="cognito""#)
    );
    assert_eq!(value(&reply.headers, "grpc-status"), None);
    assert!(!envoy.body(stream, true));
    assert_eq!(envoy.trailers(stream, Some(Vec::new())), None);
    assert_eq!(envoy.counter("cognito_jwt.denied.token_missing"), 1);
}

#[test]
fn a_refusal_of_a_grpc_request_has_a_status_that_is_not_0() {
    let mut envoy = start(&inline(
        r#", "rules": [{"match": {"path": {"prefix": "/x"}}, "require": {"groups": {"any": ["admins"]}}}]"#,
    ));
    for (content_type, path, token, expected) in [
        ("application/grpc", "/a", None, Some("16")),
        ("application/grpc+proto", "/a", None, Some("16")),
        ("application/grpc", "/x", Some(bearer()), Some("7")),
        ("application/grpc", "/a%2fb", None, Some("3")),
        ("application/grpc-web", "/a", None, None),
        ("application/json", "/a", None, None),
    ] {
        let mut headers = request(&[("content-type", content_type)]);
        headers.retain(|(name, _)| name != b":path");
        headers.push((b":path".to_vec(), path.into()));
        headers.extend(token.map(|token| (b"authorization".to_vec(), token.into_bytes())));
        let stream = envoy.stream(headers);
        let Passage::Answered(reply) = envoy.headers(stream, true) else {
            panic!()
        };
        assert_eq!(
            value(&reply.headers, "grpc-status").as_deref(),
            expected,
            "{content_type} {path}"
        );
    }
}

#[test]
fn a_request_waits_for_keys_and_lets_nothing_through() {
    let mut envoy = start(&fetched("waits"));
    let early: Vec<usize> = (0..3).map(|_| envoy.stream(with_token())).collect();
    for stream in &early {
        assert_eq!(envoy.headers(*stream, false), Passage::Waits);
        assert!(!envoy.body(*stream, false), "not even its body");
        assert_eq!(envoy.trailers(*stream, Some(Vec::new())), None);
    }
    envoy.run_until("a fetch", |envoy| !envoy.calls().is_empty());
    let calls = envoy.calls();
    assert_eq!(calls.len(), 1, "one for all");
    assert_eq!(calls[0].cluster, "waits");
    assert_eq!(
        value(&calls[0].headers, ":path").unwrap(),
        format!("/{POOL_ID}/.well-known/jwks.json")
    );
    envoy.destroy(early[0]);
    envoy.end_at_once(early[1]);
    envoy.answer(calls[0].id, &jwks_answer());
    envoy.run_until("the decisions", |envoy| envoy.waiting_schedulers() == 0);
    assert_eq!(envoy.passage(early[1]), Passage::Passed);
    assert_eq!(envoy.passage(early[2]), Passage::Passed);
    assert!(envoy.body(early[2], true));
    assert_eq!(
        value(&envoy.request_headers(early[2]), "x-cognito-client-id").as_deref(),
        Some("webclient")
    );
    let late = envoy.stream(with_token());
    assert_eq!(envoy.headers(late, true), Passage::Passed);
    assert_eq!(envoy.counter("cognito_jwt.jwks_fetch_success"), 1);
    assert_eq!(envoy.counter("cognito_jwt.allowed"), 3);
    assert_eq!(envoy.gauge("cognito_jwt.jwks_keys"), 1);

    // The next configuration finds them in the store.
    let mut next = start(&fetched("waits"));
    let stream = next.stream(with_token());
    assert_eq!(next.headers(stream, true), Passage::Passed);
    next.run_until("a tick", |next| next.gauge("cognito_jwt.jwks_keys") == 1);
    assert!(next.calls().is_empty());
}

#[test]
fn a_request_waits_no_longer_than_the_time_limit() {
    let mut envoy = start(&configuration(r#"{"cluster": "slow", "timeout_ms": 300}"#, ""));
    let stream = envoy.stream(with_token());
    assert_eq!(envoy.headers(stream, true), Passage::Waits);
    envoy.run_until("the end of waiting", |envoy| envoy.passage(stream) != Passage::Waits);
    assert_eq!(code(&envoy.passage(stream)), "keys_unavailable");
    assert!(!envoy.body(stream, true));
}

#[test]
fn an_unknown_kid_has_the_keys_fetched_again() {
    let mut envoy = start(&fetched("rotates"));
    envoy.run_until("a fetch", |envoy| !envoy.calls().is_empty());
    let other = JWKS.replace("first", "other");
    envoy.answer(
        envoy.calls()[0].id,
        &Answered::With("200".into(), vec![other.into_bytes()]),
    );
    let stream = envoy.stream(with_token());
    assert_eq!(envoy.headers(stream, true), Passage::Waits);
    envoy.run_until("another fetch", |envoy| !envoy.calls().is_empty());
    envoy.answer(envoy.calls()[0].id, &jwks_answer());
    envoy.run_until("the decision", |envoy| envoy.passage(stream) != Passage::Waits);
    assert_eq!(envoy.passage(stream), Passage::Passed);
    assert_eq!(envoy.counter("cognito_jwt.jwks_refetch_unknown_kid"), 1);
}

#[test]
fn what_is_wrong_with_a_cluster_is_logged() {
    for (cluster, words) in [
        (Cluster::Unknown, "cluster is unknown"),
        (Cluster::NoHost, "no host"),
        (Cluster::Refuses, "status 1"),
    ] {
        let mut envoy = start(&fetched(&format!("{cluster:?}")));
        envoy.set_cluster(cluster);
        let stream = envoy.stream(with_token());
        assert_eq!(envoy.headers(stream, true), Passage::Waits);
        envoy.run_until("a failed fetch", |envoy| {
            envoy.counter("cognito_jwt.jwks_fetch_failed") >= 1
        });
        assert!(logged(LogLevel::Warn, words), "{cluster:?}: {:?}", FakeEnvoy::log());
        envoy.set_cluster(Cluster::Works);
        envoy.run_until("another fetch", |envoy| !envoy.calls().is_empty());
        envoy.answer(envoy.calls()[0].id, &jwks_answer());
        envoy.run_until("the decision", |envoy| envoy.passage(stream) == Passage::Passed);
    }
}

fn with_lookup(cluster: &str) -> String {
    inline(&format!(
        r#", "user_lookup": {{"cluster": "{cluster}", "uri": "http://users/x", "timeout_ms": 60000, "ttl_seconds": 60, "headers": {{"x-user-id": "id"}}}}"#
    ))
}

#[test]
fn a_call_of_a_worker_is_made_on_the_main_thread_and_its_answer_comes_back() {
    let mut envoy = start(&with_lookup("users"));
    let streams: Vec<usize> = (0..2).map(|_| envoy.stream(with_token())).collect();
    for stream in &streams {
        assert_eq!(envoy.headers(*stream, true), Passage::Waits);
    }
    assert!(envoy.calls().is_empty(), "a worker makes no call");
    envoy.run_until("the call", |envoy| !envoy.calls().is_empty());
    let call = &envoy.calls()[0];
    assert_eq!(
        (call.cluster.as_str(), value(&call.headers, ":method").as_deref()),
        ("users", Some("POST"))
    );
    assert!(String::from_utf8(call.body.clone()).unwrap().contains("aaaaaaaa-bbbb"));
    envoy.answer(
        call.id,
        &Answered::With("201".into(), vec![br#"{"id""#.to_vec(), br#": "u-1"}"#.to_vec()]),
    );
    envoy.run_until("the decisions", |envoy| envoy.waiting_schedulers() == 0);
    for stream in streams {
        assert_eq!(envoy.passage(stream), Passage::Passed);
        assert_eq!(
            value(&envoy.request_headers(stream), "x-user-id").as_deref(),
            Some("u-1")
        );
    }
}

#[test]
fn an_answer_that_nobody_waits_for_serves_the_next_request() {
    let mut envoy = start(&with_lookup("hung-up"));
    let stream = envoy.stream(with_token());
    assert_eq!(envoy.headers(stream, true), Passage::Waits);
    envoy.run_until("the call", |envoy| !envoy.calls().is_empty());
    envoy.destroy(stream);
    assert_eq!(envoy.waiting_schedulers(), 0);
    envoy.answer(
        envoy.calls()[0].id,
        &Answered::With("200".into(), vec![br#"{"id": "u-1"}"#.to_vec()]),
    );
    let next = envoy.stream(with_token());
    envoy.headers(next, true);
    envoy.run_until("the decision", |envoy| envoy.passage(next) == Passage::Passed);
    assert!(envoy.calls().is_empty());
    assert_eq!(value(&envoy.request_headers(next), "x-user-id").as_deref(), Some("u-1"));
}

#[test]
fn an_answer_that_nobody_read_within_its_ttl_is_not_used() {
    let hang_up = |envoy: &mut FakeEnvoy| {
        let stream = envoy.stream(with_token());
        assert_eq!(envoy.headers(stream, true), Passage::Waits);
        envoy.run_until("the call", |envoy| !envoy.calls().is_empty());
        envoy.destroy(stream);
        let answer = Answered::With("200".into(), vec![br#"{"id": "u-1"}"#.to_vec()]);
        envoy.answer(envoy.calls()[0].id, &answer);
    };
    for (name, ahead) in [("later", 61), ("tomorrow", 86_400)] {
        let mut envoy = start(&with_lookup(name));
        hang_up(&mut envoy);
        process::AHEAD.set(Duration::from_secs(ahead));
        let next = envoy.stream(with_token());
        assert_eq!(envoy.headers(next, true), Passage::Waits, "{name}");
        envoy.run_until("a call of its own", |envoy| !envoy.calls().is_empty());
        let answer = Answered::With("200".into(), vec![br#"{"id": "u-2"}"#.to_vec()]);
        envoy.answer(envoy.calls()[0].id, &answer);
        envoy.run_until("the decision", |envoy| envoy.passage(next) == Passage::Passed);
        assert_eq!(value(&envoy.request_headers(next), "x-user-id").as_deref(), Some("u-2"));
        assert_eq!(envoy.counter("cognito_jwt.user_lookup_failed"), 0);
        process::AHEAD.set(Duration::ZERO);
    }
}

#[test]
fn a_configuration_that_ends_on_the_ticker_blocks_nobody() {
    start(&fetched("ends-in-a-wake-up")).end_in_a_wake_up();
    let next = start(&fetched("after-that"));
    next.run_until("a fetch", |next| !next.calls().is_empty());
}

#[test]
fn a_call_through_an_unknown_cluster_fails_and_is_reported() {
    let mut envoy = start(&with_lookup("nowhere"));
    envoy.set_cluster(Cluster::Unknown);
    let stream = envoy.stream(with_token());
    assert_eq!(envoy.headers(stream, true), Passage::Waits);
    envoy.run_until("the refusal", |envoy| envoy.passage(stream) != Passage::Waits);
    assert_eq!(code(&envoy.passage(stream)), "user_lookup_unavailable");
    assert!(logged(LogLevel::Warn, "\"nowhere\""));
}

#[test]
fn a_callback_that_fails_lets_nothing_pass() {
    let none = Failures::default();
    let forged = request(&[("authorization", &bearer()), ("x-cognito-sub", "forged")]);
    for (failures, headers) in [
        (
            Failures {
                get_headers: true,
                ..none
            },
            with_token(),
        ),
        (
            Failures {
                set_header: true,
                ..none
            },
            forged.clone(),
        ),
        (
            Failures {
                add_header: true,
                ..none
            },
            with_token(),
        ),
        (
            Failures {
                get_headers: true,
                filter_state: true,
                set_header: true,
                ..none
            },
            forged,
        ),
    ] {
        let mut envoy = start(&inline(""));
        let stream = envoy.stream(headers);
        envoy.fail(stream, failures);
        assert_eq!(code(&envoy.headers(stream, false)), "internal_error", "{failures:?}");
        assert!(!envoy.body(stream, true));
        assert_eq!(envoy.counter("cognito_jwt.denied.internal_error"), 1);
        assert_eq!(envoy.counter("cognito_jwt.allowed"), 0);
    }
}

#[test]
fn filter_state_that_cannot_be_set_changes_no_decision() {
    let mut envoy = start(&inline(""));
    let stream = envoy.stream(with_token());
    envoy.fail(
        stream,
        Failures {
            filter_state: true,
            ..Failures::default()
        },
    );
    assert_eq!(envoy.headers(stream, true), Passage::Passed);
}

#[test]
fn a_request_that_nothing_could_wake_does_not_wait() {
    let mut envoy = start(&fetched("no-scheduler"));
    let stream = envoy.stream(with_token());
    envoy.fail(
        stream,
        Failures {
            scheduler: true,
            ..Failures::default()
        },
    );
    assert_eq!(code(&envoy.headers(stream, true)), "internal_error");
}

#[test]
fn trailers_that_cannot_be_looked_at_go_nowhere() {
    let forged = || Some(vec![(b"x-cognito-sub".to_vec(), b"x".to_vec())]);
    for (failures, trailers) in [
        (Failures::default(), None),
        (
            Failures {
                get_headers: true,
                ..Failures::default()
            },
            forged(),
        ),
        (
            Failures {
                set_header: true,
                ..Failures::default()
            },
            forged(),
        ),
    ] {
        let mut envoy = start(&inline(""));
        let stream = envoy.stream(with_token());
        assert_eq!(envoy.headers(stream, false), Passage::Passed);
        envoy.fail(stream, failures);
        assert_eq!(envoy.trailers(stream, trailers), None);
        assert_eq!(code(&envoy.passage(stream)), "internal_error");
    }
}

#[test]
fn the_metadata_of_a_route_decides_if_it_can_be_read() {
    let text = |text: &str| Metadata::Text(text.into());
    let list = |words: &[&str]| Metadata::List(words.iter().map(|word| Some(word.as_bytes().to_vec())).collect());
    type Members<'a> = &'a [(&'a str, Metadata)];
    let cases: [(Members<'_>, Failures, Option<&str>); 11] = [
        (&[], Failures::default(), Some("token_missing")),
        (&[("auth", text("none"))], Failures::default(), None),
        (
            &[("auth", text("required"))],
            Failures::default(),
            Some("token_missing"),
        ),
        (
            &[("auth", text("sometimes"))],
            Failures::default(),
            Some("internal_error"),
        ),
        (&[("auth", text(""))], Failures::default(), Some("internal_error")),
        (
            &[("auth", Metadata::Other)],
            Failures::default(),
            Some("internal_error"),
        ),
        (
            &[("auth", text("none")), ("atuh", text("required"))],
            Failures::default(),
            Some("internal_error"),
        ),
        (
            &[("groups", list(&["admins"]))],
            Failures::default(),
            Some("token_missing"),
        ),
        (&[("groups", list(&[]))], Failures::default(), Some("internal_error")),
        (
            &[("groups", Metadata::List(vec![Some(b"a".to_vec()), None]))],
            Failures::default(),
            Some("internal_error"),
        ),
        (
            &[("auth", text("none"))],
            Failures {
                metadata_names: true,
                ..Failures::default()
            },
            Some("internal_error"),
        ),
    ];
    for (members, failures, expected) in cases {
        let mut envoy = start(&inline(""));
        let metadata = members
            .iter()
            .map(|(name, value)| (name.as_bytes().to_vec(), value.clone()))
            .collect();
        let stream = envoy.stream_on_route(request(&[]), Some(b"orders".to_vec()), metadata);
        envoy.fail(stream, failures);
        let passage = envoy.headers(stream, true);
        match expected {
            None => assert_eq!(passage, Passage::Passed, "{members:?}"),
            Some(expected) => assert_eq!(code(&passage), expected, "{members:?}"),
        }
        if expected == Some("internal_error") {
            assert!(logged(LogLevel::Error, "orders"), "{members:?}: {:?}", FakeEnvoy::log());
        }
    }
}

#[test]
fn a_handshake_whose_token_was_a_protocol_is_answered_with_its_name() {
    let source = r#", "token_sources": [{"websocket_protocol": "cognito"}]"#;
    let mut envoy = start(&inline(source));
    let offer = |value: String| vec![(b"sec-websocket-protocol".to_vec(), value.into_bytes())];
    let switching = vec![(b":status".to_vec(), b"101".to_vec())];
    for (offered, response, is_added) in [
        (format!("cognito, {}", token()), switching.clone(), true),
        (format!("cognito.{}", token()), switching.clone(), false),
        (
            format!("cognito, {}, chat", token()),
            [switching, offer("chat".to_owned())].concat(),
            false,
        ),
    ] {
        let stream = envoy.stream(offer(offered));
        assert_eq!(envoy.headers(stream, true), Passage::Passed);
        let mut expected = response.clone();
        if is_added {
            expected.extend(offer("cognito".to_owned()));
        }
        assert_eq!(envoy.response(stream, response), expected);
    }
}

#[test]
fn a_forged_header_does_not_choose_the_route_that_decides() {
    let mut envoy = start(&inline(""));
    let stream = envoy.stream(request(&[("x-cognito-tier", "gold")]));
    assert_eq!(code(&envoy.headers(stream, true)), "token_missing");
    let stream = envoy.stream(request(&[("x-cognito-tier", "gold"), ("authorization", &bearer())]));
    assert_eq!(envoy.headers(stream, true), Passage::Passed);
    assert_eq!(value(&envoy.request_headers(stream), "x-cognito-tier"), None);
    assert!(envoy.filter_state(stream).contains_key(b"wasm.cognito_sub".as_slice()));
}

#[test]
fn a_wrong_configuration_is_refused_with_one_line() {
    FakeEnvoy::forget_log();
    assert!(FakeEnvoy::start(r#"{"pools": []}"#).is_none());
    let lines = FakeEnvoy::log();
    assert_eq!(lines.len(), 1);
    assert!(
        lines[0].0 == LogLevel::Error && lines[0].1.starts_with("config: "),
        "{lines:?}"
    );
    assert!(FakeEnvoy::start("").is_none());
    assert!(FakeEnvoy::start_with(&inline(""), false, true).is_none(), "no metrics");
    assert!(
        FakeEnvoy::start_with(&fetched("none"), true, false).is_none(),
        "no scheduler"
    );
}

#[test]
fn checking_a_configuration_calls_nobody() {
    FakeEnvoy::validating(|| {
        let envoy = start(&fetched("validated"));
        assert!(!envoy.run_main());
        assert_eq!(envoy.waiting_schedulers(), 0);
        assert!(FakeEnvoy::start(r#"{"pools": []}"#).is_none());
    });
}

#[test]
fn headers_of_all_kinds_are_read() {
    let mut envoy = start(&inline(""));
    let huge = vec![b'a'; 200_000];
    let mut headers = with_token();
    headers.extend([
        (b"".to_vec(), b"".to_vec()),
        (b"x-empty".to_vec(), b"".to_vec()),
        (b"x-bytes".to_vec(), vec![0, 0xff, 0xfe, b'\n']),
        (vec![0xff; 10], huge.clone()),
        (b"x-huge".to_vec(), huge),
    ]);
    let stream = envoy.stream(headers);
    assert_eq!(envoy.headers(stream, true), Passage::Passed);
    let stream = envoy.stream(Vec::new());
    assert_eq!(code(&envoy.headers(stream, true)), "token_missing");
}

#[cfg(feature = "test-trap")]
#[test]
fn a_panic_refuses_its_request_and_no_other() {
    let mut envoy = start(&fetched("panics"));
    let waiting = envoy.stream(with_token());
    assert_eq!(envoy.headers(waiting, true), Passage::Waits);
    let trapped = envoy.stream(request(&[("x-test-trap", "1"), ("authorization", &bearer())]));
    assert_eq!(code(&envoy.headers(trapped, true)), "internal_error");
    // Nothing that the filter held is reused: requests that waited are rejected, and none waits forever.
    envoy.run_until("the refusal", |envoy| envoy.passage(waiting) != Passage::Waits);
    assert_eq!(code(&envoy.passage(waiting)), "internal_error");
    envoy.run_until("a fetch", |envoy| !envoy.calls().is_empty());
    envoy.answer(envoy.calls()[0].id, &jwks_answer());
    let next = envoy.stream(with_token());
    envoy.headers(next, true);
    envoy.run_until("the next", |envoy| envoy.passage(next) == Passage::Passed);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_only_what_may_pass_does(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        scenario::run(&bytes);
    }
}
