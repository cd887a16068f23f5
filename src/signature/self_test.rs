//! The self-test of a host's crypto: one good and one bad signature, before the first request.

use super::BadSignature;
use super::host::{CallForeign, HostCrypto, HostFault};
use crate::keys::rsa::PublicKey;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::fmt;

/// The result of a host's self-test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SelfTest {
    /// It accepts the good signature and rejects the bad one: the host verifies.
    Passed,
    /// It returned no result: the module verifies.
    NoAnswer(HostFault),
    /// It rejected the good signature: the module verifies.
    RefusedGood,
    /// It accepted the bad signature: the module verifies.
    AcceptedBad,
    /// It was not called, since this build never does (the feature `force-module-crypto`).
    NotAsked,
}

impl fmt::Display for SelfTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SelfTest::Passed => f.write_str("signatures are verified by the host"),
            SelfTest::NoAnswer(fault) => write!(f, "signatures are verified in the module: {fault}"),
            SelfTest::RefusedGood => {
                f.write_str("signatures are verified in the module: the host refused a good signature")
            }
            SelfTest::AcceptedBad => {
                f.write_str("signatures are verified in the module: the host accepted a bad signature")
            }
            SelfTest::NotAsked => f.write_str("signatures are verified in the module: it was built so"),
        }
    }
}

/// Lets the host verify a good and a bad signature.
pub fn self_test<F: CallForeign>(host: &HostCrypto<F>) -> SelfTest {
    let Some(Vector {
        key,
        message,
        mut signature,
    }) = Vector::rfc7515()
    else {
        // The vector is a constant, and a test reads it.
        return SelfTest::NotAsked;
    };
    match host.verify_rs256(&key, message, &signature) {
        Ok(Ok(())) => {}
        Ok(Err(BadSignature)) => return SelfTest::RefusedGood,
        Err(fault) => return SelfTest::NoAnswer(fault),
    }
    // Still as long as the modulus and less than it: only arithmetic can detect it.
    if let Some(last) = signature.last_mut() {
        *last ^= 1;
    }
    match host.verify_rs256(&key, message, &signature) {
        Ok(Ok(())) => SelfTest::AcceptedBad,
        Ok(Err(BadSignature)) => SelfTest::Passed,
        Err(fault) => SelfTest::NoAnswer(fault),
    }
}

/// A key, a message and the key's signature over it.
pub(crate) struct Vector {
    pub(crate) key: PublicKey,
    pub(crate) message: &'static [u8],
    pub(crate) signature: Vec<u8>,
}

impl Vector {
    /// RFC 7515, appendix A.2: RS256 with 2048 bits.
    pub(crate) fn rfc7515() -> Option<Vector> {
        let n = URL_SAFE_NO_PAD.decode(MODULUS).ok()?;
        Some(Vector {
            key: PublicKey::from_components(&n, &[1, 0, 1]).ok()?,
            message: SIGNING_INPUT.as_bytes(),
            signature: URL_SAFE_NO_PAD.decode(SIGNATURE).ok()?,
        })
    }
}

const MODULUS: &str = concat!(
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS",
    "-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2",
    "CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9",
    "gb54h4FRWyuXpoQ",
);

const SIGNING_INPUT: &str = concat!(
    "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0",
    "cnVlfQ",
);

const SIGNATURE: &str = concat!(
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUA",
    "r7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO-",
    "-xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_",
    "IoypGlUPQGe77Rw",
);
