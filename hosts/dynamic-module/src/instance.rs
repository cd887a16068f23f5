//! One configuration of the filter, as all threads see it.
//!
//! ```text
//!   main thread                 this, shared                   a worker's thread
//!   ───────────                 ────────────                   ─────────────────
//!   keys, calls  ◄── requests ── post_to_main ◄────────────────  a request needs a call, or keys
//!        │
//!        └── answers ──────────► desk of the worker ── wake ──►  what waits is decided
//!
//!   ticker's thread ── notify_tick ──► main thread, which wakes the workers whose requests wait
//! ```

use crate::envoy::{ConfigScheduler, EnvoyConfig, MetricId, Refused, StreamScheduler};
use crate::ticker;
use cognito_jwt::call::{Body, CallId, HttpAnswer, HttpCall};
use cognito_jwt::metrics::{Counter, JWKS_KEYS_GAUGE};
use cognito_jwt::request::RequestId;
use cognito_jwt::time::UnixTime;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How many bytes of answers that no request of a worker waits for are kept, for the next request.
const MAX_UNCLAIMED_BYTES: usize = 1024 * 1024;

/// Which configuration, in the order in which they were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Generation(pub u64);

/// Which worker's part of which configuration: no two have one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WorkerId(pub u64);

/// A message from a worker to the main thread.
#[derive(Debug)]
pub enum ToMain {
    /// Send this call; its answer goes to the worker.
    Call(WorkerId, CallId, HttpCall),
    /// A request needs the keys of this entry of the store to be fetched.
    Fetch(String),
}

/// The end of a call, for the worker that asked for it.
#[derive(Debug)]
pub struct Mail {
    /// Which call.
    pub call: CallId,
    /// How it ended.
    pub end: CallEnd,
    /// When. The worker may read it much later: it is not woken if the clients of all its requests have hung up.
    pub arrived_at: UnixTime,
}

/// How a call ended.
#[derive(Debug)]
pub enum CallEnd {
    /// With this answer; `None` if it failed.
    Answer(Option<HttpAnswer>),
    /// With one for which there was no room.
    Dropped,
}

impl Mail {
    fn bytes(&self) -> usize {
        match &self.end {
            CallEnd::Answer(Some(HttpAnswer {
                body: Body::Whole(body),
                ..
            })) => body.len(),
            CallEnd::Answer(_) | CallEnd::Dropped => 0,
        }
    }
}

/// The metrics as Envoy numbers them.
#[derive(Debug)]
pub struct Metrics {
    envoy: EnvoyConfig,
    counters: Vec<MetricId>,
    keys: MetricId,
}

impl Metrics {
    /// Defines all of them; only while the configuration is made.
    ///
    /// # Errors
    /// Envoy refuses one.
    pub fn define(envoy: EnvoyConfig) -> Result<Metrics, Refused> {
        let counters: Result<Vec<MetricId>, Refused> = Counter::all()
            .map(|counter| envoy.define_counter(&counter.name()))
            .collect();
        Ok(Metrics {
            envoy,
            counters: counters?,
            keys: envoy.define_gauge(JWKS_KEYS_GAUGE)?,
        })
    }

    /// Counts one.
    pub fn count(&self, counter: Counter) {
        if let Some(id) = self.counters.get(counter.index()) {
            self.envoy.increment(*id);
        }
    }

    /// Records how many keys all pools have.
    pub fn record_keys(&self, keys: u64) {
        self.envoy.set_gauge(self.keys, keys);
    }
}

/// One configuration.
#[derive(Debug)]
pub struct Instance {
    /// Which one.
    pub generation: Generation,
    /// Its text, from which each thread makes a filter of its own.
    pub configuration: Box<[u8]>,
    /// What is counted.
    pub metrics: Metrics,
    /// The scheduler of the main thread; `None` after the configuration has ended, and if Envoy only checks it.
    scheduler: Mutex<Option<Arc<ConfigScheduler>>>,
    /// Whether the main thread was woken and has not run yet.
    is_notified: AtomicBool,
    is_tick_due: AtomicBool,
    is_over: AtomicBool,
    to_main: Mutex<Vec<ToMain>>,
    desks: Mutex<BTreeMap<WorkerId, Desk>>,
    /// The main thread's tick period, in milliseconds.
    main_period: AtomicU64,
    /// The shortest period that a worker with waiting requests wants.
    waiting_period: AtomicU64,
}

/// What the other threads hold of one worker.
#[derive(Debug)]
struct Desk {
    /// The schedulers of its waiting streams, any of which wakes it. Each stream may end at any time.
    streams: BTreeMap<RequestId, StreamScheduler>,
    mail: Vec<Mail>,
    period: Duration,
    /// It wants to be woken before the next tick.
    is_urgent: bool,
}

const NEVER: u64 = u64::MAX;

impl Instance {
    /// Returns the configuration of this text.
    pub fn new(
        generation: Generation,
        configuration: &[u8],
        metrics: Metrics,
        scheduler: Option<ConfigScheduler>,
        main_period: Duration,
    ) -> Instance {
        Instance {
            generation,
            configuration: configuration.into(),
            metrics,
            scheduler: Mutex::new(scheduler.map(Arc::new)),
            is_notified: AtomicBool::new(false),
            is_tick_due: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
            to_main: Mutex::default(),
            desks: Mutex::default(),
            main_period: AtomicU64::new(millis(main_period)),
            waiting_period: AtomicU64::new(NEVER),
        }
    }

    /// Ends the configuration after its last stream.
    pub fn end(&self) {
        self.is_over.store(true, Ordering::Release);
        locked(&self.scheduler).take();
    }

    /// Reports whether it has ended.
    pub fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }

    /// Returns how often the main thread is to be woken: `None`, not at all.
    pub fn period(&self) -> Duration {
        let period = self.main_period.load(Ordering::Relaxed);
        Duration::from_millis(period.min(self.waiting_period.load(Ordering::Relaxed)))
    }

    /// Sets the tick period of the main thread's filter.
    pub fn set_main_period(&self, period: Duration) {
        let before = self.main_period.swap(millis(period), Ordering::Relaxed);
        if millis(period) < before {
            ticker::nudge();
        }
    }

    /// Wakes the main thread for a tick.
    pub fn notify_tick(&self) {
        self.is_tick_due.store(true, Ordering::Release);
        self.notify();
    }

    fn notify(&self) {
        if self.is_notified.swap(true, Ordering::AcqRel) {
            return;
        }
        // Without the lock, see `wake`.
        let scheduler = locked(&self.scheduler).clone();
        if let Some(scheduler) = scheduler {
            scheduler.wake();
        }
    }

    /// Takes what the main thread was woken for. Returns it, and whether it includes a tick.
    pub fn take_for_main(&self) -> (Vec<ToMain>, bool) {
        // What is posted from here on wakes it again.
        self.is_notified.store(false, Ordering::Release);
        let is_tick_due = self.is_tick_due.swap(false, Ordering::AcqRel);
        (std::mem::take(&mut *locked(&self.to_main)), is_tick_due)
    }

    /// Sends a message from a worker to the main thread.
    pub fn post_to_main(&self, requests: impl IntoIterator<Item = ToMain>) {
        locked(&self.to_main).extend(requests);
        self.notify();
    }

    /// Registers a stream that waits; its worker's filter needs ticks of this period meanwhile.
    pub fn enter_waiting(&self, worker: WorkerId, id: RequestId, scheduler: StreamScheduler, period: Duration) {
        {
            let mut desks = locked(&self.desks);
            let desk = desks.entry(worker).or_insert_with(|| Desk {
                streams: BTreeMap::new(),
                mail: Vec::new(),
                period,
                is_urgent: false,
            });
            desk.streams.insert(id, scheduler);
            desk.is_urgent = true;
        }
        self.set_waiting_period(worker, period);
        self.notify();
    }

    /// Sets the tick period of the worker's filter.
    pub fn set_waiting_period(&self, worker: WorkerId, period: Duration) {
        let is_shorter = {
            let mut desks = locked(&self.desks);
            let Some(desk) = desks.get_mut(&worker) else { return };
            desk.period = period;
            let before = self.waiting_period.load(Ordering::Relaxed);
            let shortest = shortest_period(&desks);
            self.waiting_period.store(shortest, Ordering::Relaxed);
            shortest < before
        };
        if is_shorter {
            ticker::nudge();
        }
    }

    /// Removes a stream that no longer waits.
    pub fn leave_waiting(&self, worker: WorkerId, id: RequestId) {
        let mut desks = locked(&self.desks);
        let Some(desk) = desks.get_mut(&worker) else { return };
        // It may be the one that is being woken on the main thread at this moment: that happens with the lock held, too.
        desk.streams.remove(&id);
        if desk.streams.is_empty() {
            self.waiting_period.store(shortest_period(&desks), Ordering::Relaxed);
        }
    }

    /// Delivers the end of a call of a worker; called on the main thread.
    pub fn deliver(&self, worker: WorkerId, mut mail: Mail) {
        let mut desks = locked(&self.desks);
        let Some(desk) = desks.get_mut(&worker) else { return };
        if desk.streams.is_empty() && desk.bytes() > MAX_UNCLAIMED_BYTES {
            mail.end = CallEnd::Dropped;
        }
        desk.mail.push(mail);
    }

    /// Takes what has arrived for this worker.
    pub fn take_mail(&self, worker: WorkerId) -> Vec<Mail> {
        let mut desks = locked(&self.desks);
        desks
            .get_mut(&worker)
            .map(|desk| std::mem::take(&mut desk.mail))
            .unwrap_or_default()
    }

    /// Wakes the workers whose requests wait: `all` of them, or those that have mail or are in a hurry. On the main thread.
    pub fn wake_workers(&self, all: bool) {
        let mut desks = locked(&self.desks);
        for desk in desks.values_mut() {
            let is_urgent = std::mem::take(&mut desk.is_urgent);
            if let Some(stream) = desk.streams.values().next()
                && (all || is_urgent || !desk.mail.is_empty())
            {
                stream.wake();
            }
        }
    }

    /// Removes a worker that has ended, or that no longer uses this configuration.
    pub fn clear_desk(&self, worker: WorkerId) {
        locked(&self.desks).remove(&worker);
    }
}

impl Desk {
    fn bytes(&self) -> usize {
        self.mail.iter().map(Mail::bytes).fold(0, usize::saturating_add)
    }
}

fn shortest_period(desks: &BTreeMap<WorkerId, Desk>) -> u64 {
    let waiting = desks.values().filter(|desk| !desk.streams.is_empty());
    waiting.map(|desk| millis(desk.period)).min().unwrap_or(NEVER)
}

fn millis(period: Duration) -> u64 {
    u64::try_from(period.as_millis()).unwrap_or(NEVER).max(1)
}

/// Locks, also after a panic: each change of what these locks guard is one step, so a panic leaves it whole.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
