//! `explain` decides as the filter does: the hostile corpus, which runs through the whole filter and a real Envoy as well.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use cognito_jwt::time::UnixTime;
use cognito_jwt_explain::explain::{ExplainError, Request, explain};
use serde_json::{Value, json};
use support::corpus;

fn request(case: &Value) -> Request {
    let mut request = Request::new("GET", case["request"]["path"].as_str().unwrap()).unwrap();
    for header in case["request"]["headers"].as_array().unwrap() {
        request = request.with_header_bytes(header[0].as_str().unwrap(), &corpus::bytes(&header[1]));
    }
    request
}

#[test]
fn every_case_of_the_corpus_is_explained_as_it_is_decided() {
    let corpus = corpus::corpus();
    let config = corpus::config(&corpus).to_string();
    let now = UnixTime::from_secs(corpus["now"].as_u64().unwrap());
    let mut explained = 0;
    for case in corpus["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let pool = corpus::pools(&corpus)
            .iter()
            .find(|pool| pool["name"] == case["pool"])
            .unwrap();
        let keys = corpus::key_set(&corpus, pool);
        match explain(&config, Some(&keys), &request(case), now) {
            Ok(explanation) => {
                assert_eq!(json!(explanation.decision.decision), case["expect"], "{name}");
                assert_eq!(explanation.decision.passes, case["expect"] == "allowed", "{name}");
                let shown = serde_json::to_string(&explanation).unwrap();
                for token in case["request"]["headers"].as_array().unwrap() {
                    let token = token[1].as_str().unwrap().rsplit('.').next().unwrap_or_default();
                    assert!(token.len() < 64 || !shown.contains(token), "{name} shows a signature");
                }
                explained += 1;
            }
            // A set of which nothing can be used: the filter answers 503, the tool says what is wrong with the file.
            Err(ExplainError::Keys(_)) => assert_eq!(case["expect"], "keys_unavailable", "{name}"),
            Err(error) => panic!("{name}: {error}"),
        }
    }
    assert!(explained > 580, "{explained} cases");
}
