//! The names of headers: their form, which ones the filter may set, and that none is set twice.

use super::error::quoted;
use super::reader::Value;
use crate::request::{fold, is_token_byte};
use thiserror::Error;

/// An error of the name of a header.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum HeaderFault {
    /// It is not the name of a header.
    #[error("must be the name of a header, which {} cannot be", quoted(.0))]
    NotAName(String),
    /// The header is one that must not be set.
    #[error("must not be the header {}: it controls the request itself", quoted(.0))]
    SteersRequest(String),
    /// Another place of the configuration sets the header.
    #[error("must be a header of its own: {} is set by {place}", quoted(name))]
    SetTwice {
        /// The header.
        name: String,
        /// The other place.
        place: String,
    },
}

/// The headers that a configuration can set, with the place that sets each.
///
/// Names are kept folded, since upstreams fold them: `x-user_id`, `x-user.id` and `x-user-id` are one header ([`fold`]).
#[derive(Default)]
pub(in crate::config) struct OwnedHeaders {
    taken: Vec<(String, String)>,
}

impl OwnedHeaders {
    /// Registers the header `name` for the place `value`. Returns it in lower case, if the filter may set it and no other place does.
    pub(in crate::config) fn take(&mut self, value: &Value<'_>, name: &str) -> Option<String> {
        let name = header_name(value, name)?;
        let folded = fold(&name);
        if NEVER_SET.contains(&folded.as_str()) || folded.starts_with(WEBSOCKET_PREFIX) {
            value.refuse(HeaderFault::SteersRequest(name));
            return None;
        }
        if let Some((_, place)) = self.taken.iter().find(|(taken, _)| *taken == folded) {
            let place = place.clone();
            value.refuse(HeaderFault::SetTwice { name, place });
            return None;
        }
        let place = match value.path() {
            "" => "identity by default".into(),
            place => place.into(),
        };
        self.taken.push((folded, place));
        Some(name)
    }

    /// Registers the header `name`, a member of `map`. An invalid name is reported as an error of the map, since it would garble the path.
    pub(in crate::config) fn take_member(&mut self, map: &Value<'_>, name: &str, member: &Value<'_>) -> Option<String> {
        let place = if is_token(name) { member } else { map };
        self.take(place, name)
    }

    /// Reports whether clients cannot send the header `name`, because it is removed from each request.
    pub(in crate::config) fn is_removed(&self, name: &str) -> bool {
        let folded = fold(name);
        folded.starts_with("x-cognito-") || self.taken.iter().any(|(taken, _)| *taken == folded)
    }
}

/// Returns the header's name in lower case, if it is one.
pub(in crate::config) fn header_name(value: &Value<'_>, name: &str) -> Option<String> {
    if !is_token(name) {
        value.refuse(HeaderFault::NotAName(name.into()));
        return None;
    }
    Some(name.to_ascii_lowercase())
}

/// Reports whether `text` is a token (RFC 9110, section 5.6.2).
pub(in crate::config) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_token_byte)
}

/// Headers about credentials, routing and framing of the request: a claim in one of them would let a user choose these. Folded.
const NEVER_SET: [&str; 13] = [
    "host",
    "authorization",
    "cookie",
    "connection",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "content-length",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
];

/// The headers of the WebSocket handshake (RFC 6455, section 11.3). Folded.
const WEBSOCKET_PREFIX: &str = "sec-websocket-";
