//! The time until the next fetch, with jitter, so that many Envoys do not fetch at the same time.

use std::time::Duration;

/// The first back-off after a failed fetch.
const FIRST_BACK_OFF: Duration = Duration::from_secs(1);
/// The longest back-off, before jitter.
pub(super) const LONGEST_BACK_OFF: Duration = Duration::from_secs(60);

/// 1 s after the first failure, doubled up to 60 s, and up to a quarter longer, so that many Envoys do not fetch at the same time.
pub(super) fn back_off(failures: u32, random: u64) -> Duration {
    let doublings = failures.saturating_sub(1).min(6);
    let plain = FIRST_BACK_OFF.saturating_mul(1_u32 << doublings).min(LONGEST_BACK_OFF);
    plain.saturating_add(share(part(plain, 4), random))
}

/// Returns a random part of `whole`.
pub(super) fn share(whole: Duration, random: u64) -> Duration {
    let thousandths = u32::try_from(random % 1001).unwrap_or(0);
    part(whole.saturating_mul(thousandths), 1000)
}

/// Returns one of `parts` equal parts.
pub(super) fn part(whole: Duration, parts: u32) -> Duration {
    whole.checked_div(parts).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn back_offs_double_up_to_a_minute_and_are_up_to_a_quarter_longer() {
        let table = [
            (0, 1),
            (1, 1),
            (2, 2),
            (3, 4),
            (4, 8),
            (5, 16),
            (6, 32),
            (7, 60),
            (8, 60),
            (32, 60),
            (33, 60),
            (u32::MAX, 60),
        ];
        for (failures, seconds) in table {
            let plain = Duration::from_secs(seconds);
            assert_eq!(back_off(failures, 0), plain, "{failures} failures");
            assert_eq!(back_off(failures, 1000), plain + plain / 4, "{failures} failures");
            assert_eq!(back_off(failures, 1001), plain, "{failures} failures");
            for random in [1, 7, 500, 999, u64::MAX] {
                let found = back_off(failures, random);
                assert!(
                    found > plain && found <= plain + plain / 4,
                    "{failures} failures, {random}: {found:?}"
                );
            }
        }
    }

    #[test]
    fn a_share_is_never_more_than_the_whole() {
        for whole in [
            Duration::ZERO,
            Duration::from_millis(1),
            Duration::from_secs(8640),
            Duration::MAX,
        ] {
            for random in [0, 1, 500, 1000, u64::MAX] {
                assert!(share(whole, random) <= whole, "{whole:?}, {random}");
            }
        }
        assert_eq!(part(Duration::from_secs(10), 0), Duration::ZERO);
    }
}
