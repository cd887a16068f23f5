//! `envoy_cognito_jwt.wasm`: the filter as a Proxy-Wasm module. The only place that talks to a Proxy-Wasm host: it reads what the
//! core asks for and carries out what the core commands.

pub mod contexts;
pub mod counter_buffer;
pub mod pairs;
pub mod route_metadata;

#[cfg(target_arch = "wasm32")]
mod abi;
#[cfg(target_arch = "wasm32")]
mod crypto;
#[cfg(target_arch = "wasm32")]
mod executor;
#[cfg(target_arch = "wasm32")]
mod exports;
#[cfg(target_arch = "wasm32")]
mod host;
#[cfg(target_arch = "wasm32")]
mod http;
#[cfg(target_arch = "wasm32")]
mod root;
