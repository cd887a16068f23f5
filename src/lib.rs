//! `envoy-cognito-jwt`: a Proxy-Wasm filter that admits requests with valid AWS Cognito tokens and refuses all others.
//!
//! A module imports only what stands left of it:
//! `time < code < metrics < request < call < command < keys < signature < token < cache < rules < identity < enrich <
//! reject < env < config < judge < verdict < filter < shell`.
//! Everything but `shell` is pure: it builds and is tested natively, with a virtual clock.
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

pub mod cache;
pub mod call;
pub mod code;
pub mod command;
pub mod config;
pub mod enrich;
pub mod env;
pub mod filter;
pub mod identity;
pub mod judge;
pub mod keys;
pub mod metrics;
pub mod reject;
pub mod request;
pub mod rules;
pub mod shell;
pub mod signature;
pub mod time;
pub mod token;
pub mod verdict;
