//! A stream and what wakes it on its worker.

use super::{Header, Refused};
use crate::abi::{
    self, EnvoyBuffer, EnvoyHttpHeader, HeaderType, MetadataSource, ModuleBuffer, ModuleHttpHeader, bytes,
};
use std::cell::Cell;
use std::marker::PhantomData;

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
        // SAFETY: the stream is alive, and there is room for the number of headers that Envoy has just given.
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

    /// Makes Envoy select the route again when it is needed next.
    pub fn clear_route_cache(&mut self) {
        // SAFETY: the stream is alive.
        unsafe { abi::envoy_dynamic_module_callback_http_clear_route_cache(self.filter) };
    }

    /// Answers the request. The stream may be destroyed before this returns.
    pub fn send_response(self, status: u16, headers: &mut [ModuleHttpHeader], body: &[u8], details: &str) {
        // SAFETY: the stream is alive; everything that is borrowed is copied before the call returns.
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
    /// had. What is read of a route until then is of the old one. Envoy may change headers meanwhile (the request id, for tracing).
    pub fn choose_route(&mut self) {
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

    /// The names of the members of this namespace in the route's metadata; empty if there is none. `None`: Envoy gave a
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
        // SAFETY: the stream is alive, and there is room for the number of names that Envoy has just given.
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
