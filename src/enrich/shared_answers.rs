//! Answers to calls that all workers of a host share.

use crate::enrich::{Answer, CacheKey};
use crate::keys::shared::SharedStore;
use crate::time::UnixTime;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The largest body that is shared: the bound of UserInfo's answers and of the user lookup's.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

/// An answer in the shared data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedAnswer {
    /// The answer.
    pub answer: Answer,
    /// When it arrived. Each reader applies its own TTL.
    pub at: UnixTime,
    /// The expiry of the token that it is about, if it ends with the token.
    pub not_after: UnixTime,
}

/// Answers in a host's shared data.
///
/// If the store is not bounded itself ([`SharedStore::is_bounded`]), it must not grow without limit, so an answer is stored in one of a
/// fixed number of slots, chosen by its key; a newer answer replaces an older one in the slot. Other plugins may write there: an entry
/// is bound to its key by the whole digest, bounded in size, and read as strictly as an answer from the network.
#[derive(Clone, Copy)]
pub struct SharedAnswers<'a>(pub &'a dyn SharedStore);

/// Slots for answers up to one size. All classes together limit the store to 32 MiB.
struct SlotClass {
    name: &'static str,
    slots: u16,
    max_body_bytes: usize,
}

/// Most answers are small, and have many slots; large ones have few.
const CLASSES: [SlotClass; 2] = [
    SlotClass {
        name: "small",
        slots: 4096,
        max_body_bytes: 4 * 1024,
    },
    SlotClass {
        name: "large",
        slots: 256,
        max_body_bytes: MAX_BODY_BYTES,
    },
];

const LAYOUT: u8 = 2;

impl SharedAnswers<'_> {
    /// Returns the answer that was stored last under this key, if it has not been replaced.
    pub fn load(&self, key: CacheKey) -> Option<SharedAnswer> {
        let read = |class| decode(&self.0.load(&self.entry(key, class))?.bytes, key, class);
        // If the size of the answer has changed, there may be one in each class.
        CLASSES.iter().filter_map(read).max_by_key(|stored| stored.at)
    }

    /// Stores an answer.
    pub fn store(&self, key: CacheKey, answer: &SharedAnswer) {
        let body_bytes = answer.answer.body.len();
        let Some(class) = CLASSES.iter().find(|class| body_bytes <= class.max_body_bytes) else {
            return;
        };
        let entry = self.entry(key, class);
        let seen = self.0.load(&entry).map(|stored| stored.version);
        // If another worker writes at the same time, its answer is as good: one of the two stays.
        let _another_was_first = self.0.swap(&entry, &encode(answer, key), seen);
    }

    fn entry(&self, key: CacheKey, class: &SlotClass) -> String {
        let class_name = class.name;
        if self.0.is_bounded() {
            let digest = URL_SAFE_NO_PAD.encode(key.0);
            return format!("envoy-cognito-jwt/answers/{class_name}/{digest}");
        }
        let [first, second, ..] = key.0;
        let slot = u16::from_be_bytes([first, second])
            .checked_rem(class.slots)
            .unwrap_or(0);
        format!("envoy-cognito-jwt/answers/{class_name}/{slot}")
    }
}

fn encode(stored: &SharedAnswer, key: CacheKey) -> Vec<u8> {
    let mut bytes = vec![LAYOUT];
    bytes.extend_from_slice(&key.0);
    bytes.extend_from_slice(&stored.at.as_millis().to_le_bytes());
    bytes.extend_from_slice(&stored.not_after.as_millis().to_le_bytes());
    bytes.extend_from_slice(&stored.answer.status.to_le_bytes());
    bytes.extend_from_slice(&stored.answer.body);
    bytes
}

fn decode(bytes: &[u8], key: CacheKey, class: &SlotClass) -> Option<SharedAnswer> {
    let (layout, rest) = bytes.split_first()?;
    let (digest, rest) = rest.split_first_chunk::<32>()?;
    let (at, rest) = rest.split_first_chunk::<8>()?;
    let (not_after, rest) = rest.split_first_chunk::<8>()?;
    let (status, body) = rest.split_first_chunk::<2>()?;
    if *layout != LAYOUT || *digest != key.0 || body.len() > class.max_body_bytes {
        return None;
    }
    Some(SharedAnswer {
        answer: Answer {
            status: u16::from_le_bytes(*status),
            body: body.to_vec(),
        },
        at: UnixTime::from_millis(u64::from_le_bytes(*at)),
        not_after: UnixTime::from_millis(u64::from_le_bytes(*not_after)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enrich::fake_store::FakeStore;
    use std::time::Duration;

    const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

    fn key(name: &str) -> CacheKey {
        CacheKey::of([name.as_bytes()])
    }

    fn answer(body_bytes: usize, at: UnixTime) -> SharedAnswer {
        SharedAnswer {
            answer: Answer {
                status: 200,
                body: vec![b'x'; body_bytes],
            },
            at,
            not_after: at.after(Duration::from_secs(60)),
        }
    }

    #[test]
    fn what_was_stored_last_is_found_by_its_key_alone() {
        let store = FakeStore::default();
        let mut at = NOW;
        assert_eq!(SharedAnswers(&store).load(key("alice")), None);
        for body_bytes in [0, 10, 4096, 4097, 65_536, 10, 5000, 0] {
            at = at.after(Duration::from_millis(1));
            SharedAnswers(&store).store(key("alice"), &answer(body_bytes, at));
            assert_eq!(
                SharedAnswers(&store).load(key("alice")),
                Some(answer(body_bytes, at)),
                "{body_bytes}"
            );
            assert_eq!(SharedAnswers(&store).load(key("bob")), None);
        }
        SharedAnswers(&store).store(key("carol"), &answer(65_537, at));
        assert_eq!(SharedAnswers(&store).load(key("carol")), None, "it is too large");
    }

    #[test]
    fn the_store_is_bounded() {
        let store = FakeStore::default();
        for number in 0..12_000_u32 {
            let body_bytes = if number % 6 == 0 { 4097 } else { 1 };
            SharedAnswers(&store).store(key(&number.to_string()), &answer(body_bytes, NOW));
        }
        let entries = store.entries.borrow().len();
        assert!((3500..=4096 + 256).contains(&entries), "{entries}");
        let most: usize = CLASSES
            .iter()
            .map(|class| usize::from(class.slots) * class.max_body_bytes)
            .sum();
        assert_eq!(most, 32 << 20);
    }

    #[test]
    fn in_a_bounded_store_each_answer_has_its_own_place() {
        let store = FakeStore {
            is_bounded: true,
            ..FakeStore::default()
        };
        let keys = (0..6000_u32).map(|number| key(&number.to_string()));
        for key in keys.clone() {
            SharedAnswers(&store).store(key, &answer(1, NOW));
        }
        assert_eq!(store.entries.borrow().len(), 6000);
        for key in keys {
            assert!(SharedAnswers(&store).load(key).is_some());
        }
    }

    #[test]
    fn garbage_is_no_answer() {
        let store = FakeStore::default();
        let [small, large] = CLASSES
            .each_ref()
            .map(|class| SharedAnswers(&store).entry(key("alice"), class));
        let mut bobs = encode(&answer(7, NOW), key("bob"));
        let mut other_layout = encode(&answer(7, NOW), key("alice"));
        other_layout[0] = 1;
        let too_large = encode(&answer(4097, NOW), key("alice"));
        for bytes in [vec![], vec![2], vec![0xff; 51], bobs.clone(), other_layout, too_large] {
            store.entries.borrow_mut().insert(small.clone(), (bytes, 1));
            assert_eq!(SharedAnswers(&store).load(key("alice")), None);
        }
        bobs.splice(1..33, key("alice").0);
        store.entries.borrow_mut().insert(small, (bobs, 1));
        assert_eq!(SharedAnswers(&store).load(key("alice")), Some(answer(7, NOW)));
        // The slots of one class are independent of the other.
        store.entries.borrow_mut().insert(large, (vec![b'{'; 1_000_000], 1));
        assert_eq!(SharedAnswers(&store).load(key("alice")), Some(answer(7, NOW)));
    }
}
