//! The JSON Schema (2020-12) of the configuration, generated from the table.

use super::check::MAX_EXACT_NUMBER;
use super::{CONFIGURATION, Field, List, Map, Members, Object, Pattern, Presence, Shape, Type};
use serde_json::{Map as JsonMap, Value, json};

/// Returns the JSON Schema of the configuration. Every configuration that the plugin accepts is valid. One with a wrong type, range
/// or form, with unknown members or without required ones is not. The schema does not cover what values mean together.
pub fn json_schema() -> Value {
    let mut schema = schema_of(&CONFIGURATION);
    set(&mut schema, "$schema", "https://json-schema.org/draft/2020-12/schema");
    set(&mut schema, "title", "Configuration of envoy-cognito-jwt");
    schema
}

/// Returns the JSON Schema of one type of the configuration.
pub fn schema_of(ty: &Type) -> Value {
    match &ty.shape {
        Shape::AnyText => json!({"type": "string"}),
        Shape::Text(None) => json!({"type": "string", "minLength": 1}),
        Shape::Text(Some(pattern)) => of_pattern(*pattern),
        Shape::Number => {
            json!({"type": "number", "exclusiveMinimum": -MAX_EXACT_NUMBER, "exclusiveMaximum": MAX_EXACT_NUMBER})
        }
        Shape::Integer(least, most) => json!({"type": "integer", "minimum": least, "maximum": most}),
        Shape::Boolean => json!({"type": "boolean"}),
        Shape::Words([only]) => json!({"const": only}),
        Shape::Words(words) => json!({"enum": words}),
        Shape::List(list) => of_list(list),
        Shape::Map(map) => of_map(map),
        Shape::Object(object) => of_object(object),
        Shape::JwkSet => json!({"type": "object"}),
        Shape::Either { types, .. } => json!({"anyOf": types.iter().map(|ty| schema_of(ty)).collect::<Vec<_>>()}),
    }
}

fn of_pattern(pattern: Pattern) -> Value {
    let mut schema = json!({"type": "string", "pattern": pattern.regex()});
    if let Some(exception) = pattern.exception() {
        set(&mut schema, "not", json!({"const": exception}));
    }
    schema
}

fn of_list(list: &List) -> Value {
    let mut schema = json!({"type": "array", "items": schema_of(list.items)});
    if list.least > 0 {
        set(&mut schema, "minItems", list.least);
    }
    if list.most < usize::MAX {
        set(&mut schema, "maxItems", list.most);
    }
    if list.unique {
        set(&mut schema, "uniqueItems", true);
    }
    schema
}

fn of_map(map: &Map) -> Value {
    let mut schema = json!({
        "type": "object",
        "propertyNames": {"minLength": 1},
        "additionalProperties": schema_of(map.values),
    });
    if map.least > 0 {
        set(&mut schema, "minProperties", map.least);
    }
    schema
}

fn of_object(object: &Object) -> Value {
    let properties: JsonMap<String, Value> = object
        .fields
        .iter()
        .map(|field| (field.name.into(), of_field(field)))
        .collect();
    let mut schema = json!({
        "title": object.title,
        "description": object.description,
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    let is_required = |field: &&Field| field.presence == Presence::Required;
    let required: Vec<&str> = object
        .fields
        .iter()
        .filter(is_required)
        .map(|field| field.name)
        .collect();
    if !required.is_empty() {
        set(&mut schema, "required", required);
    }
    match object.members {
        Members::Any => {}
        Members::AtLeastOne => set(&mut schema, "minProperties", 1),
        Members::ExactlyOneOf(names) => {
            let each: Vec<Value> = names.iter().map(|name| json!({"required": [name]})).collect();
            set(&mut schema, "oneOf", each);
        }
    }
    if !object.beside.is_empty() {
        let needs = object.beside.iter().map(|pair| (pair.name.into(), json!([pair.other])));
        set(
            &mut schema,
            "dependentRequired",
            needs.collect::<JsonMap<String, Value>>(),
        );
    }
    schema
}

fn of_field(field: &Field) -> Value {
    let mut schema = schema_of(field.ty);
    set(&mut schema, "description", field.description);
    let parse = |text: &str| serde_json::from_str::<Value>(text).ok();
    if let Presence::Default(default) = field.presence
        && let Some(default) = parse(default)
    {
        set(&mut schema, "default", default);
    }
    if let Some(example) = parse(field.ty.example) {
        set(&mut schema, "examples", json!([example]));
    }
    schema
}

fn set(schema: &mut Value, name: &str, value: impl Into<Value>) {
    if let Value::Object(members) = schema {
        members.insert(name.into(), value.into());
    }
}
