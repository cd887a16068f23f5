//! The JSON Schema: it is the committed one, and it knows of types, bounds and members what the reader knows.

use super::hostile::tree;
use super::support::{pool_with, smallest};
use envoy_cognito_jwt::config::Config;
use envoy_cognito_jwt::config::schema::{CONFIGURATION, Field, Object, Presence, Shape, Type, json_schema, schema_of};
use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::LazyLock;

static SCHEMA: LazyLock<Validator> = LazyLock::new(|| jsonschema::draft202012::new(&json_schema()).unwrap());

/// Holds that the schema says of `config` what the reader says: it is valid unless a fault is one of types, bounds or members.
pub fn agrees_on(config: &Value) {
    let structural = match Config::parse(config.to_string().as_bytes()) {
        Ok(_) => None,
        Err(errors) => errors
            .iter()
            .find(|error| error.fault.is_structural())
            .map(ToString::to_string),
    };
    let invalid = SCHEMA
        .iter_errors(config)
        .next()
        .map(|error| format!("{}: {error}", error.instance_path()));
    assert_eq!(
        structural.is_some(),
        invalid.is_some(),
        "{config}\n  reader: {structural:?}\n  schema: {invalid:?}"
    );
}

#[test]
fn the_committed_schema_is_this_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/config.schema.json");
    if std::env::var_os("UPDATE").is_some() {
        let text = serde_json::to_string_pretty(&json_schema()).unwrap();
        std::fs::write(&path, format!("{text}\n")).unwrap();
    }
    let committed: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let is_same = committed == json_schema();
    assert!(
        is_same,
        "write it anew: UPDATE=1 cargo test --test config the_committed_schema"
    );
}

#[test]
fn the_schema_is_one() {
    jsonschema::meta::validate(&json_schema()).unwrap();
}

#[test]
fn defaults_and_examples_are_of_their_types() {
    let mut fields = Vec::new();
    collect(&CONFIGURATION, &mut fields);
    assert!(fields.len() > 60, "{}", fields.len());
    let validator = |ty| jsonschema::draft202012::new(&schema_of(ty)).unwrap();
    for field in fields {
        let is_valid = |text: &str| {
            let value: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{}: {error}", field.name));
            validator(field.ty).is_valid(&value)
        };
        assert!(is_valid(field.ty.example), "{}: {}", field.name, field.ty.example);
        if let Presence::Default(default) = field.presence {
            assert!(is_valid(default), "{}: {default}", field.name);
        }
        assert!(
            field.description.ends_with('.'),
            "{}: {}",
            field.name,
            field.description
        );
    }
}

fn collect(ty: &'static Type, fields: &mut Vec<&'static Field>) {
    match &ty.shape {
        Shape::List(list) => collect(list.items, fields),
        Shape::Map(map) => collect(map.values, fields),
        Shape::Either { types, .. } => types.iter().for_each(|ty| collect(ty, fields)),
        Shape::Object(Object { fields: more, .. }) => {
            for field in *more {
                fields.push(field);
                collect(field.ty, fields);
            }
        }
        Shape::AnyText
        | Shape::Text(_)
        | Shape::Number
        | Shape::Integer(..)
        | Shape::Boolean
        | Shape::Words(_)
        | Shape::JwkSet => {}
    }
}

#[test]
fn the_schema_and_the_reader_agree_on_bounds_and_forms() {
    let pool = |name: &str, value: Value| json!({"pools": [pool_with(name, value)]});
    let rule = |require: Value| {
        let mut config = smallest();
        config["rules"] = json!([{"match": {"path": {"template": "/{a}"}}, "require": require}]);
        config
    };
    let claim = |matcher: Value| rule(json!({"claims": {"a": matcher}}));
    for config in [
        json!(null),
        json!([]),
        json!({}),
        pool("user_pool_id", json!("us-east-1_a\n")),
        pool("user_pool_id", json!("us-east-1_a_b")),
        pool("user_pool_id", json!("\u{e9}_a")),
        pool("region", json!("")),
        pool("client_ids", json!("any")),
        pool("client_ids", json!("ANY")),
        pool("client_ids", json!(["any"])),
        pool("client_ids", json!(["a".repeat(128)])),
        pool("client_ids", json!(["a".repeat(129)])),
        pool("client_ids", json!(["a", "a"])),
        pool("client_ids", json!([])),
        pool("jwks", json!({})),
        pool("jwks", json!({"cluster": "c", "ttl_seconds": 60.0})),
        pool("jwks", json!({"cluster": "c", "ttl_seconds": 60.5})),
        pool(
            "jwks",
            json!({"cluster": "c", "ttl_seconds": -0.0, "max_stale_seconds": -0.0}),
        ),
        pool("jwks", json!({"cluster": "c", "ttl_seconds": 1e20})),
        pool("jwks", json!({"inline": {}, "cluster": "c"})),
        pool("jwks", json!({"inline": {}, "uri": "https://a.example"})),
        pool("jwks", json!({"uri": "https://a.example"})),
        rule(json!({})),
        rule(json!([])),
        rule(json!([{}])),
        rule(json!([{"token_use": "id"}, {"token_use": "id"}])),
        rule(json!(vec![json!({"token_use": "id"}); 16])),
        rule(json!(vec![json!({"token_use": "id"}); 17])),
        rule(json!({"scopes": {"any": ["a b"]}})),
        rule(json!({"scopes": {"any": ["a\"b"]}})),
        rule(json!({"scopes": {"any": ["a[b]~"]}})),
        rule(json!({"groups": {"any": ["a b"], "all": []}})),
        rule(json!({"claims": {"": 1}})),
        claim(json!("")),
        claim(json!([1, 1.0])),
        claim(json!([1, "1"])),
        claim(json!(9_007_199_254_740_991_i64)),
        claim(json!(9_007_199_254_740_992_i64)),
        claim(json!(-9_007_199_254_740_993_i64)),
        claim(json!(1e300)),
        claim(json!({"prefix": ""})),
        claim(json!({"prefix": "a", "suffix": "b"})),
        claim(json!({"present": "true"})),
        claim(json!({"not": {"prefix": "a"}})),
        claim(json!({"not": []})),
        claim(json!([["a"]])),
        claim(json!(null)),
        json!({"pools": [pool_with("token_use", json!("id"))], "$schema": ""}),
        json!({"pools": [pool_with("token_use", json!("id"))], "$schema": 1}),
        json!({"pools": [pool_with("token_use", json!("id"))], "realm": "a b~"}),
        json!({"pools": [pool_with("token_use", json!("id"))], "realm": "a\tb"}),
        json!({"pools": [pool_with("token_use", json!("id"))], "token_sources": [{"query": "a", "scheme": "b"}]}),
        json!({"pools": [pool_with("token_use", json!("id"))], "limits": {"token_bytes": 1023}}),
        json!({"pools": [pool_with("token_use", json!("id"))], "limits": {"header_value_bytes": 65_537}}),
        json!({"pools": [pool_with("token_use", json!("id"))], "token_cache": {"max_mebibytes": 513}}),
    ] {
        agrees_on(&config);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_schema_and_the_reader_agree_on_anything(tree in tree(), at in 0_usize..6) {
        let mut config = smallest();
        match at {
            0 => config["pools"] = json!([tree]),
            1 => config["rules"] = json!([tree]),
            2 => config["rules"] = json!([{"require": tree}]),
            3 => config["identity"] = tree,
            4 => config["token_sources"] = json!([tree]),
            _ => config["user_lookup"] = tree,
        }
        agrees_on(&config);
    }
}
