//! The commands of the core: values that the host executes in order.

use crate::code::Code;
use crate::memory;
use crate::metrics::Counter;
use crate::request::RequestId;
use crate::trace::Step;
use std::borrow::Cow;
use std::rc::Rc;
use std::time::Duration;

/// Whether the host continues with the request when the callback returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Continue with the next filter.
    Continue,
    /// Pause the request: it waits for a later [`Command::Resume`], or a response was sent.
    Pause,
}

/// One command. Commands about a request apply to that of the callback, or to the one that the last [`Command::Of`] named.
/// If a header edit of a request fails, the host rejects it with `internal_error` and skips its remaining commands.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// The following commands are about this request (root callbacks only). If it is gone, they are skipped up to the next `Of`.
    Of(RequestId),
    /// Change the request's headers.
    Edit(HeaderEdit),
    /// Keep this with the request, for the headers of its response.
    EditResponse(ResponseEdit),
    /// Set the filter state `wasm.cognito_decision`.
    Decide(&'static str),
    /// Set filter state for access logs and later filters.
    Annotate(FilterState, Rc<str>),
    /// Set more filter state: names without the prefix `wasm.`, and values.
    AnnotateAll(Rc<Headers>),
    /// Respond to the request.
    Reply(Box<Reply>),
    /// Resume a paused request.
    Resume,
    /// Increment a counter.
    Count(Counter),
    /// Record the gauge of all pools' keys.
    RecordKeys(u64),
    /// Write a log line. It never holds a token or a part of one.
    Log(Severity, String),
    /// Show the steps of the decision. Only sent after [`Filter::explain`](crate::filter::Filter::explain).
    Explain(Vec<Step>),
    /// From now on tick at this period. Only sent when the period changes: setting it again restarts the host's timer.
    TickEvery(Duration),
}

/// A change of the request's headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderEdit {
    /// Remove all headers of this name.
    Remove(Vec<u8>),
    /// Add these headers, which are not there (they were removed first).
    Add(Rc<Headers>),
    /// Set this header to one value.
    Set(&'static str, Vec<u8>),
}

/// Headers to add, or filter state to set, in order: names in lower case, values in visible ASCII and spaces. One string contains all
/// values: fewer blocks of memory to free, which are cold in the CPU's caches when a token is evicted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers {
    values: String,
    /// The names, and the end of each value, which begins where the previous one ends.
    ends: Vec<(Rc<str>, usize)>,
}

impl Headers {
    /// Creates an empty list with room for `headers` of usual length.
    pub fn with_capacity(headers: usize) -> Headers {
        /// About a UUID; nothing depends on it.
        const USUAL_BYTES: usize = 32;
        Headers {
            values: String::with_capacity(headers.saturating_mul(USUAL_BYTES)),
            ends: Vec::with_capacity(headers),
        }
    }

    /// Appends one.
    pub fn push(&mut self, name: Rc<str>, value: &str) {
        self.values.push_str(value);
        self.ends.push((name, self.values.len()));
    }

    /// Returns all of them, name and value, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.ends.iter().scan(0, |start, (name, end)| {
            let value = self.values.get(*start..*end).unwrap_or_default();
            *start = *end;
            Some((&**name, value))
        })
    }

    /// Reports whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Returns how many bytes of memory they own. The names are the configuration's.
    pub fn heap_bytes(&self) -> usize {
        memory::block(self.values.capacity()).saturating_add(memory::list::<(Rc<str>, usize)>(self.ends.capacity()))
    }
}

/// A header for the response, if the upstream does not set it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseEdit {
    protocol: Rc<str>,
}

impl ResponseEdit {
    /// The header that a response must lack for the edit to apply; lower case.
    pub const HEADER: &'static str = "sec-websocket-protocol";

    /// Selects a protocol in the response to a WebSocket handshake (RFC 6455, section 4.2.2) that selects none.
    pub fn websocket_protocol(name: &str) -> ResponseEdit {
        ResponseEdit { protocol: name.into() }
    }

    /// Returns the value of [`ResponseEdit::HEADER`] to add to a response with this `:status`, or `None` if the response stays as
    /// it is. `has_header` is whether it has the header already.
    pub fn value_for(&self, status: &[u8], has_header: bool) -> Option<&str> {
        (status == b"101" && !has_header).then_some(&*self.protocol)
    }
}

/// What access logs and later filters can read about an identified request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilterState {
    /// `wasm.cognito_sub`.
    Subject,
    /// `wasm.cognito_client_id`.
    ClientId,
}

/// A rejection as the client gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Status and response code details.
    pub code: Code,
    /// Headers.
    pub headers: Vec<(&'static str, Cow<'static, str>)>,
    /// `application/problem+json` (RFC 9457).
    pub body: String,
}

/// The level of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// One line for each rejected request.
    Debug,
    /// A pool's keys have changed.
    Info,
    /// Something fails, or works again.
    Warn,
    /// The operator must act.
    Error,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_handshake_that_names_no_protocol_gets_one() {
        let edit = ResponseEdit::websocket_protocol("cognito");
        for (status, has_header, expected) in [
            (&b"101"[..], false, Some("cognito")),
            (b"101", true, None),
            (b"200", false, None),
            (b"401", false, None),
            (b"", false, None),
        ] {
            assert_eq!(
                edit.value_for(status, has_header),
                expected,
                "{}",
                status.escape_ascii()
            );
        }
    }
}
