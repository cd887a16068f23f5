//! When a pool's keys are fetched: one fetch per refresh for the whole Envoy, however many workers there are.
//!
//! ```text
//!                    due, lease won, call sent
//!        ┌────────┐ ───────────────────────────► ┌──────────┐
//!        │  Idle  │                              │ Fetching │
//!        └────────┘ ◄─────────────────────────── └──────────┘
//!          ▲   ▲  ▲          usable set               │
//!          │   │  └──────────────┐                    │ no usable set
//!          │   │ lease ends      │ time passes        ▼
//!          │ ┌───────────┐       └─────────────── ┌────────────┐
//!          │ │ Elsewhere │ (another worker holds  │ BackingOff │ 1 s, doubled to 60 s
//!          └─└───────────┘  the lease)            └────────────┘
//! ```
//!
//! Keys stay usable in each state until `ttl + max_stale` have passed since they were fetched. `Elsewhere` and `BackingOff`
//! are read from the shared record, so that all workers are in them together; only `Fetching` is a worker's own.

mod failure;
mod log_lines;
mod model;
mod record;
mod timing;

pub use model::{FetchPolicy, Outlook, Refetch, Round, Surroundings};

use crate::call::{ANSWER_GRACE, CallId, HttpAnswer, HttpCall};
use crate::command::Command;
use crate::keys::jwks::{KeySet, Parsed, SkippedKey};
use crate::keys::shared::{CLOCK_TOLERANCE, EntryName, Fetched, Record, Version};
use crate::metrics::Counter;
use crate::time::UnixTime;
use failure::{FetchFailure, read_answer};
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;
use timing::{back_off, part, share};

/// One pool's keys in one worker.
#[derive(Debug)]
pub struct JwksCache {
    pool: String,
    policy: FetchPolicy,
    entry: EntryName,
    /// The newest set, wherever it came from.
    keys: Option<Fetched>,
    /// What is known of the newest set while it is in the shared store alone, since the sets held too much memory.
    evicted: Option<Evicted>,
    /// When the keys were last asked for.
    used_at: Cell<UnixTime>,
    /// The shared record as it was last read, and its version.
    record: Record,
    seen: Option<Version>,
    generation: u32,
    round: Round,
    fetching: Option<OwnFetch>,
    unknown_kid_asked: bool,
    /// Of the set that this worker fetched last, the keys that are not used. `None` before it fetched any: another worker has
    /// logged them.
    skipped: Option<Vec<SkippedKey>>,
    /// The clock was set back since the keys came: nobody knows how old they are.
    is_age_unknown: bool,
    /// The time of the last tick.
    ticked_at: UnixTime,
}

/// A set that was dropped, and can be read again.
#[derive(Clone, Copy, Debug)]
struct Evicted {
    refresh_at: UnixTime,
    keys: usize,
}

#[derive(Debug)]
struct OwnFetch {
    call: CallId,
    mark: u64,
    give_up_at: UnixTime,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Cause {
    Age,
    UnknownKid,
}

impl JwksCache {
    /// An empty cache for the pool named `pool` in log lines, with these issuers.
    pub fn new(pool: &str, issuers: &[String], policy: FetchPolicy) -> JwksCache {
        JwksCache {
            pool: pool.to_owned(),
            entry: EntryName::of(issuers, &policy.uri, &policy.cluster),
            policy,
            keys: None,
            evicted: None,
            used_at: Cell::default(),
            record: Record::default(),
            seen: None,
            generation: 0,
            round: Round::default(),
            fetching: None,
            unknown_kid_asked: false,
            skipped: None,
            is_age_unknown: false,
            ticked_at: UnixTime::default(),
        }
    }

    /// The keys, if there are any that may still be used.
    pub fn usable(&self, now: UnixTime) -> Option<&Rc<KeySet>> {
        self.used_at.set(now);
        let keys = self.keys.as_ref()?;
        let stale_at = keys.at.after(self.policy.ttl).after(self.policy.max_stale);
        (now < stale_at).then_some(&keys.set)
    }

    /// Whether the keys are older than their TTL.
    pub fn is_stale(&self, now: UnixTime) -> bool {
        self.keys
            .as_ref()
            .is_some_and(|keys| now >= keys.at.after(self.policy.ttl))
    }

    /// Another number for each other set of keys.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// The ends of fetches that this worker has seen.
    pub fn round(&self) -> Round {
        self.round
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        let evicted = self.evicted.map_or(0, |evicted| evicted.keys);
        self.keys.as_ref().map_or(evicted, |keys| keys.set.len())
    }

    /// Whether there are no keys.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The longest that a request waits for keys.
    pub fn longest_wait(&self) -> Duration {
        self.policy.timeout
    }

    /// The name of the pool's entry in the shared store.
    pub fn entry(&self) -> &str {
        self.entry.as_str()
    }

    /// A request came with a `kid` that no key has: may it wait for a fetch?
    pub fn ask_for_unknown_kid(&mut self, now: UnixTime) -> Refetch {
        if self.is_pending(now) {
            return Refetch::Wait(self.round);
        }
        if now < self.refetch_allowed_at() {
            return Refetch::Throttled;
        }
        self.unknown_kid_asked = true;
        Refetch::Wait(self.round)
    }

    /// Whether a request that waits since `round` for an unknown `kid` has nothing more to wait for.
    pub fn has_ended_since(&self, round: Round, now: UnixTime) -> bool {
        self.round != round || !self.is_pending(now)
    }

    /// Whether the keys came at that time or later.
    pub fn has_fetched_since(&self, time: UnixTime) -> bool {
        self.keys.as_ref().is_some_and(|keys| keys.at >= time)
    }

    /// When a request without usable keys may get some.
    pub fn outlook(&self, now: UnixTime) -> Outlook {
        if self.is_pending(now) {
            Outlook::UnderWay
        } else {
            Outlook::NotBefore(self.record.retry_at)
        }
    }

    /// Returns when it is time to fetch, as far as is known now; `None` while a fetch of this worker is under way.
    pub fn due_at(&self) -> Option<UnixTime> {
        if self.fetching.is_some() {
            return None;
        }
        let lease_end = self.record.lease.map(|lease| lease.until()).unwrap_or_default();
        let free_at = lease_end.max(self.record.retry_at);
        let Some(refresh_at) = self.refresh_at().filter(|_| self.record.failures == 0) else {
            return Some(free_at);
        };
        let asked_at = if self.unknown_kid_asked {
            self.refetch_allowed_at()
        } else {
            refresh_at
        };
        Some(refresh_at.min(asked_at).max(free_at))
    }

    /// Whether a fetch of this worker is under way.
    pub fn is_fetching(&self) -> bool {
        self.fetching.is_some()
    }

    /// Time has passed: a clock that was set back is noticed, and a call that nobody answered is given up.
    pub fn on_tick(&mut self, world: &Surroundings<'_>, out: &mut Vec<Command>) {
        self.correct_times(world.now);
        if self.fetching.as_ref().is_some_and(|own| own.give_up_at <= world.now) {
            self.read_record(world);
            self.fail(FetchFailure::NoAnswer, world, out);
        }
    }

    /// Takes over what other workers have fetched.
    pub fn read(&mut self, world: &Surroundings<'_>) {
        self.read_record(world);
    }

    /// Takes over what other workers have fetched, and fetches if it is time and nobody else does. Returns whether a call
    /// was sent.
    pub fn fetch_if_due(&mut self, world: &Surroundings<'_>, out: &mut Vec<Command>) -> bool {
        // What is written into the record must hold the set that stands there.
        self.restore(world);
        self.read_record(world);
        if let Some(cause) = self.cause_to_fetch(world.now) {
            self.fetch(cause, world, out);
        }
        self.is_fetching()
    }

    /// Returns how many bytes of memory the set takes.
    pub fn bytes(&self) -> usize {
        self.keys.as_ref().map_or(0, |keys| keys.set.bytes())
    }

    /// Returns when the keys were last asked for.
    pub fn used_at(&self) -> UnixTime {
        self.used_at.get()
    }

    /// Whether `call` is this cache's fetch.
    pub fn awaits(&self, call: CallId) -> bool {
        self.fetching.as_ref().is_some_and(|own| own.call == call)
    }

    /// The answer to this cache's fetch; `None` if the call failed. Returns whether it gave a usable set.
    pub fn on_answer(&mut self, answer: Option<HttpAnswer>, world: &Surroundings<'_>, out: &mut Vec<Command>) -> bool {
        self.correct_times(world.now);
        match read_answer(answer) {
            Ok(parsed) => {
                self.succeed(parsed, world, out);
                true
            }
            Err(failure) => {
                self.fail(failure, world, out);
                false
            }
        }
    }

    fn refresh_at(&self) -> Option<UnixTime> {
        let evicted = self.evicted.map(|evicted| evicted.refresh_at);
        self.keys.as_ref().map(|keys| keys.refresh_at).or(evicted)
    }

    fn is_pending(&self, now: UnixTime) -> bool {
        self.evicted.is_some()
            || self.fetching.is_some()
            || self.fetched_elsewhere(now)
            || self.cause_to_fetch(now).is_some()
    }

    fn fetched_elsewhere(&self, now: UnixTime) -> bool {
        self.record.lease.is_some_and(|lease| lease.until() > now)
    }

    fn cause_to_fetch(&self, now: UnixTime) -> Option<Cause> {
        if self.fetching.is_some() || self.fetched_elsewhere(now) || now < self.record.retry_at {
            return None;
        }
        match self.refresh_at() {
            None => Some(Cause::Age),
            Some(refresh_at) if now >= refresh_at => Some(Cause::Age),
            // What an unknown `kid` caused is tried again like any other fetch that failed: the cooldown is for more of them.
            Some(_) if self.record.failures > 0 => Some(Cause::Age),
            Some(_) if self.unknown_kid_asked && now >= self.refetch_allowed_at() => Some(Cause::UnknownKid),
            Some(_) => None,
        }
    }

    fn refetch_allowed_at(&self) -> UnixTime {
        self.record
            .refetched_at
            .after(self.policy.refetch_cooldown)
            .max(self.record.retry_at)
    }

    /// A clock that was set back leaves keys with an age nobody knows: they stay usable, but are due. What stands in the
    /// record is checked against the new clock, too, or a lease or a back-off of the old one would last for as long as it was ahead.
    fn correct_times(&mut self, now: UnixTime) {
        if let Some(keys) = self.keys.as_mut().filter(|keys| keys.at > now.after(CLOCK_TOLERANCE)) {
            keys.at = now;
            keys.refresh_at = now;
            self.is_age_unknown = true;
        }
        if let Some(own) = &mut self.fetching {
            own.give_up_at = own.give_up_at.min(now.after(self.policy.timeout).after(ANSWER_GRACE));
        }
        if now < self.ticked_at {
            self.record = self.record.clone().bounded(now, self.horizon());
            self.seen = None;
        }
        self.ticked_at = now;
    }

    fn end_round(&mut self) {
        self.round = Round(self.round.0.wrapping_add(1));
        self.unknown_kid_asked = false;
    }

    fn fetch(&mut self, cause: Cause, world: &Surroundings<'_>, out: &mut Vec<Command>) {
        // Zero is never drawn as a mark by accident of a random that does not work.
        let mark = world.random | 1;
        if !self.win_lease(mark, cause, world) {
            return;
        }
        if cause == Cause::UnknownKid {
            out.push(Command::Count(Counter::JwksRefetchUnknownKid));
        }
        match world.calls.send(&self.call()) {
            Ok(call) => {
                let give_up_at = world.now.after(self.policy.timeout).after(ANSWER_GRACE);
                self.fetching = Some(OwnFetch { call, mark, give_up_at });
            }
            Err(not_sent) => self.fail(FetchFailure::NotSent(not_sent), world, out),
        }
    }

    fn call(&self) -> HttpCall {
        HttpCall {
            cluster: self.policy.cluster.clone(),
            method: "GET",
            authority: self.policy.authority.clone(),
            path: self.policy.path.clone(),
            headers: vec![("accept", "application/json".to_owned())],
            body: Vec::new(),
            timeout: self.policy.timeout,
        }
    }

    fn succeed(&mut self, parsed: Parsed, world: &Surroundings<'_>, out: &mut Vec<Command>) {
        out.push(Command::Count(Counter::JwksFetchSuccess));
        let own = self.fetching.take();
        if self.record.failures > 0 {
            out.push(log_lines::recovered(&self.pool));
        }
        let set = Rc::new(parsed.set);
        let has_changed = self.keys.as_ref().is_none_or(|keys| keys.set != set);
        if has_changed {
            out.push(log_lines::keys(&self.pool, &set));
        }
        let before = self.skipped.as_ref();
        if has_changed || before.is_some_and(|before| *before != parsed.skipped) {
            out.extend(log_lines::skipped_keys(&self.pool, &parsed.skipped));
        }
        self.skipped = Some(parsed.skipped);
        let early = share(part(self.policy.ttl, 10), world.random);
        let refresh_at = world.now.after(self.policy.ttl.saturating_sub(early));
        // Newer than what it replaces, even if the clock went back by a trifle since: other workers take only newer sets.
        let at = match &self.keys {
            Some(keys) if !self.is_age_unknown => world.now.max(keys.at.after(Duration::from_millis(1))),
            Some(_) | None => world.now,
        };
        self.adopt(Fetched { set, at, refresh_at });
        self.end_round();
        self.publish(own, world, |record| {
            record.failures = 0;
            record.retry_at = UnixTime::default();
        });
    }

    fn fail(&mut self, failure: FetchFailure, world: &Surroundings<'_>, out: &mut Vec<Command>) {
        out.push(Command::Count(Counter::JwksFetchFailed));
        let own = self.fetching.take();
        let failures = self.record.failures.saturating_add(1);
        let back_off = back_off(failures, world.random);
        let retry_at = world.now.after(back_off);
        let has_keys = self.usable(world.now).is_some();
        out.push(log_lines::failed(
            &self.pool,
            &failure,
            &self.policy.cluster,
            has_keys,
            back_off,
        ));
        self.end_round();
        self.record.failures = failures;
        self.record.retry_at = retry_at;
        self.publish(own, world, |record| {
            record.failures = failures;
            record.retry_at = retry_at;
        });
    }
}
