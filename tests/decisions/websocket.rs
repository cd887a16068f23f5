//! Tokens in `sec-websocket-protocol`: the upstream sees nothing of them, whatever becomes of the request.

use super::*;
use envoy_cognito_jwt::command::ResponseEdit;

const HEADER: &str = "sec-websocket-protocol";

fn world(mode: &str) -> World {
    let config = ruled(json!([
        {"match": {"path": {"prefix": "/none"}}, "auth": "none"},
        {"match": {"path": {"prefix": "/optional"}}, "auth": "optional"},
        {"match": {"path": {"prefix": "/admin"}}, "require": {"groups": {"any": ["admins"]}}},
    ]));
    let sources = json!([{"header": "authorization", "scheme": "Bearer"}, {"websocket_protocol": "cognito"}]);
    let config = with(with(config, "token_sources", sources), "mode", json!(mode));
    World::start(&with(config, "bypass_cors_preflight", json!(true)), 1)
}

fn offering(path: &str, protocols: &str) -> Ask {
    Ask::get(path).header("upgrade", "websocket").header(HEADER, protocols)
}

#[test]
fn a_token_that_is_offered_as_a_protocol_identifies_the_user() {
    let token = good_token();
    let mut world = world("enforce");
    for (protocols, left, is_answered) in [
        (format!("cognito, {token}"), &[][..], true),
        (
            format!("chat, cognito, {token}, graphql-ws"),
            &["chat, graphql-ws"],
            true,
        ),
        (format!("chat, cognito.{token}"), &["chat"], false),
    ] {
        let id = world.ask(0, &offering("/", &protocols));
        assert_eq!(world.fate(id), Fate::Passed);
        assert_eq!(world.upstream(id, "x-cognito-sub"), [SUB]);
        assert_eq!(world.upstream(id, HEADER), left);
        let edit = is_answered.then(|| ResponseEdit::websocket_protocol("cognito"));
        assert_eq!(world.response_edit(id), edit.as_ref());
    }
}

#[test]
fn no_way_through_leaves_it_to_the_upstream() {
    let token = good_token();
    let preflight = |protocols: &str| {
        Ask::get("/")
            .method("OPTIONS")
            .header("origin", "https://app.example.com")
            .header("access-control-request-method", "POST")
            .header(HEADER, protocols)
    };
    for (mode, ask, decision) in [
        (
            "enforce",
            offering("/none", &format!("chat, cognito, {token}")),
            "bypassed",
        ),
        ("enforce", preflight(&format!("cognito.{token}, chat")), "bypassed"),
        // The header comes first among the sources: the protocol is not even looked at.
        (
            "enforce",
            offering("/", &format!("cognito, {token}, chat")).with_token(&token),
            "allowed",
        ),
        ("shadow", offering("/", "cognito, garbage, chat"), "token_malformed"),
        ("shadow", offering("/", "chat, cognito"), "token_malformed"),
        (
            "shadow",
            offering("/", &format!("cognito, {token}, chat, cognito.{token}")),
            "token_malformed",
        ),
        (
            "shadow",
            offering("/admin", &format!("chat, cognito, {token}")),
            "not_permitted",
        ),
        ("shadow", offering("/a", "chat"), "token_missing"),
    ] {
        let mut world = world(mode);
        let id = world.ask(0, &ask);
        assert_eq!(world.fate(id), Fate::Passed, "{mode} {decision}");
        assert_eq!(world.filter_state(id).0, Some(decision), "{mode}");
        assert_eq!(world.upstream(id, HEADER), ["chat"], "{mode} {decision}");
    }
}

#[test]
fn what_is_no_single_token_is_refused() {
    let token = good_token();
    let mut world = world("enforce");
    for (path, protocols, code) in [
        ("/", "chat".to_owned(), "token_missing"),
        ("/", "cognito".to_owned(), "token_malformed"),
        ("/", "cognito.".to_owned(), "token_malformed"),
        ("/", format!("cognito, {token}, cognito, {token}"), "token_malformed"),
        ("/", format!("cognito, {token}, cognito.{token}"), "token_malformed"),
        ("/", format!("cognito, chat, {token}"), "token_malformed"),
        ("/", format!("{token}, cognito"), "token_malformed"),
        ("/", format!("Cognito, {token}"), "token_missing"),
        ("/optional", "cognito".to_owned(), "token_malformed"),
    ] {
        assert_eq!(world.fate_of(0, &offering(path, &protocols)), Fate::Refused(code));
    }
}
