//! What integration tests share. Use it as `mod support;`.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

pub mod tokens;
