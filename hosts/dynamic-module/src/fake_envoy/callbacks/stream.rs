//! The callbacks about a stream.

use super::{given, lent, pairs};
use crate::abi::{
    AttributeId, EnvoyBuffer, EnvoyHttpHeader, FilterEnvoyPtr, FilterSchedulerPtr, HeaderType, MetadataSource,
    ModuleBuffer, ModuleHttpHeader,
};
use crate::fake_envoy::{FakeReply, FakeScheduler, FakeStream, Metadata};
use std::sync::Arc;
use std::sync::atomic::Ordering;

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
        // SAFETY: the module's, with room for the number that it got.
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
        // SAFETY: the module's, with room for the number that it got.
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
