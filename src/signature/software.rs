//! RS256 computed here, for hosts that provide no crypto: jwt-compact's algorithm over the `rsa` crate.

use super::{BadSignature, Rs256, Verification, Verifier, VerifySignature, verify_by};
use crate::keys::rsa::PublicKey;
use jwt_compact::alg::{Rsa, RsaPublicKey};

/// Verifies with jwt-compact's [`Rsa`], compiled into this module.
#[derive(Clone, Copy, Debug, Default)]
pub struct SoftwareVerifier;

impl VerifySignature for SoftwareVerifier {
    fn verify_rs256(&self, key: &PublicKey, message: &[u8], signature: &[u8]) -> Verification {
        Verification {
            by: Verifier::Module,
            outcome: verify(key, message, signature),
        }
    }
}

impl Rs256 for Rsa {
    fn verifying_key<'k>(&self, key: &'k PublicKey) -> Option<&'k RsaPublicKey> {
        Some(key.as_rsa())
    }
}

fn verify(key: &PublicKey, message: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
    verify_by(&Rsa::rs256(), key, message, signature).unwrap_or(Err(BadSignature))
}

#[cfg(test)]
mod tests;
