//! What each step of a decision costs, and a whole one: `cargo bench --bench core`. No host calls are in it.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects)]

use divan::{AllocProfiler, Bencher, black_box};
use envoy_cognito_jwt::cache::{TokenCache, Verified};
use envoy_cognito_jwt::call::{CallId, HttpCall, NotSent, SendCall};
use envoy_cognito_jwt::command::{Action, Command};
use envoy_cognito_jwt::config::Config;
use envoy_cognito_jwt::env::{DescribeRoute, Env, RouteMetadata};
use envoy_cognito_jwt::filter::Filter;
use envoy_cognito_jwt::identity::encode::encode_value;
use envoy_cognito_jwt::keys::PoolId;
use envoy_cognito_jwt::keys::shared::{Conflict, SharedStore, Stored, Version};
use envoy_cognito_jwt::metrics::Counter;
use envoy_cognito_jwt::request::{RequestHead, RequestId};
use envoy_cognito_jwt::signature::VerifySignature;
use envoy_cognito_jwt::signature::software::SoftwareVerifier;
use envoy_cognito_jwt::time::UnixTime;
use envoy_cognito_jwt::token::Identity;
use envoy_cognito_jwt::token::check::{AcceptedUse, ClaimPolicy, Clients};
use envoy_cognito_jwt::token::jwt::UntrustedJwt;
use serde_json::{Value, json};
use std::rc::Rc;
use std::time::Duration;
use support::tokens::{CLIENT, ISSUER, USER_POOL_ID, access_claims, first_key, id_claims, jwks};

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

const NOW: u64 = 1_700_000_000;

fn main() {
    divan::main();
}

/// Both kinds of token, by name.
fn claims(kind: &str) -> Value {
    if kind == "id" {
        id_claims(NOW)
    } else {
        access_claims(NOW)
    }
}

fn policy() -> ClaimPolicy {
    ClaimPolicy {
        clients: Clients::OneOf(vec![CLIENT.to_owned()]),
        token_use: AcceptedUse::Any,
        clock_skew: Duration::from_secs(60),
    }
}

fn identity(token: &str) -> Identity {
    let key = first_key().published();
    let signed = UntrustedJwt::parse(token.as_bytes())
        .unwrap()
        .verify(&key.public, &SoftwareVerifier);
    signed
        .outcome
        .unwrap()
        .check(&policy(), UnixTime::from_secs(NOW))
        .unwrap()
}

#[divan::bench(args = ["id", "access"])]
fn parse_token(bencher: Bencher<'_, '_>, kind: &str) {
    let token = first_key().sign_claims(&claims(kind));
    bencher.bench_local(|| UntrustedJwt::parse(black_box(token.as_bytes())).is_ok());
}

#[divan::bench(args = ["id", "access"])]
fn check_claims(bencher: Bencher<'_, '_>, kind: &str) {
    let token = first_key().sign_claims(&claims(kind));
    let jwt = UntrustedJwt::parse(token.as_bytes()).unwrap();
    let policy = policy();
    bencher.bench_local(|| black_box(&jwt).refuse_early(&policy, UnixTime::from_secs(NOW)));
}

#[divan::bench]
fn verify_signature_in_module(bencher: Bencher<'_, '_>) {
    let (key, message) = (first_key().published(), b"header.claims");
    let signature = first_key().sign(message);
    bencher.bench_local(|| {
        SoftwareVerifier
            .verify_rs256(&key.public, black_box(message), &signature)
            .outcome
            .is_ok()
    });
}

#[divan::bench(args = [1, 1000])]
fn find_cached_token(bencher: Bencher<'_, '_>, entries: usize) {
    let mut tokens = TokenCache::new(entries, usize::MAX);
    let never = UnixTime::from_millis(u64::MAX);
    let key = first_key().published();
    let signed = first_key().sign_claims(&claims("id"));
    for number in 0..entries {
        let verified = Verified {
            token: format!("{signed}{number:04}").into_bytes().into(),
            identity: identity(&signed),
            pool: PoolId(0),
            key: Rc::clone(&key),
            values: Default::default(),
            cache_keys: Default::default(),
        };
        tokens.insert(Rc::new(verified), 1, never, UnixTime::default());
    }
    let wanted = format!("{signed}0000");
    bencher.bench_local(|| tokens.find(black_box(wanted.as_bytes()), |_| 1, |_, _| true).is_some());
}

#[divan::bench(args = ["\"aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee\"", "\"Zoë, of Example\"", "[\"readers\",\"writers\",\"a,b\"]", "{\"a\": [1, 2]}"])]
fn encode_header(raw: &str) -> String {
    let mut encoded = String::new();
    encode_value(black_box(raw), &mut encoded);
    encoded
}

struct NoWorld;

impl SharedStore for NoWorld {
    fn load(&self, _: &str) -> Option<Stored> {
        None
    }

    fn swap(&self, _: &str, _: &[u8], _: Option<Version>) -> Result<(), Conflict> {
        Ok(())
    }
}

impl SendCall for NoWorld {
    fn send(&self, _: &HttpCall) -> Result<CallId, NotSent> {
        Err(NotSent::UnknownCluster)
    }
}

impl DescribeRoute for NoWorld {
    fn name(&self) -> Vec<u8> {
        Vec::new()
    }

    fn metadata(&self) -> RouteMetadata {
        RouteMetadata::Absent
    }
}

/// A filter with rules, whose keys stand in the configuration.
fn filter(cached_tokens: usize) -> Filter {
    let keys: Value = serde_json::from_str(&jwks(&[first_key()])).unwrap();
    let config = json!({
        "pools": [{"user_pool_id": USER_POOL_ID, "client_ids": [CLIENT], "token_use": "any", "issuer": ISSUER, "jwks": {"inline": keys}}],
        "rules": [
            {"match": {"path": {"exact": "/health"}}, "auth": "none"},
            {"match": {"path": {"prefix": "/items"}, "methods": ["GET"]}, "require": {"groups": {"any": ["readers"]}}},
        ],
        "token_cache": {"max_entries": cached_tokens},
    });
    Filter::new(Config::parse(config.to_string().as_bytes()).unwrap())
}

fn on_request(bencher: Bencher<'_, '_>, cached_tokens: usize, path: &str, counted: Counter) {
    let mut filter = filter(cached_tokens);
    let bearer = format!("Bearer {}", first_key().sign_claims(&claims("id")));
    let mut request = move || {
        let head = RequestHead::new(vec![
            (b":authority", b"api.example.com"),
            (b":path", path.as_bytes()),
            (b":method", b"GET"),
            (b":scheme", b"https"),
            (b"user-agent", b"bench"),
            (b"accept", b"*/*"),
            (b"authorization", bearer.as_bytes()),
            (b"x-forwarded-proto", b"https"),
            (b"x-request-id", b"99999999-aaaa-4bbb-8ccc-dddddddddddd"),
        ]);
        let env = Env {
            now: UnixTime::from_secs(NOW),
            random: 0,
            crypto: &SoftwareVerifier,
            shared: &NoWorld,
            calls: &NoWorld,
        };
        let mut out = Vec::with_capacity(16);
        let action = filter.on_request(RequestId(1), head, &NoWorld, &env, &mut out);
        (action, out)
    };
    let (action, out) = request();
    assert!(
        action == Action::Continue && out.contains(&Command::Count(counted)),
        "{out:?}"
    );
    bencher.bench_local(request);
}

#[divan::bench]
fn whole_request_with_cached_token(bencher: Bencher<'_, '_>) {
    on_request(bencher, 1000, "/items/4711?x=y", Counter::Allowed);
}

#[divan::bench]
fn whole_request_verified_in_module(bencher: Bencher<'_, '_>) {
    on_request(bencher, 0, "/items/4711?x=y", Counter::Allowed);
}

#[divan::bench]
fn whole_request_by_an_open_rule(bencher: Bencher<'_, '_>) {
    on_request(bencher, 1000, "/health", Counter::Bypassed);
}
