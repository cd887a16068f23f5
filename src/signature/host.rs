//! Envoy's foreign function `verify_signature`: its argument and its result.

use super::{BadSignature, Rs256, verify_by};
use crate::keys::rsa::PublicKey;
use jwt_compact::alg::RsaSignature;
use jwt_compact::{Algorithm, AlgorithmSignature as _};
use prost::Message as _;
use std::borrow::Cow;
use std::cell::Cell;
use std::convert::Infallible;
use std::fmt;

/// The name of the foreign function.
pub const VERIFY_SIGNATURE: &str = "verify_signature";

/// Calls the functions that a host offers beyond the Proxy-Wasm ABI.
pub trait CallForeign {
    /// Calls the function `name`. `None` is an empty result, as in the ABI.
    ///
    /// # Errors
    /// The host has no such function, or its call failed.
    fn call(&self, name: &str, argument: &[u8]) -> Result<Option<Vec<u8>>, ForeignError>;
}

/// Why a foreign function returned no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForeignError {
    /// The host has no function of this name.
    NotFound,
    /// The call failed with this status of the Proxy-Wasm ABI.
    Other(u32),
}

/// Why the host did not verify a signature. It is unknown then whether the signature is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostFault {
    /// It has no `verify_signature`.
    NotFound,
    /// The call failed with this status.
    Failed(u32),
    /// The result is not the expected message.
    Garbled,
    /// The key cannot be encoded into the argument.
    Key,
}

impl fmt::Display for HostFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HostFault::NotFound => write!(f, "the host has no function {VERIFY_SIGNATURE}"),
            HostFault::Failed(status) => write!(f, "the host's {VERIFY_SIGNATURE} failed with status {status}"),
            HostFault::Garbled => write!(f, "the host's {VERIFY_SIGNATURE} returned a result that cannot be read"),
            HostFault::Key => write!(f, "the key has no form that the host's {VERIFY_SIGNATURE} takes"),
        }
    }
}

impl std::error::Error for HostFault {}

/// The argument: Envoy, `source/extensions/common/wasm/ext/verify_signature.proto`.
#[derive(prost::Message)]
struct VerifySignatureArguments {
    #[prost(string, tag = "1")]
    hash_function: String,
    /// DER `SubjectPublicKeyInfo`.
    #[prost(bytes = "vec", tag = "2")]
    public_key: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    signature: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    text: Vec<u8>,
}

/// The result: the same file.
#[derive(prost::Message)]
struct VerifySignatureResult {
    #[prost(bool, tag = "1")]
    result: bool,
    #[prost(string, tag = "2")]
    error: String,
}

/// Verifies by the host's `verify_signature`.
pub struct HostCrypto<F> {
    foreign: F,
    /// Why the last call failed. [`Algorithm::verify_signature`] can only return false then.
    fault: Cell<Option<HostFault>>,
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
            fault: Cell::new(None),
        }
    }

    /// Checks the RS256 `signature` of `message`.
    ///
    /// The host checks neither the key's type nor its size; a [`PublicKey`] is RSA and large enough by its type. A
    /// signature that is not as long as the modulus is bad without a call.
    ///
    /// # Errors
    /// The host did not verify the signature. Otherwise, the inner result says whether it is good.
    pub fn verify_rs256(
        &self,
        key: &PublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> Result<Result<(), BadSignature>, HostFault> {
        self.fault.set(None);
        let outcome = verify_by(self, key, message, signature).ok_or(HostFault::Key)?;
        match self.fault.take() {
            Some(fault) => Err(fault),
            None => Ok(outcome),
        }
    }

    fn ask(&self, arguments: &VerifySignatureArguments) -> Result<bool, HostFault> {
        let answer = self
            .foreign
            .call(VERIFY_SIGNATURE, &arguments.encode_to_vec())
            .map_err(|error| match error {
                ForeignError::NotFound => HostFault::NotFound,
                ForeignError::Other(status) => HostFault::Failed(status),
            })?;
        read_answer(&answer.unwrap_or_default()).ok_or(HostFault::Garbled)
    }
}

/// Reads the result; `None` if it is not one. A "yes" with an error text is a contradiction.
fn read_answer(answer: &[u8]) -> Option<bool> {
    let VerifySignatureResult { result, error } = VerifySignatureResult::decode(answer).ok()?;
    (!result || error.is_empty()).then_some(result)
}

/// A key in the host's form: DER `SubjectPublicKeyInfo`.
pub struct HostKey(Vec<u8>);

impl<F: CallForeign> Algorithm for HostCrypto<F> {
    type SigningKey = Infallible;
    type VerifyingKey = HostKey;
    type Signature = RsaSignature;

    fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed("RS256")
    }

    fn sign(&self, key: &Infallible, _: &[u8]) -> RsaSignature {
        match *key {}
    }

    fn verify_signature(&self, signature: &RsaSignature, key: &HostKey, message: &[u8]) -> bool {
        let answer = self.ask(&VerifySignatureArguments {
            hash_function: "sha256".into(),
            public_key: key.0.clone(),
            signature: signature.as_bytes().into_owned(),
            text: message.to_vec(),
        });
        answer.unwrap_or_else(|fault| {
            self.fault.set(Some(fault));
            false
        })
    }
}

impl<F: CallForeign> Rs256 for HostCrypto<F> {
    fn verifying_key<'k>(&self, key: &'k PublicKey) -> Option<&'k HostKey> {
        key.prepared(|key| key.spki_der().map(HostKey))?.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature::self_test::Vector;
    use std::cell::RefCell;

    /// Responds as scripted and records the calls.
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
    fn answers_are_read_as_protobuf_has_them() {
        for (answer, expected) in [
            (&b""[..], Some(false)),
            (b"\x08\x01", Some(true)),
            (b"\x08\x00", Some(false)),
            (b"\x08\x81\x00", Some(true)),
            (b"\x12\x00", Some(false)),
            (b"\x08\x01\x12\x00", Some(true)),
            (b"\x12\x02no", Some(false)),
            (b"\x08\x00\x12\x02no", Some(false)),
            // Fields of later versions: 3 varint, 4 fixed64, 5 bytes, 6 fixed32, 536870911 varint.
            (b"\x18\x96\x01\x08\x01", Some(true)),
            (b"\x21\x01\x02\x03\x04\x05\x06\x07\x08\x08\x01", Some(true)),
            (b"\x2a\x02\x08\x00\x08\x01", Some(true)),
            (b"\x35\x01\x02\x03\x04\x08\x01", Some(true)),
            (b"\xf8\xff\xff\xff\x0f\x01\x08\x01", Some(true)),
            // The last value of a repeated field counts.
            (b"\x08\x01\x08\x00", Some(false)),
            (b"\x08\x00\x08\x01", Some(true)),
            // A contradiction, other types.
            (b"\x08\x01\x12\x02no", None),
            (b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", None),
            (b"\x0a\x01\x01", None),
            (b"\x0d\x01\x00\x00\x00", None),
            (b"\x09\x01\x00\x00\x00\x00\x00\x00\x00", None),
            (b"\x10\x01", None),
            (b"\x12\x01\xff", None),
            // Cut off, too long, no field, groups, types that do not exist.
            (b"\x08", None),
            (b"\x88", None),
            (b"\x08\x81", None),
            (b"\x12\x03no", None),
            (b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01no", None),
            (b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02no", None),
            (b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", None),
            (b"\x21\x01\x02\x03", None),
            (b"\x35\x01\x02\x03", None),
            (b"\x00\x01", None),
            (b"\x1e\x01", None),
            (b"\x1f\x01", None),
            (b"true", None),
            (b"{\"result\": true}", None),
        ] {
            assert_eq!(read_answer(answer), expected, "{answer:?}");
        }
    }

    #[test]
    fn of_two_bytes_only_a_true_result_is_a_yes() {
        for first in 0..=u8::MAX {
            for second in 0..=u8::MAX {
                let accepted = read_answer(&[first, second]) == Some(true);
                assert_eq!(accepted, first == 8 && (1..0x80).contains(&second), "{first} {second}");
            }
        }
    }

    #[test]
    fn a_key_prepared_for_another_verifier_is_not_asked_about() {
        let Vector {
            key,
            message,
            signature,
        } = Vector::rfc7515().unwrap();
        assert!(key.prepared(|_| "another").is_some());
        let foreign = scripted(Ok(Some(vec![8, 1])));
        let outcome = HostCrypto::new(&foreign).verify_rs256(&key, message, &signature);
        assert_eq!(outcome, Err(HostFault::Key));
        assert!(foreign.asked.borrow().is_empty());
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
            expected.extend_from_slice(&key.spki_der().unwrap());
            expected.extend_from_slice(b"\x1a\x80\x02");
            expected.extend_from_slice(&signature);
            // Protobuf leaves out what is empty.
            if !message.is_empty() {
                expected.push(0x22);
                expected.push(u8::try_from(message.len()).unwrap());
                expected.extend_from_slice(message);
            }
            expected
        };
        assert_eq!(key.spki_der().unwrap().len(), 0x126);
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
