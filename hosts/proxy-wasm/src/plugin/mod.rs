//! The plugin: entry point, contexts, and everything that calls the host.
//!
//! The SDK exports the callbacks of Proxy-Wasm and finds the context that each one is about. A [`root::Root`] is one plugin
//! configuration in one worker; a [`stream::Stream`] is one request.

mod executor;
mod host;
mod logging;
mod root;
mod stream;
mod sys;

proxy_wasm::main! {{
    logging::set_up();
    proxy_wasm::set_root_context(|_| Box::new(root::Root::default()));
}}
