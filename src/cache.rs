//! Verified tokens, remembered: a hit skips decoding and signature, not time, not the key's presence, not the rule.

use crate::command::Header;
use crate::keys::PoolId;
use crate::keys::jwks::Key;
use crate::token::Identity;
use core::hash::{BuildHasherDefault, Hasher};
use lru::LruCache;
use std::rc::Rc;

/// A token that was verified, with all that later requests with it need.
#[derive(Debug)]
pub struct Verified {
    /// Who it speaks for.
    pub identity: Rc<Identity>,
    /// The pool that it is of.
    pub pool: PoolId,
    /// The key that verified it.
    pub key: Rc<Key>,
    /// The identity headers of its own claims.
    pub headers: Rc<[Header]>,
    /// `sub` and client for filter state, shared with the commands that set it.
    pub subject: Rc<str>,
    /// The accepted app client.
    pub client: Rc<str>,
}

#[derive(Debug)]
struct Entry {
    verified: Rc<Verified>,
    /// The generation of the pool's keys in which the key was last seen.
    generation: u32,
}

/// A bounded memory of verified tokens, the least recently used out first.
#[derive(Debug)]
pub struct TokenCache {
    entries: LruCache<Box<[u8]>, Entry, BuildHasherDefault<TailHasher>>,
    max_entries: usize,
}

impl TokenCache {
    /// A memory of at most `max_entries` tokens; 0 remembers nothing.
    pub fn new(max_entries: usize) -> TokenCache {
        TokenCache {
            entries: LruCache::unbounded_with_hasher(BuildHasherDefault::default()),
            max_entries,
        }
    }

    /// The remembered token of exactly this text, if the key that verified it is still there: `is_current` is asked once for
    /// each new generation of the pool's keys, and the token is forgotten if it says no.
    pub fn find(
        &mut self,
        token: &[u8],
        generation_of: impl FnOnce(PoolId) -> u32,
        is_current: impl FnOnce(PoolId, &Key) -> bool,
    ) -> Option<Rc<Verified>> {
        let entry = self.entries.get_mut(token)?;
        let generation = generation_of(entry.verified.pool);
        if entry.generation == generation {
            return Some(Rc::clone(&entry.verified));
        }
        if is_current(entry.verified.pool, &entry.verified.key) {
            entry.generation = generation;
            return Some(Rc::clone(&entry.verified));
        }
        self.entries.pop(token);
        None
    }

    /// Remembers a token that was verified with a key of this generation of its pool's keys.
    pub fn insert(&mut self, token: &[u8], verified: Rc<Verified>, generation: u32) {
        if self.max_entries == 0 {
            return;
        }
        while self.entries.len() >= self.max_entries {
            self.entries.pop_lru();
        }
        self.entries.put(token.into(), Entry { verified, generation });
    }

    /// Forgets a token.
    pub fn forget(&mut self, token: &[u8]) {
        self.entries.pop(token);
    }

    /// How many tokens are remembered.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// Hashes the last bytes of a token: the end of its RSA signature, which nobody but the pool can choose. Only verified tokens
/// are remembered, so an attacker cannot fill a bucket with others; the whole text is compared whatever the hash says.
#[derive(Debug, Default)]
struct TailHasher(u64);

impl Hasher for TailHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (_, tail) = bytes.split_at(bytes.len().saturating_sub(TAIL_BYTES));
        for byte in tail {
            // FNV-1a.
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    fn write_usize(&mut self, _length: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

/// 16 characters of base64url are 96 bits of the signature.
const TAIL_BYTES: usize = 16;
