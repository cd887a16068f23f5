//! The steps before any credential is read: whether a request is a CORS preflight, and which rule matches it.

use crate::command::{Command, Severity};
use crate::env::{DescribeRoute, RouteMetadata};
use crate::log_text::escaped;
use crate::reject::Rejection;
use crate::request::RequestHead;
use crate::rules::{Ambiguous, MatchedRule, RuleSet, method};
use crate::trace::{Check, Trace};

/// How many characters of a route's name a log line shows.
const MAX_ROUTE_CHARS_IN_LOG: usize = 256;

/// Whether it is a CORS-preflight request as the Fetch standard has it (section 4.8), and nothing more: what a browser never
/// sends with one (a body, an upgrade, a method override) would reach the application under cover of it.
pub fn is_cors_preflight(head: &RequestHead<'_>) -> bool {
    head.method() == b"OPTIONS"
        && head.first("origin").is_some()
        && head.first("access-control-request-method").is_some()
        && head.ends_stream()
        && head.first("upgrade").is_none()
        && head.first("transfer-encoding").is_none()
        && head.values("content-length").all(|length| length == b"0")
        && !method::is_overridden(head)
}

/// Returns the rule for the request. The route's metadata takes precedence over the rules; a request that servers read in
/// different ways is rejected before both.
///
/// # Errors
/// The request is ambiguous, or the route's metadata cannot be read, which is logged.
pub fn decide(
    rules: &RuleSet,
    head: &RequestHead<'_>,
    route: &dyn DescribeRoute,
    trace: &mut Trace,
    out: &mut Vec<Command>,
) -> Result<MatchedRule, Rejection> {
    let decided = find_rule(rules, head, route, out);
    match &decided {
        Ok(matched) => trace.note(Check::Rules, || matched.to_string()),
        Err(rejection) => trace.check(rejected_by(rejection), &decided, || {
            (Some(rejection.detail().into_owned()), None)
        }),
    }
    decided
}

/// Returns the check in [`find_rule`] that caused a rejection.
fn rejected_by(rejection: &Rejection) -> Check {
    match rejection {
        Rejection::Ambiguous(Ambiguous::Path(_)) => Check::Path,
        Rejection::Internal => Check::RouteMetadata,
        _ => Check::Request,
    }
}

fn find_rule(
    rules: &RuleSet,
    head: &RequestHead<'_>,
    route: &dyn DescribeRoute,
    out: &mut Vec<Command>,
) -> Result<MatchedRule, Rejection> {
    let request = rules.interpret(head).map_err(Rejection::Ambiguous)?;
    match decided_by_route(route, out)? {
        Some(decision) => Ok(decision),
        None => Ok(rules.matched(&request, &|| Some(route.name()))),
    }
}

fn decided_by_route(route: &dyn DescribeRoute, out: &mut Vec<Command>) -> Result<Option<MatchedRule>, Rejection> {
    match route.metadata() {
        RouteMetadata::Absent => Ok(None),
        present => decided_by_metadata(present, route, out),
    }
}

#[inline(never)]
fn decided_by_metadata(
    metadata: RouteMetadata,
    route: &dyn DescribeRoute,
    out: &mut Vec<Command>,
) -> Result<Option<MatchedRule>, Rejection> {
    metadata.decision().map_err(|error| {
        let name = escaped(&String::from_utf8_lossy(&route.name()), MAX_ROUTE_CHARS_IN_LOG);
        let line = format!("route \"{name}\": metadata cognito: {error}");
        out.push(Command::Log(Severity::Error, line));
        Rejection::Internal
    })
}
