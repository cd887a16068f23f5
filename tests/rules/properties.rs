//! Properties of rules over random paths: the index finds what a plain walk finds, and whatever a server takes a
//! path for, it never gets by an open rule what a closed one guards.
#![allow(clippy::unwrap_used, clippy::panic)]

use envoy_cognito_jwt::rules::access::Requirement;
use envoy_cognito_jwt::rules::path::normalize;
use envoy_cognito_jwt::rules::{Auth, Matcher, PathPattern, Rule, RuleInput, RuleSet, shadowed_rules};
use proptest::prelude::*;

fn method() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec!["GET", "POST", "get"])
}

fn segment() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec!["a", "b", "admin", "public", "~"])
}

fn pattern() -> impl Strategy<Value = PathPattern> {
    let plain = || proptest::collection::vec(segment(), 0..4).prop_map(|segments| format!("/{}", segments.join("/")));
    let wild = prop_oneof![3 => segment(), 1 => Just("*")];
    let template = (proptest::collection::vec(wild, 0..4), any::<bool>()).prop_map(|(mut segments, rest)| {
        segments.extend(rest.then_some("**"));
        format!("/{}", segments.join("/"))
    });
    prop_oneof![
        plain().prop_map(|text| PathPattern::exact(&text).unwrap()),
        plain().prop_map(|text| PathPattern::prefix(&text).unwrap()),
        template.prop_map(|text| PathPattern::template(&text).unwrap()),
    ]
}

fn rules() -> impl Strategy<Value = Vec<Rule>> {
    let methods = proptest::option::weighted(0.3, method());
    let path = proptest::option::weighted(0.9, pattern());
    let auth = proptest::sample::select(vec![Auth::Required, Auth::Optional, Auth::None]);
    let rule = (path, methods, auth).prop_map(|(path, methods, auth)| Rule {
        matcher: Matcher {
            path,
            methods: methods.into_iter().map(str::to_owned).collect(),
            ..Matcher::default()
        },
        auth,
        require: Requirement::default(),
    });
    proptest::collection::vec(rule, 0..8)
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

fn decide(rules: &RuleSet, method: &str, path: &str) -> Option<(Option<usize>, Auth)> {
    let input = RuleInput {
        method: method.as_bytes(),
        authority: b"h",
        path: path.as_bytes(),
        route: &|| None,
    };
    rules.decide(&input).ok().map(|decision| (decision.rule, decision.auth))
}

fn walk(rules: &[Rule], method: &str, path: &str) -> Option<usize> {
    let path = normalize(path.as_bytes()).ok()?;
    rules.iter().position(|rule| {
        let Matcher {
            path: pattern, methods, ..
        } = &rule.matcher;
        pattern.as_ref().is_none_or(|pattern| pattern.matches(&path))
            && (methods.is_empty() || methods.iter().any(|known| known == method))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, ..ProptestConfig::default() })]

    #[test]
    fn the_index_finds_what_a_walk_through_the_rules_finds(rules in rules(), method in method(), path in raw_path()) {
        let set = RuleSet::new(rules.clone());
        if let Some((found, _)) = decide(&set, method, &path)
            && set.uses_path()
        {
            prop_assert_eq!(found, walk(&rules, method, &path));
        }
    }

    #[test]
    fn a_spelling_passes_with_what_its_normalized_path_needs_or_not_at_all(rules in rules(), method in method(), path in raw_path()) {
        let set = RuleSet::new(rules);
        let raw = decide(&set, method, &path);
        match normalize(path.as_bytes()) {
            Ok(normal) => prop_assert_eq!(raw, decide(&set, method, normal.as_str())),
            Err(_) => prop_assert!(raw.is_none() || !set.uses_path()),
        }
    }

    #[test]
    fn what_passes_an_open_rule_is_open_however_a_server_reads_it(rules in rules(), method in method(), path in raw_path()) {
        let set = RuleSet::new(rules);
        if let Some((Some(decided), Auth::None)) = decide(&set, method, &path)
            && set.uses_path()
        {
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
    fn a_rule_told_as_shadowed_never_decides(rules in rules(), method in method(), path in raw_path()) {
        let shadowed = shadowed_rules(&rules);
        let set = RuleSet::new(rules);
        if let Some((Some(decided), _)) = decide(&set, method, &path) {
            prop_assert!(shadowed.iter().all(|(earlier, later)| earlier < later && *later != decided));
        }
    }
}
