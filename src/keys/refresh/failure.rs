//! Fetches that returned no usable set, and hints for the operator.

use crate::call::{Body, HttpAnswer, NotSent};
use crate::keys::jwks::{BadKeySet, KeySet, MAX_SET_BYTES, Parsed};
use crate::log_text::excerpt;
use std::fmt;

/// How many characters of an answer's body a log line shows.
const SHOWN_BODY_CHARS: usize = 200;

/// The body of Envoy's answer for a cluster without a host.
const NO_HEALTHY_UPSTREAM: &[u8] = b"no healthy upstream";

/// The beginning of Envoy's reason why TLS or a connection failed, if it is not hidden.
const TRANSPORT_FAILURE_REASON: &str = "transport failure reason";

/// Why a fetch returned no usable set.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum FetchFailure {
    /// The call was not sent.
    NotSent(NotSent),
    /// The call failed, or no answer arrived.
    NoAnswer,
    /// The status is not 200. A refused connection and a timeout are 503 and 504.
    Status(u16, BodyExcerpt),
    /// The body is too long to be read.
    TooLarge,
    /// The body is not a usable set.
    Unusable(BadKeySet, BodyExcerpt),
}

/// The beginning of an answer's body, escaped; `None`: there is none, or it was too long to be read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct BodyExcerpt(Option<String>);

impl BodyExcerpt {
    fn of(body: &Body) -> BodyExcerpt {
        BodyExcerpt(match body {
            Body::Whole(bytes) if !bytes.is_empty() => Some(excerpt(bytes, SHOWN_BODY_CHARS)),
            Body::Whole(_) | Body::TooLarge => None,
        })
    }

    fn says_why_connecting_failed(&self) -> bool {
        self.0
            .as_ref()
            .is_some_and(|text| text.contains(TRANSPORT_FAILURE_REASON))
    }
}

impl fmt::Display for BodyExcerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(text) => write!(f, " {text}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for FetchFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FetchFailure::NotSent(not_sent) => write!(f, "{not_sent}"),
            FetchFailure::NoAnswer => f.write_str("no response"),
            FetchFailure::Status(status, body) => write!(f, "status {status}{body}"),
            FetchFailure::TooLarge => write!(f, "the response is over {MAX_SET_BYTES} bytes"),
            FetchFailure::Unusable(bad, body) => write!(f, "status 200, unusable JWK set ({bad}){body}"),
        }
    }
}

impl FetchFailure {
    /// Returns what the operator can do about it, to append to the failure; empty if the answer itself is enough.
    pub(super) fn hint(&self, cluster: &str) -> String {
        match self {
            FetchFailure::NotSent(not_sent) => format!(": {}", not_sent.hint(cluster)),
            FetchFailure::Status(503, body) if !body.says_why_connecting_failed() => format!(
                ": check the sni, trusted_ca, host name and port of cluster \"{cluster}\" \
                 (Envoy reports which of them if the runtime key \
                 envoy.reloadable_features.hide_transport_failure_reason_in_response_body is false)"
            ),
            FetchFailure::Status(504, _) | FetchFailure::NoAnswer => format!(
                ": check that the host and port of cluster \"{cluster}\" can be reached from here, and jwks.timeout_ms"
            ),
            FetchFailure::Status(400 | 404, _) => ": check user_pool_id and jwks.uri".to_owned(),
            FetchFailure::Status(..) | FetchFailure::TooLarge | FetchFailure::Unusable(..) => String::new(),
        }
    }
}

/// Reads the set in an answer; `None`: the call failed.
pub(super) fn read_answer(answer: Option<HttpAnswer>) -> Result<Parsed, FetchFailure> {
    let answer = answer.ok_or(FetchFailure::NoAnswer)?;
    if answer.status == 503 && matches!(&answer.body, Body::Whole(body) if body == NO_HEALTHY_UPSTREAM) {
        return Err(FetchFailure::NotSent(NotSent::NoHost));
    }
    if answer.status != 200 {
        return Err(FetchFailure::Status(answer.status, BodyExcerpt::of(&answer.body)));
    }
    let Body::Whole(body) = &answer.body else {
        return Err(FetchFailure::TooLarge);
    };
    KeySet::parse(body).map_err(|bad| FetchFailure::Unusable(bad, BodyExcerpt::of(&answer.body)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the failure and its hint, as in the log line.
    fn line(answer: Option<HttpAnswer>) -> String {
        let failure = read_answer(answer).unwrap_err();
        format!("{failure}{}", failure.hint("cognito"))
    }

    fn whole(status: u16, body: &str) -> Option<HttpAnswer> {
        Some(HttpAnswer {
            status,
            body: Body::Whole(body.as_bytes().to_vec()),
        })
    }

    fn too_large(status: u16) -> Option<HttpAnswer> {
        Some(HttpAnswer {
            status,
            body: Body::TooLarge,
        })
    }

    const CHECK: &str = ": check the sni, trusted_ca, host name and port of cluster \"cognito\" (Envoy reports which of them if the \
                         runtime key envoy.reloadable_features.hide_transport_failure_reason_in_response_body is false)";
    const REACH: &str =
        ": check that the host and port of cluster \"cognito\" can be reached from here, and jwks.timeout_ms";

    #[test]
    fn a_failure_says_what_was_wrong_and_what_to_check() {
        for (answer, expected) in [
            (None, format!("no response{REACH}")),
            (
                whole(404, r#"{"message":"User pool us-east-1_X does not exist."}"#),
                r#"status 404 "{\"message\":\"User pool us-east-1_X does not exist.\"}": check user_pool_id and jwks.uri"#
                    .to_owned(),
            ),
            (
                whole(400, ""),
                "status 400: check user_pool_id and jwks.uri".to_owned(),
            ),
            (whole(204, ""), "status 204".to_owned()),
            (too_large(500), "status 500".to_owned()),
            (too_large(200), "the response is over 262144 bytes".to_owned()),
            (
                whole(
                    503,
                    "upstream connect error or disconnect/reset before headers. reset reason: remote connection failure",
                ),
                format!(
                    "status 503 \"upstream connect error or disconnect/reset before headers. reset reason: remote connection \
                     failure\"{CHECK}"
                ),
            ),
            (
                whole(503, "reset reason: remote connection failure, transport failure reason: TLS_error"),
                "status 503 \"reset reason: remote connection failure, transport failure reason: TLS_error\"".to_owned(),
            ),
            (
                whole(504, "upstream request timeout"),
                format!("status 504 \"upstream request timeout\"{REACH}"),
            ),
            (
                whole(503, "no healthy upstream"),
                "the cluster has no host: the name of cluster \"cognito\"'s host may not resolve, or none of its hosts is \
                 healthy"
                    .to_owned(),
            ),
            (
                whole(200, "<html>"),
                "status 200, unusable JWK set (not JSON at line 1 column 1: must be a JWK set) \"<html>\"".to_owned(),
            ),
        ] {
            assert_eq!(line(answer.clone()), expected, "{answer:?}");
        }
    }

    #[test]
    fn a_body_can_neither_break_nor_flood_the_line() {
        let line = line(whole(500, &format!("a\r\nb\u{1b}{}", "x".repeat(5000))));
        assert!(line.starts_with(r#"status 500 "a\r\nb\u{1b}xxx"#), "{line}");
        assert!(line.ends_with("x\"…") && line.len() < 240, "{line}");
    }
}
