//! The hostile corpus, `tests/hostile/cases.json`.

use serde_json::{Value, json};

/// Returns the whole corpus.
pub fn corpus() -> Value {
    serde_json::from_str(include_str!("../../hostile/cases.json")).unwrap()
}

/// Returns the configuration of its pools.
pub fn config(corpus: &Value) -> Value {
    let pool = |pool: &Value| {
        json!({
            "user_pool_id": pool["user_pool_id"], "client_ids": pool["client_ids"],
            "token_use": pool["token_use"], "jwks": {"cluster": "cognito"},
        })
    };
    json!({"pools": pools(corpus).iter().map(pool).collect::<Vec<_>>()})
}

/// Returns its pools.
pub fn pools(corpus: &Value) -> &[Value] {
    corpus["pools"].as_array().unwrap()
}

/// Returns the JWK set of one of its pools.
pub fn key_set(corpus: &Value, pool: &Value) -> String {
    corpus["key_sets"][pool["key_set"].as_str().unwrap()].to_string()
}

/// Returns a text as bytes: it is Latin-1, so that each character is one.
pub fn bytes(text: &Value) -> Vec<u8> {
    let chars = text.as_str().unwrap().chars();
    chars.map(|found| u8::try_from(u32::from(found)).unwrap()).collect()
}
