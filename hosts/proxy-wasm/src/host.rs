//! The host as the core sees it: time, shared data, calls, signatures, metrics.

use crate::abi::{self, HostResult, MetricKind};
use crate::counter_buffer::CounterBuffer;
use crate::crypto::HostFunctions;
use crate::pairs;
use cognito_jwt::call::{CallId, HttpCall, NotSent, SendCall};
use cognito_jwt::env::Env;
use cognito_jwt::keys::shared::{Conflict, SharedStore, Stored, Version};
use cognito_jwt::metrics::{Counter, JWKS_KEYS_GAUGE};
use cognito_jwt::signature::fallback::VerifierWithFallback;
use cognito_jwt::time::UnixTime;
use std::cell::Cell;

/// A version that no entry has: the host counts them up from 1. Writing with it succeeds only if there is no entry, since the
/// host compares versions only of entries that are there.
const ABSENT: u32 = u32::MAX;
const NANOS_PER_MILLI: u64 = 1_000_000;

/// The host, with what must be set up once for each configuration.
pub struct Host {
    counters: Vec<u32>,
    keys_gauge: u32,
    counter_buffer: CounterBuffer,
    is_buffering: Cell<bool>,
    /// Who verifies signatures.
    pub crypto: VerifierWithFallback<HostFunctions>,
}

impl Host {
    /// Defines the metrics and lets the host's crypto pass its self-test.
    ///
    /// # Errors
    /// The host defines no metrics.
    pub fn set_up() -> HostResult<Host> {
        let counters: Result<Vec<u32>, _> = Counter::all()
            .map(|counter| abi::define_metric(MetricKind::Counter, &counter.name()))
            .collect();
        Ok(Host {
            counters: counters?,
            keys_gauge: abi::define_metric(MetricKind::Gauge, JWKS_KEYS_GAUGE)?,
            counter_buffer: CounterBuffer::default(),
            is_buffering: Cell::new(false),
            crypto: VerifierWithFallback::new(HostFunctions),
        })
    }

    /// The world now, for a request: it needs no random.
    pub fn env(&self) -> HostResult<Env<'_>> {
        let now = UnixTime::from_millis(abi::current_time()?.wrapping_div(NANOS_PER_MILLI));
        Ok(Env {
            now,
            random: 0,
            crypto: &self.crypto,
            shared: self,
            calls: self,
        })
    }

    /// The world now, with a random number. On a host without any it is the time: the jitter of many proxies is less even then,
    /// and of two workers that want a lease in the same millisecond both may win it.
    pub fn env_with_random(&self) -> HostResult<Env<'_>> {
        let random = match abi::random() {
            Some(number) => number,
            None => abi::current_time()?,
        };
        Ok(Env { random, ..self.env()? })
    }

    /// Counts one, for the host to see at once or, if counts may wait, when they are handed over.
    pub fn count(&self, counter: Counter) {
        if self.is_buffering.get() {
            self.counter_buffer.add(counter);
        } else {
            self.increment(counter.index(), 1);
        }
    }

    /// Whether counts may wait until [`Host::flush_counters`].
    pub fn buffer_counters(&self, may_wait: bool) {
        self.is_buffering.set(may_wait);
    }

    /// Tells the host all counts that have waited.
    pub fn flush_counters(&self) {
        self.counter_buffer.flush(|index, sum| self.increment(index, sum));
    }

    /// A count that fails changes no decision.
    fn increment(&self, index: usize, by: u32) {
        if let Some(id) = self.counters.get(index) {
            let _uncounted = abi::increment_metric(*id, by);
        }
    }

    /// Records how many keys all pools have.
    pub fn record_keys(&self, keys: u64) {
        let _unrecorded = abi::record_metric(self.keys_gauge, keys);
    }
}

impl SharedStore for Host {
    fn load(&self, name: &str) -> Option<Stored> {
        let (bytes, version) = abi::shared_data(name).ok()?;
        Some(Stored {
            bytes,
            version: Version(version),
        })
    }

    fn swap(&self, name: &str, bytes: &[u8], seen: Option<Version>) -> Result<(), Conflict> {
        let version = seen.map_or(ABSENT, |Version(version)| version);
        abi::set_shared_data(name, bytes, version).map_err(|_| Conflict)
    }
}

impl SendCall for Host {
    fn send(&self, call: &HttpCall) -> Result<CallId, NotSent> {
        let own = [
            (":method", call.method),
            (":scheme", "https"),
            (":authority", &*call.authority),
            (":path", &*call.path),
        ];
        let more = call.headers.iter().map(|(name, value)| (*name, value.as_str()));
        let headers = own.into_iter().chain(more);
        let headers = pairs::encode(headers.map(|(name, value)| (name.as_bytes(), value.as_bytes())));
        let timeout = u32::try_from(call.timeout.as_millis()).unwrap_or(u32::MAX);
        match abi::http_call(&call.cluster, &headers, &call.body, timeout) {
            Ok(id) => Ok(CallId(id)),
            Err(abi::BAD_ARGUMENT) => Err(NotSent::UnknownCluster),
            Err(abi::HostStatus(status)) => Err(NotSent::Refused(status)),
        }
    }
}
