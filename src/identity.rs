//! What the upstream is told of the user, in headers that no client can forge.

use std::rc::Rc;

/// What the upstream is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityPolicy {
    /// Header (lower case) and where its value comes from.
    pub headers: Vec<(Rc<str>, HeaderSource)>,
    /// Header that carries all claims, base64url of the JSON.
    pub payload_header: Option<Rc<str>>,
    /// Take the credential out of what the upstream gets.
    pub remove_token: bool,
}

/// Where an identity header's value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderSource {
    /// The first of these claims that is present.
    Claims(Vec<ClaimRef>),
    /// `aud` of an ID token, `client_id` of an access token.
    Client,
}

/// How a claim is named in the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimRef {
    /// A literal member name (`cognito:groups`, `custom:a.b`).
    Name(String),
    /// A JSON pointer (RFC 6901): its reference tokens, unescaped; never empty.
    Pointer(Vec<String>),
}
