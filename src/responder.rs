//! Turns a decision into commands. This is the only place that distinguishes enforce and shadow mode.

use crate::cache::Verified;
use crate::command::{Action, Command, FilterState, HeaderEdit, Headers, Severity};
use crate::config::{Config, Mode};
use crate::identity::IdentityValues;
use crate::keys::PoolId;
use crate::log_text::escaped_whole;
use crate::metrics::Counter;
use crate::reject::{Rejection, Wording};
use crate::rules::access::Permit;
use crate::trace::{Check, Trace};
use std::rc::Rc;

/// The result of a decision.
#[derive(Debug)]
pub enum AuthDecision {
    /// The request may pass.
    Allow(Allowance),
    /// The request is rejected.
    Deny(Denial),
}

/// Why a request may pass.
#[derive(Debug)]
pub enum Allowance {
    /// A CORS preflight.
    Preflight,
    /// A rule allows it without a token.
    Bypassed,
    /// Its token was verified, and the requirement holds.
    Identified(Identified),
}

/// A request with an identity.
#[derive(Debug)]
pub struct Identified {
    /// The token's permit, without which there is no identity.
    pub permit: Permit<Verified>,
    /// The headers and the filter state about the user.
    pub values: IdentityValues,
    /// The user lookup's headers.
    pub lookup: Option<Rc<Headers>>,
    /// The edits that remove the credential from the request.
    pub removal: Vec<HeaderEdit>,
}

/// A rejected request.
#[derive(Debug)]
pub struct Denial {
    /// Why.
    pub rejection: Rejection,
    /// The pool of the token, if it is known.
    pub pool: Option<PoolId>,
    /// Its token, if it was verified and the request was rejected for another reason.
    pub verified: Option<Rc<Verified>>,
    /// The edits that remove the credential from the request, in shadow mode.
    pub removal: Vec<HeaderEdit>,
}

/// Turns decisions into commands.
pub struct Responder<'c> {
    /// All settings.
    pub config: &'c Config,
    /// The wording of responses.
    pub wording: &'c Wording,
    /// Whether debug lines are visible.
    pub is_debug_seen: bool,
    /// Whether to show the steps.
    pub explains: bool,
}

impl Responder<'_> {
    /// Appends the commands for a decision: the header edits of a request that passes, or the response to one that does not. `request_id` is
    /// for the log line, and only called if that is visible.
    pub fn apply<'r>(
        &self,
        decision: AuthDecision,
        mut trace: Trace,
        request_id: impl FnOnce() -> &'r [u8],
        out: &mut Vec<Command>,
    ) -> Action {
        if let AuthDecision::Deny(denial) = &decision {
            trace_missing_keys(denial, &mut trace);
        }
        if self.explains {
            out.push(Command::Explain(trace.steps().to_vec()));
        }
        match decision {
            AuthDecision::Allow(allowance) => {
                allow(allowance, out);
                Action::Continue
            }
            AuthDecision::Deny(denial) => {
                let request_id = self.is_debug_seen.then(request_id);
                self.deny(denial, request_id, &trace, out)
            }
        }
    }

    #[inline(never)]
    fn deny(&self, denial: Denial, request_id: Option<&[u8]>, trace: &Trace, out: &mut Vec<Command>) -> Action {
        let code = denial.rejection.code();
        if let Some(request_id) = request_id {
            out.push(Command::Log(Severity::Debug, self.log_line(&denial, request_id, trace)));
        }
        match self.config.mode {
            Mode::Enforce => {
                annotate(denial.verified.as_deref(), code.as_str(), out);
                out.push(Command::Count(Counter::Denied(code)));
                out.push(Command::Reply(Box::new(denial.rejection.reply(self.wording))));
                Action::Pause
            }
            Mode::Shadow => {
                if let Some(verified) = &denial.verified {
                    out.extend(denial.removal.into_iter().map(Command::Edit));
                    add(&verified.values.headers, out);
                }
                annotate(denial.verified.as_deref(), code.as_str(), out);
                // It is set exactly if the identity headers are.
                if let Some(verified) = &denial.verified {
                    annotate_all(&verified.values.filter_state, out);
                }
                out.push(Command::Count(Counter::WouldDeny(code)));
                Action::Continue
            }
        }
    }

    fn log_line(&self, denial: &Denial, request_id: &[u8], trace: &Trace) -> String {
        let verb = match self.config.mode {
            Mode::Enforce => "denied",
            Mode::Shadow => "would be denied",
        };
        let pool = denial.pool.and_then(|pool| self.config.pools.get(pool.0));
        let pool = pool.map_or("-", |pool| pool.user_pool_id.as_str());
        let code = denial.rejection.code().as_str();
        let rule = trace.steps().iter().find(|step| step.check == Check::Rules);
        let steps = [rule, trace.failed()].into_iter().flatten();
        let why: String = steps.map(|step| format!("; {step}")).collect();
        let hint = if why.is_empty() {
            ""
        } else {
            "; see envoy-cognito-jwt explain"
        };
        format!(
            "request {} {verb}: {code}, pool {pool}{why}{hint}",
            printable(request_id)
        )
    }
}

/// Keys may be missing before any check, or after a wait: the step is the same.
fn trace_missing_keys(denial: &Denial, trace: &mut Trace) {
    if matches!(denial.rejection, Rejection::KeysUnavailable) {
        trace.check(Check::Key, &Err::<(), ()>(()), || {
            (
                Some("no usable keys of the pool".to_owned()),
                Some("a key set that was fetched in time".to_owned()),
            )
        });
    }
}

/// The longest `x-request-id` that is shown, in characters as they are shown; a UUID has 36.
const LONGEST_REQUEST_ID: usize = 64;

/// Returns a text that a client may have chosen, without characters that could forge a log line. A longer text than an id is not shown,
/// not even in part: it may be a token.
fn printable(id: &[u8]) -> String {
    match escaped_whole(id, LONGEST_REQUEST_ID) {
        Some(id) if id.is_empty() => "-".to_owned(),
        Some(id) => id,
        None => "(too long)".to_owned(),
    }
}

fn allow(allowance: Allowance, out: &mut Vec<Command>) {
    let identified = match allowance {
        Allowance::Preflight => return bypass(Counter::CorsPreflightBypassed, out),
        Allowance::Bypassed => return bypass(Counter::Bypassed, out),
        Allowance::Identified(identified) => identified,
    };
    out.extend(identified.removal.into_iter().map(Command::Edit));
    add(&identified.values.headers, out);
    if let Some(headers) = &identified.lookup {
        add(headers, out);
    }
    annotate(Some(identified.permit.holder()), "allowed", out);
    annotate_all(&identified.values.filter_state, out);
    out.push(Command::Count(Counter::Allowed));
}

fn bypass(counter: Counter, out: &mut Vec<Command>) {
    annotate(None, "bypassed", out);
    out.push(Command::Count(counter));
}

fn add(headers: &Rc<Headers>, out: &mut Vec<Command>) {
    if !headers.is_empty() {
        out.push(Command::Edit(HeaderEdit::Add(Rc::clone(headers))));
    }
}

fn annotate(verified: Option<&Verified>, decision: &'static str, out: &mut Vec<Command>) {
    out.push(Command::Decide(decision));
    if let Some(verified) = verified {
        out.push(Command::Annotate(
            FilterState::Subject,
            Rc::clone(verified.identity.claims().subject()),
        ));
        out.push(Command::Annotate(
            FilterState::ClientId,
            Rc::clone(verified.identity.client()),
        ));
    }
}

fn annotate_all(filter_state: &Option<Rc<Headers>>, out: &mut Vec<Command>) {
    out.extend(filter_state.clone().map(Command::AnnotateAll));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::Code;

    fn config(mode: &str) -> Config {
        let config = format!(
            r#"{{"mode": "{mode}", "pools": [{{"user_pool_id": "us-east-1_Ab1", "client_ids": ["web"],
                "jwks": {{"cluster": "c"}}}}]}}"#
        );
        Config::parse(config.as_bytes()).unwrap()
    }

    fn apply(mode: &str, is_debug_seen: bool, decision: AuthDecision, request_id: &[u8]) -> (Action, Vec<Command>) {
        let config = config(mode);
        let wording = Wording {
            realm: config.realm.clone(),
            disclose_reason: true,
        };
        let responder = Responder {
            config: &config,
            wording: &wording,
            is_debug_seen,
            explains: false,
        };
        let mut out = Vec::new();
        let action = responder.apply(decision, Trace::off(), || request_id, &mut out);
        (action, out)
    }

    fn denial(removal: Vec<HeaderEdit>) -> AuthDecision {
        AuthDecision::Deny(Denial {
            rejection: Rejection::TokenMissing,
            pool: Some(PoolId(0)),
            verified: None,
            removal,
        })
    }

    #[test]
    fn open_doors_are_annotated_and_counted_apart() {
        for mode in ["enforce", "shadow"] {
            for (allowance, counter) in [
                (Allowance::Preflight, Counter::CorsPreflightBypassed),
                (Allowance::Bypassed, Counter::Bypassed),
            ] {
                let (action, out) = apply(mode, true, AuthDecision::Allow(allowance), b"");
                assert_eq!(action, Action::Continue);
                assert_eq!(out, [Command::Decide("bypassed"), Command::Count(counter)]);
            }
        }
    }

    #[test]
    fn only_enforcing_answers() {
        let (action, out) = apply("enforce", false, denial(Vec::new()), b"");
        assert_eq!(action, Action::Pause);
        let [
            Command::Decide("token_missing"),
            Command::Count(counter),
            Command::Reply(reply),
        ] = &out[..]
        else {
            panic!("{out:?}");
        };
        assert_eq!(
            (*counter, reply.code),
            (Counter::Denied(Code::TokenMissing), Code::TokenMissing)
        );

        let (action, out) = apply("shadow", false, denial(Vec::new()), b"");
        assert_eq!(action, Action::Continue);
        let counter = Command::Count(Counter::WouldDeny(Code::TokenMissing));
        assert_eq!(out, [Command::Decide("token_missing"), counter]);
    }

    #[test]
    fn a_credential_that_is_not_good_stays_where_it_is() {
        let removal = || vec![HeaderEdit::Remove(b"authorization".to_vec())];
        for mode in ["enforce", "shadow"] {
            let (_, out) = apply(mode, false, denial(removal()), b"");
            assert!(
                !out.iter().any(|command| matches!(command, Command::Edit(_))),
                "{mode}: {out:?}"
            );
        }
    }

    #[test]
    fn a_refusal_is_logged_in_one_line_that_nothing_breaks() {
        let longest = "x".repeat(64);
        let token = format!("{longest}x");
        for (mode, id, line) in [
            (
                "enforce",
                "r-1",
                "request r-1 denied: token_missing, pool us-east-1_Ab1",
            ),
            (
                "shadow",
                "r-1",
                "request r-1 would be denied: token_missing, pool us-east-1_Ab1",
            ),
            ("enforce", "", "request - denied: token_missing, pool us-east-1_Ab1"),
            (
                "enforce",
                "a\r\nb\u{e9}",
                "request a\\r\\nb\\xc3\\xa9 denied: token_missing, pool us-east-1_Ab1",
            ),
            (
                "enforce",
                &longest,
                &format!("request {longest} denied: token_missing, pool us-east-1_Ab1"),
            ),
            (
                "enforce",
                &token,
                "request (too long) denied: token_missing, pool us-east-1_Ab1",
            ),
        ] {
            let (_, out) = apply(mode, true, denial(Vec::new()), id.as_bytes());
            assert_eq!(out.first(), Some(&Command::Log(Severity::Debug, line.to_owned())));
            let (_, out) = apply(mode, false, denial(Vec::new()), id.as_bytes());
            assert!(
                !out.iter().any(|command| matches!(command, Command::Log(..))),
                "nobody reads it"
            );
        }
    }
}
