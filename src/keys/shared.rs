//! The record about a pool's keys that workers share in the host's shared data. It is changed by compare-and-swap.
//!
//! Any plugin of the same `vm_id` can write there, so a record is read as if it came from the network: parsed strictly,
//! bound to its pool, its times bounded, each key checked for strength again.

use crate::digest;
use crate::keys::jwks::{Key, KeySet};
use crate::keys::rsa::PublicKey;
use crate::time::UnixTime;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::rc::Rc;
use std::time::Duration;

/// The version of an entry that was read; the host gives each write a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version(pub u32);

/// An entry that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Their version.
    pub version: Version,
}

/// Another writer was faster, or the host refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conflict;

/// The host's shared data, which all workers can access.
pub trait SharedStore {
    /// Returns the entry of this name.
    fn load(&self, name: &str) -> Option<Stored>;

    /// Writes the entry if it still has the version `seen`; `None`: if it does not exist.
    ///
    /// # Errors
    /// It has not: nothing was written.
    fn swap(&self, name: &str, bytes: &[u8], seen: Option<Version>) -> Result<(), Conflict>;

    /// Reports whether the store bounds the bytes of all entries but those of keys, by dropping the least recently used. In a store
    /// that does not, entries have a fixed number of names.
    fn is_bounded(&self) -> bool {
        false
    }
}

/// The longest record that is read. A record of a set of [`MAX_SET_BYTES`](crate::keys::jwks::MAX_SET_BYTES) is shorter:
/// it has the same numbers, and a `kid` that is a third longer.
pub const MAX_RECORD_BYTES: usize = 384 * 1024;

/// How far ahead of this worker's time another worker's may be: both read the same clock, but at different times during their
/// callbacks. Without it, a worker that is a millisecond behind would ignore the lease of one that is ahead.
pub const CLOCK_TOLERANCE: Duration = Duration::from_secs(1);

/// The only layout that is read and written.
const LAYOUT: &str = "1";

/// The word for an absent value.
const NONE: &str = "-";

/// The name of a pool's entry and the mark that binds a record to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryName {
    name: String,
    pool: String,
}

/// The prefix of the names of all pools' entries.
const KEY_ENTRIES: &str = "envoy-cognito-jwt/keys/";

/// Reports whether an entry of the store is one of a pool's keys, not an answer of a call.
pub fn is_key_entry(name: &str) -> bool {
    name.starts_with(KEY_ENTRIES)
}

impl EntryName {
    /// Returns the entry for these issuers' keys, fetched from `uri` through `cluster`. The name holds a digest of all three, since
    /// other plugins may share the store, among them an older configuration of this one: keys that it fetched through another
    /// cluster, or failed to fetch, must not be used by the newer one.
    pub fn of(issuers: &[String], uri: &str, cluster: &str) -> EntryName {
        let parts = issuers.iter().map(String::as_str).chain([uri, cluster]);
        let pool = URL_SAFE_NO_PAD.encode(digest::of_parts(parts.map(str::as_bytes)));
        EntryName {
            name: format!("{KEY_ENTRIES}{pool}"),
            pool,
        }
    }

    /// Returns the entry's name in the store.
    pub fn as_str(&self) -> &str {
        &self.name
    }
}

/// The content of the entry.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// The set that was fetched last, and when.
    pub fetched: Option<Fetched>,
    /// The lease of the worker that is fetching.
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
    /// When they were fetched.
    pub at: UnixTime,
    /// When they are to be fetched again: the TTL, less a random part.
    pub refresh_at: UnixTime,
}

/// The right to fetch, for a limited time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The holder's random mark.
    pub mark: u64,
    /// When it ends, in milliseconds.
    until: u64,
}

impl Lease {
    /// Returns a lease with this mark that ends at `until`.
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

/// How far into the future a record's times may lie; a record with later times is ignored (a clock that was set back, a forgery).
#[derive(Clone, Copy, Debug)]
pub struct Horizon {
    /// Of a lease's end: the fetch's time limit.
    pub lease: Duration,
    /// Of the next try after a failure: the longest back-off.
    pub retry: Duration,
    /// Of a set's refresh after its fetch: the TTL.
    pub refresh: Duration,
}

impl Record {
    /// Returns the bytes of this record in the entry `name`: a line of nine words, and one of three for each key.
    ///
    /// ```text
    /// layout pool failures retry_at refetched_at lease's-mark lease's-end fetched_at refresh_at
    /// kid modulus exponent
    /// ```
    ///
    /// Times are in milliseconds, `kid` and numbers base64url; `-` is an absent value.
    pub fn encode(&self, name: &EntryName) -> Vec<u8> {
        let or_none = |number: Option<u64>| number.map_or_else(|| NONE.into(), |number| number.to_string());
        let lease = self.lease.as_ref();
        let fetched = self.fetched.as_ref();
        let mut text = [
            LAYOUT.into(),
            name.pool.clone(),
            self.failures.to_string(),
            self.retry_at.as_millis().to_string(),
            self.refetched_at.as_millis().to_string(),
            or_none(lease.map(|lease| lease.mark)),
            or_none(lease.map(|lease| lease.until)),
            or_none(fetched.map(|fetched| fetched.at.as_millis())),
            or_none(fetched.map(|fetched| fetched.refresh_at.as_millis())),
        ]
        .join(" ");
        for key in fetched.iter().flat_map(|fetched| fetched.set.iter()) {
            let parts = [key.kid.as_bytes(), &key.public.n(), &key.public.e()];
            for (nth, part) in parts.into_iter().enumerate() {
                text.push(if nth == 0 { '\n' } else { ' ' });
                URL_SAFE_NO_PAD.encode_string(part, &mut text);
            }
        }
        text.into_bytes()
    }

    /// Reads a record of the entry `name`. Returns nothing for anything else; times past the horizon are dropped.
    pub fn decode(bytes: &[u8], name: &EntryName, now: UnixTime, horizon: Horizon) -> Option<Record> {
        if bytes.len() > MAX_RECORD_BYTES {
            return None;
        }
        let mut lines = std::str::from_utf8(bytes).ok()?.split('\n');
        let mut words = lines.next()?.split(' ');
        if words.next()? != LAYOUT || words.next()? != name.pool {
            return None;
        }
        let failures = words.next()?.parse().ok()?;
        let mut time = || number(words.next()?);
        let (retry_at, refetched_at) = (time()??, time()??);
        let (mark, until) = (time()?, time()?);
        let (fetched_at, refresh_at) = (time()?, time()?);
        if words.next().is_some() {
            return None;
        }
        let fetched = match (fetched_at, refresh_at) {
            (Some(at), Some(refresh_at)) => Some(Fetched::read(lines, at, refresh_at, now, horizon)?),
            (None, None) if lines.next().is_none() => None,
            _ => return None,
        };
        let lease = match (mark, until) {
            (Some(mark), Some(until)) => Some(Lease { mark, until }),
            (None, None) => None,
            _ => return None,
        };
        let record = Record {
            fetched,
            lease,
            failures,
            retry_at: UnixTime::from_millis(retry_at),
            refetched_at: UnixTime::from_millis(refetched_at),
        };
        Some(record.bounded(now, horizon))
    }

    /// Returns this record without the times of lease, back-off and refetch that are past the horizon: a clock that was set back, or a
    /// forgery, must not end fetching for as long as they are ahead.
    pub fn bounded(self, now: UnixTime, horizon: Horizon) -> Record {
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
    fn read<'a>(
        lines: impl Iterator<Item = &'a str>,
        at: u64,
        refresh_at: u64,
        now: UnixTime,
        horizon: Horizon,
    ) -> Option<Fetched> {
        let keys: Option<Vec<Key>> = lines.map(key).collect();
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

/// Returns a number of a record's first line: outer `None`: it is not a number; inner `None`: it is absent.
fn number(word: &str) -> Option<Option<u64>> {
    if word == NONE {
        return Some(None);
    }
    word.parse().ok().map(Some)
}

/// Returns the key of a line.
fn key(line: &str) -> Option<Key> {
    let mut words = line.split(' ');
    let mut bytes = || URL_SAFE_NO_PAD.decode(words.next()?).ok();
    let (kid, n, e) = (bytes()?, bytes()?, bytes()?);
    if words.next().is_some() {
        return None;
    }
    Some(Key {
        kid: String::from_utf8(kid).ok()?.into_boxed_str(),
        public: PublicKey::from_components(&n, &e).ok()?,
    })
}

#[cfg(test)]
mod tests;
