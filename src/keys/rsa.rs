//! RSA public keys that are strong enough (RFC 7518, section 3.3; RFC 8017).

use jwt_compact::jwk::JsonWebKey;
pub use rsa::RsaPublicKey;
use rsa::pkcs8::EncodePublicKey as _;
use rsa::traits::PublicKeyParts as _;
use std::any::Any;
use std::cell::OnceCell;
use std::fmt;

/// The smallest modulus in bits: RFC 7518, section 3.3.
pub const MIN_MODULUS_BITS: usize = 2048;

/// The largest modulus in bits. Each doubling costs four times the work, and Cognito signs with 2048 bits.
pub const MAX_MODULUS_BITS: usize = 4096;

/// An RSA public key of 2048 to 4096 bits. A value of this type needs no further check of its strength.
pub struct PublicKey {
    rsa: RsaPublicKey,
    /// The key in the form of the verifier in use, created at the first use.
    prepared: OnceCell<Box<dyn Any>>,
}

impl PublicKey {
    /// Reads the key from a JWK (RFC 7518, section 6.3.1).
    ///
    /// The RFC requires the numbers without leading zeros and warns that some libraries send one. Leading zeros do not change the
    /// value, so they are dropped.
    ///
    /// # Errors
    /// The modulus is even or not of 2048 to 4096 bits; the exponent is even or not from 3 to 2^32-1. These bounds are
    /// narrower than those of the `rsa` crate.
    pub fn from_jwk(jwk: &JsonWebKey<'_>) -> Result<PublicKey, WeakKey> {
        let JsonWebKey::Rsa {
            modulus,
            public_exponent,
            ..
        } = jwk
        else {
            return Err(WeakKey::NotRsa);
        };
        check_modulus(without_leading_zeros(modulus))?;
        check_exponent(without_leading_zeros(public_exponent))?;
        // Everything that it could still refuse was refused above.
        let rsa = RsaPublicKey::try_from(jwk).map_err(|_| WeakKey::NotRsa)?;
        Ok(PublicKey {
            rsa,
            prepared: OnceCell::new(),
        })
    }

    /// Returns the key with modulus `n` and public exponent `e`, both big-endian.
    ///
    /// # Errors
    /// Those of [`PublicKey::from_jwk`].
    pub fn from_components(n: &[u8], e: &[u8]) -> Result<PublicKey, WeakKey> {
        PublicKey::from_jwk(&JsonWebKey::Rsa {
            modulus: n.into(),
            public_exponent: e.into(),
            private_parts: None,
        })
    }

    /// Returns the key as a type of the `rsa` crate.
    pub fn as_rsa(&self) -> &RsaPublicKey {
        &self.rsa
    }

    /// Returns the modulus, big-endian, without leading zeros.
    pub fn n(&self) -> Vec<u8> {
        self.rsa.n().to_bytes_be()
    }

    /// Returns the public exponent, big-endian, without leading zeros: 1 to 4 bytes.
    pub fn e(&self) -> Vec<u8> {
        self.rsa.e().to_bytes_be()
    }

    /// Returns the length of the modulus in bytes, rounded up (RFC 8017's *k*): 256 to 512. Each signature has exactly
    /// this length.
    pub fn modulus_len(&self) -> usize {
        self.rsa.size()
    }

    /// Returns the key as DER `SubjectPublicKeyInfo` (RFC 5280, section 4.1.2.7; RFC 3279, section 2.3.1), or `None` if
    /// it cannot be encoded, which no key of this size can cause.
    pub fn spki_der(&self) -> Option<Vec<u8>> {
        self.rsa.to_public_key_der().ok().map(|der| der.into_vec())
    }

    /// Returns the result of `prepare` for this key, which is called once and kept with the key.
    ///
    /// A process has one verifier besides the module's own, which needs no preparation. `None`: another type was prepared before,
    /// so this one would have to be created for each signature.
    pub fn prepared<T: 'static>(&self, prepare: impl FnOnce(&PublicKey) -> T) -> Option<&T> {
        self.prepared.get_or_init(|| Box::new(prepare(self))).downcast_ref()
    }
}

/// Keys are equal if their numbers are.
impl PartialEq for PublicKey {
    fn eq(&self, other: &PublicKey) -> bool {
        self.rsa == other.rsa
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublicKey")
            .field("bits", &self.rsa.n().bits())
            .field("exponent", &self.e())
            .finish_non_exhaustive()
    }
}

/// Why a JWK is not an acceptable RSA key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeakKey {
    /// The modulus has this many bits, which is not from 2048 to 4096.
    ModulusSize(usize),
    /// The modulus is even, so it is not a product of two large primes.
    EvenModulus,
    /// The public exponent is even: it has no inverse.
    EvenExponent,
    /// The public exponent is not from 3 to 2^32-1.
    ExponentRange,
    /// It is not an RSA key.
    NotRsa,
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
            WeakKey::NotRsa => f.write_str("not an RSA key"),
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

fn check_exponent(e: &[u8]) -> Result<(), WeakKey> {
    if e.len() > size_of::<u32>() || matches!(e, [] | [0..=2]) {
        return Err(WeakKey::ExponentRange);
    }
    if !is_odd(e) {
        return Err(WeakKey::EvenExponent);
    }
    Ok(())
}

fn is_odd(number: &[u8]) -> bool {
    number.last().is_some_and(|byte| byte & 1 == 1)
}

fn without_leading_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

/// Returns the bits of a number without leading zero bytes.
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
            (&[3], Ok(vec![3])),
            (&[4], Err(WeakKey::EvenExponent)),
            (&[1, 0, 0], Err(WeakKey::EvenExponent)),
            (&[1, 0, 1], Ok(vec![1, 0, 1])),
            (&[0, 0, 0, 0, 1, 0, 1], Ok(vec![1, 0, 1])),
            (&[0xff, 0xff, 0xff, 0xfe], Err(WeakKey::EvenExponent)),
            (&[0xff, 0xff, 0xff, 0xff], Ok(vec![0xff, 0xff, 0xff, 0xff])),
            (&[1, 0, 0, 0, 1], Err(WeakKey::ExponentRange)),
            (&[0xff; 64], Err(WeakKey::ExponentRange)),
        ] {
            let key = PublicKey::from_components(&odd(2048), e);
            assert_eq!(key.map(|key| key.e()), expected, "{e:?}");
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
        assert_eq!(padded.modulus_len(), plain.modulus_len());
        assert_eq!(padded.spki_der(), plain.spki_der());
        assert_ne!(plain, PublicKey::from_components(&odd(2048), &[3]).unwrap());
        assert_ne!(plain, PublicKey::from_components(&odd(2056), &[1, 0, 1]).unwrap());
    }

    #[test]
    fn another_kind_of_key_is_refused() {
        let jwk = JsonWebKey::EllipticCurve {
            curve: "P-256".into(),
            x: vec![1; 32].into(),
            y: vec![1; 32].into(),
            secret: None,
        };
        assert_eq!(PublicKey::from_jwk(&jwk), Err(WeakKey::NotRsa));
    }

    #[test]
    fn another_reader_of_der_finds_the_same_numbers() {
        use rsa_0_10::pkcs8::DecodePublicKey as _;
        use rsa_0_10::traits::PublicKeyParts as _;
        for (first, len) in [(0x80, 256), (0x01, 257), (0xff, 384), (0x7f, 512)] {
            let mut n = vec![0xab; len];
            n[0] = first;
            for e in [&[3][..], &[1, 0, 1], &[0x80, 0, 1]] {
                let key = PublicKey::from_components(&n, e).unwrap();
                let read = rsa_0_10::PublicKey::from_public_key_der(&key.spki_der().unwrap()).unwrap();
                assert_eq!(*read.n_bytes(), *n);
                assert_eq!(*read.e_bytes(), *e);
            }
        }
    }

    #[test]
    fn a_key_is_prepared_once_and_for_one_type() {
        let key = PublicKey::from_components(&odd(2048), &[3]).unwrap();
        assert_eq!(key.prepared(|key| key.modulus_len()), Some(&256));
        assert_eq!(key.prepared::<usize>(|_| panic!("prepared already")), Some(&256));
        assert_eq!(key.prepared::<String>(|_| panic!("prepared already")), None);
    }
}
