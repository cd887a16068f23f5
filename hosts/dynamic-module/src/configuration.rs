//! The beginning and the end of a configuration.

use crate::envoy::{self, EnvoyConfig};
use crate::instance::{Instance, Metrics};
use crate::{process, root, ticker};
use cognito_jwt::config::{Config, KeySource, Pool};
use cognito_jwt::filter::Filter;
use std::sync::Arc;

/// Loads a configuration; `None` if it has an error, which is logged.
pub fn begin(envoy: EnvoyConfig, text: &[u8]) -> Option<Arc<Instance>> {
    let refused = |line: &str| {
        log::error!("{line}");
        None
    };
    let config = match Config::parse(text) {
        Ok(config) => config,
        Err(errors) => return refused(&errors.to_string()),
    };
    for warning in &config.warnings {
        log::warn!("{warning}");
    }
    let Ok(metrics) = Metrics::define(envoy) else {
        return refused("config: failed to define the metrics");
    };
    let is_checked_only = envoy::is_validation_mode();
    let scheduler = if is_checked_only { None } else { envoy.scheduler() };
    if scheduler.is_none() && !is_checked_only {
        return refused("config: Envoy gives no scheduler");
    }
    let generation = process::next_generation();
    let instance = Arc::new(Instance::new(
        generation,
        text,
        metrics,
        scheduler,
        Filter::first_tick(),
    ));
    process::store().configuration_begins();
    if is_checked_only {
        return Some(instance);
    }
    let needs_ticks = needs_ticks(&config);
    root::begin(&instance, config, envoy);
    if !needs_ticks {
        // One, for the gauge of keys.
        root::tick(&instance);
    } else if !ticker::add(&instance) {
        end(&instance);
        return refused("config: no thread can be started, so no keys could be fetched");
    }
    Some(instance)
}

/// Ends a configuration, which Envoy destroys after its last stream, on the thread that lets it go last: usually the main thread, but it
/// can be any, the ticker's too. Its keys and answers stay in the store.
pub fn end(instance: &Instance) {
    ticker::remove(instance);
    instance.end();
    process::store().configuration_ends();
    process::configuration_ended();
    root::forget_ended();
}

/// Reports whether there is ever something to fetch, to call or to wait for.
fn needs_ticks(config: &Config) -> bool {
    let calls = |pool: &Pool| matches!(pool.keys, KeySource::Fetched(_)) || pool.user_info.is_some();
    config.user_lookup.is_some() || config.pools.iter().any(calls)
}
