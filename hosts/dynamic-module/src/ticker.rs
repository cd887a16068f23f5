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

/// Ends the ticks of this configuration. When this returns, the thread no longer uses it.
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
            let now = Instant::now();
            let sleep = state.tick(now);
            state = match self.changed.wait_timeout(state, sleep) {
                Ok((state, _)) => state,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
        state.is_running = false;
    }
}

impl State {
    /// Wakes the main thread for what is due. Returns how long to sleep.
    fn tick(&mut self, now: Instant) -> Duration {
        let mut sleep = LONGEST_SLEEP;
        for ticked in &mut self.ticked {
            let period = ticked.instance.period();
            let past = now.saturating_duration_since(ticked.last);
            if past >= period {
                ticked.instance.notify_tick();
                ticked.last = now;
                sleep = sleep.min(period);
            } else {
                sleep = sleep.min(period.saturating_sub(past));
            }
        }
        sleep
    }
}
