//! A route that states its own requirements, in its metadata: `filter_metadata: {cognito: {auth, groups, scopes}}`.
//!
//! A member that is unknown or mistyped is an error, never ignored: the author of `group: [admins]` expects the route to be closed.

use super::access::{Alternative, AnyAll, Requirement};
use super::pattern::Captures;
use super::{Auth, Demand, MatchedRule};
use crate::log_text::escaped;
use std::fmt;
use std::rc::Rc;

/// The metadata of a route for this filter, as the host returns it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RouteMetadata {
    /// The route has no such namespace.
    Absent,
    /// All members of the namespace, known or not; none if it is empty, which is the same as absent.
    Present(Vec<(String, MetadataValue)>),
    /// The host's result cannot be read.
    Unreadable,
}

/// A metadata value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetadataValue {
    /// A string that is not empty.
    Text(String),
    /// A list of such strings.
    List(Vec<String>),
    /// Anything else.
    Other,
}

/// The members that the metadata may have.
const MEMBERS: &str = "auth, groups, scopes";

/// How many characters of a name or value an error shows.
const SHOWN_CHARS: usize = 128;

/// Why a route's metadata cannot be read: `internal_error`, and a log line with this text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetadataError {
    /// The host's result is not a list of members.
    Unreadable,
    /// A member that does not exist.
    UnknownMember(String),
    /// A member that exists, with an invalid value.
    WrongValue {
        /// The member.
        member: &'static str,
        /// What it must be.
        expected: &'static str,
        /// What it is.
        found: MetadataValue,
    },
    /// Groups or scopes together with an `auth` that allows requests without a token, which rules must not have either.
    Contradiction {
        /// `groups` or `scopes`.
        member: &'static str,
    },
}

impl fmt::Display for MetadataError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MetadataError::Unreadable => write!(out, "cannot be read; members are: {MEMBERS}"),
            MetadataError::UnknownMember(name) => {
                write!(out, "unknown member {}; members are: {MEMBERS}", quoted(name))
            }
            MetadataError::WrongValue {
                member,
                expected,
                found,
            } => {
                write!(out, "{member}: must be {expected}, not ")?;
                match found {
                    MetadataValue::Text(text) => out.write_str(&quoted(text)),
                    MetadataValue::List(elements) if elements.is_empty() => out.write_str("an empty list"),
                    MetadataValue::List(_) => out.write_str("a list"),
                    MetadataValue::Other => out.write_str("a value of another type, or an empty one"),
                }
            }
            MetadataError::Contradiction { member } => write!(
                out,
                "{member}: is only allowed with \"auth\": \"required\" or without \"auth\": without a token there is nothing \
                 to check"
            ),
        }
    }
}

impl std::error::Error for MetadataError {}

impl RouteMetadata {
    /// Returns what the route demands; `None` if its metadata is empty, so that the rules decide.
    ///
    /// # Errors
    /// The metadata cannot be read, or contradicts itself: the first fault.
    pub fn decision(self) -> Result<Option<MatchedRule>, MetadataError> {
        let members = match self {
            RouteMetadata::Absent => return Ok(None),
            RouteMetadata::Present(members) if members.is_empty() => return Ok(None),
            RouteMetadata::Present(members) => members,
            RouteMetadata::Unreadable => return Err(MetadataError::Unreadable),
        };
        let (mut auth, mut groups, mut scopes) = (None, Vec::new(), Vec::new());
        for (name, value) in members {
            match name.as_str() {
                "auth" => auth = Some(read_auth(value)?),
                "groups" => groups = words("groups", value)?,
                "scopes" => scopes = words("scopes", value)?,
                _ => return Err(MetadataError::UnknownMember(name)),
            }
        }
        let auth = auth.unwrap_or(Auth::Required);
        for (member, demanded) in [("groups", &groups), ("scopes", &scopes)] {
            if auth != Auth::Required && !demanded.is_empty() {
                return Err(MetadataError::Contradiction { member });
            }
        }
        let requirement = Requirement::from(Alternative {
            groups: any_of(groups),
            scopes: any_of(scopes),
            ..Alternative::default()
        });
        Ok(Some(MatchedRule {
            auth,
            demands: vec![Demand {
                requirement: Rc::new(requirement),
                captures: Captures::default(),
            }],
            collected: Vec::new(),
            rule: None,
            is_by_route: true,
        }))
    }
}

fn read_auth(value: MetadataValue) -> Result<Auth, MetadataError> {
    let auth = match &value {
        MetadataValue::Text(name) => Auth::named(name),
        MetadataValue::List(_) | MetadataValue::Other => None,
    };
    auth.ok_or(MetadataError::WrongValue {
        member: "auth",
        expected: "\"required\", \"optional\" or \"none\"",
        found: value,
    })
}

fn words(member: &'static str, value: MetadataValue) -> Result<Vec<String>, MetadataError> {
    match value {
        MetadataValue::List(words) if !words.is_empty() => Ok(words),
        found @ (MetadataValue::List(_) | MetadataValue::Text(_) | MetadataValue::Other) => {
            Err(MetadataError::WrongValue {
                member,
                expected: "a non-empty list of strings",
                found,
            })
        }
    }
}

fn any_of(any: Vec<String>) -> AnyAll {
    AnyAll { any, all: Vec::new() }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text, SHOWN_CHARS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use MetadataValue::{List, Other, Text};

    fn list(words: &[&str]) -> MetadataValue {
        List(words.iter().map(|word| (*word).to_owned()).collect())
    }

    fn text(text: &str) -> MetadataValue {
        Text(text.to_owned())
    }

    fn present(members: &[(&str, MetadataValue)]) -> RouteMetadata {
        let members = members.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        RouteMetadata::Present(members.collect())
    }

    #[test]
    fn a_route_decides_for_itself_or_leaves_it_to_the_rules() {
        type Row<'a> = (
            &'a [(&'a str, MetadataValue)],
            Option<Auth>,
            &'a [&'a str],
            &'a [&'a str],
        );
        let table: &[Row<'_>] = &[
            (&[], None, &[], &[]),
            (&[("auth", text("required"))], Some(Auth::Required), &[], &[]),
            (&[("auth", text("optional"))], Some(Auth::Optional), &[], &[]),
            (&[("auth", text("none"))], Some(Auth::None), &[], &[]),
            (&[("groups", list(&["g"]))], Some(Auth::Required), &["g"], &[]),
            (&[("scopes", list(&["s", "t"]))], Some(Auth::Required), &[], &["s", "t"]),
            (
                &[
                    ("scopes", list(&["s"])),
                    ("groups", list(&["g"])),
                    ("auth", text("required")),
                ],
                Some(Auth::Required),
                &["g"],
                &["s"],
            ),
        ];
        for (members, auth, groups, scopes) in table {
            let decision = present(members).decision().unwrap();
            assert_eq!(decision.as_ref().map(|decision| decision.auth), *auth, "{members:?}");
            if let Some(decision) = decision {
                let expected = Requirement::from(Alternative {
                    groups: any_of(groups.iter().map(|word| (*word).to_owned()).collect()),
                    scopes: any_of(scopes.iter().map(|word| (*word).to_owned()).collect()),
                    ..Alternative::default()
                });
                let [Demand { requirement, .. }] = &decision.demands[..] else {
                    panic!("{decision:?}");
                };
                assert_eq!((&**requirement, decision.rule), (&expected, None), "{members:?}");
            }
        }
        assert!(RouteMetadata::Absent.decision().unwrap().is_none());
    }

    #[test]
    fn what_cannot_be_read_is_an_error_that_names_the_member() {
        let members = "members are: auth, groups, scopes";
        let auth = "auth: must be \"required\", \"optional\" or \"none\", not ";
        let groups = "groups: must be a non-empty list of strings, not ";
        let beside = "is only allowed with \"auth\": \"required\" or without \"auth\"";
        let good = ("auth", text("none"));
        let table: &[(&[(&str, MetadataValue)], String)] = &[
            (
                &[("group", list(&["admins"]))],
                format!("unknown member \"group\"; {members}"),
            ),
            (
                &[("Groups", list(&["admins"]))],
                format!("unknown member \"Groups\"; {members}"),
            ),
            (
                &[good.clone(), ("require", Other)],
                format!("unknown member \"require\"; {members}"),
            ),
            (&[("", Other)], format!("unknown member \"\"; {members}")),
            (&[("a\n\"", Other)], format!("unknown member \"a\\n\\\"\"; {members}")),
            (&[("auth", text("None"))], format!("{auth}\"None\"")),
            (&[("auth", Other)], format!("{auth}a value of another type")),
            (&[("auth", list(&["none"]))], format!("{auth}a list")),
            (&[("groups", text("admins"))], format!("{groups}\"admins\"")),
            (&[("groups", list(&[]))], format!("{groups}an empty list")),
            (
                &[("scopes", Other)],
                "scopes: must be a non-empty list of strings, not a value".to_owned(),
            ),
            (&[good.clone(), ("groups", list(&["g"]))], format!("groups: {beside}")),
            (
                &[("scopes", list(&["s"])), ("auth", text("optional"))],
                format!("scopes: {beside}"),
            ),
        ];
        for (members, expected) in table {
            let error = present(members).decision().unwrap_err().to_string();
            assert!(error.starts_with(expected), "{members:?}: {error}");
        }
        let error = RouteMetadata::Unreadable.decision().unwrap_err().to_string();
        assert_eq!(error, format!("cannot be read; {members}"));
        let long = present(&[(&"a".repeat(1000), Other)])
            .decision()
            .unwrap_err()
            .to_string();
        assert!(long.len() < 200, "{long}");
    }
}
