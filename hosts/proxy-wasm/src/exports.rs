//! What the host calls: the callbacks of Proxy-Wasm 0.2.1 that the filter needs, and none besides, for the host calls each one
//! that is exported for every stream.
//!
//! The Rust SDK exports them all, keeps every stream in maps and asserts what the host does: 44 kB of the module, and panics.

use crate::abi::Action;
use crate::contexts::{Contexts, StreamState};
use crate::executor;
use crate::http;
use crate::root::Worker;
use cognito_jwt::call::CallId;
use cognito_jwt::request::RequestId;
use std::cell::RefCell;
use std::rc::Rc;

/// The one of the VM.
struct OfThisVm(RefCell<Contexts<Worker>>);

// SAFETY: a VM of Proxy-Wasm has one thread.
unsafe impl Sync for OfThisVm {}

static CONTEXTS: OfThisVm = OfThisVm(RefCell::new(Contexts::new()));

/// Nothing that is done here calls the host, so no callback can come while the contexts are borrowed; if one did, it would be
/// as if its context were unknown.
fn with<T>(part: impl FnOnce(&mut Contexts<Worker>) -> T) -> Option<T> {
    CONTEXTS.0.try_borrow_mut().ok().map(|mut contexts| part(&mut contexts))
}

fn root(id: u32) -> Option<Rc<Worker>> {
    with(|contexts| contexts.root(id))?
}

/// A callback about a stream; `None` if nothing is known of it.
fn about_stream(id: u32, callback: impl FnOnce(&Worker, StreamState) -> StreamState) -> Option<Action> {
    let (before, worker) = with(|contexts| contexts.stream(id))??;
    let hold = callback(&worker, before);
    if hold != before {
        with(|contexts| contexts.keep(id, hold));
    }
    Some(action(hold))
}

fn action(hold: StreamState) -> Action {
    match hold {
        StreamState::Open => Action::Continue,
        StreamState::Paused | StreamState::Denied => Action::Pause,
    }
}

#[unsafe(no_mangle)]
extern "C" fn proxy_abi_version_0_2_1() {}

/// Room for what a host call returns. Whoever made the call owns it: see [`abi`](crate::abi).
#[unsafe(no_mangle)]
extern "C" fn proxy_on_memory_allocate(size: usize) -> *mut u8 {
    Box::into_raw(Box::<[u8]>::new_uninit_slice(size)).cast()
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_context_create(id: u32, parent: u32) {
    with(|contexts| contexts.create(id, parent));
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_configure(id: u32, _configuration_size: usize) -> u32 {
    u32::from(root(id).is_some_and(|worker| worker.on_configure()))
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_tick(id: u32) {
    if let Some(worker) = root(id) {
        worker.on_tick();
    }
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_http_call_response(
    id: u32,
    call: u32,
    num_headers: usize,
    body_size: usize,
    _num_trailers: usize,
) {
    if let Some(worker) = root(id) {
        worker.on_http_call_response(CallId(call), num_headers, body_size);
    }
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_headers(id: u32, _num_headers: usize, end_of_stream: u32) -> Action {
    about_stream(id, |worker, _| {
        http::on_headers(worker, RequestId(id), end_of_stream != 0)
    })
    .unwrap_or_else(|| {
        executor::answer(&http::unseen());
        Action::Pause
    })
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_body(id: u32, _body_size: usize, _end_of_stream: u32) -> Action {
    about_stream(id, |worker, hold| http::on_body(worker, RequestId(id), hold)).unwrap_or(Action::Pause)
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_trailers(id: u32, _num_trailers: usize) -> Action {
    about_stream(id, |worker, hold| http::on_trailers(worker, RequestId(id), hold)).unwrap_or(Action::Pause)
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_delete(id: u32) {
    if let Some((hold, worker)) = with(|contexts| contexts.remove(id)).flatten() {
        http::on_gone(&worker, RequestId(id), hold);
    } else if let Some(worker) = with(|contexts| contexts.remove_root(id)).flatten() {
        worker.on_end();
    }
}
