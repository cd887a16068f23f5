//! Every code: who gets it, and all that is seen of it.

use super::*;
use envoy_cognito_jwt::code::Code;
use envoy_cognito_jwt::env::RouteMetadata;
use std::collections::BTreeSet;
use support::world::answer;
use support::world::settings::fetched;

/// A request that comes to this code: the configuration, the request, the answers to the calls that it causes.
struct Row {
    code: &'static str,
    config: Value,
    ask: Ask,
    answers: Vec<(u16, &'static str)>,
    challenge: Option<&'static str>,
    /// Whether the token was good, so that filter state contains its subject.
    is_identified: bool,
}

fn row(code: &'static str, config: Value, ask: Ask, challenge: Option<&'static str>) -> Row {
    Row {
        code,
        config,
        ask,
        answers: Vec::new(),
        challenge,
        is_identified: false,
    }
}

const INVALID_TOKEN: Option<&str> = Some(", error=\"invalid_token\", error_description=\"");
const FORBIDDEN: Option<&str> = Some(", error=\"insufficient_scope\", error_description=\"");

fn rows() -> Vec<Row> {
    let plain = || inline(&[first_key()]);
    let with_token = |token: String| Ask::bearer(&token);
    let header = |text: Value| with_token(first_key().token(&text.to_string(), &id_claims(START).to_string()));
    let signing_input = good_token().rsplit_once('.').unwrap().0.to_owned();
    let access = || with_token(first_key().sign_claims(&access_claims(START)));
    let mut id_only = plain();
    id_only["pools"][0]["token_use"] = json!("id");
    let mut with_user_info = plain();
    with_user_info["pools"][0]["user_info"] = json!({"cluster": "login", "domain": "login.example.com"});
    let lookup = with(
        plain(),
        "user_lookup",
        json!({"cluster": "users", "uri": "http://users.internal/", "headers": {"x-user-id": "id"}}),
    );
    let calls = |code, config, ask, status, challenge| Row {
        answers: vec![(status, "")],
        is_identified: true,
        ..row(code, config, ask, challenge)
    };
    let decided = |code, require: Value, challenge| Row {
        is_identified: true,
        ..row(
            code,
            ruled(json!([{ "require": require }])),
            with_token(good_token()),
            challenge,
        )
    };
    vec![
        row("token_missing", plain(), Ask::get("/"), Some("")),
        row(
            "token_missing",
            plain(),
            Ask::get("/").header("authorization", "Basic YTpi"),
            Some(""),
        ),
        row(
            "token_malformed",
            plain(),
            with_token("a.b.c".to_owned()),
            INVALID_TOKEN,
        ),
        row(
            "algorithm_not_allowed",
            plain(),
            header(json!({"kid": first_key().kid, "alg": "HS256"})),
            INVALID_TOKEN,
        ),
        row(
            "algorithm_not_allowed",
            plain(),
            header(json!({"kid": first_key().kid})),
            INVALID_TOKEN,
        ),
        row(
            "issuer_unknown",
            plain(),
            with_token(token_with("iss", json!("https://example.com"))),
            INVALID_TOKEN,
        ),
        row("key_unknown", plain(), header(json!({"alg": "RS256"})), INVALID_TOKEN),
        row(
            "key_unknown",
            plain(),
            header(json!({"kid": "another", "alg": "RS256"})),
            INVALID_TOKEN,
        ),
        row(
            "signature_invalid",
            plain(),
            with_token(format!("{signing_input}.{}", base64url([7; 256]))),
            INVALID_TOKEN,
        ),
        row(
            "token_expired",
            plain(),
            with_token(token_with("exp", json!(START - 60))),
            INVALID_TOKEN,
        ),
        row(
            "token_not_yet_valid",
            plain(),
            with_token(token_with("nbf", json!(START + 61))),
            INVALID_TOKEN,
        ),
        row(
            "token_not_yet_valid",
            plain(),
            with_token(token_with("iat", json!(START + 61))),
            INVALID_TOKEN,
        ),
        row("token_use_mismatch", id_only, access(), INVALID_TOKEN),
        row(
            "token_use_mismatch",
            plain(),
            with_token(token_with("token_use", Value::Null)),
            INVALID_TOKEN,
        ),
        row(
            "client_mismatch",
            plain(),
            with_token(token_with("aud", json!("another"))),
            INVALID_TOKEN,
        ),
        row(
            "client_mismatch",
            plain(),
            with_token(token_with("aud", Value::Null)),
            INVALID_TOKEN,
        ),
        calls("token_revoked", with_user_info.clone(), access(), 401, INVALID_TOKEN),
        decided(
            "reauthentication_required",
            json!({"max_age_seconds": 30}),
            Some(", error=\"insufficient_user_authentication\", max_age=30, error_description=\""),
        ),
        row(
            "path_ambiguous",
            ruled(json!([{"match": {"path": {"prefix": "/a"}}}])),
            Ask::get("/a%2fb").with_token(&good_token()),
            None,
        ),
        row(
            "request_ambiguous",
            ruled(json!([{"match": {"methods": ["POST"]}}])),
            Ask::get("/")
                .header("X-HTTP-Method-Override", "POST")
                .with_token(&good_token()),
            None,
        ),
        decided("not_permitted", json!({"groups": {"any": ["admins"]}}), FORBIDDEN),
        decided(
            "not_permitted",
            json!({"scopes": {"all": ["items/read", "items/write"]}}),
            Some(", error=\"insufficient_scope\", scope=\"items/read items/write\", error_description=\""),
        ),
        decided(
            "not_permitted",
            json!([{"groups": {"any": ["admins"]}}, {"scopes": {"any": ["items/read"]}}, {"scopes": {"any": ["x"]}}]),
            Some(", error=\"insufficient_scope\", scope=\"items/read\", error_description=\""),
        ),
        decided(
            "reauthentication_required",
            json!([{"groups": {"any": ["admins"]}, "max_age_seconds": 1}, {"max_age_seconds": 30}]),
            Some(", error=\"insufficient_user_authentication\", max_age=30, error_description=\""),
        ),
        calls(
            "user_rejected",
            lookup.clone(),
            with_token(good_token()),
            403,
            FORBIDDEN,
        ),
        Row {
            answers: vec![(503, ""); 3],
            ..row("keys_unavailable", fetched(json!({})), with_token(good_token()), None)
        },
        calls("user_info_unavailable", with_user_info, access(), 500, None),
        calls("user_lookup_unavailable", lookup, with_token(good_token()), 500, None),
        row(
            "internal_error",
            plain(),
            with_token(good_token()).on_route(RouteMetadata::Unreadable),
            None,
        ),
    ]
}

#[test]
fn every_code_is_answered_as_it_must_be() {
    let mut seen = BTreeSet::new();
    for row in rows() {
        let code = row.code;
        seen.insert(code);
        let mut world = World::start(&row.config, 1);
        let id = world.ask(0, &with_forged_headers(row.ask));
        for (status, body) in row.answers {
            world.pass_until_call();
            world.answer_next(Some(answer(status, body)));
        }
        assert_eq!(world.fate(id), Fate::Refused(code));
        let reply = world.reply(id);
        let status = match code {
            "path_ambiguous" | "request_ambiguous" => 400,
            "not_permitted" | "user_rejected" => 403,
            "keys_unavailable" | "user_info_unavailable" | "user_lookup_unavailable" | "internal_error" => 503,
            _ => 401,
        };
        assert_eq!(reply.code.status(), status, "{code}");
        assert_eq!(reply.code.response_code_details(), format!("cognito_jwt.{code}"));
        let challenge = header(reply, "www-authenticate");
        match row.challenge {
            None => assert_eq!(challenge, None, "{code}"),
            Some("") => assert_eq!(challenge, Some("Bearer realm=\"cognito\""), "{code}"),
            Some(rest) => {
                let begins = format!("Bearer realm=\"cognito\"{rest}");
                assert!(challenge.unwrap().starts_with(&begins), "{code}: {challenge:?}");
            }
        }
        assert_eq!(header(reply, "retry-after"), (status == 503).then_some("1"), "{code}");
        assert_eq!(header(reply, "cache-control"), Some("no-store"));
        assert_eq!(header(reply, "content-type"), Some("application/problem+json"));
        let body: Value = serde_json::from_str(&reply.body).unwrap();
        let mut members: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
        members.sort_unstable();
        assert_eq!(members, ["code", "detail", "status", "title", "type"], "{code}");
        assert_eq!((&body["code"], &body["status"]), (&json!(code), &json!(status)));
        assert_eq!(body["type"], json!("about:blank"));

        let (sub, client) = if row.is_identified {
            (Some(SUB), Some(CLIENT))
        } else {
            (None, None)
        };
        assert_eq!(world.filter_state(id), (Some(code), sub, client), "{code}");
        assert_eq!(world.counter(&format!("denied.{code}")), 1);
        assert_eq!(world.counter("allowed") + world.counter("bypassed"), 0);
        assert_eq!(
            world.lines(envoy_cognito_jwt::command::Severity::Debug, &format!("denied: {code}")),
            1
        );
        assert_stripped(&world, id);
    }
    let all: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(seen, all, "every code has a row");
}

#[test]
fn without_reasons_clients_see_four_words_and_operators_all() {
    for row in rows() {
        let mut world = World::start(&with(row.config, "disclose_reason", json!(false)), 1);
        let id = world.ask(0, &row.ask);
        for (status, body) in row.answers {
            world.pass_until_call();
            world.answer_next(Some(answer(status, body)));
        }
        let reply = world.reply(id);
        let (coarse, error) = match reply.code.status() {
            400 => ("bad_request", ""),
            401 => ("unauthorized", ", error=\"invalid_token\""),
            403 => ("forbidden", ", error=\"insufficient_scope\""),
            _ => ("unavailable", ""),
        };
        let challenge = header(reply, "www-authenticate");
        match row.code {
            "token_missing" => assert_eq!(challenge, Some("Bearer realm=\"cognito\"")),
            "reauthentication_required" => {
                let expected = "Bearer realm=\"cognito\", error=\"insufficient_user_authentication\"";
                assert_eq!(challenge, Some(expected));
            }
            _ if error.is_empty() => assert_eq!(challenge, None),
            _ => assert_eq!(challenge, Some(format!("Bearer realm=\"cognito\"{error}").as_str())),
        }
        let body: Value = serde_json::from_str(&reply.body).unwrap();
        let mut members: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
        members.sort_unstable();
        assert_eq!(members, ["code", "status", "title", "type"]);
        assert_eq!(body["code"], json!(coarse), "{}", row.code);
        assert_eq!(reply.code.as_str(), row.code);
        assert_eq!(world.filter_state(id).0, Some(row.code));
        assert_eq!(world.counter(&format!("denied.{}", row.code)), 1);
    }
}

#[test]
fn a_good_token_passes_with_its_identity() {
    let mut world = World::start(&inline(&[first_key()]), 1);
    for (round, hits) in [(1, 0), (2, 1), (3, 2)] {
        let id = world.ask(0, &with_forged_headers(Ask::bearer(&good_token())));
        assert_eq!(world.fate(id), Fate::Passed);
        assert_stripped(&world, id);
        for (name, value) in [
            ("x-cognito-sub", SUB),
            ("x-cognito-username", "alice"),
            ("x-cognito-email", "alice@example.com"),
            ("x-cognito-groups", "readers,writers"),
            ("x-cognito-client-id", CLIENT),
            ("x-cognito-token-use", "id"),
        ] {
            assert_eq!(world.upstream(id, name), [value], "{name}");
        }
        assert_eq!(world.upstream(id, "x-cognito-scope"), [""; 0]);
        assert_eq!(world.upstream(id, "authorization").len(), 1);
        assert_eq!(world.filter_state(id), (Some("allowed"), Some(SUB), Some(CLIENT)));
        assert_eq!(
            (world.counter("allowed"), world.counter("jwt_cache_hit")),
            (round, hits)
        );
    }
    assert_eq!(
        (world.counter("jwt_cache_miss"), world.counter("verify_module")),
        (1, 1)
    );
}

#[test]
fn a_token_is_at_most_as_long_as_the_limit() {
    let token = |bytes: usize| {
        let of = |filler: usize| token_with("filler", json!("x".repeat(filler)));
        let short = of(0).len();
        // Three bytes more are four characters more.
        (bytes.saturating_sub(short) / 4 * 3..)
            .map(of)
            .find(|token| token.len() >= bytes)
            .unwrap()
    };
    for (limit, length, expected) in [
        (None, 16_000, Fate::Passed),
        (None, 16_385, Fate::Refused("token_malformed")),
        (Some(1024), 1025, Fate::Refused("token_malformed")),
        (Some(65_536), 65_000, Fate::Passed),
        (Some(65_536), 65_537, Fate::Refused("token_malformed")),
    ] {
        let config = inline(&[first_key()]);
        let config = match limit {
            Some(bytes) => with(config, "limits", json!({"token_bytes": bytes})),
            None => config,
        };
        let mut world = World::start(&config, 1);
        assert_eq!(
            world.fate_of(0, &Ask::bearer(&token(length))),
            expected,
            "{limit:?} {length}"
        );
    }
}

#[test]
fn a_cached_token_ends_with_its_time_and_with_its_rule() {
    let config = ruled(json!([{"match": {"path": {"exact": "/admin"}}, "require": {"groups": {"any": ["admins"]}}}]));
    let mut world = World::start(&config, 1);
    let token = token_with("exp", json!(START + 100));
    assert_eq!(world.fate_of(0, &Ask::bearer(&token)), Fate::Passed);
    assert_eq!(
        world.fate_of(0, &Ask::get("/admin").with_token(&token)),
        Fate::Refused("not_permitted")
    );
    // Another last character: bits that mean nothing, or another signature. Never the cached token.
    let mut other = token.clone();
    let last = other.pop().unwrap();
    other.push(if last == 'A' { 'B' } else { 'A' });
    assert_ne!(world.fate_of(0, &Ask::bearer(&other)), Fate::Passed);
    world.pass_secs(159);
    assert_eq!(world.fate_of(0, &Ask::bearer(&token)), Fate::Passed);
    world.pass_secs(1);
    assert_eq!(world.fate_of(0, &Ask::bearer(&token)), Fate::Refused("token_expired"));
}

#[test]
fn a_token_that_was_cached_without_a_rule_meets_one_later() {
    let rules = json!([
        {"match": {"path": {"prefix": "/readers"}}, "require": {"groups": {"any": ["readers"]}}},
        {"match": {"path": {"prefix": "/mail"}}, "require": {"claims": {"email": {"suffix": "@example.com"}}}},
        {"match": {"path": {"prefix": "/owners"}}, "require": {"groups": {"any": ["owners"]}}},
    ]);
    let mut world = World::start(&with(inline(&[first_key()]), "rules", rules), 1);
    let token = good_token();
    for (path, fate) in [
        ("/", Fate::Passed),
        ("/readers", Fate::Passed),
        ("/mail", Fate::Passed),
        ("/owners", Fate::Refused("not_permitted")),
    ] {
        assert_eq!(world.fate_of(0, &Ask::get(path).with_token(&token)), fate, "{path}");
    }
    assert_eq!((world.counter("jwt_cache_hit"), world.counter("verify_module")), (3, 1));
}

#[test]
fn the_memory_of_tokens_can_be_switched_off() {
    let mut world = World::start(
        &with(inline(&[first_key()]), "token_cache", json!({"max_entries": 0})),
        1,
    );
    for _ in 0..3 {
        assert_eq!(world.fate_of(0, &Ask::bearer(&good_token())), Fate::Passed);
    }
    assert_eq!((world.counter("jwt_cache_hit"), world.counter("verify_module")), (0, 3));
}

#[test]
fn the_token_is_taken_out_where_that_is_wanted() {
    let identity = json!({"remove_token": true});
    let mut world = World::start(&with(inline(&[first_key()]), "identity", identity.clone()), 1);
    let id = world.ask(0, &Ask::bearer(&good_token()));
    assert_eq!(
        (world.fate(id), world.upstream(id, "authorization")),
        (Fate::Passed, Vec::new())
    );

    let config = with(inline(&[first_key()]), "identity", identity);
    let config = with(
        config,
        "token_sources",
        json!([{"query": "token"}, {"cookie": "session"}]),
    );
    let mut world = World::start(&config, 1);
    let id = world.ask(0, &Ask::get(&format!("/a//b?x=1&token={}&y=%41", good_token())));
    assert_eq!(world.fate(id), Fate::Passed);
    assert_eq!(world.upstream(id, ":path"), ["/a//b?x=1&y=%41"]);
    let cookies = format!("a=1; session={}; b=2", good_token());
    let id = world.ask(0, &Ask::get("/").header("cookie", &cookies));
    assert_eq!(world.fate(id), Fate::Passed);
    let left = world.upstream(id, "cookie").join("");
    assert!(
        left.contains("a=1") && left.contains("b=2") && !left.contains("session"),
        "{left}"
    );
}

#[test]
fn filter_state_that_is_asked_for_stands_where_the_identity_headers_do() {
    let identity =
        json!({"filter_state": {"cognito_name": "cognito:username", "cognito_all": ["custom:none", "cognito:groups"]}});
    let rules = json!([
        {"match": {"path": {"prefix": "/none"}}, "auth": "none"},
        {"match": {"path": {"prefix": "/admin"}}, "require": {"groups": {"any": ["admins"]}}},
    ]);
    let expected = [("cognito_all", "readers,writers"), ("cognito_name", "alice")];
    for (mode, path, is_set) in [
        ("enforce", "/", true),
        ("enforce", "/none", false),
        ("enforce", "/admin", false),
        ("shadow", "/admin", true),
    ] {
        let config = with(
            with(ruled(rules.clone()), "identity", identity.clone()),
            "mode",
            json!(mode),
        );
        let mut world = World::start(&config, 1);
        let id = world.ask(0, &Ask::get(path).with_token(&good_token()));
        let mut found = world.annotations(id);
        found.sort_unstable();
        assert_eq!(found, if is_set { &expected[..] } else { &[] }, "{mode} {path}");
    }
}
