//! RSA public keys that are strong enough (RFC 7518, section 3.3; RFC 8017).

mod der;
mod power;

use power::Montgomery;
use std::cell::OnceCell;
use std::fmt;

/// The smallest modulus in bits: RFC 7518, section 3.3.
pub const MIN_MODULUS_BITS: usize = 2048;

/// The largest modulus in bits. Each doubling costs four times the work, and Cognito signs with 2048 bits.
pub const MAX_MODULUS_BITS: usize = 4096;

/// [`MAX_MODULUS_BITS`] in bytes: no signature and no encoded message is longer.
pub const MAX_MODULUS_LEN: usize = MAX_MODULUS_BITS / 8;

/// An RSA public key of 2048 to 4096 bits. Whoever holds one needs no further check of its strength.
///
/// What a way of verifying needs of it is prepared once, at the first use: a host that verifies for us never pays for
/// the Montgomery parameters, one that does not never pays for the host's message.
pub struct PublicKey {
    /// Big-endian, no leading zero.
    n: Box<[u8]>,
    /// Big-endian, no leading zero.
    e: Box<[u8]>,
    exponent: u32,
    spki_der: Box<[u8]>,
    montgomery: OnceCell<Option<Montgomery>>,
    host_argument: OnceCell<Box<[u8]>>,
}

impl PublicKey {
    /// The key of modulus `n` and public exponent `e`, both big-endian (RFC 7518, section 6.3.1).
    ///
    /// The RFC wants them without leading zeros and warns that some libraries send one; leading zeros change no value,
    /// so they are dropped.
    ///
    /// # Errors
    /// The modulus is even or not of 2048 to 4096 bits; the exponent is even or not from 3 to 2^32-1.
    pub fn from_components(n: &[u8], e: &[u8]) -> Result<PublicKey, WeakKey> {
        let n = without_leading_zeros(n);
        let e = without_leading_zeros(e);
        check_modulus(n)?;
        let exponent = check_exponent(e)?;
        Ok(PublicKey {
            n: n.into(),
            e: e.into(),
            exponent,
            spki_der: der::subject_public_key_info(n, e).into(),
            montgomery: OnceCell::new(),
            host_argument: OnceCell::new(),
        })
    }

    /// The modulus, big-endian, without leading zeros.
    pub fn n(&self) -> &[u8] {
        &self.n
    }

    /// The public exponent, big-endian, without leading zeros: 1 to 4 bytes.
    pub fn e(&self) -> &[u8] {
        &self.e
    }

    /// The length of the modulus in bytes, rounded up (RFC 8017's *k*): 256 to 512. Each signature has exactly this length.
    pub fn modulus_len(&self) -> usize {
        self.n.len()
    }

    /// The key as DER `SubjectPublicKeyInfo` (RFC 5280, section 4.1.2.7; RFC 3279, section 2.3.1).
    pub fn spki_der(&self) -> &[u8] {
        &self.spki_der
    }

    /// Whether `signature` to the power of the public exponent is `encoded`, modulo the modulus (RSAVP1 of RFC 8017,
    /// section 5.2.2). False unless both have [`PublicKey::modulus_len`] bytes and the signature is less than the modulus.
    pub(crate) fn raises_to(&self, signature: &[u8], encoded: &[u8]) -> bool {
        let len = self.modulus_len();
        // Of numbers of one length the bytes order as the numbers do.
        if signature.len() != len || encoded.len() != len || signature >= self.n() {
            return false;
        }
        self.montgomery
            .get_or_init(|| Montgomery::prepare(&self.n))
            .as_ref()
            .is_some_and(|montgomery| montgomery.power_is(signature, self.exponent, encoded))
    }

    /// What a host's verifying function is told of this key: `prepare`d from [`PublicKey::spki_der`] at the first call
    /// and kept. There is one such function, so all callers prepare the same.
    pub(crate) fn host_argument(&self, prepare: impl FnOnce(&[u8]) -> Vec<u8>) -> &[u8] {
        self.host_argument
            .get_or_init(|| prepare(&self.spki_der).into_boxed_slice())
    }
}

/// Keys are equal if their numbers are.
impl PartialEq for PublicKey {
    fn eq(&self, other: &PublicKey) -> bool {
        self.n == other.n && self.e == other.e
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublicKey")
            .field("bits", &bit_len(&self.n))
            .field("exponent", &self.exponent)
            .finish_non_exhaustive()
    }
}

/// Why two numbers are no acceptable RSA key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeakKey {
    /// The modulus has this many bits, which is not from 2048 to 4096.
    ModulusSize(usize),
    /// The modulus is even: no product of two large primes.
    EvenModulus,
    /// The public exponent is even: it has no inverse.
    EvenExponent,
    /// The public exponent is not from 3 to 2^32-1.
    ExponentRange,
}

impl fmt::Display for WeakKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WeakKey::ModulusSize(bits) => write!(
                f,
                "the modulus \"n\" has {bits} bits: it must have {MIN_MODULUS_BITS} to {MAX_MODULUS_BITS}"
            ),
            WeakKey::EvenModulus => f.write_str("the modulus \"n\" is even: it must be odd"),
            WeakKey::EvenExponent => f.write_str("the exponent \"e\" is even: it must be odd"),
            WeakKey::ExponentRange => f.write_str("the exponent \"e\" must be from 3 to 4294967295"),
        }
    }
}

impl std::error::Error for WeakKey {}

fn check_modulus(n: &[u8]) -> Result<(), WeakKey> {
    let bits = bit_len(n);
    if !(MIN_MODULUS_BITS..=MAX_MODULUS_BITS).contains(&bits) {
        return Err(WeakKey::ModulusSize(bits));
    }
    if !is_odd(n) {
        return Err(WeakKey::EvenModulus);
    }
    Ok(())
}

fn check_exponent(e: &[u8]) -> Result<u32, WeakKey> {
    if e.len() > size_of::<u32>() {
        return Err(WeakKey::ExponentRange);
    }
    let exponent = e.iter().fold(0_u32, |value, byte| value << 8 | u32::from(*byte));
    if exponent < 3 {
        return Err(WeakKey::ExponentRange);
    }
    if !is_odd(e) {
        return Err(WeakKey::EvenExponent);
    }
    Ok(exponent)
}

fn is_odd(number: &[u8]) -> bool {
    number.last().is_some_and(|byte| byte & 1 == 1)
}

fn without_leading_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

/// The bits of a number without leading zero bytes.
fn bit_len(number: &[u8]) -> usize {
    let unused = number.first().map_or(0, |byte| byte.leading_zeros() as usize);
    number.len().saturating_mul(8).saturating_sub(unused)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An odd number of exactly so many bits.
    fn odd(bits: usize) -> Vec<u8> {
        let mut number = vec![0xff; bits.div_ceil(8)];
        number[0] = 0xff >> (number.len() * 8 - bits);
        number
    }

    #[test]
    fn the_modulus_is_odd_and_has_2048_to_4096_bits() {
        let even = |bits| {
            let mut number = odd(bits);
            *number.last_mut().unwrap() = 0xfe;
            number
        };
        let mut zeros_before = vec![0; 3];
        zeros_before.extend(odd(2047));
        for (n, expected) in [
            (vec![], Err(WeakKey::ModulusSize(0))),
            (vec![0; 256], Err(WeakKey::ModulusSize(0))),
            (odd(1024), Err(WeakKey::ModulusSize(1024))),
            (odd(2040), Err(WeakKey::ModulusSize(2040))),
            (odd(2047), Err(WeakKey::ModulusSize(2047))),
            (zeros_before, Err(WeakKey::ModulusSize(2047))),
            (odd(2048), Ok(256)),
            (even(2048), Err(WeakKey::EvenModulus)),
            (odd(2049), Ok(257)),
            (odd(3072), Ok(384)),
            (odd(4095), Ok(512)),
            (odd(4096), Ok(512)),
            (even(4096), Err(WeakKey::EvenModulus)),
            (odd(4097), Err(WeakKey::ModulusSize(4097))),
            (odd(8192), Err(WeakKey::ModulusSize(8192))),
        ] {
            let bits = bit_len(&n);
            let key = PublicKey::from_components(&n, &[1, 0, 1]);
            assert_eq!(key.map(|key| key.modulus_len()), expected, "{bits} bits");
        }
    }

    #[test]
    fn the_exponent_is_odd_and_from_3_to_2_to_the_32_less_1() {
        for (e, expected) in [
            (&[][..], Err(WeakKey::ExponentRange)),
            (&[0], Err(WeakKey::ExponentRange)),
            (&[1], Err(WeakKey::ExponentRange)),
            (&[2], Err(WeakKey::ExponentRange)),
            (&[3], Ok(&[3][..])),
            (&[4], Err(WeakKey::EvenExponent)),
            (&[1, 0, 0], Err(WeakKey::EvenExponent)),
            (&[1, 0, 1], Ok(&[1, 0, 1])),
            (&[0, 0, 0, 0, 1, 0, 1], Ok(&[1, 0, 1])),
            (&[0xff, 0xff, 0xff, 0xfe], Err(WeakKey::EvenExponent)),
            (&[0xff, 0xff, 0xff, 0xff], Ok(&[0xff, 0xff, 0xff, 0xff])),
            (&[1, 0, 0, 0, 1], Err(WeakKey::ExponentRange)),
            (&[0xff; 64], Err(WeakKey::ExponentRange)),
        ] {
            let key = PublicKey::from_components(&odd(2048), e);
            assert_eq!(key.as_ref().map(PublicKey::e), expected.as_ref().copied(), "{e:?}");
        }
    }

    #[test]
    fn leading_zeros_make_no_other_key() {
        let mut n = vec![0];
        n.extend(odd(2048));
        let padded = PublicKey::from_components(&n, &[0, 1, 0, 1]).unwrap();
        let plain = PublicKey::from_components(&odd(2048), &[1, 0, 1]).unwrap();
        assert_eq!(padded, plain);
        assert_eq!(padded.n(), plain.n());
        assert_eq!(padded.spki_der(), plain.spki_der());
        assert_ne!(plain, PublicKey::from_components(&odd(2048), &[3]).unwrap());
        assert_ne!(plain, PublicKey::from_components(&odd(2056), &[1, 0, 1]).unwrap());
    }

    #[test]
    fn numbers_of_the_wrong_length_or_not_below_the_modulus_are_never_raised() {
        let key = PublicKey::from_components(&odd(2048), &[3]).unwrap();
        let one = |len: usize| {
            let mut number = vec![0; len];
            number[len - 1] = 1;
            number
        };
        assert!(key.raises_to(&one(256), &one(256)));
        for (signature, encoded) in [
            (one(255), one(256)),
            (one(257), one(256)),
            (one(256), one(255)),
            (one(256), one(257)),
            (vec![], vec![]),
            (odd(2048), vec![0; 256]),
        ] {
            assert!(!key.raises_to(&signature, &encoded));
        }
    }
}
