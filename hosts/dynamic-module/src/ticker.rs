//! The thread for ticks: Envoy has no timers for HTTP filters. It wakes the main thread for each configuration at its
//! tick period, and ends with the last configuration.

use crate::instance::Instance;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The longest sleep.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

static TICKER: Ticker = Ticker {
    state: Mutex::new(State {
        ticked: Vec::new(),
        is_running: false,
    }),
    changed: Condvar::new(),
};

struct Ticker {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    ticked: Vec<Ticked>,
    is_running: bool,
}

struct Ticked {
    instance: Arc<Instance>,
    last: Instant,
}

/// Starts the ticks of this configuration. Returns false if no thread can be started.
pub fn add(instance: &Arc<Instance>) -> bool {
    let mut state = TICKER.lock();
    state.ticked.push(Ticked {
        instance: Arc::clone(instance),
        last: Instant::now(),
    });
    if !state.is_running {
        let thread = std::thread::Builder::new().name("cognito_jwt".into());
        state.is_running = thread.spawn(|| TICKER.run()).is_ok();
    }
    let is_running = state.is_running;
    drop(state);
    TICKER.changed.notify_one();
    is_running
}

/// Ends the ticks of this configuration, but for one that is just being given.
pub fn remove(instance: &Instance) {
    let mut state = TICKER.lock();
    state
        .ticked
        .retain(|ticked| ticked.instance.generation != instance.generation);
    drop(state);
    TICKER.changed.notify_one();
}

/// Wakes the thread after a period has become shorter.
pub fn nudge() {
    // Taken, so that the thread is either asleep or has yet to look.
    drop(TICKER.lock());
    TICKER.changed.notify_one();
}

impl Ticker {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) {
        let mut state = self.lock();
        while !state.ticked.is_empty() {
            let (due, sleep) = state.due(Instant::now());
            if !due.is_empty() {
                // Without the lock: if Envoy drops a configuration meanwhile, this thread may be the last that holds it, and then
                // ends it inside this call.
                drop(state);
                for instance in due {
                    instance.notify_tick();
                }
                state = self.lock();
                continue;
            }
            state = match self.changed.wait_timeout(state, sleep) {
                Ok((state, _)) => state,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
        state.is_running = false;
    }
}

impl State {
    /// Returns the configurations whose tick is due, and how long to sleep if there is none.
    fn due(&mut self, now: Instant) -> (Vec<Arc<Instance>>, Duration) {
        let mut due = Vec::new();
        let mut sleep = LONGEST_SLEEP;
        for ticked in &mut self.ticked {
            let period = ticked.instance.period();
            let past = now.saturating_duration_since(ticked.last);
            if past >= period {
                due.push(Arc::clone(&ticked.instance));
                ticked.last = now;
            } else {
                sleep = sleep.min(period.saturating_sub(past));
            }
        }
        (due, sleep)
    }
}
