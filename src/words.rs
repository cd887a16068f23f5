//! Texts, eight bytes or more at a time. WebAssembly has no instructions for comparing and searching them, and what the standard
//! library does there goes byte by byte or by four; tokens are a kilobyte long.

use std::hash::Hasher;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHEST: u64 = 0x8080_8080_8080_8080;

/// Whether two texts are the same; asked of whole tokens, so it goes by four words.
pub(crate) fn same(one: &[u8], other: &[u8]) -> bool {
    let ((blocks, rest), (other_blocks, other_rest)) = (one.as_chunks::<32>(), other.as_chunks::<32>());
    one.len() == other.len()
        && blocks
            .iter()
            .zip(other_blocks)
            .all(|(block, other)| difference(block, other) == 0)
        && rest == other_rest
}

/// Zero if both are the same.
fn difference(one: &[u8; 32], other: &[u8; 32]) -> u64 {
    let (words, other_words) = (one.as_chunks::<8>().0, other.as_chunks::<8>().0);
    let differ = |(word, other): (&[u8; 8], &[u8; 8])| u64::from_le_bytes(*word) ^ u64::from_le_bytes(*other);
    words
        .iter()
        .zip(other_words)
        .map(differ)
        .fold(0, |all, bits| all | bits)
}

/// Where `wanted` stands first.
pub(crate) fn position(text: &[u8], wanted: u8) -> Option<usize> {
    find(text, |word| equal_to(word, wanted), |byte| byte == wanted)
}

/// The first byte that is marked: of a word by its highest bit, as [`equal_to`] and [`below`] mark it, one by one at the end
/// of the text.
pub(crate) fn find(text: &[u8], mark: impl Fn(u64) -> u64, is_marked: impl Fn(u8) -> bool) -> Option<usize> {
    let (words, rest) = text.as_chunks::<8>();
    let mut before = 0_usize;
    for word in words {
        let marks = mark(u64::from_le_bytes(*word)) & HIGHEST;
        if marks != 0 {
            // The lowest mark is that of the first byte.
            return Some(before.saturating_add(marks.trailing_zeros() as usize / 8));
        }
        before = before.saturating_add(8);
    }
    let place = rest.iter().position(|byte| is_marked(*byte))?;
    Some(before.saturating_add(place))
}

/// Marks the first byte that is `wanted`. Bytes behind it may be marked wrongly.
pub(crate) fn equal_to(word: u64, wanted: u8) -> u64 {
    below(word ^ ONES.wrapping_mul(u64::from(wanted)), 1)
}

/// Marks the first byte below `bound`, which is at most 128. Bytes behind it may be marked wrongly, since only subtracting from a
/// byte that is below borrows from the next one (Henry S. Warren, Hacker's Delight, section 6-1).
pub(crate) fn below(word: u64, bound: u8) -> u64 {
    word.wrapping_sub(ONES.wrapping_mul(u64::from(bound))) & !word
}

/// Hashes numbers that nobody who could gain by it chooses: the end of a signature, the host's own numbers.
#[derive(Debug, Default)]
pub(crate) struct WordHasher(u64);

impl Hasher for WordHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.mix(u64::from(*byte));
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.mix(u64::from(number));
    }

    fn write_u128(&mut self, number: u128) {
        for half in [number, number >> u64::BITS] {
            // Its lower 64 bits.
            self.mix(half as u64);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl WordHasher {
    /// Multiplying carries bits up only, so the high ones are folded down before and after it.
    fn mix(&mut self, word: u64) {
        let word = self.0 ^ word;
        let product = (word ^ (word >> 32)).wrapping_mul(GOLDEN_RATIO);
        self.0 = product ^ (product >> 29);
    }
}

/// 2^64 divided by the golden ratio, odd: no two words near each other end up so (Knuth, volume 3, section 6.4).
const GOLDEN_RATIO: u64 = 0x9e37_79b9_7f4a_7c15;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_byte_of_a_text_is_passed_over() {
        for length in 0..100 {
            let text = vec![b'a'; length];
            assert!(same(&text, &text.clone()));
            assert!(!same(&text, &[&text[..], b"a"].concat()));
            for place in 0..length {
                let mut other = text.clone();
                other[place] ^= 0x80;
                assert!(!same(&text, &other), "byte {place} of {length}");
            }
        }
    }

    #[test]
    fn the_first_of_several_is_found_wherever_it_stands() {
        for filler in 0..=u8::MAX {
            for wanted in [0, 1, b'.', 0x7f, 0x80, 0xff] {
                for place in 0..20 {
                    let mut text = [filler; 20];
                    text[place] = wanted;
                    text[19] = wanted;
                    let expected = if filler == wanted { 0 } else { place };
                    assert_eq!(position(&text, wanted), Some(expected), "{wanted:#x} among {filler:#x}");
                    let bound = filler.min(127);
                    let expected = text.iter().position(|byte| *byte < bound);
                    assert_eq!(find(&text, |word| below(word, bound), |byte| byte < bound), expected);
                }
            }
        }
        assert_eq!(position(b"", b'.'), None);
        assert_eq!(position(b"aaaaaaaaaaaa", b'.'), None);
    }
}
