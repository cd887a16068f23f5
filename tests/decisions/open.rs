//! Requests that need no token.

use super::*;
use envoy_cognito_jwt::env::RouteMetadata;

fn preflight(path: &str) -> Ask {
    Ask::get(path)
        .method("OPTIONS")
        .header("origin", "https://app.example.com")
        .header("access-control-request-method", "POST")
}

#[test]
fn open_rules_let_pass_without_identity() {
    let config = ruled(json!([
        {"match": {"path": {"exact": "/health"}}, "auth": "none"},
        {"match": {"path": {"prefix": "/news"}}, "auth": "optional"},
    ]));
    let mut world = World::start(&config, 1);
    for ask in [
        Ask::get("/health"),
        Ask::get("/health").with_token("garbage"),
        Ask::get("/health").with_token(&good_token()),
        Ask::get("/news/today"),
        Ask::get("/news").header("authorization", "Basic YTpi"),
    ] {
        let id = world.ask(0, &with_forged_headers(ask));
        assert_eq!(world.fate(id), Fate::Passed);
        assert_eq!(world.filter_state(id), (Some("bypassed"), None, None));
        assert_eq!(world.upstream(id, "x-cognito-sub"), [""; 0]);
        assert_stripped(&world, id);
    }
    assert_eq!((world.counter("bypassed"), world.counter("allowed")), (5, 0));
    // Optional is not lax: who shows a token shows a good one.
    let id = world.ask(0, &Ask::get("/news").with_token(&good_token()));
    assert_eq!(world.upstream(id, "x-cognito-sub"), [SUB]);
    for (token, code) in [
        ("garbage".to_owned(), "token_malformed"),
        (token_with("exp", json!(1)), "token_expired"),
        (second_key().sign_claims(&id_claims(START)), "key_unknown"),
        (String::new(), "token_malformed"),
    ] {
        assert_eq!(
            world.fate_of(0, &Ask::get("/news").with_token(&token)),
            Fate::Refused(code)
        );
    }
}

#[test]
fn a_preflight_passes_where_that_is_wanted_and_comes_before_the_rules() {
    let rules = json!([{"match": {"path": {"prefix": "/a"}}}]);
    let config = with(ruled(rules), "bypass_cors_preflight", json!(true));
    let mut world = World::start(&config, 1);
    for (path, metadata) in [
        ("/", RouteMetadata::Absent),
        ("/a", RouteMetadata::Absent),
        ("/a;b", RouteMetadata::Unreadable),
    ] {
        let ask = preflight(path).header("content-length", "0").on_route(metadata);
        let id = world.ask(0, &with_forged_headers(ask));
        assert_eq!(world.fate(id), Fate::Passed, "{path}");
        assert_eq!(world.filter_state(id), (Some("bypassed"), None, None));
        assert_stripped(&world, id);
    }
    assert_eq!(
        (world.counter("cors_preflight_bypassed"), world.counter("bypassed")),
        (3, 0)
    );
    for no_preflight in [
        preflight("/").method("GET"),
        preflight("/").method("options"),
        Ask::get("/").method("OPTIONS"),
        Ask::get("/")
            .method("OPTIONS")
            .header("origin", "https://app.example.com"),
        Ask::get("/")
            .method("OPTIONS")
            .header("access-control-request-method", "POST"),
        preflight("/").with_body(),
        preflight("/").header("upgrade", "websocket"),
        preflight("/").header("upgrade", ""),
        preflight("/").header("x-http-method-override", "DELETE"),
        preflight("/").header("x_method_override", "GET"),
        preflight("/").header("transfer-encoding", "chunked"),
        preflight("/").header("content-length", "1"),
        preflight("/").header("content-length", ""),
        preflight("/")
            .header("content-length", "0")
            .header("content-length", "5"),
    ] {
        assert_eq!(
            world.fate_of(0, &no_preflight),
            Fate::Refused("token_missing"),
            "{no_preflight:?}"
        );
    }
    let mut world = World::start(&ruled(json!([])), 1);
    assert_eq!(world.fate_of(0, &preflight("/")), Fate::Refused("token_missing"));
}
