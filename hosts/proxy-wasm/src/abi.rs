//! The host calls of Proxy-Wasm 0.2.1 that the filter makes, with bytes instead of text and errors instead of panics.
//!
//! The Rust SDK's wrappers panic on header bytes that are no UTF-8 and on statuses they do not expect: one request could end a
//! worker's VM with either.

use std::ptr::null_mut;

/// A status that is not `Ok`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostStatus(pub u32);

/// `BadArgument`: of a call, that its cluster is unknown.
pub const BAD_ARGUMENT: HostStatus = HostStatus(2);
/// `NotFound`.
pub const NOT_FOUND: HostStatus = HostStatus(1);

/// What a host call gives.
pub type HostResult<T> = Result<T, HostStatus>;

/// The header maps that are read or changed.
#[derive(Clone, Copy)]
#[repr(u32)]
pub enum HeaderMap {
    /// Request headers.
    Request = 0,
    /// Request trailers.
    RequestTrailers = 1,
    /// The headers of a call's answer.
    CallAnswer = 6,
}

/// The buffers that are read.
#[derive(Clone, Copy)]
#[repr(u32)]
pub enum Buffer {
    /// The body of a call's answer.
    CallAnswer = 4,
    /// The plugin's configuration.
    PluginConfiguration = 7,
}

#[link(wasm_import_module = "wasi_snapshot_preview1")]
unsafe extern "C" {
    fn random_get(bytes: *mut u8, size: usize) -> u16;
}

const HTTP_REQUEST_STREAM: u32 = 0;
/// The host makes the gRPC status from the HTTP status by itself.
const NO_GRPC_STATUS: i32 = -1;

/// The kinds of metrics that are defined.
#[derive(Clone, Copy)]
#[repr(u32)]
pub enum MetricKind {
    /// It only grows.
    Counter = 0,
    /// It is set.
    Gauge = 1,
}

/// What the host is told of a callback about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Action {
    /// On to the next filter.
    Continue = 0,
    /// It waits.
    Pause = 1,
}

/// The levels of the host's log.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u32)]
pub enum LogLevel {
    /// Debug.
    Debug = 1,
    /// Info.
    Info = 2,
    /// Warn.
    Warn = 3,
    /// Error.
    Error = 4,
}

unsafe extern "C" {
    fn proxy_get_header_map_pairs(map: u32, data: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_get_header_map_value(
        map: u32,
        name: *const u8,
        name_size: usize,
        data: *mut *mut u8,
        size: *mut usize,
    ) -> u32;
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
    fn proxy_continue_stream(stream: u32) -> u32;
    fn proxy_set_effective_context(context: u32) -> u32;
    fn proxy_get_property(path: *const u8, path_size: usize, data: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_set_property(path: *const u8, path_size: usize, value: *const u8, value_size: usize) -> u32;
    fn proxy_increment_metric(metric: u32, offset: i64) -> u32;
    fn proxy_record_metric(metric: u32, value: u64) -> u32;
    fn proxy_get_current_time_nanoseconds(time: *mut u64) -> u32;
    fn proxy_set_tick_period_milliseconds(period: u32) -> u32;
    fn proxy_get_shared_data(
        name: *const u8,
        name_size: usize,
        data: *mut *mut u8,
        size: *mut usize,
        version: *mut u32,
    ) -> u32;
    fn proxy_set_shared_data(name: *const u8, name_size: usize, data: *const u8, size: usize, version: u32) -> u32;
    fn proxy_log(level: u32, line: *const u8, line_size: usize) -> u32;
    fn proxy_get_log_level(level: *mut u32) -> u32;
    fn proxy_define_metric(kind: u32, name: *const u8, name_size: usize, metric: *mut u32) -> u32;
    fn proxy_http_call(
        cluster: *const u8,
        cluster_size: usize,
        headers: *const u8,
        headers_size: usize,
        body: *const u8,
        body_size: usize,
        trailers: *const u8,
        trailers_size: usize,
        timeout: u32,
        call: *mut u32,
    ) -> u32;
    fn proxy_get_buffer_bytes(buffer: u32, start: usize, limit: usize, data: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_call_foreign_function(
        name: *const u8,
        name_size: usize,
        argument: *const u8,
        argument_size: usize,
        data: *mut *mut u8,
        size: *mut usize,
    ) -> u32;
}

/// All pairs of a header map, in the ABI's encoding: see [`pairs`](crate::pairs).
pub fn header_pairs(map: HeaderMap) -> HostResult<Vec<u8>> {
    returned(|data, size| unsafe { proxy_get_header_map_pairs(map as u32, data, size) })
}

/// The first value of a header.
pub fn header_value(map: HeaderMap, name: &str) -> HostResult<Vec<u8>> {
    returned(|data, size| unsafe { proxy_get_header_map_value(map as u32, name.as_ptr(), name.len(), data, size) })
}

/// Adds a request header.
pub fn add_request_header(name: &[u8], value: &[u8]) -> HostResult<()> {
    let map = HeaderMap::Request as u32;
    checked(unsafe { proxy_add_header_map_value(map, name.as_ptr(), name.len(), value.as_ptr(), value.len()) })
}

/// Sets a request header to one value.
pub fn replace_request_header(name: &[u8], value: &[u8]) -> HostResult<()> {
    let map = HeaderMap::Request as u32;
    checked(unsafe { proxy_replace_header_map_value(map, name.as_ptr(), name.len(), value.as_ptr(), value.len()) })
}

/// Removes all headers of this name.
pub fn remove_header(map: HeaderMap, name: &[u8]) -> HostResult<()> {
    checked(unsafe { proxy_remove_header_map_value(map as u32, name.as_ptr(), name.len()) })
}

/// Answers the request. `headers` are in the ABI's encoding of pairs. The SDK has no room for the response code details.
pub fn send_local_response(status: u16, details: &str, body: &[u8], headers: &[u8]) -> HostResult<()> {
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

/// Lets the paused request of the effective context go on.
pub fn resume_request() -> HostResult<()> {
    checked(unsafe { proxy_continue_stream(HTTP_REQUEST_STREAM) })
}

/// Makes what follows about another context. `BadArgument` if that is gone.
pub fn set_effective_context(context: u32) -> HostResult<()> {
    checked(unsafe { proxy_set_effective_context(context) })
}

/// A property; `path` is its parts with a NUL between them.
pub fn property(path: &[u8]) -> HostResult<Vec<u8>> {
    returned(|data, size| unsafe { proxy_get_property(path.as_ptr(), path.len(), data, size) })
}

/// Sets a property of one part: filter state.
pub fn set_property(name: &str, value: &[u8]) -> HostResult<()> {
    checked(unsafe { proxy_set_property(name.as_ptr(), name.len(), value.as_ptr(), value.len()) })
}

/// Adds to a counter.
pub fn increment_metric(metric: u32, by: u32) -> HostResult<()> {
    checked(unsafe { proxy_increment_metric(metric, i64::from(by)) })
}

/// Sets a gauge.
pub fn record_metric(metric: u32, value: u64) -> HostResult<()> {
    checked(unsafe { proxy_record_metric(metric, value) })
}

/// Nanoseconds since 1970.
pub fn current_time() -> HostResult<u64> {
    let mut time = 0_u64;
    checked(unsafe { proxy_get_current_time_nanoseconds(&mut time) })?;
    Ok(time)
}

/// Starts the timer of the plugin's ticks over.
pub fn set_tick_period(millis: u32) -> HostResult<()> {
    checked(unsafe { proxy_set_tick_period_milliseconds(millis) })
}

/// An entry of the shared data with its version.
pub fn shared_data(name: &str) -> HostResult<(Vec<u8>, u32)> {
    let mut version = 0_u32;
    let bytes =
        returned(|data, size| unsafe { proxy_get_shared_data(name.as_ptr(), name.len(), data, size, &mut version) })?;
    Ok((bytes, version))
}

/// Writes an entry of the shared data if its version is still this one.
pub fn set_shared_data(name: &str, bytes: &[u8], version: u32) -> HostResult<()> {
    checked(unsafe { proxy_set_shared_data(name.as_ptr(), name.len(), bytes.as_ptr(), bytes.len(), version) })
}

/// Writes a line of the host's log.
pub fn log(level: LogLevel, line: &str) -> HostResult<()> {
    checked(unsafe { proxy_log(level as u32, line.as_ptr(), line.len()) })
}

/// Whether the host's log shows lines of this level.
pub fn shows(level: LogLevel) -> bool {
    let mut shown = u32::MAX;
    checked(unsafe { proxy_get_log_level(&mut shown) }).is_ok() && shown <= level as u32
}

/// Defines a metric; its number.
pub fn define_metric(kind: MetricKind, name: &str) -> HostResult<u32> {
    let mut metric = 0_u32;
    checked(unsafe { proxy_define_metric(kind as u32, name.as_ptr(), name.len(), &mut metric) })?;
    Ok(metric)
}

/// Sends a call; its number. `headers` are in the ABI's encoding of pairs, `timeout` is in milliseconds.
pub fn http_call(cluster: &str, headers: &[u8], body: &[u8], timeout: u32) -> HostResult<u32> {
    /// No pairs.
    const NO_TRAILERS: [u8; 4] = [0; 4];
    let mut call = 0_u32;
    checked(unsafe {
        proxy_http_call(
            cluster.as_ptr(),
            cluster.len(),
            headers.as_ptr(),
            headers.len(),
            body.as_ptr(),
            body.len(),
            NO_TRAILERS.as_ptr(),
            NO_TRAILERS.len(),
            timeout,
            &mut call,
        )
    })?;
    Ok(call)
}

/// A random number of the host's; `None` if it gives none.
pub fn random() -> Option<u64> {
    let mut bytes = [0_u8; 8];
    let errno = unsafe { random_get(bytes.as_mut_ptr(), bytes.len()) };
    (errno == 0).then_some(u64::from_le_bytes(bytes))
}

/// At most `limit` bytes of a buffer.
pub fn buffer(buffer: Buffer, limit: usize) -> HostResult<Vec<u8>> {
    returned(|data, size| unsafe { proxy_get_buffer_bytes(buffer as u32, 0, limit, data, size) })
}

/// Calls a function that the host offers beyond the ABI.
pub fn call_foreign_function(name: &str, argument: &[u8]) -> HostResult<Vec<u8>> {
    returned(|data, size| unsafe {
        proxy_call_foreign_function(name.as_ptr(), name.len(), argument.as_ptr(), argument.len(), data, size)
    })
}

fn checked(status: u32) -> HostResult<()> {
    if status == 0 { Ok(()) } else { Err(HostStatus(status)) }
}

/// Takes over the memory that the host had allocated for what it returns.
fn returned(call: impl FnOnce(*mut *mut u8, *mut usize) -> u32) -> HostResult<Vec<u8>> {
    let mut data: *mut u8 = null_mut();
    let mut size = 0_usize;
    checked(call(&mut data, &mut size))?;
    if data.is_null() || size == 0 {
        return Ok(Vec::new());
    }
    // SAFETY: the host got this block from `proxy_on_memory_allocate(size)`, which makes a boxed slice of exactly `size` bytes
    // with the global allocator, has written all of them and gave it away.
    Ok(unsafe { Vec::from_raw_parts(data, size, size) })
}
