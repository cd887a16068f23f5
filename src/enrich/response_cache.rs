//! The cache of answers to calls: in the worker, and for all workers in the host's shared data.

use crate::bounded_cache::BoundedCache;
use crate::enrich::shared_answers::{SharedAnswer, SharedAnswers};
use crate::enrich::{Answer, CacheKey, Enrichment, Interpretation, Outcome};
use crate::keys::shared::SharedStore;
use crate::time::UnixTime;
use std::time::Duration;

/// How many bytes of answers a worker caches, for all calls together.
pub const MAX_LOCAL_BYTES: usize = 16 << 20;

/// How long a failed call is not repeated: long enough that a service in trouble is not called for each request, short enough
/// that its recovery is noticed at once.
pub const FAILURE_TTL: Duration = Duration::from_secs(1);

/// A call that has ended.
#[derive(Debug)]
pub struct EndedCall<'a> {
    /// Its outcome.
    pub outcome: &'a Outcome,
    /// The answer, if there is one.
    pub answer: Option<Answer>,
    /// The time until which the answer may be cached.
    pub not_after: UnixTime,
}

/// A worker's cache of the answers of all calls. If the shared store is bounded, only failures are cached here, so that the memory of all workers together is bounded.
#[derive(Debug)]
pub struct ResponseCache {
    local: BoundedCache<CacheKey, Cached>,
}

#[derive(Clone, Debug)]
struct Cached {
    outcome: Outcome,
    at: UnixTime,
    until: UnixTime,
}

impl Cached {
    fn from_now(outcome: Outcome, now: UnixTime, until: UnixTime) -> Cached {
        let at = now;
        Cached { outcome, at, until }
    }

    /// Reports whether it has neither expired nor a time in the future, as after the clock was set back.
    fn is_fresh(&self, now: UnixTime) -> bool {
        self.at <= now && now < self.until
    }
}

impl Default for ResponseCache {
    fn default() -> ResponseCache {
        ResponseCache::new(MAX_LOCAL_BYTES)
    }
}

impl ResponseCache {
    /// Returns an empty cache of at most `max_bytes`.
    pub fn new(max_bytes: usize) -> ResponseCache {
        ResponseCache {
            local: BoundedCache::new(usize::MAX, max_bytes),
        }
    }

    /// Returns the outcome of the cached answer under this key for a token of this `sub`. A failure in the last second is an outcome.
    pub fn find(
        &mut self,
        key: CacheKey,
        enrichment: &dyn Enrichment,
        sub: &str,
        now: UnixTime,
        shared: &dyn SharedStore,
    ) -> Option<Interpretation> {
        let ttl = enrichment.policy().ttl;
        if ttl.is_zero() {
            return None;
        }
        if let Some(cached) = self.local.get_mut(&key) {
            if cached.is_fresh(now) {
                return Some(cached.outcome.clone().into());
            }
            self.local.remove(&key);
        }
        let SharedAnswer { answer, at, not_after } = SharedAnswers(shared).load(key)?;
        let until = at.after(ttl).min(not_after);
        let is_fresh = at <= now && now < until;
        let interpretation = is_fresh.then(|| enrichment.interpret(&answer, sub))?;
        // Only answers that do not fail are stored: another plugin wrote this one.
        if matches!(interpretation.outcome, Outcome::Failed) {
            return None;
        }
        if !shared.is_bounded() {
            let outcome = interpretation.outcome.clone();
            self.keep(key, Cached { outcome, at, until }, now);
        }
        Some(interpretation)
    }

    /// Caches the outcome of a call at this time: a failure for [`FAILURE_TTL`] in the worker, any other outcome for the TTL, but
    /// not longer than `not_after`, for all workers.
    pub fn store(
        &mut self,
        key: CacheKey,
        enrichment: &dyn Enrichment,
        ended: EndedCall<'_>,
        now: UnixTime,
        shared: &dyn SharedStore,
    ) {
        let EndedCall {
            outcome,
            answer,
            not_after,
        } = ended;
        let ttl = enrichment.policy().ttl;
        let Some(answer) = answer.filter(|_| !matches!(outcome, Outcome::Failed)) else {
            let until = now.after(FAILURE_TTL.min(ttl));
            return self.keep(key, Cached::from_now(Outcome::Failed, now, until), now);
        };
        let until = now.after(ttl).min(not_after);
        if until <= now {
            return;
        }
        if !shared.is_bounded() {
            self.keep(key, Cached::from_now(outcome.clone(), now, until), now);
        }
        let answer = enrichment.reduced(answer);
        let stored = SharedAnswer {
            answer,
            at: now,
            not_after,
        };
        SharedAnswers(shared).store(key, &stored);
    }

    fn keep(&mut self, key: CacheKey, cached: Cached, now: UnixTime) {
        let (owned, until) = (cached.outcome.heap_bytes(), cached.until);
        self.local.insert(key, cached, owned, until, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enrich::fake_store::FakeStore;
    use crate::enrich::user_info::UserInfoPolicy;
    use crate::enrich::{CallPolicy, OnFailure};

    const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
    const NEVER: UnixTime = UnixTime::from_millis(u64::MAX);

    fn secs(secs: u64) -> UnixTime {
        NOW.after(Duration::from_secs(secs))
    }

    fn key(name: &str) -> CacheKey {
        CacheKey::of([name.as_bytes()])
    }

    fn user_info(ttl_secs: u64) -> UserInfoPolicy {
        UserInfoPolicy {
            call: CallPolicy {
                cluster: "login".into(),
                authority: "login.example.com".into(),
                path: "/oauth2/userInfo".into(),
                timeout: Duration::from_secs(1),
                ttl: Duration::from_secs(ttl_secs),
                on_failure: OnFailure::Reject,
            },
        }
    }

    fn refused() -> Option<Answer> {
        Some(Answer {
            status: 401,
            body: b"revoked".to_vec(),
        })
    }

    /// A worker that asks about one token.
    struct Worker {
        cache: ResponseCache,
        policy: UserInfoPolicy,
    }

    impl Worker {
        fn new(ttl_secs: u64) -> Worker {
            Worker {
                cache: ResponseCache::default(),
                policy: user_info(ttl_secs),
            }
        }

        fn find(&mut self, store: &FakeStore, now: UnixTime) -> Option<&'static str> {
            let found = self.cache.find(key("alice"), &self.policy, "alice", now, store)?;
            Some(match found.outcome {
                Outcome::Claims(_) => "claims",
                Outcome::Headers(_) => "headers",
                Outcome::Refused => "refused",
                Outcome::Failed => "failed",
            })
        }

        fn store(&mut self, store: &FakeStore, answer: Option<Answer>, not_after: UnixTime, now: UnixTime) {
            let outcome = answer
                .as_ref()
                .map_or(Outcome::Failed, |answer| self.policy.interpret(answer, "alice").outcome);
            let ended = EndedCall {
                outcome: &outcome,
                answer,
                not_after,
            };
            self.cache.store(key("alice"), &self.policy, ended, now, store);
        }
    }

    #[test]
    fn an_answer_is_found_until_the_readers_ttl() {
        let store = FakeStore::default();
        let (mut writer, mut patient, mut hasty, mut never) =
            (Worker::new(300), Worker::new(300), Worker::new(10), Worker::new(0));
        writer.store(&store, refused(), NEVER, NOW);
        for (age, within_300, within_10) in [(0, true, true), (9, true, true), (10, true, false), (299, true, false)] {
            assert_eq!(writer.find(&store, secs(age)).is_some(), within_300, "{age}");
            assert_eq!(patient.find(&store, secs(age)).is_some(), within_300, "{age}");
            assert_eq!(hasty.find(&store, secs(age)).is_some(), within_10, "{age}");
            assert_eq!(never.find(&store, secs(age)), None);
        }
        assert_eq!(
            (writer.find(&store, secs(300)), patient.find(&store, secs(300))),
            (None, None)
        );
    }

    #[test]
    fn nothing_is_found_past_the_end_of_the_token_or_from_the_future() {
        let store = FakeStore::default();
        let (mut writer, mut reader) = (Worker::new(300), Worker::new(300));
        writer.store(&store, refused(), secs(10), NOW);
        assert_eq!(
            (writer.find(&store, secs(9)), reader.find(&store, secs(9))),
            (Some("refused"), Some("refused"))
        );
        assert_eq!(
            (writer.find(&store, secs(10)), reader.find(&store, secs(10))),
            (None, None)
        );
        writer.store(&store, refused(), NEVER, NOW);
        // The clock was set back by a day: the age of the answer is unknown.
        let yesterday = NOW.before(Duration::from_secs(86_400));
        assert_eq!(
            (writer.find(&store, yesterday), reader.find(&store, yesterday)),
            (None, None)
        );
        writer.store(&store, refused(), NOW, NOW);
        assert_eq!(
            writer.find(&store, NOW),
            Some("refused"),
            "what ends now replaces nothing"
        );
    }

    #[test]
    fn a_failure_is_cached_for_a_second_in_the_worker_alone() {
        let store = FakeStore::default();
        let (mut writer, mut reader) = (Worker::new(300), Worker::new(300));
        for failed in [
            None,
            Some(Answer {
                status: 500,
                body: Vec::new(),
            }),
        ] {
            writer.store(&store, failed, NEVER, NOW);
            assert_eq!(
                writer.find(&store, NOW.after(Duration::from_millis(999))),
                Some("failed")
            );
            assert_eq!(writer.find(&store, secs(1)), None);
            assert_eq!(reader.find(&store, NOW), None);
            assert_eq!(store.entries.borrow().len(), 0);
        }
        let mut never = Worker::new(0);
        never.store(&store, None, NEVER, NOW);
        assert_eq!(never.find(&store, NOW), None);
    }

    #[test]
    fn what_another_wrote_is_no_failure() {
        let store = FakeStore::default();
        let mut writer = Worker::new(300);
        writer.store(&store, refused(), NEVER, NOW);
        for entry in store.entries.borrow_mut().values_mut() {
            // The status: 500.
            entry.0[49..51].copy_from_slice(&500_u16.to_le_bytes());
        }
        assert_eq!(Worker::new(300).find(&store, NOW), None);
    }

    #[test]
    fn beside_a_bounded_store_a_worker_keeps_failures_only() {
        let store = FakeStore {
            is_bounded: true,
            ..FakeStore::default()
        };
        let mut worker = Worker::new(300);
        worker.store(&store, refused(), NEVER, NOW);
        assert_eq!(worker.find(&store, NOW), Some("refused"));
        assert_eq!(worker.cache.local.len(), 0);
        worker.store(&store, None, NEVER, NOW);
        assert_eq!(
            (worker.find(&store, NOW), worker.cache.local.len()),
            (Some("failed"), 1)
        );
        assert_eq!(
            worker.find(&store, secs(1)),
            Some("refused"),
            "the answer is still good"
        );
    }

    #[test]
    fn a_worker_holds_no_more_bytes_than_its_bound() {
        let store = FakeStore::default();
        let policy = user_info(300);
        let mut cache = ResponseCache::new(1 << 20);
        let members: Vec<String> = (0..5000).map(|number| format!("\"{number}\":1")).collect();
        let body = format!(r#"{{"sub":"alice",{}}}"#, members.join(","));
        for number in 0..50 {
            let answer = Answer {
                status: 200,
                body: body.clone().into_bytes(),
            };
            let outcome = policy.interpret(&answer, "alice").outcome;
            assert!(matches!(outcome, Outcome::Claims(_)));
            let ended = EndedCall {
                outcome: &outcome,
                answer: Some(answer),
                not_after: NEVER,
            };
            cache.store(key(&number.to_string()), &policy, ended, NOW, &store);
            assert!(cache.local.bytes() <= 1 << 20);
        }
        assert!((1..10).contains(&cache.local.len()), "{}", cache.local.len());
    }
}
