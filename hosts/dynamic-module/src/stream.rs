//! One stream: its headers, its body and its trailers pass, wait or are stopped.

use crate::abi::{self, HeaderType};
use crate::envoy::{EnvoyStream, StreamHandle};
use crate::executor;
use crate::worker::Worker;
use cognito_jwt::command::{Command, ResponseEdit};
use cognito_jwt::request::{RequestHead, RequestId};
use std::cell::{Cell, OnceCell};
use std::rc::Rc;

/// Whether a stream's parts may pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamState {
    /// They may.
    Open,
    /// They wait for the decision.
    Paused,
    /// They may not: there is no decision yet, or the request is rejected.
    New,
    /// It has been answered.
    Denied,
}

/// One stream of one worker.
#[derive(Debug)]
pub struct Stream {
    /// `None` if there is no filter to decide: every request is rejected.
    worker: Option<Rc<Worker>>,
    /// Its number in the worker.
    pub id: RequestId,
    handle: StreamHandle,
    state: Cell<StreamState>,
    /// What the response gets.
    response_edit: OnceCell<ResponseEdit>,
}

impl Stream {
    /// Returns a new stream of this worker.
    pub fn new(worker: Option<Rc<Worker>>, handle: StreamHandle) -> Stream {
        let id = worker.as_ref().map_or(RequestId(0), |worker| worker.next_id());
        Stream {
            worker,
            id,
            handle,
            state: Cell::new(StreamState::New),
            response_edit: OnceCell::new(),
        }
    }

    /// Returns the stream as Envoy has it; `None` once it is gone.
    pub fn envoy(&self) -> Option<EnvoyStream<'_>> {
        self.handle.get()
    }

    /// Returns what may pass.
    pub fn state(&self) -> StreamState {
        self.state.get()
    }

    /// From now on this may go on.
    pub fn set_state(&self, state: StreamState) {
        self.state.set(state);
    }

    /// Sets what the response gets.
    pub fn set_response_edit(&self, edit: ResponseEdit) {
        // There is one for a request.
        let _second = self.response_edit.set(edit);
    }

    /// The response's headers are there. A response that cannot be changed goes on as it is: nothing depends on it but the
    /// client's own handshake.
    pub fn on_response_headers(&self) {
        let Some(edit) = self.response_edit.get() else { return };
        let Some(mut envoy) = self.envoy() else { return };
        let map = HeaderType::ResponseHeader;
        let has_header = envoy.header(map, ResponseEdit::HEADER).is_some();
        let status = envoy.header(map, ":status").unwrap_or_default();
        if let Some(value) = edit.value_for(status, has_header) {
            let _unchanged = envoy.add_header(map, ResponseEdit::HEADER.as_bytes(), value.as_bytes());
        }
    }

    /// Handles the request's headers.
    pub fn on_headers(self: &Rc<Stream>, ends_stream: bool) -> u32 {
        if self.decide(ends_stream).is_none() {
            self.refuse();
        }
        match self.state() {
            StreamState::Open => abi::headers_status::CONTINUE,
            StreamState::Paused => abi::headers_status::STOP_ALL_ITERATION_AND_WATERMARK,
            StreamState::New | StreamState::Denied => abi::headers_status::STOP_ITERATION,
        }
    }

    /// Handles a part of the body.
    pub fn on_body(&self) -> u32 {
        match self.state() {
            StreamState::Open => abi::body_status::CONTINUE,
            // Envoy does not even ask while all iteration is stopped.
            StreamState::Paused => abi::body_status::STOP_ITERATION_AND_WATERMARK,
            StreamState::New | StreamState::Denied => abi::body_status::STOP_ITERATION_NO_BUFFER,
        }
    }

    /// Handles the trailers. The request is rejected if the reserved ones cannot be removed.
    pub fn on_trailers(self: &Rc<Stream>) -> u32 {
        if self.state() != StreamState::Denied && self.strip_trailers().is_none() {
            self.refuse();
        }
        match self.state() {
            StreamState::Open => abi::trailers_status::CONTINUE,
            StreamState::Paused | StreamState::New | StreamState::Denied => abi::trailers_status::STOP_ITERATION,
        }
    }

    /// Runs on this stream's worker after the main thread woke it.
    pub fn on_scheduled(self: &Rc<Stream>) {
        if let Some(worker) = &self.worker {
            worker.on_wake();
        }
    }

    /// Ends the stream, also if its client has hung up.
    pub fn on_gone(self: &Rc<Stream>) {
        self.handle.forget();
        if self.state() == StreamState::Paused
            && let Some(worker) = &self.worker
        {
            worker.forget(self);
        }
    }

    /// Handles a panic in a hook of this stream: the state of the worker's filter cannot be relied on any more.
    pub fn on_panic(self: &Rc<Stream>) {
        if let Some(worker) = &self.worker {
            worker.start_over();
        }
        if self.state() != StreamState::Open {
            self.refuse();
        }
    }

    /// The same while its trailers were looked at: they must not go on, though the rest of it has.
    pub fn on_trailers_panic(self: &Rc<Stream>) {
        self.on_panic();
        self.refuse();
    }

    /// Rejects the request with `internal_error`.
    fn refuse(self: &Rc<Stream>) {
        match &self.worker {
            Some(worker) => executor::refuse(worker, self),
            None => executor::answer(self, &executor::internal_error()),
        }
    }

    /// Carries out what the request comes to; `None` where it could not even be looked at.
    fn decide(self: &Rc<Stream>, ends_stream: bool) -> Option<()> {
        let worker = self.worker.as_ref()?;
        let mut commands = worker.empty_list();
        let (goes_on, applied) = match self.look(worker, ends_stream, &mut commands)? {
            Look::Decided { goes_on } => (goes_on, 0),
            Look::HasReserved => {
                executor::edit(&mut self.envoy()?, &commands).ok()?;
                // The edits stay in the list, so that the debug line names what was removed. They are not carried out again.
                let applied = commands.len();
                let mut envoy = self.envoy()?;
                envoy.choose_route();
                let head = worker.sanitize(head(&envoy, ends_stream)?, &mut commands)?;
                (worker.on_request(self, &envoy, head, &mut commands)?, applied)
            }
        };
        executor::carry_out(worker, Some(self), commands.get(applied..)?);
        worker.keep_list(commands);
        if goes_on && self.state() == StreamState::New {
            self.set_state(StreamState::Open);
        }
        Some(())
    }

    /// Looks at the request. Where it has headers that only the filter may set, these are removed first: Envoy may have chosen the
    /// route by them, whose name and metadata decide.
    fn look(self: &Rc<Stream>, worker: &Worker, ends_stream: bool, commands: &mut Vec<Command>) -> Option<Look> {
        let mut envoy = self.envoy()?;
        envoy.choose_route();
        let head = head(&envoy, ends_stream)?;
        #[cfg(feature = "test-trap")]
        if let Some(value) = head.first("x-test-trap") {
            trap(value);
        }
        let head = worker.sanitize(head, commands)?;
        if !commands.is_empty() {
            return Some(Look::HasReserved);
        }
        let goes_on = worker.on_request(self, &envoy, head, commands)?;
        Some(Look::Decided { goes_on })
    }

    /// Removes the reserved trailers; `None` if they cannot be read or changed.
    fn strip_trailers(&self) -> Option<()> {
        let worker = self.worker.as_ref()?;
        let mut envoy = self.envoy()?;
        let reserved = worker.reserved_trailers(&RequestHead::new(envoy.headers(HeaderType::RequestTrailer)?))?;
        reserved
            .iter()
            .try_for_each(|name| envoy.remove_header(HeaderType::RequestTrailer, name))
            .ok()
    }
}

/// What a first look at a request comes to.
enum Look {
    /// The commands are what it comes to.
    Decided { goes_on: bool },
    /// The commands are the edits that remove what only the filter may set.
    HasReserved,
}

fn head<'e>(envoy: &'e EnvoyStream<'_>, ends_stream: bool) -> Option<RequestHead<'e>> {
    Some(RequestHead::new(envoy.headers(HeaderType::RequestHeader)?).with_end_of_stream(ends_stream))
}

#[cfg(feature = "test-trap")]
#[allow(clippy::panic, reason = "a build that only tests load")]
fn trap(value: &[u8]) {
    panic!("{}", String::from_utf8_lossy(value));
}
