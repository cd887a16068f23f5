//! Envoy as safe code sees it: a stream, a configuration, their schedulers, the log. Every callback is called here.
//!
//! What a getter returns lives in Envoy's memory and is valid until a setter is called: getters borrow the stream, setters
//! borrow it mutably, so that the compiler sees to it.

mod config;
mod stream;

pub use config::{Callout, CalloutId, CalloutRefused, ConfigScheduler, EnvoyConfig, MetricId};
pub use stream::{EnvoyStream, StreamHandle, StreamScheduler};

use crate::abi::{self, LogLevel, ModuleBuffer};
use cognito_jwt::command::Severity;

/// Envoy does not do what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

/// A header, name and value, in Envoy's memory.
pub type Header<'a> = (&'a [u8], &'a [u8]);

/// Writes a log line.
pub fn log(severity: Severity, line: &str) {
    // SAFETY: the line is copied before the call returns.
    unsafe { abi::envoy_dynamic_module_callback_log(level(severity), ModuleBuffer::of(line.as_bytes())) };
}

/// Whether anybody sees lines of this severity.
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

/// Whether Envoy only checks its configuration (`--mode validate`): no thread is to be started then, no call to be made.
pub fn is_validation_mode() -> bool {
    // SAFETY: the call reads a setting; configurations are made on the main thread.
    unsafe { abi::envoy_dynamic_module_callback_is_validation_mode() }
}
