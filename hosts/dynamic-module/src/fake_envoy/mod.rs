//! Envoy's side of the ABI for tests and fuzzing: the callbacks, on data that a test makes and looks at.
//!
//! Where Envoy leaves room for mistakes, this is as unkind as it may be: what getters returned is freed at the next setter; a
//! stream may be destroyed inside the callback that answers it or lets it go on; a callback about a stream that is gone ends the
//! process.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    reason = "only tests are built with it"
)]

mod callbacks;
mod driver;
pub mod scenario;

pub use driver::{Answered, FakeEnvoy, Passage};

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

pub type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

/// The pool's keys, and a token of it that is good until 2100.
pub const JWKS: &str = include_str!("jwks.json");
pub const POOL_ID: &str = "us-east-1_Fake00001";

pub fn token() -> &'static str {
    include_str!("token.txt").trim_end()
}

/// A header that chooses a route without authentication.
pub const TIER: &[u8] = b"x-cognito-tier";
static TIER_METADATA: OnceLock<Vec<(Vec<u8>, Metadata)>> = OnceLock::new();

fn open_metadata() -> Vec<(Vec<u8>, Metadata)> {
    vec![(b"auth".to_vec(), Metadata::Text(b"none".to_vec()))]
}

/// Which callbacks about a stream fail.
#[derive(Clone, Copy, Debug, Default)]
pub struct Failures {
    pub get_headers: bool,
    pub set_header: bool,
    pub add_header: bool,
    pub filter_state: bool,
    pub scheduler: bool,
    pub metadata_names: bool,
}

/// A member of a route's metadata.
#[derive(Clone, Debug)]
pub enum Metadata {
    Text(Vec<u8>),
    /// `None`: an element that is no string.
    List(Vec<Option<Vec<u8>>>),
    Other,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FakeReply {
    pub status: u32,
    pub headers: Pairs,
    pub body: Vec<u8>,
    pub details: Vec<u8>,
}

/// A stream as Envoy has it.
pub struct FakeStream {
    id: usize,
    headers: RefCell<Option<Pairs>>,
    trailers: RefCell<Option<Pairs>>,
    response: RefCell<Option<Pairs>>,
    filter_state: RefCell<BTreeMap<Vec<u8>, Vec<u8>>>,
    route_name: Option<Vec<u8>>,
    metadata: Vec<(Vec<u8>, Metadata)>,
    /// Whether the route that was chosen last is the one for requests with [`TIER`].
    is_tier_route: Cell<bool>,
    /// The route is to be selected again when the route itself is requested, not what is cached of it.
    is_route_forgotten: Cell<bool>,
    failures: Cell<Failures>,
    reply: RefCell<Option<FakeReply>>,
    /// It went on, or was let go on.
    has_passed: Cell<bool>,
    /// A hook about its request is running: it is not destroyed before that returns.
    is_in_hook: Cell<bool>,
    /// The callbacks that answer it or let it go on destroy it.
    ends_at_once: Cell<bool>,
    is_destroyed: Cell<bool>,
    module: Cell<*const c_void>,
    shared: Arc<Shared>,
}

/// What any thread may touch.
#[derive(Default)]
struct Shared {
    /// Wake-ups of streams that have not been delivered.
    wakes: Mutex<Vec<usize>>,
    /// Wake-ups of the main thread, likewise.
    main_wakes: AtomicUsize,
    /// The module's configuration, if everything but the next wake-up of the main thread has let it go.
    ends_in_a_wake_up: AtomicPtr<c_void>,
    /// Schedulers that were made and not deleted.
    schedulers: AtomicUsize,
    counters: Mutex<Vec<(String, u64)>>,
    gauges: Mutex<Vec<(String, u64)>>,
}

struct FakeScheduler {
    stream: usize,
    shared: Arc<Shared>,
}

struct FakeConfigScheduler {
    shared: Arc<Shared>,
    is_over: Arc<AtomicBool>,
}

/// What becomes of a call through a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cluster {
    Works,
    Unknown,
    NoHost,
    Refuses,
}

#[derive(Clone, Debug)]
pub struct FakeCall {
    pub id: u64,
    pub cluster: String,
    pub headers: Pairs,
    pub body: Vec<u8>,
    pub timeout: u64,
}

/// A configuration as Envoy has it.
struct FakeConfig {
    shared: Arc<Shared>,
    is_over: Arc<AtomicBool>,
    defines_metrics: bool,
    gives_scheduler: bool,
    calls: RefCell<Vec<FakeCall>>,
    last_call: Cell<u64>,
    cluster: Cell<Cluster>,
}

impl FakeStream {
    /// Returns the stream behind a pointer that the module gave.
    ///
    /// # Safety
    /// The pointer is one that the module got.
    unsafe fn of<'a>(filter: *mut c_void) -> &'a FakeStream {
        assert!(!filter.is_null(), "a callback about no stream");
        // SAFETY: streams are kept for as long as the fake Envoy, whether they are destroyed or not.
        let stream = unsafe { &*filter.cast::<FakeStream>() };
        assert!(!stream.is_destroyed.get(), "a callback about a stream that is gone");
        stream
    }

    fn map(&self, header_type: crate::abi::HeaderType) -> &RefCell<Option<Pairs>> {
        match header_type {
            crate::abi::HeaderType::RequestHeader => &self.headers,
            crate::abi::HeaderType::RequestTrailer => &self.trailers,
            crate::abi::HeaderType::ResponseHeader => &self.response,
        }
    }

    fn choose_route(&self) {
        if self.is_route_forgotten.replace(false) {
            let headers = self.headers.borrow();
            self.is_tier_route
                .set(headers.iter().flatten().any(|(name, _)| name == TIER));
        }
    }

    /// Returns the metadata of the route that was selected last, even if it has been cleared since. The route for requests with
    /// [`TIER`] is open.
    fn route_metadata(&self) -> &[(Vec<u8>, Metadata)] {
        if self.is_tier_route.get() {
            TIER_METADATA.get_or_init(open_metadata)
        } else {
            &self.metadata
        }
    }

    /// Envoy moves headers about when they are changed: nothing that was read before is valid any more.
    fn change(&self, header_type: crate::abi::HeaderType, change: impl FnOnce(&mut Pairs)) -> bool {
        let mut map = self.map(header_type).borrow_mut();
        let Some(pairs) = map.as_mut() else { return false };
        let mut moved: Pairs = pairs.iter().map(|(name, value)| (moved(name), moved(value))).collect();
        change(&mut moved);
        *map = Some(moved);
        true
    }
}

fn moved(bytes: &[u8]) -> Vec<u8> {
    bytes.to_vec()
}

impl FakeScheduler {
    fn wake(&self) {
        self.shared.wakes.lock().unwrap().push(self.stream);
    }
}

impl Drop for FakeScheduler {
    fn drop(&mut self) {
        self.shared.schedulers.fetch_sub(1, Ordering::Relaxed);
    }
}

impl FakeConfigScheduler {
    /// As Envoy, it holds the configuration meanwhile, and may be the last that does.
    fn wake(&self) {
        let ends = self
            .shared
            .ends_in_a_wake_up
            .swap(std::ptr::null_mut(), Ordering::AcqRel);
        if !ends.is_null() {
            crate::hooks::envoy_dynamic_module_on_http_filter_config_destroy(ends);
            self.is_over.store(true, Ordering::Release);
        }
        if !self.is_over.load(Ordering::Acquire) {
            self.shared.main_wakes.fetch_add(1, Ordering::AcqRel);
        }
    }
}

impl Drop for FakeConfigScheduler {
    fn drop(&mut self) {
        self.shared.schedulers.fetch_sub(1, Ordering::Relaxed);
    }
}
