//! Properties of rules over random requests: the index finds what a plain walk finds, whatever a server takes a path for, it never
//! gets by an open rule what a closed one guards, and no respelling of a request gets past a rule that demands.
#![allow(clippy::unwrap_used, clippy::panic)]

use envoy_cognito_jwt::request::RequestHead;
use envoy_cognito_jwt::rules::access::Requirement;
use envoy_cognito_jwt::rules::path::normalize;
use envoy_cognito_jwt::rules::{Auth, HostPattern, MatchedRule, Matcher, PathPattern, Rule, RuleSet, shadowed_rules};
use proptest::prelude::*;

/// A rule as it is written.
#[derive(Clone, Debug)]
struct Written {
    /// `exact`, `prefix` or `template`, and its text.
    path: Option<(&'static str, String)>,
    case_sensitive: bool,
    method: Option<&'static str>,
    host: Option<&'static str>,
    auth: Auth,
}

impl Written {
    fn rule(&self) -> Rule {
        let path = self.path.as_ref().map(|(kind, text)| match *kind {
            "exact" => PathPattern::exact(text).unwrap(),
            "prefix" => PathPattern::prefix(text).unwrap(),
            _ => PathPattern::template(text).unwrap(),
        });
        Rule {
            matcher: Matcher {
                path,
                case_sensitive: self.case_sensitive,
                methods: self.method.into_iter().map(str::to_owned).collect(),
                hosts: self
                    .host
                    .into_iter()
                    .map(|host| HostPattern::parse(host).unwrap())
                    .collect(),
                route: None,
            },
            auth: self.auth,
            require: Requirement::default(),
        }
    }

    /// `Some(true)`: it matches and ends the walk; `Some(false)`: it matches loosely. Written from the contract, without a look
    /// at how the filter does it.
    fn matches(&self, request: &Request) -> Option<bool> {
        let normalized = normalize(request.path.as_bytes()).ok()?;
        let path = normalized.as_str();
        let is_merged = request.path.split(['?', '#']).next().unwrap().contains("//");
        let demands = self.auth == Auth::Required;
        let exact_path = self.path_fits(path, false);
        let exact_method = self.method.is_none_or(|method| method == request.method);
        let (authority, port) = match request.authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (request.authority.as_str(), None),
        };
        let (host, wanted_port) = match self.host.map(|host| host.split_once(':').unwrap_or((host, ""))) {
            None => (None, port),
            Some((host, "")) if demands => (Some(host), port),
            Some((host, "")) => (Some(host), None),
            Some((host, port)) => (Some(host), Some(port)),
        };
        let authority = authority.to_ascii_lowercase();
        let is_host = host.is_none_or(|host| match host.strip_prefix('*') {
            Some(suffix) => authority.len() > suffix.len() && authority.ends_with(suffix),
            None => host == authority,
        });
        if !is_host || wanted_port != port {
            return None;
        }
        if exact_path && exact_method {
            return (demands || !is_merged).then_some(true);
        }
        let loose_path = exact_path || (!self.case_sensitive && self.path_fits(path, true));
        let method = request.method.to_ascii_uppercase();
        let loose_method = self
            .method
            .is_none_or(|wanted| wanted == method || (wanted == "GET" && method == "HEAD"));
        (demands && loose_path && loose_method).then_some(false)
    }

    fn path_fits(&self, path: &str, ignores_case: bool) -> bool {
        let Some((kind, text)) = &self.path else {
            return true;
        };
        let split = |text: &str| -> Vec<String> {
            let segments = text.split('/').filter(|segment| !segment.is_empty());
            segments
                .map(|segment| {
                    if ignores_case {
                        segment.to_ascii_lowercase()
                    } else {
                        segment.to_owned()
                    }
                })
                .collect()
        };
        let (mut wanted, found) = (split(&text.replace("%3A", ":")), split(path));
        let takes_more = match *kind {
            "prefix" => true,
            _ => wanted.pop_if(|last| last == "**").is_some(),
        };
        (found.len() == wanted.len() || (takes_more && found.len() > wanted.len()))
            && wanted
                .iter()
                .zip(&found)
                .all(|(wanted, found)| wanted == "*" || wanted == found)
    }
}

#[derive(Clone, Debug)]
struct Request {
    method: String,
    authority: String,
    path: String,
}

fn method() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec!["GET", "HEAD", "POST"])
}

fn segment() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec!["a", "A", "b", "admin", "Admin", "public", "~", ":x@"])
}

fn pattern() -> impl Strategy<Value = (&'static str, String)> {
    let plain = || {
        let segment = segment().prop_map(|segment| segment.replace(':', "%3A"));
        proptest::collection::vec(segment, 0..4).prop_map(|segments| format!("/{}", segments.join("/")))
    };
    let wild = prop_oneof![3 => proptest::sample::select(vec!["a", "A", "b", "admin", "Admin"]), 1 => Just("*")];
    let template = (proptest::collection::vec(wild, 0..4), any::<bool>()).prop_map(|(mut segments, rest)| {
        segments.extend(rest.then_some("**"));
        format!("/{}", segments.join("/"))
    });
    prop_oneof![
        plain().prop_map(|text| ("exact", text)),
        plain().prop_map(|text| ("prefix", text)),
        template.prop_map(|text| ("template", text)),
    ]
}

fn rules() -> impl Strategy<Value = Vec<Written>> {
    let host = proptest::sample::select(vec!["a.example", "a.example:8443", "*.example", "*.example:8443"]);
    let rule = (
        proptest::option::weighted(0.9, pattern()),
        proptest::bool::weighted(0.1),
        proptest::option::weighted(0.3, method()),
        proptest::option::weighted(0.2, host),
        proptest::sample::select(vec![Auth::Required, Auth::Optional, Auth::None]),
    )
        .prop_map(|(path, case_sensitive, method, host, auth)| Written {
            path,
            case_sensitive,
            method,
            host,
            auth,
        });
    proptest::collection::vec(rule, 0..8)
}

/// A request of which there is nothing odd.
fn plain_request() -> impl Strategy<Value = Request> {
    let authority = proptest::sample::select(vec!["a.example", "a.example:8443", "x.b.example", "other.test"]);
    let path = proptest::collection::vec(segment(), 0..4);
    (method(), authority, path).prop_map(|(method, authority, path)| Request {
        method: method.to_owned(),
        authority: authority.to_owned(),
        path: format!("/{}", path.join("/")),
    })
}

/// The same request with another spelling of its path, host and method, as random bits say. A port is added where there is none.
fn respelled(request: &Request, bits: &[u8]) -> Request {
    let mut bits = bits.iter().copied().cycle();
    let mut next = move |sides: u8| bits.next().unwrap_or_default().checked_rem(sides).unwrap_or_default();
    let other_case = |text: &str, next: &mut dyn FnMut(u8) -> u8| -> String {
        let chars = text.chars();
        chars
            .map(|found| match next(3) {
                0 => found.to_ascii_uppercase(),
                1 => found.to_ascii_lowercase(),
                _ => found,
            })
            .collect()
    };
    let mut path = String::new();
    for (nth, found) in other_case(&request.path, &mut next).chars().enumerate() {
        match (found, next(4)) {
            ('/', 0) if nth > 0 => path.push_str("//"),
            ('/', _) => path.push('/'),
            (_, 0) => path.push_str(&format!("%{:02X}", u32::from(found))),
            (_, 1) => path.push_str(&format!("%{:02x}", u32::from(found))),
            _ => path.push(found),
        }
    }
    path.push_str(["", "", "/", "//", "?x", "#"].get(usize::from(next(6))).unwrap());
    // The root with a slash more would be `//`, which is ambiguous.
    let path = if path.starts_with("//") { "/".to_owned() } else { path };
    let method = match request.method.as_str() {
        "GET" if next(4) == 0 => "HEAD",
        method => method,
    };
    let mut authority = other_case(&request.authority, &mut next);
    if !authority.contains(':') {
        authority.push_str([":1", ":443", ":8443", "", ""].get(usize::from(next(5))).unwrap());
    }
    Request {
        method: other_case(method, &mut next),
        authority,
        path,
    }
}

/// Paths made of the pieces that attacks are made of.
fn raw_path() -> impl Strategy<Value = String> {
    let piece = proptest::sample::select(vec![
        "/", "/", "/", "/", "//", "a", "b", "admin", "public", "~", ".", "..", "/..", "/../", "/./", "%2e", "%2E%2e",
        "%61", "%61dmin", "%7e", "%2f", "%5c", "\\", ";", ";x", "%3b", "%25", "%252f", "%252e", "%00", "%", "%4",
        "%c3%a9", "%c0%af", "?", "#", "*", "%40",
    ]);
    proptest::collection::vec(piece, 0..10).prop_map(|pieces| format!("/{}", pieces.concat()))
}

/// How a server reads a path, where servers differ.
#[derive(Clone, Copy, Debug)]
struct Server {
    encoded_slash_is_slash: bool,
    backslash_is_slash: bool,
    semicolon_begins_parameters: bool,
    nul_ends_path: bool,
    merges_slashes_first: bool,
}

impl Server {
    fn all() -> impl Iterator<Item = Server> {
        (0_u8..32).map(|bits| Server {
            encoded_slash_is_slash: bits & 1 != 0,
            backslash_is_slash: bits & 2 != 0,
            semicolon_begins_parameters: bits & 4 != 0,
            nul_ends_path: bits & 8 != 0,
            merges_slashes_first: bits & 16 != 0,
        })
    }

    /// The segments that it serves: written without a look at how the filter normalizes.
    fn reads(self, raw: &str) -> Vec<String> {
        let path = raw.split(['?', '#']).next().unwrap();
        // Decoded as WHATWG's URL standard does: what is no escape stays. A slash that is decoded but is no separator
        // to this server is kept apart by a byte that no test path holds.
        let mut text = String::new();
        let mut rest = path;
        while let Some(first) = rest.chars().next() {
            let byte = rest
                .strip_prefix('%')
                .and_then(|rest| rest.get(..2))
                .and_then(|hex| u8::from_str_radix(hex, 16).ok());
            let (decoded, width) = match byte {
                Some(b'/') if !self.encoded_slash_is_slash => ('\u{1}', 3),
                Some(byte) => (char::from(byte), 3),
                None => (first, first.len_utf8()),
            };
            text.push(if decoded == '\\' && self.backslash_is_slash {
                '/'
            } else {
                decoded
            });
            rest = rest.split_at(width).1;
        }
        if self.nul_ends_path {
            text = text.split('\0').next().unwrap().to_owned();
        }
        let mut kept: Vec<String> = Vec::new();
        for segment in text.split('/').skip(1) {
            let name = match segment.split_once(';') {
                Some((name, _)) if self.semicolon_begins_parameters => name,
                _ => segment,
            };
            match name {
                "." => {}
                ".." => {
                    kept.pop();
                }
                "" if self.merges_slashes_first => {}
                _ => kept.push(name.to_owned()),
            }
        }
        kept.retain(|segment| !segment.is_empty());
        kept
    }
}

fn decide_request(rules: &RuleSet, request: &Request) -> Option<MatchedRule> {
    let head = RequestHead::new(vec![
        (b":method", request.method.as_bytes()),
        (b":authority", request.authority.as_bytes()),
        (b":path", request.path.as_bytes()),
    ]);
    let interpreted = rules.interpret(&head).ok()?;
    Some(rules.matched(&interpreted, &|| None))
}

/// The place of the rule that ended the walk, and what is needed.
fn decide(rules: &RuleSet, method: &str, path: &str) -> Option<(Option<usize>, Auth)> {
    let request = Request {
        method: method.to_owned(),
        authority: "a.example".to_owned(),
        path: path.to_owned(),
    };
    decide_request(rules, &request).map(|decision| (decision.rule, decision.auth))
}

fn compile(rules: &[Written]) -> RuleSet {
    RuleSet::new(rules.iter().map(Written::rule).collect())
}

/// Without a rule on paths, paths are not looked at.
fn with_a_rule_on_paths(mut rules: Vec<Written>) -> Vec<Written> {
    rules.push(Written {
        path: Some(("exact", "/never/never".to_owned())),
        case_sensitive: true,
        method: None,
        host: None,
        auth: Auth::Required,
    });
    rules
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, ..ProptestConfig::default() })]

    #[test]
    fn the_index_finds_what_a_walk_through_the_rules_finds(
        rules in rules().prop_map(with_a_rule_on_paths),
        request in plain_request(),
        bits in any::<[u8; 32]>(),
        path in proptest::option::of(raw_path()),
    ) {
        let mut request = respelled(&request, &bits);
        request.path = path.unwrap_or(request.path);
        let (mut collected, mut end) = (Vec::new(), None);
        for (place, rule) in rules.iter().enumerate() {
            match rule.matches(&request) {
                None => {}
                Some(false) => collected.push(place),
                Some(true) => {
                    end = Some(place);
                    break;
                }
            }
        }
        let auth = match end {
            Some(end) if collected.is_empty() => rules.get(end).unwrap().auth,
            _ => Auth::Required,
        };
        if let Some(decision) = decide_request(&compile(&rules), &request) {
            prop_assert_eq!((decision.collected, decision.rule, decision.auth), (collected, end, auth));
        }
    }

    #[test]
    fn no_respelling_of_a_request_gets_past_a_rule_that_demands(
        rules in rules(),
        request in plain_request(),
        bits in any::<[u8; 32]>(),
    ) {
        let set = compile(&rules);
        let plain = decide_request(&set, &request).unwrap();
        let respelled = respelled(&request, &bits);
        let decision = decide_request(&set, &respelled).unwrap();
        let matched = plain.collected.iter().copied().chain(plain.rule);
        for place in matched {
            let rule = rules.get(place).unwrap();
            // A rule may state that another case is another path, or name the port.
            let is_for_one_spelling = rule.case_sensitive || rule.host.is_some_and(|host| host.contains(':'));
            if rule.auth == Auth::Required && !is_for_one_spelling && decision.rule.is_none_or(|end| end > place) {
                prop_assert!(
                    decision.collected.contains(&place) && decision.auth == Auth::Required,
                    "{:?} gets past rule {}: {:?}", respelled, place, decision
                );
            }
        }
    }

    #[test]
    fn a_spelling_passes_with_what_its_normalized_path_needs_or_not_at_all(
        rules in rules().prop_map(with_a_rule_on_paths),
        method in method(),
        path in raw_path(),
    ) {
        let set = compile(&rules);
        let raw = decide(&set, method, &path);
        match normalize(path.as_bytes()) {
            // No rule opens a path in which slashes were merged.
            Ok(_) if path.contains("//") => prop_assert!(raw.unwrap().1 == Auth::Required || path.contains(['?', '#'])),
            Ok(normal) => prop_assert_eq!(raw, decide(&set, method, normal.as_str())),
            Err(_) => prop_assert!(raw.is_none()),
        }
    }

    #[test]
    fn what_passes_an_open_rule_is_open_however_a_server_reads_it(
        rules in rules().prop_map(with_a_rule_on_paths),
        method in method(),
        path in raw_path(),
    ) {
        let set = compile(&rules);
        if let Some((Some(decided), Auth::None)) = decide(&set, method, &path) {
            for server in Server::all() {
                let reading = format!("/{}", server.reads(&path).join("/"));
                // What a server reads may hold bytes that a path must encode.
                let encoded: String = reading.chars().map(|c| match c {
                    c if c.is_ascii_alphanumeric() || "-._~/*".contains(c) => c.to_string(),
                    c => format!("%{:02X}", u32::from(c)),
                }).collect();
                prop_assert_eq!(
                    decide(&set, method, &encoded),
                    Some((Some(decided), Auth::None)),
                    "{:?} reads {} as {}", server, path, reading
                );
            }
        }
    }

    #[test]
    fn a_rule_reported_as_shadowed_never_decides(rules in rules(), request in plain_request()) {
        let shadowed = shadowed_rules(&rules.iter().map(Written::rule).collect::<Vec<_>>());
        // A host without a port stands for all ports in a rule that demands: those it is not written for.
        let names_its_port = |place: usize| rules.get(place).unwrap().host.is_none() || !request.authority.contains(':');
        if let Some(MatchedRule { rule: Some(decided), .. }) = decide_request(&compile(&rules), &request) {
            for (earlier, later) in shadowed {
                prop_assert!(earlier < later && (later != decided || !names_its_port(decided)));
            }
        }
    }
}
