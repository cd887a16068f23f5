//! A host that verifies with another version of the `rsa` crate, and as little as Envoy does checks what it is given.

use envoy_cognito_jwt::signature::host::{CallForeign, ForeignError};
use rsa_0_10::pkcs8::DecodePublicKey as _;
use rsa_0_10::sha2::Sha256;
use std::cell::Cell;

#[derive(Default)]
pub struct FakeHost {
    calls: Cell<usize>,
}

impl FakeHost {
    /// How often it was called.
    pub fn calls(&self) -> usize {
        self.calls.get()
    }
}

impl CallForeign for &FakeHost {
    fn call(&self, name: &str, argument: &[u8]) -> Result<Option<Vec<u8>>, ForeignError> {
        self.calls.set(self.calls.get() + 1);
        if name != "verify_signature" {
            return Err(ForeignError::NotFound);
        }
        let [hash, key, signature, text] = fields(argument);
        assert_eq!(hash, b"sha256");
        Ok(Some(if verifies(key, text, signature) {
            vec![0x08, 0x01]
        } else {
            b"\x12\x10bad signature :(".to_vec()
        }))
    }
}

/// What the `rsa` crate says of an RS256 signature under a key in DER.
pub fn verifies(spki_der: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let key = rsa_0_10::PublicKey::from_public_key_der(spki_der).unwrap();
    key.pkcs1v15_verify::<Sha256>(message, signature).is_ok()
}

/// The length-delimited fields 1 to 4, which must come in that order and alone; one that is left out is empty.
fn fields(mut message: &[u8]) -> [&[u8]; 4] {
    let fields = [1_u8, 2, 3, 4].map(|number| {
        if message.first() != Some(&(number << 3 | 2)) {
            return &[][..];
        }
        let mut len = 0;
        let mut at = 1;
        loop {
            len |= usize::from(message[at] & 0x7f) << (7 * (at - 1));
            at += 1;
            if message[at - 1] & 0x80 == 0 {
                break;
            }
        }
        let (field, rest) = message[at..].split_at(len);
        message = rest;
        field
    });
    assert!(message.is_empty());
    fields
}
