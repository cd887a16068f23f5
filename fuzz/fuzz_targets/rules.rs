//! A request gets what a plain walk through the rules says, a spelling of a path what its normalized form gets, and a request in
//! another case gets past no rule that demands.
//!
//! The input is text: the first line `METHOD AUTHORITY PATH`, each further line a rule: `none exact /health GET`, `required
//! prefix /api`, `optional template /users/{id}/**`, `none host *.example.com:8443`.
#![no_main]

use cognito_jwt::request::RequestHead;
use cognito_jwt::rules::access::Requirement;
use cognito_jwt::rules::closeness::{Closeness, Step};
use cognito_jwt::rules::host::Authority;
use cognito_jwt::rules::path::{NormalizedPath, normalize};
use cognito_jwt::rules::{Auth, HostPattern, MatchedRule, Matcher, PathPattern, Rule, RuleSet, shadowed_rules};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let mut lines = text.split(|byte| *byte == b'\n');
    let mut request = lines.next().unwrap_or_default().splitn(3, |byte| *byte == b' ');
    let [method, authority, path] = [(); 3].map(|()| request.next().unwrap_or_default());
    let rules: Vec<Rule> = lines.filter_map(|line| rule(str::from_utf8(line).ok()?)).collect();
    let set = RuleSet::new(rules.clone());
    let decide = |method: &[u8], authority: &[u8], path: &[u8]| -> Option<MatchedRule> {
        let head = RequestHead::new(vec![(b":method", method), (b":authority", authority), (b":path", path)]);
        let request = set.interpret(&head).ok()?;
        Some(set.matched(&request, &|| None))
    };

    let uses = |part: fn(&Matcher) -> bool| rules.iter().any(|rule| part(&rule.matcher));
    let normal = normalize(path);
    let parsed = Authority::parse(authority);
    let is_ambiguous = (uses(|matcher| matcher.path.is_some()) && normal.is_err())
        || (uses(|matcher| !matcher.hosts.is_empty()) && parsed.is_err());
    let Some(decided) = decide(method, authority, path) else {
        assert!(is_ambiguous || uses(|matcher| !matcher.methods.is_empty()));
        return;
    };
    assert!(!is_ambiguous);
    let normal = match uses(|matcher| matcher.path.is_some()) {
        true => normal.expect("it is not ambiguous"),
        false => NormalizedPath::ROOT,
    };

    let (mut collected, mut end) = (Vec::new(), None);
    for (place, rule) in rules.iter().enumerate() {
        let step = closeness(rule, method, parsed.as_ref().ok(), &normal).and_then(|closeness| rule.auth.step(closeness));
        match step {
            None => {}
            Some(Step::Collect) => collected.push(place),
            Some(Step::End) => {
                end = Some(place);
                break;
            }
        }
    }
    let auth = match end.and_then(|place| rules.get(place)) {
        Some(rule) if collected.is_empty() => rule.auth,
        _ => Auth::Required,
    };
    assert_eq!((&decided.collected, decided.rule, decided.auth), (&collected, end, auth));

    if normal.closeness() == Closeness::Exact {
        let again = decide(method, authority, normal.as_str().as_bytes()).expect("a normalized path is not ambiguous");
        assert_eq!((again.collected, again.rule), (collected, end));
        for (earlier, later) in shadowed_rules(&rules) {
            let is_exact = closeness(&rules[later], method, parsed.as_ref().ok(), &normal) == Some(Closeness::Exact);
            assert!(earlier < later && !(is_exact && Some(later) == end));
        }
    }
    for change in [<[u8]>::to_ascii_lowercase, <[u8]>::to_ascii_uppercase] {
        let path = normal.as_str().as_bytes();
        let Some(other) = decide(&change(method), &change(authority), &change(path)) else {
            continue;
        };
        for place in decided.collected.iter().copied().chain(decided.rule) {
            if rules[place].auth == Auth::Required && other.rule.is_none_or(|end| end > place) {
                assert!(other.collected.contains(&place) && other.auth == Auth::Required);
            }
        }
    }
});

/// How closely the rule fits, field by field.
fn closeness(rule: &Rule, method: &[u8], authority: Option<&Authority<'_>>, path: &NormalizedPath<'_>) -> Option<Closeness> {
    let Matcher {
        path: pattern,
        methods,
        hosts,
        ..
    } = &rule.matcher;
    let by_method = |name: &String| match name.as_bytes() {
        same if same == method => Some(Closeness::Exact),
        same if same.eq_ignore_ascii_case(method) => Some(Closeness::Loose),
        b"GET" if method.eq_ignore_ascii_case(b"HEAD") => Some(Closeness::Loose),
        _ => None,
    };
    let mut all = vec![path.closeness()];
    if let Some(pattern) = pattern {
        all.push(pattern.closeness(path)?);
    }
    if !methods.is_empty() {
        all.push(methods.iter().filter_map(by_method).max()?);
    }
    if !hosts.is_empty() {
        all.push(hosts.iter().filter_map(|host| host.closeness(authority?)).max()?);
    }
    all.into_iter().min()
}

fn rule(line: &str) -> Option<Rule> {
    let mut words = line.split(' ');
    let auth = Auth::named(words.next()?)?;
    let (kind, text) = (words.next()?, words.next()?);
    let mut matcher = Matcher {
        methods: words.map(str::to_owned).collect(),
        ..Matcher::default()
    };
    match kind {
        "exact" => matcher.path = Some(PathPattern::exact(text).ok()?),
        "prefix" => matcher.path = Some(PathPattern::prefix(text).ok()?),
        "template" => matcher.path = Some(PathPattern::template(text).ok()?),
        "host" => matcher.hosts = vec![HostPattern::parse(text).ok()?],
        _ => return None,
    }
    // A pattern's text form parses to the same pattern.
    if let Some(pattern) = &matcher.path {
        assert!(pattern.covers(pattern));
    }
    Some(Rule {
        matcher,
        auth,
        require: Requirement::default(),
    })
}
