//! The log lines about a pool's fetches and keys.

use super::failure::FetchFailure;
use crate::command::{Command, Severity};
use crate::keys::jwks::{KeySet, SkippedKey, kid_for_log};
use std::time::Duration;

/// The `kid`s of a set that has changed.
pub(super) fn keys(pool: &str, set: &KeySet) -> Command {
    let kids: Vec<String> = set.kids().map(kid_for_log).collect();
    Command::Log(
        Severity::Info,
        format!("pool {pool}: {} keys: {}", set.len(), kids.join(", ")),
    )
}

/// The keys of a set that are not used, each with the reason; `None` if there are none.
pub(super) fn skipped_keys(pool: &str, skipped: &[SkippedKey]) -> Option<Command> {
    if skipped.is_empty() {
        return None;
    }
    let reasons: Vec<String> = skipped.iter().map(ToString::to_string).collect();
    let line = format!("pool {pool}: {} keys skipped: {}", reasons.len(), reasons.join("; "));
    Some(Command::Log(Severity::Warn, line))
}

/// The first fetch that succeeds after one that failed.
pub(super) fn recovered(pool: &str) -> Command {
    Command::Log(Severity::Warn, format!("pool {pool}: JWKS fetch succeeds again"))
}

/// A fetch that failed, what can be done about it, and until when requests are served as before.
pub(super) fn failed(
    pool: &str,
    failure: &FetchFailure,
    cluster: &str,
    has_usable_keys: bool,
    back_off: Duration,
) -> Command {
    let keys = if has_usable_keys {
        "using cached keys"
    } else {
        "no keys are cached"
    };
    let hint = failure.hint(cluster);
    Command::Log(
        Severity::Warn,
        format!(
            "pool {pool}: JWKS fetch failed: {failure}{hint}; {keys}, retrying in {} ms",
            back_off.as_millis()
        ),
    )
}
