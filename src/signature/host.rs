//! Envoy's foreign function `verify_signature`: what it is asked and how its answer is read.
//!
//! Both are protobuf messages (Envoy, `source/extensions/common/wasm/ext/verify_signature.proto`).
//! The argument: 1 `hash_function`, 2 `public_key` (DER `SubjectPublicKeyInfo`), 3 `signature`, 4 `text`; the answer:
//! 1 `result`, 2 `error`. Written by hand: six fields do not need a protobuf library in the module.

mod codec;

use super::BadSignature;
use crate::keys::rsa::PublicKey;
use std::cell::Cell;
use std::fmt;

/// The name of the foreign function.
pub const VERIFY_SIGNATURE: &str = "verify_signature";

/// Calls the functions that a host offers beyond the Proxy-Wasm ABI.
pub trait CallForeign {
    /// Calls the function `name`. `None` stands for an empty answer, as the ABI has it.
    ///
    /// # Errors
    /// The host has no such function, or its call failed.
    fn call(&self, name: &str, argument: &[u8]) -> Result<Option<Vec<u8>>, ForeignError>;
}

/// Why a foreign function gave no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForeignError {
    /// The host has none of this name.
    NotFound,
    /// The call failed with this status of the Proxy-Wasm ABI.
    Other(u32),
}

/// Why the host gave no answer about a signature. Nothing is known of the signature then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostFault {
    /// It has no `verify_signature`.
    NotFound,
    /// The call failed with this status.
    Failed(u32),
    /// What it answered is not the answer's message.
    Garbled,
}

impl fmt::Display for HostFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HostFault::NotFound => write!(f, "the host has no function {VERIFY_SIGNATURE}"),
            HostFault::Failed(status) => write!(f, "the host's {VERIFY_SIGNATURE} failed with status {status}"),
            HostFault::Garbled => write!(f, "the host's {VERIFY_SIGNATURE} gave an answer that cannot be read"),
        }
    }
}

impl std::error::Error for HostFault {}

/// Verifies by the host's `verify_signature`.
pub struct HostCrypto<F> {
    foreign: F,
    /// The last argument's memory, used again: a call allocates nothing once it has grown.
    argument: Cell<Vec<u8>>,
}

impl<F> fmt::Debug for HostCrypto<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostCrypto").finish_non_exhaustive()
    }
}

impl<F: CallForeign> HostCrypto<F> {
    /// Verifies through this host.
    pub fn new(foreign: F) -> HostCrypto<F> {
        HostCrypto {
            foreign,
            argument: Cell::new(Vec::new()),
        }
    }

    /// Checks the RS256 `signature` of `message`.
    ///
    /// The host checks neither the key's type nor its size; a [`PublicKey`] is RSA and large enough by its type. A
    /// signature that is not as long as the modulus is bad without asking.
    ///
    /// # Errors
    /// The host gave no answer. Inside is the answer.
    pub fn verify_rs256(
        &self,
        key: &PublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> Result<Result<(), BadSignature>, HostFault> {
        if signature.len() != key.modulus_len() {
            return Ok(Err(BadSignature));
        }
        let mut argument = self.argument.take();
        codec::write_argument(&mut argument, key, message, signature);
        let answer = self.foreign.call(VERIFY_SIGNATURE, &argument);
        self.argument.set(argument);
        let answer = answer.map_err(|error| match error {
            ForeignError::NotFound => HostFault::NotFound,
            ForeignError::Other(status) => HostFault::Failed(status),
        })?;
        match codec::read_answer(&answer.unwrap_or_default()) {
            Some(true) => Ok(Ok(())),
            Some(false) => Ok(Err(BadSignature)),
            None => Err(HostFault::Garbled),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature::self_test::Vector;
    use std::cell::RefCell;

    /// Answers as scripted and remembers what it was asked.
    struct Scripted {
        answer: Result<Option<Vec<u8>>, ForeignError>,
        asked: RefCell<Vec<(String, Vec<u8>)>>,
    }

    impl CallForeign for &Scripted {
        fn call(&self, name: &str, argument: &[u8]) -> Result<Option<Vec<u8>>, ForeignError> {
            self.asked.borrow_mut().push((name.into(), argument.into()));
            self.answer.clone()
        }
    }

    fn scripted(answer: Result<Option<Vec<u8>>, ForeignError>) -> Scripted {
        Scripted {
            answer,
            asked: RefCell::default(),
        }
    }

    #[test]
    fn each_answer_means_one_thing() {
        let Vector {
            key,
            message,
            signature,
        } = Vector::rfc7515().unwrap();
        for (answer, expected) in [
            (Ok(Some(vec![8, 1])), Ok(Ok(()))),
            (Ok(Some(vec![8, 0])), Ok(Err(BadSignature))),
            (Ok(Some(b"\x12\x03bad".to_vec())), Ok(Err(BadSignature))),
            (Ok(Some(vec![])), Ok(Err(BadSignature))),
            (Ok(None), Ok(Err(BadSignature))),
            (Ok(Some(vec![8])), Err(HostFault::Garbled)),
            (Err(ForeignError::NotFound), Err(HostFault::NotFound)),
            (Err(ForeignError::Other(10)), Err(HostFault::Failed(10))),
        ] {
            let foreign = scripted(answer.clone());
            let outcome = HostCrypto::new(&foreign).verify_rs256(&key, message, &signature);
            assert_eq!(outcome, expected, "{answer:?}");
        }
    }

    #[test]
    fn the_argument_holds_hash_key_signature_and_text() {
        let Vector {
            key,
            message,
            signature,
        } = Vector::rfc7515().unwrap();
        let foreign = scripted(Ok(Some(vec![8, 1])));
        let host = HostCrypto::new(&foreign);
        for message in [message, b"short", b""] {
            assert_eq!(host.verify_rs256(&key, message, &signature), Ok(Ok(())));
        }
        let asked = foreign.asked.borrow();
        let argument = |message: &[u8]| {
            let mut expected = b"\x0a\x06sha256\x12\xa6\x02".to_vec();
            expected.extend_from_slice(key.spki_der());
            expected.extend_from_slice(b"\x1a\x80\x02");
            expected.extend_from_slice(&signature);
            expected.push(0x22);
            expected.push(u8::try_from(message.len()).unwrap());
            expected.extend_from_slice(message);
            expected
        };
        assert_eq!(key.spki_der().len(), 0x126);
        for (index, message) in [message, b"short", b""].iter().enumerate() {
            assert_eq!(asked[index].0, "verify_signature");
            assert_eq!(asked[index].1, argument(message), "{index}");
        }
    }

    #[test]
    fn a_signature_of_the_wrong_length_is_bad_without_asking() {
        let Vector {
            key,
            message,
            signature,
        } = Vector::rfc7515().unwrap();
        let foreign = scripted(Ok(Some(vec![8, 1])));
        let host = HostCrypto::new(&foreign);
        let long = [&[0][..], &signature].concat();
        for signature in [&signature[1..], &signature[..255], &long, &[]] {
            assert_eq!(host.verify_rs256(&key, message, signature), Ok(Err(BadSignature)));
        }
        assert!(foreign.asked.borrow().is_empty());
    }
}
