//! Calls under way: one at a time for each subject in a worker; whoever needs the same answer waits for the same call.

use crate::call::{CallId, HttpCall};
use crate::enrich::{CacheKey, Enrichment, Outcome};
use crate::keys::PoolId;
use crate::time::UnixTime;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

/// How long past its own time limit the host's answer to a call is waited for.
const ANSWER_GRACE: Duration = Duration::from_secs(1);

/// A call that somebody waits for.
#[derive(Debug)]
pub struct InFlightCall {
    /// Which call it is.
    pub kind: Enrichment,
    /// The pool of the token that caused it.
    pub pool: PoolId,
    /// The token's `sub`, for the answer's.
    pub sub: Rc<str>,
    /// The end of the token, past which the answer is not remembered.
    pub not_after: UnixTime,
    state: State,
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
    /// Answered; stays until the last of those who wait has been served.
    Landed(Outcome),
}

/// All calls under way in a worker.
#[derive(Debug, Default)]
pub struct InFlightCalls {
    by_subject: BTreeMap<CacheKey, InFlightCall>,
}

impl InFlightCalls {
    /// Whether a call for this subject is under way or has just completed.
    pub fn contains(&self, subject: CacheKey) -> bool {
        self.by_subject.contains_key(&subject)
    }

    /// Queues a call, to be sent at the next tick.
    pub fn queue(
        &mut self,
        subject: CacheKey,
        kind: Enrichment,
        pool: PoolId,
        sub: Rc<str>,
        not_after: UnixTime,
        call: HttpCall,
    ) {
        let state = State::Queued(Box::new(call));
        self.by_subject.insert(
            subject,
            InFlightCall {
                kind,
                pool,
                sub,
                not_after,
                state,
            },
        );
    }

    /// The outcome for this subject, once there is one.
    pub fn completed(&self, subject: CacheKey) -> Option<&Outcome> {
        match &self.by_subject.get(&subject)?.state {
            State::Landed(outcome) => Some(outcome),
            State::Queued(_) | State::Sent { .. } => None,
        }
    }

    /// The calls that are to be sent now.
    pub fn queued(&self) -> impl Iterator<Item = (CacheKey, &HttpCall)> {
        self.by_subject
            .iter()
            .filter_map(|(subject, flight)| match &flight.state {
                State::Queued(call) => Some((*subject, &**call)),
                State::Sent { .. } | State::Landed(_) => None,
            })
    }

    /// Whether a call is to be sent.
    pub fn has_queued(&self) -> bool {
        self.queued().next().is_some()
    }

    /// The call was sent.
    pub fn sent(&mut self, subject: CacheKey, call: CallId, timeout: Duration, now: UnixTime) {
        if let Some(flight) = self.by_subject.get_mut(&subject) {
            flight.state = State::Sent {
                call,
                timeout,
                give_up_at: now.after(timeout).after(ANSWER_GRACE),
            };
        }
    }

    /// Whose call this is.
    pub fn subject_of(&self, call: CallId) -> Option<CacheKey> {
        self.by_subject
            .iter()
            .find(|(_, flight)| matches!(flight.state, State::Sent { call: sent, .. } if sent == call))
            .map(|(subject, _)| *subject)
    }

    /// The flight for this subject.
    pub fn flight(&self, subject: CacheKey) -> Option<&InFlightCall> {
        self.by_subject.get(&subject)
    }

    /// The call has ended so.
    pub fn land(&mut self, subject: CacheKey, outcome: Outcome) {
        if let Some(flight) = self.by_subject.get_mut(&subject) {
            flight.state = State::Landed(outcome);
        }
    }

    /// The subjects whose call was sent and never answered.
    pub fn lost(&self, now: UnixTime) -> Vec<CacheKey> {
        let lost = |flight: &InFlightCall| matches!(flight.state, State::Sent { give_up_at, .. } if give_up_at <= now);
        self.by_subject
            .iter()
            .filter(|(_, flight)| lost(flight))
            .map(|(subject, _)| *subject)
            .collect()
    }

    /// A call under way is waited for no longer than one that is sent now.
    pub fn clock_went_back(&mut self, now: UnixTime) {
        for flight in self.by_subject.values_mut() {
            if let State::Sent {
                timeout, give_up_at, ..
            } = &mut flight.state
            {
                *give_up_at = (*give_up_at).min(now.after(*timeout).after(ANSWER_GRACE));
            }
        }
    }

    /// Forgets the calls that have completed and that nobody waits for any more.
    pub fn retire(&mut self, is_awaited: impl Fn(CacheKey) -> bool) {
        self.by_subject.retain(|subject, flight| match flight.state {
            State::Landed(_) => is_awaited(*subject),
            State::Queued(_) | State::Sent { .. } => true,
        });
    }
}
