//! Routes that decide for themselves.

use super::*;
use envoy_cognito_jwt::command::Severity;
use envoy_cognito_jwt::env::{MetadataValue, RouteMetadata};

fn list(words: &[&str]) -> MetadataValue {
    MetadataValue::List(words.iter().map(|word| (*word).to_owned()).collect())
}

fn text(text: &str) -> MetadataValue {
    MetadataValue::Text(text.to_owned())
}

fn members(members: &[(&str, MetadataValue)]) -> RouteMetadata {
    let members = members.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    RouteMetadata::Present(members.collect())
}

fn says(auth: Option<&str>, groups: Option<&[&str]>, scopes: Option<&[&str]>) -> RouteMetadata {
    let given = [
        ("auth", auth.map(text)),
        ("groups", groups.map(list)),
        ("scopes", scopes.map(list)),
    ];
    let given: Vec<_> = given
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect();
    members(&given)
}

#[test]
fn a_routes_own_decision_comes_before_the_rules() {
    let closed = ruled(json!([{"require": {"groups": {"any": ["admins"]}}}]));
    let open = ruled(json!([{"auth": "none"}]));
    for (config, metadata, without_token, with_token) in [
        (
            &closed,
            RouteMetadata::Absent,
            Fate::Refused("token_missing"),
            Fate::Refused("not_permitted"),
        ),
        (
            &closed,
            says(None, None, None),
            Fate::Refused("token_missing"),
            Fate::Refused("not_permitted"),
        ),
        (&closed, says(Some("none"), None, None), Fate::Passed, Fate::Passed),
        (&closed, says(Some("optional"), None, None), Fate::Passed, Fate::Passed),
        (
            &closed,
            says(Some("required"), None, None),
            Fate::Refused("token_missing"),
            Fate::Passed,
        ),
        (&open, RouteMetadata::Absent, Fate::Passed, Fate::Passed),
        (
            &open,
            says(Some("required"), None, None),
            Fate::Refused("token_missing"),
            Fate::Passed,
        ),
        (
            &open,
            says(None, Some(&["readers", "x"]), None),
            Fate::Refused("token_missing"),
            Fate::Passed,
        ),
        (
            &open,
            says(None, Some(&["admins"]), None),
            Fate::Refused("token_missing"),
            Fate::Refused("not_permitted"),
        ),
        (
            &open,
            says(None, None, Some(&["x"])),
            Fate::Refused("token_missing"),
            Fate::Refused("not_permitted"),
        ),
    ] {
        let mut world = World::start(config, 1);
        assert_eq!(
            world.fate_of(0, &Ask::get("/").on_route(metadata.clone())),
            without_token,
            "{metadata:?}"
        );
        let asked = Ask::bearer(&good_token()).on_route(metadata.clone());
        assert_eq!(world.fate_of(0, &asked), with_token, "{metadata:?}");
    }
}

/// Metadata that cannot be read, and what the log line names.
fn unreadable() -> Vec<(RouteMetadata, &'static str)> {
    let auth = ("auth", text("none"));
    let groups = ("groups", list(&["readers"]));
    vec![
        (RouteMetadata::Unreadable, "cannot be read"),
        (says(Some("nobody"), None, None), "auth: must be"),
        (says(Some("None"), None, None), "not \"None\""),
        (members(&[("auth", MetadataValue::Other)]), "auth: must be"),
        (members(&[("auth", list(&["none"]))]), "auth: must be"),
        (says(None, Some(&[]), None), "groups: must be"),
        (says(None, None, Some(&[])), "scopes: must be"),
        (members(&[("groups", text("readers"))]), "groups: must be"),
        (
            says(Some("none"), Some(&["readers"]), None),
            "groups: is only allowed with",
        ),
        (
            says(Some("optional"), None, Some(&["x"])),
            "scopes: is only allowed with",
        ),
        (members(&[("group", list(&["readers"]))]), "unknown member \"group\""),
        (members(&[("Groups", list(&["readers"]))]), "unknown member \"Groups\""),
        (
            members(&[("require", MetadataValue::Other)]),
            "unknown member \"require\"",
        ),
        (
            members(&[auth.clone(), ("owner", text("team"))]),
            "unknown member \"owner\"",
        ),
        (
            members(&[("require", MetadataValue::Other), auth]),
            "unknown member \"require\"",
        ),
        (
            members(&[groups, ("scope", list(&["x"]))]),
            "unknown member \"scope\"; members are: auth, groups, scopes",
        ),
    ]
}

#[test]
fn metadata_that_cannot_be_read_lets_nothing_pass_and_says_so() {
    for (metadata, names) in unreadable() {
        let mut world = World::start(&ruled(json!([{"auth": "none"}])), 1);
        let id = world.ask(
            0,
            &with_forged_headers(Ask::bearer(&good_token())).on_route(metadata.clone()),
        );
        assert_eq!(world.fate(id), Fate::Refused("internal_error"), "{metadata:?}");
        assert_eq!(world.lines(Severity::Error, "\"the-route\""), 1, "{:?}", world.log);
        assert_eq!(world.lines(Severity::Error, names), 1, "{names}: {:?}", world.log);
        assert_stripped(&world, id);
    }
}

#[test]
fn in_shadow_mode_such_metadata_is_counted_and_passes_without_identity() {
    for (metadata, names) in unreadable() {
        let config = with(ruled(json!([])), "mode", json!("shadow"));
        let mut world = World::start(&config, 1);
        let id = world.ask(0, &with_forged_headers(Ask::bearer(&good_token())).on_route(metadata));
        assert_eq!(world.fate(id), Fate::Passed, "{names}");
        assert_eq!(world.filter_state(id), (Some("internal_error"), None, None));
        assert_eq!(world.upstream(id, "x-cognito-sub"), [""; 0]);
        assert_eq!(world.lines(Severity::Error, names), 1, "{names}: {:?}", world.log);
        assert_stripped(&world, id);
    }
}

#[test]
fn an_ambiguous_path_is_refused_on_such_a_route_too() {
    let mut world = World::start(&ruled(json!([{"match": {"path": {"prefix": "/a"}}}])), 1);
    let ask = Ask::get("/a%5cb").on_route(says(Some("none"), None, None));
    assert_eq!(world.fate_of(0, &ask), Fate::Refused("path_ambiguous"));
    // It comes before the metadata, readable or not.
    let ask = ask.on_route(RouteMetadata::Unreadable);
    assert_eq!(world.fate_of(0, &ask), Fate::Refused("path_ambiguous"));
}
