//! Powers modulo an RSA modulus, in Montgomery form (Montgomery, "Modular multiplication without trial division", 1985).
//! Every number here is public, so the time may tell them.
//!
//! The arithmetic of limbs and their carries is `crypto-bigint`'s. Its ready-made Montgomery form is not used: preparing
//! one takes a division and the Karatsuba multiplication in all their sizes, 70 kB of the module, for the one number
//! R² mod n, which a few doublings and squarings give as well. The test holds the two against each other.
//!
//! WebAssembly has no multiplication of 64 by 64 bits to 128, so limbs of 32 bits, `--cfg cpubits="32"`, are a third
//! faster there. It is right with either.

use crypto_bigint::{Limb, Word};
use std::cmp::Ordering;

/// A number below the modulus, or the modulus: limbs, the lowest first, always as many as the modulus has.
type Number = Box<[Limb]>;

/// What is prepared once for a modulus n. R is the power of two just above all numbers of as many limbs as n.
pub(super) struct Montgomery {
    n: Number,
    /// -1/n modulo the power of two just above all limbs.
    negated_inverse: Limb,
    /// R² mod n: a Montgomery product with it takes a number into Montgomery form.
    r_squared: Number,
}

impl Montgomery {
    /// Prepares the modulus `n`, big-endian, without leading zeros. `None` if it is even.
    pub(super) fn prepare(n: &[u8]) -> Option<Montgomery> {
        let bits = n
            .len()
            .checked_mul(8)?
            .checked_sub(n.first()?.leading_zeros() as usize)?;
        let n = number(n);
        let lowest = n.first().filter(|limb| limb.0 & 1 == 1)?;
        let mut montgomery = Montgomery {
            negated_inverse: Limb(inverse(lowest.0).wrapping_neg()),
            r_squared: Box::default(),
            n,
        };
        montgomery.r_squared = montgomery.r_squared(bits)?;
        Some(montgomery)
    }

    /// Whether `base` to the power of `exponent`, which is odd, is `expected`. Both numbers are big-endian, less than
    /// the modulus and written with as many bytes.
    pub(super) fn power_is(&self, base: &[u8], exponent: u32, expected: &[u8]) -> bool {
        self.power(&number(base), exponent) == number(expected)
    }

    /// `base` to the power of `exponent`, which is odd.
    ///
    /// The bits of the exponent are taken from the top, all but the last in Montgomery form. The last multiplication
    /// is by `base` itself: a Montgomery product divides by R, which takes the result out of Montgomery form for
    /// nothing.
    fn power(&self, base: &[Limb], exponent: u32) -> Number {
        let factor = self.product(base, &self.r_squared);
        let mut power = factor.clone();
        let below_the_top = u32::BITS.saturating_sub(exponent.leading_zeros()).saturating_sub(1);
        for bit in (0..below_the_top).rev() {
            power = self.product(&power, &power);
            if bit > 0 && exponent >> bit & 1 == 1 {
                power = self.product(&power, &factor);
            }
        }
        self.product(&power, base)
    }

    /// The Montgomery product a·b/R mod n of two numbers below n.
    ///
    /// For each limb of `a` one row: what it adds to the sum, and the multiple of n that makes the sum's lowest limb zero,
    /// in one pass. Before and after each row the sum, less the limbs that are zero, is below 2n (so it takes one bit
    /// more than n's limbs have, `above`), and one subtraction is enough in the end.
    fn product(&self, a: &[Limb], b: &[Limb]) -> Number {
        let len = self.n.len();
        let mut sum = vec![Limb::ZERO; len.saturating_mul(2)];
        let mut above = Limb::ZERO;
        let first_of_b = b.first().copied().unwrap_or(Limb::ZERO);
        for (row, limb) in a.iter().enumerate() {
            let Some((row, behind)) = sum.get_mut(row..).and_then(|rest| rest.split_at_mut_checked(len)) else {
                break;
            };
            let lowest = row.first().copied().unwrap_or(Limb::ZERO);
            let lowest = limb.wrapping_mul(first_of_b).wrapping_add(lowest);
            let multiple = lowest.wrapping_mul(self.negated_inverse);
            let (mut carry, mut carry_of_multiple) = (Limb::ZERO, Limb::ZERO);
            for ((place, b), n) in row.iter_mut().zip(b).zip(&self.n) {
                let with_product;
                (with_product, carry) = limb.carrying_mul_add(*b, *place, carry);
                (*place, carry_of_multiple) = multiple.carrying_mul_add(*n, with_product, carry_of_multiple);
            }
            if let Some(next) = behind.first_mut() {
                (*next, above) = carry.carrying_add(carry_of_multiple, above);
            }
        }
        let mut product: Number = sum.get(len..).unwrap_or_default().into();
        self.reduce(&mut product, above);
        product
    }

    /// R² mod n, for n of so many bits.
    ///
    /// From the greatest power of two below n by doubling to 2^len·R, the Montgomery form of 2^len for n of `len` limbs;
    /// squared as often as two is in the bits of a limb, that is the Montgomery form of 2^(len·bits of a limb) = R.
    fn r_squared(&self, bits: usize) -> Option<Number> {
        let len = self.n.len();
        let top = bits.checked_sub(1)?;
        let mut number = vec![Limb::ZERO; len].into_boxed_slice();
        let bits_of_limb = Limb::BITS as usize;
        number.get_mut(top.checked_div(bits_of_limb)?)?.0 = 1 << top.checked_rem(bits_of_limb)?;
        let goal = len.checked_mul(bits_of_limb)?.checked_add(len)?;
        for _ in top..goal {
            self.double(&mut number);
        }
        for _ in 0..Limb::BITS.trailing_zeros() {
            number = self.product(&number, &number);
        }
        Some(number)
    }

    /// Doubles a number modulo n.
    fn double(&self, number: &mut [Limb]) {
        let mut carry = Limb::ZERO;
        for limb in number.iter_mut() {
            (*limb, carry) = limb.carrying_add(*limb, carry);
        }
        self.reduce(number, carry);
    }

    /// Takes n off once if the number, of which `above` are the limbs' carry, is n or more. It is less than 2n.
    fn reduce(&self, number: &mut [Limb], above: Limb) {
        let from_the_top = number.iter().rev().map(|limb| limb.0);
        let order = from_the_top.cmp(self.n.iter().rev().map(|limb| limb.0));
        if above == Limb::ZERO && order == Ordering::Less {
            return;
        }
        let mut borrow = Limb::ZERO;
        for (limb, n) in number.iter_mut().zip(&self.n) {
            (*limb, borrow) = limb.borrowing_sub(*n, borrow);
        }
    }
}

/// 1/n modulo the power of two just above all words, for an odd `n`, by Newton's iteration: n itself is right in its
/// lowest three bits, since the square of an odd number is 1 modulo 8, and each step doubles the bits that are right.
fn inverse(n: Word) -> Word {
    let mut inverse = n;
    for _ in 0..5 {
        inverse = inverse.wrapping_mul(Word::wrapping_sub(2, n.wrapping_mul(inverse)));
    }
    inverse
}

/// The number of these big-endian bytes, with just the limbs that they need.
fn number(bytes: &[u8]) -> Number {
    let limb = |chunk: &[u8]| Limb(chunk.iter().fold(0, |word, byte| word << 8 | Word::from(*byte)));
    bytes.rchunks(Limb::BYTES).map(limb).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
    use crypto_bigint::{BoxedUint, Odd};

    /// Bytes of no pattern.
    fn noise(len: usize, seed: u64) -> Vec<u8> {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64 ^ seed;
        let mut byte = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        };
        (0..len).map(|_| byte()).collect()
    }

    fn boxed(limbs: &[Limb]) -> BoxedUint {
        BoxedUint::from_words(limbs.iter().map(|limb| limb.0))
    }

    fn bytes(number: &BoxedUint, len: usize) -> Vec<u8> {
        let bytes = number.to_be_bytes();
        bytes[bytes.len() - len..].to_vec()
    }

    /// Holds the power against the library's.
    fn compare(n: &[u8], base: &[u8], exponent: u32) {
        let montgomery = Montgomery::prepare(n).unwrap();
        let modulus = Odd::new(boxed(&number(n))).unwrap();
        let params = BoxedMontyParams::new_vartime(modulus);
        let expected = BoxedMontyForm::new(boxed(&number(base)), &params)
            .pow(&BoxedUint::from(exponent))
            .retrieve();
        let power = montgomery.power(&number(base), exponent);
        assert_eq!(boxed(&power), expected, "{n:02x?} {base:02x?} {exponent}");
        assert!(montgomery.power_is(base, exponent, &bytes(&expected, n.len())));
        let mut other = bytes(&expected, n.len());
        other[0] ^= 1;
        assert!(!montgomery.power_is(base, exponent, &other));
    }

    #[test]
    fn the_short_way_gives_what_the_library_gives() {
        for (seed, len) in [256, 257, 258, 260, 261, 264, 384, 385, 509, 511, 512]
            .into_iter()
            .enumerate()
        {
            let mut n = noise(len, seed as u64);
            n[0] = 0xc1;
            n[len - 1] |= 1;
            let mut base = noise(len, 77);
            base[0] = 0x71;
            for exponent in [3, 5, 17, 65_537, 65_539, 0x8000_0001, 0xffff_ffff] {
                compare(&n, &base, exponent);
            }
        }
    }

    #[test]
    fn numbers_at_their_edges() {
        let all_ones = vec![0xff; 256];
        let mut just_2048_bits = vec![0; 256];
        (just_2048_bits[0], just_2048_bits[255]) = (0x80, 1);
        let mut just_2049_bits = vec![0; 257];
        (just_2049_bits[0], just_2049_bits[256]) = (1, 1);
        let mut low_limbs_full = vec![0xff; 256];
        low_limbs_full[0] = 0x80;
        let mut high_limbs_full = vec![0xff; 256];
        high_limbs_full[128..].fill(0);
        high_limbs_full[255] = 1;
        for n in [
            all_ones,
            just_2048_bits,
            just_2049_bits,
            low_limbs_full,
            high_limbs_full,
        ] {
            let modulus = boxed(&number(&n));
            let less = |little: u32| bytes(&modulus.wrapping_sub(BoxedUint::from(little)), n.len());
            let mut one = vec![0; n.len()];
            one[n.len() - 1] = 1;
            for base in [vec![0; n.len()], one, less(1), less(2), less(0xffff)] {
                for exponent in [3, 65_537, 0xffff_ffff] {
                    compare(&n, &base, exponent);
                }
            }
        }
    }

    #[test]
    fn many_moduli_and_bases() {
        for seed in 0..200 {
            let mut n = noise(256, seed);
            n[0] |= 0x80;
            n[255] |= 1;
            let mut base = noise(256, seed ^ 0xabcd_ef01);
            base[0] &= 0x7f;
            compare(&n, &base, 65_537);
        }
    }

    #[test]
    fn bytes_are_read_big_endian() {
        assert_eq!(boxed(&number(&[1, 2])), BoxedUint::from(0x102_u32));
        assert_eq!(
            boxed(&number(&[1, 0, 0, 0, 0, 0, 0, 0, 2])),
            BoxedUint::from(0x01_0000_0000_0000_0002_u128)
        );
        assert!(Montgomery::prepare(&[2; 256]).is_none());
        assert!(Montgomery::prepare(&[]).is_none());
    }
}
