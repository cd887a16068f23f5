//! The verification of signatures: `aws-lc-rs`, with each key parsed once, and the core's software for keys that it does not accept.

use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use cognito_jwt::keys::rsa::PublicKey;
use cognito_jwt::signature::software::SoftwareVerifier;
use cognito_jwt::signature::{Rs256, Verification, Verifier as By, VerifySignature, verify_by};
use jwt_compact::alg::RsaSignature;
use jwt_compact::{Algorithm, AlgorithmSignature as _};
use std::borrow::Cow;
use std::convert::Infallible;

/// Verifies with `aws-lc-rs`, or with the core's software.
#[derive(Clone, Copy, Debug, Default)]
pub struct Verifier;

impl VerifySignature for Verifier {
    fn verify_rs256(&self, key: &PublicKey, message: &[u8], signature: &[u8]) -> Verification {
        match verify_by(&AwsLc, key, message, signature) {
            Some(outcome) => Verification {
                by: By::Module,
                outcome,
            },
            None => SoftwareVerifier.verify_rs256(key, message, signature),
        }
    }
}

/// RS256 by `aws-lc-rs`. It compares the whole encoded message, as BoringSSL does.
#[derive(Clone, Copy, Debug)]
struct AwsLc;

/// A key of `aws-lc-rs`; `None` if it does not accept the key.
#[derive(Debug)]
struct AwsLcKey(Option<ParsedPublicKey>);

impl AwsLcKey {
    fn of(key: &PublicKey) -> AwsLcKey {
        let components = RsaPublicKeyComponents { n: key.n(), e: key.e() };
        AwsLcKey(
            takes(&components.e)
                .then(|| components.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256).ok())
                .flatten(),
        )
    }
}

/// Unusual exponents are not passed to it: it rejects a key only when it verifies a signature with it, and the rejection of the key
/// could not be distinguished from that of the signature.
fn takes(exponent: &[u8]) -> bool {
    /// Up to 2^24: 65537, which is Cognito's, 3 and 17.
    const LONGEST: usize = 3;
    exponent.len() <= LONGEST
}

impl Rs256 for AwsLc {
    fn verifying_key<'k>(&self, key: &'k PublicKey) -> Option<&'k ParsedPublicKey> {
        key.prepared(AwsLcKey::of)?.0.as_ref()
    }
}

impl Algorithm for AwsLc {
    /// Nobody signs here.
    type SigningKey = Infallible;
    type VerifyingKey = ParsedPublicKey;
    type Signature = RsaSignature;

    fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed("RS256")
    }

    fn sign(&self, signing_key: &Infallible, _message: &[u8]) -> RsaSignature {
        match *signing_key {}
    }

    fn verify_signature(&self, signature: &RsaSignature, key: &ParsedPublicKey, message: &[u8]) -> bool {
        key.verify_sig(message, &signature.as_bytes()).is_ok()
    }
}

#[cfg(test)]
mod tests;
