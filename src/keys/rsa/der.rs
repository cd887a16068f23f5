//! RSA public keys in DER (X.690), as hosts take them.

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const SEQUENCE: u8 = 0x30;

/// `AlgorithmIdentifier` of rsaEncryption, 1.2.840.113549.1.1.1, with its NULL parameters (RFC 3279, section 2.3.1).
const RSA_ENCRYPTION: [u8; 15] = [
    SEQUENCE, 13, 0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0,
];

/// `SubjectPublicKeyInfo` (RFC 5280, section 4.1.2.7) of these numbers, big-endian and without leading zeros.
pub(super) fn subject_public_key_info(n: &[u8], e: &[u8]) -> Vec<u8> {
    let numbers = [unsigned_integer(n), unsigned_integer(e)].concat();
    let public_key = [&[0][..], &element(SEQUENCE, &numbers)].concat();
    element(
        SEQUENCE,
        &[&RSA_ENCRYPTION[..], &element(BIT_STRING, &public_key)].concat(),
    )
}

/// DER integers are signed: a number whose first bit is set gets a zero before it.
fn unsigned_integer(number: &[u8]) -> Vec<u8> {
    let sign: &[u8] = if number.first().is_some_and(|byte| byte & 0x80 != 0) {
        &[0]
    } else {
        &[]
    };
    element(INTEGER, &[sign, number].concat())
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let zeros = length.iter().take_while(|byte| **byte == 0).count();
    let length = length.get(zeros..).unwrap_or_default();
    let mut out = vec![tag];
    match *length {
        [] => out.push(0),
        [short @ 0..=0x7f] => out.push(short),
        // A `usize` has at most eight bytes.
        _ => {
            out.push(0x80 | u8::try_from(length.len()).unwrap_or_default());
            out.extend_from_slice(length);
        }
    }
    out.extend_from_slice(content);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use rsa::pkcs8::DecodePublicKey;
    use rsa::traits::PublicKeyParts;

    #[test]
    fn lengths_are_minimal() {
        for (len, expected) in [
            (0, &[SEQUENCE, 0][..]),
            (0x7f, &[SEQUENCE, 0x7f]),
            (0x80, &[SEQUENCE, 0x81, 0x80]),
            (0x100, &[SEQUENCE, 0x82, 1, 0]),
        ] {
            let element = element(SEQUENCE, &vec![0; len]);
            assert_eq!(&element[..element.len() - len], expected);
        }
    }

    #[test]
    fn another_reader_finds_the_same_numbers() {
        for (first, len) in [(0x80, 256), (0x01, 257), (0xff, 384), (0x7f, 512)] {
            let mut n = vec![0xab; len];
            n[0] = first;
            for e in [&[3][..], &[1, 0, 1], &[0x80, 0, 1]] {
                let der = subject_public_key_info(&n, e);
                let key = rsa::PublicKey::from_public_key_der(&der).unwrap();
                assert_eq!(*key.n_bytes(), *n);
                assert_eq!(*key.e_bytes(), *e);
            }
        }
    }
}
