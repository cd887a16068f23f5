//! The log: the macros of `log`, the SDK's logger, the level that the host shows.

use super::sys;
use cognito_jwt::command::Severity;
use std::panic::PanicHookInfo;

/// Installs the SDK's logger and the panic hook. To be called once, before anything is logged.
pub fn set_up() {
    proxy_wasm::set_log_level(proxy_wasm::types::LogLevel::Info);
    // After the SDK's own hook, which prints the panic's message.
    std::panic::set_hook(Box::new(log_panic));
}

/// Adopts the host's log level, so that lines that are not visible are not formatted.
pub fn adopt_host_level() {
    if let Some(level) = sys::log_level() {
        proxy_wasm::set_log_level(level);
    }
}

/// Reports whether debug lines are visible.
pub fn shows_debug() -> bool {
    log::log_enabled!(log::Level::Debug)
}

/// Writes a line of the core.
pub fn write(severity: Severity, line: &str) {
    let level = match severity {
        Severity::Debug => log::Level::Debug,
        Severity::Info => log::Level::Info,
        Severity::Warn => log::Level::Warn,
        Severity::Error => log::Level::Error,
    };
    log::log!(level, "{line}");
}

/// Logs where a panic happened, and not its message, which may quote a request: that of a failed slice holds the text. The
/// module is built with `panic = "abort"`, so the VM ends here and the host rejects requests until it has created a new one.
fn log_panic(panic: &PanicHookInfo<'_>) {
    match panic.location() {
        Some(location) => log::error!("panic at {location}: this VM ends, and its requests are rejected"),
        None => log::error!("panic: this VM ends, and its requests are rejected"),
    }
}
