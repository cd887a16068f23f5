//! Fetches that gave no usable set.

use crate::call::{Body, HttpAnswer, NotSent};
use crate::keys::jwks::{BadKeySet, KeySet, MAX_SET_BYTES, Parsed};
use std::fmt;

/// Why a fetch gave no usable set.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum FetchFailure {
    /// The call was not sent.
    NotSent(NotSent),
    /// The call failed, or its answer did not come.
    NoAnswer,
    /// The status is not 200.
    Status(u16),
    /// The body is too long to be read.
    TooLarge,
    /// The body is no usable set.
    Unusable(BadKeySet),
}

impl fmt::Display for FetchFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FetchFailure::NotSent(NotSent::UnknownCluster) => f.write_str("the cluster is unknown"),
            FetchFailure::NotSent(NotSent::Refused(status)) => {
                write!(f, "the host refused the call with status {status}")
            }
            FetchFailure::NoAnswer => f.write_str("no answer"),
            FetchFailure::Status(status) => write!(f, "the answer's status is {status}"),
            FetchFailure::TooLarge => write!(f, "the answer is over {MAX_SET_BYTES} bytes"),
            FetchFailure::Unusable(bad) => write!(f, "{bad}"),
        }
    }
}

impl FetchFailure {
    /// What the operator can do about it.
    pub(super) fn advice(&self, cluster: &str) -> String {
        match self {
            FetchFailure::NotSent(NotSent::UnknownCluster) => format!(
                ": define a cluster named \"{cluster}\", or set jwks.cluster to one that is there \
                 (Istio: a ServiceEntry for the host makes outbound|443||<host>)"
            ),
            FetchFailure::NotSent(NotSent::Refused(_))
            | FetchFailure::NoAnswer
            | FetchFailure::Status(_)
            | FetchFailure::TooLarge
            | FetchFailure::Unusable(_) => String::new(),
        }
    }
}

/// The set in an answer; `None`: the call failed.
pub(super) fn read_answer(answer: Option<HttpAnswer>) -> Result<Parsed, FetchFailure> {
    let answer = answer.ok_or(FetchFailure::NoAnswer)?;
    if answer.status != 200 {
        return Err(FetchFailure::Status(answer.status));
    }
    let Body::Whole(body) = answer.body else {
        return Err(FetchFailure::TooLarge);
    };
    KeySet::parse(&body).map_err(FetchFailure::Unusable)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(answer: Option<HttpAnswer>) -> String {
        read_answer(answer).unwrap_err().to_string()
    }

    fn whole(status: u16, body: &str) -> Option<HttpAnswer> {
        Some(HttpAnswer {
            status,
            body: Body::Whole(body.as_bytes().to_vec()),
        })
    }

    #[test]
    fn a_failure_says_what_was_wrong() {
        let too_large = Some(HttpAnswer {
            status: 200,
            body: Body::TooLarge,
        });
        for (answer, expected) in [
            (None, "no answer"),
            (whole(404, "{}"), "the answer's status is 404"),
            (whole(204, ""), "the answer's status is 204"),
            (too_large, "the answer is over 262144 bytes"),
        ] {
            assert_eq!(told(answer), expected);
        }
        assert_ne!(told(whole(200, "<html>")), told(whole(200, r#"{"keys":[]}"#)));
    }

    #[test]
    fn only_an_unknown_cluster_has_a_mend_of_its_own() {
        let advice = FetchFailure::NotSent(NotSent::UnknownCluster).advice("outbound|443||x");
        assert!(
            advice.contains("\"outbound|443||x\"") && advice.contains("ServiceEntry"),
            "{advice}"
        );
        for failure in [
            FetchFailure::NotSent(NotSent::Refused(1)),
            FetchFailure::NoAnswer,
            FetchFailure::Status(503),
            FetchFailure::TooLarge,
        ] {
            assert_eq!(failure.advice("c"), "", "{failure}");
        }
    }
}
