//! What a worker reads from the pool's shared record and writes into it: the newest set, the lease of the fetch under way, the failures.

use super::timing::{LONGEST_BACK_OFF, part};
use super::{Cause, Evicted, JwksCache, OwnFetch, Surroundings};
use crate::keys::shared::{Fetched, Horizon, Lease, Record};
use std::rc::Rc;
use std::time::Duration;

/// How long past the fetch's time limit its lease lasts: the host answers 504 at the limit, and the worker that asked has to
/// write that into the record, or another one would fetch at that very moment, without the back-off.
const LEASE_GRACE: Duration = Duration::from_millis(100);
/// How often a result is offered to the shared record when others write at the same time.
const PUBLISH_TRIES: usize = 5;

impl JwksCache {
    /// Drops the set if it can be read again from the shared store.
    pub fn evict(&mut self) {
        if self.fetching.is_some() || self.seen.is_none() {
            return;
        }
        if let Some(keys) = self.keys.take() {
            self.evicted = Some(Evicted {
                refresh_at: keys.refresh_at,
                keys: keys.set.len(),
            });
            self.record.fetched = None;
        }
    }

    /// Reads a set again that was dropped.
    pub fn restore(&mut self, world: &Surroundings<'_>) {
        if self.evicted.take().is_some() {
            self.seen = None;
            self.read_record(world);
        }
    }

    pub(super) fn read_record(&mut self, world: &Surroundings<'_>) {
        let stored = world.shared.load(self.entry.as_str());
        let version = stored.as_ref().map(|stored| stored.version);
        if version.is_some() && version == self.seen {
            return;
        }
        self.seen = version;
        let record = stored.and_then(|stored| Record::decode(&stored.bytes, &self.entry, world.now, self.horizon()));
        self.absorb(record.unwrap_or_default());
    }

    fn absorb(&mut self, record: Record) {
        let a_fetch_failed = record.failures > self.record.failures;
        self.record = record;
        match (self.record.fetched.take(), &mut self.evicted) {
            // It stays in the store until somebody asks for it.
            (Some(fetched), Some(evicted)) => {
                *evicted = Evicted {
                    refresh_at: fetched.refresh_at,
                    keys: fetched.set.len(),
                };
            }
            (Some(fetched), None) => {
                self.adopt(fetched.clone());
                // One copy of a set is enough.
                let own = self.keys.as_ref().filter(|keys| keys.set == fetched.set);
                let set = own.map_or(Rc::clone(&fetched.set), |keys| Rc::clone(&keys.set));
                self.record.fetched = Some(Fetched { set, ..fetched });
            }
            // The store has lost it: it must be fetched.
            (None, _) => self.evicted = None,
        }
        if a_fetch_failed {
            self.end_round();
        }
    }

    /// Takes a newer set over. An older one never: it might hold a key that has been withdrawn since.
    pub(super) fn adopt(&mut self, fetched: Fetched) {
        self.evicted = None;
        if !self.is_age_unknown && self.keys.as_ref().is_some_and(|keys| keys.at >= fetched.at) {
            return;
        }
        self.is_age_unknown = false;
        match self.keys.as_mut() {
            // The same keys keep their generation, so that cached tokens need no second look.
            Some(keys) if keys.set == fetched.set => {
                keys.at = fetched.at;
                keys.refresh_at = fetched.refresh_at;
            }
            _ => {
                self.keys = Some(fetched);
                self.generation = self.generation.wrapping_add(1);
            }
        }
        self.end_round();
    }

    pub(super) fn horizon(&self) -> Horizon {
        Horizon {
            lease: self.policy.timeout.saturating_add(LEASE_GRACE),
            retry: LONGEST_BACK_OFF.saturating_add(part(LONGEST_BACK_OFF, 4)),
            refresh: self.policy.ttl,
        }
    }

    /// A lease is read, written with the version read, read again and compared by its mark.
    pub(super) fn win_lease(&mut self, mark: u64, cause: Cause, world: &Surroundings<'_>) -> bool {
        let mut record = self.record.clone();
        record.lease = Some(Lease::new(mark, world.now.after(self.horizon().lease)));
        if cause == Cause::UnknownKid {
            record.refetched_at = world.now;
        }
        self.keep_newest_set(&mut record);
        if world
            .shared
            .swap(self.entry.as_str(), &record.encode(&self.entry), self.seen)
            .is_err()
        {
            self.read_record(world);
            return false;
        }
        self.read_record(world);
        self.record.lease.is_some_and(|lease| lease.mark == mark)
    }

    /// Puts the set of this worker back into a record that another writer has overwritten.
    fn keep_newest_set(&self, record: &mut Record) {
        let Some(keys) = &self.keys else { return };
        if record.fetched.as_ref().is_none_or(|fetched| fetched.at < keys.at) {
            record.fetched = Some(keys.clone());
        }
    }

    /// Writes the end of a fetch into the shared record and gives the lease back, unless somebody else has it by now.
    pub(super) fn publish(&mut self, own: Option<OwnFetch>, world: &Surroundings<'_>, change: impl Fn(&mut Record)) {
        for _ in 0..PUBLISH_TRIES {
            self.read_record(world);
            let mut record = self.record.clone();
            record.lease = record
                .lease
                .filter(|lease| own.as_ref().is_some_and(|own| own.mark != lease.mark));
            if own.is_none() {
                record.lease = None;
            }
            change(&mut record);
            self.keep_newest_set(&mut record);
            let written = world
                .shared
                .swap(self.entry.as_str(), &record.encode(&self.entry), self.seen);
            self.record = record;
            if written.is_ok() {
                break;
            }
            // The next reading must see what the other wrote, even if the store gave it no new version.
            self.seen = None;
        }
        self.seen = None;
    }
}
