//! `explain`: the real filter decides about a request in a recorded world, and says step by step why.

mod request;
mod world;

pub use request::{Header, Request, RequestError};

use cognito_jwt::code::Code;
use cognito_jwt::command::{Action, Command, HeaderEdit, Reply};
use cognito_jwt::config::{Config, KeySource, Mode};
use cognito_jwt::enrich::{CallPolicy, OnFailure};
use cognito_jwt::filter::Filter;
use cognito_jwt::keys::jwks::{BadKeySet, KeySet};
use cognito_jwt::request::{RequestHead, RequestId};
use cognito_jwt::time::UnixTime;
use cognito_jwt::trace::{Check, Outcome, Step};
use serde::Serialize;
use std::rc::Rc;
use world::World;

/// Why nothing can be explained.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// The filter would refuse to load.
    #[error("{0}")]
    Config(String),
    /// The key set is of no use.
    #[error("the key set: {0}")]
    Keys(BadKeySet),
    /// The request is none.
    #[error(transparent)]
    Request(#[from] RequestError),
}

/// What the filter decides, and why.
#[derive(Debug, Serialize)]
pub struct Explanation {
    /// What it did, in order.
    pub steps: Vec<ShownStep>,
    /// What it comes to.
    pub decision: Decision,
    /// What the operator should know, though it decides nothing.
    pub notes: Vec<String>,
}

/// A step as it is shown.
#[derive(Debug, Serialize)]
pub struct ShownStep {
    /// The name of the check, as the log has it.
    pub check: &'static str,
    /// Whether it holds.
    pub outcome: ShownOutcome,
    /// What was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// What would have been accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
}

/// How a step went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ShownOutcome {
    /// What was checked holds.
    Passed,
    /// It does not.
    Failed,
    /// Nothing was checked.
    Noted,
    /// There were no keys to check it with; the rest is explained as if it were good.
    Unchecked,
}

/// The decision.
#[derive(Debug, Serialize)]
pub struct Decision {
    /// `allowed`, `bypassed`, or the code of the refusal.
    pub decision: String,
    /// Whether the request reaches the upstream.
    pub passes: bool,
    /// False in shadow mode, where a refusal is only counted.
    pub enforced: bool,
    /// The status that the client gets, or would get.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Envoy's response code details.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<String>,
    /// What the client gets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response: Option<Response>,
    /// How the request that the upstream gets differs from the one that came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upstream: Option<Upstream>,
}

/// An answer to the client.
#[derive(Debug, Serialize)]
pub struct Response {
    /// Its headers.
    pub headers: Vec<Header>,
    /// Its body.
    pub body: String,
}

/// The changes of a request.
#[derive(Debug, Default, Serialize)]
pub struct Upstream {
    /// Headers that are removed, by name.
    pub removed: Vec<String>,
    /// Headers that are added or replaced.
    pub set: Vec<Header>,
}

/// Explains what the filter with this configuration decides about a request at this moment. `jwks` is the key set of every pool
/// that fetches its keys.
///
/// # Errors
/// The configuration, the key set or the request cannot be used.
pub fn explain(
    config: &str,
    jwks: Option<&str>,
    request: &Request,
    now: UnixTime,
) -> Result<Explanation, ExplainError> {
    let mut config = Config::parse(config.as_bytes()).map_err(|errors| ExplainError::Config(errors.to_string()))?;
    let notes = config.warnings.clone();
    let enforced = config.mode == Mode::Enforce;
    let are_keys_known = lend_keys(&mut config, jwks, request)?;
    for policy in calls(&mut config) {
        // Nobody can be asked here, so the rest is explained without an answer.
        policy.on_failure = OnFailure::Continue;
    }
    let world = World::new(now, are_keys_known);
    let mut filter = Filter::new(config);
    filter.explain(true);
    let commands = decide(&mut filter, &world, request);
    Ok(Explanation {
        steps: steps(&commands, are_keys_known),
        decision: decision(&commands, enforced),
        notes,
    })
}

/// Returns every call that the configuration can lead to.
fn calls(config: &mut Config) -> impl Iterator<Item = &mut CallPolicy> {
    let lookup = config.user_lookup.iter_mut().map(|lookup| &mut lookup.call);
    let user_info = config
        .pools
        .iter_mut()
        .filter_map(|pool| Some(&mut pool.user_info.as_mut()?.call));
    lookup.chain(user_info)
}

/// Gives the pools that fetch their keys the set of `jwks`, or stand-ins for the keys that the request's tokens name. Whether all
/// pools have real keys.
fn lend_keys(config: &mut Config, jwks: Option<&str>, request: &Request) -> Result<bool, ExplainError> {
    let set = match jwks {
        Some(json) => KeySet::parse(json.as_bytes()).map_err(ExplainError::Keys)?.set,
        None => world::stand_in_keys(&request.possible_tokens()).map_err(ExplainError::Keys)?,
    };
    let set = Rc::new(set);
    let mut all_known = true;
    for pool in &mut config.pools {
        if matches!(pool.keys, KeySource::Fetched(_)) {
            all_known &= jwks.is_some();
            pool.keys = KeySource::Inline(Rc::clone(&set));
        }
    }
    Ok(all_known)
}

/// Lets the filter decide, and finishes what it waits for: calls that fail at once.
fn decide(filter: &mut Filter, world: &World, request: &Request) -> Vec<Command> {
    const ID: RequestId = RequestId(1);
    /// UserInfo, then the lookup; each fails in one tick and is reported in the next.
    const MOST_TICKS: usize = 8;
    let mut commands = Vec::new();
    let head = RequestHead::new(request.pairs()).with_end_of_stream(request.ends_stream);
    let action = filter.on_request(ID, head, request, &world.env(), &mut commands);
    for _ in 0..MOST_TICKS {
        if action != Action::Pause || !filter.is_waiting(ID) {
            break;
        }
        world.pass_time();
        filter.on_tick(&world.env(), &mut commands);
    }
    commands
}

fn steps(commands: &[Command], are_keys_known: bool) -> Vec<ShownStep> {
    let steps = commands.iter().filter_map(|command| match command {
        Command::Explain(steps) => Some(steps),
        _ => None,
    });
    let mut all: Vec<ShownStep> = Vec::new();
    for step in steps.flatten() {
        let earlier = all.iter_mut().find(|earlier| earlier.check == step.check.as_str());
        match earlier {
            // The second step of a call is that it failed, as calls do here.
            Some(asked) if is_call(step.check) => {
                asked.outcome = ShownOutcome::Unchecked;
                asked.expected = Some(UNANSWERED.to_owned());
            }
            // After a call the token's time is checked again.
            Some(earlier) if earlier.outcome == ShownOutcome::Passed && step.outcome == Outcome::Passed => {}
            _ => all.push(shown(step, are_keys_known)),
        }
    }
    all
}

/// What a call lacks.
const UNANSWERED: &str = "an answer: nobody is asked here, so the rest is explained without one";

fn is_call(check: Check) -> bool {
    matches!(check, Check::UserInfo | Check::UserLookup)
}

fn shown(step: &Step, are_keys_known: bool) -> ShownStep {
    let is_about_keys = matches!(step.check, Check::Key | Check::Signature);
    let outcome = match step.outcome {
        Outcome::Passed if is_about_keys && !are_keys_known => ShownOutcome::Unchecked,
        Outcome::Passed => ShownOutcome::Passed,
        Outcome::Failed => ShownOutcome::Failed,
        Outcome::Noted => ShownOutcome::Noted,
    };
    let known = outcome != ShownOutcome::Unchecked;
    ShownStep {
        check: step.check.as_str(),
        outcome,
        found: step.found.clone(),
        expected: if known {
            step.expected.clone()
        } else {
            Some("a key set to check it with: no keys were given".to_owned())
        },
    }
}

fn decision(commands: &[Command], enforced: bool) -> Decision {
    let decision = commands.iter().rev().find_map(|command| match command {
        Command::Decide(decision) => Some(*decision),
        _ => None,
    });
    let decision = decision.unwrap_or(Code::InternalError.as_str());
    let code = Code::ALL.iter().find(|code| code.as_str() == decision);
    let reply = commands.iter().find_map(|command| match command {
        Command::Reply(reply) => Some(reply),
        _ => None,
    });
    Decision {
        decision: decision.to_owned(),
        passes: reply.is_none(),
        enforced,
        status: code.map(|code| code.status()),
        details: code.map(|code| code.response_code_details().to_owned()),
        response: reply.map(|reply| response(reply)),
        upstream: reply.is_none().then(|| upstream(commands)),
    }
}

fn response(reply: &Reply) -> Response {
    let headers = reply.headers.iter().map(|(name, value)| Header::new(name, value));
    Response {
        headers: headers.collect(),
        body: reply.body.clone(),
    }
}

fn upstream(commands: &[Command]) -> Upstream {
    let mut upstream = Upstream::default();
    let edits = commands.iter().filter_map(|command| match command {
        Command::Edit(edit) => Some(edit),
        _ => None,
    });
    for edit in edits {
        match edit {
            HeaderEdit::Remove(name) => upstream.removed.push(String::from_utf8_lossy(name).into_owned()),
            // What is left of a header that held the credential may hold other secrets.
            HeaderEdit::Set(name, _) => upstream.set.push(Header::new(name, "(without the credential)")),
            HeaderEdit::Add(headers) => upstream
                .set
                .extend(headers.iter().map(|(name, value)| Header::new(name, value))),
        }
    }
    upstream
}
