//! The only place that talks to a Proxy-Wasm host. Small: it fetches what the core asks for and carries out what it commands.

pub mod contexts;
pub mod pairs;
pub mod route_metadata;
pub mod tally;

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
#[cfg(target_arch = "wasm32")]
mod runtime;
