//! How much memory values use, estimated on the safe side: everything that is kept for longer than a request is bounded in bytes.
//!
//! Allocators do not report how much they use. The estimate is the requested size, and for each block the header and the
//! rounding of the allocators in use (dlmalloc in a Wasm module: 4 bytes and up to 8 or, for the smallest, 16; tcmalloc in
//! Envoy: an eighth of the size at most).

/// What each block costs beyond what was asked for, but for the rounding that grows with it.
const BLOCK_OVERHEAD: usize = 16;

/// Returns what one block of `bytes` costs; nothing for no bytes, for which none is allocated.
pub(crate) const fn block(bytes: usize) -> usize {
    if bytes == 0 {
        return 0;
    }
    bytes.saturating_add(bytes >> 3).saturating_add(BLOCK_OVERHEAD)
}

/// Returns what the block of a list of `capacity` elements of type `T` costs, without what the elements own.
pub(crate) const fn list<T>(capacity: usize) -> usize {
    block(capacity.saturating_mul(size_of::<T>()))
}

/// Returns what the block of an [`Rc`](std::rc::Rc) costs that holds `bytes`: two counters precede them.
pub(crate) const fn shared(bytes: usize) -> usize {
    block(bytes.saturating_add(size_of::<[usize; 2]>()))
}

/// Returns the sum.
pub(crate) fn sum(parts: impl IntoIterator<Item = usize>) -> usize {
    parts.into_iter().fold(0, usize::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_never_less_than_what_was_asked_for() {
        assert_eq!((block(0), list::<u64>(0)), (0, 0));
        for bytes in [1, 15, 16, 1000, 65_536] {
            assert!(block(bytes) >= bytes + 16 && block(bytes) <= bytes + bytes / 8 + 16);
            assert_eq!(list::<u64>(bytes), block(8 * bytes));
            assert!(shared(bytes) > block(bytes));
        }
        assert_eq!(block(usize::MAX), usize::MAX);
        assert_eq!(sum([usize::MAX, 1, 2]), usize::MAX);
        assert_eq!(sum([1, 2]), 3);
    }
}
