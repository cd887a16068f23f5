//! `explain` decides as the filter does: the hostile corpus, which runs through the whole filter and a real Envoy as well.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use cognito_jwt::time::UnixTime;
use cognito_jwt_explain::explain::{ExplainError, Request, explain};
use serde_json::{Value, json};

/// Latin-1: each character is one byte.
fn bytes(text: &Value) -> Vec<u8> {
    let chars = text.as_str().unwrap().chars();
    chars.map(|found| u8::try_from(u32::from(found)).unwrap()).collect()
}

fn request(case: &Value) -> Request {
    let mut request = Request::new("GET", case["request"]["path"].as_str().unwrap()).unwrap();
    for header in case["request"]["headers"].as_array().unwrap() {
        request = request.with_header_bytes(header[0].as_str().unwrap(), &bytes(&header[1]));
    }
    request
}

#[test]
fn every_case_of_the_corpus_is_explained_as_it_is_decided() {
    let corpus: Value = serde_json::from_str(include_str!("../../tests/hostile/cases.json")).unwrap();
    let pools: Vec<Value> = corpus["pools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pool| {
            json!({
                "user_pool_id": pool["user_pool_id"], "client_ids": pool["client_ids"],
                "token_use": pool["token_use"], "jwks": {"cluster": "cognito"},
            })
        })
        .collect();
    let config = json!({ "pools": pools }).to_string();
    let now = UnixTime::from_secs(corpus["now"].as_u64().unwrap());
    let mut explained = 0;
    for case in corpus["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let pool = corpus["pools"]
            .as_array()
            .unwrap()
            .iter()
            .find(|pool| pool["name"] == case["pool"])
            .unwrap();
        let keys = corpus["key_sets"][pool["key_set"].as_str().unwrap()].to_string();
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
