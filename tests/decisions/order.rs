//! Which of several faults is reported: strip, preflight, rule, credential, decoding, `alg`, `iss`, cheap claims, key,
//! signature, requirement.

use super::*;
use envoy_cognito_jwt::env::RouteMetadata;

#[test]
fn the_first_fault_in_order_is_the_one_that_is_reported() {
    // Each row has the faults of all rows after it, too.
    let all = json!({"iss": "https://example.com", "exp": START - 100, "nbf": START + 100, "token_use": "refresh",
        "aud": "another", "sub": SUB});
    let change = |changes: &[(&str, Value)]| {
        let mut claims = all.clone();
        for (name, value) in changes {
            claims[*name] = value.clone();
        }
        claims
    };
    let iss = ("iss", id_claims(START)["iss"].clone());
    let exp = ("exp", json!(START + 100));
    let nbf = ("nbf", json!(START));
    let token_use = ("token_use", json!("id"));
    let aud = ("aud", json!(CLIENT));
    let unknown = json!({"kid": "unknown", "alg": "RS256"});
    let known = json!({"kid": first_key().kid, "alg": "RS256"});
    let claims = [
        (all.clone(), "issuer_unknown"),
        (change(std::slice::from_ref(&iss)), "token_expired"),
        (change(&[iss.clone(), exp.clone()]), "token_not_yet_valid"),
        (change(&[iss.clone(), exp.clone(), nbf.clone()]), "token_use_mismatch"),
        (
            change(&[iss.clone(), exp.clone(), nbf.clone(), token_use.clone()]),
            "client_mismatch",
        ),
        (
            change(&[iss.clone(), exp.clone(), nbf.clone(), token_use.clone(), aud.clone()]),
            "key_unknown",
        ),
    ];
    let mut rows = vec![
        (
            json!({"kid": "unknown", "alg": "none"}),
            all.clone(),
            "algorithm_not_allowed",
        ),
        (json!({"kid": 7, "alg": "none"}), all.clone(), "token_malformed"),
        (
            json!({"kid": "unknown", "alg": "none", "crit": ["x"]}),
            all.clone(),
            "token_malformed",
        ),
        (
            json!({"kid": "unknown", "alg": "none"}),
            change(&[("sub", json!(7))]),
            "token_malformed",
        ),
    ];
    rows.extend(
        claims
            .iter()
            .map(|(claims, code)| (unknown.clone(), claims.clone(), *code)),
    );
    rows.push((known, claims.last().unwrap().0.clone(), "signature_invalid"));
    let mut world = World::start(&ruled(json!([{"require": {"groups": {"any": ["admins"]}}}])), 1);
    for (header, claims, code) in rows {
        // Forged: another key signed it.
        let token = second_key().token(&header.to_string(), &claims.to_string());
        assert_eq!(
            world.fate_of(0, &Ask::bearer(&token)),
            Fate::Refused(code),
            "{header} {claims}"
        );
    }
    assert_eq!(
        world.fate_of(0, &Ask::bearer(&good_token())),
        Fate::Refused("not_permitted")
    );
}

#[test]
fn the_path_comes_before_the_credential_and_the_credential_before_all_else() {
    let mut world = World::start(&ruled(json!([{"match": {"path": {"prefix": "/a"}}}])), 1);
    assert_eq!(world.fate_of(0, &Ask::get("/a;b")), Fate::Refused("path_ambiguous"));
    assert_eq!(
        world.fate_of(0, &Ask::get("/a;b").with_token("x")),
        Fate::Refused("path_ambiguous")
    );
    assert_eq!(world.fate_of(0, &Ask::get("/a")), Fate::Refused("token_missing"));
    let two = Ask::get("/a").with_token(&good_token()).with_token(&good_token());
    assert_eq!(world.fate_of(0, &two), Fate::Refused("token_malformed"));
    let joined = Ask::get("/a").header("authorization", &format!("Bearer {},{}", good_token(), good_token()));
    assert_eq!(world.fate_of(0, &joined), Fate::Refused("token_malformed"));
}

#[test]
fn the_request_comes_before_the_path_and_both_before_the_routes_metadata() {
    let rules = json!([{"match": {"path": {"prefix": "/a"}, "methods": ["GET"], "hosts": ["api.example.com"]}}]);
    let mut world = World::start(&with(ruled(rules), "bypass_cors_preflight", json!(true)), 1);
    let preflight = || {
        Ask::get("/a;b")
            .method("OPTIONS")
            .header("origin", "https://app.example.com")
            .header("access-control-request-method", "POST")
            .on_route(RouteMetadata::Unreadable)
    };
    let overridden = |ask: Ask| ask.header("x-http-method", "PUT");
    for (ask, fate) in [
        (preflight(), Fate::Passed),
        (overridden(preflight()), Fate::Refused("request_ambiguous")),
        (preflight().with_body(), Fate::Refused("path_ambiguous")),
        (preflight().method("GET"), Fate::Refused("path_ambiguous")),
        (
            overridden(Ask::get("/a;b").on_route(RouteMetadata::Unreadable)),
            Fate::Refused("request_ambiguous"),
        ),
        (
            Ask::get("/a").on_route(RouteMetadata::Unreadable),
            Fate::Refused("internal_error"),
        ),
    ] {
        assert_eq!(world.fate_of(0, &ask), fate, "{ask:?}");
    }
}

#[test]
fn a_requirement_is_reported_before_a_new_sign_in_is_demanded() {
    let rules = json!([{"require": {"groups": {"any": ["admins"]}, "max_age_seconds": 1}}]);
    let mut world = World::start(&ruled(rules), 1);
    assert_eq!(
        world.fate_of(0, &Ask::bearer(&good_token())),
        Fate::Refused("not_permitted")
    );
}
