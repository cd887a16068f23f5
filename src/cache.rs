//! The cache of verified tokens: a hit skips decoding and signature, but not the checks of the time, of the key and of the rule.

use crate::bounded_cache::BoundedCache;
use crate::command::Headers;
use crate::enrich::{CacheKey, EnrichmentKind};
use crate::identity::IdentityValues;
use crate::keys::PoolId;
use crate::keys::jwks::Key;
use crate::memory;
use crate::time::UnixTime;
use crate::token::Identity;
use std::cell::OnceCell;
use std::rc::Rc;

/// A verified token, with everything that later requests with it need.
#[derive(Debug)]
pub struct Verified {
    /// Its whole text.
    pub token: Rc<[u8]>,
    /// Its claims.
    pub identity: Identity,
    /// The pool that issued it.
    pub pool: PoolId,
    /// The key that verified it.
    pub key: Rc<Key>,
    /// The headers and the filter state from its own claims.
    pub values: IdentityValues,
    /// The cache keys of calls about it, computed when they are first needed: see [`Verified::cache_key`].
    pub cache_keys: CacheKeys,
}

/// A place for the key of each [`EnrichmentKind`].
#[derive(Debug, Default)]
pub struct CacheKeys([OnceCell<Box<CacheKey>>; EnrichmentKind::ALL.len()]);

impl Verified {
    /// Returns the cache key of a call about this token only. `compute` is called once.
    pub fn cache_key(&self, kind: EnrichmentKind, compute: impl FnOnce() -> CacheKey) -> CacheKey {
        let [user_info, user_lookup] = &self.cache_keys.0;
        let place = match kind {
            EnrichmentKind::UserInfo => user_info,
            EnrichmentKind::UserLookup => user_lookup,
        };
        **place.get_or_init(|| compute().into())
    }

    /// Frees the claims that neither a rule nor a call needs at the moment. When one of them is asked for, all are read from the text
    /// again, and then kept.
    pub(crate) fn slim(&mut self) {
        self.identity.slim(Rc::clone(&self.token));
    }

    /// Returns how many bytes of memory it owns, without the key, which belongs to the key set.
    fn heap_bytes(&self) -> usize {
        let Verified {
            token,
            identity,
            pool: _,
            key: _,
            values: IdentityValues { headers, filter_state },
            cache_keys: CacheKeys(keys),
        } = self;
        let lists = [Some(headers), filter_state.as_ref()].into_iter().flatten();
        let lists = lists.map(|list| memory::shared(size_of::<Headers>()).saturating_add(list.heap_bytes()));
        // The cache keys may be computed later.
        let keys = keys.each_ref().map(|_| memory::block(size_of::<CacheKey>()));
        let owned = [memory::shared(token.len()), identity.heap_bytes()];
        memory::sum(owned.into_iter().chain(lists).chain(keys))
    }
}

impl AsRef<Identity> for Verified {
    fn as_ref(&self) -> &Identity {
        &self.identity
    }
}

#[derive(Debug)]
struct Entry {
    verified: Rc<Verified>,
    /// The generation of the pool's keys in which the key was last seen.
    generation: u32,
}

/// Verified tokens, bounded in number and in bytes: expired ones are evicted first, then the least recently used.
///
/// A token is looked up by its [`Tail`], the end of its signature, which nobody but the pool can choose. Only verified
/// tokens are cached, so an attacker cannot fill a bucket with others, and the whole text is always compared, too.
#[derive(Debug)]
pub struct TokenCache {
    entries: BoundedCache<Tail, Entry>,
}

impl TokenCache {
    /// Returns an empty cache of at most so many tokens and bytes; 0 tokens switch it off.
    pub fn new(max_entries: usize, max_bytes: usize) -> TokenCache {
        TokenCache {
            entries: BoundedCache::new(max_entries, max_bytes),
        }
    }

    /// Returns the cached token of exactly this text, if the key that verified it is still current: `is_current` is called once for
    /// each new generation of the pool's keys, and the token is evicted if it returns false.
    pub fn find(
        &mut self,
        token: &[u8],
        generation_of: impl FnOnce(PoolId) -> u32,
        is_current: impl FnOnce(PoolId, &Key) -> bool,
    ) -> Option<Rc<Verified>> {
        let tail = Tail::of(token)?;
        let entry = self
            .entries
            .get_mut(&tail)
            .filter(|entry| *entry.verified.token == *token)?;
        let generation = generation_of(entry.verified.pool);
        if entry.generation == generation {
            return Some(Rc::clone(&entry.verified));
        }
        if is_current(entry.verified.pool, &entry.verified.key) {
            entry.generation = generation;
            return Some(Rc::clone(&entry.verified));
        }
        self.entries.remove(&tail);
        None
    }

    /// Stores a token that was verified with a key of this generation of its pool's keys, and that expires at this time. Of
    /// two with the same tail, which valid signatures do not have by chance, the later is kept.
    pub fn insert(&mut self, verified: Rc<Verified>, generation: u32, expires_at: UnixTime, now: UnixTime) {
        let Some(tail) = Tail::of(&verified.token) else {
            return;
        };
        let owned = memory::shared(size_of::<Verified>()).saturating_add(verified.heap_bytes());
        let entry = Entry { verified, generation };
        self.entries.insert(tail, entry, owned, expires_at, now);
    }

    /// Returns how many tokens are cached.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns how many bytes they count as.
    pub fn bytes(&self) -> usize {
        self.entries.bytes()
    }

    /// Reports whether no token is cached.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The last bytes of a token: 16 characters of base64url are 96 bits of the signature. Held as two `u64`, since a `u128`
/// would align each entry to 16 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Tail(u64, u64);

impl Tail {
    /// `None` for a shorter text, which cannot end with an RSA signature.
    fn of(token: &[u8]) -> Option<Tail> {
        let (start, last) = token.split_last_chunk()?;
        Some(Tail(
            u64::from_le_bytes(*start.last_chunk()?),
            u64::from_le_bytes(*last),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::rsa::PublicKey;
    use std::time::Duration;

    fn verified(token: &[u8], sub: &str) -> Rc<Verified> {
        let json = format!(r#"{{"iss":"i","sub":"{sub}","exp":1,"token_use":"id","aud":"c"}}"#);
        Rc::new(Verified {
            token: token.into(),
            identity: Identity::for_test(&json),
            pool: PoolId(3),
            key: Rc::new(Key {
                kid: "k".into(),
                public: PublicKey::from_components(&[0xff; 256], &[1, 0, 1]).unwrap(),
            }),
            values: IdentityValues::default(),
            cache_keys: CacheKeys::default(),
        })
    }

    /// As long as a token's tail at least.
    fn text(name: &str) -> String {
        format!("{name:~>24}")
    }

    /// Returns the subject of the token, if it is cached, without a check of its key.
    fn find(cache: &mut TokenCache, token: &str) -> Option<String> {
        let found = cache.find(token.as_bytes(), |_| 1, |_, _| panic!("the generation is the same"));
        found.map(|verified| verified.identity.claims().subject().to_string())
    }

    const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
    const LATER: UnixTime = UnixTime::from_secs(1_800_000_001);

    fn insert(cache: &mut TokenCache, token: &[u8], sub: &str) {
        cache.insert(verified(token, sub), 1, LATER, NOW);
    }

    fn filled(max_entries: usize, names: &[&str]) -> TokenCache {
        let mut cache = TokenCache::new(max_entries, usize::MAX);
        for name in names {
            insert(&mut cache, text(name).as_bytes(), name);
        }
        cache
    }

    #[test]
    fn the_least_recently_used_goes_first() {
        let mut cache = filled(3, &["a", "b", "c"]);
        assert_eq!(find(&mut cache, &text("a")).as_deref(), Some("a"));
        insert(&mut cache, text("d").as_bytes(), "d");
        for (name, is_there) in [("a", true), ("b", false), ("c", true), ("d", true)] {
            assert_eq!(find(&mut cache, &text(name)).is_some(), is_there, "{name}");
        }
        assert_eq!(cache.len(), 3);
    }

    #[test]
    fn it_never_holds_more_than_its_bound() {
        for bound in [0, 1, 2, 100] {
            let mut cache = TokenCache::new(bound, usize::MAX);
            for number in 0..250 {
                insert(&mut cache, text(&number.to_string()).as_bytes(), "s");
                assert!(cache.len() <= bound);
            }
            assert_eq!(cache.len(), bound);
            assert_eq!(cache.is_empty(), bound == 0);
        }
    }

    #[test]
    fn it_never_holds_more_bytes_than_its_bound() {
        let mut cache = TokenCache::new(1000, 1 << 20);
        for number in 0..250 {
            let token = format!("{}{number:016}", "x".repeat(16 * 1024 + number));
            insert(&mut cache, token.as_bytes(), &"s".repeat(10 * number + 1));
            assert!(cache.bytes() <= 1 << 20);
        }
        assert!((30..60).contains(&cache.len()), "{}", cache.len());
        // One that is larger than the whole cache is not kept, and evicts nothing.
        let before = cache.len();
        insert(&mut cache, "x".repeat(1 << 20).as_bytes(), "s");
        assert_eq!(cache.len(), before);
    }

    #[test]
    fn expired_ones_go_first() {
        let mut cache = TokenCache::new(2, usize::MAX);
        let expiring = NOW.after(Duration::from_millis(1));
        cache.insert(verified(text("stays").as_bytes(), "stays"), 1, LATER, NOW);
        cache.insert(verified(text("expires").as_bytes(), "expires"), 1, expiring, NOW);
        assert!(find(&mut cache, &text("expires")).is_some());
        cache.insert(verified(text("new").as_bytes(), "new"), 1, LATER, expiring);
        assert!(
            find(&mut cache, &text("stays")).is_some(),
            "though it was used longer ago"
        );
        assert!(find(&mut cache, &text("expires")).is_none());
    }

    #[test]
    fn the_same_token_again_takes_no_second_place() {
        let mut cache = filled(2, &["a", "b"]);
        insert(&mut cache, text("b").as_bytes(), "again");
        assert_eq!(find(&mut cache, &text("b")).as_deref(), Some("again"));
        assert_eq!(cache.len(), 2, "nobody else had to go for it");
    }

    #[test]
    fn only_the_whole_text_is_the_token() {
        // They differ before the tail, in it, in length.
        let tail = "0123456789abcdef0123456789abcdef";
        let token = format!("head.{tail}");
        let mut cache = TokenCache::new(10, usize::MAX);
        insert(&mut cache, token.as_bytes(), "s");
        for other in [
            format!("heaD.{tail}"),
            tail.to_owned(),
            format!("hhead.{tail}"),
            format!("ead.{tail}"),
            format!("{token}0"),
            "f".to_owned(),
            String::new(),
        ] {
            assert_eq!(find(&mut cache, &other), None, "{other}");
        }
        assert!(find(&mut cache, &token).is_some(), "asking for others changes nothing");
    }

    #[test]
    fn what_is_too_short_for_a_signature_is_not_cached() {
        let mut cache = TokenCache::new(10, usize::MAX);
        insert(&mut cache, &[b'a'; 15], "s");
        assert!(cache.is_empty());
        insert(&mut cache, &[b'a'; 16], "s");
        assert_eq!(cache.len(), 1);
    }

    #[test]
    fn a_new_generation_asks_for_the_key_once_and_forgets_if_it_is_gone() {
        let mut cache = filled(2, &["stays", "goes"]);
        let mut asked = 0;
        for _ in 0..3 {
            let found = cache.find(
                text("stays").as_bytes(),
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
        assert!(cache.find(text("goes").as_bytes(), |_| 10, |_, _| false).is_none());
        assert!(
            cache.find(text("goes").as_bytes(), |_| 10, |_, _| true).is_none(),
            "it is gone for good"
        );
        assert_eq!(cache.len(), 1);
    }
}
