#![allow(clippy::arithmetic_side_effects, reason = "numbers without a bound")]

use super::*;
use crate::signature::self_test::Vector;
use rsa::BigUint;
use rsa::traits::PublicKeyParts as _;
use sha2::{Digest as _, Sha256};

/// DER of `DigestInfo` up to the digest, for SHA-256 (RFC 8017, section 9.2, note 1). The NULL parameters belong to it.
const SHA256_DIGEST_INFO: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20,
];

/// EMSA-PKCS1-v1_5 (RFC 8017, section 9.2): `00 01 ff … ff 00 DigestInfo`, 256 bytes in all.
fn encoded_message(digest: &[u8]) -> Vec<u8> {
    let mut out = vec![0, 1];
    out.resize(256 - 52, 0xff);
    out.push(0);
    out.extend_from_slice(&SHA256_DIGEST_INFO);
    out.extend_from_slice(digest);
    out
}

/// Reports whether `signature` to the power of the public exponent is `encoded`, modulo the modulus.
fn opens_to(key: &PublicKey, signature: &[u8], encoded: &[u8]) -> bool {
    let power = BigUint::from_bytes_be(signature).modpow(key.as_rsa().e(), key.as_rsa().n());
    power == BigUint::from_bytes_be(encoded)
}

/// Returns the number in 256 bytes.
fn bytes(number: &BigUint) -> Vec<u8> {
    let digits = number.to_bytes_be();
    [vec![0; 256 - digits.len()], digits].concat()
}

#[test]
fn rfc_7515_appendix_a_2() {
    let Vector {
        key,
        message,
        signature,
    } = Vector::rfc7515().unwrap();
    assert_eq!(verify(&key, message, &signature), Ok(()));
    for position in [0, 1, 128, 255] {
        for bit in [0, 7] {
            let mut mutated = signature.clone();
            mutated[position] ^= 1 << bit;
            assert_eq!(verify(&key, message, &mutated), Err(BadSignature), "{position} {bit}");
        }
    }
    for other in [&message[1..], &message[..message.len() - 1], b""] {
        assert_eq!(verify(&key, other, &signature), Err(BadSignature));
    }
}

/// Returns a key with exponent 3 and a signature that opens to `encoded` (256 bytes, odd): for the signature *s*, whose cube
/// is a little under 2^2048, the modulus is *s*^3 less the encoded message. This needs no private key, so
/// a valid signature can be made for every wrong encoded message.
fn opening_to(encoded: &[u8]) -> (PublicKey, Vec<u8>) {
    let signature = BigUint::from(3_u8) << 681;
    let cube = &signature * &signature * &signature;
    let modulus = cube - BigUint::from_bytes_be(encoded);
    let key = PublicKey::from_components(&modulus.to_bytes_be(), &[3]).unwrap();
    (key, bytes(&signature))
}

/// [`opening_to`] needs an odd encoded message for an odd modulus.
fn message_of_odd_digest() -> Vec<u8> {
    let mut messages = (0..=u8::MAX).map(|last| vec![b'm', last]);
    messages.find(|message| Sha256::digest(message)[31] & 1 == 1).unwrap()
}

#[test]
fn one_encoded_message_alone_is_right() {
    let message = &message_of_odd_digest();
    let digest = Sha256::digest(message);
    let right = encoded_message(&digest);
    let with = |position: usize, byte: u8| {
        let mut encoded = right.clone();
        encoded[position] = byte;
        encoded
    };
    let padded = |digest_info: &[u8]| {
        let mut encoded = vec![0, 1];
        encoded.resize(256 - 1 - digest_info.len(), 0xff);
        encoded.push(0);
        encoded.extend_from_slice(digest_info);
        encoded
    };
    let mut shorter_padding = vec![0, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0];
    shorter_padding.extend_from_slice(&SHA256_DIGEST_INFO);
    shorter_padding.extend_from_slice(&digest);
    shorter_padding.resize(256, 0x01);
    let without_null = [
        b"\x30\x2f\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x04\x20",
        &digest[..],
    ]
    .concat();
    let long_lengths = [b"\x30\x81\x31", &SHA256_DIGEST_INFO[2..], &digest[..]].concat();
    let sha1_oid = [
        b"\x30\x29\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x20",
        &digest[..],
    ]
    .concat();
    let trailing = [&SHA256_DIGEST_INFO, &digest[..], b"\x05\x01"].concat();
    for (name, encoded, expected) in [
        ("right", right.clone(), Ok(())),
        ("leading byte", with(0, 0x40), Err(BadSignature)),
        ("block type 2, for encryption", with(1, 2), Err(BadSignature)),
        ("block type 0", with(1, 0), Err(BadSignature)),
        ("padding other than ff", with(100, 0xfe), Err(BadSignature)),
        ("padding that ends early", with(10, 0), Err(BadSignature)),
        ("no separator", with(204, 0xff), Err(BadSignature)),
        ("DigestInfo without NULL", padded(&without_null), Err(BadSignature)),
        (
            "DigestInfo with a long length",
            padded(&long_lengths),
            Err(BadSignature),
        ),
        ("another hash function", padded(&sha1_oid), Err(BadSignature)),
        ("no DigestInfo at all", padded(&digest), Err(BadSignature)),
        ("bytes after the digest", padded(&trailing), Err(BadSignature)),
        ("garbage after a short padding", shorter_padding, Err(BadSignature)),
        ("another digest", with(230, right[230] ^ 1), Err(BadSignature)),
        ("another last bit but one", with(255, right[255] ^ 2), Err(BadSignature)),
    ] {
        assert_eq!(encoded.len(), 256, "{name}");
        assert_eq!(encoded[255] & 1, 1, "{name}: the modulus would be even");
        let (key, signature) = opening_to(&encoded);
        assert!(opens_to(&key, &signature, &encoded), "{name}");
        assert_eq!(verify(&key, message, &signature), expected, "{name}");
    }
}

/// Bleichenbacher's forgery of 2006 against exponent 3: a cube root, rounded up, opens to a right beginning followed by
/// garbage. It needs only the public key.
#[test]
fn a_cube_root_is_no_signature() {
    let message = b"forged";
    let mut wanted = vec![0, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0];
    wanted.extend_from_slice(&SHA256_DIGEST_INFO);
    wanted.extend_from_slice(&Sha256::digest(message));
    let beginning = wanted.len();
    wanted.resize(256, 0);
    let beginning_of = |number: &BigUint| bytes(number)[..beginning].to_vec();
    let wanted = BigUint::from_bytes_be(&wanted);
    let cube = |root: &BigUint| root * root * root;
    let mut root = BigUint::from(0_u8);
    for bit in (0..=678).rev() {
        let tried = &root + (BigUint::from(1_u8) << bit);
        if cube(&tried) <= wanted {
            root = tried;
        }
    }
    root += BigUint::from(1_u8);
    let opened = cube(&root);
    assert_eq!(beginning_of(&opened), beginning_of(&wanted));

    let key = PublicKey::from_components(&[0xff; 256], &[3]).unwrap();
    let signature = bytes(&root);
    assert!(opens_to(&key, &signature, &bytes(&opened)));
    assert_eq!(verify(&key, message, &signature), Err(BadSignature));
}

#[test]
fn the_signature_is_as_long_as_the_modulus_and_less_than_it() {
    let message = &message_of_odd_digest();
    let (key, signature) = opening_to(&encoded_message(&Sha256::digest(message)));
    assert_eq!(verify(&key, message, &signature), Ok(()));
    let n = key.as_rsa().n();
    let one = BigUint::from(1_u8);
    let first = signature.iter().position(|byte| *byte != 0).unwrap();
    for (name, wrong) in [
        ("zero", vec![0; 256]),
        ("one", bytes(&one)),
        ("the modulus", bytes(n)),
        ("the modulus less one", bytes(&(n - &one))),
        (
            "the same number modulo n",
            bytes(&(n + BigUint::from_bytes_be(&signature))),
        ),
        ("the largest number", vec![0xff; 256]),
        ("a zero before it", [&[0], &signature[..]].concat()),
        ("a zero behind it", [&signature[..], &[0]].concat()),
        ("its leading zero left out", signature[1..].to_vec()),
        ("all its leading zeros left out", signature[first..].to_vec()),
        ("its last byte left out", signature[..255].to_vec()),
        ("nothing", vec![]),
    ] {
        assert_eq!(verify(&key, message, &wrong), Err(BadSignature), "{name}");
    }
}
