//! The host's answer to `verify_signature` is read as a yes only if it is one: field 1, set last to a true value.
#![no_main]

use cognito_jwt::keys::rsa::PublicKey;
use cognito_jwt::signature::host::{CallForeign, ForeignError, HostCrypto};
use libfuzzer_sys::fuzz_target;

struct Answers<'a>(&'a [u8]);

impl CallForeign for Answers<'_> {
    fn call(&self, _: &str, _: &[u8]) -> Result<Option<Vec<u8>>, ForeignError> {
        Ok(Some(self.0.to_vec()))
    }
}

fuzz_target!(|answer: &[u8]| {
    let key = PublicKey::from_components(&[0xD5; 256], &[1, 0, 1]).expect("odd and long enough");
    let verified = HostCrypto::new(Answers(answer)).verify_rs256(&key, b"message", &[0; 256]);
    if verified == Ok(Ok(())) {
        assert_eq!(result(answer), Some(true));
    }
    // A signature of another length is refused without asking.
    assert!(matches!(
        HostCrypto::new(Answers(answer)).verify_rs256(&key, b"message", &[0; 255]),
        Ok(Err(_))
    ));
});

/// Field 1 of the message, by a reader written without a look at the filter's.
fn result(mut bytes: &[u8]) -> Option<bool> {
    let mut result = false;
    // Groups, which nobody writes any more, hold fields of their own.
    let mut depth = 0_u32;
    while !bytes.is_empty() {
        let tag = varint(&mut bytes)?;
        let skipped = match tag & 7 {
            0 => {
                let value = varint(&mut bytes)?;
                if tag >> 3 == 1 && depth == 0 {
                    result = value != 0;
                }
                0
            }
            1 => 8,
            2 => usize::try_from(varint(&mut bytes)?).ok()?,
            3 => {
                depth += 1;
                0
            }
            4 => {
                depth = depth.checked_sub(1)?;
                0
            }
            5 => 4,
            _ => return None,
        };
        bytes = bytes.get(skipped..)?;
    }
    Some(result)
}

/// At most ten bytes; the same number may have several spellings.
fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for place in 0..10 {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7F) << (7 * place);
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}
