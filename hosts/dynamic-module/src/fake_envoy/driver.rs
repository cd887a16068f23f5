//! What Envoy does with the module, step by step, as a test wants it. The thread of the test is the main thread and the worker.

use super::callbacks::{IS_VALIDATING, LOG};
use super::{Cluster, Failures, FakeCall, FakeConfig, FakeReply, FakeStream, Metadata, Pairs, Shared};
use crate::abi::{EnvoyBuffer, EnvoyHttpHeader, LogLevel, headers_status};
use crate::hooks;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ffi::c_void;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// What has become of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Passage {
    /// It went to the next filter.
    Passed,
    /// It waits.
    Waits,
    /// It was answered.
    Answered(FakeReply),
    /// It is paused without a response: a client would wait forever.
    Stuck,
}

/// What a call is answered with.
#[derive(Clone, Debug)]
pub enum Answered {
    /// Status and body, in chunks.
    With(String, Vec<Vec<u8>>),
    /// It failed with this result.
    Failed(u32),
}

/// An Envoy with one configuration.
pub struct FakeEnvoy {
    config: Box<FakeConfig>,
    module: *const c_void,
    #[allow(clippy::vec_box, reason = "the module keeps pointers to them")]
    streams: Vec<Box<FakeStream>>,
    shared: Arc<Shared>,
}

fn buffer(bytes: &[u8]) -> EnvoyBuffer {
    EnvoyBuffer {
        ptr: bytes.as_ptr(),
        length: bytes.len(),
    }
}

impl FakeEnvoy {
    /// Starts with this configuration; `None` if it is refused.
    pub fn start(configuration: &str) -> Option<FakeEnvoy> {
        FakeEnvoy::start_with(configuration, true, true)
    }

    pub fn start_with(configuration: &str, defines_metrics: bool, gives_scheduler: bool) -> Option<FakeEnvoy> {
        // Without the panic hook: a test that fails is to say why.
        crate::logging::set_up_logger();
        let shared = Arc::new(Shared::default());
        let config = Box::new(FakeConfig {
            shared: Arc::clone(&shared),
            is_over: Arc::new(AtomicBool::new(false)),
            defines_metrics,
            gives_scheduler,
            calls: RefCell::default(),
            last_call: Cell::new(0),
            cluster: Cell::new(Cluster::Works),
        });
        let pointer = (&raw const *config).cast_mut().cast();
        let module = hooks::envoy_dynamic_module_on_http_filter_config_new(
            pointer,
            buffer(b"cognito"),
            buffer(configuration.as_bytes()),
        );
        if module.is_null() {
            assert_eq!(
                shared.schedulers.load(Ordering::Relaxed),
                0,
                "a scheduler is left of a refused configuration"
            );
            return None;
        }
        Some(FakeEnvoy {
            config,
            module,
            streams: Vec::new(),
            shared,
        })
    }

    pub fn validating<T>(part: impl FnOnce() -> T) -> T {
        IS_VALIDATING.set(true);
        let result = part();
        IS_VALIDATING.set(false);
        result
    }

    /// From now on calls through clusters end so.
    pub fn set_cluster(&self, cluster: Cluster) {
        self.config.cluster.set(cluster);
    }

    /// Returns a new stream with these request headers.
    pub fn stream(&mut self, headers: Pairs) -> usize {
        self.stream_on_route(headers, None, Vec::new())
    }

    pub fn stream_on_route(
        &mut self,
        headers: Pairs,
        route_name: Option<Vec<u8>>,
        metadata: Vec<(Vec<u8>, Metadata)>,
    ) -> usize {
        let id = self.streams.len();
        let stream = Box::new(FakeStream {
            id,
            headers: RefCell::new(Some(headers)),
            trailers: RefCell::new(None),
            response: RefCell::new(None),
            filter_state: RefCell::default(),
            route_name,
            metadata,
            is_tier_route: Cell::new(false),
            is_route_forgotten: Cell::new(true),
            failures: Cell::default(),
            reply: RefCell::new(None),
            has_passed: Cell::new(false),
            is_in_hook: Cell::new(false),
            ends_at_once: Cell::new(false),
            is_destroyed: Cell::new(false),
            module: Cell::new(std::ptr::null()),
            shared: Arc::clone(&self.shared),
        });
        // Before the first filter.
        stream.choose_route();
        let module = hooks::envoy_dynamic_module_on_http_filter_new(self.module, stream.pointer());
        stream.module.set(module);
        self.streams.push(stream);
        id
    }

    pub fn fail(&self, stream: usize, failures: Failures) {
        self.streams[stream].failures.set(failures);
    }

    /// The stream is destroyed inside the callback that answers it or lets it go on, where Envoy may do so.
    pub fn end_at_once(&self, stream: usize) {
        self.streams[stream].ends_at_once.set(true);
    }

    /// Delivers the request's headers.
    pub fn headers(&self, stream: usize, end_of_stream: bool) -> Passage {
        let stream = &self.streams[stream];
        let status = stream.in_hook(|| {
            hooks::envoy_dynamic_module_on_http_filter_request_headers(
                stream.pointer(),
                stream.module.get(),
                end_of_stream,
            )
        });
        if status == headers_status::CONTINUE {
            assert!(stream.reply.borrow().is_none(), "an answered request goes on");
            stream.has_passed.set(true);
        }
        let passage = self.passage(stream.id);
        match status {
            headers_status::CONTINUE => assert_eq!(passage, Passage::Passed),
            headers_status::STOP_ALL_ITERATION_AND_WATERMARK => assert_eq!(passage, Passage::Waits),
            headers_status::STOP_ITERATION => assert!(matches!(passage, Passage::Answered(_) | Passage::Stuck)),
            other => panic!("status {other}"),
        }
        passage
    }

    /// Delivers a part of the body. Returns whether it goes on.
    pub fn body(&self, stream: usize, end_of_stream: bool) -> bool {
        let stream = &self.streams[stream];
        let status = stream.in_hook(|| {
            hooks::envoy_dynamic_module_on_http_filter_request_body(
                stream.pointer(),
                stream.module.get(),
                end_of_stream,
            )
        });
        status == 0
    }

    /// Delivers the trailers. Returns those that go on.
    pub fn trailers(&self, stream: usize, trailers: Option<Pairs>) -> Option<Pairs> {
        let stream = &self.streams[stream];
        *stream.trailers.borrow_mut() = trailers;
        let status = stream.in_hook(|| {
            hooks::envoy_dynamic_module_on_http_filter_request_trailers(stream.pointer(), stream.module.get())
        });
        (status == 0).then(|| stream.trailers.borrow().clone().unwrap_or_default())
    }

    /// Delivers the response's headers. Returns what they become.
    pub fn response(&self, stream: usize, headers: Pairs) -> Pairs {
        let stream = &self.streams[stream];
        *stream.response.borrow_mut() = Some(headers);
        let status =
            hooks::envoy_dynamic_module_on_http_filter_response_headers(stream.pointer(), stream.module.get(), false);
        assert_eq!(status, headers_status::CONTINUE);
        stream.response.borrow().clone().unwrap_or_default()
    }

    /// The stream is over.
    pub fn destroy(&self, stream: usize) {
        self.streams[stream].destroy();
    }

    pub fn is_destroyed(&self, stream: usize) -> bool {
        self.streams[stream].is_destroyed.get()
    }

    /// Returns what has become of the request.
    pub fn passage(&self, stream: usize) -> Passage {
        let stream = &self.streams[stream];
        match &*stream.reply.borrow() {
            Some(reply) => Passage::Answered(reply.clone()),
            None if stream.has_passed.get() => Passage::Passed,
            None if self.module_waits(stream) => Passage::Waits,
            None => Passage::Stuck,
        }
    }

    /// Reports whether the module makes the stream wait: such a stream has a scheduler, or nothing could resume it.
    fn module_waits(&self, _stream: &FakeStream) -> bool {
        self.shared.schedulers.load(Ordering::Relaxed) > 1
    }

    /// Returns the request's headers as the next filter gets them.
    pub fn request_headers(&self, stream: usize) -> Pairs {
        self.streams[stream].headers.borrow().clone().unwrap()
    }

    pub fn filter_state(&self, stream: usize) -> BTreeMap<Vec<u8>, Vec<u8>> {
        self.streams[stream].filter_state.borrow().clone()
    }

    /// Runs the main thread if it was woken. Returns whether it was.
    pub fn run_main(&self) -> bool {
        if self.shared.main_wakes.swap(0, Ordering::AcqRel) == 0 {
            return false;
        }
        hooks::envoy_dynamic_module_on_http_filter_config_scheduled(self.config.pointer(), self.module, 0);
        true
    }

    /// Runs the worker's streams that were woken. Returns whether any was.
    pub fn run_worker(&self) -> bool {
        let wakes = std::mem::take(&mut *self.shared.wakes.lock().unwrap());
        for stream in &wakes {
            let stream = &self.streams[*stream];
            // Nothing happens if it is gone by then.
            if !stream.is_destroyed.get() {
                hooks::envoy_dynamic_module_on_http_filter_scheduled(stream.pointer(), stream.module.get(), 0);
            }
        }
        !wakes.is_empty()
    }

    /// Runs main thread and worker until the condition holds; the time in between is the ticker's.
    pub fn run_until(&self, what: &str, condition: impl Fn(&FakeEnvoy) -> bool) {
        let began = Instant::now();
        while !condition(self) {
            assert!(
                began.elapsed() < Duration::from_secs(20),
                "nothing came of: {what}; logged: {:?}",
                FakeEnvoy::log()
            );
            if !(self.run_main() | self.run_worker()) {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }

    /// Lets the next wake-up of the main thread be the last that holds the configuration, and waits for that.
    pub fn end_in_a_wake_up(mut self) {
        let module = std::mem::replace(&mut self.module, std::ptr::null());
        self.shared
            .ends_in_a_wake_up
            .store(module.cast_mut(), Ordering::Release);
        self.await_end();
    }

    /// Waits until nothing is left of the configuration: the ticker may be about to use it.
    fn await_end(&self) {
        let began = Instant::now();
        while self.shared.schedulers.load(Ordering::Relaxed) > 0 {
            assert!(began.elapsed() < Duration::from_secs(20), "schedulers are left");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Returns the calls under way.
    pub fn calls(&self) -> Vec<FakeCall> {
        self.config.calls.borrow().clone()
    }

    /// A call has ended.
    pub fn answer(&self, id: u64, answered: &Answered) {
        self.config.calls.borrow_mut().retain(|call| call.id != id);
        let (result, status, chunks) = match answered {
            Answered::With(status, chunks) => (0, Some(status), chunks.as_slice()),
            Answered::Failed(result) => (*result, None, &[][..]),
        };
        let mut headers: Vec<EnvoyHttpHeader> = status
            .into_iter()
            .map(|status| EnvoyHttpHeader {
                key_ptr: b":status".as_ptr(),
                key_length: 7,
                value_ptr: status.as_ptr(),
                value_length: status.len(),
            })
            .collect();
        let mut body: Vec<EnvoyBuffer> = chunks.iter().map(|chunk| buffer(chunk)).collect();
        let is_empty = headers.is_empty();
        hooks::envoy_dynamic_module_on_http_filter_config_http_callout_done(
            self.config.pointer(),
            self.module,
            id,
            result,
            if is_empty {
                std::ptr::null_mut()
            } else {
                headers.as_mut_ptr()
            },
            headers.len(),
            if body.is_empty() {
                std::ptr::null_mut()
            } else {
                body.as_mut_ptr()
            },
            body.len(),
        );
    }

    /// Returns a metric's value.
    pub fn counter(&self, name: &str) -> u64 {
        let counters = self.shared.counters.lock().unwrap();
        counters.iter().find(|(found, _)| found == name).unwrap().1
    }

    pub fn gauge(&self, name: &str) -> u64 {
        let gauges = self.shared.gauges.lock().unwrap();
        gauges.iter().find(|(found, _)| found == name).unwrap().1
    }

    /// Schedulers of waiting streams.
    pub fn waiting_schedulers(&self) -> usize {
        self.shared.schedulers.load(Ordering::Relaxed).saturating_sub(1)
    }

    /// Returns what was logged on this thread.
    pub fn log() -> Vec<(LogLevel, String)> {
        LOG.with_borrow(Clone::clone)
    }

    pub fn forget_log() {
        LOG.with_borrow_mut(Vec::clear);
    }
}

impl Drop for FakeEnvoy {
    fn drop(&mut self) {
        for stream in &self.streams {
            stream.destroy();
        }
        hooks::envoy_dynamic_module_on_http_filter_config_destroy(self.module);
        self.config.is_over.store(true, Ordering::Release);
        if !std::thread::panicking() {
            self.await_end();
        }
    }
}

impl FakeConfig {
    fn pointer(&self) -> *mut c_void {
        (&raw const *self).cast_mut().cast()
    }
}

impl FakeStream {
    pub(super) fn pointer(&self) -> *mut c_void {
        (&raw const *self).cast_mut().cast()
    }

    fn in_hook<T>(&self, hook: impl FnOnce() -> T) -> T {
        assert!(!self.is_destroyed.get());
        self.is_in_hook.set(true);
        let result = hook();
        self.is_in_hook.set(false);
        result
    }

    /// It has been answered, or goes on: then it may end before the callback returns, unless a hook about it is running.
    pub(super) fn may_end(&self) {
        if self.ends_at_once.get() && !self.is_in_hook.get() {
            self.destroy();
        }
    }

    fn destroy(&self) {
        if self.is_destroyed.replace(true) {
            return;
        }
        hooks::envoy_dynamic_module_on_http_filter_stream_complete(self.pointer(), self.module.get());
        hooks::envoy_dynamic_module_on_http_filter_destroy(self.module.get());
    }
}
