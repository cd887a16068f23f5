//! Calls of UserInfo and of the user lookup: sent from ticks, completed by their answers.

use super::Filter;
use crate::call::{Body, HttpAnswer, NotSent};
use crate::command::{Command, Severity};
use crate::enrich::response_cache::EndedCall;
use crate::enrich::{Answer, CacheKey, EnrichmentKind, Interpretation, Outcome};
use crate::env::Env;
use crate::time::UnixTime;

/// How many calls are sent in one callback. The host answers a call that cannot be sent (no healthy endpoint) at once, inside the
/// callback that sent it, so such answers nest, and so does what they resolve.
pub const MAX_SENT_AT_ONCE: usize = 32;

impl Filter {
    /// Sends the queued calls, up to the bound, without those that no request waits for any more.
    pub(super) fn send_queued(&mut self, env: &Env<'_>, out: &mut Vec<Command>) {
        for _ in 0..MAX_SENT_AT_ONCE {
            let Some((key, call)) = self.in_flight.next_queued() else {
                return;
            };
            match env.calls.send(call) {
                Ok(id) => {
                    let timeout = call.timeout;
                    self.in_flight.sent(key, id, timeout, env.now);
                }
                Err(not_sent) => {
                    out.push(Command::Log(Severity::Warn, not_sent_line(&call.cluster, not_sent)));
                    self.complete(key, None, env.now, env, out);
                }
            }
        }
    }

    /// Completes a call that ended at this time: its outcome is cached, and passed to the requests that wait for it.
    pub(super) fn complete(
        &mut self,
        key: CacheKey,
        answer: Option<HttpAnswer>,
        arrived_at: UnixTime,
        env: &Env<'_>,
        out: &mut Vec<Command>,
    ) {
        let Some(about) = self.in_flight.about(key).cloned() else {
            return;
        };
        let Some(enrichment) = self.config.enrichment(about.kind, about.pool) else {
            return;
        };
        let status = answer.as_ref().map(|answer| answer.status);
        let answer = answer.map(readable);
        let Interpretation { outcome, left_out } = match &answer {
            Some(answer) => enrichment.interpret(answer, &about.sub),
            None => Outcome::Failed.into(),
        };
        out.push(Command::Count(about.kind.counter(&outcome)));
        let warnings = left_out.iter().map(ToString::to_string);
        let failure = matches!(outcome, Outcome::Failed).then(|| failed_line(about.kind, status));
        out.extend(warnings.chain(failure).map(|line| Command::Log(Severity::Warn, line)));
        let ended = EndedCall {
            outcome: &outcome,
            answer,
            not_after: about.not_after,
        };
        self.responses.store(key, enrichment, ended, arrived_at, env.shared);
        self.in_flight.complete(key, outcome);
    }

    /// Drops calls that no request waits for any more.
    pub(super) fn evict_calls(&mut self) {
        let pending = &self.pending;
        self.in_flight.evict(|key| pending.awaits(key));
    }
}

/// Reads an answer. Its status alone can make it a rejection, however long the body is; a body that was too long to be read cannot
/// be used.
fn readable(answer: HttpAnswer) -> Answer {
    let body = match answer.body {
        Body::Whole(body) => body,
        Body::TooLarge => Vec::new(),
    };
    Answer {
        status: answer.status,
        body,
    }
}

/// Returns the log line of a call that was not sent.
pub fn not_sent_line(cluster: &str, not_sent: NotSent) -> String {
    format!(
        "no call through cluster \"{cluster}\": {not_sent}: {}",
        not_sent.hint(cluster)
    )
}

fn failed_line(kind: EnrichmentKind, status: Option<u16>) -> String {
    let call = kind.name();
    match status {
        Some(200 | 201) => {
            format!(
                "{call} call failed: the response is not usable (not a JSON object, about another user, or too large)"
            )
        }
        Some(status) => format!("{call} call failed: the response has status {status}"),
        None => format!("{call} call failed: no response"),
    }
}
