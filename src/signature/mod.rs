//! RS256 signatures: RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518, section 3.3).

use crate::keys::rsa::PublicKey;

/// The signature is not the key's over the message. There is no more to know: RFC 8017, section 8.2.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadSignature;

/// Verifies signatures: by the host's BoringSSL or in the module. Both accept and reject the same inputs.
pub trait VerifySignature {
    /// Checks the RS256 `signature` of `message`.
    ///
    /// # Errors
    /// It is not the key's signature over the message, or not exactly as long as the modulus.
    fn verify_rs256(&self, key: &PublicKey, message: &[u8], signature: &[u8]) -> Result<(), BadSignature>;
}
