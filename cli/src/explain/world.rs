//! The world of an explanation: a clock that stands, no other workers, and nobody to call.

use cognito_jwt::call::{CallId, HttpCall, NotSent, SendCall};
use cognito_jwt::env::Env;
use cognito_jwt::keys::jwks::{BadKeySet, Key, KeySet};
use cognito_jwt::keys::rsa::PublicKey;
use cognito_jwt::keys::shared::{Conflict, SharedStore, Stored, Version};
use cognito_jwt::signature::software::SoftwareVerifier;
use cognito_jwt::signature::{Verification, Verifier, VerifySignature};
use cognito_jwt::time::UnixTime;
use cognito_jwt::token::jwt::UntrustedJwt;
use std::cell::Cell;
use std::time::Duration;

/// What the filter asks.
pub struct World {
    now: Cell<UnixTime>,
    are_keys_known: bool,
}

impl World {
    /// Returns the world at this moment.
    pub fn new(now: UnixTime, are_keys_known: bool) -> World {
        World {
            now: Cell::new(now),
            are_keys_known,
        }
    }

    /// Returns what a callback sees of it.
    pub fn env(&self) -> Env<'_> {
        Env {
            now: self.now.get(),
            random: 0,
            crypto: self,
            shared: self,
            calls: self,
        }
    }

    /// A moment passes: enough for a tick.
    pub fn pass_time(&self) {
        self.now.set(self.now.get().after(Duration::from_millis(1)));
    }
}

impl SendCall for World {
    fn send(&self, _: &HttpCall) -> Result<CallId, NotSent> {
        Err(NotSent::UnknownCluster)
    }
}

impl SharedStore for World {
    fn load(&self, _: &str) -> Option<Stored> {
        None
    }

    fn swap(&self, _: &str, _: &[u8], _: Option<Version>) -> Result<(), Conflict> {
        Ok(())
    }
}

impl VerifySignature for World {
    fn verify_rs256(&self, key: &PublicKey, message: &[u8], signature: &[u8]) -> Verification {
        if self.are_keys_known {
            return SoftwareVerifier.verify_rs256(key, message, signature);
        }
        Verification {
            by: Verifier::Module,
            outcome: Ok(()),
        }
    }
}

/// Keys with the `kid`s of these tokens. Nobody can sign for them; no signature is checked where they are used.
///
/// # Errors
/// There are more of them than a set may hold.
pub fn stand_in_keys(tokens: &[&str]) -> Result<KeySet, BadKeySet> {
    let mut kids: Vec<String> = tokens
        .iter()
        .filter_map(|token| UntrustedJwt::parse(token.as_bytes()).ok())
        .filter_map(|jwt| jwt.kid().map(str::to_owned))
        .collect();
    kids.push("no key was given".to_owned());
    kids.sort_unstable();
    kids.dedup();
    let key = |kid: String| {
        Some(Key {
            kid: kid.into(),
            public: PublicKey::from_components(&[0xff; 256], &[1, 0, 1]).ok()?,
        })
    };
    KeySet::from_keys(kids.into_iter().filter_map(key).collect())
}
