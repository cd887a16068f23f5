//! The functions that Envoy calls: all required hooks, each behind a guard, and the two optional ones that the filter needs.

use crate::abi::{self, EnvoyBuffer, EnvoyHttpHeader};
use crate::envoy::{Callout, CalloutId, EnvoyConfig, StreamHandle};
use crate::guard::guarded;
use crate::instance::Instance;
use crate::stream::Stream;
use crate::worker::{self, Worker};
use crate::{configuration, logging, root};
use std::ffi::c_char;
use std::mem::ManuallyDrop;
use std::rc::Rc;
use std::sync::Arc;

/// Returns the configuration behind Envoy's pointer to it, borrowed for the length of a hook.
///
/// # Safety
/// The pointer is what `config_new` returned, and `config_destroy` has not been called with it.
unsafe fn instance(config: abi::ConfigModulePtr) -> ManuallyDrop<Arc<Instance>> {
    // SAFETY: it came from `Arc::into_raw`; Envoy's count is not given back here.
    ManuallyDrop::new(unsafe { Arc::from_raw(config.cast()) })
}

/// Returns the stream behind Envoy's pointer to it. A hook holds it itself, since its stream may be destroyed before the hook
/// returns.
///
/// # Safety
/// The pointer is what `filter_new` returned, `filter_destroy` has not been called with it, and this is the stream's thread.
unsafe fn stream(filter: abi::FilterModulePtr) -> Rc<Stream> {
    let filter: *const Stream = filter.cast();
    // SAFETY: it came from `Rc::into_raw`, and Envoy's count is still held.
    unsafe { Rc::increment_strong_count(filter) };
    // SAFETY: as above; this is the count that has just been added.
    unsafe { Rc::from_raw(filter) }
}

#[unsafe(no_mangle)]
pub extern "C" fn envoy_dynamic_module_on_program_init() -> *const c_char {
    guarded(logging::set_up, || (), ());
    abi::VERSION.as_ptr()
}

#[unsafe(no_mangle)]
pub extern "C" fn envoy_dynamic_module_on_http_filter_config_new(
    config_envoy: abi::ConfigEnvoyPtr,
    _name: EnvoyBuffer,
    config: EnvoyBuffer,
) -> abi::ConfigModulePtr {
    let begin = || {
        // SAFETY: Envoy's pointer to the configuration that it makes, which lives until `config_destroy`.
        let envoy = unsafe { EnvoyConfig::from_raw(config_envoy) };
        // SAFETY: Envoy's bytes, valid until the hook returns.
        let text = unsafe { config.bytes() }?;
        Some(Arc::into_raw(configuration::begin(envoy, text)?).cast())
    };
    guarded(begin, || None, None).unwrap_or(std::ptr::null())
}

#[unsafe(no_mangle)]
pub extern "C" fn envoy_dynamic_module_on_http_filter_config_destroy(config: abi::ConfigModulePtr) {
    if config.is_null() {
        return;
    }
    // SAFETY: what `config_new` returned, given back once, here.
    let instance: Arc<Instance> = unsafe { Arc::from_raw(config.cast()) };
    guarded(|| configuration::end(&instance), || (), ());
}

#[unsafe(no_mangle)]
pub extern "C" fn envoy_dynamic_module_on_http_filter_config_scheduled(
    _config_envoy: abi::ConfigEnvoyPtr,
    config: abi::ConfigModulePtr,
    _event: u64,
) {
    if config.is_null() {
        return;
    }
    // SAFETY: Envoy calls hooks of a configuration only while it lives.
    let instance = unsafe { instance(config) };
    guarded(|| root::on_scheduled(&instance), || root::on_panic(&instance), ());
}

#[unsafe(no_mangle)]
pub extern "C" fn envoy_dynamic_module_on_http_filter_config_http_callout_done(
    _config_envoy: abi::ConfigEnvoyPtr,
    config: abi::ConfigModulePtr,
    id: u64,
    result: u32,
    headers: *mut EnvoyHttpHeader,
    headers_size: usize,
    body: *mut EnvoyBuffer,
    body_size: usize,
) {
    if config.is_null() {
        return;
    }
    // SAFETY: Envoy calls hooks of a configuration only while it lives.
    let instance = unsafe { instance(config) };
    // SAFETY: Envoy's own, valid until the hook returns.
    let callout = unsafe { Callout::from_raw(result, headers, headers_size, body, body_size) };
    guarded(
        || root::on_callout_done(&instance, CalloutId(id), &callout),
        || root::on_panic(&instance),
        (),
    );
}

#[unsafe(no_mangle)]
pub extern "C" fn envoy_dynamic_module_on_http_filter_new(
    config: abi::ConfigModulePtr,
    filter_envoy: abi::FilterEnvoyPtr,
) -> abi::FilterModulePtr {
    // SAFETY: Envoy makes streams of a configuration only while it lives.
    let instance = unsafe { instance(config) };
    let new = |worker| {
        // SAFETY: Envoy's pointer to the new stream; `filter_destroy` forgets it; streams do not change threads.
        let handle = unsafe { StreamHandle::new(filter_envoy) };
        Rc::into_raw(Rc::new(Stream::new(worker, handle))).cast()
    };
    // Null has Envoy 1.40 close the stream. In 1.39 the request stays: its hook stops it. Nothing passes in either.
    guarded(|| new(Worker::of(&instance)), || new(None), std::ptr::null())
}

#[unsafe(no_mangle)]
pub extern "C" fn envoy_dynamic_module_on_http_filter_destroy(filter: abi::FilterModulePtr) {
    if filter.is_null() {
        return;
    }
    // SAFETY: what `filter_new` returned, given back once, here, on the stream's thread.
    let stream: Rc<Stream> = unsafe { Rc::from_raw(filter.cast()) };
    guarded(|| stream.on_gone(), || (), ());
    guarded(|| drop(stream), || (), ());
    guarded(worker::forget_ended, || (), ());
}

#[unsafe(no_mangle)]
pub extern "C" fn envoy_dynamic_module_on_http_filter_request_headers(
    _filter_envoy: abi::FilterEnvoyPtr,
    filter: abi::FilterModulePtr,
    end_of_stream: bool,
) -> u32 {
    if filter.is_null() {
        return abi::headers_status::STOP_ITERATION;
    }
    // SAFETY: Envoy calls hooks of a stream only while it lives, on its thread.
    let stream = unsafe { stream(filter) };
    guarded(
        || stream.on_headers(end_of_stream),
        || {
            stream.on_panic();
            abi::headers_status::STOP_ITERATION
        },
        abi::headers_status::STOP_ITERATION,
    )
}

#[unsafe(no_mangle)]
pub extern "C" fn envoy_dynamic_module_on_http_filter_request_body(
    _filter_envoy: abi::FilterEnvoyPtr,
    filter: abi::FilterModulePtr,
    _end_of_stream: bool,
) -> u32 {
    if filter.is_null() {
        return abi::body_status::STOP_ITERATION_NO_BUFFER;
    }
    // SAFETY: Envoy calls hooks of a stream only while it lives, on its thread.
    let stream = unsafe { stream(filter) };
    let stop = abi::body_status::STOP_ITERATION_NO_BUFFER;
    guarded(|| stream.on_body(), || stop, stop)
}

#[unsafe(no_mangle)]
pub extern "C" fn envoy_dynamic_module_on_http_filter_request_trailers(
    _filter_envoy: abi::FilterEnvoyPtr,
    filter: abi::FilterModulePtr,
) -> u32 {
    if filter.is_null() {
        return abi::trailers_status::STOP_ITERATION;
    }
    // SAFETY: Envoy calls hooks of a stream only while it lives, on its thread.
    let stream = unsafe { stream(filter) };
    guarded(
        || stream.on_trailers(),
        || {
            stream.on_trailers_panic();
            abi::trailers_status::STOP_ITERATION
        },
        abi::trailers_status::STOP_ITERATION,
    )
}

#[unsafe(no_mangle)]
pub extern "C" fn envoy_dynamic_module_on_http_filter_scheduled(
    _filter_envoy: abi::FilterEnvoyPtr,
    filter: abi::FilterModulePtr,
    _event: u64,
) {
    if filter.is_null() {
        return;
    }
    // SAFETY: Envoy calls hooks of a stream only while it lives, on its thread.
    let stream = unsafe { stream(filter) };
    guarded(|| stream.on_scheduled(), || stream.on_panic(), ());
}

#[unsafe(no_mangle)]
pub extern "C" fn envoy_dynamic_module_on_http_filter_response_headers(
    _filter_envoy: abi::FilterEnvoyPtr,
    filter: abi::FilterModulePtr,
    _end_of_stream: bool,
) -> u32 {
    if !filter.is_null() {
        // SAFETY: Envoy calls hooks of a stream only while it lives, on its thread.
        let stream = unsafe { stream(filter) };
        guarded(|| stream.on_response_headers(), || (), ());
    }
    abi::headers_status::CONTINUE
}

// The rest is demanded by Envoy and of no concern to the filter: nothing here can panic.

#[unsafe(no_mangle)]
pub extern "C" fn envoy_dynamic_module_on_http_filter_response_body(
    _filter_envoy: abi::FilterEnvoyPtr,
    _filter: abi::FilterModulePtr,
    _end_of_stream: bool,
) -> u32 {
    abi::body_status::CONTINUE
}

#[unsafe(no_mangle)]
pub extern "C" fn envoy_dynamic_module_on_http_filter_response_trailers(
    _filter_envoy: abi::FilterEnvoyPtr,
    _filter: abi::FilterModulePtr,
) -> u32 {
    abi::trailers_status::CONTINUE
}

#[unsafe(no_mangle)]
pub extern "C" fn envoy_dynamic_module_on_http_filter_stream_complete(
    _filter_envoy: abi::FilterEnvoyPtr,
    _filter: abi::FilterModulePtr,
) {
}

#[unsafe(no_mangle)]
pub extern "C" fn envoy_dynamic_module_on_http_filter_http_callout_done(
    _filter_envoy: abi::FilterEnvoyPtr,
    _filter: abi::FilterModulePtr,
    _id: u64,
    _result: u32,
    _headers: *mut EnvoyHttpHeader,
    _headers_size: usize,
    _body: *mut EnvoyBuffer,
    _body_size: usize,
) {
}

#[unsafe(no_mangle)]
pub extern "C" fn envoy_dynamic_module_on_http_filter_http_stream_headers(
    _filter_envoy: abi::FilterEnvoyPtr,
    _filter: abi::FilterModulePtr,
    _id: u64,
    _headers: *mut EnvoyHttpHeader,
    _headers_size: usize,
    _end_of_stream: bool,
) {
}

#[unsafe(no_mangle)]
pub extern "C" fn envoy_dynamic_module_on_http_filter_http_stream_data(
    _filter_envoy: abi::FilterEnvoyPtr,
    _filter: abi::FilterModulePtr,
    _id: u64,
    _data: *const EnvoyBuffer,
    _data_size: usize,
    _end_of_stream: bool,
) {
}

#[unsafe(no_mangle)]
pub extern "C" fn envoy_dynamic_module_on_http_filter_http_stream_trailers(
    _filter_envoy: abi::FilterEnvoyPtr,
    _filter: abi::FilterModulePtr,
    _id: u64,
    _trailers: *mut EnvoyHttpHeader,
    _trailers_size: usize,
) {
}

#[unsafe(no_mangle)]
pub extern "C" fn envoy_dynamic_module_on_http_filter_http_stream_complete(
    _filter_envoy: abi::FilterEnvoyPtr,
    _filter: abi::FilterModulePtr,
    _id: u64,
) {
}

#[unsafe(no_mangle)]
pub extern "C" fn envoy_dynamic_module_on_http_filter_http_stream_reset(
    _filter_envoy: abi::FilterEnvoyPtr,
    _filter: abi::FilterModulePtr,
    _id: u64,
    _reason: u32,
) {
}

#[unsafe(no_mangle)]
pub extern "C" fn envoy_dynamic_module_on_http_filter_downstream_above_write_buffer_high_watermark(
    _filter_envoy: abi::FilterEnvoyPtr,
    _filter: abi::FilterModulePtr,
) {
}

#[unsafe(no_mangle)]
pub extern "C" fn envoy_dynamic_module_on_http_filter_downstream_below_write_buffer_low_watermark(
    _filter_envoy: abi::FilterEnvoyPtr,
    _filter: abi::FilterModulePtr,
) {
}
