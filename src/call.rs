//! HTTP calls that the filter makes, and their answers.

use std::time::Duration;

/// The host's number of a call under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CallId(pub u32);

/// A request that the host is asked to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpCall {
    /// The name of the Envoy cluster that it goes through.
    pub cluster: String,
    /// `GET` or `POST`.
    pub method: &'static str,
    /// `:authority`.
    pub authority: String,
    /// `:path`, with the query.
    pub path: String,
    /// Further headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body; empty for none.
    pub body: Vec<u8>,
    /// After this time the host answers 504.
    pub timeout: Duration,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpAnswer {
    /// `:status`. A refused connection and a timeout are ordinary answers of the host, 503 and 504.
    pub status: u16,
    /// The body, or how long it would have been.
    pub body: Body,
}

/// The body of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// All of it.
    Whole(Vec<u8>),
    /// Longer than [`MAX_BODY_BYTES`]: it was not even read.
    TooLarge,
}

/// No answer over this many bytes is read: 256 KiB, the bound of a JWK set; other answers have smaller bounds of their own.
pub const MAX_BODY_BYTES: usize = 256 * 1024;

/// Why a call was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotSent {
    /// The host knows no such cluster.
    UnknownCluster,
    /// The host refused for another reason: its status.
    Refused(u32),
}

/// Sends calls. The answer comes later, by the call's id.
pub trait SendCall {
    /// Sends the call.
    ///
    /// # Errors
    /// The host took nothing: no answer will come.
    fn send(&self, call: &HttpCall) -> Result<CallId, NotSent>;
}
