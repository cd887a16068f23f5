//! A small valid configuration to change, and the two forms in which Envoy passes it.

use envoy_cognito_jwt::config::Config;
use serde_json::{Value, json};

/// The smallest configuration.
pub fn smallest() -> Value {
    json!({"pools": [{"user_pool_id": "us-east-1_Ab1", "client_ids": ["web"], "jwks": {"cluster": "cognito"}}]})
}

/// A second pool.
pub fn other_pool() -> Value {
    json!({"user_pool_id": "eu-west-1_Xy9", "client_ids": "any", "jwks": {"cluster": "cognito"}})
}

/// The smallest configuration's pool with another member.
pub fn pool_with(name: &str, value: Value) -> Value {
    let mut pool = smallest()["pools"][0].take();
    pool[name] = value;
    pool
}

/// The smallest configuration with `value` at `pointer`; objects on the way are made, a list grows by its next index.
pub fn with(pointer: &str, value: Value) -> Value {
    let mut config = smallest();
    set(&mut config, pointer, value);
    config
}

/// The JWK of a public key, with these members more or otherwise.
pub fn jwk(members: &[(&str, Value)]) -> Value {
    let pair: Value = serde_json::from_str(include_str!("../hostile/keys/rsa2048-a.json")).unwrap();
    let mut jwk = json!({"kty": "RSA", "kid": "a+/=", "use": "sig", "alg": "RS256", "n": pair["n"], "e": pair["e"]});
    for (name, value) in members {
        jwk[name] = value.clone();
    }
    jwk
}

/// Puts `value` at `pointer` of `place`.
pub fn set(mut place: &mut Value, pointer: &str, value: Value) {
    for token in pointer.split('/').skip(1) {
        place = match place {
            Value::Array(items) => {
                let nth: usize = token.parse().unwrap();
                if nth == items.len() {
                    items.push(Value::Null);
                }
                &mut items[nth]
            }
            Value::Null => {
                *place = json!({});
                &mut place[token]
            }
            _ => &mut place[token],
        };
    }
    *place = value;
}

/// The smallest configuration without what stands at `pointer`.
pub fn without(pointer: &str) -> Value {
    let mut config = smallest();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    config
        .pointer_mut(parent)
        .unwrap()
        .as_object_mut()
        .unwrap()
        .remove(name);
    config
}

/// Reads both forms, which must mean the same; the JSON Schema must agree.
pub fn parse(config: &Value) -> Result<Config, String> {
    super::schema::agrees_on(config);
    let from_json = read(config.to_string().as_bytes());
    let from_struct = read(&encode_struct(config));
    assert_eq!(format!("{from_json:?}"), format!("{from_struct:?}"), "{config}");
    from_json
}

/// Reads `bytes`; an error as its log line.
pub fn read(bytes: &[u8]) -> Result<Config, String> {
    Config::parse(bytes).map_err(|errors| errors.to_string())
}

/// A serialized `google.protobuf.Struct`, as Envoy passes it.
pub fn encode_struct(object: &Value) -> Vec<u8> {
    let entry = |(name, value): (&String, &Value)| {
        let mut entry = field(1, name.as_bytes());
        entry.extend(field(2, &encode_value(value)));
        field(1, &entry)
    };
    object.as_object().unwrap().iter().flat_map(entry).collect()
}

fn encode_value(value: &Value) -> Vec<u8> {
    match value {
        Value::Null => vec![0x08, 0x00],
        Value::Number(number) => [vec![0x11], number.as_f64().unwrap().to_le_bytes().to_vec()].concat(),
        Value::String(text) => field(3, text.as_bytes()),
        Value::Bool(truth) => vec![0x20, (*truth).into()],
        Value::Object(_) => field(5, &encode_struct(value)),
        Value::Array(items) => {
            let items: Vec<u8> = items.iter().flat_map(|item| field(1, &encode_value(item))).collect();
            field(6, &items)
        }
    }
}

/// A length-delimited field.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2];
    let mut len = bytes.len();
    while len >= 0x80 {
        out.push((len & 0x7f) as u8 | 0x80);
        len >>= 7;
    }
    out.push(len as u8);
    out.extend(bytes);
    out
}
