//! The log: the macros of `log`, with Envoy's log behind them.

use crate::envoy;
use cognito_jwt::command::Severity;
use log::{Level, LevelFilter, Log, Metadata, Record};
use std::panic::{self, PanicHookInfo};

struct EnvoyLog;

impl Log for EnvoyLog {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        envoy::is_logged(severity(metadata.level()))
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            envoy::log(severity(record.level()), &record.args().to_string());
        }
    }

    fn flush(&self) {}
}

/// Installs the logger and the panic hook. To be called once, before anything is logged. Both are this module's own: its standard
/// library and its `log` are no other code's in the process.
pub fn set_up() {
    set_up_logger();
    panic::set_hook(Box::new(log_panic));
}

/// Installs the logger alone; once is enough.
pub fn set_up_logger() {
    if log::set_logger(&EnvoyLog).is_ok() {
        // Envoy's level may change at any time, so it is read for each line.
        log::set_max_level(LevelFilter::Debug);
    }
}

/// Reports whether debug lines are visible.
pub fn shows_debug() -> bool {
    log::log_enabled!(Level::Debug)
}

/// Writes a line of the core.
pub fn write(severity: Severity, line: &str) {
    let level = match severity {
        Severity::Debug => Level::Debug,
        Severity::Info => Level::Info,
        Severity::Warn => Level::Warn,
        Severity::Error => Level::Error,
    };
    log::log!(level, "{line}");
}

/// Logs where a panic happened, and not its message, which may quote a request: that of a failed slice holds the text.
fn log_panic(panic: &PanicHookInfo<'_>) {
    match panic.location() {
        Some(location) => log::error!("panic at {location}: the current request is rejected"),
        None => log::error!("panic: the current request is rejected"),
    }
}

fn severity(level: Level) -> Severity {
    match level {
        Level::Error => Severity::Error,
        Level::Warn => Severity::Warn,
        Level::Info => Severity::Info,
        Level::Debug | Level::Trace => Severity::Debug,
    }
}
