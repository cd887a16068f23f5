//! RS256 computed in the module, for hosts that lend no crypto.

use super::{BadSignature, Verification, Verifier, VerifySignature};
use crate::keys::rsa::PublicKey;
use sha2::{Digest as _, Sha256};

/// DER of `DigestInfo` up to the digest, for SHA-256 (RFC 8017, section 9.2, note 1). The NULL parameters belong to it.
const SHA256_DIGEST_INFO: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20,
];

/// A SHA-256 digest.
const DIGEST_LEN: usize = 32;

/// Verifies with `crypto-bigint` and `sha2`, compiled into this module.
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

/// RSASSA-PKCS1-V1_5-VERIFY (RFC 8017, section 8.2.2). What the signature opens to is compared with the one encoded
/// message that is right, all of it: a parser of what stands in a signature is what Bleichenbacher's forgeries of 2006
/// live on.
fn verify(key: &PublicKey, message: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
    if signature.len() != key.modulus_len() {
        return Err(BadSignature);
    }
    let expected = encoded_message(&Sha256::digest(message), key.modulus_len());
    if key.raises_to(signature, &expected) {
        Ok(())
    } else {
        Err(BadSignature)
    }
}

/// EMSA-PKCS1-v1_5 (RFC 8017, section 9.2): `00 01 ff … ff 00 DigestInfo`, `len` bytes in all. The shortest key makes
/// that 256, so there are always at least 202 bytes `ff`.
fn encoded_message(digest: &[u8], len: usize) -> Vec<u8> {
    let behind_padding = 1_usize
        .saturating_add(SHA256_DIGEST_INFO.len())
        .saturating_add(DIGEST_LEN);
    let mut out = Vec::with_capacity(len);
    out.extend([0, 1]);
    out.resize(len.saturating_sub(behind_padding), 0xff);
    out.push(0);
    out.extend_from_slice(&SHA256_DIGEST_INFO);
    out.extend_from_slice(digest);
    out
}

#[cfg(test)]
mod tests;
