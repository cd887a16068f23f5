//! What a verdict means for the request: enforce or shadow, and this is the only place that knows.

use crate::cache::Verified;
use crate::command::{Command, FilterState, Header, HeaderEdit, Severity};
use crate::config::{Config, Mode};
use crate::keys::PoolId;
use crate::metrics::Counter;
use crate::reject::{Rejection, Wording};
use crate::rules::access::Permit;
use std::rc::Rc;

/// The end of a decision.
#[derive(Debug)]
pub enum Verdict {
    /// The request may pass.
    Admit(Admission),
    /// It may not.
    Reject(Refusal),
}

/// Why a request may pass.
#[derive(Debug)]
pub enum Admission {
    /// A CORS preflight.
    Preflight,
    /// A rule lets it pass without a token.
    Bypassed,
    /// Its token was verified, and the requirement holds.
    Identified(Identified),
}

/// A request with an identity.
#[derive(Debug)]
pub struct Identified {
    /// Without one there is no such admission.
    pub permit: Permit,
    /// The token.
    pub verified: Rc<Verified>,
    /// The identity headers.
    pub headers: Rc<[Header]>,
    /// The user lookup's headers.
    pub lookup: Option<Rc<[Header]>>,
    /// What takes the credential out of the request.
    pub removal: Vec<HeaderEdit>,
}

/// A refused request.
#[derive(Debug)]
pub struct Refusal {
    /// Why.
    pub rejection: Rejection,
    /// The pool whose token it was, if that is known.
    pub pool: Option<PoolId>,
    /// Its token, if that was good and something else was not.
    pub verified: Option<Rc<Verified>>,
    /// What takes the credential out of the request, in shadow mode.
    pub removal: Vec<HeaderEdit>,
}

/// Whether the request goes on to the upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passage {
    /// It does, with the header edits that were commanded.
    Through,
    /// It has been answered.
    Answered,
}

/// How verdicts are carried out.
pub struct Court<'c> {
    /// All settings.
    pub config: &'c Config,
    /// How answers are worded.
    pub wording: &'c Wording,
    /// Whether anybody sees debug lines.
    pub is_debug_seen: bool,
}

impl Court<'_> {
    /// Carries a verdict out. `request_id` is for the log line.
    pub fn settle(&self, verdict: Verdict, request_id: &[u8], out: &mut Vec<Command>) -> Passage {
        match verdict {
            Verdict::Admit(admission) => {
                admit(admission, out);
                Passage::Through
            }
            Verdict::Reject(refusal) => self.reject(refusal, request_id, out),
        }
    }

    fn reject(&self, refusal: Refusal, request_id: &[u8], out: &mut Vec<Command>) -> Passage {
        let code = refusal.rejection.code();
        if self.is_debug_seen {
            out.push(Command::Log(Severity::Debug, self.log_line(&refusal, request_id)));
        }
        match self.config.mode {
            Mode::Enforce => {
                annotate(refusal.verified.as_deref(), code.as_str(), out);
                out.push(Command::Count(Counter::Denied(code)));
                out.push(Command::Reply(Box::new(refusal.rejection.reply(self.wording))));
                Passage::Answered
            }
            Mode::Shadow => {
                if let Some(verified) = &refusal.verified {
                    out.extend(refusal.removal.into_iter().map(Command::Edit));
                    add(&verified.headers, out);
                }
                annotate(refusal.verified.as_deref(), code.as_str(), out);
                out.push(Command::Count(Counter::ShadowDenied(code)));
                Passage::Through
            }
        }
    }

    fn log_line(&self, refusal: &Refusal, request_id: &[u8]) -> String {
        let verb = match self.config.mode {
            Mode::Enforce => "denied",
            Mode::Shadow => "would be denied",
        };
        let pool = refusal.pool.and_then(|pool| self.config.pools.get(pool.0));
        let pool = pool.map_or("-", |pool| pool.user_pool_id.as_str());
        let code = refusal.rejection.code().as_str();
        format!("request {} {verb}: {code}, pool {pool}", printable(request_id))
    }
}

/// At most 64 characters of what a client may have chosen, with nothing that a log could take for its own.
fn printable(text: &[u8]) -> String {
    if text.is_empty() {
        return "-".to_owned();
    }
    text.escape_ascii().take(64).map(char::from).collect()
}

fn admit(admission: Admission, out: &mut Vec<Command>) {
    let identified = match admission {
        Admission::Preflight => return bypass(Counter::CorsPreflightBypassed, out),
        Admission::Bypassed => return bypass(Counter::Bypassed, out),
        Admission::Identified(identified) => identified,
    };
    out.extend(identified.removal.into_iter().map(Command::Edit));
    add(&identified.headers, out);
    if let Some(headers) = &identified.lookup {
        add(headers, out);
    }
    annotate(Some(&identified.verified), "allowed", out);
    out.push(Command::Count(Counter::Allowed));
}

fn bypass(counter: Counter, out: &mut Vec<Command>) {
    annotate(None, "bypassed", out);
    out.push(Command::Count(counter));
}

fn add(headers: &Rc<[Header]>, out: &mut Vec<Command>) {
    if !headers.is_empty() {
        out.push(Command::Edit(HeaderEdit::Add(Rc::clone(headers))));
    }
}

fn annotate(verified: Option<&Verified>, decision: &'static str, out: &mut Vec<Command>) {
    out.push(Command::Decide(decision));
    if let Some(verified) = verified {
        out.push(Command::Annotate(FilterState::Subject, Rc::clone(&verified.subject)));
        out.push(Command::Annotate(FilterState::ClientId, Rc::clone(&verified.client)));
    }
}
