//! JWK sets (RFC 7517): what is used from one, what is passed over, what makes it unusable.

/// The usable keys of a JWK set.
#[derive(Debug)]
pub struct KeySet {
    /// Placeholder of the type until its fields stand.
    _fields: (),
}
