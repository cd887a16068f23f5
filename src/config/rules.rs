//! `rules`: which requests a rule is for, and whether they need a token. What it demands of one is in [`super::require`].

use super::error::quoted;
use super::headers::is_token;
use super::reader::{Object, Value};
use super::require::requirement;
use crate::rules::access::Requirement;
use crate::rules::host::HostPattern;
use crate::rules::pattern::PathPattern;
use crate::rules::{Auth, Matcher, Rule, shadowed_rules};

/// Reads `rules`.
pub(in crate::config) fn rules(value: &Value<'_>) -> Vec<Rule> {
    let items = value.items_or_none().unwrap_or_default();
    let rules: Vec<Rule> = items.iter().filter_map(rule).collect();
    // Where a rule was refused the places no longer agree, and there will be no configuration to warn of.
    if rules.len() == items.len() {
        warn_of_shadowed(&items, &rules);
    }
    rules
}

fn warn_of_shadowed(items: &[Value<'_>], rules: &[Rule]) {
    for (earlier, shadowed) in shadowed_rules(rules) {
        if let (Some(earlier), Some(item)) = (items.get(earlier), items.get(shadowed)) {
            item.warn(&format!(
                "never decides: {} comes first and takes every request that it is for",
                earlier.path()
            ));
        }
    }
}

fn rule(item: &Value<'_>) -> Option<Rule> {
    let object = item.object(&["match", "auth", "require"])?;
    let matcher = match object.optional("match") {
        Some(value) => matcher(&value)?,
        None => Matcher::default(),
    };
    let auth = object
        .optional("auth")
        .map_or(Some(Auth::Required), |value| auth(&value))?;
    let require = match object.optional("require") {
        Some(value) if auth != Auth::Required => {
            value.refuse("must stand beside \"auth\": \"required\" only: without a token there is nothing to look at");
            return None;
        }
        Some(value) => requirement(&value, matcher.path.as_ref())?,
        None => Requirement::default(),
    };
    Some(Rule { matcher, auth, require })
}

fn auth(value: &Value<'_>) -> Option<Auth> {
    match value.word(&["required", "optional", "none"])? {
        0 => Some(Auth::Required),
        1 => Some(Auth::Optional),
        _ => Some(Auth::None),
    }
}

fn matcher(value: &Value<'_>) -> Option<Matcher> {
    let object = value.object(&["path", "case_sensitive", "methods", "hosts", "route"])?;
    // A field that is wrong must not widen the rule: it is reported, and there is no configuration.
    Some(Matcher {
        path: object.optional("path").and_then(|value| path(&value)),
        case_sensitive: object.truth("case_sensitive", false),
        methods: object
            .optional("methods")
            .and_then(|value| methods(&value))
            .unwrap_or_default(),
        hosts: object
            .optional("hosts")
            .and_then(|value| hosts(&value))
            .unwrap_or_default(),
        route: object
            .optional("route")
            .and_then(|value| value.name().map(String::from)),
    })
}

fn path(value: &Value<'_>) -> Option<PathPattern> {
    let object: Object<'_> = value.object(&["exact", "prefix", "template"])?;
    let (kind, value) = object.exactly_one(&["exact", "prefix", "template"])?;
    let text = value.text()?;
    let pattern = match kind {
        "exact" => PathPattern::exact(text),
        "prefix" => PathPattern::prefix(text),
        _ => PathPattern::template(text),
    };
    pattern.map_err(|error| value.refuse(&error.to_string())).ok()
}

/// All methods in API Gateway and Express; a method like any other here.
const WILDCARDS_ELSEWHERE: [&str; 2] = ["ANY", "ALL"];

/// Methods have a case (RFC 9110, section 9.1), and every registered one is in upper case.
fn methods(value: &Value<'_>) -> Option<Vec<String>> {
    let mut methods = Vec::new();
    for item in value.items("must name at least one method, or be left out")? {
        let Some(name) = item.text() else { continue };
        if name == "*" {
            item.refuse("is no wildcard: for all methods leave \"methods\" out");
            continue;
        }
        if !is_token(name) || name.bytes().any(|byte| byte.is_ascii_lowercase()) {
            item.refuse(&format!(
                "must be an HTTP method in upper case such as \"GET\", not {}",
                quoted(name)
            ));
            continue;
        }
        if WILDCARDS_ELSEWHERE.contains(&name) {
            item.warn(&format!(
                "is for requests whose method is {}: for all methods leave \"methods\" out",
                quoted(name)
            ));
        }
        item.push_new(&mut methods, name.into());
    }
    Some(methods)
}

fn hosts(value: &Value<'_>) -> Option<Vec<HostPattern>> {
    let mut hosts = Vec::new();
    for item in value.items("must name at least one host, or be left out")? {
        let Some(name) = item.text() else { continue };
        match HostPattern::parse(name) {
            Err(error) => item.refuse(&error.to_string()),
            Ok(host) if hosts.contains(&host) => item.refuse_repetition(),
            Ok(host) => hosts.push(host),
        }
    }
    Some(hosts)
}
