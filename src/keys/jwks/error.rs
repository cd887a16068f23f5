//! The faults of a JWK set and of its keys.

use super::{MAX_KEYS, MAX_SET_BYTES, kid_for_log};
use crate::keys::rsa::{MAX_MODULUS_BITS, MIN_MODULUS_BITS, WeakKey};
use std::fmt;

/// Why a JWK set cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadKeySet {
    /// It has this many bytes: over 256 KiB.
    TooLarge(usize),
    /// It is UTF-8 up to this byte only.
    NotUtf8(usize),
    /// It is not JSON, because of an error at this place (both counted from 1).
    NotJson {
        /// The line.
        line: usize,
        /// The column, in bytes.
        column: usize,
    },
    /// It is not a JSON object with a list `keys` (RFC 7517, section 5).
    NotASet,
    /// It has the member `keys` more than once.
    KeysTwice,
    /// `keys` has over 64 elements.
    TooManyKeys,
    /// One `kid` is repeated: a token's `kid` does not identify a key.
    RepeatedKid {
        /// The `kid`, not escaped.
        kid: String,
        /// The place of the first in `keys`, from 0.
        first: usize,
        /// The place of the second.
        second: usize,
    },
    /// Each key was skipped, or there is none.
    NoUsableKey(Vec<SkippedKey>),
}

/// A key of a set that is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkippedKey {
    /// Its place in `keys`, from 0.
    pub index: usize,
    /// Its `kid` if that is a string; not escaped.
    pub kid: Option<String>,
    /// Why.
    pub fault: KeyFault,
}

/// Why a key of a set is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyFault {
    /// It is not a JSON object.
    NotAnObject,
    /// It repeats this member name (RFC 7517, section 4).
    RepeatedMember(String),
    /// `kty` is not `RSA`.
    NotRsa,
    /// `kid` is absent, empty or not a string.
    NoKid,
    /// `use` is present and not `sig`.
    NotForSignatures,
    /// `key_ops` is present and not a list of strings that contains `verify`.
    NotForVerifying,
    /// `alg` is present and not `RS256`.
    NotRs256,
    /// `n` is absent or not base64url.
    Modulus,
    /// `e` is absent or not base64url.
    Exponent,
    /// The numbers are not those of an acceptable key.
    Weak(WeakKey),
}

impl fmt::Display for BadKeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadKeySet::TooLarge(bytes) => write!(f, "{bytes} bytes: a JWK set must have at most {MAX_SET_BYTES}"),
            BadKeySet::NotUtf8(at) => write!(f, "not UTF-8 at byte {at}: must be JSON in UTF-8"),
            BadKeySet::NotJson { line, column } => {
                write!(f, "not JSON at line {line} column {column}: must be a JWK set")
            }
            BadKeySet::NotASet => f.write_str("must be a JWK set: an object with a list \"keys\""),
            BadKeySet::KeysTwice => f.write_str("has the member \"keys\" twice: must have it once"),
            BadKeySet::TooManyKeys => write!(f, "has too many keys: must have at most {MAX_KEYS}"),
            BadKeySet::RepeatedKid { kid, first, second } => write!(
                f,
                "keys[{first}] and keys[{second}] have the same \"kid\" \"{}\": each must have its own",
                kid_for_log(kid)
            ),
            BadKeySet::NoUsableKey(skipped) => {
                write!(
                    f,
                    "has no usable key: must have an RSA key of {MIN_MODULUS_BITS} to {MAX_MODULUS_BITS} bits for RS256"
                )?;
                match skipped.first() {
                    Some(first) => write!(f, " ({first})"),
                    None => Ok(()),
                }
            }
        }
    }
}

impl std::error::Error for BadKeySet {}

impl fmt::Display for SkippedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "keys[{}]", self.index)?;
        if let Some(kid) = &self.kid {
            write!(f, " with kid \"{}\"", kid_for_log(kid))?;
        }
        write!(f, ": {}", self.fault)
    }
}

impl fmt::Display for KeyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            KeyFault::NotAnObject => "not an object: must be a JWK",
            KeyFault::RepeatedMember(name) => {
                return write!(f, "has the member \"{}\" twice: must have it once", kid_for_log(name));
            }
            KeyFault::NotRsa => "\"kty\" must be \"RSA\"",
            KeyFault::NoKid => "\"kid\" must be a string that is not empty",
            KeyFault::NotForSignatures => "\"use\" must be \"sig\" or left out",
            KeyFault::NotForVerifying => "\"key_ops\" must be a list with \"verify\" in it or left out",
            KeyFault::NotRs256 => "\"alg\" must be \"RS256\" or left out",
            KeyFault::Modulus => "\"n\" must be the modulus in base64url without padding",
            KeyFault::Exponent => "\"e\" must be the public exponent in base64url without padding",
            KeyFault::Weak(weak) => return weak.fmt(f),
        };
        f.write_str(text)
    }
}
