//! `libenvoy_cognito_jwt.so`: the filter as a native library for Envoy's dynamic modules. The only place that talks to Envoy
//! through this ABI: it reads what the core needs and executes the core's commands.
//!
//! | module | what |
//! | --- | --- |
//! | `abi`, `envoy`, `hooks` | the C side: declarations, safe wrappers of callbacks, the functions that Envoy calls. All `unsafe` is here |
//! | `guard`, `logging` | no panic leaves the module; lines go to Envoy's log |
//! | `configuration`, `instance` | the beginning and the end of a configuration; what all threads share of it |
//! | `root` | the main thread's part: keys and calls |
//! | `worker`, `stream`, `executor` | a worker's part: one filter of the core for each configuration, its streams, its commands |
//! | `store`, `process`, `ticker` | what exists once in the process: shared keys and answers, the thread for ticks |
//! | `crypto`, `route` | signatures; the route of a request |

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

mod abi;
mod configuration;
mod crypto;
mod envoy;
mod executor;
#[cfg(any(test, feature = "fake-envoy"))]
pub mod fake_envoy;
mod guard;
mod hooks;
mod instance;
mod logging;
mod process;
mod root;
mod route;
mod store;
mod stream;
#[cfg(test)]
mod tests;
mod ticker;
mod worker;
