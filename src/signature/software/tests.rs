use super::*;
use crate::signature::self_test::Vector;
use crypto_bigint::U2048;

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

#[test]
fn the_encoded_message_is_as_rfc_8017_has_it() {
    let digest = Sha256::digest(b"");
    for len in [256, 257, 384, 512] {
        let encoded = encoded_message(&digest, len);
        assert_eq!(encoded.len(), len);
        assert_eq!(encoded[..2], [0, 1]);
        assert!(encoded[2..len - 52].iter().all(|byte| *byte == 0xff));
        assert_eq!(encoded[len - 52], 0);
        assert_eq!(encoded[len - 51..len - 32], SHA256_DIGEST_INFO);
        assert_eq!(encoded[len - 32..], digest[..]);
    }
}

/// A key with exponent 3 and a signature that opens to `encoded` (256 bytes, odd): for the signature *s*, whose cube
/// is a little under 2^2048, the modulus is *s*^3 less the encoded message. Nobody needs a private key for that, so
/// every wrong encoded message can be put behind a signature that is right.
fn opening_to(encoded: &[u8]) -> (PublicKey, Vec<u8>) {
    let signature = U2048::from(3_u8).shl(681);
    let cube = signature.wrapping_mul(&signature).wrapping_mul(&signature);
    let modulus = cube.wrapping_sub(&U2048::from_be_slice(encoded));
    let key = PublicKey::from_components(&modulus.to_be_bytes(), &[3]).unwrap();
    (key, signature.to_be_bytes().as_ref().to_vec())
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
    let right = encoded_message(&digest, 256);
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
        assert!(key.raises_to(&signature, &encoded), "{name}");
        assert_eq!(verify(&key, message, &signature), expected, "{name}");
    }
}

/// Bleichenbacher's forgery of 2006 against exponent 3: a cube root, rounded up, opens to a right beginning and garbage
/// behind it. It needs no key but the public one.
#[test]
fn a_cube_root_is_no_signature() {
    let message = b"forged";
    let mut wanted = vec![0, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0];
    wanted.extend_from_slice(&SHA256_DIGEST_INFO);
    wanted.extend_from_slice(&Sha256::digest(message));
    let beginning = wanted.len();
    wanted.resize(256, 0);
    let wanted = U2048::from_be_slice(&wanted);
    let cube = |root: &U2048| root.wrapping_mul(root).wrapping_mul(root);
    let mut root = U2048::ZERO;
    for bit in (0..=678).rev() {
        let tried = root | U2048::ONE.shl(bit);
        if cube(&tried) <= wanted {
            root = tried;
        }
    }
    root = root.wrapping_add(&U2048::ONE);
    let opened = cube(&root).to_be_bytes();
    assert_eq!(opened.as_ref()[..beginning], wanted.to_be_bytes().as_ref()[..beginning]);

    let key = PublicKey::from_components(&[0xff; 256], &[3]).unwrap();
    let signature = root.to_be_bytes();
    assert!(key.raises_to(signature.as_ref(), opened.as_ref()));
    assert_eq!(verify(&key, message, signature.as_ref()), Err(BadSignature));
}

#[test]
fn the_signature_is_as_long_as_the_modulus_and_less_than_it() {
    let message = &message_of_odd_digest();
    let (key, signature) = opening_to(&encoded_message(&Sha256::digest(message), 256));
    assert_eq!(verify(&key, message, &signature), Ok(()));
    let n = U2048::from_be_slice(key.n());
    let bytes = |number: U2048| number.to_be_bytes().as_ref().to_vec();
    let first = signature.iter().position(|byte| *byte != 0).unwrap();
    for (name, wrong) in [
        ("zero", vec![0; 256]),
        ("one", bytes(U2048::ONE)),
        ("the modulus", bytes(n)),
        ("the modulus less one", bytes(n.wrapping_sub(&U2048::ONE))),
        (
            "the same number modulo n",
            bytes(n.wrapping_add(&U2048::from_be_slice(&signature))),
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
