//! Signs with the plain private exponent of a test key.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use envoy_cognito_jwt::keys::rsa::PublicKey;
use rsa::BigUint;
use rsa::traits::PublicKeyParts as _;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

/// A private JWK, as far as it is needed.
#[derive(Deserialize)]
struct PrivateJwk {
    n: String,
    e: String,
    d: String,
}

pub struct Signer {
    pub public: PublicKey,
    private_exponent: Vec<u8>,
}

impl Signer {
    /// Reads a private JWK.
    pub fn read(json: &str) -> Signer {
        let jwk: PrivateJwk = serde_json::from_str(json).unwrap();
        let number = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
        Signer {
            public: PublicKey::from_components(&number(&jwk.n), &number(&jwk.e)).unwrap(),
            private_exponent: number(&jwk.d),
        }
    }

    /// The RS256 signature of `message`.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let len = self.public.modulus_len();
        let mut encoded = vec![0, 1];
        encoded.resize(len - 52, 0xff);
        encoded.extend_from_slice(b"\x00\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20");
        encoded.extend_from_slice(&Sha256::digest(message));
        let private_exponent = BigUint::from_bytes_be(&self.private_exponent);
        let power = BigUint::from_bytes_be(&encoded).modpow(&private_exponent, self.public.as_rsa().n());
        let digits = power.to_bytes_be();
        [vec![0; len - digits.len()], digits].concat()
    }
}
