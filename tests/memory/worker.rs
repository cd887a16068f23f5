//! One worker without a world around it that keeps anything.

use envoy_cognito_jwt::call::{Body, CallId, HttpAnswer, HttpCall, NotSent, SendCall};
use envoy_cognito_jwt::command::{Action, Command};
use envoy_cognito_jwt::config::Config;
use envoy_cognito_jwt::env::Env;
use envoy_cognito_jwt::filter::Filter;
use envoy_cognito_jwt::keys::shared::{Conflict, SharedStore, Stored, Version};
use envoy_cognito_jwt::request::{RequestHead, RequestId};
use envoy_cognito_jwt::time::UnixTime;
use serde_json::Value;
use std::collections::BTreeMap;
use support::tokens::BelieveAll;
use support::world::START;
use support::world::ask::Ask;

const REQUEST: RequestId = RequestId(1);
const CALL: CallId = CallId(1);

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
        let action = self.filter.on_request(REQUEST, head, &route, &env(), &mut out);
        self.take(out);
        action == Action::Continue
    }

    /// Whether a request with this token passes once the call that it causes is answered so.
    pub fn passes_after(&mut self, token: &str, body: &str) -> bool {
        assert!(!self.passes(token), "no call is needed");
        let mut out = Vec::new();
        self.filter.on_tick(&env(), &mut out);
        let answer = HttpAnswer {
            status: 200,
            body: Body::Whole(body.as_bytes().to_vec()),
        };
        self.filter.on_answer(CALL, Some(answer), &env(), &mut out);
        let passes = out.contains(&Command::Resume);
        self.take(out);
        self.filter.on_gone(REQUEST);
        passes
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
        Ok(CALL)
    }
}
