//! The playground's half that runs the filter: texts in, JSON out. The page does the rest.

use cognito_jwt::config::Config;
use cognito_jwt::time::UnixTime;
use cognito_jwt_explain::documents;
use cognito_jwt_explain::explain::{self, Request};
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::wasm_bindgen;

/// What the filter says of a text that should be its configuration, or hold one.
#[derive(Serialize)]
struct Checked {
    /// The configuration as JSON, if exactly one was found.
    config: Option<String>,
    /// Where it stands in the text; empty if the text is nothing else.
    place: String,
    errors: Vec<Fault>,
    warnings: Vec<String>,
}

/// What is wrong.
#[derive(Serialize)]
struct Fault {
    /// The JSON path of the fault inside of the configuration; empty for the whole.
    path: String,
    reason: String,
}

impl Fault {
    fn whole(reason: String) -> Fault {
        Fault {
            path: String::new(),
            reason,
        }
    }
}

/// Checks a text; the answer is the JSON of what was found.
#[wasm_bindgen]
pub fn check(text: &str) -> String {
    serde_json::json!(checked(text)).to_string()
}

fn checked(text: &str) -> Checked {
    let mut checked = Checked {
        config: None,
        place: String::new(),
        errors: Vec::new(),
        warnings: Vec::new(),
    };
    let found = match documents::find(text) {
        Ok(found) => found,
        // Text that is meant to be the configuration itself is checked as the filter checks it, even if members are missing.
        Err(_) if text.trim_start().starts_with('{') => vec![documents::Found {
            place: String::new(),
            json: text.to_owned(),
        }],
        Err(error) => {
            checked.errors.push(Fault::whole(format!("this text {error}")));
            return checked;
        }
    };
    let [only] = found.as_slice() else {
        checked.errors.push(Fault::whole(
            "this text holds several configurations of the filter; the playground explains one".to_owned(),
        ));
        return checked;
    };
    match Config::parse(only.json.as_bytes()) {
        Ok(config) => checked.warnings = config.warnings,
        Err(errors) => {
            checked.errors = errors
                .iter()
                .map(|error| Fault {
                    path: error.path.to_string(),
                    reason: error.fault.to_string(),
                })
                .collect();
        }
    }
    checked.place.clone_from(&only.place);
    checked.config = Some(only.json.clone());
    checked
}

/// What the page asks.
#[derive(Deserialize)]
struct Question {
    /// The configuration, as [`check`] gave it.
    config: String,
    /// The key set; none: signatures are not checked.
    jwks: Option<String>,
    method: String,
    url: String,
    /// `NAME: VALUE` each.
    headers: Vec<String>,
    /// A bearer token; empty: none.
    token: String,
    route: String,
    /// Milliseconds since 1970.
    now: u64,
}

/// Explains a decision: a question as JSON in, the explanation or `{"error": …}` as JSON out.
#[wasm_bindgen]
pub fn explain(question: &str) -> String {
    match explained(question) {
        Ok(explanation) => explanation,
        Err(error) => serde_json::json!({ "error": error }).to_string(),
    }
}

fn explained(question: &str) -> Result<String, String> {
    let question: Question = serde_json::from_str(question).map_err(|error| error.to_string())?;
    let mut request = Request::new(&question.method, &question.url).map_err(|error| error.to_string())?;
    for line in question.headers.iter().filter(|line| !line.trim().is_empty()) {
        request = request.with_header(line).map_err(|error| error.to_string())?;
    }
    if !question.token.trim().is_empty() {
        request = request.with_token(&question.token);
    }
    request = request.with_route(&question.route);
    let now = UnixTime::from_millis(question.now);
    let explanation = explain::explain(&question.config, question.jwks.as_deref(), &request, now)
        .map_err(|error| error.to_string())?;
    Ok(serde_json::json!(explanation).to_string())
}
