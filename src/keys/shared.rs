//! What workers share about a pool's keys: one record in the host's shared data, changed by compare-and-swap.
//!
//! Any plugin of the same `vm_id` can write there, so a record is read as if it came from the network: parsed strictly,
//! bound to its pool, its times bounded, each key checked for strength again.

use crate::keys::jwks::{Key, KeySet};
use crate::keys::rsa::PublicKey;
use crate::time::UnixTime;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use core::time::Duration;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::rc::Rc;

/// Which state of an entry was read; the host gives each write a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version(pub u32);

/// An entry as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Their version.
    pub version: Version,
}

/// Somebody else wrote in between, or the host refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conflict;

/// The host's shared data: all workers see it.
pub trait SharedStore {
    /// The entry of this name.
    fn load(&self, name: &str) -> Option<Stored>;

    /// Writes the entry if it is still as it was `seen`; `None`: if there is none.
    ///
    /// # Errors
    /// It is not: nothing was written.
    fn swap(&self, name: &str, bytes: &[u8], seen: Option<Version>) -> Result<(), Conflict>;
}

/// The longest record that is read: 64 keys of 4096 bits with kids of 1 KiB stay below.
pub const MAX_RECORD_BYTES: usize = 256 * 1024;

/// How far ahead of this worker's time another worker's may be: both read one clock, but at different moments of the same
/// callbacks. Without it a worker that is a millisecond behind would not believe the lease of the one that is ahead.
pub const CLOCK_TOLERANCE: Duration = Duration::from_secs(1);

/// The only layout that is read and written.
const LAYOUT: u8 = 1;

/// The name of a pool's entry and the mark that binds a record to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryName {
    name: String,
    pool: String,
}

impl EntryName {
    /// The entry for these issuers' keys, fetched from `uri`. The name holds a digest of both, since other plugins may share the store.
    pub fn of(issuers: &[String], uri: &str) -> EntryName {
        let mut digest = Sha256::new();
        for part in issuers.iter().map(String::as_str).chain([uri]) {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part.as_bytes());
        }
        let pool = URL_SAFE_NO_PAD.encode(digest.finalize());
        EntryName {
            name: format!("envoy-cognito-jwt/keys/{pool}"),
            pool,
        }
    }

    /// The entry's name in the store.
    pub fn as_str(&self) -> &str {
        &self.name
    }
}

/// What stands in the entry.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// The set that was fetched last, and when.
    pub fetched: Option<Fetched>,
    /// Who is fetching.
    pub lease: Option<Lease>,
    /// How many fetches have failed in a row.
    pub failures: u32,
    /// No fetch before this time, because the last one failed.
    pub retry_at: UnixTime,
    /// When an unknown `kid` last caused a fetch.
    pub refetched_at: UnixTime,
}

/// A set of keys and its age.
#[derive(Clone, Debug, PartialEq)]
pub struct Fetched {
    /// The keys.
    pub set: Rc<KeySet>,
    /// When they came.
    pub at: UnixTime,
    /// When they are to be fetched anew: the TTL, less a little chance.
    pub refresh_at: UnixTime,
}

/// The right to fetch, for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// The holder's random mark.
    pub mark: u64,
    /// When it ends, in milliseconds.
    until: u64,
}

impl Lease {
    /// A lease with this mark that ends at `until`.
    pub fn new(mark: u64, until: UnixTime) -> Lease {
        Lease {
            mark,
            until: until.as_millis(),
        }
    }

    /// When it ends.
    pub fn until(&self) -> UnixTime {
        UnixTime::from_millis(self.until)
    }
}

/// How far into the future a record's times may lie; what lies further is not believed (a clock that was set back, a forgery).
#[derive(Clone, Copy, Debug)]
pub struct Horizon {
    /// Of a lease's end: the fetch's time limit.
    pub lease: Duration,
    /// Of the next try after a failure: the longest back-off.
    pub retry: Duration,
    /// Of a set's refresh after its fetch: the TTL.
    pub refresh: Duration,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire<'a> {
    layout: u8,
    pool: &'a str,
    keys: Option<Vec<WireKey>>,
    fetched_at: u64,
    refresh_at: u64,
    lease: Option<Lease>,
    failures: u32,
    retry_at: u64,
    refetched_at: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireKey {
    kid: String,
    n: String,
    e: String,
}

impl Record {
    /// The bytes of this record in the entry `name`.
    pub fn encode(&self, name: &EntryName) -> Vec<u8> {
        let fetched = self.fetched.as_ref();
        let wire = Wire {
            layout: LAYOUT,
            pool: &name.pool,
            keys: fetched.map(|fetched| fetched.set.iter().map(|key| WireKey::of(key)).collect()),
            fetched_at: fetched.map_or(0, |fetched| fetched.at.as_millis()),
            refresh_at: fetched.map_or(0, |fetched| fetched.refresh_at.as_millis()),
            lease: self.lease,
            failures: self.failures,
            retry_at: self.retry_at.as_millis(),
            refetched_at: self.refetched_at.as_millis(),
        };
        // Serialization into memory of a type without maps and floats cannot fail; empty bytes would read as no record.
        serde_json::to_vec(&wire).unwrap_or_default()
    }

    /// Reads a record of the entry `name`. What is no record of this entry is none at all; times past the horizon are dropped.
    pub fn decode(bytes: &[u8], name: &EntryName, now: UnixTime, horizon: Horizon) -> Option<Record> {
        if bytes.len() > MAX_RECORD_BYTES {
            return None;
        }
        let wire: Wire<'_> = serde_json::from_slice(bytes).ok()?;
        if wire.layout != LAYOUT || wire.pool != name.pool {
            return None;
        }
        let fetched = match wire.keys {
            None => None,
            Some(keys) => Some(Fetched::from_wire(
                keys,
                wire.fetched_at,
                wire.refresh_at,
                now,
                horizon,
            )?),
        };
        let record = Record {
            fetched,
            lease: wire.lease,
            failures: wire.failures,
            retry_at: UnixTime::from_millis(wire.retry_at),
            refetched_at: UnixTime::from_millis(wire.refetched_at),
        };
        Some(record.believed(now, horizon))
    }

    /// This record without the times of lease, back-off and refetch that lie past the horizon: a clock that was set back, or a
    /// forgery, must not end fetching for as long as they are ahead.
    pub fn believed(self, now: UnixTime, horizon: Horizon) -> Record {
        let last = |span: Duration| now.after(span).after(CLOCK_TOLERANCE);
        Record {
            lease: self.lease.filter(|lease| lease.until() <= last(horizon.lease)),
            retry_at: if self.retry_at <= last(horizon.retry) {
                self.retry_at
            } else {
                UnixTime::default()
            },
            refetched_at: self.refetched_at.min(now),
            ..self
        }
    }
}

impl Fetched {
    fn from_wire(keys: Vec<WireKey>, at: u64, refresh_at: u64, now: UnixTime, horizon: Horizon) -> Option<Fetched> {
        let keys: Option<Vec<Key>> = keys.into_iter().map(WireKey::into_key).collect();
        let set = Rc::new(KeySet::from_keys(keys?).ok()?);
        let at = UnixTime::from_millis(at);
        if at > now.after(CLOCK_TOLERANCE) {
            // Of unknown age: usable, but due.
            return Some(Fetched {
                set,
                at: now,
                refresh_at: now,
            });
        }
        let refresh_at = UnixTime::from_millis(refresh_at).min(at.after(horizon.refresh));
        Some(Fetched { set, at, refresh_at })
    }
}

impl WireKey {
    fn of(key: &Key) -> WireKey {
        WireKey {
            kid: key.kid.to_string(),
            n: URL_SAFE_NO_PAD.encode(key.public.n()),
            e: URL_SAFE_NO_PAD.encode(key.public.e()),
        }
    }

    fn into_key(self) -> Option<Key> {
        let n = URL_SAFE_NO_PAD.decode(self.n).ok()?;
        let e = URL_SAFE_NO_PAD.decode(self.e).ok()?;
        Some(Key {
            kid: self.kid.into_boxed_str(),
            public: PublicKey::from_components(&n, &e).ok()?,
        })
    }
}

#[cfg(test)]
mod tests;
