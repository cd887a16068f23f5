//! What all workers and all configurations of the process share: keys with their leases, and answers of calls.
//!
//! The core names the entries: those that must not be mixed have different names. Entries outlive the configuration that wrote
//! them, so that a new listener finds the keys; entries that were not used for an hour are dropped.

use cognito_jwt::keys::shared::{Conflict, SharedStore, Stored, Version, is_key_entry};
use lru::LruCache;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How many bytes of answers each configuration may keep in the store.
pub const ANSWER_BYTES_PER_CONFIGURATION: usize = 16 * 1024 * 1024;
/// The time after which an unused entry is dropped.
pub const UNUSED: Duration = Duration::from_secs(3600);
/// How often unused entries are searched.
const SWEEP_EVERY: Duration = Duration::from_secs(60);
/// The approximate size of an entry without its name and its bytes.
const ENTRY_OVERHEAD: usize = 128;

/// The store of this process.
#[derive(Debug)]
pub struct Store(Mutex<Entries>);

#[derive(Debug)]
struct Entries {
    /// Bounded by the number of pools that are configured.
    keys: LruCache<Box<str>, Entry>,
    /// Bounded in bytes.
    answers: LruCache<Box<str>, Entry>,
    answer_bytes: usize,
    configurations: usize,
    /// One count for all entries: an entry that was dropped and came again has no version that it had before.
    last_version: u32,
    swept_at: Option<Instant>,
}

#[derive(Debug)]
struct Entry {
    bytes: Arc<[u8]>,
    version: NonZeroU32,
    used_at: Instant,
}

impl Store {
    /// Returns an empty store.
    pub fn new() -> Store {
        Store(Mutex::new(Entries {
            keys: LruCache::unbounded(),
            answers: LruCache::unbounded(),
            answer_bytes: 0,
            configurations: 0,
            last_version: 0,
            swept_at: None,
        }))
    }

    /// Records that a configuration uses it.
    pub fn configuration_begins(&self) {
        let mut entries = self.entries();
        entries.configurations = entries.configurations.saturating_add(1);
    }

    /// Records that a configuration no longer uses it.
    pub fn configuration_ends(&self) {
        let mut entries = self.entries();
        entries.configurations = entries.configurations.saturating_sub(1);
        entries.evict_answers();
    }

    /// Drops what has not been used for an hour; looks only once a minute.
    pub fn sweep(&self, now: Instant) {
        let mut entries = self.entries();
        let is_early = entries
            .swept_at
            .is_some_and(|at| now.saturating_duration_since(at) < SWEEP_EVERY);
        if !is_early {
            entries.swept_at = Some(now);
            entries.drop_unused(now);
        }
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        // No change of the entries can end half-way in a panic that would leave them wrong: the worst is a byte count that is off.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn load_at(&self, name: &str, now: Instant) -> Option<Stored> {
        let (bytes, version) = {
            let mut entries = self.entries();
            let entry = entries.of(name).get_mut(name)?;
            entry.used_at = now;
            (Arc::clone(&entry.bytes), entry.version)
        };
        Some(Stored {
            bytes: bytes.to_vec(),
            version: Version(version.get()),
        })
    }

    fn swap_at(&self, name: &str, bytes: &[u8], seen: Option<Version>, now: Instant) -> Result<(), Conflict> {
        // The copy is made outside the lock.
        let entry_bytes: Arc<[u8]> = bytes.into();
        let mut entries = self.entries();
        if entries.version(name) != seen {
            return Err(Conflict);
        }
        let entry = Entry {
            bytes: entry_bytes,
            version: entries.next_version(),
            used_at: now,
        };
        entries.put(name, entry);
        Ok(())
    }

    /// Reports whether a swap with this version would succeed.
    pub fn is_current(&self, name: &str, seen: Option<Version>) -> bool {
        self.entries().version(name) == seen
    }
}

impl SharedStore for Store {
    fn load(&self, name: &str) -> Option<Stored> {
        self.load_at(name, Instant::now())
    }

    fn swap(&self, name: &str, bytes: &[u8], seen: Option<Version>) -> Result<(), Conflict> {
        self.swap_at(name, bytes, seen, Instant::now())
    }

    fn is_bounded(&self) -> bool {
        true
    }
}

impl Entries {
    fn of(&mut self, name: &str) -> &mut LruCache<Box<str>, Entry> {
        if is_key_entry(name) {
            &mut self.keys
        } else {
            &mut self.answers
        }
    }

    fn version(&self, name: &str) -> Option<Version> {
        let entries = if is_key_entry(name) { &self.keys } else { &self.answers };
        entries.peek(name).map(|entry| Version(entry.version.get()))
    }

    fn next_version(&mut self) -> NonZeroU32 {
        self.last_version = self.last_version.wrapping_add(1).max(1);
        NonZeroU32::new(self.last_version).unwrap_or(NonZeroU32::MIN)
    }

    fn put(&mut self, name: &str, entry: Entry) {
        if is_key_entry(name) {
            self.keys.put(name.into(), entry);
            return;
        }
        self.answer_bytes = self.answer_bytes.saturating_add(size(name, &entry));
        if let Some(replaced) = self.answers.put(name.into(), entry) {
            self.answer_bytes = self.answer_bytes.saturating_sub(size(name, &replaced));
        }
        self.evict_answers();
    }

    fn evict_answers(&mut self) {
        let room = ANSWER_BYTES_PER_CONFIGURATION.saturating_mul(self.configurations.max(1));
        while self.answer_bytes > room {
            let Some((name, entry)) = self.answers.pop_lru() else {
                self.answer_bytes = 0;
                return;
            };
            self.answer_bytes = self.answer_bytes.saturating_sub(size(&name, &entry));
        }
    }

    fn drop_unused(&mut self, now: Instant) {
        let is_unused = |entry: &Entry| now.saturating_duration_since(entry.used_at) >= UNUSED;
        while self.keys.peek_lru().is_some_and(|(_, entry)| is_unused(entry)) {
            self.keys.pop_lru();
        }
        while self.answers.peek_lru().is_some_and(|(_, entry)| is_unused(entry)) {
            if let Some((name, entry)) = self.answers.pop_lru() {
                self.answer_bytes = self.answer_bytes.saturating_sub(size(&name, &entry));
            }
        }
    }
}

fn size(name: &str, entry: &Entry) -> usize {
    ENTRY_OVERHEAD
        .saturating_add(name.len())
        .saturating_add(entry.bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: &str = "envoy-cognito-jwt/keys/a";

    fn store() -> Store {
        Store::new()
    }

    #[test]
    fn a_swap_needs_the_version_that_is_there() {
        let store = store();
        for name in [KEYS, "envoy-cognito-jwt/user-info/a/1"] {
            assert_eq!(store.load(name), None);
            assert_eq!(store.swap(name, b"x", Some(Version(1))), Err(Conflict));
            assert_eq!(store.swap(name, b"one", None), Ok(()));
            assert_eq!(store.swap(name, b"two", None), Err(Conflict), "it is there by now");
            let seen = store.load(name).unwrap();
            assert_eq!(seen.bytes, b"one");
            assert!(store.is_current(name, Some(seen.version)) && !store.is_current(name, None));
            assert_eq!(store.swap(name, b"two", Some(seen.version)), Ok(()));
            assert_eq!(store.swap(name, b"three", Some(seen.version)), Err(Conflict));
            assert_eq!(store.load(name).unwrap().bytes, b"two");
        }
    }

    #[test]
    fn what_is_unused_for_an_hour_goes_and_comes_again_with_another_version() {
        let store = store();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        for (nth, name) in [KEYS, "answer"].into_iter().enumerate() {
            let base = nth as u64 * 20_000;
            store.swap_at(name, b"x", None, at(base)).unwrap();
            store.sweep(at(base + 3599));
            let first = store.load_at(name, at(base + 3599)).unwrap();
            store.sweep(at(base + 3600 + 3500));
            assert!(store.is_current(name, Some(first.version)), "it was used meanwhile");
            store.sweep(at(base + 3599 + 3600));
            assert!(store.is_current(name, None));
            store.swap_at(name, b"x", None, at(base + 8000)).unwrap();
            assert_ne!(store.load_at(name, at(base + 8000)).unwrap().version, first.version);
        }
    }

    #[test]
    fn it_is_swept_once_a_minute() {
        let store = store();
        let start = Instant::now();
        store.swap_at(KEYS, b"x", None, start).unwrap();
        store.sweep(start + Duration::from_secs(3599));
        store.sweep(start + Duration::from_secs(3601));
        assert!(!store.is_current(KEYS, None), "two seconds later nobody looks");
        store.sweep(start + Duration::from_secs(3659));
        assert!(store.is_current(KEYS, None));
    }

    #[test]
    fn answers_are_bounded_for_each_configuration_and_keys_never_make_room() {
        let store = store();
        store.swap(KEYS, &[0; 1000], None).unwrap();
        let body = vec![0; 1024 * 1024];
        let fill = |from: u32, to: u32| {
            for number in from..to {
                store.swap(&format!("answer/{number}"), &body, None).unwrap();
            }
        };
        let kept = || {
            (0..64)
                .filter(|number| !store.is_current(&format!("answer/{number}"), None))
                .count()
        };
        store.configuration_begins();
        fill(0, 20);
        assert_eq!(kept(), 15, "sixteen with their names are a little too much");
        store.load("answer/5").unwrap();
        fill(20, 21);
        assert!(
            !store.is_current("answer/5", None) && store.is_current("answer/6", None),
            "the least used goes"
        );
        store.configuration_begins();
        fill(21, 60);
        assert_eq!(kept(), 31);
        store.configuration_ends();
        assert_eq!(kept(), 15);
        store.configuration_ends();
        assert_eq!(
            kept(),
            15,
            "what no configuration uses waits for the next one, an hour long"
        );
        assert!(!store.is_current(KEYS, None));
    }

    #[test]
    fn an_answer_that_is_replaced_is_counted_once() {
        let store = store();
        for _ in 0..100 {
            let seen = store.load("answer").map(|stored| stored.version);
            store.swap("answer", &vec![0; 1024 * 1024], seen).unwrap();
        }
        store.swap("other", b"x", None).unwrap();
        assert!(!store.is_current("answer", None) && !store.is_current("other", None));
    }

    #[test]
    fn of_two_that_swap_at_once_one_wins() {
        let store = store();
        let won = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| {
                        (0..100)
                            .filter(|round| store.swap(&format!("{KEYS}{round}"), b"x", None).is_ok())
                            .count()
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum::<usize>()
        });
        assert_eq!(won, 100);
    }
}
