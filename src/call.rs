//! HTTP calls that the filter makes, and the responses to them ("answers", to distinguish them from the responses to clients).

use std::fmt;
use std::time::Duration;

/// The host's number of a call in progress.
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
    /// The host responds with 504 after this time.
    pub timeout: Duration,
}

impl HttpCall {
    /// Returns all headers to send: the pseudo-headers, then the further ones. The scheme is a fixed value: the cluster of Envoy
    /// decides whether the connection uses TLS.
    pub fn all_headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let pseudo = [
            (":method", self.method),
            (":scheme", "https"),
            (":authority", &*self.authority),
            (":path", &*self.path),
        ];
        let more = self.headers.iter().map(|(name, value)| (*name, value.as_str()));
        pseudo.into_iter().chain(more)
    }
}

/// The response to a call.
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
    /// Longer than [`MAX_BODY_BYTES`]; it was not read.
    TooLarge,
}

/// The longest body that is read: 256 KiB, the bound of a JWK set. Other answers have smaller bounds.
pub const MAX_BODY_BYTES: usize = 256 * 1024;

/// How long past its own time limit the host's answer to a call is waited for. The host answers 504 at the limit; this is for a
/// host that lost the call.
pub const ANSWER_GRACE: Duration = Duration::from_secs(1);

/// Why a call was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotSent {
    /// The host knows no such cluster.
    UnknownCluster,
    /// The cluster has no host to send the call to.
    NoHost,
    /// The host refused for another reason: its status.
    Refused(u32),
}

impl fmt::Display for NotSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotSent::UnknownCluster => f.write_str("the cluster is unknown"),
            NotSent::NoHost => f.write_str("the cluster has no host"),
            NotSent::Refused(status) => write!(f, "the proxy refused the call with status {status}"),
        }
    }
}

impl NotSent {
    /// Returns what the operator can do about it.
    pub fn hint(self, cluster: &str) -> String {
        match self {
            NotSent::UnknownCluster => format!(
                "define a cluster named \"{cluster}\", or name one that is there \
                 (Istio: a ServiceEntry for the host makes outbound|<port>||<host>); \
                 while the proxy starts, one whose host's name is not resolved yet is unknown, too"
            ),
            NotSent::NoHost => {
                format!("the name of cluster \"{cluster}\"'s host may not resolve, or none of its hosts is healthy")
            }
            NotSent::Refused(_) => format!("check cluster \"{cluster}\""),
        }
    }
}

/// Sends calls. The answer comes later, by the call's id.
pub trait SendCall {
    /// Sends the call.
    ///
    /// # Errors
    /// The host did not accept the call: no answer will come.
    fn send(&self, call: &HttpCall) -> Result<CallId, NotSent>;
}
