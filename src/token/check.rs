//! The checks of claims, one function for each.

use super::TokenUse;
use super::claims::Claims;
use crate::code::Code;
use crate::time::UnixTime;
use crate::trace::{Check, Trace, listed, shortened};
use std::cmp::Ordering;
use std::fmt;
use std::time::Duration;

/// The conditions of a pool for its tokens' claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimPolicy {
    /// The app clients that are accepted.
    pub clients: Clients,
    /// Which of the pool's tokens are accepted.
    pub token_use: AcceptedUse,
    /// Leeway on `exp`, `nbf` and `iat`; 0 to 300 s.
    pub clock_skew: Duration,
}

/// The app clients that a pool accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clients {
    /// Any client of the pool; the claim must be present.
    Any,
    /// One of these.
    OneOf(Vec<String>),
}

impl fmt::Display for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Clients::Any => f.write_str("any client"),
            Clients::OneOf(clients) => write!(f, "one of {}", listed(clients.iter().map(String::as_str))),
        }
    }
}

/// The kinds of token that a pool accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AcceptedUse {
    /// ID tokens.
    Id,
    /// Access tokens.
    Access,
    /// Both.
    Any,
}

impl AcceptedUse {
    /// Returns the word in the configuration, or both words.
    const fn as_str(self) -> &'static str {
        match self {
            AcceptedUse::Id => "id",
            AcceptedUse::Access => "access",
            AcceptedUse::Any => "id or access",
        }
    }
}

/// A claim that failed its check. Plain data; its text is the detail of the rejection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimError {
    /// `exp` has passed.
    Expired {
        /// Whole seconds since.
        seconds_ago: u64,
    },
    /// `nbf` lies in the future.
    NotYetValid {
        /// Whole seconds until then, rounded up.
        in_seconds: u64,
    },
    /// `iat` lies in the future.
    IssuedInFuture {
        /// Whole seconds until then, rounded up.
        in_seconds: u64,
    },
    /// No `token_use`.
    TokenUseAbsent,
    /// The pool does not accept this `token_use`.
    TokenUseNotAccepted {
        /// What the pool accepts.
        accepted: AcceptedUse,
    },
    /// No `aud` in an ID token, no `client_id` in an access token.
    ClientAbsent,
    /// The pool does not accept the client.
    ClientNotAccepted,
}

impl ClaimError {
    /// Returns the code of the rejection.
    pub const fn code(&self) -> Code {
        match self {
            ClaimError::Expired { .. } => Code::TokenExpired,
            ClaimError::NotYetValid { .. } | ClaimError::IssuedInFuture { .. } => Code::TokenNotYetValid,
            ClaimError::TokenUseAbsent | ClaimError::TokenUseNotAccepted { .. } => Code::TokenUseMismatch,
            ClaimError::ClientAbsent | ClaimError::ClientNotAccepted => Code::ClientMismatch,
        }
    }
}

impl fmt::Display for ClaimError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClaimError::Expired { seconds_ago } => write!(f, "the token expired {} ago", Seconds(*seconds_ago)),
            ClaimError::NotYetValid { in_seconds } => {
                write!(f, "the token is not valid for another {}", Seconds(*in_seconds))
            }
            ClaimError::IssuedInFuture { in_seconds } => {
                write!(f, "the token says that it is issued {} from now", Seconds(*in_seconds))
            }
            ClaimError::TokenUseAbsent => f.write_str("the token has no token_use"),
            ClaimError::TokenUseNotAccepted { accepted } => f.write_str(match accepted {
                AcceptedUse::Id => "the token is not an ID token",
                AcceptedUse::Access => "the token is not an access token",
                AcceptedUse::Any => "the token is neither an ID token nor an access token",
            }),
            ClaimError::ClientAbsent => f.write_str("the token names no app client"),
            ClaimError::ClientNotAccepted => f.write_str("the token is for another app client"),
        }
    }
}

/// Checks all claims, in the order of the codes. Returns the token's kind and its accepted client.
pub(in crate::token) fn all<'a>(
    claims: &'a Claims,
    policy: &ClaimPolicy,
    now: UnixTime,
    trace: &mut Trace,
) -> Result<(TokenUse, &'a str), ClaimError> {
    times(claims, policy.clock_skew, now, trace)?;
    let iat = issued_at(claims.issued_at(), policy.clock_skew, now);
    trace.check(Check::IssuedAt, &iat, || {
        not_after(claims.issued_at(), policy.clock_skew, now)
    });
    iat?;
    let token_use = token_use(claims.token_use(), policy.token_use);
    trace.check(Check::TokenUse, &token_use, || {
        (
            claims.token_use().map(shortened),
            Some(policy.token_use.as_str().to_owned()),
        )
    });
    let token_use = token_use?;
    let client = match token_use {
        TokenUse::Id => client(claims.audience(), &policy.clients),
        TokenUse::Access => client(claims.client_id().into_iter(), &policy.clients),
    };
    trace.check(Check::Client, &client, || {
        let found = match token_use {
            TokenUse::Id => format!("aud {}", listed(claims.audience())),
            TokenUse::Access => format!("client_id {}", listed(claims.client_id())),
        };
        (Some(found), Some(policy.clients.to_string()))
    });
    Ok((token_use, client?))
}

/// Checks what changes over time: `exp` and `nbf`. Also used for cached tokens.
pub(in crate::token) fn times(
    claims: &Claims,
    clock_skew: Duration,
    now: UnixTime,
    trace: &mut Trace,
) -> Result<(), ClaimError> {
    let exp = expires_at(claims.expires_at(), clock_skew, now);
    trace.check(Check::ExpiresAt, &exp, || {
        let skew = clock_skew.as_secs();
        (
            Some(moment(claims.expires_at(), now)),
            Some(format!(
                "later than now, {}, less the skew of {skew} s",
                now.as_secs_f64()
            )),
        )
    });
    exp?;
    let nbf = not_before(claims.not_before(), clock_skew, now);
    trace.check(Check::NotBefore, &nbf, || {
        not_after(claims.not_before(), clock_skew, now)
    });
    nbf
}

/// Returns the found and the expected text for a time that must not be in the future.
fn not_after(found: Option<f64>, clock_skew: Duration, now: UnixTime) -> (Option<String>, Option<String>) {
    let skew = clock_skew.as_secs();
    let expected = format!("not later than now, {}, plus the skew of {skew} s", now.as_secs_f64());
    let found = found.map_or_else(|| "none, and none is needed".to_owned(), |found| moment(found, now));
    (Some(found), Some(expected))
}

/// `1700000000 (42 seconds ago)`.
fn moment(seconds: f64, now: UnixTime) -> String {
    let distance = now.as_secs_f64() - seconds;
    if distance >= 0.0 {
        format!("{seconds} ({} ago)", Seconds(whole_seconds(distance)))
    } else {
        format!("{seconds} (in {})", Seconds(whole_seconds(-distance)))
    }
}

/// RFC 7519, section 4.1.4: `exp` is the first moment at which the token must not be accepted.
fn expires_at(exp: f64, clock_skew: Duration, now: UnixTime) -> Result<(), ClaimError> {
    // Lookup this way round, a NaN would be expired; the parser lets none through.
    if exp.partial_cmp(&now.before(clock_skew).as_secs_f64()) == Some(Ordering::Greater) {
        return Ok(());
    }
    Err(ClaimError::Expired {
        seconds_ago: whole_seconds(now.as_secs_f64() - exp),
    })
}

/// RFC 7519, section 4.1.5.
fn not_before(nbf: Option<f64>, clock_skew: Duration, now: UnixTime) -> Result<(), ClaimError> {
    refuse_future(nbf, clock_skew, now).map_err(|in_seconds| ClaimError::NotYetValid { in_seconds })
}

/// Rejects a token from the future: its issuer's clock is wrong, or somebody wants it to outlive its key.
fn issued_at(iat: Option<f64>, clock_skew: Duration, now: UnixTime) -> Result<(), ClaimError> {
    refuse_future(iat, clock_skew, now).map_err(|in_seconds| ClaimError::IssuedInFuture { in_seconds })
}

/// Rejects a time later than now plus the skew; the error contains how many seconds from now it is.
fn refuse_future(moment: Option<f64>, clock_skew: Duration, now: UnixTime) -> Result<(), u64> {
    let Some(moment) = moment else { return Ok(()) };
    match moment.partial_cmp(&now.after(clock_skew).as_secs_f64()) {
        Some(Ordering::Less | Ordering::Equal) => Ok(()),
        Some(Ordering::Greater) | None => Err(begun_seconds(moment - now.as_secs_f64())),
    }
}

/// Checks `token_use`. An access token instead of an ID token lets an app act for more than the user meant; absent is not valid.
fn token_use(found: Option<&str>, accepted: AcceptedUse) -> Result<TokenUse, ClaimError> {
    match (found.ok_or(ClaimError::TokenUseAbsent)?, accepted) {
        ("id", AcceptedUse::Id | AcceptedUse::Any) => Ok(TokenUse::Id),
        ("access", AcceptedUse::Access | AcceptedUse::Any) => Ok(TokenUse::Access),
        _ => Err(ClaimError::TokenUseNotAccepted { accepted }),
    }
}

/// RFC 7519, section 4.1.3: of several audiences one must be ours. Compared exactly. An empty name is no client.
fn client<'a>(named: impl Iterator<Item = &'a str>, clients: &Clients) -> Result<&'a str, ClaimError> {
    let mut named = named.filter(|client| !client.is_empty()).peekable();
    if named.peek().is_none() {
        return Err(ClaimError::ClientAbsent);
    }
    let accepted = match clients {
        Clients::Any => named.next(),
        Clients::OneOf(ours) => named.find(|client| ours.iter().any(|our| our == client)),
    };
    accepted.ok_or(ClaimError::ClientNotAccepted)
}

/// Rounds down; saturates at both ends.
fn whole_seconds(seconds: f64) -> u64 {
    seconds as u64
}

/// Rounds up; saturates at both ends.
fn begun_seconds(seconds: f64) -> u64 {
    let whole = whole_seconds(seconds);
    whole.saturating_add(u64::from(seconds > whole as f64))
}

/// `1 second`, `2 seconds`.
struct Seconds(u64);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} second{}", self.0, if self.0 == 1 { "" } else { "s" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_700_000_000;
    const SKEW: Duration = Duration::from_secs(60);

    fn now() -> UnixTime {
        UnixTime::from_secs(NOW)
    }

    #[test]
    fn exp_is_the_first_moment_that_is_too_late() {
        let at = NOW as f64;
        let expired = |seconds_ago| Err(ClaimError::Expired { seconds_ago });
        for (exp, skew, expected) in [
            (at + 1.0, Duration::ZERO, Ok(())),
            (at + 0.001, Duration::ZERO, Ok(())),
            (at, Duration::ZERO, expired(0)),
            (at - 59.0, SKEW, Ok(())),
            (at - 59.999, SKEW, Ok(())),
            (at - 60.0, SKEW, expired(60)),
            (at - 61.5, SKEW, expired(61)),
            (0.0, SKEW, expired(NOW)),
            (-1.0, SKEW, expired(NOW + 1)),
            (f64::MIN, SKEW, expired(u64::MAX)),
            (f64::MAX, SKEW, Ok(())),
            (f64::NAN, SKEW, expired(0)),
            (f64::NEG_INFINITY, SKEW, expired(u64::MAX)),
        ] {
            assert_eq!(expires_at(exp, skew, now()), expected, "{exp} {skew:?}");
        }
    }

    #[test]
    fn nbf_and_iat_may_be_ahead_by_the_skew() {
        let at = NOW as f64;
        for (moment, skew, in_seconds) in [
            (None, SKEW, None),
            (Some(at), Duration::ZERO, None),
            (Some(at + 0.001), Duration::ZERO, Some(1)),
            (Some(at + 60.0), SKEW, None),
            (Some(at + 60.5), SKEW, Some(61)),
            (Some(at + 61.0), SKEW, Some(61)),
            (Some(f64::MIN), SKEW, None),
            (Some(f64::MAX), SKEW, Some(u64::MAX)),
            (Some(f64::NAN), SKEW, Some(0)),
        ] {
            let nbf = in_seconds.map_or(Ok(()), |in_seconds| Err(ClaimError::NotYetValid { in_seconds }));
            let iat = in_seconds.map_or(Ok(()), |in_seconds| Err(ClaimError::IssuedInFuture { in_seconds }));
            assert_eq!(not_before(moment, skew, now()), nbf, "{moment:?} {skew:?}");
            assert_eq!(issued_at(moment, skew, now()), iat, "{moment:?} {skew:?}");
        }
    }

    #[test]
    fn token_use_is_what_the_pool_accepts() {
        use AcceptedUse::{Access, Any, Id};
        let refused = |accepted| Err(ClaimError::TokenUseNotAccepted { accepted });
        for (found, accepted, expected) in [
            (Some("id"), Id, Ok(TokenUse::Id)),
            (Some("id"), Any, Ok(TokenUse::Id)),
            (Some("access"), Access, Ok(TokenUse::Access)),
            (Some("access"), Any, Ok(TokenUse::Access)),
            (Some("access"), Id, refused(Id)),
            (Some("id"), Access, refused(Access)),
            (Some("refresh"), Any, refused(Any)),
            (Some("ID"), Any, refused(Any)),
            (Some("id "), Any, refused(Any)),
            (Some(""), Any, refused(Any)),
            (None, Any, Err(ClaimError::TokenUseAbsent)),
            (None, Id, Err(ClaimError::TokenUseAbsent)),
        ] {
            assert_eq!(token_use(found, accepted), expected, "{found:?} {accepted:?}");
        }
    }

    #[test]
    fn one_of_the_named_clients_is_accepted() {
        let ours = Clients::OneOf(vec!["one".to_owned(), "two".to_owned()]);
        for (named, clients, expected) in [
            (&["one"][..], &ours, Ok("one")),
            (&["other", "two", "one"], &ours, Ok("two")),
            (&["other"], &ours, Err(ClaimError::ClientNotAccepted)),
            (&["One"], &ours, Err(ClaimError::ClientNotAccepted)),
            (&["one/"], &ours, Err(ClaimError::ClientNotAccepted)),
            (&[""], &ours, Err(ClaimError::ClientAbsent)),
            (&[], &ours, Err(ClaimError::ClientAbsent)),
            (&["other"], &Clients::Any, Ok("other")),
            (&["", "other"], &Clients::Any, Ok("other")),
            (&[""], &Clients::Any, Err(ClaimError::ClientAbsent)),
            (&[], &Clients::Any, Err(ClaimError::ClientAbsent)),
        ] {
            assert_eq!(
                client(named.iter().copied(), clients),
                expected,
                "{named:?} {clients:?}"
            );
        }
    }

    #[test]
    fn an_id_token_names_its_client_in_aud_an_access_token_in_client_id() {
        let policy = ClaimPolicy {
            clients: Clients::OneOf(vec!["one".to_owned()]),
            token_use: AcceptedUse::Any,
            clock_skew: SKEW,
        };
        for (members, expected) in [
            (r#""token_use":"id","aud":"one""#, Ok((TokenUse::Id, "one"))),
            (
                r#""token_use":"id","aud":"other","client_id":"one""#,
                Err(ClaimError::ClientNotAccepted),
            ),
            (r#""token_use":"id","client_id":"one""#, Err(ClaimError::ClientAbsent)),
            (
                r#""token_use":"access","client_id":"one","aud":"other""#,
                Ok((TokenUse::Access, "one")),
            ),
            (r#""token_use":"access","aud":"one""#, Err(ClaimError::ClientAbsent)),
            (r#""aud":"one","client_id":"one""#, Err(ClaimError::TokenUseAbsent)),
            (
                r#""aud":"other","iat":1800000000"#,
                Err(ClaimError::IssuedInFuture {
                    in_seconds: 100_000_000,
                }),
            ),
        ] {
            let json = format!("{{\"iss\":\"i\",\"sub\":\"s\",\"exp\":1700000001,{members}}}");
            let claims = Claims::parse(json).unwrap();
            assert_eq!(all(&claims, &policy, now(), &mut Trace::off()), expected, "{members}");
        }
    }

    #[test]
    fn details_are_sentences() {
        for (error, code, detail) in [
            (
                ClaimError::Expired { seconds_ago: 42 },
                Code::TokenExpired,
                "the token expired 42 seconds ago",
            ),
            (
                ClaimError::Expired { seconds_ago: 1 },
                Code::TokenExpired,
                "the token expired 1 second ago",
            ),
            (
                ClaimError::NotYetValid { in_seconds: 90 },
                Code::TokenNotYetValid,
                "the token is not valid for another 90 seconds",
            ),
            (
                ClaimError::TokenUseNotAccepted {
                    accepted: AcceptedUse::Id,
                },
                Code::TokenUseMismatch,
                "the token is not an ID token",
            ),
            (
                ClaimError::ClientAbsent,
                Code::ClientMismatch,
                "the token names no app client",
            ),
        ] {
            assert_eq!((error.code(), error.to_string().as_str()), (code, detail));
        }
    }
}
