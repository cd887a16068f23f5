//! The host calls that the SDK cannot make safely, and the only unsafe code of this crate.
//!
//! The SDK's own forms of these calls
//! - panic, which ends the VM of a worker, on header names or values that are not UTF-8 (`get_map`, and `get_map_bytes` for
//!   names), on a header map that is gone, on filter state that another filter has made read-only;
//! - take header names as `str` only;
//! - read the status as an enum that lacks values which hosts answer (12, "unimplemented", for a foreign function; 6, "off",
//!   for the log level): that is undefined behaviour;
//! - have no room for the response code details of a local reply.
//!
//! Here a status is a number, names and values are bytes, and every failure is an error for the caller to handle.
#![allow(unsafe_code)]

use proxy_wasm::types::{LogLevel, MapType};
use std::ptr::null_mut;

/// A status other than `Ok`, as Proxy-Wasm numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostStatus(pub u32);

/// What was asked for does not exist.
pub const NOT_FOUND: HostStatus = HostStatus(1);

/// What a host call gives.
pub type HostResult<T> = Result<T, HostStatus>;

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn proxy_get_log_level(level: *mut u32) -> u32;
    fn proxy_get_header_map_pairs(map: u32, data: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_add_header_map_value(
        map: u32,
        name: *const u8,
        name_size: usize,
        value: *const u8,
        value_size: usize,
    ) -> u32;
    fn proxy_replace_header_map_value(
        map: u32,
        name: *const u8,
        name_size: usize,
        value: *const u8,
        value_size: usize,
    ) -> u32;
    fn proxy_remove_header_map_value(map: u32, name: *const u8, name_size: usize) -> u32;
    fn proxy_send_local_response(
        status: u32,
        details: *const u8,
        details_size: usize,
        body: *const u8,
        body_size: usize,
        headers: *const u8,
        headers_size: usize,
        grpc_status: i32,
    ) -> u32;
    fn proxy_set_property(path: *const u8, path_size: usize, value: *const u8, value_size: usize) -> u32;
    fn proxy_call_foreign_function(
        name: *const u8,
        name_size: usize,
        argument: *const u8,
        argument_size: usize,
        data: *mut *mut u8,
        size: *mut usize,
    ) -> u32;
}

/// Returns the least severe level that the host's log shows; `None` if the host does not say.
pub fn log_level() -> Option<LogLevel> {
    let mut level = 0;
    // SAFETY: `level` outlives the call.
    checked(unsafe { proxy_get_log_level(&mut level) }).ok()?;
    Some(match level {
        0 => LogLevel::Trace,
        1 => LogLevel::Debug,
        2 => LogLevel::Info,
        3 => LogLevel::Warn,
        4 => LogLevel::Error,
        _ => LogLevel::Critical,
    })
}

/// Returns all pairs of a header map in the encoding of [`pairs`](crate::pairs).
///
/// # Errors
/// The map is gone.
pub fn header_pairs(map: MapType) -> HostResult<Vec<u8>> {
    // SAFETY: see `returned`.
    returned(|data, size| unsafe { proxy_get_header_map_pairs(map as u32, data, size) })
}

/// Adds a header.
///
/// # Errors
/// The map is gone.
pub fn add_header(map: MapType, name: &[u8], value: &[u8]) -> HostResult<()> {
    // SAFETY: both slices outlive the call, and the host copies them.
    checked(unsafe { proxy_add_header_map_value(map as u32, name.as_ptr(), name.len(), value.as_ptr(), value.len()) })
}

/// Sets a header to one value.
///
/// # Errors
/// The map is gone.
pub fn replace_header(map: MapType, name: &[u8], value: &[u8]) -> HostResult<()> {
    // SAFETY: both slices outlive the call, and the host copies them.
    checked(unsafe {
        proxy_replace_header_map_value(map as u32, name.as_ptr(), name.len(), value.as_ptr(), value.len())
    })
}

/// Removes all headers of this name.
///
/// # Errors
/// The map is gone.
pub fn remove_header(map: MapType, name: &[u8]) -> HostResult<()> {
    // SAFETY: the slice outlives the call.
    checked(unsafe { proxy_remove_header_map_value(map as u32, name.as_ptr(), name.len()) })
}

/// Answers the request of the effective context. `headers` are in the encoding of [`pairs`](crate::pairs).
///
/// # Errors
/// The host takes no answer.
pub fn send_local_response(status: u16, details: &str, body: &[u8], headers: &[u8]) -> HostResult<()> {
    /// The host derives the gRPC status from the HTTP status.
    const NO_GRPC_STATUS: i32 = -1;
    // SAFETY: all slices outlive the call, and the host copies them.
    checked(unsafe {
        proxy_send_local_response(
            u32::from(status),
            details.as_ptr(),
            details.len(),
            body.as_ptr(),
            body.len(),
            headers.as_ptr(),
            headers.len(),
            NO_GRPC_STATUS,
        )
    })
}

/// Sets a property of one path segment, which Envoy keeps as filter state.
///
/// # Errors
/// The host does not take it, such as for filter state that is read-only.
pub fn set_property(name: &str, value: &[u8]) -> HostResult<()> {
    // SAFETY: both slices outlive the call, and the host copies them.
    checked(unsafe { proxy_set_property(name.as_ptr(), name.len(), value.as_ptr(), value.len()) })
}

/// Calls a function that the host offers beyond Proxy-Wasm.
///
/// # Errors
/// There is no such function ([`NOT_FOUND`] in Envoy), or it failed.
pub fn call_foreign_function(name: &str, argument: &[u8]) -> HostResult<Vec<u8>> {
    // SAFETY: both slices outlive the call; and see `returned`.
    returned(|data, size| unsafe {
        proxy_call_foreign_function(name.as_ptr(), name.len(), argument.as_ptr(), argument.len(), data, size)
    })
}

fn checked(status: u32) -> HostResult<()> {
    if status == 0 { Ok(()) } else { Err(HostStatus(status)) }
}

/// Takes over the memory that the host allocated for what `call` returns.
fn returned(call: impl FnOnce(*mut *mut u8, *mut usize) -> u32) -> HostResult<Vec<u8>> {
    let mut data: *mut u8 = null_mut();
    let mut size = 0;
    checked(call(&mut data, &mut size))?;
    if data.is_null() || size == 0 {
        return Ok(Vec::new());
    }
    // SAFETY: the host got this block from the SDK's `proxy_on_memory_allocate(size)`, which makes a boxed slice of exactly
    // `size` bytes with the global allocator. The host has written all of them and keeps no pointer to them.
    Ok(unsafe { Vec::from_raw_parts(data, size, size) })
}
