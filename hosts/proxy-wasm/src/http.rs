//! A request's callbacks: its headers are read once, the decision is carried out.

use crate::abi;
use crate::contexts::StreamState;
use crate::executor::{self, Callback};
use crate::root::Worker;
use crate::{pairs, route_metadata};
use cognito_jwt::command::{Flow, Reply};
use cognito_jwt::env::{DescribeRoute, RouteMetadata};
use cognito_jwt::reject::{Rejection, Wording};
use cognito_jwt::request::{RequestHead, RequestId};

/// The headers are there. Whatever could not be looked at is refused.
pub fn on_headers(worker: &Worker, id: RequestId, end_of_stream: bool) -> StreamState {
    decide(worker, id, end_of_stream).unwrap_or_else(|| {
        worker.refuse_unseen();
        StreamState::Denied
    })
}

/// A part of the body is there.
pub fn on_body(worker: &Worker, id: RequestId, hold: StreamState) -> StreamState {
    match hold {
        StreamState::Paused if is_settled(worker, id) => StreamState::Open,
        other => other,
    }
}

/// The trailers are there. They are refused if those that could speak for the filter cannot be removed.
pub fn on_trailers(worker: &Worker, id: RequestId, hold: StreamState) -> StreamState {
    match strip_trailers(worker) {
        Some(()) => on_body(worker, id, hold),
        None => {
            worker.refuse_unseen();
            StreamState::Denied
        }
    }
}

/// The request is over, or its client has hung up.
pub fn on_gone(worker: &Worker, id: RequestId, hold: StreamState) {
    if hold == StreamState::Paused {
        no_longer_waits(worker, id);
    }
}

#[inline(never)]
fn no_longer_waits(worker: &Worker, id: RequestId) {
    if let Ok(mut state) = worker.state.try_borrow_mut()
        && let Some(state) = state.as_mut()
    {
        state.filter.on_gone(id);
    }
}

/// What the request comes to, or `None` where it could not even be looked at.
fn decide(worker: &Worker, id: RequestId, end_of_stream: bool) -> Option<StreamState> {
    let bytes = abi::header_pairs(abi::HeaderMap::Request).ok()?;
    let head = RequestHead::new(pairs::decode(&bytes)?).with_end_of_stream(end_of_stream);
    #[cfg(feature = "test-trap")]
    if head.first("x-test-trap").is_some() {
        std::arch::wasm32::unreachable();
    }
    let mut state = worker.state.try_borrow_mut().ok()?;
    let state = state.as_mut()?;
    let env = state.host.env().ok()?;
    let mut flow = state.filter.on_request(id, head, &Route, &env, &mut state.commands);
    state.host.buffer_counters(state.filter.is_under_load());
    let internal_error = &state.internal_error;
    let failed = executor::carry_out(&state.host, internal_error, Callback::Request, &mut state.commands);
    if !failed.is_empty() {
        state.filter.on_gone(id);
        flow = Flow::Pause;
    }
    Some(match flow {
        Flow::Continue => StreamState::Open,
        Flow::Pause if state.filter.is_waiting(id) => StreamState::Paused,
        Flow::Pause => StreamState::Denied,
    })
}

fn is_settled(worker: &Worker, id: RequestId) -> bool {
    let state = worker.state.try_borrow();
    let filter = state
        .as_ref()
        .ok()
        .and_then(|state| state.as_ref())
        .map(|state| &state.filter);
    filter.is_some_and(|filter| !filter.is_waiting(id))
}

/// Removes the trailers that could speak for the filter; `None` if they cannot be read or changed.
fn strip_trailers(worker: &Worker) -> Option<()> {
    let bytes = abi::header_pairs(abi::HeaderMap::RequestTrailers).ok()?;
    let trailers = RequestHead::new(pairs::decode(&bytes)?);
    let state = worker.state.try_borrow().ok()?;
    let forged = state.as_ref()?.filter.forged(&trailers);
    forged
        .into_iter()
        .try_for_each(|name| abi::remove_header(abi::HeaderMap::RequestTrailers, name))
        .ok()
}

/// The answer of a filter that has no settings or is in the middle of something: it can only be refused.
pub fn unseen() -> Reply {
    Rejection::Internal.reply(&Wording {
        realm: String::new(),
        disclose_reason: true,
    })
}

struct Route;

impl DescribeRoute for Route {
    fn name(&self) -> Vec<u8> {
        // A request without a route has no name of one.
        abi::property(b"xds\0route_name").unwrap_or_default()
    }

    fn metadata(&self) -> RouteMetadata {
        match abi::property(b"xds\0route_metadata\0filter_metadata\0cognito") {
            Ok(bytes) => route_metadata::read(&bytes),
            Err(abi::NOT_FOUND) => RouteMetadata::Absent,
            Err(_) => RouteMetadata::Unreadable,
        }
    }
}
