//! RSA public keys that are strong enough (RFC 7518, section 3.3; RFC 8017).

/// An RSA public key of 2048 to 4096 bits. Whoever holds one needs no further check of its strength.
#[derive(Debug)]
pub struct PublicKey {
    /// Placeholder of the type until its fields stand.
    _fields: (),
}
