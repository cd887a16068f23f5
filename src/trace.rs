//! The steps of a decision: for the debug line of a rejection, and for the
//! explanation of a decision. The checks themselves record the steps, and only if they will be read.
//!
//! A step never contains a token, a signature, or a claim that no check used.

use std::fmt;

/// The steps of one request's decision, in order.
#[derive(Debug, Default)]
pub struct Trace {
    /// `None`: they will not be read, and no step is created.
    steps: Option<Vec<Step>>,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What was checked.
    pub check: Check,
    /// Its outcome.
    pub outcome: Outcome,
    /// What was found, for people: `exp 2026-11-27T15:00:00Z`.
    pub found: Option<String>,
    /// What would have been accepted, for people.
    pub expected: Option<String>,
}

/// What a step checks, in the order of the steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    /// Reserved headers, which are removed.
    ReservedHeaders,
    /// Whether the request is a CORS preflight.
    Preflight,
    /// Whether all servers read authority and method in the same way.
    Request,
    /// Whether all servers read the path in the same way.
    Path,
    /// The route's metadata.
    RouteMetadata,
    /// The rules.
    Rules,
    /// Where the credential is.
    Credential,
    /// Whether the token was verified before.
    Cache,
    /// The form of the token (RFC 7515, RFC 7519).
    Form,
    /// `alg`.
    Algorithm,
    /// `iss`.
    Issuer,
    /// `exp`.
    ExpiresAt,
    /// `nbf`.
    NotBefore,
    /// `iat`.
    IssuedAt,
    /// `token_use`.
    TokenUse,
    /// `aud` of an ID token, `client_id` of an access token.
    Client,
    /// `kid`.
    Key,
    /// The signature.
    Signature,
    /// A rule's `require`.
    Requirement,
    /// The call to UserInfo.
    UserInfo,
    /// The user lookup.
    UserLookup,
}

/// The outcome of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The check passed.
    Passed,
    /// The check failed, and the request is rejected for it.
    Failed,
    /// Nothing was checked: the step states what the filter found or did.
    Noted,
}

impl Check {
    /// Returns the name of the check for programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Check::ReservedHeaders => "reserved_headers",
            Check::Preflight => "preflight",
            Check::Request => "request",
            Check::Path => "path",
            Check::RouteMetadata => "route_metadata",
            Check::Rules => "rules",
            Check::Credential => "credential",
            Check::Cache => "token_cache",
            Check::Form => "form",
            Check::Algorithm => "alg",
            Check::Issuer => "iss",
            Check::ExpiresAt => "exp",
            Check::NotBefore => "nbf",
            Check::IssuedAt => "iat",
            Check::TokenUse => "token_use",
            Check::Client => "client",
            Check::Key => "kid",
            Check::Signature => "signature",
            Check::Requirement => "require",
            Check::UserInfo => "user_info",
            Check::UserLookup => "user_lookup",
        }
    }
}

/// `exp: found …, expected …`, on one line, and without characters that could forge a log line.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.check.as_str())?;
        let facts = [("found", &self.found), ("expected", &self.expected)];
        let mut separator = ": ";
        for (name, fact) in facts {
            if let Some(fact) = fact {
                write!(f, "{separator}{name} {}", fact.escape_debug())?;
                separator = ", ";
            }
        }
        Ok(())
    }
}

impl Trace {
    /// Returns a trace that records steps if they will be read.
    pub fn new(is_read: bool) -> Trace {
        Trace {
            steps: is_read.then(Vec::new),
        }
    }

    /// Returns a trace that records nothing.
    pub const fn off() -> Trace {
        Trace { steps: None }
    }

    /// Reports whether steps are recorded.
    pub const fn is_on(&self) -> bool {
        self.steps.is_some()
    }

    /// Records what was found or done.
    pub fn note(&mut self, check: Check, found: impl FnOnce() -> String) {
        if let Some(steps) = &mut self.steps {
            steps.push(Step {
                check,
                outcome: Outcome::Noted,
                found: Some(found()),
                expected: None,
            });
        }
    }

    /// Records a check by its result: `facts` are what was found and what is expected.
    pub fn check<T, E>(
        &mut self,
        check: Check,
        result: &Result<T, E>,
        facts: impl FnOnce() -> (Option<String>, Option<String>),
    ) {
        if let Some(steps) = &mut self.steps {
            let outcome = if result.is_ok() {
                Outcome::Passed
            } else {
                Outcome::Failed
            };
            let (found, expected) = facts();
            steps.push(Step {
                check,
                outcome,
                found,
                expected,
            });
        }
    }

    /// Returns all steps so far.
    pub fn steps(&self) -> &[Step] {
        self.steps.as_deref().unwrap_or_default()
    }

    /// Returns the check that failed.
    pub fn failed(&self) -> Option<&Step> {
        self.steps().iter().rev().find(|step| step.outcome == Outcome::Failed)
    }
}

/// The longest text from a request that a step shows, in characters.
pub const LONGEST_FOUND: usize = 200;

/// Returns a text that a client chose, truncated to [`LONGEST_FOUND`] characters.
pub fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST_FOUND) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Returns several values as one text: `a, b`.
pub fn listed<'a>(values: impl IntoIterator<Item = &'a str>) -> String {
    let values: Vec<&str> = values.into_iter().collect();
    shortened(&values.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_made_for_nobody() {
        let mut trace = Trace::off();
        trace.note(Check::Cache, || panic!("nobody reads it"));
        trace.check(Check::Form, &Ok::<(), ()>(()), || panic!("nobody reads it"));
        assert_eq!((trace.steps(), trace.failed(), trace.is_on()), (&[][..], None, false));
    }

    #[test]
    fn the_check_that_failed_is_shown_on_one_line() {
        let mut trace = Trace::new(true);
        trace.note(Check::Rules, || "rules[0]".to_owned());
        trace.check(Check::Client, &Err::<(), ()>(()), || {
            (Some("a\nb".to_owned()), Some("c, d".to_owned()))
        });
        let shown: Vec<String> = trace.steps().iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["rules: found rules[0]", "client: found a\\nb, expected c, d"]);
        assert_eq!(trace.failed().map(|step| step.check), Some(Check::Client));
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(shortened(&"é".repeat(200)), "é".repeat(200));
        assert_eq!(shortened(&"é".repeat(201)), format!("{}…", "é".repeat(200)));
    }
}
