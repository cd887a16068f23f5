//! Resolves requests that wait.
//!
//! ```text
//!              what it waits for is available
//! ┌─────────┐ ───────────────────────────► ┌───────┐ authenticated again: a decision, or another wait
//! │ Pending │                              │ Ready │
//! └─────────┘                              └───────┘
//!      │ its time limit has passed, or what it waits for cannot arrive in time
//!      ▼
//! ┌───────────────┐ rejected, or, after a failed call with `on_failure: continue`, authenticated without it
//! │ Unsatisfiable │
//! └───────────────┘
//! ```

use super::Filter;
use crate::auth_context::{Progress, Wait};
use crate::command::{Action, Command};
use crate::env::Env;
use crate::keys::PoolId;
use crate::keys::pool::PoolKeys;
use crate::keys::refresh::{JwksCache, Outlook};
use crate::pending::PendingRequest;
use crate::request::RequestId;
use crate::time::UnixTime;
use std::time::Duration;

/// How many requests that wait are resolved in one callback. Envoy's stack overflows somewhere below 300.
pub const MAX_RESOLVED_AT_ONCE: usize = 100;

/// The state of what a request waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WaitStatus {
    /// It may still arrive.
    Pending,
    /// It is available.
    Ready,
    /// It will not arrive in time.
    Unsatisfiable,
}

impl Filter {
    /// Resolves the requests that are not pending any more, up to the bound; the others are resolved at the next tick.
    pub(super) fn resolve(&mut self, env: &Env<'_>, out: &mut Vec<Command>) {
        let statuses = self
            .pending
            .iter()
            .map(|(id, request)| (id, self.status(request, env.now)));
        let mut due: Vec<(RequestId, WaitStatus)> = statuses
            .filter(|(_, status)| *status != WaitStatus::Pending)
            .take(MAX_RESOLVED_AT_ONCE.saturating_add(1))
            .collect();
        let are_more_due = due.len() > MAX_RESOLVED_AT_ONCE;
        due.truncate(MAX_RESOLVED_AT_ONCE);
        for (id, status) in due {
            if let Some(request) = self.pending.remove(id) {
                self.resolve_one(id, request, status, env, out);
            }
        }
        self.evict_calls();
        self.record_gauge(out);
        self.set_tick(env.now, are_more_due, out);
    }

    fn resolve_one(
        &mut self,
        id: RequestId,
        request: PendingRequest,
        status: WaitStatus,
        env: &Env<'_>,
        out: &mut Vec<Command>,
    ) {
        let PendingRequest {
            mut context,
            mut trace,
            wait,
            since,
            deadline,
            request_id,
        } = request;
        out.push(Command::Of(id));
        let progress = match (status, wait) {
            (WaitStatus::Unsatisfiable, Wait::Keys(pool)) => {
                Progress::Complete(context.denied(wait.unavailable(), Some(pool)))
            }
            (WaitStatus::Unsatisfiable, Wait::Call(kind, _, pool)) => self
                .authenticator(env, &mut trace, out)
                .call_timed_out(context, kind, pool),
            (_, Wait::Kid(pool, _)) => {
                // Only keys that came after it can be the last word: what this worker knew of others' fetches may be old.
                let is_last_word = self.jwks(pool).is_none_or(|jwks| jwks.has_fetched_since(since));
                if status == WaitStatus::Unsatisfiable || is_last_word {
                    context.look_again();
                }
                self.authenticator(env, &mut trace, out).authenticate(context)
            }
            (_, Wait::Keys(pool)) => {
                if self.jwks(pool).is_some_and(|jwks| jwks.has_fetched_since(since)) {
                    context.look_again();
                }
                self.authenticator(env, &mut trace, out).authenticate(context)
            }
            (_, Wait::Call(..)) => self.authenticator(env, &mut trace, out).authenticate(context),
        };
        match progress {
            Progress::Complete(decision) => {
                if self.responder().apply(decision, trace, || &request_id, out) == Action::Continue {
                    out.push(Command::Resume);
                }
            }
            Progress::Pending(context, wait) => {
                // A wait for the same keys keeps its time limit; a call has its own.
                let deadline = if matches!(wait, Wait::Call(..)) {
                    self.deadline(wait, env.now)
                } else {
                    deadline
                };
                let request = PendingRequest {
                    context,
                    trace,
                    wait,
                    since,
                    deadline,
                    request_id,
                };
                self.pending.insert(id, request);
            }
        }
    }

    fn status(&self, request: &PendingRequest, now: UnixTime) -> WaitStatus {
        let is_there = match request.wait {
            Wait::Keys(pool) => self.keys.get(pool.0).is_some_and(|keys| keys.usable(now).is_some()),
            Wait::Kid(pool, round) => self.jwks(pool).is_none_or(|jwks| jwks.has_ended_since(round, now)),
            Wait::Call(_, key, _) => self.in_flight.completed(key).is_some() || !self.in_flight.contains(key),
        };
        if is_there {
            WaitStatus::Ready
        } else if now >= request.deadline || self.is_unsatisfiable(request.wait, request.deadline, now) {
            WaitStatus::Unsatisfiable
        } else {
            WaitStatus::Pending
        }
    }

    /// Reports whether no fetch will start before the request's time limit.
    pub(super) fn is_unsatisfiable(&self, wait: Wait, deadline: UnixTime, now: UnixTime) -> bool {
        let Wait::Keys(pool) = wait else { return false };
        match self.jwks(pool).map(|jwks| jwks.outlook(now)) {
            Some(Outlook::UnderWay) => false,
            Some(Outlook::NotBefore(next)) => next >= deadline,
            None => true,
        }
    }

    /// Returns the time limit of a request that begins to wait now.
    pub(super) fn deadline(&self, wait: Wait, now: UnixTime) -> UnixTime {
        let longest = match wait {
            Wait::Keys(pool) | Wait::Kid(pool, _) => self.jwks(pool).map(JwksCache::longest_wait),
            Wait::Call(kind, _, pool) => self
                .config
                .enrichment(kind, pool)
                .map(|enrichment| enrichment.policy().timeout),
        };
        now.after(longest.unwrap_or(Duration::ZERO))
    }

    /// Corrects time limits after the clock was set back: otherwise they would be too late by that difference.
    pub(super) fn clock_went_back(&mut self, now: UnixTime) {
        let mut pending = std::mem::take(&mut self.pending);
        for request in pending.iter_mut() {
            request.deadline = request.deadline.min(self.deadline(request.wait, now));
            request.since = request.since.min(now);
        }
        self.pending = pending;
        self.in_flight.clock_went_back(now);
    }

    fn jwks(&self, pool: PoolId) -> Option<&JwksCache> {
        self.keys.get(pool.0).and_then(PoolKeys::jwks)
    }
}
