//! The part of Envoy's dynamic module ABI that the filter uses, version 0.2.0 (Envoy 1.40): types and callbacks as
//! `source/extensions/dynamic_modules/abi/abi.h` of envoyproxy/envoy declares them. There is no crate that does.
//!
//! Everything here is in Envoy 1.39 as well. The module is linked with `BIND_NOW`, so that an Envoy without one of these
//! callbacks refuses to load it instead of failing at the first call.

use std::ffi::{CStr, c_void};

/// The version of the ABI that this file declares; Envoy logs a warning if its own is another.
pub const VERSION: &CStr = c"v0.2.0";

/// Envoy's filter configuration (`DynamicModuleHttpFilterConfig`).
pub type ConfigEnvoyPtr = *mut c_void;
/// Our filter configuration, as Envoy keeps it.
pub type ConfigModulePtr = *const c_void;
/// Envoy's filter of one stream (`DynamicModuleHttpFilter`).
pub type FilterEnvoyPtr = *mut c_void;
/// Our filter of one stream, as Envoy keeps it.
pub type FilterModulePtr = *const c_void;
/// A way to run something on the worker thread of one stream. Made by Envoy, deleted by us.
pub type FilterSchedulerPtr = *mut c_void;
/// A way to run something on the main thread. Made by Envoy, deleted by us.
pub type ConfigSchedulerPtr = *mut c_void;

/// Bytes of Envoy's. Valid until the hook returns, or until a setter of what they belong to is called.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct EnvoyBuffer {
    /// The first byte; may be null if there are none.
    pub ptr: *const u8,
    /// How many.
    pub length: usize,
}

impl EnvoyBuffer {
    /// No bytes.
    pub const EMPTY: EnvoyBuffer = EnvoyBuffer {
        ptr: std::ptr::null(),
        length: 0,
    };

    /// Returns the bytes; `None` for a length that no bytes have.
    ///
    /// # Safety
    /// Envoy gave them, and they are valid for `'a`.
    pub unsafe fn bytes<'a>(self) -> Option<&'a [u8]> {
        // SAFETY: the caller vouches for it.
        unsafe { bytes(self.ptr, self.length) }
    }
}

/// Envoy's bytes; `None` for a length that no bytes have.
///
/// # Safety
/// Envoy gave them, and they are valid for `'a`.
pub unsafe fn bytes<'a>(ptr: *const u8, length: usize) -> Option<&'a [u8]> {
    if ptr.is_null() || isize::try_from(length).is_err() {
        return (length == 0).then_some(&[]);
    }
    // SAFETY: not null and no longer than any object is; the caller vouches for the rest.
    Some(unsafe { std::slice::from_raw_parts(ptr, length) })
}

/// Our bytes, which Envoy borrows for the length of a callback.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ModuleBuffer {
    /// The first byte.
    pub ptr: *const u8,
    /// How many.
    pub length: usize,
}

impl ModuleBuffer {
    /// What stands for no value at all: `set_header` removes the header then.
    pub const NONE: ModuleBuffer = ModuleBuffer {
        ptr: std::ptr::null(),
        length: 0,
    };

    /// These bytes. An empty slice has a pointer that is not null, so that it is a value.
    pub const fn of(bytes: &[u8]) -> ModuleBuffer {
        ModuleBuffer {
            ptr: bytes.as_ptr(),
            length: bytes.len(),
        }
    }
}

/// A header of Envoy's. Its bytes are valid for as long as those of an [`EnvoyBuffer`].
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct EnvoyHttpHeader {
    /// The name.
    pub key_ptr: *const u8,
    /// Its length.
    pub key_length: usize,
    /// The value.
    pub value_ptr: *const u8,
    /// Its length.
    pub value_length: usize,
}

/// One of our headers, which Envoy borrows for the length of a callback.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ModuleHttpHeader {
    /// The name.
    pub key_ptr: *const u8,
    /// Its length.
    pub key_length: usize,
    /// The value.
    pub value_ptr: *const u8,
    /// Its length.
    pub value_length: usize,
}

impl ModuleHttpHeader {
    /// This name with this value.
    pub const fn of(name: &[u8], value: &[u8]) -> ModuleHttpHeader {
        ModuleHttpHeader {
            key_ptr: name.as_ptr(),
            key_length: name.len(),
            value_ptr: value.as_ptr(),
            value_length: value.len(),
        }
    }
}

/// Which header map of a stream.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderType {
    /// The request's headers.
    RequestHeader = 0,
    /// The request's trailers.
    RequestTrailer = 1,
    /// The response's headers.
    ResponseHeader = 2,
}

/// A log line's level.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// Debug.
    Debug = 1,
    /// Info.
    Info = 2,
    /// Warning.
    Warn = 3,
    /// Error.
    Error = 4,
}

/// Where metadata is read: only the route's is.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetadataSource {
    /// The route's.
    Route = 1,
}

/// The attributes that are read, by their place in the header's list.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttributeId {
    /// `xds.route_name`.
    XdsRouteName = 61,
}

/// Statuses of `on_http_filter_request_headers`.
pub mod headers_status {
    /// On to the next filter.
    pub const CONTINUE: u32 = 0;
    /// The filter has answered.
    pub const STOP_ITERATION: u32 = 1;
    /// Nothing goes on, neither headers nor body nor trailers, until the filter says so. `STOP_ITERATION` would let the
    /// body, and with it the request, pass as soon as the body hook returns `CONTINUE`.
    pub const STOP_ALL_ITERATION_AND_WATERMARK: u32 = 4;
}

/// Statuses of `on_http_filter_request_body`.
pub mod body_status {
    /// On to the next filter.
    pub const CONTINUE: u32 = 0;
    /// Kept, with back pressure on the client.
    pub const STOP_ITERATION_AND_WATERMARK: u32 = 2;
    /// Dropped.
    pub const STOP_ITERATION_NO_BUFFER: u32 = 3;
}

/// Statuses of `on_http_filter_request_trailers`.
pub mod trailers_status {
    /// On to the next filter.
    pub const CONTINUE: u32 = 0;
    /// Kept.
    pub const STOP_ITERATION: u32 = 1;
}

/// Result of defining or changing a metric: it was done.
pub const METRICS_SUCCESS: u32 = 0;

/// How the start of a call went.
pub mod callout_init {
    /// It is in progress; `on_http_filter_config_http_callout_done` will report its end.
    pub const SUCCESS: u32 = 0;
    /// Envoy knows no cluster of this name.
    pub const CLUSTER_NOT_FOUND: u32 = 2;
    /// The cluster has no host that could be asked.
    pub const CANNOT_CREATE_REQUEST: u32 = 4;
}

/// Result of a call: there is an answer, if only Envoy's own 503 or 504.
pub const CALLOUT_SUCCESS: u32 = 0;

// The signatures are those of abi.h, C's enums as `u32`. Strings are bytes: nothing says that Envoy's are UTF-8.
unsafe extern "C" {
    pub fn envoy_dynamic_module_callback_log(level: LogLevel, message: ModuleBuffer);
    pub fn envoy_dynamic_module_callback_log_enabled(level: LogLevel) -> bool;

    pub fn envoy_dynamic_module_callback_http_filter_config_define_counter(
        config: ConfigEnvoyPtr,
        name: ModuleBuffer,
        label_names: *mut ModuleBuffer,
        label_names_length: usize,
        id: *mut usize,
    ) -> u32;
    pub fn envoy_dynamic_module_callback_http_filter_config_define_gauge(
        config: ConfigEnvoyPtr,
        name: ModuleBuffer,
        label_names: *mut ModuleBuffer,
        label_names_length: usize,
        id: *mut usize,
    ) -> u32;
    pub fn envoy_dynamic_module_callback_http_filter_config_increment_counter(
        config: ConfigEnvoyPtr,
        id: usize,
        label_values: *mut ModuleBuffer,
        label_values_length: usize,
        value: u64,
    ) -> u32;
    pub fn envoy_dynamic_module_callback_http_filter_config_set_gauge(
        config: ConfigEnvoyPtr,
        id: usize,
        label_values: *mut ModuleBuffer,
        label_values_length: usize,
        value: u64,
    ) -> u32;

    pub fn envoy_dynamic_module_callback_http_get_header(
        filter: FilterEnvoyPtr,
        header_type: HeaderType,
        key: ModuleBuffer,
        result: *mut EnvoyBuffer,
        index: usize,
        optional_size: *mut usize,
    ) -> bool;
    pub fn envoy_dynamic_module_callback_http_get_headers_size(
        filter: FilterEnvoyPtr,
        header_type: HeaderType,
    ) -> usize;
    pub fn envoy_dynamic_module_callback_http_get_headers(
        filter: FilterEnvoyPtr,
        header_type: HeaderType,
        result: *mut EnvoyHttpHeader,
    ) -> bool;
    pub fn envoy_dynamic_module_callback_http_add_header(
        filter: FilterEnvoyPtr,
        header_type: HeaderType,
        key: ModuleBuffer,
        value: ModuleBuffer,
    ) -> bool;
    pub fn envoy_dynamic_module_callback_http_set_header(
        filter: FilterEnvoyPtr,
        header_type: HeaderType,
        key: ModuleBuffer,
        value: ModuleBuffer,
    ) -> bool;
    pub fn envoy_dynamic_module_callback_http_send_response(
        filter: FilterEnvoyPtr,
        status_code: u32,
        headers: *mut ModuleHttpHeader,
        headers_size: usize,
        body: ModuleBuffer,
        details: ModuleBuffer,
    );

    pub fn envoy_dynamic_module_callback_http_get_metadata_keys_count(
        filter: FilterEnvoyPtr,
        source: MetadataSource,
        namespace: ModuleBuffer,
    ) -> usize;
    pub fn envoy_dynamic_module_callback_http_get_metadata_keys(
        filter: FilterEnvoyPtr,
        source: MetadataSource,
        namespace: ModuleBuffer,
        result: *mut EnvoyBuffer,
    ) -> bool;
    pub fn envoy_dynamic_module_callback_http_get_metadata_string(
        filter: FilterEnvoyPtr,
        source: MetadataSource,
        namespace: ModuleBuffer,
        key: ModuleBuffer,
        result: *mut EnvoyBuffer,
    ) -> bool;
    pub fn envoy_dynamic_module_callback_http_get_metadata_list_size(
        filter: FilterEnvoyPtr,
        source: MetadataSource,
        namespace: ModuleBuffer,
        key: ModuleBuffer,
        result: *mut usize,
    ) -> bool;
    pub fn envoy_dynamic_module_callback_http_get_metadata_list_string(
        filter: FilterEnvoyPtr,
        source: MetadataSource,
        namespace: ModuleBuffer,
        key: ModuleBuffer,
        index: usize,
        result: *mut EnvoyBuffer,
    ) -> bool;
    pub fn envoy_dynamic_module_callback_http_set_filter_state_bytes(
        filter: FilterEnvoyPtr,
        key: ModuleBuffer,
        value: ModuleBuffer,
    ) -> bool;
    pub fn envoy_dynamic_module_callback_http_filter_get_attribute_string(
        filter: FilterEnvoyPtr,
        attribute: AttributeId,
        result: *mut EnvoyBuffer,
    ) -> bool;
    pub fn envoy_dynamic_module_callback_http_filter_continue_decoding(filter: FilterEnvoyPtr);
    pub fn envoy_dynamic_module_callback_http_clear_route_cache(filter: FilterEnvoyPtr);
    pub fn envoy_dynamic_module_callback_get_most_specific_route_config(filter: FilterEnvoyPtr) -> *const c_void;

    pub fn envoy_dynamic_module_callback_http_filter_scheduler_new(filter: FilterEnvoyPtr) -> FilterSchedulerPtr;
    pub fn envoy_dynamic_module_callback_http_filter_scheduler_commit(scheduler: FilterSchedulerPtr, event: u64);
    pub fn envoy_dynamic_module_callback_http_filter_scheduler_delete(scheduler: FilterSchedulerPtr);
    pub fn envoy_dynamic_module_callback_http_filter_config_scheduler_new(config: ConfigEnvoyPtr)
    -> ConfigSchedulerPtr;
    pub fn envoy_dynamic_module_callback_http_filter_config_scheduler_commit(scheduler: ConfigSchedulerPtr, event: u64);
    pub fn envoy_dynamic_module_callback_http_filter_config_scheduler_delete(scheduler: ConfigSchedulerPtr);
    pub fn envoy_dynamic_module_callback_http_filter_config_http_callout(
        config: ConfigEnvoyPtr,
        callout_id: *mut u64,
        cluster: ModuleBuffer,
        headers: *mut ModuleHttpHeader,
        headers_size: usize,
        body: ModuleBuffer,
        timeout_milliseconds: u64,
    ) -> u32;

    pub fn envoy_dynamic_module_callback_is_validation_mode() -> bool;
}
