//! Whatever headers come: without a good signature nobody is let in as somebody, and no header of ours gets through.
//!
//! The input is text: each line is a header, `name:value` (`:path` and other pseudo-headers, too).
#![no_main]

use cognito_jwt::call::{CallId, HttpCall, NotSent, SendCall};
use cognito_jwt::command::{Action, Command, HeaderEdit};
use cognito_jwt::config::Config;
use cognito_jwt::env::{DescribeRoute, Env, RouteMetadata};
use cognito_jwt::filter::Filter;
use cognito_jwt::keys::rsa::PublicKey;
use cognito_jwt::keys::shared::{Conflict, SharedStore, Stored, Version};
use cognito_jwt::metrics::Counter;
use cognito_jwt::request::{RequestHead, RequestId};
use cognito_jwt::signature::{BadSignature, Verification, Verifier, VerifySignature};
use cognito_jwt::time::UnixTime;
use libfuzzer_sys::fuzz_target;
use std::cell::RefCell;

#[path = "../../hosts/proxy-wasm/src/pairs.rs"]
mod pairs;
#[path = "../../hosts/proxy-wasm/src/route_metadata.rs"]
mod route_metadata;

/// `MODULUS` stands for 256 bytes 0xD5.
const CONFIG: &str = r#"{
    "pools": [{"user_pool_id": "us-east-1_Example01", "client_ids": "any", "token_use": "any", "issuer": "https://i.example",
               "jwks": {"inline": {"keys": [{"kty": "RSA", "kid": "k", "n": "MODULUS", "e": "AQAB"}]}}}],
    "token_sources": [{"header": "authorization", "scheme": "Bearer"}, {"cookie": "id.*"}, {"query": "token"}],
    "rules": [{"match": {"path": {"prefix": "/open"}}, "auth": "none"},
              {"match": {"path": {"template": "/users/{sub}/**"}}, "require": {"path_claims": {"sub": "sub"}}},
              {"match": {"path": {"exact": "/optional"}}, "auth": "optional"},
              {"match": {"path": {"prefix": "/admin"}}, "require": {"groups": {"any": ["admins"]}, "max_age_seconds": 60}}],
    "identity": {"headers": {"x-user": "sub", "x-tenant": ["custom:tenant", "/a/b"]}, "payload_header": "x-claims", "remove_token": true},
    "bypass_cors_preflight": true, "token_cache": {"max_entries": 0}
}"#;

struct NoStore;

impl SharedStore for NoStore {
    fn load(&self, _: &str) -> Option<Stored> {
        None
    }

    fn swap(&self, _: &str, _: &[u8], _: Option<Version>) -> Result<(), Conflict> {
        Ok(())
    }
}

struct NoCalls;

impl SendCall for NoCalls {
    fn send(&self, _: &HttpCall) -> Result<CallId, NotSent> {
        Err(NotSent::UnknownCluster)
    }
}

/// Finds every signature good or every one bad: what stands behind the signature is reached as well.
struct Foregone(Result<(), BadSignature>);

impl VerifySignature for Foregone {
    fn verify_rs256(&self, _: &PublicKey, _: &[u8], _: &[u8]) -> Verification {
        Verification {
            by: Verifier::Module,
            outcome: self.0,
        }
    }
}

thread_local! {
    /// Built once: reading the configuration takes longer than all the rest. It keeps nothing of a request.
    static FILTER: RefCell<Filter> = RefCell::new({
        let config = CONFIG.replace("MODULUS", &("1dXV".repeat(85) + "1Q"));
        Filter::new(Config::parse(config.as_bytes()).expect("a good configuration"))
    });
}

/// A route with the metadata that the host is said to have given.
struct Route<'a>(&'a [u8]);

impl DescribeRoute for Route<'_> {
    fn name(&self) -> Vec<u8> {
        self.0.to_vec()
    }

    fn metadata(&self) -> RouteMetadata {
        route_metadata::read(self.0)
    }
}

fuzz_target!(|text: &[u8]| {
    let headers: Vec<(&[u8], &[u8])> = text
        .split(|byte| *byte == b'\n')
        .filter_map(|line| {
            let colon = line.iter().skip(1).position(|byte| *byte == b':')? + 1;
            Some((&line[..colon], &line[colon + 1..]))
        })
        .collect();
    for outcome in [Err(BadSignature), Ok(())] {
        let crypto = &Foregone(outcome);
        let env = Env {
            now: UnixTime::from_secs(1_700_000_000),
            random: 0,
            crypto,
            shared: &NoStore,
            calls: &NoCalls,
        };
        let route = headers
            .iter()
            .find(|(name, _)| *name == b"route")
            .map_or(&b""[..], |(_, value)| value);
        let mut out = Vec::new();
        let head = RequestHead::new(headers.clone());
        let action = FILTER.with_borrow_mut(|filter| {
            let action = filter.on_request(RequestId(1), head, &Route(route), &env, &mut out);
            // With the keys at hand nothing waits: it passes, or it is answered.
            assert_eq!(filter.waiting(), 0);
            action
        });

        let counted = |counter| out.contains(&Command::Count(counter));
        let replied = out.iter().any(|command| matches!(command, Command::Reply(_)));
        assert_eq!(action == Action::Pause, replied);
        if action == Action::Continue {
            assert!(counted(Counter::Allowed) || counted(Counter::Bypassed) || counted(Counter::CorsPreflightBypassed));
        }
        for (name, _) in &headers {
            let folded = String::from_utf8_lossy(name).to_ascii_lowercase().replace('_', "-");
            if folded.starts_with("x-cognito-") || ["x-user", "x-tenant", "x-claims"].contains(&folded.as_str()) {
                assert!(
                    out.contains(&Command::Edit(HeaderEdit::Remove(name.to_vec()))),
                    "{folded} stays"
                );
            }
        }
        for command in &out {
            if let Command::Edit(HeaderEdit::Add(added)) = command {
                assert!(
                    added
                        .iter()
                        .all(|(_, value)| value.bytes().all(|byte| (b' '..=b'~').contains(&byte)))
                );
            }
        }
        if outcome.is_err() {
            assert!(!counted(Counter::Allowed), "nobody can have signed this");
            assert!(
                !out.iter()
                    .any(|command| matches!(command, Command::Edit(HeaderEdit::Add(_))))
            );
        }
    }
});
