//! A worker's root context: configuration, ticks, answers.

use crate::abi;
use crate::executor::{self, Callback, Failed, log};
use crate::host::Host;
use crate::http::unseen;
use cognito_jwt::call::{Body, CallId, HttpAnswer, MAX_BODY_BYTES};
use cognito_jwt::command::{Command, Reply, Severity};
use cognito_jwt::config::Config;
use cognito_jwt::filter::Filter;
use cognito_jwt::request::RequestId;
use std::cell::RefCell;

/// What all contexts of one plugin in one worker share.
#[derive(Default)]
pub struct Worker {
    /// Set at configuration.
    pub state: RefCell<Option<State>>,
}

/// A configured worker.
pub struct State {
    /// The decisions.
    pub filter: Filter,
    /// The host.
    pub host: Host,
    /// The answer to requests whose headers cannot be read or changed.
    pub internal_error: Reply,
    /// Room for the commands of a callback.
    pub commands: Vec<Command>,
}

impl Worker {
    /// Refuses the request of the callback, of which nothing could be seen.
    pub fn refuse_unseen(&self) {
        let state = self.state.try_borrow();
        match state.as_ref().map(|state| state.as_ref()) {
            Ok(Some(state)) => executor::fail(&state.host, &state.internal_error),
            Ok(None) | Err(_) => executor::answer(&unseen()),
        }
    }
}

impl Worker {
    /// Takes the configuration over; false if it is refused.
    pub fn on_configure(&self) -> bool {
        let state = configure();
        let is_configured = state.is_some();
        match self.state.try_borrow_mut() {
            Ok(mut current) => *current = state,
            Err(_) => return false,
        }
        is_configured
    }

    /// Time has passed.
    pub fn on_tick(&self) {
        self.with_filter(|filter, env, out| {
            filter.show_debug(is_debug_seen());
            filter.on_tick(env, out);
        });
    }

    /// The plugin is over: its configuration has been replaced, and its last request is gone.
    pub fn on_end(&self) {
        if let Ok(state) = self.state.try_borrow()
            && let Some(state) = state.as_ref()
        {
            state.host.flush_counters();
        }
    }

    /// A call was answered, or failed: then there are no headers, and nothing is there to be read.
    pub fn on_http_call_response(&self, call: CallId, num_headers: usize, body_size: usize) {
        let answer = if num_headers == 0 { None } else { answer(body_size) };
        self.with_filter(|filter, env, out| filter.on_answer(call, answer, env, out));
    }

    /// Lets the filter do its part of a root callback and carries out what it commands.
    fn with_filter(&self, part: impl FnOnce(&mut Filter, &cognito_jwt::env::Env<'_>, &mut Vec<Command>)) {
        let Ok(mut state) = self.state.try_borrow_mut() else {
            return;
        };
        let Some(State {
            filter,
            host,
            internal_error,
            commands,
        }) = state.as_mut()
        else {
            return;
        };
        let Ok(env) = host.env_with_random() else {
            log(Severity::Error, "the host tells no time");
            host.flush_counters();
            return;
        };
        part(filter, &env, commands);
        host.buffer_counters(filter.is_under_load());
        for failed in executor::carry_out(host, internal_error, Callback::Root, commands) {
            if let Failed::Waiting(RequestId(id)) = failed {
                log(
                    Severity::Error,
                    &format!("request context {id} could not be changed: it was refused"),
                );
            }
        }
        host.flush_counters();
        if let Some(fault) = host.crypto.take_fault() {
            log(
                Severity::Warn,
                &format!("{fault}; such signatures are verified in the module"),
            );
        }
    }
}

fn configure() -> Option<State> {
    let bytes = match abi::buffer(abi::Buffer::PluginConfiguration, usize::MAX >> 1) {
        Ok(bytes) => bytes,
        // No configuration at all.
        Err(abi::NOT_FOUND) => Vec::new(),
        Err(abi::HostStatus(status)) => {
            log(
                Severity::Error,
                &format!("config: the host does not give it: status {status}"),
            );
            return None;
        }
    };
    let config = match Config::parse(&bytes) {
        Ok(config) => config,
        Err(errors) => {
            log(Severity::Error, &errors.to_string());
            return None;
        }
    };
    for warning in &config.warnings {
        log(Severity::Warn, warning);
    }
    let host = match Host::set_up() {
        Ok(host) => host,
        Err(status) => {
            log(
                Severity::Error,
                &format!("the host defines no metrics: status {status:?}"),
            );
            return None;
        }
    };
    log(Severity::Info, &host.crypto.self_test().to_string());
    let mut filter = Filter::new(config);
    filter.show_debug(is_debug_seen());
    let period = u32::try_from(Filter::first_tick().as_millis()).unwrap_or(1);
    if abi::set_tick_period(period).is_err() {
        log(
            Severity::Error,
            "the host sets no tick period: no keys could ever be fetched",
        );
        return None;
    }
    Some(State {
        internal_error: filter.internal_error(),
        filter,
        host,
        commands: Vec::new(),
    })
}

fn answer(body_size: usize) -> Option<HttpAnswer> {
    let status = abi::header_value(abi::HeaderMap::CallAnswer, ":status").ok()?;
    let status = std::str::from_utf8(&status).ok()?.parse().ok()?;
    let body = match body_size {
        0 => Body::Whole(Vec::new()),
        1..=MAX_BODY_BYTES => Body::Whole(abi::buffer(abi::Buffer::CallAnswer, body_size).ok()?),
        _ => Body::TooLarge,
    };
    Some(HttpAnswer { status, body })
}

fn is_debug_seen() -> bool {
    abi::shows(abi::LogLevel::Debug)
}
