//! One request: its headers are read once, and the decision is executed. The body is held together with the headers.

use super::executor::{self, Callback};
use super::root::Worker;
use super::sys;
use crate::{pairs, route_metadata};
use cognito_jwt::command::{self, ResponseEdit};
use cognito_jwt::env::{DescribeRoute, RouteMetadata};
use cognito_jwt::request::{RequestHead, RequestId};
use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, MapType};
use std::rc::Rc;

/// Whether the request may go on.
///
/// Envoy by itself holds body and trailers of a paused request, but not with `allow_on_headers_stop_iteration`: there the first
/// byte of a body would let the headers through, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StreamState {
    /// It may.
    Open,
    /// Not before the core has resumed or rejected it.
    Paused,
    /// Never: it was answered, or it has not been checked yet.
    Denied,
}

impl From<StreamState> for Action {
    fn from(state: StreamState) -> Action {
        match state {
            StreamState::Open => Action::Continue,
            StreamState::Paused | StreamState::Denied => Action::Pause,
        }
    }
}

/// The context of a request.
pub struct Stream {
    id: RequestId,
    worker: Rc<Worker>,
    state: StreamState,
    /// What the response gets.
    response_edit: Option<ResponseEdit>,
}

impl Stream {
    /// Returns the context with this id, whose headers have not come yet.
    pub fn new(id: u32, worker: Rc<Worker>) -> Stream {
        Stream {
            id: RequestId(id),
            worker,
            state: StreamState::Denied,
            response_edit: None,
        }
    }

    fn refuse(&mut self) -> Action {
        self.worker.refuse_with_internal_error();
        self.state = StreamState::Denied;
        Action::Pause
    }

    /// Decides about the request; `None` if it could not be read.
    fn decide(&mut self, end_of_stream: bool) -> Option<StreamState> {
        let bytes = sys::header_pairs(MapType::HttpRequestHeaders).ok()?;
        let head = RequestHead::new(pairs::decode(&bytes)?).with_end_of_stream(end_of_stream);
        #[cfg(feature = "test-trap")]
        if let Some(value) = head.first("x-test-trap") {
            #[allow(clippy::panic)]
            {
                panic!("{}", String::from_utf8_lossy(value));
            }
        }
        self.worker.with_state(|state| {
            let env = state.host.env()?;
            let action = state
                .filter
                .on_request(self.id, head, &Route, &env, &mut state.commands);
            state.host.buffer_counters(state.filter.is_under_load());
            let remains = executor::carry_out(
                &state.host,
                &state.internal_error,
                Callback::Request,
                &mut state.commands,
            );
            self.response_edit = remains.response_edit;
            if !remains.failed.is_empty() {
                state.filter.on_gone(self.id);
                return Some(StreamState::Denied);
            }
            Some(match action {
                command::Action::Continue => StreamState::Open,
                command::Action::Pause if state.filter.is_waiting(self.id) => StreamState::Paused,
                command::Action::Pause => StreamState::Denied,
            })
        })
    }

    /// Removes the reserved trailers; `None` if they cannot be read or changed.
    fn strip_trailers(&self) -> Option<()> {
        let bytes = sys::header_pairs(MapType::HttpRequestTrailers).ok()?;
        let trailers = RequestHead::new(pairs::decode(&bytes)?);
        let forged = self.worker.with_state(|state| Some(state.filter.forged(&trailers)))?;
        forged
            .into_iter()
            .try_for_each(|name| sys::remove_header(MapType::HttpRequestTrailers, name))
            .ok()
    }

    /// Adds the response's header, if it lacks it. A response that cannot be changed goes on as it is: nothing depends on it but
    /// the client's own handshake.
    fn edit_response(edit: &ResponseEdit) {
        let map = MapType::HttpResponseHeaders;
        let Ok(bytes) = sys::header_pairs(map) else { return };
        let Some(pairs) = pairs::decode(&bytes) else { return };
        let head = RequestHead::new(pairs);
        let status = head.first(":status").unwrap_or_default();
        if let Some(value) = edit.value_for(status, head.first(ResponseEdit::HEADER).is_some()) {
            let _unchanged = sys::add_header(map, ResponseEdit::HEADER.as_bytes(), value.as_bytes());
        }
    }

    /// Looks again at a request that was paused: it may have been resumed meanwhile.
    fn hold(&mut self) -> Action {
        let is_waiting = || self.worker.with_state(|state| Some(state.filter.is_waiting(self.id)));
        if self.state == StreamState::Paused && is_waiting() == Some(false) {
            self.state = StreamState::Open;
        }
        self.state.into()
    }
}

impl Context for Stream {}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _num_headers: usize, end_of_stream: bool) -> Action {
        match self.decide(end_of_stream) {
            Some(state) => {
                self.state = state;
                state.into()
            }
            None => self.refuse(),
        }
    }

    fn on_http_request_body(&mut self, _body_size: usize, _end_of_stream: bool) -> Action {
        self.hold()
    }

    fn on_http_request_trailers(&mut self, _num_trailers: usize) -> Action {
        match self.strip_trailers() {
            Some(()) => self.hold(),
            None => self.refuse(),
        }
    }

    fn on_http_response_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        if let Some(edit) = &self.response_edit {
            Stream::edit_response(edit);
        }
        Action::Continue
    }
}

/// Ends the request, also if its client has hung up.
impl Drop for Stream {
    fn drop(&mut self) {
        if self.state == StreamState::Paused {
            self.worker.with_state(|state| {
                state.filter.on_gone(self.id);
                Some(())
            });
        }
    }
}

/// The route of the request of the callback.
struct Route;

impl DescribeRoute for Route {
    fn name(&self) -> Vec<u8> {
        // A request without a route has no name of one.
        let name = hostcalls::get_property(vec!["xds", "route_name"]);
        name.ok().flatten().unwrap_or_default()
    }

    fn metadata(&self) -> RouteMetadata {
        match hostcalls::get_property(vec!["xds", "route_metadata", "filter_metadata", "cognito"]) {
            Ok(Some(bytes)) => route_metadata::read(&bytes),
            Ok(None) => RouteMetadata::Absent,
            Err(_) => RouteMetadata::Unreadable,
        }
    }
}
