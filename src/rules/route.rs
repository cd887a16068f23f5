//! A route that decides for itself, by its metadata: `filter_metadata: {cognito: {auth, groups, scopes}}`.

use super::access::{AnyAll, Requirement};
use super::pattern::Captures;
use super::{Auth, MatchedRule};
use std::rc::Rc;

/// What a route's metadata says. It comes before the rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouteOverride {
    /// Whether a token is needed; a valid one where groups or scopes are given alone.
    pub auth: Option<Auth>,
    /// One of these groups; empty: not given.
    pub groups: Vec<String>,
    /// One of these scopes; empty: not given.
    pub scopes: Vec<String>,
}

/// Groups or scopes stand beside an `auth` that lets requests through without them. Refused as it is in a rule: whoever wrote it
/// took the route for a closed one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnreadableOverride;

impl RouteOverride {
    /// What the route demands; `None` if it says nothing, so that the rules decide.
    ///
    /// # Errors
    /// It contradicts itself: `internal_error`.
    pub fn decision(self) -> Result<Option<MatchedRule>, UnreadableOverride> {
        let demands = !self.groups.is_empty() || !self.scopes.is_empty();
        let auth = match self.auth {
            Some(Auth::Required) => Auth::Required,
            Some(_) if demands => return Err(UnreadableOverride),
            Some(open) => open,
            None if demands => Auth::Required,
            None => return Ok(None),
        };
        let requirement = Requirement {
            groups: any_of(self.groups),
            scopes: any_of(self.scopes),
            ..Requirement::default()
        };
        Ok(Some(MatchedRule {
            auth,
            requirement: Rc::new(requirement),
            captures: Captures::default(),
            rule: None,
        }))
    }
}

fn any_of(any: Vec<String>) -> AnyAll {
    AnyAll { any, all: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn a_route_decides_for_itself_or_leaves_it_to_the_rules() {
        type Row<'a> = (
            Option<Auth>,
            &'a [&'a str],
            &'a [&'a str],
            Result<Option<Auth>, UnreadableOverride>,
        );
        let table: &[Row<'_>] = &[
            (None, &[], &[], Ok(None)),
            (Some(Auth::Required), &[], &[], Ok(Some(Auth::Required))),
            (Some(Auth::Optional), &[], &[], Ok(Some(Auth::Optional))),
            (Some(Auth::None), &[], &[], Ok(Some(Auth::None))),
            (None, &["g"], &[], Ok(Some(Auth::Required))),
            (None, &[], &["s"], Ok(Some(Auth::Required))),
            (Some(Auth::Required), &["g"], &["s"], Ok(Some(Auth::Required))),
            (Some(Auth::Optional), &["g"], &[], Err(UnreadableOverride)),
            (Some(Auth::None), &[], &["s"], Err(UnreadableOverride)),
        ];
        for (auth, groups, scopes, expected) in table {
            let metadata = RouteOverride {
                auth: *auth,
                groups: words(groups),
                scopes: words(scopes),
            };
            let decision = metadata.clone().decision();
            assert_eq!(
                decision.as_ref().map(|d| d.as_ref().map(|d| d.auth)),
                expected.as_ref().map(|a| *a),
                "{metadata:?}"
            );
            if let Ok(Some(decision)) = decision {
                assert_eq!(decision.requirement.groups.any, words(groups));
                assert_eq!(decision.requirement.scopes.any, words(scopes));
                assert!(decision.requirement.groups.all.is_empty() && decision.requirement.scopes.all.is_empty());
            }
        }
    }
}
