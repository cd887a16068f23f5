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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::rsa::PublicKey;

    fn verified(sub: &str) -> Rc<Verified> {
        let json = format!(r#"{{"iss":"i","sub":"{sub}","exp":1,"token_use":"id","aud":"c"}}"#);
        Rc::new(Verified {
            identity: Rc::new(Identity::for_test(&json)),
            pool: PoolId(3),
            key: Rc::new(Key {
                kid: "k".into(),
                public: PublicKey::from_components(&[0xff; 256], &[1, 0, 1]).unwrap(),
            }),
            headers: Rc::from([]),
            subject: sub.into(),
            client: "c".into(),
        })
    }

    /// Whose token it is, if it is remembered; nobody asks for its key.
    fn find(cache: &mut TokenCache, token: &str) -> Option<String> {
        let found = cache.find(token.as_bytes(), |_| 1, |_, _| panic!("the generation is the same"));
        found.map(|verified| verified.subject.to_string())
    }

    fn filled(max_entries: usize, tokens: &[&str]) -> TokenCache {
        let mut cache = TokenCache::new(max_entries);
        for token in tokens {
            cache.insert(token.as_bytes(), verified(token), 1);
        }
        cache
    }

    #[test]
    fn the_least_recently_used_goes_first() {
        let mut cache = filled(3, &["a", "b", "c"]);
        assert_eq!(find(&mut cache, "a").as_deref(), Some("a"));
        cache.insert(b"d", verified("d"), 1);
        for (token, is_there) in [("a", true), ("b", false), ("c", true), ("d", true)] {
            assert_eq!(find(&mut cache, token).is_some(), is_there, "{token}");
        }
        assert_eq!(cache.len(), 3);
    }

    #[test]
    fn it_never_holds_more_than_its_bound() {
        for bound in [0, 1, 2, 100] {
            let mut cache = TokenCache::new(bound);
            for number in 0..250_u32 {
                cache.insert(&number.to_be_bytes(), verified("s"), 1);
                assert!(cache.len() <= bound);
            }
            assert_eq!(cache.len(), bound);
            assert_eq!(cache.is_empty(), bound == 0);
        }
    }

    #[test]
    fn the_same_token_again_takes_no_second_place() {
        let mut cache = filled(2, &["a", "b"]);
        cache.insert(b"b", verified("again"), 1);
        assert_eq!(find(&mut cache, "b").as_deref(), Some("again"));
        assert!(cache.len() <= 2);
    }

    #[test]
    fn only_the_whole_text_is_the_token() {
        // They differ before the bytes that are hashed, after them, in length.
        let tail = "0123456789abcdef0123456789abcdef";
        let mut cache = filled(10, &[&format!("x{tail}")]);
        assert!(find(&mut cache, &format!("x{tail}")).is_some());
        for other in [
            format!("y{tail}"),
            tail.to_owned(),
            format!("xx{tail}"),
            format!("x{tail}0"),
            String::new(),
        ] {
            assert_eq!(find(&mut cache, &other), None, "{other}");
        }
    }

    #[test]
    fn a_new_generation_asks_for_the_key_once_and_forgets_if_it_is_gone() {
        let mut cache = filled(2, &["stays", "goes"]);
        let mut asked = 0;
        for _ in 0..3 {
            let found = cache.find(
                b"stays",
                |pool| u32::try_from(pool.0).unwrap() + 7,
                |pool, key| {
                    asked += 1;
                    assert_eq!((pool, &*key.kid), (PoolId(3), "k"));
                    true
                },
            );
            assert!(found.is_some());
        }
        assert_eq!(asked, 1);
        assert!(cache.find(b"goes", |_| 10, |_, _| false).is_none());
        assert!(
            cache.find(b"goes", |_| 10, |_, _| true).is_none(),
            "it is gone for good"
        );
        assert_eq!(cache.len(), 1);
        cache.forget(b"stays");
        assert!(cache.is_empty());
    }
}
