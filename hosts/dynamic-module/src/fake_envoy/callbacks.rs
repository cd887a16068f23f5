//! The callbacks of `abi`, defined: here those about a configuration and about nothing, in `stream` those about a stream.

mod stream;

use super::{Cluster, FakeCall, FakeConfig, FakeConfigScheduler, Pairs};
use crate::abi::{
    ConfigEnvoyPtr, ConfigSchedulerPtr, EnvoyBuffer, LogLevel, ModuleBuffer, ModuleHttpHeader, callout_init,
};
use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::Ordering;

thread_local! {
    /// What was logged on this thread.
    pub static LOG: RefCell<Vec<(LogLevel, String)>> = const { RefCell::new(Vec::new()) };
    pub static IS_VALIDATING: Cell<bool> = const { Cell::new(false) };
}

/// Returns the module's bytes; null means no value.
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
    // SAFETY: it is borrowed for this callback.
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
