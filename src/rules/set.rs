//! All rules of a configuration, compiled once, and the decision which of them is for a request.

use super::access::{Forbidden, Permit, Requirement, authorize_all};
use super::host::host_of;
use super::index::Index;
use super::path::{NormalizedPath, PathAmbiguous, normalize};
use super::pattern::Captures;
use super::{Auth, Matcher, Rule};
use crate::time::UnixTime;
use crate::token::Identity;
use std::cell::OnceCell;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

/// What rules look at of a request.
pub struct RuleInput<'a> {
    /// `:method`.
    pub method: &'a [u8],
    /// `:authority`, with the port if it was sent.
    pub authority: &'a [u8],
    /// `:path`, as it came; empty if there is none.
    pub path: &'a [u8],
    /// Gives the name of the Envoy route. It costs a call to the host, so it is called once at most, and only if a rule
    /// matches on it.
    pub route: &'a dyn Fn() -> Option<Vec<u8>>,
}

/// What is demanded of a request. It owns what it needs, so it outlives the callback of a request that has to wait.
#[derive(Clone, Debug)]
pub struct MatchedRule {
    /// Whether a token is needed.
    pub auth: Auth,
    /// What the verified token must hold, all of it; empty: nothing but to be valid.
    pub demands: Vec<Demand>,
    /// The place in the configuration of the rule that matched; `None` if none did, or if the route decided for itself.
    pub rule: Option<usize>,
}

/// What one rule, or the route itself, demands of the verified token.
#[derive(Clone, Debug)]
pub struct Demand {
    /// What must hold.
    pub requirement: Rc<Requirement>,
    /// The segments that the requirement's `path_claims` name.
    pub captures: Captures,
    /// The rule's place in the configuration; `None`: the route's metadata.
    pub rule: Option<usize>,
}

/// `rules[2], auth required`, for people.
impl fmt::Display for MatchedRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.rule {
            Some(rule) => write!(f, "rules[{rule}]")?,
            None if self.demands.iter().any(|demand| demand.rule.is_none()) => f.write_str("the route's metadata")?,
            None => f.write_str("no rule")?,
        }
        write!(f, ", auth {}", self.auth.as_str())?;
        let others = self
            .demands
            .iter()
            .filter_map(|demand| demand.rule)
            .filter(|rule| Some(*rule) != self.rule);
        for rule in others {
            write!(f, ", and what rules[{rule}] requires")?;
        }
        Ok(())
    }
}

impl MatchedRule {
    /// Lets whoever has an identity through if that holds all that is demanded. `clock_skew` is how far `auth_time` may lie in the future.
    ///
    /// # Errors
    /// A requirement does not hold. What a new sign-in would not change comes first.
    pub fn authorize<T: AsRef<Identity>>(
        &self,
        holder: &Rc<T>,
        now: UnixTime,
        clock_skew: Duration,
    ) -> Result<Permit<T>, Forbidden> {
        let requirements = self
            .demands
            .iter()
            .map(|demand| (&*demand.requirement, &demand.captures));
        authorize_all(requirements, holder, now, clock_skew)
    }
}

/// All rules of a configuration.
#[derive(Debug, Default)]
pub struct RuleSet {
    rules: Vec<Compiled>,
    index: Index,
    uses_path: bool,
    uses_route: bool,
}

#[derive(Debug)]
struct Compiled {
    matcher: Matcher,
    auth: Auth,
    requirement: Rc<Requirement>,
}

impl RuleSet {
    /// Compiles the rules, of which the first that matches decides.
    pub fn new(rules: Vec<Rule>) -> RuleSet {
        RuleSet {
            index: Index::new(rules.iter().map(|rule| rule.matcher.path.as_ref())),
            uses_path: rules.iter().any(|rule| rule.matcher.path.is_some()),
            uses_route: rules.iter().any(|rule| rule.matcher.route.is_some()),
            rules: rules.into_iter().map(Compiled::from).collect(),
        }
    }

    /// Whether any rule matches on the path: then a request whose path is ambiguous is refused.
    pub fn uses_path(&self) -> bool {
        self.uses_path
    }

    /// Whether any rule matches on the name of the route.
    pub fn uses_route(&self) -> bool {
        self.uses_route
    }

    /// Whether a request with this `:path` gets as far as the rules. [`RuleSet::decide`] looks by itself; this is for
    /// requests whose route decides for itself.
    ///
    /// # Errors
    /// A rule matches on the path, and servers disagree on what this one means.
    pub fn check_path(&self, path: &[u8]) -> Result<(), PathAmbiguous> {
        if self.uses_path {
            normalize(path)?;
        }
        Ok(())
    }

    /// What the first rule that is for the request demands; a valid token if none is.
    ///
    /// # Errors
    /// A rule, be it another than would decide, matches on the path, and servers disagree on what this one means.
    pub fn decide(&self, request: &RuleInput<'_>) -> Result<MatchedRule, PathAmbiguous> {
        if self.rules.is_empty() {
            return Ok(self.closed());
        }
        // Without a rule on paths none is looked at, so even one that is ambiguous passes: as `/` it means nothing.
        let path = if self.uses_path {
            normalize(request.path)?
        } else {
            NormalizedPath::ROOT
        };
        let host = host_of(request.authority);
        let route = OnceCell::new();
        let first = self.index.first(&path, |rule| {
            self.rules
                .get(rule)
                .is_some_and(|rule| rule.holds_beside_path(request, host, &route))
        });
        let Some((place, rule)) = first.and_then(|place| Some((place, self.rules.get(place)?))) else {
            return Ok(self.closed());
        };
        let captures = match &rule.matcher.path {
            Some(pattern) if rule.requirement.uses_captures() => pattern.captures(&path),
            _ => Captures::default(),
        };
        Ok(MatchedRule {
            auth: rule.auth,
            demands: vec![Demand {
                requirement: Rc::clone(&rule.requirement),
                captures,
                rule: Some(place),
            }],
            rule: Some(place),
        })
    }

    /// What is demanded where no rule is for a request: a valid token.
    fn closed(&self) -> MatchedRule {
        MatchedRule {
            auth: Auth::Required,
            demands: Vec::new(),
            rule: None,
        }
    }
}

impl Compiled {
    fn holds_beside_path(&self, request: &RuleInput<'_>, host: &[u8], route: &OnceCell<Option<Vec<u8>>>) -> bool {
        let Matcher {
            path: _,
            methods,
            hosts,
            route: wanted,
        } = &self.matcher;
        (methods.is_empty() || methods.iter().any(|method| method.as_bytes() == request.method))
            && (hosts.is_empty() || hosts.iter().any(|pattern| pattern.matches(host)))
            && wanted.as_ref().is_none_or(|wanted| {
                let found = route.get_or_init(|| (request.route)());
                found.as_deref() == Some(wanted.as_bytes())
            })
    }
}

impl From<Rule> for Compiled {
    fn from(rule: Rule) -> Compiled {
        Compiled {
            matcher: rule.matcher,
            auth: rule.auth,
            requirement: Rc::new(rule.require),
        }
    }
}
