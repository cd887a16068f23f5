//! `envoy-cognito-jwt`: a Proxy-Wasm filter that admits requests with valid AWS Cognito tokens and refuses all others.
//!
//! # The map
//!
//! A module imports only what stands left of it (a test reads this line):
//! `words < sorted < json < time < rush < code < metrics < request < call < command < keys < signature < token < cache < rules <
//! identity < enrich < reject < env < config < verdict < judge < filter < shell`.
//!
//! Everything but [`shell`] is pure: it builds and is tested natively, with a virtual clock. What changes a decision is
//! asked through the narrow traits of [`mod@env`]; what does not (edit, answer, count, log) is ordered as a
//! [`command::Command`], which the shell carries out.
//!
//! | module | what |
//! | --- | --- |
//! | `words`, `json`, `sorted` | texts, eight bytes or more at a time; JSON as a tree, for what is read seldom; a small ordered map |
//! | [`time`], [`request`], [`call`], [`command`], [`mod@env`] | the world as values: moments, headers, HTTP calls, orders, what can be asked |
//! | [`code`], [`reject`], [`metrics`] | why a request is refused, what the client gets then, what is counted |
//! | [`keys`] | a pool's keys: which are strong enough, what is used of a set, when they are fetched, how workers share them |
//! | [`signature`] | RS256 by the host or in the module |
//! | [`token`] | found in the request, parsed, verified, checked: each step consumes the one before |
//! | [`cache`] | verified tokens, remembered |
//! | [`rules`] | which rule is for a request, and what it demands |
//! | [`identity`], [`enrich`] | what the application is told; UserInfo, and the application's own user |
//! | [`config`] | the plugin's configuration, read into the types of the modules above |
//! | [`judge`], [`verdict`] | the decision from top to bottom; what becomes of it, enforced or in shadow mode |
//! | [`filter`], `rush` | one worker's filter: requests, ticks, answers, those who wait, and when requests come fast |
//! | [`shell`] | the only place that talks to the host |
//!
//! # The life of a request
//!
//! 1. The host calls `shell::exports`, which knows whose stream it is ([`shell::contexts`]); `shell::http` reads all headers in one
//!    host call and hands them to [`filter::Filter::on_request`].
//! 2. Headers that could speak for the filter are taken out ([`identity::reserved`]), whatever comes next.
//! 3. [`authenticator::open`]: a CORS preflight? which rule, by the route's metadata, else by [`rules::RuleSet::decide`]? where is
//!    the credential ([`token::source::find`])? Many requests end here.
//! 4. [`authenticator::Authenticator::judge`]: remembered ([`cache`])? Then only time and key are looked at again. Else
//!    [`token::jwt::UntrustedJwt::parse`], `alg`, the pool by `iss`, the claims that cost little, the key by `kid`, the
//!    signature, and the claims once more, now of a token that can be trusted: an [`token::Identity`].
//! 5. The rule's [`rules::access::Requirement::authorize`] makes of it a [`rules::access::Permit`], without which nothing
//!    passes. UserInfo and the user lookup follow, where they are configured ([`enrich`]).
//! 6. [`responder::Responder::settle`] turns the verdict into commands: header edits and a pass, or an answer ([`reject`]).
//!
//! A request that needs keys or a call that are not there yet is kept as a [`authenticator::AuthContext`], and judged again from
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
//! 4. Those who wait are judged again. A remembered token whose key has left the set is forgotten when it comes next.
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

pub mod authenticator;
mod bounded_cache;
pub mod cache;
pub mod call;
pub mod code;
pub mod command;
pub mod config;
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
pub mod reject;
pub mod request;
mod request_policy;
pub mod responder;
pub mod rules;
pub mod signature;
pub mod time;
pub mod token;
pub mod trace;
