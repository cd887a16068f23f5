//! Powers modulo an RSA modulus, in Montgomery form. Every number here is public, so the time may tell them.

use core::array;
use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
use crypto_bigint::{Limb, Odd, U2048, U3072, U4096, Uint};

/// What is prepared once for a modulus, in the smallest size class that holds it.
pub(super) enum Montgomery {
    Bits2048(Box<FixedMontyParams<{ U2048::LIMBS }>>),
    Bits3072(Box<FixedMontyParams<{ U3072::LIMBS }>>),
    Bits4096(Box<FixedMontyParams<{ U4096::LIMBS }>>),
}

impl Montgomery {
    /// Prepares the modulus `n`, big-endian. `None` if it is even or longer than 4096 bits.
    pub(super) fn prepare(n: &[u8]) -> Option<Montgomery> {
        match n.len() {
            0..=256 => params(n).map(Montgomery::Bits2048),
            257..=384 => params(n).map(Montgomery::Bits3072),
            385..=512 => params(n).map(Montgomery::Bits4096),
            _ => None,
        }
    }

    /// Whether `base` to the power of `exponent` is `expected`; both big-endian and less than the modulus.
    pub(super) fn power_is(&self, base: &[u8], exponent: u32, expected: &[u8]) -> bool {
        match self {
            Montgomery::Bits2048(params) => power(base, exponent, params) == uint(expected),
            Montgomery::Bits3072(params) => power(base, exponent, params) == uint(expected),
            Montgomery::Bits4096(params) => power(base, exponent, params) == uint(expected),
        }
    }
}

fn params<const LIMBS: usize>(n: &[u8]) -> Option<Box<FixedMontyParams<LIMBS>>> {
    let modulus: Option<Odd<Uint<LIMBS>>> = Odd::new(uint(n)).into();
    Some(Box::new(FixedMontyParams::new_vartime(modulus?)))
}

/// `base` to the power of `exponent`, which is odd.
///
/// The bits of the exponent are taken from the top, all but the last in Montgomery form. The last multiplication is by
/// `base` itself: a Montgomery product divides by R, which takes the result out of Montgomery form for nothing.
fn power<const LIMBS: usize>(base: &[u8], exponent: u32, params: &FixedMontyParams<LIMBS>) -> Uint<LIMBS> {
    let base: Uint<LIMBS> = uint(base);
    let plain = FixedMontyForm::from_montgomery(base, params);
    let factor = FixedMontyForm::new(&base, params);
    let mut power = factor;
    let mut bits = exponent << exponent.leading_zeros().saturating_add(1);
    let count = u32::BITS.saturating_sub(exponent.leading_zeros()).saturating_sub(1);
    for left in (0..count).rev() {
        power = power.square();
        if left > 0 && bits.leading_zeros() == 0 {
            power = power.mul(&factor);
        }
        bits <<= 1;
    }
    power.mul(&plain).to_montgomery()
}

/// The number of these big-endian bytes. Bytes beyond the size class are ignored; callers give none.
fn uint<const LIMBS: usize>(bytes: &[u8]) -> Uint<LIMBS> {
    let mut words = bytes.rchunks(Limb::BYTES).map(|chunk| {
        chunk
            .iter()
            .fold(0, |word, byte| word << 8 | crypto_bigint::Word::from(*byte))
    });
    Uint::from_words(array::from_fn(|_| words.next().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A modulus and a base of so many bytes, of no pattern.
    fn numbers(len: usize) -> (Vec<u8>, Vec<u8>) {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut bytes = || -> Vec<u8> {
            (0..len)
                .map(|_| {
                    state ^= state << 13;
                    state ^= state >> 7;
                    state ^= state << 17;
                    state.to_le_bytes()[3]
                })
                .collect()
        };
        let (mut n, mut base) = (bytes(), bytes());
        n[0] = 0xc1;
        n[len - 1] |= 1;
        base[0] = 0x71;
        (n, base)
    }

    fn check<const LIMBS: usize>(len: usize) {
        let (n, base) = numbers(len);
        let params = params::<LIMBS>(&n).unwrap();
        for exponent in [3, 5, 17, 65_537, 65_539, 0x8000_0001, 0xffff_ffff] {
            let expected = FixedMontyForm::new(&uint::<LIMBS>(&base), &params)
                .pow_vartime(&Uint::<1>::from(exponent))
                .retrieve();
            assert_eq!(power(&base, exponent, &params), expected, "{len} bytes, {exponent}");
        }
    }

    #[test]
    fn the_short_way_gives_what_the_library_gives() {
        check::<{ U2048::LIMBS }>(256);
        check::<{ U3072::LIMBS }>(257);
        check::<{ U3072::LIMBS }>(384);
        check::<{ U4096::LIMBS }>(385);
        check::<{ U4096::LIMBS }>(512);
    }

    #[test]
    fn bytes_are_read_big_endian() {
        assert_eq!(uint::<2>(&[]), Uint::ZERO);
        assert_eq!(uint::<2>(&[1, 2]), Uint::from(0x102_u32));
        assert_eq!(
            uint::<2>(&[1, 0, 0, 0, 0, 0, 0, 0, 2]),
            Uint::from_u128(0x01_0000_0000_0000_0002)
        );
        assert!(Montgomery::prepare(&[2; 256]).is_none());
        assert!(Montgomery::prepare(&[3; 513]).is_none());
    }
}
