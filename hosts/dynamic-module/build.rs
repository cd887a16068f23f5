//! Passes the layout of the library's functions to the linker: see `tools/native.sh`, which makes it.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=NATIVE_LAYOUT");
    let Some(layout) = env::var("NATIVE_LAYOUT").ok().filter(|layout| !layout.is_empty()) else {
        return;
    };
    println!("cargo::rerun-if-changed={layout}");
    println!("cargo::rustc-cdylib-link-arg=-Wl,--symbol-ordering-file={layout}");
}
