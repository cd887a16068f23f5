//! Envoy as safe code sees it: a stream, a configuration, their schedulers, the log. Every callback is called here.
//!
//! What a getter returns lives in Envoy's memory and is valid until a setter is called: getters borrow the stream, setters
//! borrow it mutably, so that the compiler sees to it.

use crate::abi::{
    self, EnvoyBuffer, EnvoyHttpHeader, HeaderType, LogLevel, MetadataSource, ModuleBuffer, ModuleHttpHeader, bytes,
};
use cognito_jwt::command::Severity;
use std::cell::Cell;
use std::marker::PhantomData;
use std::time::Duration;

/// Envoy does not do what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

/// A header, name and value, in Envoy's memory.
pub type Header<'a> = (&'a [u8], &'a [u8]);

/// One stream, during a hook that is about it or that runs on its worker.
#[derive(Debug)]
pub struct EnvoyStream<'a> {
    filter: abi::FilterEnvoyPtr,
    during_hook: PhantomData<&'a ()>,
}

impl<'a> EnvoyStream<'a> {
    /// The stream behind this pointer.
    ///
    /// # Safety
    /// It came from Envoy with a hook, its stream is not destroyed before `'a` ends, and this is its worker's thread.
    pub unsafe fn from_raw(filter: abi::FilterEnvoyPtr) -> EnvoyStream<'a> {
        EnvoyStream {
            filter,
            during_hook: PhantomData,
        }
    }

    /// All headers of this map in order; `None` if Envoy has none.
    pub fn headers(&self, map: HeaderType) -> Option<Vec<Header<'_>>> {
        // SAFETY: the stream is alive, see `from_raw`.
        let count = unsafe { abi::envoy_dynamic_module_callback_http_get_headers_size(self.filter, map) };
        let mut raw: Vec<EnvoyHttpHeader> = Vec::new();
        raw.try_reserve_exact(count).ok()?;
        // SAFETY: the stream is alive, and there is room for the number of headers that Envoy has just told.
        let is_there =
            unsafe { abi::envoy_dynamic_module_callback_http_get_headers(self.filter, map, raw.as_mut_ptr()) };
        if !is_there {
            return None;
        }
        // SAFETY: Envoy has written so many.
        unsafe { raw.set_len(count) };
        let header = |raw: EnvoyHttpHeader| {
            // SAFETY: Envoy's own bytes; valid until a setter is called, which needs `&mut self`.
            let name = unsafe { bytes(raw.key_ptr, raw.key_length) }?;
            // SAFETY: as above.
            let value = unsafe { bytes(raw.value_ptr, raw.value_length) }?;
            Some((name, value))
        };
        raw.into_iter().map(header).collect()
    }

    /// The first value of a header of this map.
    pub fn header(&self, map: HeaderType, name: &str) -> Option<&[u8]> {
        let mut value = EnvoyBuffer::EMPTY;
        let mut count = 0;
        // SAFETY: the stream is alive, and both results are ours to write to.
        let is_done = unsafe {
            abi::envoy_dynamic_module_callback_http_get_header(
                self.filter,
                map,
                ModuleBuffer::of(name.as_bytes()),
                &raw mut value,
                0,
                &raw mut count,
            )
        };
        if !is_done || count == 0 {
            return None;
        }
        // SAFETY: Envoy's own bytes; valid until a setter is called, which needs `&mut self`.
        unsafe { value.bytes() }
    }

    /// Removes all headers of this name.
    pub fn remove_header(&mut self, map: HeaderType, name: &[u8]) -> Result<(), Refused> {
        self.set(map, name, ModuleBuffer::NONE)
    }

    /// Sets a header to one value.
    pub fn set_header(&mut self, map: HeaderType, name: &[u8], value: &[u8]) -> Result<(), Refused> {
        self.set(map, name, ModuleBuffer::of(value))
    }

    fn set(&mut self, map: HeaderType, name: &[u8], value: ModuleBuffer) -> Result<(), Refused> {
        // SAFETY: the stream is alive, and name and value are copied before the call returns.
        let is_done = unsafe {
            abi::envoy_dynamic_module_callback_http_set_header(self.filter, map, ModuleBuffer::of(name), value)
        };
        is_done.then_some(()).ok_or(Refused)
    }

    /// Adds a header behind those that are there.
    pub fn add_header(&mut self, map: HeaderType, name: &[u8], value: &[u8]) -> Result<(), Refused> {
        // SAFETY: the stream is alive, and name and value are copied before the call returns.
        let is_done = unsafe {
            abi::envoy_dynamic_module_callback_http_add_header(
                self.filter,
                map,
                ModuleBuffer::of(name),
                ModuleBuffer::of(value),
            )
        };
        is_done.then_some(()).ok_or(Refused)
    }

    /// Makes Envoy choose the route anew when it is asked for next.
    pub fn clear_route_cache(&mut self) {
        // SAFETY: the stream is alive.
        unsafe { abi::envoy_dynamic_module_callback_http_clear_route_cache(self.filter) };
    }

    /// Answers the request. The stream may be destroyed before this returns.
    pub fn send_response(self, status: u16, headers: &mut [ModuleHttpHeader], body: &[u8], details: &str) {
        // SAFETY: the stream is alive; all that is lent is copied before the call returns.
        unsafe {
            abi::envoy_dynamic_module_callback_http_send_response(
                self.filter,
                u32::from(status),
                headers.as_mut_ptr(),
                headers.len(),
                ModuleBuffer::of(body),
                ModuleBuffer::of(details.as_bytes()),
            );
        }
    }

    /// Lets a paused request go on. The stream may be destroyed before this returns.
    pub fn continue_decoding(self) {
        // SAFETY: the stream is alive.
        unsafe { abi::envoy_dynamic_module_callback_http_filter_continue_decoding(self.filter) };
    }

    /// Sets filter state for access logs and later filters. Each name can be set once for a stream.
    pub fn set_filter_state(&mut self, name: &str, value: &str) -> Result<(), Refused> {
        // SAFETY: the stream is alive, and name and value are copied before the call returns.
        let is_done = unsafe {
            abi::envoy_dynamic_module_callback_http_set_filter_state_bytes(
                self.filter,
                ModuleBuffer::of(name.as_bytes()),
                ModuleBuffer::of(value.as_bytes()),
            )
        };
        is_done.then_some(()).ok_or(Refused)
    }

    /// Has Envoy choose the request's route now, if it has none: a filter in front, or this one, may have had it forget the one that it
    /// had. What is read of a route until then is of the old one.
    pub fn choose_route(&self) {
        // SAFETY: the stream is alive. The configuration for the route, which the filter has none of, is not looked at.
        let _none = unsafe { abi::envoy_dynamic_module_callback_get_most_specific_route_config(self.filter) };
    }

    /// The name of the request's route.
    pub fn route_name(&self) -> Option<&[u8]> {
        let mut name = EnvoyBuffer::EMPTY;
        // SAFETY: the stream is alive, and the result is ours to write to.
        let is_there = unsafe {
            abi::envoy_dynamic_module_callback_http_filter_get_attribute_string(
                self.filter,
                abi::AttributeId::XdsRouteName,
                &raw mut name,
            )
        };
        if !is_there {
            return None;
        }
        // SAFETY: Envoy's own bytes; valid until a setter is called, which needs `&mut self`.
        unsafe { name.bytes() }
    }

    /// The names of the members of this namespace in the route's metadata; empty if there is none. `None`: Envoy told a
    /// number of them, but not the names.
    pub fn route_metadata_names(&self, namespace: &str) -> Option<Vec<&[u8]>> {
        let namespace = ModuleBuffer::of(namespace.as_bytes());
        let source = MetadataSource::Route;
        // SAFETY: the stream is alive.
        let count =
            unsafe { abi::envoy_dynamic_module_callback_http_get_metadata_keys_count(self.filter, source, namespace) };
        if count == 0 {
            return Some(Vec::new());
        }
        let mut names: Vec<EnvoyBuffer> = Vec::new();
        names.try_reserve_exact(count).ok()?;
        // SAFETY: the stream is alive, and there is room for the number of names that Envoy has just told.
        let is_done = unsafe {
            abi::envoy_dynamic_module_callback_http_get_metadata_keys(
                self.filter,
                source,
                namespace,
                names.as_mut_ptr(),
            )
        };
        if !is_done {
            return None;
        }
        // SAFETY: Envoy has written so many.
        unsafe { names.set_len(count) };
        names
            .into_iter()
            // SAFETY: Envoy's own bytes; valid until a setter is called, which needs `&mut self`.
            .map(|name| unsafe { name.bytes() })
            .collect()
    }

    /// A string of the route's metadata.
    pub fn route_metadata_string(&self, namespace: &str, name: &[u8]) -> Option<&[u8]> {
        let mut value = EnvoyBuffer::EMPTY;
        // SAFETY: the stream is alive, and the result is ours to write to.
        let is_string = unsafe {
            abi::envoy_dynamic_module_callback_http_get_metadata_string(
                self.filter,
                MetadataSource::Route,
                ModuleBuffer::of(namespace.as_bytes()),
                ModuleBuffer::of(name),
                &raw mut value,
            )
        };
        if !is_string {
            return None;
        }
        // SAFETY: Envoy's own bytes; valid until a setter is called, which needs `&mut self`.
        unsafe { value.bytes() }
    }

    /// The length of a list of the route's metadata; `None` if it is no list.
    pub fn route_metadata_list_len(&self, namespace: &str, name: &[u8]) -> Option<usize> {
        let mut len = 0;
        // SAFETY: the stream is alive, and the result is ours to write to.
        let is_list = unsafe {
            abi::envoy_dynamic_module_callback_http_get_metadata_list_size(
                self.filter,
                MetadataSource::Route,
                ModuleBuffer::of(namespace.as_bytes()),
                ModuleBuffer::of(name),
                &raw mut len,
            )
        };
        is_list.then_some(len)
    }

    /// An element of a list of the route's metadata; `None` if it is no string.
    pub fn route_metadata_list_string(&self, namespace: &str, name: &[u8], index: usize) -> Option<&[u8]> {
        let mut value = EnvoyBuffer::EMPTY;
        // SAFETY: the stream is alive, and the result is ours to write to.
        let is_string = unsafe {
            abi::envoy_dynamic_module_callback_http_get_metadata_list_string(
                self.filter,
                MetadataSource::Route,
                ModuleBuffer::of(namespace.as_bytes()),
                ModuleBuffer::of(name),
                index,
                &raw mut value,
            )
        };
        if !is_string {
            return None;
        }
        // SAFETY: Envoy's own bytes; valid until a setter is called, which needs `&mut self`.
        unsafe { value.bytes() }
    }

    /// A way to wake this stream from another thread; `None` if Envoy gives none.
    pub fn scheduler(&self) -> Option<StreamScheduler> {
        // SAFETY: the stream is alive.
        let scheduler = unsafe { abi::envoy_dynamic_module_callback_http_filter_scheduler_new(self.filter) };
        (!scheduler.is_null()).then(|| StreamScheduler(scheduler))
    }
}

/// Wakes one stream on its worker.
#[derive(Debug)]
pub struct StreamScheduler(abi::FilterSchedulerPtr);

// SAFETY: Envoy's scheduler is made to be used from any thread.
unsafe impl Send for StreamScheduler {}

impl StreamScheduler {
    /// Has `on_http_filter_scheduled` called on the stream's worker; nothing happens if the stream is gone by then. To be
    /// called on the main thread only, which is the one that ends workers: from another it could meet one that has ended.
    pub fn wake(&self) {
        // SAFETY: the scheduler is ours until it is dropped.
        unsafe { abi::envoy_dynamic_module_callback_http_filter_scheduler_commit(self.0, 0) };
    }
}

impl Drop for StreamScheduler {
    fn drop(&mut self) {
        // SAFETY: it is deleted once, here.
        unsafe { abi::envoy_dynamic_module_callback_http_filter_scheduler_delete(self.0) };
    }
}

/// Envoy's side of one configuration. Metrics can be changed from any thread; calls are made on the main thread.
#[derive(Clone, Copy, Debug)]
pub struct EnvoyConfig(abi::ConfigEnvoyPtr);

// SAFETY: metrics are atomic and their table does not change once the configuration is made; `call` says where it may be used.
unsafe impl Send for EnvoyConfig {}
// SAFETY: as above.
unsafe impl Sync for EnvoyConfig {}

/// A metric's number.
#[derive(Clone, Copy, Debug)]
pub struct MetricId(usize);

/// A call that Envoy has under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CalloutId(pub u64);

/// Why a call is not under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CalloutRefused {
    /// Envoy knows no such cluster.
    ClusterNotFound,
    /// The cluster has no host that could be asked.
    CannotCreateRequest,
    /// Another result of the ABI.
    Other(u32),
}

impl EnvoyConfig {
    /// The configuration behind this pointer.
    ///
    /// # Safety
    /// It came from Envoy with `on_http_filter_config_new`, and is used no longer than the configuration lives.
    pub unsafe fn from_raw(config: abi::ConfigEnvoyPtr) -> EnvoyConfig {
        EnvoyConfig(config)
    }

    /// Defines a counter; only while the configuration is made.
    pub fn define_counter(self, name: &str) -> Result<MetricId, Refused> {
        let mut id = 0;
        // SAFETY: the configuration is alive; there are no labels; the result is ours to write to.
        let result = unsafe {
            abi::envoy_dynamic_module_callback_http_filter_config_define_counter(
                self.0,
                ModuleBuffer::of(name.as_bytes()),
                std::ptr::null_mut(),
                0,
                &raw mut id,
            )
        };
        (result == abi::METRICS_SUCCESS).then_some(MetricId(id)).ok_or(Refused)
    }

    /// Defines a gauge; only while the configuration is made.
    pub fn define_gauge(self, name: &str) -> Result<MetricId, Refused> {
        let mut id = 0;
        // SAFETY: the configuration is alive; there are no labels; the result is ours to write to.
        let result = unsafe {
            abi::envoy_dynamic_module_callback_http_filter_config_define_gauge(
                self.0,
                ModuleBuffer::of(name.as_bytes()),
                std::ptr::null_mut(),
                0,
                &raw mut id,
            )
        };
        (result == abi::METRICS_SUCCESS).then_some(MetricId(id)).ok_or(Refused)
    }

    /// Counts one. A count that fails changes no decision.
    pub fn increment(self, counter: MetricId) {
        // SAFETY: the configuration is alive; there are no labels.
        let _uncounted = unsafe {
            abi::envoy_dynamic_module_callback_http_filter_config_increment_counter(
                self.0,
                counter.0,
                std::ptr::null_mut(),
                0,
                1,
            )
        };
    }

    /// Sets a gauge.
    pub fn set_gauge(self, gauge: MetricId, value: u64) {
        // SAFETY: the configuration is alive; there are no labels.
        let _unrecorded = unsafe {
            abi::envoy_dynamic_module_callback_http_filter_config_set_gauge(
                self.0,
                gauge.0,
                std::ptr::null_mut(),
                0,
                value,
            )
        };
    }

    /// A way to the main thread; `None` if Envoy gives none.
    pub fn scheduler(self) -> Option<ConfigScheduler> {
        // SAFETY: the configuration is alive.
        let scheduler = unsafe { abi::envoy_dynamic_module_callback_http_filter_config_scheduler_new(self.0) };
        (!scheduler.is_null()).then(|| ConfigScheduler(scheduler))
    }

    /// Starts a call; on the main thread only, since Envoy's table of calls has no lock.
    pub fn call(
        self,
        cluster: &str,
        headers: &mut [ModuleHttpHeader],
        body: &[u8],
        timeout: Duration,
    ) -> Result<CalloutId, CalloutRefused> {
        let mut id = 0;
        // SAFETY: the configuration is alive, this is the main thread, and all that is lent is copied before the call returns.
        let result = unsafe {
            abi::envoy_dynamic_module_callback_http_filter_config_http_callout(
                self.0,
                &raw mut id,
                ModuleBuffer::of(cluster.as_bytes()),
                headers.as_mut_ptr(),
                headers.len(),
                ModuleBuffer::of(body),
                u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX),
            )
        };
        match result {
            abi::callout_init::SUCCESS => Ok(CalloutId(id)),
            abi::callout_init::CLUSTER_NOT_FOUND => Err(CalloutRefused::ClusterNotFound),
            abi::callout_init::CANNOT_CREATE_REQUEST => Err(CalloutRefused::CannotCreateRequest),
            other => Err(CalloutRefused::Other(other)),
        }
    }
}

/// Has `on_http_filter_config_scheduled` called on the main thread.
#[derive(Debug)]
pub struct ConfigScheduler(abi::ConfigSchedulerPtr);

// SAFETY: Envoy's scheduler is made to be used from any thread.
unsafe impl Send for ConfigScheduler {}

impl ConfigScheduler {
    /// Nothing happens if the configuration is gone by then.
    pub fn wake(&self) {
        // SAFETY: the scheduler is ours until it is dropped.
        unsafe { abi::envoy_dynamic_module_callback_http_filter_config_scheduler_commit(self.0, 0) };
    }
}

impl Drop for ConfigScheduler {
    fn drop(&mut self) {
        // SAFETY: it is deleted once, here.
        unsafe { abi::envoy_dynamic_module_callback_http_filter_config_scheduler_delete(self.0) };
    }
}

/// What came back of a call.
#[derive(Clone, Copy, Debug)]
pub struct Callout<'a> {
    result: u32,
    headers: &'a [EnvoyHttpHeader],
    body: &'a [EnvoyBuffer],
}

impl<'a> Callout<'a> {
    /// What Envoy hands over with `on_http_filter_config_http_callout_done`.
    ///
    /// # Safety
    /// It came with the hook, and `'a` ends with it.
    pub unsafe fn from_raw(
        result: u32,
        headers: *const EnvoyHttpHeader,
        headers_size: usize,
        body: *const EnvoyBuffer,
        body_size: usize,
    ) -> Callout<'a> {
        let headers = if headers.is_null() {
            &[][..]
        } else {
            // SAFETY: Envoy gave so many, valid until the hook returns.
            unsafe { std::slice::from_raw_parts(headers, headers_size) }
        };
        let body = if body.is_null() {
            &[][..]
        } else {
            // SAFETY: as above.
            unsafe { std::slice::from_raw_parts(body, body_size) }
        };
        Callout { result, headers, body }
    }

    /// Whether there is an answer.
    pub fn is_answered(&self) -> bool {
        self.result == abi::CALLOUT_SUCCESS
    }

    /// The first value of a header of the answer.
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        self.headers.iter().find_map(|header| {
            // SAFETY: Envoy's own bytes, valid until the hook returns.
            let found = unsafe { bytes(header.key_ptr, header.key_length) }?;
            // SAFETY: as above.
            let value = unsafe { bytes(header.value_ptr, header.value_length) }?;
            (found == name.as_bytes()).then_some(value)
        })
    }

    /// The length of the body.
    pub fn body_len(&self) -> usize {
        self.body
            .iter()
            .map(|chunk| chunk.length)
            .fold(0, usize::saturating_add)
    }

    /// The body in one piece.
    pub fn body(&self) -> Vec<u8> {
        let mut whole = Vec::with_capacity(self.body_len());
        for chunk in self.body {
            // SAFETY: Envoy's own bytes, valid until the hook returns.
            whole.extend_from_slice(unsafe { chunk.bytes() }.unwrap_or_default());
        }
        whole
    }
}

/// Writes a log line.
pub fn log(severity: Severity, line: &str) {
    // SAFETY: the line is copied before the call returns.
    unsafe { abi::envoy_dynamic_module_callback_log(level(severity), ModuleBuffer::of(line.as_bytes())) };
}

/// Whether anybody sees lines of this severity.
pub fn is_logged(severity: Severity) -> bool {
    // SAFETY: the call reads a number.
    unsafe { abi::envoy_dynamic_module_callback_log_enabled(level(severity)) }
}

fn level(severity: Severity) -> LogLevel {
    match severity {
        Severity::Debug => LogLevel::Debug,
        Severity::Info => LogLevel::Info,
        Severity::Warn => LogLevel::Warn,
        Severity::Error => LogLevel::Error,
    }
}

/// Whether Envoy only checks its configuration (`--mode validate`): no thread is to be started then, no call to be made.
pub fn is_validation_mode() -> bool {
    // SAFETY: the call reads a setting; configurations are made on the main thread.
    unsafe { abi::envoy_dynamic_module_callback_is_validation_mode() }
}

/// Envoy's pointer to a stream, until the stream is gone.
#[derive(Debug)]
pub struct StreamHandle(Cell<abi::FilterEnvoyPtr>);

impl StreamHandle {
    /// The handle of the stream behind this pointer.
    ///
    /// # Safety
    /// It came from Envoy with `on_http_filter_new`; [`StreamHandle::forget`] is called when the stream is destroyed; the
    /// handle stays on the thread that the stream is on.
    pub unsafe fn new(filter: abi::FilterEnvoyPtr) -> StreamHandle {
        StreamHandle(Cell::new(filter))
    }

    /// The stream; `None` once it is gone.
    pub fn get(&self) -> Option<EnvoyStream<'_>> {
        let filter = self.0.get();
        if filter.is_null() {
            return None;
        }
        // SAFETY: it has not been destroyed, or it would have been forgotten; this is its thread.
        Some(unsafe { EnvoyStream::from_raw(filter) })
    }

    /// The stream is gone.
    pub fn forget(&self) {
        self.0.set(std::ptr::null_mut());
    }
}
