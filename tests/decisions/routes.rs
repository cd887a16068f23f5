//! Routes that decide for themselves.

use super::*;
use envoy_cognito_jwt::command::Severity;
use envoy_cognito_jwt::env::{MetadataValue, RouteMetadata};

fn says(auth: Option<&str>, groups: Option<&[&str]>, scopes: Option<&[&str]>) -> RouteMetadata {
    let list = |words: &[&str]| MetadataValue::List(words.iter().map(|word| (*word).to_owned()).collect());
    RouteMetadata::Present {
        auth: auth.map(|auth| MetadataValue::Text(auth.to_owned())),
        groups: groups.map(list),
        scopes: scopes.map(list),
    }
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

#[test]
fn metadata_that_cannot_be_read_lets_nothing_pass_and_says_so() {
    let only = |auth| RouteMetadata::Present {
        auth: Some(auth),
        groups: None,
        scopes: None,
    };
    for metadata in [
        RouteMetadata::Unreadable,
        says(Some("nobody"), None, None),
        says(Some("None"), None, None),
        says(Some(""), None, None),
        says(None, Some(&[]), None),
        says(None, None, Some(&[])),
        says(Some("none"), Some(&["readers"]), None),
        says(Some("optional"), None, Some(&["x"])),
        only(MetadataValue::Other),
        only(MetadataValue::List(vec!["none".to_owned()])),
        RouteMetadata::Present {
            auth: None,
            groups: Some(MetadataValue::Text("readers".to_owned())),
            scopes: None,
        },
    ] {
        let mut world = World::start(&ruled(json!([{"auth": "none"}])), 1);
        let id = world.ask(
            0,
            &with_forged_headers(Ask::bearer(&good_token())).on_route(metadata.clone()),
        );
        assert_eq!(world.fate(id), Fate::Refused("internal_error"), "{metadata:?}");
        assert_eq!(world.lines(Severity::Error, "\"the-route\""), 1, "{:?}", world.log);
        assert_stripped(&world, id);
    }
}

#[test]
fn an_ambiguous_path_is_refused_on_such_a_route_too() {
    let mut world = World::start(&ruled(json!([{"match": {"path": {"prefix": "/a"}}}])), 1);
    let ask = Ask::get("/a%5cb").on_route(says(Some("none"), None, None));
    assert_eq!(world.fate_of(0, &ask), Fate::Refused("path_ambiguous"));
}
