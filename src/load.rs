//! Detects load: requests at a rate at which a call to the host for each count would be too slow. While it lasts, counts are reported
//! at the ticks, which are shorter then.

use std::time::Duration;

/// This many requests between two ticks begin a load; without load that is 4,000 a second in a worker. Below it, every count is
/// reported to the host at once.
pub const BEGINS_AT: u32 = 1000;

/// A load ends when fewer requests than this arrived for each millisecond since the previous tick.
const LASTS_PER_MILLI: u128 = 4;

/// Measures the rate of requests.
#[derive(Debug, Default)]
pub struct LoadDetector {
    /// Since the last tick.
    requests: u32,
    is_on: bool,
}

impl LoadDetector {
    /// Records a request. Returns whether it begins a load.
    pub fn record_request(&mut self) -> bool {
        self.requests = self.requests.saturating_add(1);
        let begins = !self.is_on && self.requests >= BEGINS_AT;
        self.is_on |= begins;
        begins
    }

    /// Records a tick, and the time since the previous one.
    pub fn on_tick(&mut self, since_last: Duration) {
        let lasts = u128::from(self.requests) >= since_last.as_millis().saturating_mul(LASTS_PER_MILLI);
        self.is_on &= lasts;
        self.requests = 0;
    }

    /// Reports whether there is a load.
    pub fn is_on(&self) -> bool {
        self.is_on
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Records the requests of each step, then a tick after its milliseconds. Returns whether there is a load after each.
    fn walk(steps: &[(u32, u64)]) -> Vec<(bool, bool)> {
        let mut load = LoadDetector::default();
        steps
            .iter()
            .map(|(requests, millis)| {
                let began = (0..*requests).filter(|_| load.record_request()).count();
                assert!(began <= 1, "it begins once");
                let before_tick = load.is_on();
                load.on_tick(Duration::from_millis(*millis));
                (before_tick, load.is_on())
            })
            .collect()
    }

    #[test]
    fn a_rush_begins_with_a_request_and_ends_at_a_tick() {
        for (steps, expected) in [
            (&[(999, 250), (999, 250)][..], &[(false, false), (false, false)][..]),
            (&[(1000, 250)], &[(true, true)]),
            (&[(1000, 251)], &[(true, false)]),
            // Short ticks: 40 requests in 10 ms are the same rate.
            (
                &[(5000, 250), (40, 10), (39, 10), (40, 10)],
                &[(true, true), (true, true), (true, false), (false, false)],
            ),
            // A tick that comes late, one that comes at once, a silence.
            (
                &[(1000, 250), (40, 11), (1000, 250)],
                &[(true, true), (true, false), (true, true)],
            ),
            (
                &[(1000, 250), (0, 0), (0, 1)],
                &[(true, true), (true, true), (true, false)],
            ),
        ] {
            assert_eq!(walk(steps), expected, "{steps:?}");
        }
    }

    #[test]
    fn the_first_tick_after_ages_ends_it() {
        assert_eq!(walk(&[(u32::from(u16::MAX), u64::MAX)]), [(true, false)]);
    }
}
