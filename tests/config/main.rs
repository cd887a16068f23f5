//! The configuration: what is refused and in which words, what is read and to which values, in both of its forms.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects
)]

mod accepted;
mod hostile;
mod refused;
mod schema;
mod support;
