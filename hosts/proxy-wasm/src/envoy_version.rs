//! The version of Envoy that runs the module, compared with those that the end-to-end tests run in.

use std::ops::RangeInclusive;

/// The minor versions of Envoy 1 from the oldest to the newest that `make test-matrix` runs.
const TESTED: RangeInclusive<u64> = 36..=40;

/// Returns a warning unless the host is an Envoy of a tested version. Each number is the value of a host property: 64 bits,
/// little-endian.
pub fn warning(major: Option<&[u8]>, minor: Option<&[u8]>) -> Option<String> {
    let tested = format!("tested with Envoy 1.{} to 1.{}", TESTED.start(), TESTED.end());
    match (number(major), number(minor)) {
        (Some(1), Some(minor)) if TESTED.contains(&minor) => None,
        (Some(major), Some(minor)) => Some(format!("this is Envoy {major}.{minor}; this filter was {tested}")),
        _ => Some(format!(
            "the host does not say which version of Envoy it is; this filter was {tested}"
        )),
    }
}

fn number(bytes: Option<&[u8]>) -> Option<u64> {
    Some(u64::from_le_bytes(bytes?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_untested_versions_are_warned_of() {
        let warned = |major: u64, minor: u64| warning(Some(&major.to_le_bytes()), Some(&minor.to_le_bytes()));
        for minor in [36, 38, 40] {
            assert_eq!(warned(1, minor), None, "1.{minor}");
        }
        for (major, minor) in [(1, 35), (1, 41), (2, 36), (0, 40)] {
            let line = format!("this is Envoy {major}.{minor}; this filter was tested with Envoy 1.36 to 1.40");
            assert_eq!(warned(major, minor), Some(line));
        }
        let unknown =
            "the host does not say which version of Envoy it is; this filter was tested with Envoy 1.36 to 1.40";
        let one = 1_u64.to_le_bytes();
        for (major, minor) in [(None, None), (Some(&one[..]), None), (Some(&one[..]), Some(&b"40"[..]))] {
            assert_eq!(warning(major, minor).as_deref(), Some(unknown));
        }
    }
}
