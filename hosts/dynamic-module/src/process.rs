//! What exists once in the process: the store, the time, random numbers, and the count of configurations.

use crate::instance::Generation;
use crate::store::Store;
use cognito_jwt::time::UnixTime;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

static STORE: LazyLock<Store> = LazyLock::new(Store::new);
static LAST_GENERATION: AtomicU64 = AtomicU64::new(0);
static ENDED: AtomicU64 = AtomicU64::new(0);

/// Returns what all configurations and workers share.
pub fn store() -> &'static Store {
    &STORE
}

/// Returns the number of a new configuration.
pub fn next_generation() -> Generation {
    Generation(LAST_GENERATION.fetch_add(1, Ordering::Relaxed))
}

/// Records that a configuration has ended.
pub fn configuration_ended() {
    ENDED.fetch_add(1, Ordering::Release);
}

/// Returns how many configurations have ended.
pub fn ended_configurations() -> u64 {
    ENDED.load(Ordering::Acquire)
}

/// Returns the time.
pub fn now() -> UnixTime {
    let since_epoch = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let now = UnixTime::from_millis(u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX));
    #[cfg(test)]
    let now = now.after(AHEAD.get());
    now
}

#[cfg(test)]
thread_local! {
    /// How far ahead of the machine's clock that of the filter is, for the test of this thread.
    pub static AHEAD: std::cell::Cell<std::time::Duration> = const { std::cell::Cell::new(std::time::Duration::ZERO) };
}

/// Returns a random number: the keys of the standard library's hash maps, which come from the operating system, and a count.
pub fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
