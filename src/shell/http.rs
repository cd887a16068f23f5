//! A request's context: its headers are read once, the decision is carried out.

use crate::command::{Flow, Reply};
use crate::env::{DescribeRoute, RouteMetadata};
use crate::reject::{Rejection, Wording};
use crate::request::{RequestHead, RequestId};
use crate::shell::abi;
use crate::shell::executor::{self, Callback};
use crate::shell::root::Worker;
use crate::shell::{pairs, route_metadata};
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::Action;
use std::rc::Rc;

/// One request.
pub struct Request {
    id: RequestId,
    worker: Rc<Worker>,
    hold: Hold,
}

/// Whether what follows the headers may go on. Envoy by itself stops body and trailers of a paused request, but not with its
/// option `allow_on_headers_stop_iteration`: there the first byte of a body would let the headers through, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hold {
    /// It may.
    Passing,
    /// Not before the request has been settled.
    Waiting,
    /// Never: the request has been answered, or not even looked at yet.
    Closed,
}

impl Request {
    /// The request with the host's number `id`.
    pub fn new(id: u32, worker: Rc<Worker>) -> Request {
        Request {
            id: RequestId(id),
            worker,
            hold: Hold::Closed,
        }
    }

    /// What the request comes to, or `None` where it could not even be looked at.
    fn decide(&mut self) -> Option<Flow> {
        let bytes = abi::header_pairs(abi::HeaderMap::Request).ok()?;
        let head = RequestHead::new(pairs::decode(&bytes)?);
        #[cfg(feature = "test-trap")]
        if head.first("x-test-trap").is_some() {
            core::arch::wasm32::unreachable();
        }
        let mut state = self.worker.state.try_borrow_mut().ok()?;
        let state = state.as_mut()?;
        let env = state.host.env().ok()?;
        let mut flow = state
            .filter
            .on_request(self.id, head, &Route, &env, &mut state.commands);
        let internal_error = &state.internal_error;
        let failed = executor::carry_out(&state.host, internal_error, Callback::Request, &mut state.commands);
        if !failed.is_empty() {
            state.filter.on_gone(self.id);
            flow = Flow::Pause;
        }
        self.hold = match flow {
            Flow::Continue => Hold::Passing,
            Flow::Pause if state.filter.is_waiting(self.id) => Hold::Waiting,
            Flow::Pause => Hold::Closed,
        };
        Some(flow)
    }

    /// Whether body and trailers may go on by now.
    fn action(&mut self) -> Action {
        if self.hold == Hold::Waiting && self.is_settled() {
            self.hold = Hold::Passing;
        }
        match self.hold {
            Hold::Passing => Action::Continue,
            Hold::Waiting | Hold::Closed => Action::Pause,
        }
    }

    fn is_settled(&self) -> bool {
        let state = self.worker.state.try_borrow();
        let filter = state
            .as_ref()
            .ok()
            .and_then(|state| state.as_ref())
            .map(|state| &state.filter);
        filter.is_some_and(|filter| !filter.is_waiting(self.id))
    }

    /// Removes the trailers that could speak for the filter; `None` if they cannot be read or changed.
    fn strip_trailers(&self) -> Option<()> {
        let bytes = abi::header_pairs(abi::HeaderMap::RequestTrailers).ok()?;
        let trailers = RequestHead::new(pairs::decode(&bytes)?);
        let state = self.worker.state.try_borrow().ok()?;
        let forged = state.as_ref()?.filter.forged(&trailers);
        forged
            .into_iter()
            .try_for_each(|name| abi::remove_header(abi::HeaderMap::RequestTrailers, name))
            .ok()
    }
}

impl Context for Request {}

impl HttpContext for Request {
    fn on_http_request_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        match self.decide() {
            Some(Flow::Continue) => Action::Continue,
            Some(Flow::Pause) => Action::Pause,
            None => {
                self.worker.refuse_unseen();
                Action::Pause
            }
        }
    }

    fn on_http_request_body(&mut self, _body_size: usize, _end_of_stream: bool) -> Action {
        self.action()
    }

    fn on_http_request_trailers(&mut self, _num_trailers: usize) -> Action {
        match self.strip_trailers() {
            Some(()) => self.action(),
            None => {
                self.worker.refuse_unseen();
                Action::Pause
            }
        }
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        if self.hold != Hold::Waiting {
            return;
        }
        if let Ok(mut state) = self.worker.state.try_borrow_mut()
            && let Some(state) = state.as_mut()
        {
            state.filter.on_gone(self.id);
        }
    }
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
