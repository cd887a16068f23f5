//! Every configuration that the repository shows loads, and is valid against the JSON Schema that editors use.
#![allow(clippy::unwrap_used, clippy::panic)]

use cognito_jwt::config::Config;
use cognito_jwt::config::schema::json_schema;
use cognito_jwt_explain::documents;
use std::path::{Path, PathBuf};

/// Returns the YAML files below `folder`.
fn yaml_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(yaml_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            files.push(path);
        }
    }
    files
}

#[test]
fn examples_load_and_are_valid() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let schema = jsonschema::draft202012::new(&json_schema()).unwrap();
    let mut number: usize = 0;
    for file in ["envoy", "deploy", "examples"]
        .iter()
        .flat_map(|folder| yaml_files(&root.join(folder)))
    {
        let text = std::fs::read_to_string(&file).unwrap();
        // Compose files, alerts and gateways hold none.
        for found in documents::find(&text).unwrap_or_default() {
            let shown = format!("{}: {}", file.display(), found.place);
            Config::parse(found.json.as_bytes()).unwrap_or_else(|errors| panic!("{shown}: {errors}"));
            let value = serde_json::from_str(&found.json).unwrap();
            let errors: Vec<String> = schema.iter_errors(&value).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{shown}: {errors:?}");
            number += 1;
        }
    }
    assert!(number >= 15, "{number}");
}
