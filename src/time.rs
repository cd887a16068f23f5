//! Time as a value: the core never reads a clock; its callers pass the time.

use std::time::Duration;

/// A time, in milliseconds since 1970-01-01T00:00:00Z. All arithmetic saturates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct UnixTime(u64);

impl UnixTime {
    /// Returns the time `millis` milliseconds after the epoch.
    pub const fn from_millis(millis: u64) -> UnixTime {
        UnixTime(millis)
    }

    /// Returns the time `secs` seconds after the epoch.
    pub const fn from_secs(secs: u64) -> UnixTime {
        UnixTime(secs.saturating_mul(1000))
    }

    /// Returns the milliseconds since the epoch.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Returns the seconds since the epoch, with milliseconds as the fraction, to compare with a NumericDate (RFC 7519, section 2).
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1000.0
    }

    /// Returns this time plus `span`.
    pub fn after(self, span: Duration) -> UnixTime {
        UnixTime(self.0.saturating_add(millis(span)))
    }

    /// Returns this time minus `span`, not before the epoch.
    pub fn before(self, span: Duration) -> UnixTime {
        UnixTime(self.0.saturating_sub(millis(span)))
    }

    /// Returns how long ago `earlier` was; zero if it is in the future.
    pub fn since(self, earlier: UnixTime) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates_at_both_ends() {
        let end = UnixTime::from_millis(u64::MAX);
        assert_eq!(end.after(Duration::from_secs(1)), end);
        assert_eq!(UnixTime::default().before(Duration::MAX), UnixTime::default());
        assert_eq!(UnixTime::default().since(end), Duration::ZERO);
        assert_eq!(end.since(UnixTime::default()), Duration::from_millis(u64::MAX));
    }
}
