//! Who verifies signatures here.

use cognito_jwt::keys::rsa::PublicKey;
use cognito_jwt::signature::software::SoftwareVerifier;
use cognito_jwt::signature::{Verification, VerifySignature};

/// Verifies with the core's own software.
#[derive(Debug)]
pub struct Verifier(SoftwareVerifier);

impl Verifier {
    /// A verifier for one thread.
    pub fn new() -> Verifier {
        Verifier(SoftwareVerifier)
    }
}

impl VerifySignature for Verifier {
    fn verify_rs256(&self, key: &PublicKey, message: &[u8], signature: &[u8]) -> Verification {
        self.0.verify_rs256(key, message, signature)
    }
}
