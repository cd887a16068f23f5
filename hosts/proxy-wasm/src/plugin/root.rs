//! A plugin configuration in one worker: configuration, ticks, answers to calls.

use super::executor::{self, Callback, Failed};
use super::host::Host;
use super::logging;
use super::stream::Stream;
use crate::envoy_version;
use cognito_jwt::call::{Body, CallId, HttpAnswer, MAX_BODY_BYTES};
use cognito_jwt::command::{Command, Reply};
use cognito_jwt::config::Config;
use cognito_jwt::env::Env;
use cognito_jwt::filter::Filter;
use cognito_jwt::reject::{Rejection, Wording};
use cognito_jwt::request::RequestId;
use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{BufferType, ContextType, MapType};
use std::cell::RefCell;
use std::rc::Rc;

/// The context of a plugin configuration. One VM may hold several, or an old and a new one while the old one drains.
#[derive(Default)]
pub struct Root {
    worker: Rc<Worker>,
}

/// What the root context shares with its streams.
#[derive(Default)]
pub struct Worker {
    /// Set at configuration.
    state: RefCell<Option<State>>,
}

/// A configured worker.
pub struct State {
    /// The decisions.
    pub filter: Filter,
    /// The host.
    pub host: Host,
    /// The response to requests whose headers cannot be read or changed.
    pub internal_error: Reply,
    /// Room for the commands of a callback.
    pub commands: Vec<Command>,
}

impl Worker {
    /// Runs a function with the state; `None` also if there is no state, or if it is in use already.
    pub fn with_state<T>(&self, work: impl FnOnce(&mut State) -> Option<T>) -> Option<T> {
        work(self.state.try_borrow_mut().ok()?.as_mut()?)
    }

    /// Rejects the request of the callback, which could not be read, with `internal_error`.
    pub fn refuse_with_internal_error(&self) {
        let answered = self.with_state(|state| {
            executor::fail(&state.host, &state.internal_error);
            Some(())
        });
        if answered.is_none() {
            // Without settings, those of the realm and of disclosure are the defaults.
            executor::answer(&Rejection::Internal.reply(&Wording {
                realm: String::new(),
                disclose_reason: true,
            }));
        }
    }

    /// Runs the filter's part of a root callback and executes its commands.
    fn run(&self, part: impl FnOnce(&mut Filter, &Env<'_>, &mut Vec<Command>)) {
        self.with_state(|state| {
            let State {
                filter,
                host,
                internal_error,
                commands,
            } = state;
            let Some(env) = host.env_with_random() else {
                log::error!("failed to read the current time from the host");
                host.flush_counters();
                return None;
            };
            part(filter, &env, commands);
            host.buffer_counters(filter.is_under_load());
            for failed in executor::carry_out(host, internal_error, Callback::Root, commands).failed {
                if let Failed::Waiting(RequestId(id)) = failed {
                    log::error!("failed to change the request with context {id}: it is rejected");
                }
            }
            host.flush_counters();
            if let Some(fault) = host.crypto.take_fault() {
                log::warn!("{fault}; such signatures are verified in the module");
            }
            Some(())
        });
    }
}

impl Context for Root {
    fn on_http_call_response(&mut self, call: u32, num_headers: usize, body_size: usize, _num_trailers: usize) {
        // A call that failed has no headers, and reading them would make the SDK panic.
        let answer = if num_headers == 0 { None } else { answer(body_size) };
        self.worker
            .run(|filter, env, out| filter.on_answer(CallId(call), answer, env, out));
    }
}

impl RootContext for Root {
    fn on_configure(&mut self, _configuration_size: usize) -> bool {
        logging::adopt_host_level();
        let state = configure();
        let is_configured = state.is_some();
        let Ok(mut current) = self.worker.state.try_borrow_mut() else {
            return false;
        };
        *current = state;
        is_configured
    }

    fn on_tick(&mut self) {
        // Operators change the level while the proxy runs.
        logging::adopt_host_level();
        self.worker.run(|filter, env, out| {
            filter.show_debug(logging::shows_debug());
            filter.on_tick(env, out);
        });
    }

    fn create_http_context(&self, id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream::new(id, Rc::clone(&self.worker))))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

/// The configuration has been replaced, and its last request is gone.
impl Drop for Root {
    fn drop(&mut self) {
        self.worker.with_state(|state| {
            state.host.flush_counters();
            Some(())
        });
    }
}

fn configure() -> Option<State> {
    // No configuration at all is refused as an empty one is.
    let bytes = hostcalls::get_buffer(BufferType::PluginConfiguration, 0, usize::MAX);
    let bytes = bytes.ok().flatten().unwrap_or_default();
    let config = match Config::parse(&bytes) {
        Ok(config) => config,
        Err(errors) => {
            log::error!("{errors}");
            return None;
        }
    };
    for warning in &config.warnings {
        log::warn!("{warning}");
    }
    let host = Host::set_up()?;
    log::info!("{}", host.crypto.self_test());
    if let Some(warning) =
        envoy_version::warning(version("major_number").as_deref(), version("minor_number").as_deref())
    {
        log::warn!("{warning}");
    }
    let mut filter = Filter::new(config);
    filter.show_debug(logging::shows_debug());
    if hostcalls::set_tick_period(Filter::first_tick()).is_err() {
        log::error!("failed to set the tick period: no keys could be fetched");
        return None;
    }
    Some(State {
        internal_error: filter.internal_error(),
        filter,
        host,
        commands: Vec::new(),
    })
}

/// Reads a number of Envoy's version.
fn version(name: &str) -> Option<Vec<u8>> {
    let path = vec!["xds", "node", "user_agent_build_version", "version", name];
    hostcalls::get_property(path).ok().flatten()
}

/// Reads the answer to a call; `None` if it is not one of HTTP.
fn answer(body_size: usize) -> Option<HttpAnswer> {
    let status = hostcalls::get_map_value_bytes(MapType::HttpCallResponseHeaders, ":status");
    let status = std::str::from_utf8(&status.ok()??).ok()?.parse().ok()?;
    let body = match body_size {
        0 => Body::Whole(Vec::new()),
        1..=MAX_BODY_BYTES => Body::Whole(hostcalls::get_buffer(BufferType::HttpCallResponseBody, 0, body_size).ok()??),
        _ => Body::TooLarge,
    };
    Some(HttpAnswer { status, body })
}
