//! Powers modulo an RSA modulus, in Montgomery form. Every number here is public, so the time may tell them.
//!
//! The numbers are boxed: one piece of code for all sizes makes a smaller module than one for each (17 kB less), and the
//! allocations do not show beside the multiplications.
//!
//! WebAssembly has no multiplication of 64 by 64 bits to 128, so `crypto-bigint` is a third faster there with limbs of
//! 32 bits, `--cfg cpubits="32"`: RSA-2048 in V8 takes 120 µs with them. It is right with either.

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Limb, Odd, Word};

/// What is prepared once for a modulus.
pub(super) struct Montgomery(BoxedMontyParams);

impl Montgomery {
    /// Prepares the modulus `n`, big-endian. `None` if it is even.
    pub(super) fn prepare(n: &[u8]) -> Option<Montgomery> {
        let modulus: Option<Odd<BoxedUint>> = Odd::new(number(n)).into();
        Some(Montgomery(BoxedMontyParams::new_vartime(modulus?)))
    }

    /// Whether `base` to the power of `exponent`, which is odd, is `expected`. Both numbers are big-endian, less than
    /// the modulus and written with as many bytes.
    pub(super) fn power_is(&self, base: &[u8], exponent: u32, expected: &[u8]) -> bool {
        self.power(number(base), exponent) == number(expected)
    }

    /// `base` to the power of `exponent`, which is odd.
    ///
    /// The bits of the exponent are taken from the top, all but the last in Montgomery form. The last multiplication
    /// is by `base` itself: a Montgomery product divides by R, which takes the result out of Montgomery form for
    /// nothing.
    fn power(&self, base: BoxedUint, exponent: u32) -> BoxedUint {
        let factor = BoxedMontyForm::new(base.clone(), &self.0);
        let last_factor = BoxedMontyForm::from_montgomery(base, &self.0);
        let mut power = factor.clone();
        let below_the_top = u32::BITS.saturating_sub(exponent.leading_zeros()).saturating_sub(1);
        for bit in (0..below_the_top).rev() {
            power = power.square();
            if bit > 0 && exponent >> bit & 1 == 1 {
                power = power.mul(&factor);
            }
        }
        power.mul(&last_factor).to_montgomery()
    }
}

/// The number of these big-endian bytes, with just the precision that they need.
fn number(bytes: &[u8]) -> BoxedUint {
    let word = |chunk: &[u8]| chunk.iter().fold(0, |word, byte| word << 8 | Word::from(*byte));
    BoxedUint::from_words(bytes.rchunks(Limb::BYTES).map(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes of no pattern.
    fn noise(len: usize) -> Vec<u8> {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut byte = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        };
        (0..len).map(|_| byte()).collect()
    }

    #[test]
    fn the_short_way_gives_what_the_library_gives() {
        for len in [256, 257, 260, 384, 385, 511, 512] {
            let mut n = noise(len);
            n[0] = 0xc1;
            n[len - 1] |= 1;
            let mut base = noise(len);
            base[0] = 0x71;
            let montgomery = Montgomery::prepare(&n).unwrap();
            for exponent in [3, 5, 17, 65_537, 65_539, 0x8000_0001, 0xffff_ffff] {
                let expected = BoxedMontyForm::new(number(&base), &montgomery.0)
                    .pow(&BoxedUint::from(exponent))
                    .retrieve();
                let power = montgomery.power(number(&base), exponent);
                assert_eq!(power, expected, "{len} bytes, {exponent}");
                let bytes = expected.to_be_bytes();
                let bytes = &bytes[bytes.len() - len..];
                assert!(montgomery.power_is(&base, exponent, bytes));
                assert!(!montgomery.power_is(&base, exponent ^ 2, bytes));
            }
        }
    }

    #[test]
    fn bytes_are_read_big_endian() {
        assert_eq!(number(&[1, 2]), BoxedUint::from(0x102_u32));
        assert_eq!(
            number(&[1, 0, 0, 0, 0, 0, 0, 0, 2]),
            BoxedUint::from(0x01_0000_0000_0000_0002_u128)
        );
        assert!(Montgomery::prepare(&[2; 256]).is_none());
    }
}
