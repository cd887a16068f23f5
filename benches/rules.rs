//! What finding a request's rule costs, and how that grows with the number of rules: `cargo bench --bench rules`.
//! The bound to hold: 200 rules in less than 2 µs. `allocations` shows that what does not match allocates nothing.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects)]

use divan::{AllocProfiler, Bencher, black_box};
use envoy_cognito_jwt::request::RequestHead;
use envoy_cognito_jwt::rules::access::{Alternative, AnyAll, Requirement};
use envoy_cognito_jwt::rules::path::normalize;
use envoy_cognito_jwt::rules::{Auth, HostPattern, Matcher, PathPattern, Rule, RuleSet};

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

const COUNTS: [usize; 7] = [1, 10, 50, 100, 200, 500, 1000];

fn main() {
    divan::main();
}

fn rule(matcher: Matcher) -> Rule {
    Rule {
        matcher,
        auth: Auth::Required,
        require: Requirement::from(Alternative {
            groups: AnyAll {
                any: vec!["admins".to_owned()],
                all: Vec::new(),
            },
            ..Alternative::default()
        }),
    }
}

/// As services write them: below one prefix, with methods, some with templates.
fn service_rules(count: usize) -> RuleSet {
    let rules = (0..count).map(|number| {
        let path = match number % 3 {
            0 => PathPattern::prefix(&format!("/api/v1/service{number}")),
            1 => PathPattern::exact(&format!("/api/v1/service{number}/items")),
            _ => PathPattern::template(&format!("/api/v1/service{number}/users/{{id}}/**")),
        };
        rule(Matcher {
            path: Some(path.unwrap()),
            methods: vec!["GET".to_owned(), "POST".to_owned()],
            ..Matcher::default()
        })
    });
    RuleSet::new(rules.collect())
}

fn decide(rules: &RuleSet, path: &str) -> Option<usize> {
    let head = RequestHead::new(vec![
        (b":method", black_box(b"POST")),
        (b":authority", black_box(b"api.example.com:8443")),
        (b":path", black_box(path.as_bytes())),
    ]);
    let request = rules.interpret(&head).unwrap();
    rules.matched(&request, &|| Some(b"route-last".to_vec())).rule
}

#[divan::bench(args = COUNTS)]
fn last_rule_matches(bencher: Bencher<'_, '_>, count: usize) {
    let rules = service_rules(count);
    let last = count - 1;
    let path = match last % 3 {
        0 => format!("/api/v1/service{last}/anything/below"),
        1 => format!("/api/v1/service{last}/items"),
        _ => format!("/api/v1/service{last}/users/4711/orders"),
    };
    assert_eq!(decide(&rules, &path), Some(last));
    bencher.bench_local(|| decide(&rules, &path));
}

#[divan::bench(args = COUNTS)]
fn no_rule_matches(bencher: Bencher<'_, '_>, count: usize) {
    let rules = service_rules(count);
    let path = "/api/v1/unknown/users/4711?since=2024-01-01&limit=50";
    assert_eq!(decide(&rules, path), None);
    bencher.bench_local(|| decide(&rules, path));
}

/// The worst that configuration can do: every rule is for the path, and only its method, host or route keeps it from matching.
#[divan::bench(args = COUNTS)]
fn all_paths_match_and_no_method_does(bencher: Bencher<'_, '_>, count: usize) {
    let matcher = Matcher {
        path: Some(PathPattern::prefix("/").unwrap()),
        methods: vec!["GET".to_owned(), "PUT".to_owned(), "HEAD".to_owned()],
        ..Matcher::default()
    };
    let rules = RuleSet::new((0..count).map(|_| rule(matcher.clone())).collect());
    assert_eq!(decide(&rules, "/api/v1"), None);
    bencher.bench_local(|| decide(&rules, "/api/v1"));
}

#[divan::bench(args = COUNTS)]
fn a_host_for_each_rule(bencher: Bencher<'_, '_>, count: usize) {
    let rules = RuleSet::new(
        (0..count)
            .map(|number| {
                rule(Matcher {
                    hosts: vec![HostPattern::parse(&format!("tenant{number}.example.com")).unwrap()],
                    ..Matcher::default()
                })
            })
            .collect(),
    );
    assert_eq!(decide(&rules, "/"), None);
    bencher.bench_local(|| decide(&rules, "/"));
}

#[divan::bench(args = COUNTS)]
fn a_route_for_each_rule(bencher: Bencher<'_, '_>, count: usize) {
    let rules = RuleSet::new(
        (0..count)
            .map(|number| {
                rule(Matcher {
                    route: Some(format!("route-{number:04}")),
                    ..Matcher::default()
                })
            })
            .collect(),
    );
    assert_eq!(decide(&rules, "/"), None);
    bencher.bench_local(|| decide(&rules, "/"));
}

#[divan::bench(args = ["/", "/api/v1/users/4711/orders?x=y", "/api//v1/users/%34711/", "/caf%C3%A9/%7Euser"])]
fn normalize_path(path: &str) -> usize {
    normalize(black_box(path.as_bytes())).unwrap().as_str().len()
}
