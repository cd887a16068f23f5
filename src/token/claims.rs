//! The claims of a Cognito token, parsed once and strictly.

/// The claims of a token: typed where they decide, the JSON text where they are only told on.
#[derive(Debug)]
pub struct Claims {
    /// Placeholder of the type until its fields stand.
    _fields: (),
}
