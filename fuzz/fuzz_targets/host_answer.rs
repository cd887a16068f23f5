//! The host's answer to `verify_signature` is read as a yes only if it is one: field 1, set last to a true value.
#![no_main]

use envoy_cognito_jwt::keys::rsa::PublicKey;
use envoy_cognito_jwt::signature::host::{CallForeign, ForeignError, HostCrypto};
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
        // A yes holds the tag of the result somewhere, followed by a varint that is not zero.
        assert!(answer.windows(2).any(|pair| pair[0] == 0x08 && pair[1] != 0));
    }
    // A signature of another length is refused without asking.
    assert!(matches!(
        HostCrypto::new(Answers(answer)).verify_rs256(&key, b"message", &[0; 255]),
        Ok(Err(_))
    ));
});
