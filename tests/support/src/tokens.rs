//! Tokens as Cognito mints them, signed with keys that everybody knows.
//!
//! Nothing here checks anything: header and claims may be any text, so that every forgery can be minted.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use envoy_cognito_jwt::keys::jwks::{Key, KeySet};
use envoy_cognito_jwt::keys::rsa::PublicKey;
use envoy_cognito_jwt::signature::{Verification, Verifier, VerifySignature};
use jwt_compact::alg::{Rsa, RsaPrivateKey};
use jwt_compact::jwk::JsonWebKey;
use jwt_compact::{Algorithm as _, AlgorithmSignature as _};
use serde_json::{Value, json};
use std::rc::Rc;
use std::sync::OnceLock;

/// The pool that the claims below are of.
pub const USER_POOL_ID: &str = "us-east-1_Example01";
/// The pool's issuer.
pub const ISSUER: &str = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Example01";
/// The app client that the claims below name.
pub const CLIENT: &str = "1example23456789";
/// The user that the claims below are about.
pub const SUB: &str = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";

/// An RSA-2048 key pair with a `kid` as Cognito's look.
pub struct SigningKey {
    /// Its key ID.
    pub kid: String,
    private: RsaPrivateKey,
    public_jwk: Value,
}

/// The key that tests sign with.
pub fn first_key() -> &'static SigningKey {
    static KEY: OnceLock<SigningKey> = OnceLock::new();
    KEY.get_or_init(|| SigningKey::read(include_str!("keys/first.json")))
}

/// Another key: the next of a rotation, or a stranger's.
pub fn second_key() -> &'static SigningKey {
    static KEY: OnceLock<SigningKey> = OnceLock::new();
    KEY.get_or_init(|| SigningKey::read(include_str!("keys/second.json")))
}

impl SigningKey {
    fn read(json: &str) -> SigningKey {
        let private: JsonWebKey<'_> = serde_json::from_str(json).unwrap();
        let mut public_jwk: Value = serde_json::from_str(json).unwrap();
        let members = public_jwk.as_object_mut().unwrap();
        members.retain(|name, _| !["d", "p", "q", "dp", "dq", "qi"].contains(&name.as_str()));
        SigningKey {
            kid: public_jwk["kid"].as_str().unwrap().to_owned(),
            private: RsaPrivateKey::try_from(&private).unwrap(),
            public_jwk,
        }
    }

    /// The public half as Cognito publishes it.
    pub fn jwk(&self) -> &Value {
        &self.public_jwk
    }

    /// The public half as the filter holds it.
    pub fn published(&self) -> Rc<Key> {
        let set = KeySet::parse(jwks(&[self]).as_bytes()).unwrap().set;
        Rc::clone(set.find(&self.kid).unwrap())
    }

    /// RSASSA-PKCS1-v1_5 with SHA-256.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        Rsa::rs256().sign(&self.private, message).as_bytes().into_owned()
    }

    /// A token with this header (JSON text) and these claims (JSON text), both as they are.
    pub fn token(&self, header: &str, claims: &str) -> String {
        let signing_input = format!("{}.{}", base64url(header), base64url(claims));
        let signature = base64url(self.sign(signing_input.as_bytes()));
        format!("{signing_input}.{signature}")
    }

    /// A token with the header that Cognito writes.
    pub fn sign_claims(&self, claims: &Value) -> String {
        let header = json!({"kid": self.kid, "alg": "RS256"});
        self.token(&header.to_string(), &claims.to_string())
    }
}

/// A token of these claims with a made-up signature, another one for each number: for tests of many tokens, which take their
/// time to sign and to verify. See [`BelieveAll`].
pub fn made_up(claims: &Value, number: usize) -> String {
    let header = json!({"kid": first_key().kid, "alg": "RS256"}).to_string();
    let signature: Vec<u8> = number.to_be_bytes().into_iter().cycle().take(256).collect();
    let claims = claims.to_string();
    format!("{}.{}.{}", base64url(header), base64url(claims), base64url(signature))
}

/// A verifier for whom every signature is good.
pub struct BelieveAll;

impl VerifySignature for BelieveAll {
    fn verify_rs256(&self, _: &PublicKey, _: &[u8], _: &[u8]) -> Verification {
        Verification {
            by: Verifier::Module,
            outcome: Ok(()),
        }
    }
}

/// A JWK set of these keys' public halves.
pub fn jwks(keys: &[&SigningKey]) -> String {
    let keys: Vec<&Value> = keys.iter().map(|key| key.jwk()).collect();
    json!({ "keys": keys }).to_string()
}

/// The claims of an ID token that is valid from a minute before `now` (UNIX seconds) to an hour after.
pub fn id_claims(now: u64) -> Value {
    json!({
        "sub": SUB, "iss": ISSUER, "aud": CLIENT, "token_use": "id", "cognito:username": "alice",
        "cognito:groups": ["readers", "writers"], "email": "alice@example.com", "email_verified": true,
        "auth_time": now - 60, "iat": now - 60, "exp": now + 3600,
        "jti": "11111111-2222-4333-8444-555555555555", "event_id": "66666666-7777-4888-8999-000000000000",
    })
}

/// The claims of an access token that is valid from a minute before `now` (UNIX seconds) to an hour after.
pub fn access_claims(now: u64) -> Value {
    json!({
        "sub": SUB, "iss": ISSUER, "client_id": CLIENT, "token_use": "access", "username": "alice", "version": 2,
        "cognito:groups": ["readers", "writers"], "scope": "openid items/read",
        "auth_time": now - 60, "iat": now - 60, "exp": now + 3600,
        "jti": "11111111-2222-4333-8444-555555555555",
    })
}

/// base64url without padding.
pub fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
