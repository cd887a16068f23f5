//! Counts that have not been reported to the host yet.

use cognito_jwt::metrics::Counter;
use std::cell::Cell;

/// How often each counter was incremented since the last report to the host. A VM that traps loses what it had not reported.
pub struct CounterBuffer {
    pending: Vec<Cell<u32>>,
    is_empty: Cell<bool>,
}

impl Default for CounterBuffer {
    fn default() -> CounterBuffer {
        CounterBuffer {
            pending: vec![Cell::new(0); Counter::COUNT],
            is_empty: Cell::new(true),
        }
    }
}

impl CounterBuffer {
    /// Counts one.
    pub fn add(&self, counter: Counter) {
        if let Some(pending) = self.pending.get(counter.index()) {
            pending.set(pending.get().saturating_add(1));
            self.is_empty.set(false);
        }
    }

    /// Passes on the index and the sum of each counter that was incremented, and resets all of them.
    pub fn flush(&self, mut tell: impl FnMut(usize, u32)) {
        if self.is_empty.replace(true) {
            return;
        }
        for (index, pending) in self.pending.iter().enumerate() {
            let sum = pending.take();
            if sum > 0 {
                tell(index, sum);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cognito_jwt::code::Code;

    fn flushed(counter_buffer: &CounterBuffer) -> Vec<(usize, u32)> {
        let mut flushed = Vec::new();
        counter_buffer.flush(|index, sum| flushed.push((index, sum)));
        flushed
    }

    #[test]
    fn each_count_is_flushed_once() {
        let counter_buffer = CounterBuffer::default();
        assert_eq!(flushed(&counter_buffer), []);
        let expired = Counter::Denied(Code::TokenExpired);
        for counter in [Counter::Allowed, expired, Counter::Allowed, Counter::JwtCacheHit] {
            counter_buffer.add(counter);
        }
        let mut expected = [
            (Counter::Allowed.index(), 2),
            (expired.index(), 1),
            (Counter::JwtCacheHit.index(), 1),
        ];
        expected.sort_unstable();
        assert_eq!(flushed(&counter_buffer), expected);
        assert_eq!(flushed(&counter_buffer), []);
        counter_buffer.add(expired);
        assert_eq!(flushed(&counter_buffer), [(expired.index(), 1)]);
    }

    #[test]
    fn every_counter_has_a_place() {
        let counter_buffer = CounterBuffer::default();
        Counter::all().for_each(|counter| counter_buffer.add(counter));
        assert_eq!(flushed(&counter_buffer).len(), Counter::COUNT);
    }
}
