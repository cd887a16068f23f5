//! `mode: shadow`: decides, counts and logs, but rejects nothing.

use super::*;

#[test]
fn nothing_is_rejected_and_all_is_logged() {
    let config = with(
        ruled(json!([{"match": {"path": {"prefix": "/admin"}}, "require": {"groups": {"any": ["admins"]}}}])),
        "mode",
        json!("shadow"),
    );
    let mut world = World::start(&with(config, "identity", json!({"remove_token": true})), 1);
    for (ask, decision, is_identified) in [
        (Ask::get("/"), "token_missing", false),
        (Ask::bearer("garbage"), "token_malformed", false),
        (Ask::bearer(&token_with("exp", json!(1))), "token_expired", false),
        (Ask::get("/admin;x"), "path_ambiguous", false),
        (Ask::get("/admin").with_token(&good_token()), "not_permitted", true),
        (Ask::bearer(&good_token()), "allowed", true),
    ] {
        let id = world.ask(0, &with_forged_headers(ask));
        assert_eq!(world.fate(id), Fate::Passed, "{decision}");
        assert_stripped(&world, id);
        let sub = is_identified.then_some(SUB);
        assert_eq!(world.upstream(id, "x-cognito-sub"), Vec::from_iter(sub), "{decision}");
        assert_eq!(
            world.filter_state(id),
            (Some(decision), sub, is_identified.then_some(CLIENT))
        );
        if decision != "allowed" {
            assert_eq!(world.counter(&format!("would_deny.{decision}")), 1);
            assert_eq!(world.counter(&format!("denied.{decision}")), 0);
        }
        if is_identified {
            assert_eq!(
                world.upstream(id, "authorization"),
                [""; 0],
                "a good token is taken out as ever"
            );
        }
    }
    assert_eq!(world.counter("allowed"), 1);
    assert_eq!(
        world.lines(envoy_cognito_jwt::command::Severity::Debug, "would be denied"),
        5
    );
}
