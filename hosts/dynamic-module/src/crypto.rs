//! Who verifies signatures here.

use cognito_jwt::keys::rsa::PublicKey;
use cognito_jwt::signature::software::SoftwareVerifier;
use cognito_jwt::signature::{Verification, VerifySignature};

/// Verifies with the core's own software.
#[derive(Clone, Copy, Debug, Default)]
pub struct Verifier;

impl VerifySignature for Verifier {
    fn verify_rs256(&self, key: &PublicKey, message: &[u8], signature: &[u8]) -> Verification {
        SoftwareVerifier.verify_rs256(key, message, signature)
    }
}
