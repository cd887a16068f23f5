//! Calls in progress: in a worker, at most one at a time for each key. All requests that need the same answer wait for the same call.
//!
//! ```text
//!            sent at a tick            answered, lost, or not sent
//! ┌────────┐ ─────────────► ┌──────┐ ──────────────────────────────────► ┌───────────┐
//! │ Queued │                │ Sent │                                     │ Completed │
//! └────────┘                └──────┘                                     └───────────┘
//!      │ no request waits any more                   the last request that waited is served │
//!      ▼                                                                                  ▼
//!    gone                                                                               gone
//! ```

use crate::call::{ANSWER_GRACE, CallId, HttpCall};
use crate::enrich::{CacheKey, EnrichmentKind, Outcome};
use crate::keys::PoolId;
use crate::time::UnixTime;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

/// How many calls may be queued or sent in a worker. A call whose clients have hung up continues until it is answered, so without
/// a bound one client could cause any number of them.
pub const MAX_IN_FLIGHT: usize = 500;

/// What a call is about.
#[derive(Clone, Debug)]
pub struct InFlightCall {
    /// Which call it is.
    pub kind: EnrichmentKind,
    /// The pool of the token that caused it.
    pub pool: PoolId,
    /// The token's `sub`, to compare with the answer's.
    pub sub: Rc<str>,
    /// The time until which the answer may be cached.
    pub not_after: UnixTime,
}

#[derive(Debug)]
enum State {
    /// To be sent at the next tick: calls are sent from the root context, which outlives every request.
    Queued(Box<HttpCall>),
    /// Sent; lost if there is no answer by then.
    Sent {
        call: CallId,
        timeout: Duration,
        give_up_at: UnixTime,
    },
    /// It has ended with this outcome.
    Completed(Outcome),
}

/// All calls in progress in a worker.
#[derive(Debug, Default)]
pub struct InFlightCalls {
    by_key: BTreeMap<CacheKey, (InFlightCall, State)>,
    /// The queued calls, in the order in which they are sent.
    queue: VecDeque<CacheKey>,
}

impl InFlightCalls {
    /// Reports whether a call for this key is in progress or has just ended.
    pub fn contains(&self, key: CacheKey) -> bool {
        self.by_key.contains_key(&key)
    }

    /// Reports whether there is no room for another call.
    pub fn is_full(&self) -> bool {
        let under_way = |state: &State| !matches!(state, State::Completed(_));
        self.by_key.values().filter(|(_, state)| under_way(state)).count() >= MAX_IN_FLIGHT
    }

    /// Queues a call, to be sent at the next tick.
    pub fn queue(&mut self, key: CacheKey, about: InFlightCall, call: HttpCall) {
        self.by_key.insert(key, (about, State::Queued(Box::new(call))));
        self.queue.push_back(key);
    }

    /// Reports whether a call is to be sent.
    pub fn has_queued(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Takes the next call that is to be sent.
    pub fn next_queued(&mut self) -> Option<(CacheKey, &HttpCall)> {
        let key = self.queue.pop_front()?;
        match self.by_key.get(&key) {
            Some((_, State::Queued(call))) => Some((key, call)),
            _ => None,
        }
    }

    /// Records that the call was sent.
    pub fn sent(&mut self, key: CacheKey, call: CallId, timeout: Duration, now: UnixTime) {
        if let Some((_, state)) = self.by_key.get_mut(&key) {
            *state = State::Sent {
                call,
                timeout,
                give_up_at: now.after(timeout).after(ANSWER_GRACE),
            };
        }
    }

    /// Returns the key of this call.
    pub fn key_of(&self, call: CallId) -> Option<CacheKey> {
        self.by_key
            .iter()
            .find(|(_, (_, state))| matches!(state, State::Sent { call: sent, .. } if *sent == call))
            .map(|(key, _)| *key)
    }

    /// Returns what the call with this key is about.
    pub fn about(&self, key: CacheKey) -> Option<&InFlightCall> {
        self.by_key.get(&key).map(|(about, _)| about)
    }

    /// Records the outcome of the call.
    pub fn complete(&mut self, key: CacheKey, outcome: Outcome) {
        if let Some((_, state)) = self.by_key.get_mut(&key) {
            *state = State::Completed(outcome);
        }
    }

    /// Forgets the call, as if it had never been needed.
    pub fn forget(&mut self, key: CacheKey) {
        self.by_key.remove(&key);
    }

    /// Returns the outcome for this key, if there is one.
    pub fn completed(&self, key: CacheKey) -> Option<&Outcome> {
        match self.by_key.get(&key) {
            Some((_, State::Completed(outcome))) => Some(outcome),
            _ => None,
        }
    }

    /// Returns the keys whose call was sent and never answered.
    pub fn lost(&self, now: UnixTime) -> Vec<CacheKey> {
        self.by_key
            .iter()
            .filter(|(_, (_, state))| matches!(state, State::Sent { give_up_at, .. } if *give_up_at <= now))
            .map(|(key, _)| *key)
            .collect()
    }

    /// Corrects time limits after the clock was set back: no call is waited for longer than one that is sent now.
    pub fn clock_went_back(&mut self, now: UnixTime) {
        for (_, state) in self.by_key.values_mut() {
            if let State::Sent {
                timeout, give_up_at, ..
            } = state
            {
                *give_up_at = (*give_up_at).min(now.after(*timeout).after(ANSWER_GRACE));
            }
        }
    }

    /// Drops calls that no request waits for, unless they have been sent and not answered.
    pub fn evict(&mut self, is_awaited: impl Fn(CacheKey) -> bool) {
        self.by_key.retain(|key, (_, state)| match state {
            State::Completed(_) | State::Queued(_) => is_awaited(*key),
            State::Sent { .. } => true,
        });
        let by_key = &self.by_key;
        let is_queued = |key: &CacheKey| matches!(by_key.get(key), Some((_, State::Queued(_))));
        self.queue.retain(is_queued);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

    fn key(number: usize) -> CacheKey {
        CacheKey::of([number.to_be_bytes().as_slice()])
    }

    fn call(number: usize) -> HttpCall {
        HttpCall {
            cluster: "c".into(),
            method: "GET",
            authority: "a".into(),
            path: format!("/{number}"),
            headers: Vec::new(),
            body: Vec::new(),
            timeout: Duration::from_secs(1),
        }
    }

    /// So many queued calls.
    fn queued(count: usize) -> InFlightCalls {
        let mut calls = InFlightCalls::default();
        for number in 0..count {
            let about = InFlightCall {
                kind: EnrichmentKind::UserInfo,
                pool: PoolId(0),
                sub: "alice".into(),
                not_after: NOW,
            };
            calls.queue(key(number), about, call(number));
        }
        calls
    }

    #[test]
    fn who_came_first_is_sent_first() {
        let mut calls = queued(100);
        for number in 0..100 {
            assert!(calls.has_queued());
            let (found, next) = calls.next_queued().unwrap();
            assert_eq!((found, &next.path), (key(number), &format!("/{number}")));
        }
        assert!(calls.next_queued().is_none() && !calls.has_queued());
    }

    #[test]
    fn queued_and_sent_calls_take_room_and_ended_ones_do_not() {
        let mut calls = queued(MAX_IN_FLIGHT - 1);
        assert!(!calls.is_full());
        calls = queued(MAX_IN_FLIGHT);
        assert!(calls.is_full());
        calls.sent(key(0), CallId(7), Duration::from_secs(1), NOW);
        assert!(calls.is_full());
        assert_eq!(calls.key_of(CallId(7)), Some(key(0)));
        calls.complete(key(0), Outcome::Refused);
        assert!(!calls.is_full() && calls.contains(key(0)));
        assert!(matches!(calls.completed(key(0)), Some(Outcome::Refused)));
        assert_eq!(calls.key_of(CallId(7)), None);
    }

    #[test]
    fn what_nobody_waits_for_is_let_go_unless_it_was_sent() {
        let mut calls = queued(4);
        let (sent, ended) = (key(1), key(2));
        calls.next_queued();
        calls.next_queued();
        calls.sent(sent, CallId(1), Duration::from_secs(1), NOW);
        calls.complete(ended, Outcome::Failed);
        calls.evict(|awaited| awaited == key(3));
        let left = [0, 1, 2, 3].map(|number| calls.contains(key(number)));
        assert_eq!(left, [false, true, false, true]);
        assert_eq!(calls.next_queued().map(|(key, _)| key), Some(key(3)));
        assert!(!calls.has_queued());
    }

    #[test]
    fn a_call_is_lost_a_second_after_its_limit() {
        let mut calls = queued(1);
        calls.sent(key(0), CallId(1), Duration::from_secs(1), NOW);
        assert!(calls.lost(NOW.after(Duration::from_millis(1999))).is_empty());
        assert_eq!(calls.lost(NOW.after(Duration::from_secs(2))), [key(0)]);
        // The clock is set back by an hour: it is not waited for an hour longer.
        let earlier = NOW.before(Duration::from_secs(3600));
        calls.clock_went_back(earlier);
        assert_eq!(calls.lost(earlier.after(Duration::from_secs(2))), [key(0)]);
    }
}
