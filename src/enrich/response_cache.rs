//! Answers, remembered: in the worker, and in the host's shared data for the others.
//!
//! The shared data has no deletion. So that it cannot grow without bound an answer's place is one of [`SLOTS`] slots, chosen
//! by its digest; a newer answer takes an older one's slot. Other plugins can write there: what is read is bound to its
//! subject by the whole digest, bounded in time and size, and read as strictly as an answer from the network.

use crate::enrich::{CacheKey, Outcome};
use crate::keys::shared::{SharedStore, Version};
use crate::time::UnixTime;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lru::LruCache;
use std::time::Duration;

/// How many answers of one call the workers share.
pub const SLOTS: u16 = 8192;
/// The largest answer that is shared; with [`SLOTS`] it bounds the store. Larger ones are remembered in the worker alone.
pub const MAX_SHARED_BYTES: usize = 16 * 1024;
/// How many answers of one call a worker remembers.
pub const MAX_LOCAL_ENTRIES: usize = 1000;

const LAYOUT: u8 = 1;

/// An answer as it is shared: what is needed to judge it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body, or what matters of it.
    pub body: Vec<u8>,
}

/// The memory of one kind of call.
#[derive(Debug)]
pub struct ResponseCache {
    scope: String,
    ttl: Duration,
    local: LruCache<CacheKey, Remembered>,
}

#[derive(Debug)]
struct Remembered {
    outcome: Outcome,
    until: UnixTime,
}

impl ResponseCache {
    /// A memory for the calls described by `scope` (URI, cluster, headers: whatever makes answers differ).
    pub fn new(kind: &str, scope: CacheKey, ttl: Duration) -> ResponseCache {
        let scope = format!("envoy-cognito-jwt/{kind}/{}", URL_SAFE_NO_PAD.encode(scope.0));
        ResponseCache {
            scope,
            ttl,
            local: LruCache::unbounded(),
        }
    }

    /// The remembered outcome for this subject; `judge` reads an answer that another worker remembered.
    pub fn find(
        &mut self,
        subject: CacheKey,
        now: UnixTime,
        shared: &dyn SharedStore,
        judge: impl FnOnce(&Answer) -> Outcome,
    ) -> Option<Outcome> {
        if self.ttl.is_zero() {
            return None;
        }
        if let Some(Remembered { outcome, until }) = self.local.get(&subject) {
            let (outcome, until) = (outcome.clone(), *until);
            if self.is_believable(until, now) {
                return Some(outcome);
            }
            self.local.pop(&subject);
        }
        let stored = shared.load(&self.slot(subject))?;
        let (answer, until) = decode(&stored.bytes, subject)?;
        if !self.is_believable(until, now) {
            return None;
        }
        match judge(&answer) {
            // A good answer is never stored as one that fails: somebody else wrote this.
            Outcome::Failed => None,
            outcome => {
                self.keep(subject, outcome.clone(), until);
                Some(outcome)
            }
        }
    }

    /// Remembers an answer that did not fail, at most for the TTL and not past `not_after`.
    pub fn remember(
        &mut self,
        subject: CacheKey,
        outcome: &Outcome,
        answer: &Answer,
        not_after: UnixTime,
        now: UnixTime,
        shared: &dyn SharedStore,
    ) {
        let until = now.after(self.ttl).min(not_after);
        if until <= now {
            return;
        }
        self.keep(subject, outcome.clone(), until);
        if answer.body.len() > MAX_SHARED_BYTES {
            return;
        }
        let name = self.slot(subject);
        let seen: Option<Version> = shared.load(&name).map(|stored| stored.version);
        // If another worker writes at the same time, its answer is as good: one of the two stays.
        let _another_was_first = shared.swap(&name, &encode(answer, subject, until), seen);
    }

    fn keep(&mut self, subject: CacheKey, outcome: Outcome, until: UnixTime) {
        while self.local.len() >= MAX_LOCAL_ENTRIES {
            self.local.pop_lru();
        }
        self.local.put(subject, Remembered { outcome, until });
    }

    /// Not past, and not further away than an answer of now would be.
    fn is_believable(&self, until: UnixTime, now: UnixTime) -> bool {
        now < until && until <= now.after(self.ttl)
    }

    fn slot(&self, subject: CacheKey) -> String {
        let [first, second, ..] = subject.0;
        let slot = u16::from_be_bytes([first, second]) % SLOTS;
        format!("{}/{slot}", self.scope)
    }
}

fn encode(answer: &Answer, subject: CacheKey, until: UnixTime) -> Vec<u8> {
    let mut bytes = vec![LAYOUT];
    bytes.extend_from_slice(&subject.0);
    bytes.extend_from_slice(&until.as_millis().to_le_bytes());
    bytes.extend_from_slice(&answer.status.to_le_bytes());
    bytes.extend_from_slice(&answer.body);
    bytes
}

fn decode(bytes: &[u8], subject: CacheKey) -> Option<(Answer, UnixTime)> {
    let (layout, rest) = bytes.split_first()?;
    let (digest, rest) = rest.split_first_chunk::<32>()?;
    let (until, rest) = rest.split_first_chunk::<8>()?;
    let (status, body) = rest.split_first_chunk::<2>()?;
    if *layout != LAYOUT || *digest != subject.0 || body.len() > MAX_SHARED_BYTES {
        return None;
    }
    let answer = Answer {
        status: u16::from_le_bytes(*status),
        body: body.to_vec(),
    };
    Some((answer, UnixTime::from_millis(u64::from_le_bytes(*until))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::shared::{Conflict, Stored};
    use std::cell::RefCell;
    use std::collections::BTreeMap;

    #[derive(Default)]
    struct Store(RefCell<BTreeMap<String, (Vec<u8>, u32)>>);

    impl SharedStore for Store {
        fn load(&self, name: &str) -> Option<Stored> {
            let (bytes, version) = self.0.borrow().get(name)?.clone();
            Some(Stored {
                bytes,
                version: Version(version),
            })
        }

        fn swap(&self, name: &str, bytes: &[u8], seen: Option<Version>) -> Result<(), Conflict> {
            let current = self.0.borrow().get(name).map(|(_, version)| *version);
            if current != seen.map(|version| version.0) {
                return Err(Conflict);
            }
            self.0
                .borrow_mut()
                .insert(name.to_owned(), (bytes.to_vec(), current.unwrap_or(0) + 1));
            Ok(())
        }
    }

    const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
    const TTL: Duration = Duration::from_secs(300);

    fn memory() -> ResponseCache {
        ResponseCache::new("user-info", CacheKey::of([b"scope".as_slice()]), TTL)
    }

    fn refused(_answer: &Answer) -> Outcome {
        Outcome::Refused
    }

    fn answer() -> Answer {
        Answer {
            status: 401,
            body: b"{}".to_vec(),
        }
    }

    #[test]
    fn another_worker_finds_it_until_the_ttl() {
        let store = Store::default();
        let alice = CacheKey::of([b"alice".as_slice()]);
        memory().remember(
            alice,
            &Outcome::Refused,
            &answer(),
            UnixTime::from_millis(u64::MAX),
            NOW,
            &store,
        );
        for (age, there) in [(0, true), (299, true), (300, false), (1000, false)] {
            let now = NOW.after(Duration::from_secs(age));
            assert_eq!(
                memory().find(alice, now, &store, refused).is_some(),
                there,
                "after {age} s"
            );
        }
        let bob = CacheKey::of([b"bob".as_slice()]);
        assert!(memory().find(bob, NOW, &store, refused).is_none());
    }

    #[test]
    fn nothing_is_remembered_past_the_end_of_the_token_or_from_the_future() {
        let store = Store::default();
        let alice = CacheKey::of([b"alice".as_slice()]);
        let mut memory = memory();
        memory.remember(
            alice,
            &Outcome::Refused,
            &answer(),
            NOW.after(Duration::from_secs(10)),
            NOW,
            &store,
        );
        assert!(
            memory
                .find(alice, NOW.after(Duration::from_secs(9)), &store, refused)
                .is_some()
        );
        assert!(
            memory
                .find(alice, NOW.after(Duration::from_secs(10)), &store, refused)
                .is_none()
        );
        memory.remember(
            alice,
            &Outcome::Refused,
            &answer(),
            UnixTime::from_millis(u64::MAX),
            NOW,
            &store,
        );
        // The clock was set back by a day: the entry's end is further away than the TTL.
        assert!(
            memory
                .find(alice, NOW.before(Duration::from_secs(86_400)), &store, refused)
                .is_none()
        );
    }

    #[test]
    fn garbage_in_the_store_is_no_answer() {
        let store = Store::default();
        let alice = CacheKey::of([b"alice".as_slice()]);
        let mut memory = memory();
        let slot = memory.slot(alice);
        let mut foreign = encode(&answer(), CacheKey::of([b"bob".as_slice()]), NOW.after(TTL));
        for bytes in [vec![], vec![1], vec![0xff; 43], foreign.clone(), vec![b'{'; 1_000_000]] {
            store.0.borrow_mut().insert(slot.clone(), (bytes, 1));
            assert!(memory.find(alice, NOW, &store, refused).is_none());
        }
        foreign.splice(1..33, alice.0);
        store.0.borrow_mut().insert(slot, (foreign, 1));
        assert!(memory.find(alice, NOW, &store, |_| Outcome::Failed).is_none());
        assert!(memory.find(alice, NOW, &store, refused).is_some());
    }

    #[test]
    fn a_worker_remembers_no_more_than_its_bound() {
        let store = Store::default();
        let mut memory = memory();
        for number in 0..MAX_LOCAL_ENTRIES + 50 {
            let subject = CacheKey::of([number.to_be_bytes().as_slice()]);
            memory.remember(
                subject,
                &Outcome::Refused,
                &answer(),
                UnixTime::from_millis(u64::MAX),
                NOW,
                &store,
            );
        }
        assert_eq!(memory.local.len(), MAX_LOCAL_ENTRIES);
        assert!(store.0.borrow().len() <= usize::from(SLOTS));
    }
}
