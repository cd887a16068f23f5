//! `envoy_cognito_jwt.wasm`: the filter as a Proxy-Wasm module, on the Rust SDK (`proxy-wasm`).
//!
//! The core decides; this crate reads what the core needs and executes the core's commands. [`pairs`],
//! [`route_metadata`], [`counter_buffer`] and [`envoy_version`] are pure and tested natively; `plugin` is the only place that
//! calls the host.
#![deny(unsafe_code)]

pub mod counter_buffer;
pub mod envoy_version;
pub mod pairs;
pub mod route_metadata;

// Natively this compiles, so that `cargo check` sees it, but nothing offers the host's functions: test programs do without it,
// and so do targets whose linkers want every symbol of a shared library.
#[cfg(any(target_arch = "wasm32", all(target_os = "linux", not(test))))]
mod plugin;
