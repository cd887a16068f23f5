//! A cache that is bounded in entries and in bytes.

use crate::memory;
use crate::time::UnixTime;
use lru::LruCache;
use std::collections::BTreeSet;
use std::hash::Hash;

/// A cache with a limit on entries and on bytes. When one of them would be exceeded, expired entries are evicted first, then the
/// least recently used ones.
///
/// An expired entry is not hidden: it stays until its room is needed, and the caller checks the time.
#[derive(Debug)]
pub(crate) struct BoundedCache<K: Copy + Eq + Hash + Ord, V> {
    entries: LruCache<K, Entry<V>>,
    by_expiry: BTreeSet<(UnixTime, K)>,
    max_entries: usize,
    max_bytes: usize,
    bytes: usize,
}

#[derive(Debug)]
struct Entry<V> {
    value: V,
    expires_at: UnixTime,
    bytes: usize,
}

impl<K: Copy + Eq + Hash + Ord, V> BoundedCache<K, V> {
    /// What an entry costs besides what its value owns: its own block with the links of the list of uses; its places in
    /// the hash table, which may be a quarter full and exists together with the table that it replaces for a moment; its place
    /// in the tree of expiries, whose nodes may be less than half full.
    const ENTRY_OVERHEAD: usize = memory::block(size_of::<K>() + size_of::<Entry<V>>() + 2 * size_of::<usize>())
        + 4 * (2 * size_of::<usize>() + 1)
        + 3 * size_of::<(UnixTime, K)>();

    /// Returns an empty cache; with a bound of 0 it stays empty.
    pub(crate) fn new(max_entries: usize, max_bytes: usize) -> BoundedCache<K, V> {
        BoundedCache {
            // Created with its bound, it would allocate the memory for all entries at once.
            entries: LruCache::unbounded(),
            by_expiry: BTreeSet::new(),
            max_entries,
            max_bytes,
            bytes: 0,
        }
    }

    /// Returns the value of `key`, and marks it as the most recently used one.
    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.entries.get_mut(key).map(|entry| &mut entry.value)
    }

    /// Stores `value`, which owns `owned_bytes`, and replaces the previous value of `key`. It is not stored if it has expired or is
    /// larger than the whole cache may be.
    pub(crate) fn insert(&mut self, key: K, value: V, owned_bytes: usize, expires_at: UnixTime, now: UnixTime) {
        self.remove(&key);
        let bytes = owned_bytes.saturating_add(Self::ENTRY_OVERHEAD);
        if expires_at <= now || self.max_entries == 0 || bytes > self.max_bytes {
            return;
        }
        while self.entries.len() >= self.max_entries || self.bytes.saturating_add(bytes) > self.max_bytes {
            if !self.evict(now) {
                return;
            }
        }
        self.bytes = self.bytes.saturating_add(bytes);
        self.by_expiry.insert((expires_at, key));
        let entry = Entry {
            value,
            expires_at,
            bytes,
        };
        self.entries.put(key, entry);
    }

    /// Removes `key` and its value.
    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        let entry = self.entries.pop(key)?;
        self.by_expiry.remove(&(entry.expires_at, *key));
        self.bytes = self.bytes.saturating_sub(entry.bytes);
        Some(entry.value)
    }

    /// Returns how many entries there are.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns how many bytes they count as.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Evicts one entry. Returns false if there was none.
    fn evict(&mut self, now: UnixTime) -> bool {
        let expired = self.by_expiry.first().filter(|(expires_at, _)| *expires_at <= now);
        let next = match expired {
            Some((_, key)) => Some(*key),
            None => self.entries.peek_lru().map(|(key, _)| *key),
        };
        next.and_then(|key| self.remove(&key)).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
    const OVERHEAD: usize = BoundedCache::<u32, &str>::ENTRY_OVERHEAD;

    fn secs(secs: u64) -> UnixTime {
        NOW.after(Duration::from_secs(secs))
    }

    fn keys(cache: &mut BoundedCache<u32, &'static str>) -> Vec<u32> {
        (0..100).filter(|key| cache.entries.peek(key).is_some()).collect()
    }

    /// A cache of these entries: key, owned bytes, seconds to live.
    fn filled(max_entries: usize, max_bytes: usize, entries: &[(u32, usize, u64)]) -> BoundedCache<u32, &'static str> {
        let mut cache = BoundedCache::new(max_entries, max_bytes);
        for (key, bytes, lives) in entries {
            cache.insert(*key, "value", *bytes, secs(*lives), NOW);
        }
        cache
    }

    #[test]
    fn the_least_recently_used_goes_first() {
        let mut cache = filled(3, usize::MAX, &[(1, 0, 9), (2, 0, 9), (3, 0, 9)]);
        assert!(cache.get_mut(&1).is_some());
        cache.insert(4, "value", 0, secs(9), NOW);
        assert_eq!(keys(&mut cache), [1, 3, 4]);
    }

    #[test]
    fn expired_ones_go_before_the_least_recently_used() {
        let mut cache = filled(3, usize::MAX, &[(1, 0, 9), (2, 0, 1), (3, 0, 2)]);
        assert!(cache.get_mut(&2).is_some() && cache.get_mut(&3).is_some());
        // Nothing has expired yet: the least recently used one is evicted.
        cache.insert(4, "value", 0, secs(9), NOW);
        assert_eq!(keys(&mut cache), [2, 3, 4]);
        // An entry that expires exactly now has expired. The earliest is evicted first.
        cache.insert(5, "value", 0, secs(9), secs(1));
        assert_eq!(keys(&mut cache), [3, 4, 5]);
        cache.insert(6, "value", 0, secs(9), secs(3));
        assert_eq!(keys(&mut cache), [4, 5, 6]);
        cache.insert(7, "value", 0, secs(9), secs(3));
        assert_eq!(keys(&mut cache), [5, 6, 7], "nothing has expired any more");
    }

    #[test]
    fn so_many_go_that_the_bytes_suffice() {
        let room = 4 * (OVERHEAD + 100);
        let mut cache = filled(100, room, &[(1, 100, 9), (2, 100, 9), (3, 100, 9), (4, 100, 9)]);
        assert_eq!((cache.len(), cache.bytes()), (4, room));
        cache.insert(5, "value", 101, secs(9), NOW);
        assert_eq!(keys(&mut cache), [3, 4, 5], "one byte more takes two places");
        cache.insert(6, "value", room - OVERHEAD, secs(9), NOW);
        assert_eq!(keys(&mut cache), [6]);
        cache.insert(7, "value", room - OVERHEAD + 1, secs(9), NOW);
        assert_eq!(keys(&mut cache), [6], "what can never fit moves nothing out");
        cache.insert(6, "value", 0, secs(9), NOW);
        assert_eq!((keys(&mut cache), cache.bytes()), (vec![6], OVERHEAD));
    }

    #[test]
    fn nothing_is_kept_that_has_expired_or_with_a_bound_of_0() {
        assert_eq!(filled(3, usize::MAX, &[(1, 0, 0)]).len(), 0);
        assert_eq!(filled(0, usize::MAX, &[(1, 0, 9)]).len(), 0);
        assert_eq!(filled(3, 0, &[(1, 0, 9)]).len(), 0);
    }

    proptest::proptest! {
        #[test]
        fn it_never_exceeds_its_bounds(
            steps in proptest::collection::vec((0_u8..8, 0_u32..20, 0_usize..2000, 0_u64..50), 0..200),
            max_entries in 0_usize..12,
            max_bytes in 0_usize..8000,
        ) {
            let mut cache: BoundedCache<u32, &str> = BoundedCache::new(max_entries, max_bytes);
            let mut now = NOW;
            for (step, key, bytes, lives) in steps {
                match step {
                    0 => now = now.after(Duration::from_secs(lives)),
                    1 => now = now.before(Duration::from_secs(lives)),
                    2 => drop(cache.remove(&key)),
                    3 => drop(cache.get_mut(&key)),
                    _ => cache.insert(key, "value", bytes, now.after(Duration::from_secs(lives)), now),
                }
                assert!(cache.len() <= max_entries && cache.bytes() <= max_bytes);
                assert_eq!(cache.by_expiry.len(), cache.len());
                let held: usize = cache.entries.iter().map(|(_, entry)| entry.bytes).sum();
                assert_eq!(held, cache.bytes());
            }
        }
    }
}
