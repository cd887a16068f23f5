//! A request is judged by the first rule that a plain walk finds, and a spelling of a path as its normalized form is.
//!
//! The input is text: the first line `METHOD AUTHORITY PATH`, each further line a rule: `none exact /health GET`, `required
//! prefix /api`, `optional template /users/{id}/**`, `none host *.example.com`.
#![no_main]

use cognito_jwt::rules::access::Requirement;
use cognito_jwt::rules::host::host_of;
use cognito_jwt::rules::path::normalize;
use cognito_jwt::rules::{Auth, HostPattern, Matcher, PathPattern, Rule, RuleInput, RuleSet, shadowed_rules};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let mut lines = text.split(|byte| *byte == b'\n');
    let mut request = lines.next().unwrap_or_default().splitn(3, |byte| *byte == b' ');
    let [method, authority, path] = [(); 3].map(|()| request.next().unwrap_or_default());
    let rules: Vec<Rule> = lines.filter_map(|line| rule(str::from_utf8(line).ok()?)).collect();
    let set = RuleSet::new(rules.clone());
    let decide = |path| {
        let input = RuleInput {
            method,
            authority,
            path,
            route: &|| None,
        };
        set.decide(&input).map(|decision| (decision.rule, decision.auth))
    };

    let decided = decide(path);
    let Ok(normal) = normalize(path) else {
        assert_eq!(decided.is_err(), set.uses_path());
        return;
    };
    let host = host_of(authority);
    let first = rules.iter().position(|rule| {
        let Matcher {
            path, methods, hosts, ..
        } = &rule.matcher;
        path.as_ref().is_none_or(|pattern| pattern.matches(&normal))
            && (methods.is_empty() || methods.iter().any(|known| known.as_bytes() == method))
            && (hosts.is_empty() || hosts.iter().any(|pattern| pattern.matches(host)))
    });
    let auth = first
        .and_then(|place| rules.get(place))
        .map_or(Auth::Required, |rule| rule.auth);
    assert_eq!(decided, Ok((first, auth)));
    assert_eq!(decide(normal.as_str().as_bytes()), decided);
    assert!(
        shadowed_rules(&rules)
            .iter()
            .all(|(earlier, later)| earlier < later && Some(*later) != first)
    );
});

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
    // A pattern tells what it is, and means that.
    if let Some(pattern) = &matcher.path {
        assert!(pattern.covers(pattern));
    }
    Some(Rule {
        matcher,
        auth,
        require: Requirement::default(),
    })
}
