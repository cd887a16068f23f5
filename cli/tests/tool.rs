//! The tool as people call it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use support::tokens::{access_claims, first_key, id_claims};

const CONFIG: &str = r#"{"pools": [{"user_pool_id": "us-east-1_Example01", "client_ids": ["1example23456789"], "jwks": {"cluster": "c"}}],
    "rules": [{"match": {"path": {"exact": "/health"}}, "auth": "none"}]}"#;

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn tool(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_envoy-cognito-jwt"))
        .args(arguments)
        .current_dir(project())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// Returns a folder with the smallest configuration in it.
fn with_config() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.json");
    std::fs::write(&file, CONFIG).unwrap();
    let file = file.to_str().unwrap().to_owned();
    (folder, file)
}

#[test]
fn all_examples_and_manifests_are_fine() {
    let found = Command::new("git")
        .args(["ls-files", "envoy", "deploy", "examples"])
        .current_dir(project())
        .output()
        .unwrap();
    let files = text(&found.stdout).lines();
    let with_filter = files.filter(|file| {
        let text = std::fs::read_to_string(project().join(file)).unwrap_or_default();
        file.ends_with(".yaml") && text.contains("user_pool_id")
    });
    let files: Vec<&str> = with_filter.collect();
    let checked = tool(&[&["check"], files.as_slice()].concat(), "");
    assert_eq!(
        checked.status.code(),
        Some(0),
        "{}{}",
        text(&checked.stdout),
        text(&checked.stderr)
    );
    for file in files {
        assert!(
            text(&checked.stdout)
                .lines()
                .any(|line| line.starts_with(file) && line.ends_with(": ok")),
            "{file}"
        );
    }
}

#[test]
fn the_exit_status_distinguishes_errors_from_unusable_files() {
    let broken = CONFIG.replace("\"client_ids\": [\"1example23456789\"]", "\"client_ids\": []");
    for (input, status, line) in [
        (CONFIG, 0, "-: $: ok\n".to_owned()),
        (
            &broken,
            1,
            "-: $: config: pools[0].client_ids: must name at least one app client, or be \"any\"\n".to_owned(),
        ),
        ("a: 1", 2, String::new()),
    ] {
        let checked = tool(&["check", "-"], input);
        assert_eq!(
            (checked.status.code(), text(&checked.stdout)),
            (Some(status), line.as_str()),
            "{input}"
        );
    }
    assert_eq!(tool(&["check", "no-such-file"], "").status.code(), Some(2));
    assert_eq!(tool(&["check"], "").status.code(), Some(2));
}

#[test]
fn explain_shows_the_decision_and_exits_by_it() {
    let (_folder, config) = with_config();
    for (arguments, status, line) in [
        (&["--url", "/health"][..], 0, "decision  bypassed"),
        (&["--url", "/"], 1, "decision  token_missing, status 401"),
        (
            &["--url", "/", "-H", "authorization: Bearer a.b.c"],
            1,
            "decision  token_malformed, status 401",
        ),
        (&["--url", "ftp://x"], 2, ""),
        (&["--at", "yesterday"], 2, ""),
        (&["-H", "no colon"], 2, ""),
        (&["--jwks", "no-such-file"], 2, ""),
    ] {
        let explained = tool(&[&["explain", "--config", &config], arguments].concat(), "");
        assert_eq!(
            explained.status.code(),
            Some(status),
            "{arguments:?} {}",
            text(&explained.stderr)
        );
        assert!(
            text(&explained.stdout).contains(line),
            "{arguments:?}: {}",
            text(&explained.stdout)
        );
    }
    let json = tool(&["explain", "--config", &config, "--format", "json"], "");
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["decision"]["details"], "cognito_jwt.token_missing");
    assert_eq!(json["steps"][0]["check"], "rules");
}

#[test]
fn the_token_comes_from_standard_input_and_is_never_shown() {
    let (_folder, config) = with_config();
    // {"kid":"k","alg":"RS256"}, claims that have expired, a signature of 256 bytes.
    let token = format!(
        "eyJraWQiOiJrIiwiYWxnIjoiUlMyNTYifQ.eyJpc3MiOiJodHRwczovL2NvZ25pdG8taWRwLnVzLWVhc3QtMS5hbWF6b25hd3MuY29tL3VzLWVhc3QtMV9FeGFtcGxlMDEiLCJzdWIiOiJzIiwiZXhwIjoxNzAwMDAwMDAwLCJ0b2tlbl91c2UiOiJpZCIsImF1ZCI6IjFleGFtcGxlMjM0NTY3ODkifQ.{}A",
        "A".repeat(341)
    );
    let arguments = ["explain", "--config", &config, "--token", "-", "--at"];
    let expired = tool(&[&arguments[..], &["2026-01-01T00:00:00Z"]].concat(), &token);
    assert!(
        text(&expired.stdout).contains("decision  token_expired, status 401"),
        "{}",
        text(&expired.stdout)
    );
    let good = tool(&[&arguments[..], &["1699999999"]].concat(), &token);
    assert_eq!(good.status.code(), Some(0), "{}", text(&good.stdout));
    assert!(
        text(&good.stdout).contains("no keys were given"),
        "{}",
        text(&good.stdout)
    );
    for output in [expired, good] {
        let shown = format!("{}{}", text(&output.stdout), text(&output.stderr));
        for part in token.split('.') {
            assert!(!shown.contains(part), "{shown}");
        }
    }
}

#[test]
fn the_schema_is_the_committed_one() {
    let printed = tool(&["schema"], "");
    let printed: serde_json::Value = serde_json::from_slice(&printed.stdout).unwrap();
    let committed: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(project().join("docs/config.schema.json")).unwrap()).unwrap();
    assert_eq!(printed, committed);
}

#[test]
fn completions_and_the_manual_page_name_the_commands() {
    for arguments in [
        &["completions", "bash"][..],
        &["completions", "zsh"],
        &["completions", "fish"],
        &["man"],
    ] {
        let printed = tool(arguments, "");
        assert_eq!(printed.status.code(), Some(0));
        assert!(text(&printed.stdout).contains("explain"), "{arguments:?}");
    }
}

#[test]
fn calls_are_shown_and_the_rest_is_explained_without_their_answers() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.json");
    std::fs::write(
        &file,
        json!({
            "pools": [{
                "user_pool_id": "us-east-1_Example01", "client_ids": "any", "token_use": "any", "jwks": {"cluster": "c"},
                "user_info": {"cluster": "login", "domain": "auth.example.com"},
            }],
            "user_lookup": {"cluster": "users", "uri": "http://users.internal/u", "on_failure": "continue"},
        })
        .to_string(),
    )
    .unwrap();
    let file = file.to_str().unwrap();
    for (claims, user_info) in [
        (
            access_claims(1_700_000_000),
            (
                "unchecked",
                r#"asks GET auth.example.com/oauth2/userInfo through cluster "login""#,
            ),
        ),
        (
            id_claims(1_700_000_000),
            ("noted", "not asked: the token is no access token with the scope openid"),
        ),
    ] {
        let arguments = [
            "explain",
            "--config",
            file,
            "--at",
            "1700000000",
            "--token",
            "-",
            "--format",
            "json",
        ];
        let explained = tool(&arguments, &first_key().sign_claims(&claims));
        let explained: Value = serde_json::from_slice(&explained.stdout).unwrap();
        let steps = explained["steps"].as_array().unwrap();
        let names: Vec<&str> = steps.iter().map(|step| step["check"].as_str().unwrap()).collect();
        let mut once = names.clone();
        once.dedup();
        assert_eq!(names, once, "no step twice");
        let calls: Vec<(&str, &str)> = steps
            .iter()
            .filter(|step| step["check"].as_str().unwrap().starts_with("user_"))
            .map(|step| (step["outcome"].as_str().unwrap(), step["found"].as_str().unwrap()))
            .collect();
        let lookup = ("unchecked", r#"asks POST users.internal/u through cluster "users""#);
        assert_eq!(calls, [user_info, lookup]);
        assert_eq!(explained["decision"]["decision"], "allowed");
        assert_eq!(explained["notes"], json!([]));
    }
}
