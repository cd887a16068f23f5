//! No panic leaves the module: one that crossed into Envoy would abort the whole proxy.

use std::panic::{self, AssertUnwindSafe};

/// Runs the body of a hook. If it panics, `instead` is run, and if that panics too, the result is `last`.
///
/// What the hook works on may be half-changed after a panic: `instead` must not rely on it.
pub fn guarded<T>(hook: impl FnOnce() -> T, instead: impl FnOnce() -> T, last: T) -> T {
    caught(hook).or_else(|| caught(instead)).unwrap_or(last)
}

fn caught<T>(part: impl FnOnce() -> T) -> Option<T> {
    match panic::catch_unwind(AssertUnwindSafe(part)) {
        Ok(result) => Some(result),
        Err(payload) => {
            // Even dropping the panic's payload may panic.
            let _dropped = panic::catch_unwind(AssertUnwindSafe(|| drop(payload)));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct PanicsWhenDropped;

    impl Drop for PanicsWhenDropped {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }

    #[test]
    fn whatever_panics_something_is_returned() {
        assert_eq!(guarded(|| 1, || 2, 3), 1);
        assert_eq!(guarded(|| panic!("hook"), || 2, 3), 2);
        assert_eq!(guarded(|| panic!("hook"), || panic!("instead"), 3), 3);
        assert_eq!(guarded(|| panic::panic_any(PanicsWhenDropped), || 2, 3), 2);
    }
}
