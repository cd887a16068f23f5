//! Finds the filter's configurations in files: as such, or inside of Envoy's, Istio's and Envoy Gateway's documents.

use serde_json::Value;
use std::fmt;
use std::io::Read;
use std::path::Path;

/// A configuration of the filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where it stands in the file (`spec.pluginConfig`); empty if the file is nothing else.
    pub place: String,
    /// Its JSON text, as the filter would get it.
    pub json: String,
}

/// Why a file is of no use.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// It cannot be read.
    #[error("cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// It is neither YAML nor JSON.
    #[error("is neither YAML nor JSON: {0}")]
    Syntax(String),
    /// It holds none of ours.
    #[error(
        "holds no configuration of this filter: expected the plugin configuration itself, an Envoy configuration with the \
         filter, or a WasmPlugin, EnvoyFilter or EnvoyExtensionPolicy"
    )]
    NothingFound,
}

/// The name under which standard input is asked for.
pub const STANDARD_INPUT: &str = "-";

/// Reads a file, or standard input.
///
/// # Errors
/// It cannot be read, or is not UTF-8.
pub fn read(file: &Path) -> Result<String, Unusable> {
    let mut text = String::new();
    if file.as_os_str() == STANDARD_INPUT {
        std::io::stdin().read_to_string(&mut text)?;
    } else {
        std::fs::File::open(file)?.read_to_string(&mut text)?;
    }
    Ok(text)
}

/// Finds all configurations of the filter in a text.
///
/// # Errors
/// It is neither YAML nor JSON, or holds none.
pub fn find(text: &str) -> Result<Vec<Found>, Unusable> {
    // A plugin configuration by itself is checked as text, so that a repeated member is reported as the filter reports it.
    if let Ok(value) = serde_json::from_str::<Value>(text)
        && is_configuration(&value)
    {
        return Ok(vec![Found {
            place: String::new(),
            json: text.to_owned(),
        }]);
    }
    let documents: Vec<Value> =
        serde_saphyr::from_multiple(text).map_err(|error| Unusable::Syntax(first_line(&error.to_string())))?;
    let mut found = Vec::new();
    let several = documents.len() > 1;
    for (index, document) in documents.iter().enumerate() {
        let mut place = Place::default();
        if several {
            place = place.inside(&format!("document {}", index.saturating_add(1)));
        }
        if is_configuration(document) {
            found.push(Found {
                place: place.to_string(),
                json: document.to_string(),
            });
        } else {
            search(document, &place, &mut found);
        }
    }
    if found.is_empty() {
        return Err(Unusable::NothingFound);
    }
    Ok(found)
}

/// Reports whether a value is a plugin configuration and not a document that holds one: `pools` is the member that each must have.
fn is_configuration(value: &Value) -> bool {
    value.get("pools").is_some() && value.get("kind").is_none() && value.get("@type").is_none()
}

/// Searches a document. Where a proxy's own fields say that a configuration is for this filter it is taken whatever it holds, so that
/// one with errors is found as well.
fn search(value: &Value, place: &Place, found: &mut Vec<Found>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let inside = place.member(name);
                match configuration_at(name, member, value) {
                    Some((path, json)) => found.push(Found {
                        place: format!("{inside}{path}"),
                        json,
                    }),
                    None => search(member, &inside, found),
                }
            }
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                search(element, &place.element(index), found);
            }
        }
        // A ConfigMap holds files as strings. A document that is a string itself, of one line, is no file.
        Value::String(text) if !place.0.is_empty() && text.contains('\n') && text.contains("pools") => {
            if let Ok(inner) = find(text) {
                found.extend(inner.into_iter().map(|inner| Found {
                    place: format!("{place} > {}", inner.place),
                    ..inner
                }));
            }
        }
        _ => {}
    }
}

/// Returns the configuration that the member `name` of `parent` is, and its place below that.
fn configuration_at(name: &str, member: &Value, parent: &Value) -> Option<(&'static str, String)> {
    let is_ours = || is_configuration(member) || mentions_filter(parent);
    match name {
        // Envoy: `PluginConfig.configuration` of a Wasm filter, `filter_config` of a dynamic module.
        "configuration" | "filter_config" | "configValue" => {
            let any = member.get("@type").and_then(Value::as_str);
            let inner = member.get("value");
            match (any, inner) {
                (Some(any), Some(Value::String(text))) if any.ends_with("google.protobuf.StringValue") => {
                    (text.contains("\"pools\"") || mentions_filter(parent)).then(|| (".value", text.clone()))
                }
                (Some(any), Some(fields)) if any.ends_with("google.protobuf.Struct") => {
                    (is_configuration(fields) || mentions_filter(parent)).then(|| (".value", fields.to_string()))
                }
                _ => None,
            }
        }
        // Istio: WasmPlugin's `pluginConfig`; Envoy Gateway: `config` of an extension policy's `wasm`.
        "pluginConfig" if member.is_object() => is_ours().then(|| ("", member.to_string())),
        "config" if member.is_object() && parent.get("code").is_some() => is_ours().then(|| ("", member.to_string())),
        _ => None,
    }
}

/// Reports whether the fields around a configuration name the filter's module.
fn mentions_filter(parent: &Value) -> bool {
    let names = ["envoy_cognito_jwt", "envoy-cognito-jwt"];
    let mentions = |value: &Value| {
        let text = value.to_string();
        names.iter().any(|name| text.contains(name))
    };
    let around = ["vm_config", "vmConfig", "dynamic_module_config", "code", "url"];
    around.iter().filter_map(|name| parent.get(name)).any(mentions)
}

/// Returns the first line of a parser's message; the others draw a picture of the text.
fn first_line(message: &str) -> String {
    message.lines().next().unwrap_or_default().to_owned()
}

/// A path inside of a document.
#[derive(Clone, Debug, Default)]
struct Place(String);

impl Place {
    fn inside(&self, text: &str) -> Place {
        Place(format!("{}{text}", self.0))
    }

    fn member(&self, name: &str) -> Place {
        let is_plain = name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
        match (is_plain, self.0.is_empty()) {
            (true, true) => self.inside(name),
            (true, false) => self.inside(&format!(".{name}")),
            (false, _) => self.inside(&format!("[{}]", Value::from(name))),
        }
    }

    fn element(&self, index: usize) -> Place {
        self.inside(&format!("[{index}]"))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POOLS: &str = r#"{"pools": []}"#;

    fn places(text: &str) -> Vec<(String, String)> {
        let found = find(text).unwrap();
        found
            .into_iter()
            .map(|found| (found.place, found.json.replace(' ', "")))
            .collect()
    }

    #[test]
    fn configurations_are_found_where_proxies_have_them() {
        for (text, place) in [
            (POOLS.to_owned(), ""),
            ("pools: []".to_owned(), ""),
            (
                format!(
                    r#"http_filters: [{{typed_config: {{config: {{configuration: {{"@type": type.googleapis.com/google.protobuf.StringValue, value: '{POOLS}'}}}}}}}}]"#
                ),
                "http_filters[0].typed_config.config.configuration.value",
            ),
            (
                r#"a: {configuration: {"@type": type.googleapis.com/google.protobuf.Struct, value: {pools: []}}}"#
                    .to_owned(),
                "a.configuration.value",
            ),
            (
                format!(
                    r#"{{dynamic_module_config: {{name: envoy_cognito_jwt}}, filter_config: {{"@type": type.googleapis.com/google.protobuf.StringValue, value: '{POOLS}'}}}}"#
                ),
                "filter_config.value",
            ),
            (
                "kind: WasmPlugin\nspec: {pluginConfig: {pools: []}}".to_owned(),
                "spec.pluginConfig",
            ),
            (
                "kind: EnvoyExtensionPolicy\nspec: {wasm: [{name: x, code: {type: Image}, config: {pools: []}}]}"
                    .to_owned(),
                "spec.wasm[0].config",
            ),
            (
                "a: 1\n---\nspec: {pluginConfig: {pools: []}}".to_owned(),
                "document 2.spec.pluginConfig",
            ),
        ] {
            assert_eq!(
                places(&text),
                [(place.to_owned(), r#"{"pools":[]}"#.to_owned())],
                "{text}"
            );
        }
    }

    #[test]
    fn a_configuration_with_faults_is_found_by_what_stands_around_it() {
        let text = r#"{vm_config: {code: {local: {filename: /x/envoy_cognito_jwt.wasm}}},
            configuration: {"@type": type.googleapis.com/google.protobuf.StringValue, value: '{"pool": 1'}}"#;
        assert_eq!(
            places(text),
            [("configuration.value".to_owned(), r#"{"pool":1"#.to_owned())]
        );
        let text = "kind: WasmPlugin\nspec: {url: 'oci://r/envoy-cognito-jwt', pluginConfig: {pool: 1}}";
        assert_eq!(
            places(text),
            [("spec.pluginConfig".to_owned(), r#"{"pool":1}"#.to_owned())]
        );
    }

    #[test]
    fn what_holds_none_says_so() {
        for text in [
            "{}",
            "a: b",
            "kind: WasmPlugin\nspec: {url: 'oci://other', pluginConfig: {a: 1}}",
            "text",
        ] {
            assert!(matches!(find(text), Err(Unusable::NothingFound)), "{text}");
        }
        assert!(matches!(find("a: [1"), Err(Unusable::Syntax(_))));
        assert!(matches!(find("a: 1\na: 2"), Err(Unusable::Syntax(_))), "a repeated key");
    }
}
