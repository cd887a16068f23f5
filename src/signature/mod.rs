//! RS256 signatures: RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518, section 3.3).
//!
//! Each implementation is a [`jwt_compact::Algorithm`]: [`software`] is jwt-compact's own over the `rsa` crate, [`host`]
//! calls the proxy's BoringSSL, and a host that links a library of its own has a third. They accept and reject the same
//! inputs. [`fallback`] uses the host if it passes its self-test, and the software otherwise.

pub mod fallback;
pub mod host;
pub mod self_test;
pub mod software;

use crate::keys::rsa::PublicKey;
use jwt_compact::alg::RsaSignature;
use jwt_compact::{Algorithm, AlgorithmSignature as _};

/// The signature is not the key's over the message. There are no further details: RFC 8017, section 8.2.2.
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

/// The result of a verification.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verification {
    /// Who verified.
    pub by: Verifier,
    /// The result: an error unless it is the key's signature over the message.
    pub outcome: Result<(), BadSignature>,
}

/// Verifies signatures. All implementations accept and reject the same inputs.
pub trait VerifySignature {
    /// Checks the RS256 `signature` of `message`. The outcome is an error if it is not the key's signature over the
    /// message, or not exactly as long as the modulus.
    fn verify_rs256(&self, key: &PublicKey, message: &[u8], signature: &[u8]) -> Verification;
}

/// RS256 in one library or host.
///
/// [`Algorithm::verify_signature`] must compare the whole encoded message (RFC 8017, section 8.2.2, step 4): an implementation that
/// parses it instead is open to Bleichenbacher's forgeries of 2006.
pub trait Rs256: Algorithm<Signature = RsaSignature> {
    /// Returns the key in the form that this algorithm verifies with; [`PublicKey::prepared`] creates it once for each key.
    /// `None`: this algorithm cannot take the key.
    fn verifying_key<'k>(&self, key: &'k PublicKey) -> Option<&'k Self::VerifyingKey>;
}

/// Checks a signature by `algorithm`. `None`: it cannot take the key, so it is unknown whether the signature is good.
///
/// The inner result is an error unless it is the key's signature over the message. It must be exactly as long as the modulus (RFC
/// 8017, section 8.2.2, step 1), which is checked here, since some libraries pad a shorter one.
pub fn verify_by<A: Rs256>(
    algorithm: &A,
    key: &PublicKey,
    message: &[u8],
    signature: &[u8],
) -> Option<Result<(), BadSignature>> {
    if signature.len() != key.modulus_len() {
        return Some(Err(BadSignature));
    }
    let Ok(signature) = RsaSignature::try_from_slice(signature) else {
        return Some(Err(BadSignature));
    };
    let key = algorithm.verifying_key(key)?;
    let is_right = algorithm.verify_signature(&signature, key, message);
    Some(is_right.then_some(()).ok_or(BadSignature))
}
