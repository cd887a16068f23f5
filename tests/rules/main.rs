//! Rules: which one decides, and what holds for all of them.

mod matching;
mod properties;
