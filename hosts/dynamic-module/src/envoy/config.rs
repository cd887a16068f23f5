//! A configuration: its metrics, its calls, and what wakes the main thread.

use super::Refused;
use crate::abi::{self, EnvoyBuffer, EnvoyHttpHeader, ModuleBuffer, ModuleHttpHeader, bytes};
use std::time::Duration;

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
        // SAFETY: the configuration is alive, this is the main thread, and everything that is borrowed is copied before the call returns.
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
// SAFETY: it has a weak reference to the configuration and one to the main thread's dispatcher, and a commit only reads them.
unsafe impl Sync for ConfigScheduler {}

impl ConfigScheduler {
    /// Nothing happens if the configuration is gone by then. Meanwhile Envoy holds it: if all others let it go, it is destroyed before
    /// this returns, with the hook for that on this thread. So no lock may be held that the hook takes.
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
    /// What Envoy passes to `on_http_filter_config_http_callout_done`.
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
