//! Which rule decides: precedence, every matcher, every spelling of a path that servers read in different ways.
#![allow(clippy::unwrap_used, clippy::panic)]

use envoy_cognito_jwt::request::RequestHead;
use envoy_cognito_jwt::rules::access::{Alternative, AnyAll, Requirement};
use envoy_cognito_jwt::rules::{
    Ambiguous, Auth, HostPattern, MatchedRule, Matcher, PathAmbiguous, PathPattern, RequestAmbiguous, Rule, RuleSet,
    shadowed_rules,
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

fn decide_parts(
    rules: &RuleSet,
    [method, authority, path]: [&str; 3],
    headers: &[(&str, &str)],
    route: &dyn Fn() -> Option<Vec<u8>>,
) -> Result<MatchedRule, Ambiguous> {
    let pseudo = [(":method", method), (":authority", authority), (":path", path)];
    let all = pseudo.iter().chain(headers);
    let head = RequestHead::new(all.map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect());
    Ok(rules.matched(&rules.interpret(&head)?, route))
}

/// `GET api.example.com/path` by the route `main`, each part changeable: `"POST /x"`, `"GET other.example/x"`.
fn decide(rules: &RuleSet, request: &str, route: &str) -> Result<MatchedRule, Ambiguous> {
    let (method, target) = request.split_once(' ').unwrap();
    let (authority, path) = match target.find('/') {
        Some(at) if at > 0 => target.split_at(at),
        _ => ("api.example.com", target),
    };
    decide_parts(rules, [method, authority, path], &[], &|| {
        Some(route.as_bytes().to_vec())
    })
}

/// Each rule demands a group with its own name.
fn demanding(matcher: Matcher, group: &str) -> Rule {
    let demand = Alternative {
        groups: AnyAll {
            any: vec![group.to_owned()],
            all: Vec::new(),
        },
        ..Alternative::default()
    };
    Rule {
        require: Requirement::from(demand),
        ..rule(matcher, Auth::Required)
    }
}

/// What was decided, in short: `open`, `token`, or the groups that are demanded.
fn outcome(decision: &MatchedRule) -> String {
    let groups: Vec<&str> = decision
        .demands
        .iter()
        .flat_map(|demand| demand.requirement.alternatives())
        .flat_map(|alternative| &alternative.groups.any)
        .map(String::as_str)
        .collect();
    match decision.auth {
        Auth::Required if groups.is_empty() => "token".to_owned(),
        Auth::Required => groups.join(" "),
        Auth::Optional | Auth::None => {
            assert!(groups.is_empty());
            "open".to_owned()
        }
    }
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
        ("GET DOCS.Example.com/docs/x", "main", Some(6)),
        ("GET docs.example.com:8443/docs/x", "main", None),
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
        "/%61dmin",
        "/%61%64%6d%69%6e",
        "/admin?",
        "/admin#",
        "/admin?/../x",
        "/admin//x",
        "/admin//",
        "/admin/%252e%252e/x",
        "/admin/...",
        "/ADMIN",
        "/Admin/x",
        "/%41dmin",
        // The open rule is for no path in which slashes were merged.
        "/x//y",
        "/x//",
    ] {
        let decision = decide(&rules, &format!("GET {closed}"), "main").unwrap();
        assert_eq!(decision.auth, Auth::Required, "{closed}");
    }
    for ambiguous in [
        "//admin",
        "//x/admin",
        "/./admin",
        "/admin/.",
        "/x/../admin",
        "/../admin",
        "/x/%2e%2e/admin",
        "/x/%2E./admin",
        "/.%2e/admin",
        "/x/..//admin",
        "/admin/%2e",
        "/admin/../x",
        "/admin/%2e%2e/x",
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
        let found = decide_parts(&rules, ["GET", "api.example.com", ambiguous], &[], &|| None);
        assert!(matches!(found, Err(Ambiguous::Path(_))), "{ambiguous}");
    }
    for open in [
        "/",
        "/x",
        "/x/",
        "/administrator",
        "/x/admin",
        "/%2561dmin",
        "/x?/admin",
        "/x?//admin",
    ] {
        let decision = decide(&rules, &format!("GET {open}"), "main").unwrap();
        assert_eq!(decision.auth, Auth::None, "{open}");
    }
}

#[test]
fn a_demanding_rule_matches_every_case_of_a_path_unless_it_is_case_sensitive() {
    let case_sensitive = |matcher| Matcher {
        case_sensitive: true,
        ..matcher
    };
    let rules = RuleSet::new(vec![
        demanding(prefix("/admin"), "admins"),
        demanding(case_sensitive(prefix("/Legacy")), "legacy"),
        rule(case_sensitive(exact("/Health")), Auth::None),
        rule(exact("/ready"), Auth::None),
        demanding(template("/users/{name}/keys"), "users"),
        rule(prefix("/public"), Auth::None),
    ]);
    for (request, expected) in [
        ("/admin/x", "admins"),
        ("/ADMIN/x", "admins"),
        ("/aDmin", "admins"),
        ("/%41dmin", "admins"),
        ("/Legacy/x", "legacy"),
        ("/legacy/x", "token"),
        ("/Health", "open"),
        ("/health", "token"),
        ("/ready", "open"),
        ("/READY", "token"),
        ("/users/Ann/keys", "users"),
        ("/USERS/Ann/Keys", "users"),
        ("/public", "open"),
        ("/Public", "token"),
        ("/public//x", "token"),
    ] {
        let decision = decide(&rules, &format!("GET {request}"), "main").unwrap();
        assert_eq!(outcome(&decision), expected, "{request}");
    }
}

#[test]
fn a_looser_match_in_front_hides_no_stricter_rule_behind_it() {
    let rules = RuleSet::new(vec![
        demanding(prefix("/API"), "first"),
        demanding(methods(prefix("/api/admin"), &["GET", "DELETE"]), "second"),
        rule(methods(prefix("/api/admin"), &["HEAD"]), Auth::None),
        demanding(prefix("/api"), "last"),
        rule(anything(), Auth::Optional),
    ]);
    for (request, expected, collected, ends) in [
        ("GET /API/x", "first", &[][..], Some(0)),
        // It is not the path of the first rule as that is spelled: the walk goes on.
        ("GET /api/x", "first last", &[0], Some(3)),
        ("GET /Api/x", "first last", &[0, 3], Some(4)),
        ("GET /api/admin", "first second", &[0], Some(1)),
        ("GET /api/admin//x", "first second", &[0], Some(1)),
        ("GET /api/ADMIN", "first second last", &[0, 1], Some(3)),
        ("delete /api/admin", "first second last", &[0, 1], Some(3)),
        ("DELETE /api/admin", "first second", &[0], Some(1)),
        // The rule that ends the walk opens, but two that demand were collected.
        ("HEAD /api/admin", "first second", &[0, 1], Some(2)),
        ("head /api/admin", "first second last", &[0, 1], Some(3)),
        ("HEAD /other", "open", &[], Some(4)),
        // No rule opens a path with merged slashes.
        ("GET /other//x", "token", &[], None),
        ("GET /ApI//x", "first last", &[0, 3], None),
    ] {
        let decision = decide(&rules, request, "main").unwrap();
        assert_eq!(outcome(&decision), expected, "{request}");
        assert_eq!((&decision.collected[..], decision.rule), (collected, ends), "{request}");
    }
}

#[test]
fn a_rule_that_demands_is_for_a_hosts_every_port_and_one_that_opens_for_what_it_names() {
    let rules = RuleSet::new(vec![
        demanding(hosts(anything(), &["admin.example", "*.admin.example"]), "admins"),
        demanding(hosts(anything(), &["shop.example:443"]), "shop"),
        rule(hosts(anything(), &["www.example", "*.cdn.example:8443"]), Auth::None),
        rule(hosts(anything(), &["shop.example"]), Auth::None),
        demanding(anything(), "rest"),
    ]);
    for (authority, expected) in [
        ("admin.example", "admins"),
        ("ADMIN.example:8443", "admins"),
        ("x.admin.example:1", "admins"),
        ("shop.example:443", "shop"),
        // The port that is left out may be the one that is named.
        ("shop.example", "shop"),
        ("shop.example:8443", "rest"),
        ("www.example", "open"),
        ("WWW.example", "open"),
        ("www.example:443", "rest"),
        ("www.example:8443", "rest"),
        ("a.cdn.example:8443", "open"),
        ("a.cdn.example", "rest"),
        ("a.cdn.example:443", "rest"),
        ("other.example", "rest"),
        ("", "rest"),
    ] {
        let decision = decide_parts(&rules, ["GET", authority, "/"], &[], &|| None).unwrap();
        assert_eq!(outcome(&decision), expected, "{authority}");
    }
}

#[test]
fn an_authority_that_can_be_read_in_two_ways_is_refused_where_rules_look_at_hosts() {
    let without = RuleSet::new(vec![rule(exact("/x"), Auth::None)]);
    let with = RuleSet::new(vec![
        rule(anything(), Auth::None),
        demanding(hosts(exact("/never"), &["a.example"]), "a"),
    ]);
    for authority in [
        "www.example.",
        "www.example.:443",
        "x@www.example",
        "www.example@evil.example",
        "www.example:",
        "www.example:0",
        "www.example:port",
        "www.example,evil.example",
        "www%2eexample",
    ] {
        let parts = ["GET", authority, "/x"];
        let found = decide_parts(&with, parts, &[], &|| None);
        assert!(matches!(found, Err(Ambiguous::Request(_))), "{authority}");
        assert_eq!(outcome(&decide_parts(&without, parts, &[], &|| None).unwrap()), "open");
    }
}

#[test]
fn a_method_that_can_be_read_in_two_ways_is_refused_where_rules_look_at_methods() {
    let without = RuleSet::new(vec![rule(anything(), Auth::None)]);
    let with = RuleSet::new(vec![
        rule(anything(), Auth::None),
        demanding(methods(exact("/never"), &["PUT"]), "a"),
    ]);
    for (method, headers, why) in [
        ("", &[][..], RequestAmbiguous::Method),
        ("GET\t", &[], RequestAmbiguous::Method),
        (
            "POST",
            &[("x-http-method-override", "DELETE")],
            RequestAmbiguous::MethodOverride,
        ),
        ("GET", &[("x_http_method", "DELETE")], RequestAmbiguous::MethodOverride),
        (
            "POST",
            &[("x-method.override", "PUT")],
            RequestAmbiguous::MethodOverride,
        ),
    ] {
        let parts = [method, "a.example", "/"];
        let found = decide_parts(&with, parts, headers, &|| None);
        assert_eq!(found.unwrap_err(), Ambiguous::Request(why), "{method:?} {headers:?}");
        assert_eq!(
            outcome(&decide_parts(&without, parts, headers, &|| None).unwrap()),
            "open"
        );
    }
    let same = [("x-http-method-override", "post"), ("x-http-method", "")];
    let found = decide_parts(&with, ["POST", "a.example", "/"], &same, &|| None);
    assert_eq!(outcome(&found.unwrap()), "open");
}

#[test]
fn what_is_ambiguous_in_the_request_comes_before_what_is_ambiguous_in_its_path() {
    let rules = RuleSet::new(vec![demanding(
        methods(hosts(prefix("/x"), &["a.example"]), &["PUT"]),
        "a",
    )]);
    let found = decide_parts(&rules, ["GET ", "a.example.", "/x;y"], &[], &|| None);
    assert!(matches!(found, Err(Ambiguous::Request(_))));
    let found = decide_parts(&rules, ["GET", "a.example", "/x;y"], &[], &|| None);
    assert_eq!(found.unwrap_err(), Ambiguous::Path(PathAmbiguous::Semicolon));
}

#[test]
fn a_connect_without_a_path_is_ambiguous_where_rules_look_at_paths() {
    let connect = |rules: &RuleSet| {
        let parts = ["CONNECT", "db.example.com:5432", ""];
        decide_parts(rules, parts, &[], &|| None).map(|decision| decision.rule)
    };
    let by_path = RuleSet::new(vec![rule(prefix("/"), Auth::None)]);
    assert_eq!(connect(&by_path), Err(Ambiguous::Path(PathAmbiguous::NotRooted)));
    let by_method = RuleSet::new(vec![rule(methods(anything(), &["CONNECT"]), Auth::None)]);
    assert_eq!(connect(&by_method), Ok(Some(0)));
}

#[test]
fn an_ambiguous_path_passes_only_where_no_rule_looks_at_paths() {
    let request = "GET /x%2fy";
    let without = RuleSet::new(vec![rule(methods(anything(), &["GET"]), Auth::None)]);
    assert_eq!(decide(&without, request, "main").unwrap().rule, Some(0));
    // Another rule would decide, but one that looks at paths is there.
    let with = RuleSet::new(vec![
        rule(methods(anything(), &["GET"]), Auth::None),
        rule(prefix("/never"), Auth::None),
    ]);
    let why = Ambiguous::Path(PathAmbiguous::EncodedSlash);
    assert_eq!(decide(&with, request, "main").unwrap_err(), why);
}

#[test]
fn the_route_is_asked_for_at_most_once_and_only_if_a_rule_needs_it() {
    let asked = Cell::new(0_u32);
    let decide = |rules: &RuleSet, path: &str, name: Option<&str>| {
        asked.set(0);
        let route = || {
            asked.set(asked.get().saturating_add(1));
            name.map(|name| name.as_bytes().to_vec())
        };
        let decision = decide_parts(rules, ["GET", "h", path], &[], &route);
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
    let decision = decide(&rules, "GET /USERS/Ann/x", "main").unwrap();
    assert_eq!(decision.demands[0].captures.value("sub"), Some("Ann"));
    let decision = decide(&rules, "GET /teams/red", "main").unwrap();
    assert!(decision.demands.is_empty());
}

#[test]
fn a_rule_that_can_never_match_is_reported_with_the_one_before_it() {
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
            rule(later, Auth::None),
        ];
        let expected: &[(usize, usize)] = if shadowed { &[(0, 2)] } else { &[] };
        assert_eq!(shadows_of_the_last(&rules), expected, "{rules:?}");
    }
}

fn shadows_of_the_last(rules: &[Rule]) -> Vec<(usize, usize)> {
    let last = rules.len().saturating_sub(1);
    let found = shadowed_rules(rules).into_iter();
    found.filter(|(_, later)| *later == last).collect()
}

#[test]
fn a_host_without_a_port_shadows_one_with_a_port_only_where_it_demands() {
    for (earlier, auth, later, shadowed) in [
        ("a.example", Auth::Required, "a.example:8443", true),
        ("a.example", Auth::None, "a.example:8443", false),
        ("a.example", Auth::None, "a.example", true),
        ("a.example:8443", Auth::Required, "a.example", false),
        ("*.example:8443", Auth::Optional, "a.example:8443", true),
    ] {
        let rules = [
            rule(hosts(anything(), &[earlier]), auth),
            rule(hosts(anything(), &[later]), Auth::None),
        ];
        assert_eq!(
            !shadows_of_the_last(&rules).is_empty(),
            shadowed,
            "{earlier} {auth:?} {later}"
        );
    }
}
