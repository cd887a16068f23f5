//! What the standard library and the C library would bring along: an allocator, comparing memory, and what a panic does. The
//! library's own panics write to a standard error that no proxy shows, and tell where and why with 17 kB of code and text.

use crate::shell::abi::{self, LogLevel};
use crate::words;
use core::panic::PanicInfo;
use core::slice::from_raw_parts;
use dlmalloc::GlobalDlmalloc;

#[global_allocator]
static ALLOCATOR: GlobalDlmalloc = GlobalDlmalloc;

/// No panic is known that can be reached. The host ends the VM at the trap and, so configured, starts another one.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    // There is nowhere else to tell it.
    let _unlogged = abi::log(
        LogLevel::Error,
        "the filter panicked, which is a bug: please report it with the requests that led to it",
    );
    core::arch::wasm32::unreachable()
}

/// Compares two blocks of memory, for the compiler: it calls this for `==` and `cmp` of slices. The C library's goes byte by byte.
///
/// # Safety
/// Both blocks have `size` bytes.
#[unsafe(no_mangle)]
#[inline(never)]
unsafe extern "C" fn memcmp(one: *const u8, other: *const u8, size: usize) -> i32 {
    if size == 0 {
        return 0;
    }
    // SAFETY: whoever calls it vouches for both.
    let (one, other) = unsafe { (from_raw_parts(one, size), from_raw_parts(other, size)) };
    words::compare(one, other) as i32
}
