//! The host calls that the filter owes its users for each request, and nothing else: no token is read, no rule, everything
//! passes. What is left is what no filter could save that strips forged headers, obeys the route's metadata, sends two identity
//! headers and sets three entries of filter state. With a configuration it also lets the host verify a signature for each
//! request: the configuration is the argument of `verify_signature`, in hexadecimal digits.
#![no_std]

use core::ptr::{addr_of, addr_of_mut, null_mut};

unsafe extern "C" {
    fn proxy_get_buffer_bytes(buffer: u32, start: usize, limit: usize, data: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_get_header_map_pairs(map: u32, data: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_add_header_map_value(map: u32, name: *const u8, name_size: usize, value: *const u8, value_size: usize) -> u32;
    fn proxy_get_property(path: *const u8, path_size: usize, data: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_set_property(path: *const u8, path_size: usize, value: *const u8, value_size: usize) -> u32;
    fn proxy_get_current_time_nanoseconds(time: *mut u64) -> u32;
    fn proxy_call_foreign_function(
        name: *const u8,
        name_size: usize,
        argument: *const u8,
        argument_size: usize,
        data: *mut *mut u8,
        size: *mut usize,
    ) -> u32;
}

const ROOM: usize = 64 * 1024;
const PLUGIN_CONFIGURATION: u32 = 7;
const REQUEST_HEADERS: u32 = 0;
const PAUSE: u32 = 1;

/// What the host returns goes here, one call after the other: nothing is kept.
static mut RETURNED: [u8; ROOM] = [0; ROOM];
static mut ARGUMENT: [u8; ROOM] = [0; ROOM];
static mut ARGUMENT_SIZE: usize = 0;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

#[unsafe(no_mangle)]
extern "C" fn proxy_abi_version_0_2_1() {}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_memory_allocate(size: usize) -> *mut u8 {
    if size <= ROOM { addr_of_mut!(RETURNED).cast() } else { null_mut() }
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_context_create(_id: u32, _parent: u32) {}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_delete(_id: u32) {}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_configure(_id: u32, size: usize) -> u32 {
    u32::from(size == 0 || read_argument().is_some())
}

fn read_argument() -> Option<()> {
    let (mut data, mut size) = (null_mut(), 0);
    // SAFETY: a VM of Proxy-Wasm has one thread; the host has written `size` bytes at `data`, which lie in `RETURNED`.
    unsafe {
        if proxy_get_buffer_bytes(PLUGIN_CONFIGURATION, 0, ROOM, &mut data, &mut size) != 0 {
            return None;
        }
        let digit = |at: usize| char::from(*data.add(at)).to_digit(16);
        for place in 0..size / 2 {
            let byte = digit(2 * place)? << 4 | digit(2 * place + 1)?;
            addr_of_mut!(ARGUMENT).cast::<u8>().add(place).write(byte as u8);
        }
        ARGUMENT_SIZE = size / 2;
    }
    Some(())
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_headers(_id: u32, _headers: u32, _end_of_stream: u32) -> u32 {
    // SAFETY: all pointers are to what lives longer than the calls.
    u32::from(unsafe { serve() }) * PAUSE
}

/// Whether a call failed that must not fail.
unsafe fn serve() -> bool {
    let (mut data, mut size, mut time) = (null_mut(), 0, 0);
    let mut failed = unsafe {
        proxy_get_header_map_pairs(REQUEST_HEADERS, &mut data, &mut size) | proxy_get_current_time_nanoseconds(&mut time)
    };
    let path = b"xds\0route_metadata\0filter_metadata\0cognito";
    let _absent = unsafe { proxy_get_property(path.as_ptr(), path.len(), &mut data, &mut size) };
    unsafe {
        if ARGUMENT_SIZE > 0 {
            let (name, argument) = (b"verify_signature", addr_of!(ARGUMENT).cast());
            failed |= proxy_call_foreign_function(name.as_ptr(), name.len(), argument, ARGUMENT_SIZE, &mut data, &mut size);
            // The answer of a signature that verifies: field 1, true.
            failed |= u32::from(size < 2 || *data != 8 || *data.add(1) != 1);
        }
    }
    for (name, value) in [("x-cognito-sub", "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"), ("x-cognito-email", "alice@example.com")] {
        failed |= unsafe {
            proxy_add_header_map_value(REQUEST_HEADERS, name.as_ptr(), name.len(), value.as_ptr(), value.len())
        };
    }
    for (name, value) in [
        ("cognito_decision", "allowed"),
        ("cognito_sub", "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"),
        ("cognito_client_id", "1example23456789"),
    ] {
        failed |= unsafe { proxy_set_property(name.as_ptr(), name.len(), value.as_ptr(), value.len()) };
    }
    failed != 0
}
