//! What other plugins may have written into the shared data is either a record of this entry, within its bounds, or nothing.
#![no_main]

use cognito_jwt::enrich::response_cache::ResponseCache;
use cognito_jwt::enrich::user_info::UserInfoPolicy;
use cognito_jwt::enrich::{CacheKey, CallPolicy, OnFailure};
use cognito_jwt::keys::shared::{Conflict, EntryName, Horizon, Record, SharedStore, Stored, Version};
use cognito_jwt::time::UnixTime;
use libfuzzer_sys::fuzz_target;
use std::time::Duration;

const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);
const HORIZON: Horizon = Horizon {
    lease: Duration::from_secs(5),
    retry: Duration::from_secs(75),
    refresh: Duration::from_secs(300),
};

/// Holds these bytes under every name.
struct Poisoned<'a>(&'a [u8]);

impl SharedStore for Poisoned<'_> {
    fn load(&self, _: &str) -> Option<Stored> {
        Some(Stored {
            bytes: self.0.to_vec(),
            version: Version(1),
        })
    }

    fn swap(&self, _: &str, _: &[u8], _: Option<Version>) -> Result<(), Conflict> {
        Err(Conflict)
    }
}

fuzz_target!(|bytes: &[u8]| {
    let name = EntryName::of(&["https://i.example".to_owned()], "https://i.example/jwks.json", "cognito");
    if let Some(record) = Record::decode(bytes, &name, NOW, HORIZON) {
        assert!(
            record
                .lease
                .is_none_or(|lease| lease.until() <= NOW.after(HORIZON.lease))
        );
        assert!(record.retry_at <= NOW.after(HORIZON.retry) && record.refetched_at <= NOW);
        if let Some(fetched) = &record.fetched {
            assert!(fetched.at <= NOW && fetched.refresh_at <= fetched.at.after(HORIZON.refresh));
            assert!((1..=64).contains(&fetched.set.len()));
        }
        // Written again it reads the same, and as nothing under another pool's name.
        let again = record.encode(&name);
        assert_eq!(Record::decode(&again, &name, NOW, HORIZON).as_ref(), Some(&record));
        let other = EntryName::of(&["https://j.example".to_owned()], "https://i.example/jwks.json", "cognito");
        assert_eq!(Record::decode(&again, &other, NOW, HORIZON), None);
    }

    let policy = UserInfoPolicy {
        call: CallPolicy {
            cluster: "c".to_owned(),
            authority: "a".to_owned(),
            path: "/".to_owned(),
            timeout: Duration::from_secs(1),
            ttl: Duration::from_secs(60),
            on_failure: OnFailure::Reject,
        },
    };
    let key = CacheKey([7; 32]);
    let find = |key, now, bytes| ResponseCache::default().find(key, &policy, "s", now, &Poisoned(bytes));
    if find(key, NOW, bytes).is_some() {
        // Bound to its key by the whole digest, and not for longer than its time.
        assert!(bytes.windows(32).any(|window| window == key.0));
        assert!(find(key, NOW.after(Duration::from_secs(60)), bytes).is_none());
    }
    assert!(find(CacheKey([9; 32]), NOW, &[7; 64]).is_none());
});
