//! The host for the core: time, shared data, calls, signatures, metrics.

use super::sys;
use crate::counter_buffer::CounterBuffer;
use cognito_jwt::call::{CallId, HttpCall, NotSent, SendCall};
use cognito_jwt::env::Env;
use cognito_jwt::keys::shared::{Conflict, SharedStore, Stored, Version};
use cognito_jwt::metrics::{Counter, JWKS_KEYS_GAUGE};
use cognito_jwt::signature::fallback::VerifierWithFallback;
use cognito_jwt::signature::host::{CallForeign, ForeignError};
use cognito_jwt::time::UnixTime;
use proxy_wasm::hostcalls;
use proxy_wasm::types::{MetricType, Status};
use std::cell::Cell;
use std::time::UNIX_EPOCH;

/// A version that no entry has: the host counts them up from 1. Writing with it succeeds only if there is no entry, since the
/// host compares versions only of entries that are there.
const ABSENT: u32 = u32::MAX;

/// The host, with what must be set up once for each configuration.
pub struct Host {
    counters: Vec<u32>,
    keys_gauge: u32,
    counter_buffer: CounterBuffer,
    is_buffering: Cell<bool>,
    /// Verifies signatures.
    pub crypto: VerifierWithFallback<HostFunctions>,
}

impl Host {
    /// Defines the metrics and runs the self-test of the host's crypto; `None` if the host defines no metrics.
    pub fn set_up() -> Option<Host> {
        let counters: Result<Vec<u32>, Status> = Counter::all()
            .map(|counter| hostcalls::define_metric(MetricType::Counter, &counter.name()))
            .collect();
        Some(Host {
            counters: counters.ok()?,
            keys_gauge: hostcalls::define_metric(MetricType::Gauge, JWKS_KEYS_GAUGE).ok()?,
            counter_buffer: CounterBuffer::default(),
            is_buffering: Cell::new(false),
            crypto: VerifierWithFallback::new(HostFunctions),
        })
    }

    /// Returns the host for a request, which needs no random number. `None` if the host returns no time.
    pub fn env(&self) -> Option<Env<'_>> {
        Some(Env {
            now: now()?,
            random: 0,
            crypto: &self.crypto,
            shared: self,
            calls: self,
        })
    }

    /// Returns the host with a random number. On a host without any it is the time: the jitter of many proxies is less
    /// even then, and of two workers that want a lease in the same millisecond both may win it.
    pub fn env_with_random(&self) -> Option<Env<'_>> {
        let env = self.env()?;
        let mut bytes = [0; 8];
        let random = match getrandom::getrandom(&mut bytes) {
            Ok(()) => u64::from_le_bytes(bytes),
            Err(_) => env.now.as_millis(),
        };
        Some(Env { random, ..env })
    }

    /// Counts one, for the host to see at once or, while counters are buffered, at the next [`Host::flush_counters`].
    pub fn count(&self, counter: Counter) {
        if self.is_buffering.get() {
            self.counter_buffer.add(counter);
        } else {
            self.increment(counter.index(), 1);
        }
    }

    /// Sets whether counts may wait until [`Host::flush_counters`].
    pub fn buffer_counters(&self, may_wait: bool) {
        self.is_buffering.set(may_wait);
    }

    /// Reports all buffered counts to the host.
    pub fn flush_counters(&self) {
        self.counter_buffer.flush(|index, sum| self.increment(index, sum));
    }

    /// A count that fails changes no decision.
    fn increment(&self, index: usize, by: u32) {
        if let Some(id) = self.counters.get(index) {
            let _uncounted = hostcalls::increment_metric(*id, i64::from(by));
        }
    }

    /// Records how many keys all pools have.
    pub fn record_keys(&self, keys: u64) {
        let _unrecorded = hostcalls::record_metric(self.keys_gauge, keys);
    }
}

fn now() -> Option<UnixTime> {
    let since_epoch = hostcalls::get_current_time().ok()?.duration_since(UNIX_EPOCH).ok()?;
    let millis = u64::from(since_epoch.subsec_millis());
    Some(UnixTime::from_millis(
        since_epoch.as_secs().saturating_mul(1000).saturating_add(millis),
    ))
}

impl SharedStore for Host {
    fn load(&self, name: &str) -> Option<Stored> {
        let (bytes, version) = hostcalls::get_shared_data(name).ok()?;
        Some(Stored {
            version: Version(version?),
            bytes: bytes.unwrap_or_default(),
        })
    }

    fn swap(&self, name: &str, bytes: &[u8], seen: Option<Version>) -> Result<(), Conflict> {
        let version = seen.map_or(ABSENT, |Version(version)| version);
        hostcalls::set_shared_data(name, Some(bytes), Some(version)).map_err(|_| Conflict)
    }
}

impl SendCall for Host {
    fn send(&self, call: &HttpCall) -> Result<CallId, NotSent> {
        let headers = call.all_headers().collect();
        match hostcalls::dispatch_http_call(&call.cluster, headers, Some(&call.body), vec![], call.timeout) {
            Ok(id) => Ok(CallId(id)),
            Err(Status::BadArgument) => Err(NotSent::UnknownCluster),
            // Envoy answered the call at once, because the cluster has no host.
            Err(Status::InternalFailure) => Err(NotSent::NoHost),
            Err(status) => Err(NotSent::Refused(status as u32)),
        }
    }
}

/// The functions that the host offers beyond Proxy-Wasm.
pub struct HostFunctions;

impl CallForeign for HostFunctions {
    fn call(&self, name: &str, argument: &[u8]) -> Result<Option<Vec<u8>>, ForeignError> {
        match sys::call_foreign_function(name, argument) {
            Ok(answer) => Ok(Some(answer)),
            Err(sys::NOT_FOUND) => Err(ForeignError::NotFound),
            Err(sys::HostStatus(other)) => Err(ForeignError::Other(other)),
        }
    }
}
