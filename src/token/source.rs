//! Where a request's token is found, and how it is taken out of what the upstream gets.

/// A place to look for a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenSource {
    /// A header. With a scheme (RFC 9110, section 11.4) its value is `scheme token`, without one the token alone.
    Header {
        /// The header's name, lower case.
        name: String,
        /// The scheme, as configured; compared without regard to case.
        scheme: Option<String>,
    },
    /// A cookie.
    Cookie(CookieName),
    /// A query parameter.
    Query(String),
}

/// A cookie's name, in which one `*` may stand for any characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CookieName {
    /// This name.
    Exact(String),
    /// Any name that begins and ends so, without overlap.
    Wildcard {
        /// What stands before the `*`.
        prefix: String,
        /// What stands behind the `*`.
        suffix: String,
    },
}
