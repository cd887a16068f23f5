//! The configuration: what is refused and in which words, what is read and to which values, in both of its forms.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects
)]

#[path = "config/accepted.rs"]
mod accepted;
#[path = "config/hostile.rs"]
mod hostile;
#[path = "config/refused.rs"]
mod refused;
#[path = "config/support.rs"]
mod support;
