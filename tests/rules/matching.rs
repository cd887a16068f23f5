//! Which rule decides: precedence, every matcher, every spelling of a path that servers read in different ways.
#![allow(clippy::unwrap_used, clippy::panic)]

use envoy_cognito_jwt::rules::access::{Alternative, Requirement};
use envoy_cognito_jwt::rules::{
    Auth, HostPattern, MatchedRule, Matcher, PathAmbiguous, PathPattern, Rule, RuleInput, RuleSet, shadowed_rules,
};
use envoy_cognito_jwt::token::claim_ref::ClaimRef;
use std::cell::Cell;

fn rule(matcher: Matcher, auth: Auth) -> Rule {
    Rule {
        matcher,
        auth,
        require: Requirement::default(),
    }
}

fn anything() -> Matcher {
    Matcher::default()
}

fn exact(path: &str) -> Matcher {
    Matcher {
        path: Some(PathPattern::exact(path).unwrap()),
        ..Matcher::default()
    }
}

fn prefix(path: &str) -> Matcher {
    Matcher {
        path: Some(PathPattern::prefix(path).unwrap()),
        ..Matcher::default()
    }
}

fn template(path: &str) -> Matcher {
    Matcher {
        path: Some(PathPattern::template(path).unwrap()),
        ..Matcher::default()
    }
}

fn methods(matcher: Matcher, methods: &[&str]) -> Matcher {
    Matcher {
        methods: methods.iter().map(|method| (*method).to_owned()).collect(),
        ..matcher
    }
}

fn hosts(matcher: Matcher, hosts: &[&str]) -> Matcher {
    Matcher {
        hosts: hosts.iter().map(|host| HostPattern::parse(host).unwrap()).collect(),
        ..matcher
    }
}

fn route(matcher: Matcher, route: &str) -> Matcher {
    Matcher {
        route: Some(route.to_owned()),
        ..matcher
    }
}

/// `GET api.example.com/path` by the route `main`, each part changeable: `"POST /x"`, `"GET other.example/x"`.
fn decide(rules: &RuleSet, request: &str, route: &str) -> Result<MatchedRule, PathAmbiguous> {
    let (method, target) = request.split_once(' ').unwrap();
    let (authority, path) = match target.find('/') {
        Some(at) if at > 0 => target.split_at(at),
        _ => ("api.example.com", target),
    };
    rules.decide(&RuleInput {
        method: method.as_bytes(),
        authority: authority.as_bytes(),
        path: path.as_bytes(),
        route: &|| Some(route.as_bytes().to_vec()),
    })
}

#[test]
fn the_first_rule_that_matches_decides() {
    let rules = RuleSet::new(vec![
        rule(exact("/health"), Auth::None),                                // 0
        rule(methods(prefix("/items"), &["GET", "HEAD"]), Auth::Optional), // 1
        rule(prefix("/items/public"), Auth::None),                         // 2
        rule(template("/users/{id}"), Auth::Required),                     // 3
        rule(template("/users/*/avatar"), Auth::None),                     // 4
        rule(exact("/users/me"), Auth::None),                              // 5, never: 3 comes first
        rule(
            hosts(prefix("/docs"), &["docs.example.com", "*.docs.example.com"]),
            Auth::None,
        ), // 6
        rule(route(anything(), "metrics"), Auth::None),                    // 7
        rule(
            methods(hosts(route(template("/a/**"), "main"), &["api.example.com"]), &["PUT"]),
            Auth::Optional,
        ), // 8
        rule(template("/{any}/deep/*/**"), Auth::None),                    // 9
        rule(methods(anything(), &["TRACE"]), Auth::Required),             // 10
    ]);
    for (request, route, decides) in [
        ("GET /health", "main", Some(0)),
        ("POST /health/", "main", Some(0)),
        ("GET /health?x=/items", "main", Some(0)),
        ("GET /health/x", "main", None),
        ("GET /Health", "main", None),
        ("GET /items/public", "main", Some(1)),
        ("POST /items/public", "main", Some(2)),
        ("POST /items", "main", None),
        ("get /items", "main", None),
        ("GET /users/7", "main", Some(3)),
        ("GET /users/me", "main", Some(3)),
        ("GET /users/me/avatar", "main", Some(4)),
        ("GET /users", "main", None),
        ("GET docs.example.com/docs", "main", Some(6)),
        ("GET DOCS.example.com.:8443/docs/x", "main", Some(6)),
        ("GET v1.docs.example.com/docs", "main", Some(6)),
        ("GET docs.example.org/docs", "main", None),
        ("GET xdocs.example.com/docs", "main", None),
        ("GET /other", "metrics", Some(7)),
        ("GET /health", "metrics", Some(0)),
        ("PUT /a", "main", Some(8)),
        ("PUT /a/b/c", "main", Some(8)),
        ("PUT /a/b/c", "metrics", Some(7)),
        ("PUT other.example.com/a/b", "main", None),
        ("POST /a/b", "main", None),
        ("PUT /b/deep/x", "main", Some(9)),
        ("PUT /a/deep/x", "main", Some(8)),
        ("POST /b/deep", "main", None),
        ("TRACE /", "main", Some(10)),
        ("TRACE /items", "main", Some(10)),
        ("GET /", "main", None),
    ] {
        let decision = decide(&rules, request, route).unwrap();
        assert_eq!(decision.rule, decides, "{request} by {route}");
        if decides.is_none() {
            assert_eq!(decision.auth, Auth::Required, "{request}");
            assert!(decision.demands.is_empty(), "{request}");
        }
    }
}

#[test]
fn a_request_that_no_rule_is_for_needs_a_token() {
    let decision = decide(&RuleSet::new(Vec::new()), "GET /", "main").unwrap();
    assert_eq!((decision.auth, decision.rule), (Auth::Required, None));
}

#[test]
fn no_spelling_reaches_an_open_rule_by_way_of_a_closed_path() {
    // Everything is open but what stands below /admin.
    let rules = RuleSet::new(vec![
        rule(prefix("/admin"), Auth::Required),
        rule(prefix("/"), Auth::None),
    ]);
    for closed in [
        "/admin",
        "/admin/",
        "//admin",
        "/./admin",
        "/admin/.",
        "/x/../admin",
        "/../admin",
        "/%61dmin",
        "/%61%64%6d%69%6e",
        "/x/%2e%2e/admin",
        "/x/%2E./admin",
        "/.%2e/admin",
        "/admin?",
        "/admin#",
        "/admin?/../x",
        "/admin//x",
        "/x/..//admin",
        "/admin/%252e%252e/x",
        "/admin/...",
        "/admin/%2e",
    ] {
        let decision = decide(&rules, &format!("GET {closed}"), "main").unwrap();
        assert_eq!(decision.auth, Auth::Required, "{closed}");
    }
    for ambiguous in [
        "/x%2f..%2fadmin",
        "/x/..%2Fadmin",
        "/%2fadmin",
        "/admin%2f",
        "/x\\..\\admin",
        "/x/..%5cadmin",
        "\\admin",
        "/\\admin",
        "/admin;x",
        "/admin;/../x",
        "/x/..;/admin",
        "/x/..%3b/admin",
        "/admin%00",
        "/admin%00/x",
        "/%00/admin",
        "/admin%0a",
        "/admin%",
        "/admin%2",
        "/%zzadmin",
        "/%u0061dmin",
        "/%c0%afadmin",
        "/x%c0%ae%c0%ae/admin",
        "/x//../admin",
        "/adm in",
        "/admin\u{a0}",
        "*",
        "",
        "admin",
        "?x=/admin",
    ] {
        // A target without a slash would be taken for an authority by `decide`.
        let found = rules.decide(&RuleInput {
            method: b"GET",
            authority: b"api.example.com",
            path: ambiguous.as_bytes(),
            route: &|| None,
        });
        assert!(found.is_err(), "{ambiguous}");
        assert!(rules.check_path(ambiguous.as_bytes()).is_err(), "{ambiguous}");
    }
    for open in [
        "/",
        "/x",
        "/administrator",
        "/ADMIN",
        "/admin/../x",
        "/admin/%2e%2e/x",
        "/x/admin",
        "/%2561dmin",
        "/x?/admin",
    ] {
        let decision = decide(&rules, &format!("GET {open}"), "main").unwrap();
        assert_eq!(decision.auth, Auth::None, "{open}");
    }
}

#[test]
fn a_connect_without_a_path_is_ambiguous_where_rules_look_at_paths() {
    let connect = |rules: &RuleSet| {
        rules
            .decide(&RuleInput {
                method: b"CONNECT",
                authority: b"db.example.com:5432",
                path: b"",
                route: &|| None,
            })
            .map(|decision| decision.rule)
    };
    let by_path = RuleSet::new(vec![rule(prefix("/"), Auth::None)]);
    assert_eq!(connect(&by_path), Err(PathAmbiguous::NotRooted));
    let by_method = RuleSet::new(vec![rule(methods(anything(), &["CONNECT"]), Auth::None)]);
    assert_eq!(connect(&by_method), Ok(Some(0)));
}

#[test]
fn an_ambiguous_path_passes_only_where_no_rule_looks_at_paths() {
    let request = "GET /x%2fy";
    let without = RuleSet::new(vec![rule(methods(anything(), &["GET"]), Auth::None)]);
    assert!(!without.uses_path());
    assert_eq!(without.check_path(b"/x%2fy"), Ok(()));
    assert_eq!(decide(&without, request, "main").unwrap().rule, Some(0));
    // Another rule would decide, but one that looks at paths is there.
    let with = RuleSet::new(vec![
        rule(methods(anything(), &["GET"]), Auth::None),
        rule(prefix("/never"), Auth::None),
    ]);
    assert!(with.uses_path());
    assert_eq!(decide(&with, request, "main").unwrap_err(), PathAmbiguous::EncodedSlash);
}

#[test]
fn the_route_is_asked_for_at_most_once_and_only_if_a_rule_needs_it() {
    let asked = Cell::new(0_u32);
    let decide = |rules: &RuleSet, path: &str, name: Option<&str>| {
        asked.set(0);
        let decision = rules.decide(&RuleInput {
            method: b"GET",
            authority: b"h",
            path: path.as_bytes(),
            route: &|| {
                asked.set(asked.get().saturating_add(1));
                name.map(|name| name.as_bytes().to_vec())
            },
        });
        (decision.unwrap().rule, asked.get())
    };
    let rules = RuleSet::new(vec![
        rule(exact("/open"), Auth::None),
        rule(route(prefix("/r"), "a"), Auth::None),
        rule(route(prefix("/r"), "b"), Auth::None),
    ]);
    assert!(rules.uses_route());
    assert_eq!(decide(&rules, "/open", Some("b")), (Some(0), 0));
    assert_eq!(decide(&rules, "/r", Some("b")), (Some(2), 1));
    assert_eq!(decide(&rules, "/r", Some("c")), (None, 1));
    assert_eq!(decide(&rules, "/r", None), (None, 1));
    assert!(!RuleSet::new(vec![rule(exact("/open"), Auth::None)]).uses_route());
}

#[test]
fn captures_are_taken_only_for_rules_with_path_claims() {
    let mut owner = rule(template("/users/{sub}/**"), Auth::Required);
    owner.require = Requirement::from(Alternative {
        path_claims: vec![("sub".to_owned(), ClaimRef::Name("sub".to_owned()))],
        ..Alternative::default()
    });
    let plain = rule(template("/teams/{team}"), Auth::Required);
    let rules = RuleSet::new(vec![owner, plain]);
    let decision = decide(&rules, "GET /users/a%40b/x", "main").unwrap();
    assert_eq!(decision.demands[0].captures.value("sub"), Some("a@b"));
    let decision = decide(&rules, "GET /teams/red", "main").unwrap();
    assert_eq!(decision.demands[0].captures.value("team"), None);
}

#[test]
fn a_rule_that_can_never_match_is_told_with_the_one_before_it() {
    let get = |matcher| methods(matcher, &["GET"]);
    for (earlier, later, shadowed) in [
        (anything(), exact("/x"), true),
        (prefix("/"), anything(), true),
        (template("/**"), anything(), true),
        (template("/{a}/**"), anything(), false),
        (exact("/x"), anything(), false),
        (prefix("/x"), get(exact("/x/y")), true),
        (get(prefix("/x")), exact("/x/y"), false),
        (
            methods(anything(), &["GET", "PUT"]),
            methods(anything(), &["PUT", "GET"]),
            true,
        ),
        (get(anything()), methods(anything(), &["GET", "PUT"]), false),
        (
            hosts(anything(), &["*.a.com"]),
            hosts(anything(), &["x.a.com", "*.y.a.com"]),
            true,
        ),
        (
            hosts(anything(), &["*.a.com"]),
            hosts(anything(), &["x.a.com", "a.com"]),
            false,
        ),
        (hosts(anything(), &["a.com"]), anything(), false),
        (route(anything(), "r"), route(exact("/x"), "r"), true),
        (route(anything(), "r"), route(anything(), "s"), false),
        (route(anything(), "r"), anything(), false),
        (anything(), route(anything(), "r"), true),
    ] {
        let rules = [
            rule(earlier, Auth::None),
            rule(exact("/unrelated"), Auth::None),
            rule(later, Auth::Required),
        ];
        let found: Vec<_> = shadowed_rules(&rules)
            .into_iter()
            .filter(|(_, later)| *later == 2)
            .collect();
        let expected: &[(usize, usize)] = if shadowed { &[(0, 2)] } else { &[] };
        assert_eq!(found, expected, "{rules:?}");
    }
}
