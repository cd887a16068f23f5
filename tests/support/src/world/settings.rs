//! Configurations to start a world with.

use crate::tokens::{CLIENT, SigningKey, USER_POOL_ID, jwks};
use serde_json::{Value, json};

/// One pool whose keys are fetched, with these members of `jwks` more or otherwise.
pub fn fetched(jwks: Value) -> Value {
    json!({"pools": [pool(USER_POOL_ID, jwks)]})
}

/// One pool with these keys inline.
pub fn inline(keys: &[&SigningKey]) -> Value {
    let set: Value = serde_json::from_str(&jwks(keys)).unwrap();
    json!({"pools": [{
        "user_pool_id": USER_POOL_ID, "client_ids": [CLIENT], "token_use": "any", "jwks": {"inline": set},
    }]})
}

/// A pool whose keys are fetched.
pub fn pool(user_pool_id: &str, jwks: Value) -> Value {
    let mut merged = json!({"cluster": "cognito"});
    for (name, value) in jwks.as_object().unwrap() {
        merged[name] = value.clone();
    }
    json!({"user_pool_id": user_pool_id, "client_ids": [CLIENT], "token_use": "any", "jwks": merged})
}

/// The configuration with `value` as its member `name`.
pub fn with(mut config: Value, name: &str, value: Value) -> Value {
    config[name] = value;
    config
}
