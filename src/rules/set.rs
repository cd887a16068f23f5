//! All rules of a configuration, compiled once, and the result of matching them.

use super::access::{Forbidden, Permit, Requirement, authorize_all, facts};
use super::closeness::{Closeness, Step};
use super::host::Authority;
use super::index::{Index, Walk};
use super::method;
use super::path::{NormalizedPath, normalize};
use super::pattern::Captures;
use super::request::{Ambiguous, InterpretedRequest};
use super::{Auth, Matcher, Rule};
use crate::request::RequestHead;
use crate::time::UnixTime;
use crate::token::Identity;
use std::cell::OnceCell;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

/// The result of matching the rules. It owns its data, so it outlives the callback of a request that has to wait.
#[derive(Clone, Debug)]
pub struct MatchedRule {
    /// Whether a token is needed.
    pub auth: Auth,
    /// All requirements for the verified token; empty: it only has to be valid.
    pub demands: Vec<Demand>,
    /// The places in the configuration of the rules before `rule` that match loosely. All of them demand a token.
    pub collected: Vec<usize>,
    /// The place of the rule that ended the walk; `None` if none did, or if the route's metadata decided.
    pub rule: Option<usize>,
    /// Whether the route's metadata decided.
    pub is_by_route: bool,
}

/// The requirement of one rule, or of the route's metadata, for the verified token.
#[derive(Clone, Debug)]
pub struct Demand {
    /// The requirement.
    pub requirement: Rc<Requirement>,
    /// The segments that the requirement's `path_claims` name.
    pub captures: Captures,
}

/// `rules[2], auth required`, for people.
impl fmt::Display for MatchedRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.rule {
            Some(rule) => write!(f, "rules[{rule}]")?,
            None if self.is_by_route => f.write_str("the route's metadata")?,
            None => f.write_str("no rule")?,
        }
        write!(f, ", auth {}", self.auth.as_str())?;
        for rule in &self.collected {
            write!(f, ", and what rules[{rule}] requires, which matches loosely")?;
        }
        Ok(())
    }
}

impl MatchedRule {
    /// Returns a permit for an identity that meets all requirements. `clock_skew` is how far `auth_time` may lie in the future.
    ///
    /// # Errors
    /// A requirement does not hold. Failures that a new sign-in would not fix are returned first.
    pub fn authorize<T: AsRef<Identity>>(
        &self,
        holder: &Rc<T>,
        now: UnixTime,
        clock_skew: Duration,
    ) -> Result<Permit<T>, Forbidden> {
        authorize_all(self.requirements(), holder, now, clock_skew)
    }

    /// Returns what a token has and what it should have, where [`MatchedRule::authorize`] gave this error, for people.
    pub fn facts(&self, forbidden: &Forbidden, identity: &Identity, now: UnixTime) -> (String, String) {
        facts(forbidden, self.requirements(), identity, now)
    }

    fn requirements(&self) -> impl Iterator<Item = (&Requirement, &Captures)> + Clone {
        let demands = self.demands.iter();
        demands.map(|demand| (&*demand.requirement, &demand.captures))
    }
}

/// All rules of a configuration.
#[derive(Debug, Default)]
pub struct RuleSet {
    rules: Vec<Compiled>,
    index: Index,
    uses_path: bool,
    uses_methods: bool,
    uses_hosts: bool,
    uses_route: bool,
}

#[derive(Debug)]
struct Compiled {
    matcher: Matcher,
    auth: Auth,
    /// `None` if it demands nothing.
    requirement: Option<Rc<Requirement>>,
}

impl RuleSet {
    /// Compiles the rules, in their order.
    pub fn new(rules: Vec<Rule>) -> RuleSet {
        let any = |uses: fn(&Matcher) -> bool| rules.iter().any(|rule| uses(&rule.matcher));
        RuleSet {
            index: Index::new(rules.iter().map(|rule| rule.matcher.path.as_ref())),
            uses_path: any(|matcher| matcher.path.is_some()),
            uses_methods: any(|matcher| !matcher.methods.is_empty()),
            uses_hosts: any(|matcher| !matcher.hosts.is_empty()),
            uses_route: any(|matcher| matcher.route.is_some()),
            rules: rules.into_iter().map(Compiled::from).collect(),
        }
    }

    /// Reports whether any rule matches on the name of the route.
    pub fn uses_route(&self) -> bool {
        self.uses_route
    }

    /// Reads the parts of a request that rules match on. Other parts are not read, so they may be ambiguous.
    ///
    /// # Errors
    /// Some rule matches on a part of the request that servers read in different ways.
    pub fn interpret<'a>(&self, head: &RequestHead<'a>) -> Result<InterpretedRequest<'a>, Ambiguous> {
        if self.uses_methods {
            method::check(head).map_err(Ambiguous::Request)?;
        }
        let authority = if self.uses_hosts {
            Authority::parse(head.authority()).map_err(Ambiguous::Request)?
        } else {
            Authority::default()
        };
        let path = if self.uses_path {
            normalize(head.path()).map_err(Ambiguous::Path)?
        } else {
            NormalizedPath::ROOT
        };
        Ok(InterpretedRequest {
            method: head.method(),
            authority,
            path,
        })
    }

    /// Walks through the list, as [`super::closeness`] describes. Returns the demands of the rules that match the request, up to the first
    /// that fits it exactly, or the demand of a valid token if none does. `route` returns the name of the Envoy route. It costs a call to
    /// the host, so it is called at most once, and only if a rule matches on it.
    pub fn matched(&self, request: &InterpretedRequest<'_>, route: &dyn Fn() -> Option<Vec<u8>>) -> MatchedRule {
        let name = OnceCell::new();
        let has_route = |wanted: &str| name.get_or_init(route).as_deref() == Some(wanted.as_bytes());
        let Walk { collected, end } = if self.rules.is_empty() {
            // The path need not be split to find that nothing matches.
            Walk::default()
        } else {
            self.index
                .walk(&request.path, |place| self.rules.get(place)?.step(request, &has_route))
        };
        let last = end.and_then(|place| self.rules.get(place));
        let demanding = collected.iter().filter_map(|place| self.rules.get(*place)).chain(last);
        MatchedRule {
            auth: match last {
                Some(rule) if collected.is_empty() => rule.auth,
                _ => Auth::Required,
            },
            demands: demanding.filter_map(|rule| rule.demand(&request.path)).collect(),
            collected,
            rule: end,
            is_by_route: false,
        }
    }
}

impl Compiled {
    /// Returns the rule's effect on the walk; `None` if it does not match the request.
    fn step(&self, request: &InterpretedRequest<'_>, has_route: &dyn Fn(&str) -> bool) -> Option<Step> {
        let Matcher {
            path,
            case_sensitive,
            methods,
            hosts,
            route,
        } = &self.matcher;
        // Even if the rule names no path: a rule that opens never matches a path in which slashes were merged.
        let mut closeness = request.path.closeness();
        if !methods.is_empty() {
            closeness = closeness.min(method::closeness(methods, request.method)?);
        }
        if !hosts.is_empty() {
            let closest = hosts.iter().filter_map(|host| host.closeness(&request.authority)).max();
            closeness = closeness.min(closest?);
        }
        if let Some(pattern) = path {
            let path = pattern.closeness(&request.path)?;
            if *case_sensitive && path == Closeness::Loose {
                return None;
            }
            closeness = closeness.min(path);
        }
        let step = self.auth.step(closeness)?;
        let is_on_route = route.as_ref().is_none_or(|wanted| has_route(wanted));
        is_on_route.then_some(step)
    }

    fn demand(&self, path: &NormalizedPath<'_>) -> Option<Demand> {
        let requirement = Rc::clone(self.requirement.as_ref()?);
        let captures = match &self.matcher.path {
            Some(pattern) if requirement.uses_captures() => pattern.captures(path),
            _ => Captures::default(),
        };
        Some(Demand { requirement, captures })
    }
}

impl From<Rule> for Compiled {
    fn from(rule: Rule) -> Compiled {
        let demands_nothing = rule.require == Requirement::default();
        Compiled {
            matcher: rule.matcher,
            auth: rule.auth,
            requirement: (!demands_nothing).then(|| Rc::new(rule.require)),
        }
    }
}
