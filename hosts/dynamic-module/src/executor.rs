//! Executes the core's commands, in order.

use crate::abi::{HeaderType, ModuleHttpHeader};
use crate::envoy::{EnvoyStream, Refused};
use crate::logging;
use crate::stream::{Stream, StreamState};
use crate::worker::Worker;
use cognito_jwt::code::Code;
use cognito_jwt::command::{Command, FilterState, HeaderEdit, Reply};
use cognito_jwt::metrics::Counter;
use cognito_jwt::reject::{Rejection, Wording};
use std::rc::Rc;

/// The request that commands are about.
enum Subject {
    /// A stream that exists.
    Stream(Rc<Stream>),
    /// None, or one whose client has hung up.
    Gone,
    /// A stream of which a command failed: it was rejected.
    Refused,
}

/// Executes the commands of this worker's filter; before the first [`Command::Of`] they are about `own`. A stream of which
/// a command fails is rejected with `internal_error`: it must not pass with headers that a client may have forged.
pub fn carry_out(worker: &Worker, own: Option<&Rc<Stream>>, commands: &[Command]) {
    let mut subject = own.map_or(Subject::Gone, |stream| Subject::Stream(Rc::clone(stream)));
    for command in commands {
        match command {
            Command::Of(id) => subject = worker.waiting_stream(*id).map_or(Subject::Gone, Subject::Stream),
            // The decision was not carried out, so the request is counted as rejected instead.
            Command::Count(_) if matches!(subject, Subject::Refused) => {}
            Command::Count(counter) => worker.count(*counter),
            Command::Log(severity, line) => logging::write(*severity, line),
            Command::TickEvery(period) => worker.set_period(*period),
            // The main thread's filter reports it for all.
            Command::RecordKeys(_) => {}
            about_request => {
                let Subject::Stream(stream) = &subject else { continue };
                if about(worker, stream, about_request).is_err() {
                    log::error!("failed to change a request: it is rejected");
                    refuse(worker, stream);
                    subject = Subject::Refused;
                }
            }
        }
    }
}

/// Rejects a stream with `internal_error`, in any state.
pub fn refuse(worker: &Worker, stream: &Rc<Stream>) {
    worker.forget(stream);
    // Filter state cannot be set twice: one that went on or was answered has its decision.
    if matches!(stream.state(), StreamState::New | StreamState::Paused)
        && let Some(mut envoy) = stream.envoy()
    {
        let _not_annotated = envoy.set_filter_state(DECISION, Code::InternalError.as_str());
    }
    worker.count(Counter::Denied(Code::InternalError));
    answer(stream, &worker.internal_error());
}

/// Returns the response of a filter that has no settings, which can only reject.
pub fn internal_error() -> Reply {
    Rejection::Internal.reply(&Wording {
        realm: String::new(),
        disclose_reason: true,
    })
}

const DECISION: &str = "wasm.cognito_decision";

fn about(worker: &Worker, stream: &Rc<Stream>, command: &Command) -> Result<(), Refused> {
    match command {
        Command::Edit(edit) => apply(&mut stream.envoy().ok_or(Refused)?, edit),
        Command::EditResponse(edit) => {
            stream.set_response_edit(edit.clone());
            Ok(())
        }
        Command::Decide(decision) => annotate(stream, DECISION, decision),
        Command::Annotate(FilterState::Subject, subject) => annotate(stream, "wasm.cognito_sub", subject),
        Command::Annotate(FilterState::ClientId, client) => annotate(stream, "wasm.cognito_client_id", client),
        Command::AnnotateAll(all) => all
            .iter()
            .try_for_each(|(name, value)| annotate(stream, &format!("wasm.{name}"), value)),
        Command::Reply(reply) => {
            worker.leave_waiting(stream);
            answer(stream, reply);
            Ok(())
        }
        Command::Resume => {
            worker.leave_waiting(stream);
            resume(stream);
            Ok(())
        }
        // This host is never asked to explain: its log contains the reason for a rejection.
        Command::Of(_)
        | Command::Count(_)
        | Command::RecordKeys(_)
        | Command::Log(..)
        | Command::Explain(_)
        | Command::TickEvery(_) => Ok(()),
    }
}

/// Executes edits only, before a request is decided.
pub fn edit(envoy: &mut EnvoyStream<'_>, edits: &[Command]) -> Result<(), Refused> {
    edits.iter().try_for_each(|command| match command {
        Command::Edit(edit) => apply(envoy, edit),
        _ => Ok(()),
    })
}

/// Changes the request's headers. Envoy then selects the route again, as it does by itself for a Wasm module: a header that a client
/// forged must not decide where the request is sent, and routes may match on identity headers.
fn apply(envoy: &mut EnvoyStream<'_>, edit: &HeaderEdit) -> Result<(), Refused> {
    let result = match edit {
        HeaderEdit::Remove(name) => envoy.remove_header(HeaderType::RequestHeader, name),
        HeaderEdit::Set(name, value) => envoy.set_header(HeaderType::RequestHeader, name.as_bytes(), value),
        HeaderEdit::Add(headers) => headers.iter().try_for_each(|(name, value)| {
            envoy.add_header(HeaderType::RequestHeader, name.as_bytes(), value.as_bytes())
        }),
    };
    envoy.clear_route_cache();
    result
}

/// Filter state that is not set changes no decision.
fn annotate(stream: &Stream, name: &str, value: &str) -> Result<(), Refused> {
    let _not_annotated = stream.envoy().map(|mut envoy| envoy.set_filter_state(name, value));
    Ok(())
}

/// Responds to the request, unless it was answered or is gone.
pub fn answer(stream: &Stream, reply: &Reply) {
    if stream.state() == StreamState::Denied {
        return;
    }
    stream.set_state(StreamState::Denied);
    let Some(envoy) = stream.envoy() else { return };
    let mut headers: Vec<ModuleHttpHeader> = reply
        .headers
        .iter()
        .map(|(name, value)| ModuleHttpHeader::of(name.as_bytes(), value.as_bytes()))
        .collect();
    if is_grpc(&envoy) {
        headers.push(ModuleHttpHeader::of(
            b"grpc-status",
            grpc_status(reply.code.status()).as_bytes(),
        ));
    }
    envoy.send_response(
        reply.code.status(),
        &mut headers,
        reply.body.as_bytes(),
        reply.code.response_code_details(),
    );
}

/// Resumes the request, if it waits.
fn resume(stream: &Stream) {
    if stream.state() == StreamState::Paused
        && let Some(envoy) = stream.envoy()
    {
        stream.set_state(StreamState::Open);
        envoy.continue_decoding();
    }
}

/// Recognizes gRPC requests as Envoy does (`Grpc::Common::isGrpcRequestHeaders`), which turns our response into a gRPC response.
fn is_grpc(envoy: &EnvoyStream<'_>) -> bool {
    let content_type = envoy
        .header(HeaderType::RequestHeader, "content-type")
        .unwrap_or_default();
    let rest = content_type.strip_prefix(b"application/grpc");
    rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'+')))
}

/// Sets the gRPC status. Envoy sends 0 for a response without one: a rejection that looks like success.
const fn grpc_status(status: u16) -> &'static str {
    match status {
        400 => "3",
        401 => "16",
        403 => "7",
        503 => "14",
        _ => "2",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_refusal_is_a_success_for_grpc() {
        for code in Code::ALL {
            assert_ne!(grpc_status(code.status()), "0", "{}", code.as_str());
            assert_ne!(grpc_status(code.status()), "2", "{}: not in the table", code.as_str());
        }
    }
}
