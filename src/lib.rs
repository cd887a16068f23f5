//! `envoy-cognito-jwt`: a Proxy-Wasm filter that admits requests with valid AWS Cognito tokens and refuses all others.
//!
//! # The map
//!
//! A module imports only what stands left of it (a test reads this line):
//! `call < code < digest < json < load < log_text < memory < request < time < trace < bounded_cache < metrics < command < keys < signature < token <
//! identity < rules < enrich < env < cache < config < reject < request_policy < responder < auth_context < pending <
//! authenticator < filter`.
//!
//! The crate is pure: it builds and is tested natively, with a virtual clock. What changes a decision is asked through the
//! narrow traits of [`mod@env`]; what does not (edit, answer, count, log) is ordered as a [`command::Command`], which the host
//! carries out.
//!
//! | module | what |
//! | --- | --- |
//! | `json` | JSON as a tree, for what is read seldom |
//! | [`time`], [`request`], [`call`], [`command`], [`mod@env`] | the world as values: moments, headers, HTTP calls, orders, what can be asked |
//! | [`code`], [`reject`], [`metrics`] | why a request is refused, what the client gets then, what is counted |
//! | [`trace`] | the steps of a decision, while somebody reads them |
//! | `digest` | digests that name what is cached or shared |
//! | `memory`, `bounded_cache` | how much memory values hold; a cache bounded in entries and bytes |
//! | [`keys`] | a pool's keys: which are strong enough, what is used of a set, when they are fetched, how workers share them |
//! | [`signature`] | RS256 by the host or in the module |
//! | [`token`] | found in the request, parsed, verified, checked: each step consumes the one before |
//! | [`rules`], `request_policy` | which rule is for a request, and what it demands |
//! | [`identity`] | the headers that carry the user to the application |
//! | [`enrich`] | UserInfo, and the application's own user: one trait for both calls, their cache, the calls under way |
//! | [`cache`] | verified tokens, cached |
//! | [`config`] | the plugin's configuration, read into the types of the modules above |
//! | [`authenticator`], [`auth_context`] | the decision from top to bottom; what is known of a request on its way through it |
//! | [`responder`] | what becomes of a decision, enforced or in shadow mode |
//! | [`pending`] | the requests that wait, and how many may |
//! | [`filter`], `load` | one worker's filter: requests, ticks, answers; when requests come fast |
//!
//! # The life of a request
//!
//! 1. The host reads all headers and hands them to [`filter::Filter::on_request`].
//! 2. Reserved headers are removed from every request ([`identity::reserved`]).
//! 3. [`authenticator::open`]: a CORS preflight? which rule, by the route's metadata, otherwise by [`rules::RuleSet`]? where is
//!    the credential ([`token::source::find`])? Many requests end here.
//! 4. [`authenticator::Authenticator::authenticate`]: is the token cached ([`cache`])? Then only time and key are checked again.
//!    Otherwise [`token::jwt::UntrustedJwt::parse`], `alg`, the pool by `iss`, the claims that cost little, the key by `kid`, the
//!    signature, and the claims once more, now of a token that can be trusted: an [`token::Identity`].
//! 5. The rule's requirements make of it a [`rules::access::Permit`], without which no token passes. UserInfo and the user lookup
//!    follow, where they are configured ([`enrich::Enrichment`]).
//! 6. [`responder::Responder::apply`] turns the decision into commands: header edits and a pass, or an answer ([`reject`]).
//!
//! A request that needs keys or a call that are not there yet is kept as a [`pending::PendingRequest`], and authenticated again from
//! [`filter::Filter::on_tick`] or [`filter::Filter::on_answer`]: never from another request's callback, for the host would
//! stop the wrong one.
//!
//! # The life of a key set
//!
//! 1. Configuring does no I/O. It sets a tick, and [`keys::refresh::JwksCache::on_tick`] does the rest.
//! 2. A tick looks into the host's shared data ([`keys::shared`]). A newer set there is adopted, after the same checks as one
//!    from the network. If the keys are due, or an unknown `kid` asked for them, one worker wins the lease and sends the call.
//! 3. [`keys::refresh::JwksCache::on_answer`] reads the set ([`keys::jwks::KeySet::parse`]), adopts it and writes the shared
//!    record. The other workers see it at their next tick, within a second.
//! 4. Requests that wait are authenticated again. A cached token whose key has left the set is dropped when it comes next.
//! 5. A failed fetch is tried again after a back-off, while the old keys serve until they are too stale.
#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::string_slice,
        clippy::arithmetic_side_effects
    )
)]

pub mod auth_context;
pub mod authenticator;
mod bounded_cache;
pub mod cache;
pub mod call;
pub mod code;
pub mod command;
pub mod config;
mod digest;
pub mod enrich;
pub mod env;
pub mod filter;
pub mod identity;
mod json;
pub mod keys;
mod load;
pub mod log_text;
mod memory;
pub mod metrics;
pub mod pending;
pub mod reject;
pub mod request;
mod request_policy;
pub mod responder;
pub mod rules;
pub mod signature;
pub mod time;
pub mod token;
pub mod trace;
