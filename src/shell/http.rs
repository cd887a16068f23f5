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
    is_waiting: bool,
}

impl Request {
    /// The request with the host's number `id`.
    pub fn new(id: u32, worker: Rc<Worker>) -> Request {
        Request {
            id: RequestId(id),
            worker,
            is_waiting: false,
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
        self.is_waiting = flow == Flow::Pause;
        Some(flow)
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
}

impl Drop for Request {
    fn drop(&mut self) {
        if !self.is_waiting {
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
