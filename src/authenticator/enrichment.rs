//! Data about the user beyond a verified token: from caches, otherwise from calls.

use super::{Authenticator, Stop};
use crate::auth_context::{AuthContext, Lookup, Progress, Wait};
use crate::cache::Verified;
use crate::command::Command;
use crate::enrich::in_flight::InFlightCall;
use crate::enrich::{CacheKey, Enrichment, EnrichmentKind, OnFailure, Outcome, Question};
use crate::keys::PoolId;
use crate::reject::Rejection;
use crate::token::merged::MergedClaims;
use crate::trace::Trace;
use std::rc::Rc;

impl Authenticator<'_> {
    /// Continues after the call that the request waited for did not end in time, as if it had failed.
    pub fn call_timed_out<'a>(
        &mut self,
        mut context: AuthContext<'a>,
        kind: EnrichmentKind,
        pool: PoolId,
    ) -> Progress<'a> {
        let enrichment = self.config.enrichment(kind, pool);
        match enrichment.map(|enrichment| on_failure(enrichment, pool, self.trace)) {
            Some(Ok(skipped)) => {
                *context.lookup(kind) = skipped;
                self.authenticate(context)
            }
            Some(Err(_)) | None => Progress::Complete(context.denied(Rejection::unavailable(kind), Some(pool))),
        }
    }

    pub(super) fn enrich(&mut self, context: &mut AuthContext<'_>, verified: &Rc<Verified>) -> Result<(), Stop> {
        for kind in EnrichmentKind::ALL {
            if matches!(context.lookup(kind), Lookup::Pending) {
                *context.lookup(kind) = self.look_up(kind, context, verified)?;
            }
        }
        Ok(())
    }

    fn look_up(
        &mut self,
        kind: EnrichmentKind,
        context: &AuthContext<'_>,
        verified: &Rc<Verified>,
    ) -> Result<Lookup, Stop> {
        match self.config.enrichment(kind, verified.pool) {
            Some(enrichment) if enrichment.applies_to(&verified.identity) => self.ask(enrichment, context, verified),
            Some(_) => {
                self.trace.note(kind.check(), || {
                    "not asked: the token is no access token with the scope openid".to_owned()
                });
                Ok(Lookup::Skipped)
            }
            None => Ok(Lookup::Skipped),
        }
    }

    #[inline(never)]
    fn ask(
        &mut self,
        enrichment: &dyn Enrichment,
        context: &AuthContext<'_>,
        verified: &Rc<Verified>,
    ) -> Result<Lookup, Stop> {
        let (kind, pool) = (enrichment.kind(), verified.pool);
        let user_info = context.user_info();
        let question = Question {
            token: &context.token,
            claims: MergedClaims::new(verified.identity.claims().set(), user_info.as_deref()),
        };
        let key = match user_info {
            Some(_) => enrichment.cache_key(&question),
            None => verified.cache_key(kind, || enrichment.cache_key(&question)),
        };
        let outcome = match self.in_flight.completed(key) {
            // The call that this request waited for.
            Some(completed) => Some(completed.clone()),
            None => self.cached_outcome(key, enrichment, verified),
        };
        match outcome {
            Some(Outcome::Refused) => {
                self.trace.check(kind.check(), &Err::<(), ()>(()), || {
                    let (found, expected) = kind.refusal();
                    (Some(found.to_owned()), Some(expected.to_owned()))
                });
                Err(Stop::Deny(Rejection::refused_by(kind), Some(pool)))
            }
            Some(Outcome::Failed) => on_failure(enrichment, pool, self.trace),
            Some(found) => {
                self.trace
                    .check(kind.check(), &Ok::<(), ()>(()), || (Some("answered".to_owned()), None));
                Ok(Lookup::Found(found))
            }
            None => Err(self.join_call(key, enrichment, &question, verified)),
        }
    }

    fn cached_outcome(&mut self, key: CacheKey, enrichment: &dyn Enrichment, verified: &Verified) -> Option<Outcome> {
        let (now, shared) = (self.env.now, self.env.shared);
        let found = self
            .responses
            .find(key, enrichment, verified.identity.claims().subject(), now, shared)?;
        self.out.push(Command::Count(enrichment.kind().cached_counter()));
        self.warn(&found.left_out);
        Some(found.outcome)
    }

    /// Waits for the call with this key, which is queued if none is in progress and if there is room for both.
    fn join_call(
        &mut self,
        key: CacheKey,
        enrichment: &dyn Enrichment,
        question: &Question<'_>,
        verified: &Verified,
    ) -> Stop {
        let wait = Wait::Call(enrichment.kind(), key, verified.pool);
        let stop = self.wait_for(wait);
        self.trace.note(enrichment.kind().check(), || {
            format!("asks {} {}", enrichment.kind().method(), enrichment.policy())
        });
        if matches!(stop, Stop::Deny(..)) || self.in_flight.contains(key) {
            return stop;
        }
        if self.in_flight.is_full() {
            return Stop::Deny(wait.unavailable(), Some(wait.pool()));
        }
        let about = InFlightCall {
            kind: enrichment.kind(),
            pool: verified.pool,
            sub: Rc::clone(verified.identity.claims().subject()),
            not_after: enrichment.not_after(&verified.identity),
        };
        self.in_flight.queue(key, about, enrichment.call(question));
        stop
    }
}

/// Returns the consequence of a failed call: the request continues without it, or is rejected.
fn on_failure(enrichment: &dyn Enrichment, pool: PoolId, trace: &mut Trace) -> Result<Lookup, Stop> {
    let kind = enrichment.kind();
    match enrichment.policy().on_failure {
        OnFailure::Continue => {
            trace.note(kind.check(), || {
                "the call failed; on_failure is continue, so the request goes on without an answer".to_owned()
            });
            Ok(Lookup::Skipped)
        }
        OnFailure::Reject => {
            trace.check(kind.check(), &Err::<(), ()>(()), || {
                (
                    Some("the call failed".to_owned()),
                    Some("an answer, since on_failure is reject".to_owned()),
                )
            });
            Err(Stop::Deny(Rejection::unavailable(kind), Some(pool)))
        }
    }
}
