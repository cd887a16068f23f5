//! The safe interface to Envoy: a stream, a configuration, their schedulers, the log. Every callback is called here.
//!
//! What a getter returns lives in Envoy's memory and is valid until a setter is called: getters borrow the stream, setters
//! borrow it mutably, so that the compiler enforces it.

mod config;
mod stream;

pub use config::{Callout, CalloutId, CalloutRefused, ConfigScheduler, EnvoyConfig, MetricId};
pub use stream::{EnvoyStream, StreamHandle, StreamScheduler};

use crate::abi::{self, LogLevel, ModuleBuffer};
use cognito_jwt::command::Severity;

/// A callback of Envoy failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

/// A header, name and value, in Envoy's memory.
pub type Header<'a> = (&'a [u8], &'a [u8]);

/// Writes a log line.
pub fn log(severity: Severity, line: &str) {
    // SAFETY: the line is copied before the call returns.
    unsafe { abi::envoy_dynamic_module_callback_log(level(severity), ModuleBuffer::of(line.as_bytes())) };
}

/// Reports whether lines of this severity are visible.
pub fn is_logged(severity: Severity) -> bool {
    // SAFETY: the call reads a number.
    unsafe { abi::envoy_dynamic_module_callback_log_enabled(level(severity)) }
}

fn level(severity: Severity) -> LogLevel {
    match severity {
        Severity::Debug => LogLevel::Debug,
        Severity::Info => LogLevel::Info,
        Severity::Warn => LogLevel::Warn,
        Severity::Error => LogLevel::Error,
    }
}

/// Reports whether Envoy only checks its configuration (`--mode validate`): then no thread may be started and no call sent.
pub fn is_validation_mode() -> bool {
    // SAFETY: the call reads a setting; configurations are made on the main thread.
    unsafe { abi::envoy_dynamic_module_callback_is_validation_mode() }
}
