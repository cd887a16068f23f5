//! `envoy-cognito-jwt`: the core of a filter for Envoy that admits requests with valid AWS Cognito tokens and rejects all others.
//!
//! # The modules
//!
//! A module imports only modules to its left in this line (a test reads it):
//! `call < code < digest < json < load < log_text < memory < request < time < trace < bounded_cache < metrics < command < keys < signature < token <
//! identity < rules < enrich < env < cache < config < reject < request_policy < responder < auth_context < pending <
//! authenticator < filter`.
//!
//! The crate is pure: it builds and is tested natively, with a virtual clock. Operations whose result changes a decision are the
//! narrow traits of [`mod@env`]. All others (edit, reply, count, log) are [`command::Command`]s, which the host executes.
//!
//! | module | contents |
//! | --- | --- |
//! | `json` | JSON as a tree, for what is read rarely |
//! | [`time`], [`request`], [`call`], [`command`], [`mod@env`] | inputs and outputs as values: times, headers, HTTP calls, commands, the traits of the host |
//! | [`code`], [`reject`], [`metrics`] | why a request is rejected, the response, the counters |
//! | [`trace`] | the steps of a decision, if they will be read |
//! | `memory`, `bounded_cache` | how much memory values use; a cache bounded in entries and bytes |
//! | `digest` | digests as names of cached and shared entries |
//! | [`keys`] | a pool's keys: which are strong enough, which of a set are used, when they are fetched, how workers share them |
//! | [`signature`] | RS256 by the host or in the module |
//! | [`token`] | a token is found in the request, parsed, verified and checked: each step consumes the previous one |
//! | [`rules`], `request_policy` | which rule matches a request, and what it requires |
//! | [`identity`] | the headers that carry the user's identity to the application |
//! | [`enrich`] | UserInfo, and the application's own user: one trait for both calls, their cache, the calls in progress |
//! | [`cache`] | the cache of verified tokens |
//! | [`config`] | the plugin's configuration, read into the types of the modules above |
//! | [`authenticator`], [`auth_context`] | the decision from top to bottom; the state of a request during the decision |
//! | [`responder`] | turns a decision into commands, enforced or in shadow mode |
//! | [`pending`] | the requests that wait, and how many may |
//! | [`filter`], `load` | one worker's filter: requests, ticks, responses to calls; the detection of load |
//!
//! # How a request is processed
//!
//! 1. The host reads all headers and passes them to [`filter::Filter::on_request`].
//! 2. Reserved headers are removed from every request ([`identity::reserved`]).
//! 3. [`authenticator::open`] recognizes CORS preflights, finds the rule, by the route's metadata or by [`rules::RuleSet`], and finds
//!    the credential ([`token::source::find`]). Many requests are decided here.
//! 4. [`authenticator::Authenticator::authenticate`]: if the token is cached ([`cache`]), only its time and its key are checked again.
//!    Otherwise: [`token::jwt::UntrustedJwt::parse`], `alg`, the pool by `iss`, the claims that are cheap to check, the key by
//!    `kid`, the signature, and the claims once more, now of a token that can be trusted: an [`token::Identity`].
//! 5. If the rule's requirements hold, they turn it into a [`rules::access::Permit`], without which no token passes. UserInfo and the
//!    user lookup follow, if they are configured ([`enrich::Enrichment`]).
//! 6. [`responder::Responder::apply`] turns the decision into commands: header edits for a request that passes, or a response
//!    ([`reject`]).
//!
//! A request that needs keys or a call that are not available yet is kept as a [`pending::PendingRequest`]. It is authenticated again
//! from [`filter::Filter::on_tick`] or [`filter::Filter::on_answer`], never from another request's callback, because the host would
//! stop the wrong one.
//!
//! # How keys are fetched
//!
//! 1. Loading the configuration does no I/O. It sets a tick, and [`keys::refresh::JwksCache::on_tick`] does the rest.
//! 2. Each tick reads the host's shared data ([`keys::shared`]). A newer set there is adopted, after the same checks as one
//!    from the network. If the keys are due, or if a request has an unknown `kid`, one worker takes the lease and sends the call.
//! 3. [`keys::refresh::JwksCache::on_answer`] reads the set ([`keys::jwks::KeySet::parse`]), adopts it and writes the shared
//!    record. The other workers adopt it at their next tick, within a second.
//! 4. Pending requests are authenticated again. A cached token whose key is no longer in the set is dropped at its next use.
//! 5. A failed fetch is retried after a back-off. The cached keys are used until they are too stale.
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
