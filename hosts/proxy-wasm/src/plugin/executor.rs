//! Executes the core's commands, in order.

use super::host::Host;
use super::logging;
use super::sys::{self, HostResult, HostStatus};
use crate::pairs;
use cognito_jwt::code::Code;
use cognito_jwt::command::{Command, FilterState, HeaderEdit, Reply, ResponseEdit};
use cognito_jwt::metrics::Counter;
use cognito_jwt::request::RequestId;
use proxy_wasm::hostcalls;
use proxy_wasm::types::MapType;

/// The request that the commands of a callback are about before the first [`Command::Of`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callback {
    /// A request's own.
    Request,
    /// None, in a root callback.
    Root,
}

/// A request of which a command failed: it was rejected with `internal_error`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failed {
    /// The one of the callback.
    Own,
    /// One that had waited.
    Waiting(RequestId),
}

/// The result of executing commands.
#[derive(Default)]
pub struct Remains {
    /// The requests of which one failed.
    pub failed: Vec<Failed>,
    /// What the request's response gets.
    pub response_edit: Option<ResponseEdit>,
}

/// Executes the commands. Requests of which one fails are rejected with `internal_error` and listed in the result: they
/// must not pass with headers that a client may have forged.
pub fn carry_out(host: &Host, internal_error: &Reply, callback: Callback, commands: &mut Vec<Command>) -> Remains {
    let mut remains = Remains::default();
    let mut subject = match callback {
        Callback::Request => Subject::Own,
        Callback::Root => Subject::Gone,
    };
    for command in commands.drain(..) {
        match command {
            Command::Of(id) => {
                subject = match hostcalls::set_effective_context(id.0) {
                    Ok(()) => Subject::Waiting(id),
                    // The client has hung up.
                    Err(_) => Subject::Gone,
                };
            }
            // The decision was not carried out, so the request is counted as rejected instead.
            Command::Count(_) if matches!(subject, Subject::Refused) => {}
            // Fetches and calls are counted from root callbacks, where there is no request to be about.
            Command::Count(counter) => host.count(counter),
            Command::RecordKeys(keys) => host.record_keys(keys),
            Command::Log(severity, line) => logging::write(severity, &line),
            Command::TickEvery(period) => {
                if hostcalls::set_tick_period(period).is_err() {
                    log::error!("failed to set the tick period: keys are not fetched in time");
                }
            }
            // This host is never asked to explain: its log contains the reason for a rejection.
            Command::Explain(_) => {}
            Command::EditResponse(edit) => remains.response_edit = Some(edit),
            about_request => {
                let culprit = match subject {
                    Subject::Gone | Subject::Refused => continue,
                    Subject::Own => Failed::Own,
                    Subject::Waiting(id) => Failed::Waiting(id),
                };
                if about(about_request).is_err() {
                    fail(host, internal_error);
                    remains.failed.push(culprit);
                    subject = Subject::Refused;
                }
            }
        }
    }
    remains
}

/// Rejects the request of the effective context with `internal_error`.
pub fn fail(host: &Host, internal_error: &Reply) {
    let _not_annotated = sys::set_property("cognito_decision", Code::InternalError.as_str().as_bytes());
    host.count(Counter::Denied(Code::InternalError));
    answer(internal_error);
}

/// Responds to the request of the effective context.
pub fn answer(answer: &Reply) {
    if reply(answer).is_err() {
        // Nothing more can be done: the request stays paused, so it does not pass.
        log::error!("failed to respond to a request that could not be checked");
    }
}

/// The request that commands are about.
enum Subject {
    Own,
    Waiting(RequestId),
    Gone,
    /// One of its commands failed.
    Refused,
}

fn about(command: Command) -> HostResult<()> {
    match command {
        Command::Edit(edit) => self::edit(&edit),
        Command::Decide(decision) => annotate("cognito_decision", decision),
        Command::Annotate(FilterState::Subject, subject) => annotate("cognito_sub", &subject),
        Command::Annotate(FilterState::ClientId, client) => annotate("cognito_client_id", &client),
        Command::AnnotateAll(all) => all.iter().try_for_each(|(name, value)| annotate(name, value)),
        Command::Reply(answer) => reply(&answer),
        Command::Resume => hostcalls::resume_http_request().map_err(|status| HostStatus(status as u32)),
        Command::Of(_)
        | Command::Count(_)
        | Command::RecordKeys(_)
        | Command::Log(..)
        | Command::Explain(_)
        | Command::EditResponse(_)
        | Command::TickEvery(_) => Ok(()),
    }
}

fn edit(edit: &HeaderEdit) -> HostResult<()> {
    let map = MapType::HttpRequestHeaders;
    match edit {
        HeaderEdit::Remove(name) => sys::remove_header(map, name),
        HeaderEdit::Set(name, value) => sys::replace_header(map, name.as_bytes(), value),
        HeaderEdit::Add(headers) => headers
            .iter()
            .try_for_each(|(name, value)| sys::add_header(map, name.as_bytes(), value.as_bytes())),
    }
}

/// Filter state that is not set changes no decision.
fn annotate(name: &str, value: &str) -> HostResult<()> {
    let _not_annotated = sys::set_property(name, value.as_bytes());
    Ok(())
}

fn reply(reply: &Reply) -> HostResult<()> {
    let headers = pairs::encode(
        reply
            .headers
            .iter()
            .map(|(name, value)| (name.as_bytes(), value.as_bytes())),
    );
    sys::send_local_response(
        reply.code.status(),
        reply.code.response_code_details(),
        reply.body.as_bytes(),
        &headers,
    )
}
