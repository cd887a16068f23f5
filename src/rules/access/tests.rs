//! One table for each demand.

use super::*;
use crate::keys::rsa::PublicKey;
use crate::rules::PathPattern;
use crate::rules::path::normalize;
use crate::signature::{Verification, Verifier, VerifySignature};
use crate::token::TokenUse;
use crate::token::check::{AcceptedUse, ClaimPolicy, Clients};
use crate::token::claim_ref::ClaimRef;
use crate::token::jwt::UntrustedJwt;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

const NOW: u64 = 1_700_000_000;
const SKEW: Duration = Duration::from_secs(60);

/// Signatures are not what is tested here.
struct AnySignature;

impl VerifySignature for AnySignature {
    fn verify_rs256(&self, _: &PublicKey, _: &[u8], _: &[u8]) -> Verification {
        Verification {
            by: Verifier::Module,
            outcome: Ok(()),
        }
    }
}

/// Returns the identity of an access token of the client `web`, with further members.
fn access(members: &str) -> Rc<Identity> {
    identity(&format!(r#""token_use":"access","client_id":"web"{members}"#))
}

/// Returns the identity of an ID token for `web` and `app`.
fn id() -> Rc<Identity> {
    identity(r#""token_use":"id","aud":["web","app"]"#)
}

fn identity(members: &str) -> Rc<Identity> {
    let claims = format!(r#"{{"iss":"i","sub":"alice","exp":{},{members}}}"#, NOW + 1);
    let [header, claims] = [r#"{"alg":"RS256","kid":"k"}"#, claims.as_str()].map(|part| URL_SAFE_NO_PAD.encode(part));
    let token = format!("{header}.{claims}.AAAA");
    let key = PublicKey::from_components(&[0xFF; 256], &[3]).unwrap();
    let policy = ClaimPolicy {
        clients: Clients::Any,
        token_use: AcceptedUse::Any,
        clock_skew: SKEW,
    };
    let signed = UntrustedJwt::parse(token.as_bytes())
        .unwrap()
        .verify(&key, &AnySignature)
        .outcome
        .unwrap();
    Rc::new(signed.check(&policy, UnixTime::from_secs(NOW)).unwrap())
}

fn name(name: &str) -> ClaimRef {
    ClaimRef::parse(name).unwrap()
}

fn list(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn words(any: &[&str], all: &[&str]) -> AnyAll {
    AnyAll {
        any: list(any),
        all: list(all),
    }
}

fn outcome(alternative: &Alternative, identity: &Rc<Identity>) -> Result<(), Forbidden> {
    of(&alternative.clone().into(), identity)
}

fn of(requirement: &Requirement, identity: &Rc<Identity>) -> Result<(), Forbidden> {
    let now = UnixTime::from_secs(NOW);
    let permit = requirement.authorize(identity, &Captures::default(), now, SKEW)?;
    assert!(Rc::ptr_eq(permit.holder(), identity));
    Ok(())
}

fn refused(unmet: Unmet) -> Result<(), Forbidden> {
    Err(Forbidden::NotPermitted {
        unmet: vec![unmet],
        scopes: Vec::new(),
    })
}

#[test]
fn nothing_demanded_is_held_by_anyone() {
    assert_eq!(of(&Requirement::default(), &access("")), Ok(()));
}

#[test]
fn one_of_any_and_each_of_all() {
    let some = r#","cognito:groups":["a","b"],"scope":"a b""#;
    for (members, any, all, holds) in [
        (some, &["a", "x"][..], &[][..], true),
        (some, &["x", "y"], &[], false),
        (some, &[], &["a", "b"], true),
        (some, &[], &["a", "x"], false),
        (some, &["b"], &["a"], true),
        (some, &["x"], &["a"], false),
        (some, &["b"], &["x"], false),
        (some, &["A"], &[], false),
        (some, &["a b"], &[], false),
        (r#","cognito:groups":[],"scope":"""#, &["a"], &[], false),
        (r#","cognito:groups":[""],"scope":" ""#, &["a"], &[], false),
        ("", &["a"], &[], false),
        ("", &[], &["a"], false),
    ] {
        let identity = access(members);
        let groups = Alternative {
            groups: words(any, all),
            ..Alternative::default()
        };
        assert_eq!(
            outcome(&groups, &identity).is_ok(),
            holds,
            "groups {members} {any:?} {all:?}"
        );
        let scopes = Alternative {
            scopes: words(any, all),
            ..Alternative::default()
        };
        assert_eq!(
            outcome(&scopes, &identity).is_ok(),
            holds,
            "scopes {members} {any:?} {all:?}"
        );
    }
}

#[test]
fn a_refusal_names_all_scopes_that_are_demanded() {
    let demanded = Alternative {
        groups: words(&["admins"], &[]),
        scopes: words(&["r", "w"], &["r"]),
        ..Alternative::default()
    };
    for (members, unmet) in [
        (r#","scope":"r w""#, Unmet::Groups),
        (r#","cognito:groups":["admins"],"scope":"w""#, Unmet::Scopes),
    ] {
        let scopes = list(&["r", "w"]);
        assert_eq!(
            outcome(&demanded, &access(members)),
            Err(Forbidden::NotPermitted {
                unmet: vec![unmet],
                scopes
            })
        );
    }
    assert_eq!(
        outcome(&demanded, &access(r#","cognito:groups":["admins"],"scope":"w r""#)),
        Ok(())
    );
}

#[test]
fn the_kind_of_token_and_its_client() {
    for (wanted, identity, holds) in [
        (TokenUse::Id, id(), true),
        (TokenUse::Access, id(), false),
        (TokenUse::Access, access(""), true),
        (TokenUse::Id, access(""), false),
    ] {
        let requirement = Alternative {
            token_use: Some(wanted),
            ..Alternative::default()
        };
        let expected = if holds { Ok(()) } else { refused(Unmet::TokenUse) };
        assert_eq!(outcome(&requirement, &identity), expected, "{wanted:?}");
    }
    for (wanted, identity, holds) in [
        (&["web"][..], access(""), true),
        (&["x", "web"], access(""), true),
        (&["x"], access(""), false),
        (&["WEB"], access(""), false),
        (&["app"], access(r#","aud":"app""#), false),
        (&["web"], id(), true),
        (&["app"], id(), true),
        (&["x"], id(), false),
    ] {
        let requirement = Alternative {
            client_ids: list(wanted),
            ..Alternative::default()
        };
        let expected = if holds { Ok(()) } else { refused(Unmet::ClientIds) };
        assert_eq!(outcome(&requirement, &identity), expected, "{wanted:?}");
    }
}

#[test]
fn a_claim_equals_one_value_or_is_a_list_that_contains_one() {
    let text = |text: &str| ClaimValue::Text(text.to_owned());
    for (json, value, holds) in [
        (r#""gold""#, text("gold"), true),
        (r#""g\u006fld""#, text("gold"), true),
        (r#""Gold""#, text("gold"), false),
        (r#"["silver","gold"]"#, text("gold"), true),
        (r#"["silver"]"#, text("gold"), false),
        (r#"[["gold"]]"#, text("gold"), false),
        (r#"{"gold":"gold"}"#, text("gold"), false),
        ("[]", text("gold"), false),
        ("null", text("null"), false),
        ("true", ClaimValue::Bool(true), true),
        ("true", text("true"), false),
        (r#""true""#, ClaimValue::Bool(true), false),
        ("false", ClaimValue::Bool(true), false),
        ("42", ClaimValue::Number(42.0), true),
        ("4.2e1", ClaimValue::Number(42.0), true),
        ("43", ClaimValue::Number(42.0), false),
        (r#""42""#, ClaimValue::Number(42.0), false),
        ("42", text("42"), false),
        ("[1,42]", ClaimValue::Number(42.0), true),
        ("0", ClaimValue::Bool(false), false),
        ("9007199254740991", ClaimValue::Number(9_007_199_254_740_991.0), true),
        // As doubles these are one number, as JSON they are two.
        ("9007199254740993", ClaimValue::Number(9_007_199_254_740_992.0), false),
    ] {
        let requirement = Alternative {
            claims: vec![(
                name("custom:tier"),
                ClaimMatcher::OneOf(vec![text("platinum"), value.clone()]),
            )],
            ..Alternative::default()
        };
        let identity = access(&format!(r#","custom:tier":{json}"#));
        let expected = if holds { Ok(()) } else { refused(Unmet::Claims) };
        assert_eq!(outcome(&requirement, &identity), expected, "{json} {value:?}");
        assert_eq!(outcome(&requirement, &access("")), refused(Unmet::Claims));
    }
}

#[test]
fn every_claim_that_is_named_must_hold() {
    let one = |claim: &str| (name(claim), ClaimMatcher::OneOf(vec![ClaimValue::Text("x".to_owned())]));
    let requirement = Alternative {
        claims: vec![one("a"), one("b")],
        ..Alternative::default()
    };
    assert_eq!(outcome(&requirement, &access(r#","a":"x","b":"x""#)), Ok(()));
    assert_eq!(
        outcome(&requirement, &access(r#","a":"x","b":"y""#)),
        refused(Unmet::Claims)
    );
    assert_eq!(outcome(&requirement, &access(r#","a":"x""#)), refused(Unmet::Claims));
}

#[test]
fn what_users_can_write_themselves_counts_only_when_cognito_has_verified_it() {
    for (name, verified, holds) in [
        ("email", r#","email_verified":true"#, true),
        ("email", r#","email_verified":"true""#, true),
        ("email", r#","email_verified":false"#, false),
        ("email", r#","email_verified":"false""#, false),
        ("email", r#","phone_number_verified":true"#, false),
        ("email", "", false),
        ("phone_number", r#","phone_number_verified":true"#, true),
        ("phone_number", r#","email_verified":true"#, false),
    ] {
        let requirement = Alternative {
            claims: vec![(
                ClaimRef::parse(name).unwrap(),
                ClaimMatcher::OneOf(vec![ClaimValue::Text("x".to_owned())]),
            )],
            ..Alternative::default()
        };
        let identity = access(&format!(r#","{name}":"x"{verified}"#));
        assert_eq!(outcome(&requirement, &identity).is_ok(), holds, "{name} {verified}");
    }
}

#[test]
fn a_segment_of_the_path_equals_the_claim() {
    for (path, json, holds) in [
        ("/t/alice", r#""alice""#, true),
        ("/t/%61lice/", r#""alice""#, true),
        ("/t/alice", r#""\u0061lice""#, true),
        ("/t/Alice", r#""alice""#, false),
        ("/t/alice", r#""alice/""#, false),
        ("/t/a%40b", r#""a@b""#, true),
        ("/t/a@b", r#""a@b""#, true),
        ("/t/a%2540b", r#""a@b""#, false),
        ("/t/a%2540b", r#""a%40b""#, true),
        ("/t/%C3%A9", r#""é""#, true),
        ("/t/42", "42", true),
        ("/t/42", "4.2e1", false),
        ("/t/42", "42.0", false),
        ("/t/true", "true", false),
        ("/t/null", "null", false),
        ("/t/x", r#"["x"]"#, true),
        ("/t/x", r#"["w","\u0078"]"#, true),
        ("/t/x", r#"["w",["x"],{"x":"x"}]"#, false),
        ("/t/4.2", "[1,4.2]", true),
        ("/t/4.2", "[1,4.20]", false),
        ("/t/true", "[true]", false),
        ("/t/null", "[null]", false),
        ("/t/x", "[]", false),
        ("/t/{}", "{}", false),
    ] {
        let requirement = Alternative {
            path_claims: vec![("tenant".to_owned(), name("custom:tenant"))],
            ..Alternative::default()
        };
        let identity = access(&format!(r#","custom:tenant":{json}"#));
        let pattern = PathPattern::template("/t/{tenant}").unwrap();
        let captures = pattern.captures(&normalize(path.as_bytes()).unwrap());
        let now = UnixTime::from_secs(NOW);
        let requirement = Requirement::from(requirement);
        let found = requirement.authorize(&identity, &captures, now, SKEW).map(|_| ());
        let expected = if holds { Ok(()) } else { refused(Unmet::PathClaims) };
        assert_eq!(found, expected, "{path} {json}");
        let absent = requirement.authorize(&access(""), &captures, now, SKEW).map(|_| ());
        assert_eq!(absent, refused(Unmet::PathClaims), "{path}");
        assert_eq!(of(&requirement, &identity), refused(Unmet::PathClaims), "no capture");
    }
}

#[test]
fn a_sign_in_is_no_older_than_max_age_and_not_from_the_future() {
    let max_age = Duration::from_secs(300);
    let requirement = Alternative {
        groups: words(&["admins"], &[]),
        max_age: Some(max_age),
        ..Alternative::default()
    };
    let admin = r#","cognito:groups":["admins"]"#;
    for (auth_time, holds) in [
        (Some("1700000000"), true),
        (Some("1699999700"), true),
        (Some("1699999699.999"), false),
        (Some("1699999699"), false),
        (Some("1699999640"), false),
        (Some("0"), false),
        (Some("-1e300"), false),
        (Some("1700000060"), true),
        (Some("1700000060.001"), false),
        (Some("1e300"), false),
        (None, false),
    ] {
        let auth_time = auth_time
            .map(|value| format!(r#","auth_time":{value}"#))
            .unwrap_or_default();
        let expected = if holds {
            Ok(())
        } else {
            Err(Forbidden::ReauthenticationRequired { max_age })
        };
        assert_eq!(
            outcome(&requirement, &access(&format!("{admin}{auth_time}"))),
            expected,
            "{auth_time}"
        );
        // Signing in again would not help.
        assert_eq!(
            outcome(&requirement, &access(&auth_time)),
            refused(Unmet::Groups),
            "{auth_time}"
        );
    }
}

/// Reports whether `claims: {name: matcher}` holds for an access token with these members.
fn claim_holds(claim: &str, matcher: &ClaimMatcher, members: &str) -> bool {
    let alternative = Alternative {
        claims: vec![(name(claim), matcher.clone())],
        ..Alternative::default()
    };
    match outcome(&alternative, &access(&format!(",{members}"))) {
        Ok(()) => true,
        Err(forbidden) => {
            assert_eq!(Err(forbidden), refused(Unmet::Claims));
            false
        }
    }
}

fn one_of(values: &[ClaimValue]) -> ClaimMatcher {
    ClaimMatcher::OneOf(values.to_vec())
}

fn none_of(values: &[ClaimValue]) -> ClaimMatcher {
    ClaimMatcher::NoneOf(values.to_vec())
}

fn text(text: &str) -> ClaimValue {
    ClaimValue::Text(text.to_owned())
}

#[test]
fn matchers_of_strings_look_at_each_string_of_a_list() {
    let [prefix, suffix, contains] = [
        ClaimMatcher::Prefix("te".to_owned()),
        ClaimMatcher::Suffix("@a.example".to_owned()),
        ClaimMatcher::Contains("dmi".to_owned()),
    ];
    let words = ClaimMatcher::Words(list(&["read", "write"]));
    for (matcher, json, holds) in [
        (&prefix, r#""tenant""#, true),
        (&prefix, r#""te""#, true),
        (&prefix, r#""\u0074e""#, true),
        (&prefix, r#""t""#, false),
        (&prefix, r#""Tenant""#, false),
        (&prefix, r#""a te""#, false),
        (&prefix, r#"["x","tenant"]"#, true),
        (&prefix, r#"["x",1,["te"],{"te":1}]"#, false),
        (&prefix, "[]", false),
        (&prefix, r#"{"te":"te"}"#, false),
        (&prefix, "1", false),
        (&prefix, "null", false),
        (&suffix, r#""b@a.example""#, true),
        (&suffix, r#""b@a.example.com""#, false),
        (&suffix, r#""b@A.example""#, false),
        (&suffix, r#"["b@a.example"]"#, true),
        (&contains, r#""admin""#, true),
        (&contains, r#""adm in""#, false),
        (&contains, r#"["x","admins"]"#, true),
        (&contains, "true", false),
        (&words, r#""read""#, true),
        (&words, r#""a read b""#, true),
        (&words, r#""a  write""#, true),
        (&words, r#""reader""#, false),
        (&words, r#""a,read""#, false),
        (&words, r#""a\tread""#, false),
        (&words, r#"["a","b write"]"#, true),
        (&words, r#""""#, false),
    ] {
        let members = format!(r#""a":{json}"#);
        assert_eq!(claim_holds("a", matcher, &members), holds, "{matcher:?} {json}");
        assert!(!claim_holds("absent", matcher, &members), "{matcher:?}");
    }
}

#[test]
fn present_and_not() {
    let [present, absent] = [true, false].map(ClaimMatcher::Present);
    let not = none_of(&[text("x"), ClaimValue::Number(1.0), ClaimValue::Bool(true)]);
    for (json, is_present, is_other) in [
        (r#""y""#, true, true),
        (r#""x""#, true, false),
        ("1", true, false),
        ("1.0", true, false),
        ("2", true, true),
        ("0", true, true),
        ("true", true, false),
        ("false", true, true),
        (r#"["y"]"#, true, true),
        (r#"["y","x"]"#, true, false),
        ("[null]", true, true),
        ("{}", true, true),
        ("null", false, false),
        (r#""""#, false, false),
        ("[]", false, false),
    ] {
        let members = format!(r#""a":{json}"#);
        assert_eq!(claim_holds("a", &present, &members), is_present, "{json}");
        assert_eq!(claim_holds("a", &absent, &members), !is_present, "{json}");
        assert_eq!(claim_holds("a", &not, &members), is_other, "{json}");
    }
    assert!(!claim_holds("a", &present, r#""b":1"#));
    assert!(claim_holds("a", &absent, r#""b":1"#));
    assert!(!claim_holds("a", &not, r#""b":1"#));
}

#[test]
fn pointers_lead_into_claims() {
    let x = one_of(&[text("x")]);
    let absent = ClaimMatcher::Present(false);
    for (pointer, members, found) in [
        ("/a", r#""a":"x""#, true),
        ("/a/b", r#""a":{"b":"x"}"#, true),
        ("/a/0/b~1c", r#""a":[{"b/c":"x"}]"#, true),
        ("/a/b", r#""a":{"b":["w","x"]}"#, true),
        ("/a/b", r#""a":{"c":"x"}"#, false),
        ("/a/b", r#""a":"x""#, false),
        ("/a/1", r#""a":["x"]"#, false),
        // Parsers choose differently.
        ("/a/b", r#""a":{"b":"x","b":"x"}"#, false),
        ("/a/b", r#""a":{"b":"x","\u0062":"x"}"#, false),
        ("/a/b/c", r#""a":{"b":{"c":"x"},"b":{"c":"x"}}"#, false),
        ("/a/c", r#""a":{"b":1,"b":2,"c":"x"}"#, true),
    ] {
        assert_eq!(claim_holds(pointer, &x, members), found, "{pointer} {members}");
        assert_eq!(claim_holds(pointer, &absent, members), !found, "{pointer} {members}");
    }
    assert!(!claim_holds("a/b", &x, r#""a":{"b":"x"}"#));
    assert!(claim_holds("a/b", &x, r#""a/b":"x""#));
}

#[test]
fn an_unverified_attribute_fails_every_matcher() {
    let matchers = [
        one_of(&[text("a@b.c")]),
        none_of(&[text("x")]),
        ClaimMatcher::Prefix("a".to_owned()),
        ClaimMatcher::Suffix("c".to_owned()),
        ClaimMatcher::Contains("@".to_owned()),
        ClaimMatcher::Words(list(&["a@b.c"])),
        ClaimMatcher::Present(true),
    ];
    let absent = ClaimMatcher::Present(false);
    for (attribute, flag) in [("email", "email_verified"), ("phone_number", "phone_number_verified")] {
        for claim in [attribute.to_owned(), format!("/{attribute}")] {
            for verified in [
                r#","VERIFIED":false"#,
                r#","VERIFIED":"false""#,
                r#","VERIFIED":null"#,
                "",
            ] {
                let members = format!(r#""{attribute}":"a@b.c"{}"#, verified.replace("VERIFIED", flag));
                for matcher in matchers.iter().chain([&absent]) {
                    assert!(!claim_holds(&claim, matcher, &members), "{claim} {matcher:?} {members}");
                }
            }
            let members = format!(r#""{attribute}":"a@b.c","{flag}":true"#);
            for matcher in &matchers {
                assert!(claim_holds(&claim, matcher, &members), "{claim} {matcher:?} {members}");
            }
            assert!(!claim_holds(&claim, &absent, &members));
            assert!(claim_holds(&claim, &absent, r#""name":"x""#), "{claim}");
        }
    }
}

#[test]
fn a_flag_is_one_value_as_a_boolean_and_as_a_string() {
    let [yes, no] = [true, false].map(ClaimValue::Bool);
    for (value, json, holds) in [
        (&yes, "true", true),
        (&yes, r#""true""#, true),
        (&yes, r#""True""#, false),
        (&yes, "1", false),
        (&yes, "false", false),
        (&no, "false", true),
        (&no, r#""false""#, true),
        (&no, r#""""#, false),
        (&no, "null", false),
        (&text("true"), "true", true),
        (&text("true"), r#""true""#, true),
        (&text("false"), "true", false),
    ] {
        for claim in ["email_verified", "/email_verified", "phone_number_verified"] {
            let members = format!("\"{}\":{json}", claim.trim_start_matches('/'));
            let matcher = one_of(std::slice::from_ref(value));
            assert_eq!(
                claim_holds(claim, &matcher, &members),
                holds,
                "{claim} {value:?} {json}"
            );
        }
    }
    assert!(!claim_holds(
        "email_verified",
        &none_of(&[no]),
        r#""email_verified":"false""#
    ));
    assert!(!claim_holds("other", &one_of(&[yes]), r#""other":"true""#));
}

#[test]
fn one_alternative_must_hold() {
    let groups = |groups: &[&str], max_age| Alternative {
        groups: words(groups, &[]),
        max_age,
        ..Alternative::default()
    };
    let scopes = |scopes: &[&str]| Alternative {
        scopes: words(scopes, &[]),
        ..Alternative::default()
    };
    let age = |seconds| Some(Duration::from_secs(seconds));
    let old = |seconds| {
        Err(Forbidden::ReauthenticationRequired {
            max_age: Duration::from_secs(seconds),
        })
    };
    let unmet = |unmet: &[Unmet], scopes: &[&str]| {
        Err(Forbidden::NotPermitted {
            unmet: unmet.to_vec(),
            scopes: list(scopes),
        })
    };
    let in_a = r#","cognito:groups":["a"],"auth_time":1699999000"#;
    for (alternatives, members, expected) in [
        (vec![groups(&["a"], None), scopes(&["s"])], in_a, Ok(())),
        (vec![scopes(&["s"]), groups(&["a"], None)], in_a, Ok(())),
        (
            vec![scopes(&["s"]), groups(&["b"], None)],
            in_a,
            unmet(&[Unmet::Scopes, Unmet::Groups], &["s"]),
        ),
        (
            vec![groups(&["b"], None), scopes(&["s", "t"]), scopes(&["u"])],
            in_a,
            unmet(&[Unmet::Groups, Unmet::Scopes], &["s", "t"]),
        ),
        (
            vec![groups(&["b"], age(1)), groups(&["c"], None)],
            in_a,
            unmet(&[Unmet::Groups], &[]),
        ),
        // If an alternative fails by its age alone, a new sign-in helps.
        (vec![groups(&["a"], age(60)), scopes(&["s"])], in_a, old(60)),
        (vec![scopes(&["s"]), groups(&["a"], age(60))], in_a, old(60)),
        (
            vec![groups(&["b"], age(5)), groups(&["a"], age(60)), groups(&["a"], age(30))],
            in_a,
            old(60),
        ),
        (vec![groups(&["a"], age(60)), groups(&["a"], age(1000))], in_a, Ok(())),
        (vec![groups(&["a"], None), Alternative::default()], "", Ok(())),
    ] {
        let found = of(&Requirement::one_of(alternatives.clone()), &access(members));
        assert_eq!(found, expected, "{alternatives:?} {members}");
    }
}

#[test]
fn requirements_of_several_rules_must_all_hold() {
    let age = |seconds| Alternative {
        max_age: Some(Duration::from_secs(seconds)),
        ..Alternative::default()
    };
    let group = |group| Alternative {
        groups: words(&[group], &[]),
        ..Alternative::default()
    };
    let scope = |scope| Alternative {
        scopes: words(&[scope], &[]),
        ..Alternative::default()
    };
    let old = |seconds| {
        Err(Forbidden::ReauthenticationRequired {
            max_age: Duration::from_secs(seconds),
        })
    };
    let unmet = |unmet, scopes: &[&str]| {
        Err(Forbidden::NotPermitted {
            unmet: vec![unmet],
            scopes: list(scopes),
        })
    };
    let identity = access(r#","cognito:groups":["a"],"scope":"s","auth_time":1699999000"#);
    let one = |alternative: Alternative| vec![alternative];
    for (requirements, expected) in [
        (vec![], Ok(())),
        (vec![vec![]], Ok(())),
        (vec![one(group("a")), one(scope("s")), one(age(1000))], Ok(())),
        (vec![one(group("a")), one(scope("t"))], unmet(Unmet::Scopes, &["t"])),
        (
            vec![one(age(1)), one(scope("s")), one(group("b")), one(scope("t"))],
            unmet(Unmet::Groups, &["s", "t"]),
        ),
        (vec![one(group("b")), one(age(1))], unmet(Unmet::Groups, &[])),
        (vec![one(group("a")), one(age(60)), one(age(30)), one(age(90))], old(30)),
        (vec![vec![group("b"), age(60)], one(group("a"))], old(60)),
    ] {
        let requirements: Vec<Requirement> = requirements.into_iter().map(Requirement::one_of).collect();
        let captures = Captures::default();
        let pairs = requirements.iter().map(|requirement| (requirement, &captures));
        let found = authorize_all(pairs, &identity, UnixTime::from_secs(NOW), SKEW).map(|_| ());
        assert_eq!(found, expected, "{requirements:?}");
    }
}

#[test]
fn an_attribute_in_the_path_counts_only_when_it_is_verified() {
    let pattern = PathPattern::template("/t/{x}").unwrap();
    let captures = pattern.captures(&normalize(b"/t/a@b").unwrap());
    for (claim, members, holds) in [
        ("email", r#""email":"a@b","email_verified":true"#, true),
        ("/email", r#""email":"a@b","email_verified":"true""#, true),
        ("email", r#""email":"a@b""#, false),
        ("/email", r#""email":"a@b","email_verified":false"#, false),
        ("/a/0", r#""a":["a@b"]"#, true),
        ("/a/b", r#""a":{"b":"a@b","b":"a@b"}"#, false),
    ] {
        let requirement = Requirement::from(Alternative {
            path_claims: vec![("x".to_owned(), name(claim))],
            ..Alternative::default()
        });
        let identity = access(&format!(",{members}"));
        let permit = requirement.authorize(&identity, &captures, UnixTime::from_secs(NOW), SKEW);
        assert_eq!(permit.is_ok(), holds, "{claim} {members}");
    }
}

#[test]
fn a_refusal_shows_what_the_token_has_and_what_is_asked_for() {
    let any_all = |any: &[&str], all: &[&str]| {
        let [any, all] = [any, all].map(|words| words.iter().map(|word| (*word).to_owned()).collect());
        AnyAll { any, all }
    };
    let groups = Alternative {
        groups: any_all(&["admins"], &["x", "y"]),
        ..Alternative::default()
    };
    let scopes = Alternative {
        scopes: any_all(&[], &["orders/read"]),
        ..Alternative::default()
    };
    let other_use = Alternative {
        token_use: Some(TokenUse::Id),
        ..Alternative::default()
    };
    let client = Alternative {
        client_ids: vec!["app".to_owned()],
        ..Alternative::default()
    };
    let claim = |matcher| Alternative {
        claims: vec![(name("tenant"), matcher)],
        ..Alternative::default()
    };
    let text = |text: &str| ClaimValue::Text(text.to_owned());
    let several = Requirement::one_of(vec![groups.clone(), scopes.clone()]);
    let old = Alternative {
        max_age: Some(Duration::from_secs(300)),
        ..Alternative::default()
    };
    for (members, requirement, found, expected) in [
        ("", groups.into(), "no groups", "groups with admins and all of x, y"),
        (
            r#","cognito:groups":["a","b"],"scope":"c d""#,
            several,
            "groups a, b; scopes c, d",
            "groups with admins and all of x, y, or scopes with orders/read",
        ),
        ("", scopes.into(), "no scopes", "scopes with orders/read"),
        ("", other_use.into(), "token_use access", "token_use id"),
        ("", client.into(), "app client web", "app client app"),
        (
            "",
            claim(ClaimMatcher::OneOf(vec![text("a"), ClaimValue::Number(1.0)])).into(),
            "no tenant",
            r#"tenant equal to one of "a", 1"#,
        ),
        (
            r#","tenant":"secret""#,
            claim(ClaimMatcher::Prefix("a".to_owned())).into(),
            "tenant with another value",
            r#"tenant with prefix "a""#,
        ),
        (
            "",
            Requirement::from(old.clone()),
            "no auth_time",
            "a sign-in within the last 300 seconds",
        ),
        (
            r#","auth_time":1699999000"#,
            old.into(),
            "auth_time 1699999000, now is 1700000000",
            "a sign-in within the last 300 seconds",
        ),
    ] {
        let identity = access(members);
        let now = UnixTime::from_secs(NOW);
        let captures = Captures::default();
        let requirement: Requirement = requirement;
        let forbidden = requirement.authorize(&identity, &captures, now, SKEW).unwrap_err();
        let shown = facts(&forbidden, [(&requirement, &captures)], &identity, now);
        assert_eq!((shown.0.as_str(), shown.1.as_str()), (found, expected));
    }
}
