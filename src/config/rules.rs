//! `rules`: which requests a rule matches, and whether they need a token. [`super::require`] reads its requirements.

use super::Pool;
use super::error::{Fault, quoted};
use super::headers::is_token;
use super::reader::{Object, Value};
use super::require::{Surroundings, requirement};
use super::schema::fields::{MATCH, PATH, RULE};
use crate::rules::access::Requirement;
use crate::rules::host::HostPattern;
use crate::rules::pattern::PathPattern;
use crate::rules::{Auth, Matcher, Rule, shadowed_rules};
use thiserror::Error;

/// An error of a rule, beyond types and bounds.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum RuleFault {
    /// `require` in a rule that allows requests without a token.
    #[error("is only allowed with \"auth\": \"required\": without a token there is nothing to check")]
    RequireWithoutToken,
    /// `*` among `methods`.
    #[error("is no wildcard: for all methods leave \"methods\" out")]
    AnyMethod,
    /// An invalid method, or one that is not in upper case.
    #[error("must be an HTTP method in upper case such as \"GET\", not {}", quoted(.0))]
    Method(String),
}

/// Reads `rules`. `pools` are the pools, if they have no error.
pub(in crate::config) fn rules(value: &Value<'_>, pools: Option<&[Pool]>) -> Vec<Rule> {
    let items = value.items().unwrap_or_default();
    let rules: Vec<Rule> = items.iter().filter_map(|item| rule(item, pools)).collect();
    // If a rule has an error, the places no longer match, and there will be no configuration to warn about.
    if rules.len() == items.len() {
        warn_of_shadowed(&items, &rules);
    }
    rules
}

fn warn_of_shadowed(items: &[Value<'_>], rules: &[Rule]) {
    for (earlier, shadowed) in shadowed_rules(rules) {
        if let (Some(earlier), Some(item)) = (items.get(earlier), items.get(shadowed)) {
            item.warn(format!(
                "never decides: {} comes first and matches every request that it matches",
                earlier.path()
            ));
        }
    }
}

fn rule(item: &Value<'_>, pools: Option<&[Pool]>) -> Option<Rule> {
    let object = item.object(&RULE)?;
    let section = object.section("match", &MATCH);
    let matcher = matcher(&section);
    let auth = match object.word("auth") {
        "optional" => Auth::Optional,
        "none" => Auth::None,
        _ => Auth::Required,
    };
    let require = match object.get("require") {
        Some(value) if auth != Auth::Required => {
            value.refuse(RuleFault::RequireWithoutToken);
            return None;
        }
        Some(value) => {
            let names = match &matcher.path {
                Some(path) => Some(path.names().collect()),
                None if section.get("path").is_some() => None,
                None => Some(Vec::new()),
            };
            requirement(&value, &Surroundings { pools, names })?
        }
        None => Requirement::default(),
    };
    Some(Rule { matcher, auth, require })
}

fn matcher(object: &Object<'_>) -> Matcher {
    // A field with an error must not widen the rule: the error is reported, and there is no configuration.
    Matcher {
        path: object.get("path").and_then(|value| path(&value)),
        case_sensitive: object.truth("case_sensitive"),
        methods: object
            .get("methods")
            .and_then(|value| methods(&value))
            .unwrap_or_default(),
        hosts: object.get("hosts").and_then(|value| hosts(&value)).unwrap_or_default(),
        route: object.get("route").and_then(|value| value.text().map(String::from)),
    }
}

fn path(value: &Value<'_>) -> Option<PathPattern> {
    let (kind, value) = value.object(&PATH)?.only()?;
    let text = value.text()?;
    let pattern = match kind {
        "exact" => PathPattern::exact(text),
        "prefix" => PathPattern::prefix(text),
        _ => PathPattern::template(text),
    };
    pattern.map_err(|error| value.refuse(Fault::Path(error))).ok()
}

/// In API Gateway and Express, all methods; here it would be an ordinary method.
const WILDCARDS_ELSEWHERE: [&str; 2] = ["ANY", "ALL"];

/// Methods have a case (RFC 9110, section 9.1), and every registered one is in upper case.
fn methods(value: &Value<'_>) -> Option<Vec<String>> {
    let mut methods = Vec::new();
    for item in value.items()? {
        let Some(name) = item.text() else { continue };
        if name == "*" {
            item.refuse(RuleFault::AnyMethod);
            continue;
        }
        if !is_token(name) || name.bytes().any(|byte| byte.is_ascii_lowercase()) {
            item.refuse(RuleFault::Method(name.into()));
            continue;
        }
        if WILDCARDS_ELSEWHERE.contains(&name) {
            item.warn(format!(
                "is for requests whose method is {}: for all methods leave \"methods\" out",
                quoted(name)
            ));
        }
        methods.push(name.into());
    }
    Some(methods)
}

fn hosts(value: &Value<'_>) -> Option<Vec<HostPattern>> {
    let mut hosts = Vec::new();
    for item in value.items()? {
        let Some(name) = item.text() else { continue };
        match HostPattern::parse(name) {
            Err(error) => item.refuse(Fault::Host(error)),
            Ok(host) if hosts.contains(&host) => item.refuse(Fault::Equivalent),
            Ok(host) => hosts.push(host),
        }
    }
    Some(hosts)
}
