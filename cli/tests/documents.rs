//! The outputs of `explain` in docs/errors.md are those of the tool. `UPDATE_DOCUMENTS=1` updates them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    clippy::panic
)]

use cognito_jwt::code::Code;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use support::tokens::{SigningKey, first_key, id_claims, jwks, second_key};

/// 2026-01-31T12:00:00Z, the moment that the document's commands have.
const NOW: u64 = 1_769_860_800;

/// Where the shown output ends, if it is not shown to its end.
const CUT: &str = "…\n";

/// A command of the document, with what stands in the comment above it: the expected decision, and how the token differs from a good
/// one.
struct Example<'a> {
    decision: &'a str,
    token: Value,
    arguments: Vec<String>,
    output: &'a str,
}

const MARK: &str = "<!-- explain: ";

/// The examples, with the places of their outputs.
fn examples(text: &str) -> Vec<(usize, Example<'_>)> {
    text.match_indices(MARK)
        .map(|(start, _)| {
            let (comment, rest) = text[start..].split_once(" -->\n```console\n$ explain ").unwrap();
            let (command, rest) = rest.split_once('\n').unwrap();
            let (output, _) = rest.split_once("```\n").unwrap();
            let (decision, token) = comment[MARK.len()..]
                .split_once(' ')
                .unwrap_or((&comment[MARK.len()..], "{}"));
            let place = rest.as_ptr().addr() - text.as_ptr().addr();
            let arguments = words(command.split(" <").next().unwrap());
            let token = serde_json::from_str(token).unwrap_or_else(|error| panic!("{token}: {error}"));
            (
                place,
                Example {
                    decision,
                    token,
                    arguments,
                    output,
                },
            )
        })
        .collect()
}

/// The words of a command line in which only single quotes have a meaning.
fn words(command: &str) -> Vec<String> {
    let quoted = command.split('\'').enumerate().map(|(index, part)| {
        let joins = |char: char| if char == ' ' && index % 2 == 0 { '\n' } else { char };
        part.chars().map(joins).collect::<String>()
    });
    let lines: String = quoted.collect();
    lines
        .lines()
        .map(str::to_owned)
        .filter(|word| !word.is_empty())
        .collect()
}

/// The token of an example: `header` and `claims` replace members of a good one, `null` leaves them out; `forged` has another key
/// sign it; `text` is the token itself.
fn token(how: &Value) -> String {
    if let Some(text) = how["text"].as_str() {
        return text.to_owned();
    }
    let mut header = json!({"kid": first_key().kid, "alg": "RS256"});
    let mut claims = id_claims(NOW);
    for (members, changes) in [(&mut header, &how["header"]), (&mut claims, &how["claims"])] {
        for (name, value) in changes.as_object().into_iter().flatten() {
            members[name] = value.clone();
        }
        members.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    }
    let signer: &SigningKey = if how["forged"] == true {
        second_key()
    } else {
        first_key()
    };
    signer.token(&header.to_string(), &claims.to_string())
}

fn run(folder: &Path, example: &Example<'_>) -> String {
    let mut child = Command::new(env!("CARGO_BIN_EXE_envoy-cognito-jwt"))
        .args([
            "explain",
            "--config",
            "config.yaml",
            "--jwks",
            "jwks.json",
            "--at",
            "2026-01-31T12:00:00Z",
        ])
        .args(&example.arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    // A command that takes no token may end before it could read one.
    if example.arguments.iter().any(|argument| argument == "--token") {
        input.write_all(token(&example.token).as_bytes()).unwrap();
    }
    drop(input);
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
}

/// The first paragraphs of an output: the steps and the decision.
fn shortened(output: &str) -> String {
    match output.match_indices("\n\n").nth(1) {
        Some((end, _)) => format!("{}\n{CUT}", &output[..end]),
        None => output.to_owned(),
    }
}

#[test]
fn the_shown_explanations_are_those_of_the_tool() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/errors.md");
    let mut text = std::fs::read_to_string(&file).unwrap();
    let (_, config) = text.split_once("<!-- explain's configuration -->\n```yaml\n").unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("config.yaml"), config.split_once("```\n").unwrap().0).unwrap();
    std::fs::write(folder.path().join("jwks.json"), jwks(&[first_key()])).unwrap();
    let mut shown = BTreeSet::new();
    let mut written = text.clone();
    // From the end, so that places stay what they are.
    for (place, example) in examples(&text).into_iter().rev() {
        let output = run(folder.path(), &example);
        assert!(
            output.contains(&format!("decision  {}", example.decision)),
            "{}: {output}",
            example.decision
        );
        let output = if example.output.ends_with(CUT) || example.output.is_empty() {
            shortened(&output)
        } else {
            output
        };
        written.replace_range(place..place + example.output.len(), &output);
        shown.insert(example.decision.to_owned());
    }
    if std::env::var_os("UPDATE_DOCUMENTS").is_some() {
        std::fs::write(&file, &written).unwrap();
        text.clone_from(&written);
    }
    assert!(
        text == written,
        "docs/errors.md is not what the tool says: run this test with UPDATE_DOCUMENTS=1"
    );
    // What depends on the proxy's surroundings is not in the tool's world.
    let beyond = [
        "token_revoked",
        "user_rejected",
        "user_info_unavailable",
        "user_lookup_unavailable",
        "keys_unavailable",
        "internal_error",
    ];
    for code in Code::ALL
        .iter()
        .map(|code| code.as_str())
        .filter(|code| !beyond.contains(code))
    {
        assert!(shown.contains(code), "docs/errors.md shows no {code}");
    }
}
