//! One worker without a world around it that keeps anything.

use envoy_cognito_jwt::call::{CallId, HttpCall, NotSent, SendCall};
use envoy_cognito_jwt::command::{Command, Flow};
use envoy_cognito_jwt::config::Config;
use envoy_cognito_jwt::env::Env;
use envoy_cognito_jwt::filter::Filter;
use envoy_cognito_jwt::keys::rsa::PublicKey;
use envoy_cognito_jwt::keys::shared::{Conflict, SharedStore, Stored, Version};
use envoy_cognito_jwt::request::{RequestHead, RequestId};
use envoy_cognito_jwt::signature::{Verification, Verifier, VerifySignature};
use envoy_cognito_jwt::time::UnixTime;
use serde_json::Value;
use std::collections::BTreeMap;
use support::world::START;
use support::world::ask::Ask;

/// A filter, and what it has counted.
pub struct Worker {
    filter: Filter,
    counted: BTreeMap<String, u64>,
}

impl Worker {
    /// A worker with this configuration.
    pub fn start(config: &Value) -> Worker {
        let config = Config::parse(config.to_string().as_bytes()).unwrap_or_else(|errors| panic!("{errors}"));
        Worker {
            filter: Filter::new(config),
            counted: BTreeMap::new(),
        }
    }

    /// Whether a request with this token passes at once.
    pub fn passes(&mut self, token: &str) -> bool {
        let bearer = format!("Bearer {token}");
        let head = RequestHead::new(vec![
            (b":method", b"GET"),
            (b":authority", b"api.example.com"),
            (b":path", b"/"),
            (b"authorization", bearer.as_bytes()),
        ]);
        let mut out = Vec::new();
        let route = Ask::get("/").route;
        let flow = self.filter.on_request(RequestId(1), head, &route, &env(), &mut out);
        self.take(out);
        flow == Flow::Continue
    }

    /// A counter, by its name without `cognito_jwt.`.
    pub fn count(&self, name: &str) -> u64 {
        self.counted.get(name).copied().unwrap_or(0)
    }

    fn take(&mut self, out: Vec<Command>) {
        for command in out {
            if let Command::Count(counter) = command {
                let name = counter.name().replace("cognito_jwt.", "");
                *self.counted.entry(name).or_default() += 1;
            }
        }
    }
}

fn env() -> Env<'static> {
    Env {
        now: UnixTime::from_secs(START),
        random: 0,
        crypto: &BelieveAll,
        shared: &Nothing,
        calls: &Nothing,
    }
}

/// Signatures are not what is measured, and would take all the time.
struct BelieveAll;

impl VerifySignature for BelieveAll {
    fn verify_rs256(&self, _: &PublicKey, _: &[u8], _: &[u8]) -> Verification {
        Verification {
            by: Verifier::Module,
            outcome: Ok(()),
        }
    }
}

struct Nothing;

impl SharedStore for Nothing {
    fn load(&self, _: &str) -> Option<Stored> {
        None
    }

    fn swap(&self, _: &str, _: &[u8], _: Option<Version>) -> Result<(), Conflict> {
        Ok(())
    }
}

impl SendCall for Nothing {
    fn send(&self, _: &HttpCall) -> Result<CallId, NotSent> {
        Err(NotSent::UnknownCluster)
    }
}
