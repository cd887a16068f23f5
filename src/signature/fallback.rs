//! Chooses how signatures are verified: by the host's crypto if it can be relied on, otherwise in the module.

use super::host::{CallForeign, HostCrypto, HostFault};
use super::self_test::{SelfTest, self_test};
use super::software::SoftwareVerifier;
use super::{Verification, Verifier, VerifySignature};
use crate::keys::rsa::PublicKey;
use std::cell::Cell;

/// Verifies by the host if its self-test passed, otherwise in the module. If the host cannot verify a signature, the module does.
/// Both accept the same signatures, so this makes no difference to the result.
#[derive(Debug)]
pub struct VerifierWithFallback<F> {
    host: HostCrypto<F>,
    self_test: SelfTest,
    host_verifies: Cell<bool>,
    fault: Cell<Option<HostFault>>,
}

impl<F: CallForeign> VerifierWithFallback<F> {
    /// Runs the self-test of the host: two calls of its function. With the feature `force-module-crypto` the host
    /// is never called.
    pub fn new(foreign: F) -> VerifierWithFallback<F> {
        let host = HostCrypto::new(foreign);
        let self_test = if cfg!(feature = "force-module-crypto") {
            SelfTest::NotAsked
        } else {
            self_test(&host)
        };
        VerifierWithFallback {
            host,
            self_test,
            host_verifies: Cell::new(self_test == SelfTest::Passed),
            fault: Cell::new(None),
        }
    }

    /// Returns what the self-test showed, for a log line.
    pub fn self_test(&self) -> SelfTest {
        self.self_test
    }

    /// Returns the last failure of the host since the previous call, for a log line.
    pub fn take_fault(&self) -> Option<HostFault> {
        self.fault.take()
    }
}

impl<F: CallForeign> VerifySignature for VerifierWithFallback<F> {
    fn verify_rs256(&self, key: &PublicKey, message: &[u8], signature: &[u8]) -> Verification {
        if !self.host_verifies.get() {
            return SoftwareVerifier.verify_rs256(key, message, signature);
        }
        match self.host.verify_rs256(key, message, signature) {
            Ok(outcome) => Verification {
                by: Verifier::Host,
                outcome,
            },
            Err(fault) => {
                self.fault.set(Some(fault));
                self.host_verifies.set(fault != HostFault::NotFound);
                SoftwareVerifier.verify_rs256(key, message, signature)
            }
        }
    }
}

#[cfg(all(test, not(feature = "force-module-crypto")))]
mod tests {
    use super::*;
    use crate::signature::BadSignature;
    use crate::signature::host::ForeignError;
    use crate::signature::self_test::Vector;
    use std::cell::RefCell;
    use std::collections::VecDeque;

    type Answer = Result<Option<Vec<u8>>, ForeignError>;

    /// Returns these answers in turn; another call fails the test.
    struct Scripted(RefCell<VecDeque<Answer>>);

    impl CallForeign for &Scripted {
        fn call(&self, _: &str, _: &[u8]) -> Answer {
            self.0.borrow_mut().pop_front().unwrap()
        }
    }

    fn scripted(answers: &[Answer]) -> Scripted {
        Scripted(RefCell::new(answers.iter().cloned().collect()))
    }

    fn good() -> Answer {
        Ok(Some(vec![8, 1]))
    }

    fn bad() -> Answer {
        Ok(Some(vec![0x12, 1, b'x']))
    }

    fn verification(by: Verifier, outcome: Result<(), BadSignature>) -> Verification {
        Verification { by, outcome }
    }

    #[test]
    fn the_host_verifies_only_if_it_distinguishes_good_from_bad() {
        let garbled = || Ok(Some(vec![8]));
        for (answers, expected) in [
            (&[good(), bad()][..], SelfTest::Passed),
            (&[good(), good()], SelfTest::AcceptedBad),
            (&[bad()], SelfTest::RefusedGood),
            (&[Ok(None)], SelfTest::RefusedGood),
            (&[garbled()], SelfTest::NoAnswer(HostFault::Garbled)),
            (&[good(), garbled()], SelfTest::NoAnswer(HostFault::Garbled)),
            (&[Err(ForeignError::NotFound)], SelfTest::NoAnswer(HostFault::NotFound)),
            (&[Err(ForeignError::Other(2))], SelfTest::NoAnswer(HostFault::Failed(2))),
        ] {
            let foreign = scripted(answers);
            let chosen = VerifierWithFallback::new(&foreign);
            assert_eq!(chosen.self_test(), expected);
            assert!(foreign.0.borrow().is_empty());
            if expected == SelfTest::Passed {
                continue;
            }
            let Vector {
                key,
                message,
                signature,
            } = Vector::rfc7515().unwrap();
            let verify = |message| chosen.verify_rs256(&key, message, &signature);
            assert_eq!(verify(message), verification(Verifier::Module, Ok(())));
            assert_eq!(verify(b"other"), verification(Verifier::Module, Err(BadSignature)));
        }
    }

    #[test]
    fn a_host_that_gives_no_answer_lets_nothing_through() {
        let Vector {
            key,
            message,
            signature,
        } = Vector::rfc7515().unwrap();
        let failed = Err(ForeignError::Other(10));
        let foreign = scripted(&[good(), bad(), good(), bad(), failed.clone(), failed, bad()]);
        let chosen = VerifierWithFallback::new(&foreign);
        let verify = |message| chosen.verify_rs256(&key, message, &signature);
        assert_eq!(verify(message), verification(Verifier::Host, Ok(())));
        assert_eq!(verify(message), verification(Verifier::Host, Err(BadSignature)));
        assert_eq!(chosen.take_fault(), None);
        assert_eq!(verify(message), verification(Verifier::Module, Ok(())));
        assert_eq!(verify(b"other"), verification(Verifier::Module, Err(BadSignature)));
        assert_eq!(chosen.take_fault(), Some(HostFault::Failed(10)));
        assert_eq!(chosen.take_fault(), None);
        // It is called again the next time.
        assert_eq!(verify(message), verification(Verifier::Host, Err(BadSignature)));
    }

    #[test]
    fn a_host_that_lost_its_function_is_not_asked_again() {
        let Vector {
            key,
            message,
            signature,
        } = Vector::rfc7515().unwrap();
        let foreign = scripted(&[good(), bad(), Err(ForeignError::NotFound)]);
        let chosen = VerifierWithFallback::new(&foreign);
        for _ in 0..3 {
            let verification_now = chosen.verify_rs256(&key, message, &signature);
            assert_eq!(verification_now, verification(Verifier::Module, Ok(())));
        }
        assert_eq!(chosen.take_fault(), Some(HostFault::NotFound));
    }
}
