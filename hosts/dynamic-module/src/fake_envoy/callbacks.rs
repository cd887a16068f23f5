//! The callbacks of `abi`, defined.

use super::{
    Cluster, FakeCall, FakeConfig, FakeConfigScheduler, FakeReply, FakeScheduler, FakeStream, Metadata, Pairs,
};
use crate::abi::{
    AttributeId, ConfigEnvoyPtr, ConfigSchedulerPtr, EnvoyBuffer, EnvoyHttpHeader, FilterEnvoyPtr, FilterSchedulerPtr,
    HeaderType, LogLevel, MetadataSource, ModuleBuffer, ModuleHttpHeader, callout_init,
};
use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::Ordering;

thread_local! {
    /// What was logged on this thread.
    pub static LOG: RefCell<Vec<(LogLevel, String)>> = const { RefCell::new(Vec::new()) };
    pub static IS_VALIDATING: Cell<bool> = const { Cell::new(false) };
}

/// What the module lent; null stands for no value.
///
/// # Safety
/// The module gave it with a callback that is running.
unsafe fn lent<'a>(buffer: ModuleBuffer) -> Option<&'a [u8]> {
    if buffer.ptr.is_null() {
        return None;
    }
    // SAFETY: the module vouches for it.
    Some(unsafe { std::slice::from_raw_parts(buffer.ptr, buffer.length) })
}

/// # Safety
/// As for [`lent`].
unsafe fn pairs(headers: *const ModuleHttpHeader, size: usize) -> Pairs {
    // SAFETY: the module vouches for it.
    let headers = unsafe { std::slice::from_raw_parts(headers, size) };
    headers
        .iter()
        .map(|header| {
            // SAFETY: as above.
            let name = unsafe { std::slice::from_raw_parts(header.key_ptr, header.key_length) };
            // SAFETY: as above.
            let value = unsafe { std::slice::from_raw_parts(header.value_ptr, header.value_length) };
            (name.to_vec(), value.to_vec())
        })
        .collect()
}

fn given(bytes: &[u8]) -> EnvoyBuffer {
    EnvoyBuffer {
        // Of nothing Envoy gives null, or a pointer to nothing.
        ptr: if bytes.is_empty() {
            std::ptr::null()
        } else {
            bytes.as_ptr()
        },
        length: bytes.len(),
    }
}

/// # Safety
/// The module got the pointer with its configuration, which is alive.
unsafe fn config<'a>(config: ConfigEnvoyPtr) -> &'a FakeConfig {
    // SAFETY: the caller vouches for it.
    let config = unsafe { &*config.cast::<FakeConfig>() };
    assert!(
        !config.is_over.load(Ordering::Acquire),
        "a callback about a configuration that is over"
    );
    config
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_callback_log(level: LogLevel, message: ModuleBuffer) {
    // SAFETY: it is lent for this callback.
    let line = String::from_utf8(unsafe { lent(message) }.unwrap().to_vec()).unwrap();
    assert!(
        !line.contains(super::token().rsplit('.').next().unwrap()),
        "a token was logged"
    );
    // A thread that ends logs nothing more.
    let _ended = LOG.try_with(|log| log.borrow_mut().push((level, line)));
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_callback_log_enabled(_level: LogLevel) -> bool {
    true
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_callback_is_validation_mode() -> bool {
    IS_VALIDATING.get()
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_callback_http_filter_config_define_counter(
    config_envoy: ConfigEnvoyPtr,
    name: ModuleBuffer,
    _label_names: *mut ModuleBuffer,
    label_names_length: usize,
    id: *mut usize,
) -> u32 {
    assert_eq!(label_names_length, 0);
    // SAFETY: the module's arguments.
    let (config, name) = unsafe { (config(config_envoy), lent(name).unwrap()) };
    let mut counters = config.shared.counters.lock().unwrap();
    counters.push((String::from_utf8(name.to_vec()).unwrap(), 0));
    // SAFETY: the module's to be written to.
    unsafe { *id = counters.len() };
    u32::from(!config.defines_metrics)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_callback_http_filter_config_define_gauge(
    config_envoy: ConfigEnvoyPtr,
    name: ModuleBuffer,
    _label_names: *mut ModuleBuffer,
    _label_names_length: usize,
    id: *mut usize,
) -> u32 {
    // SAFETY: the module's arguments.
    let (config, name) = unsafe { (config(config_envoy), lent(name).unwrap()) };
    let mut gauges = config.shared.gauges.lock().unwrap();
    gauges.push((String::from_utf8(name.to_vec()).unwrap(), 0));
    // SAFETY: the module's to be written to.
    unsafe { *id = gauges.len() };
    u32::from(!config.defines_metrics)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_callback_http_filter_config_increment_counter(
    config_envoy: ConfigEnvoyPtr,
    id: usize,
    _label_values: *mut ModuleBuffer,
    _label_values_length: usize,
    value: u64,
) -> u32 {
    // SAFETY: the module's arguments.
    let config = unsafe { config(config_envoy) };
    config.shared.counters.lock().unwrap()[id - 1].1 += value;
    0
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_callback_http_filter_config_set_gauge(
    config_envoy: ConfigEnvoyPtr,
    id: usize,
    _label_values: *mut ModuleBuffer,
    _label_values_length: usize,
    value: u64,
) -> u32 {
    // SAFETY: the module's arguments.
    let config = unsafe { config(config_envoy) };
    config.shared.gauges.lock().unwrap()[id - 1].1 = value;
    0
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_callback_http_get_header(
    filter: FilterEnvoyPtr,
    header_type: HeaderType,
    key: ModuleBuffer,
    result: *mut EnvoyBuffer,
    index: usize,
    optional_size: *mut usize,
) -> bool {
    // SAFETY: the module's arguments.
    let (stream, key) = unsafe { (FakeStream::of(filter), lent(key).unwrap()) };
    let map = stream.map(header_type).borrow();
    let Some(map) = map.as_ref() else { return false };
    let values: Vec<&Vec<u8>> = map
        .iter()
        .filter(|(name, _)| name == key)
        .map(|(_, value)| value)
        .collect();
    let value = values.get(index).map_or(EnvoyBuffer::EMPTY, |value| given(value));
    // SAFETY: the module's to be written to.
    unsafe { (*result, *optional_size) = (value, values.len()) };
    true
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_callback_http_get_headers_size(
    filter: FilterEnvoyPtr,
    header_type: HeaderType,
) -> usize {
    // SAFETY: the module's arguments.
    let stream = unsafe { FakeStream::of(filter) };
    stream.map(header_type).borrow().as_ref().map_or(0, Vec::len)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_callback_http_get_headers(
    filter: FilterEnvoyPtr,
    header_type: HeaderType,
    result: *mut EnvoyHttpHeader,
) -> bool {
    // SAFETY: the module's arguments.
    let stream = unsafe { FakeStream::of(filter) };
    let map = stream.map(header_type).borrow();
    let Some(pairs) = map.as_ref().filter(|_| !stream.failures.get().get_headers) else {
        return false;
    };
    for (place, (name, value)) in pairs.iter().enumerate() {
        let (name, value) = (given(name), given(value));
        let header = EnvoyHttpHeader {
            key_ptr: name.ptr,
            key_length: name.length,
            value_ptr: value.ptr,
            value_length: value.length,
        };
        // SAFETY: the module's, with room for as many as it was told.
        unsafe { result.add(place).write(header) };
    }
    true
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_callback_http_add_header(
    filter: FilterEnvoyPtr,
    header_type: HeaderType,
    key: ModuleBuffer,
    value: ModuleBuffer,
) -> bool {
    // SAFETY: the module's arguments.
    let (stream, key, value) = unsafe { (FakeStream::of(filter), lent(key).unwrap(), lent(value).unwrap()) };
    let (key, value) = (key.to_vec(), value.to_vec());
    !stream.failures.get().add_header && stream.change(header_type, |pairs| pairs.push((key, value)))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_callback_http_set_header(
    filter: FilterEnvoyPtr,
    header_type: HeaderType,
    key: ModuleBuffer,
    value: ModuleBuffer,
) -> bool {
    // SAFETY: the module's arguments.
    let (stream, key, value) = unsafe { (FakeStream::of(filter), lent(key).unwrap(), lent(value)) };
    let (key, value) = (key.to_ascii_lowercase(), value.map(<[u8]>::to_vec));
    !stream.failures.get().set_header
        && stream.change(header_type, |pairs| {
            pairs.retain(|(name, _)| *name != key);
            pairs.extend(value.map(|value| (key, value)));
        })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_callback_http_send_response(
    filter: FilterEnvoyPtr,
    status: u32,
    headers: *mut ModuleHttpHeader,
    headers_size: usize,
    body: ModuleBuffer,
    details: ModuleBuffer,
) {
    // SAFETY: the module's arguments.
    let (stream, headers, body, details) = unsafe {
        (
            FakeStream::of(filter),
            pairs(headers, headers_size),
            lent(body).unwrap(),
            lent(details).unwrap(),
        )
    };
    assert!(stream.reply.borrow().is_none(), "a request is answered once");
    *stream.reply.borrow_mut() = Some(FakeReply {
        status,
        headers,
        body: body.to_vec(),
        details: details.to_vec(),
    });
    stream.may_end();
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_callback_http_filter_continue_decoding(filter: FilterEnvoyPtr) {
    // SAFETY: the module's arguments.
    let stream = unsafe { FakeStream::of(filter) };
    assert!(
        !stream.is_in_hook.get(),
        "a hook lets its request go on by what it returns"
    );
    assert!(stream.reply.borrow().is_none(), "an answered request goes on");
    assert!(!stream.has_passed.replace(true), "a request goes on once");
    stream.may_end();
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_callback_http_clear_route_cache(filter: FilterEnvoyPtr) {
    // SAFETY: the module's arguments.
    unsafe { FakeStream::of(filter) }.is_route_forgotten.set(true);
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_callback_get_most_specific_route_config(
    filter: FilterEnvoyPtr,
) -> *const std::ffi::c_void {
    // SAFETY: the module's arguments.
    unsafe { FakeStream::of(filter) }.choose_route();
    std::ptr::null()
}

fn member<'a>(stream: &'a FakeStream, namespace: &[u8], key: &[u8]) -> Option<&'a Metadata> {
    assert_eq!(namespace, b"cognito");
    stream
        .metadata
        .iter()
        .find(|(name, _)| name == key)
        .map(|(_, value)| value)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_callback_http_get_metadata_keys_count(
    filter: FilterEnvoyPtr,
    _source: MetadataSource,
    _namespace: ModuleBuffer,
) -> usize {
    // SAFETY: the module's arguments.
    unsafe { FakeStream::of(filter) }.route_metadata().len()
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_callback_http_get_metadata_keys(
    filter: FilterEnvoyPtr,
    _source: MetadataSource,
    _namespace: ModuleBuffer,
    result: *mut EnvoyBuffer,
) -> bool {
    // SAFETY: the module's arguments.
    let stream = unsafe { FakeStream::of(filter) };
    for (place, (name, _)) in stream.route_metadata().iter().enumerate() {
        // SAFETY: the module's, with room for as many as it was told.
        unsafe { result.add(place).write(given(name)) };
    }
    !stream.failures.get().metadata_names
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_callback_http_get_metadata_string(
    filter: FilterEnvoyPtr,
    _source: MetadataSource,
    namespace: ModuleBuffer,
    key: ModuleBuffer,
    result: *mut EnvoyBuffer,
) -> bool {
    // SAFETY: the module's arguments.
    let (stream, namespace, key) = unsafe { (FakeStream::of(filter), lent(namespace).unwrap(), lent(key).unwrap()) };
    let Some(Metadata::Text(text)) = member(stream, namespace, key) else {
        return false;
    };
    // SAFETY: the module's to be written to.
    unsafe { *result = given(text) };
    true
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_callback_http_get_metadata_list_size(
    filter: FilterEnvoyPtr,
    _source: MetadataSource,
    namespace: ModuleBuffer,
    key: ModuleBuffer,
    result: *mut usize,
) -> bool {
    // SAFETY: the module's arguments.
    let (stream, namespace, key) = unsafe { (FakeStream::of(filter), lent(namespace).unwrap(), lent(key).unwrap()) };
    let Some(Metadata::List(elements)) = member(stream, namespace, key) else {
        return false;
    };
    // SAFETY: the module's to be written to.
    unsafe { *result = elements.len() };
    true
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_callback_http_get_metadata_list_string(
    filter: FilterEnvoyPtr,
    _source: MetadataSource,
    namespace: ModuleBuffer,
    key: ModuleBuffer,
    index: usize,
    result: *mut EnvoyBuffer,
) -> bool {
    // SAFETY: the module's arguments.
    let (stream, namespace, key) = unsafe { (FakeStream::of(filter), lent(namespace).unwrap(), lent(key).unwrap()) };
    let Some(Metadata::List(elements)) = member(stream, namespace, key) else {
        return false;
    };
    let Some(Some(text)) = elements.get(index) else {
        return false;
    };
    // SAFETY: the module's to be written to.
    unsafe { *result = given(text) };
    true
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_callback_http_set_filter_state_bytes(
    filter: FilterEnvoyPtr,
    key: ModuleBuffer,
    value: ModuleBuffer,
) -> bool {
    // SAFETY: the module's arguments.
    let (stream, key, value) = unsafe { (FakeStream::of(filter), lent(key).unwrap(), lent(value).unwrap()) };
    if stream.failures.get().filter_state {
        return false;
    }
    let mut state = stream.filter_state.borrow_mut();
    // Read-only, as Envoy makes it.
    let is_new = !state.contains_key(key);
    if is_new {
        state.insert(key.to_vec(), value.to_vec());
    }
    is_new
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_callback_http_filter_get_attribute_string(
    filter: FilterEnvoyPtr,
    _attribute: AttributeId,
    result: *mut EnvoyBuffer,
) -> bool {
    // SAFETY: the module's arguments.
    let stream = unsafe { FakeStream::of(filter) };
    let Some(name) = &stream.route_name else { return false };
    // SAFETY: the module's to be written to.
    unsafe { *result = given(name) };
    true
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_callback_http_filter_scheduler_new(
    filter: FilterEnvoyPtr,
) -> FilterSchedulerPtr {
    // SAFETY: the module's arguments.
    let stream = unsafe { FakeStream::of(filter) };
    if stream.failures.get().scheduler {
        return std::ptr::null_mut();
    }
    stream.shared.schedulers.fetch_add(1, Ordering::Relaxed);
    let scheduler = FakeScheduler {
        stream: stream.id,
        shared: Arc::clone(&stream.shared),
    };
    Box::into_raw(Box::new(scheduler)).cast()
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_callback_http_filter_scheduler_commit(
    scheduler: FilterSchedulerPtr,
    _event: u64,
) {
    // SAFETY: the module's own, not deleted.
    unsafe { &*scheduler.cast::<FakeScheduler>() }.wake();
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_callback_http_filter_scheduler_delete(scheduler: FilterSchedulerPtr) {
    // SAFETY: the module's own, deleted once.
    drop(unsafe { Box::from_raw(scheduler.cast::<FakeScheduler>()) });
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_callback_http_filter_config_scheduler_new(
    config_envoy: ConfigEnvoyPtr,
) -> ConfigSchedulerPtr {
    // SAFETY: the module's arguments.
    let config = unsafe { config(config_envoy) };
    if !config.gives_scheduler {
        return std::ptr::null_mut();
    }
    config.shared.schedulers.fetch_add(1, Ordering::Relaxed);
    let scheduler = FakeConfigScheduler {
        shared: Arc::clone(&config.shared),
        is_over: Arc::clone(&config.is_over),
    };
    Box::into_raw(Box::new(scheduler)).cast()
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_callback_http_filter_config_scheduler_commit(
    scheduler: ConfigSchedulerPtr,
    _event: u64,
) {
    // SAFETY: the module's own, not deleted.
    unsafe { &*scheduler.cast::<FakeConfigScheduler>() }.wake();
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_callback_http_filter_config_scheduler_delete(scheduler: ConfigSchedulerPtr) {
    // SAFETY: the module's own, deleted once.
    drop(unsafe { Box::from_raw(scheduler.cast::<FakeConfigScheduler>()) });
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_callback_http_filter_config_http_callout(
    config_envoy: ConfigEnvoyPtr,
    callout_id: *mut u64,
    cluster: ModuleBuffer,
    headers: *mut ModuleHttpHeader,
    headers_size: usize,
    body: ModuleBuffer,
    timeout: u64,
) -> u32 {
    // SAFETY: the module's arguments.
    let (config, cluster, headers, body) = unsafe {
        (
            config(config_envoy),
            lent(cluster).unwrap(),
            pairs(headers, headers_size),
            lent(body).unwrap(),
        )
    };
    match config.cluster.get() {
        Cluster::Works => {}
        Cluster::Unknown => return callout_init::CLUSTER_NOT_FOUND,
        Cluster::NoHost => return callout_init::CANNOT_CREATE_REQUEST,
        Cluster::Refuses => return 1,
    }
    let id = config.last_call.get() + 1;
    config.last_call.set(id);
    config.calls.borrow_mut().push(FakeCall {
        id,
        cluster: String::from_utf8(cluster.to_vec()).unwrap(),
        headers,
        body: body.to_vec(),
        timeout,
    });
    // SAFETY: the module's to be written to.
    unsafe { *callout_id = id };
    callout_init::SUCCESS
}
