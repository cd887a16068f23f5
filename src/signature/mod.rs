//! RS256 signatures: RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518, section 3.3).
//!
//! Two ways lead to one answer: [`host`] asks the host's BoringSSL, [`in_module`] computes here. [`chosen`] takes the
//! host where it passes its self-test and the module everywhere else, and says which one it was.

pub mod fallback;
pub mod host;
pub mod self_test;
pub mod software;

use crate::keys::rsa::PublicKey;

/// The signature is not the key's over the message. There is no more to know: RFC 8017, section 8.2.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadSignature;

/// Who verified a signature: for the counters `verify_host` and `verify_module`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verifier {
    /// The host.
    Host,
    /// This module.
    Module,
}

/// The answer about a signature.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verification {
    /// Who gave it.
    pub by: Verifier,
    /// The answer: an error unless it is the key's signature over the message.
    pub outcome: Result<(), BadSignature>,
}

/// Verifies signatures: by the host's BoringSSL or in the module. Both accept and reject the same inputs.
pub trait VerifySignature {
    /// Checks the RS256 `signature` of `message`. The outcome is an error if it is not the key's signature over the
    /// message, or not exactly as long as the modulus.
    fn verify_rs256(&self, key: &PublicKey, message: &[u8], signature: &[u8]) -> Verification;
}
