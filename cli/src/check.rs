//! `check`: what the filter says of each configuration in some files.

use crate::{Format, NOT_OK, OK, UNUSABLE};
use cognito_jwt::config::Config;
use cognito_jwt_explain::documents::{self, Found};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// What was found in a file.
#[derive(Debug, Serialize)]
struct Report {
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    unusable: Option<String>,
    configurations: Vec<Outcome>,
}

/// What the filter says of one configuration.
#[derive(Debug, Serialize)]
struct Outcome {
    place: String,
    ok: bool,
    errors: Vec<String>,
    warnings: Vec<String>,
}

/// Checks the files and prints what was found; the exit status.
pub fn run(files: &[PathBuf], format: Format) -> u8 {
    let reports: Vec<Report> = files.iter().map(|file| report(file)).collect();
    match format {
        Format::Text => reports.iter().for_each(print),
        Format::Json => println!("{:#}", serde_json::json!(reports)),
    }
    status(&reports)
}

fn status(reports: &[Report]) -> u8 {
    let has_error = |report: &Report| report.configurations.iter().any(|found| !found.ok);
    if reports.iter().any(|report| report.unusable.is_some()) {
        UNUSABLE
    } else if reports.iter().any(has_error) {
        NOT_OK
    } else {
        OK
    }
}

fn report(file: &Path) -> Report {
    let found = documents::read(file).and_then(|text| documents::find(&text));
    let (unusable, configurations) = match found {
        Ok(found) => (None, found.into_iter().map(outcome).collect()),
        Err(error) => (Some(error.to_string()), Vec::new()),
    };
    Report {
        file: file.display().to_string(),
        unusable,
        configurations,
    }
}

fn outcome(found: Found) -> Outcome {
    let (errors, warnings) = match Config::parse(found.json.as_bytes()) {
        Ok(config) => (Vec::new(), config.warnings),
        Err(errors) => (errors.iter().map(ToString::to_string).collect(), Vec::new()),
    };
    Outcome {
        place: shown(found.place),
        ok: errors.is_empty(),
        errors,
        warnings,
    }
}

/// Returns the whole file is `$`, as in JSONPath (RFC 9535).
fn shown(place: String) -> String {
    if place.is_empty() { "$".to_owned() } else { place }
}

fn print(report: &Report) {
    let file = &report.file;
    if let Some(reason) = &report.unusable {
        eprintln!("{file}: {reason}");
    }
    for found in &report.configurations {
        let place = format!("{file}: {}", found.place);
        for error in &found.errors {
            println!("{place}: {error}");
        }
        if found.ok {
            println!("{place}: ok");
        }
        for warning in &found.warnings {
            println!("{place}: warning: {warning}");
        }
    }
}
