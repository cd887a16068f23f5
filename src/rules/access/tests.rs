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

/// The identity of an access token of the client `web`, with further members.
fn access(members: &str) -> Rc<Identity> {
    identity(&format!(r#""token_use":"access","client_id":"web"{members}"#))
}

/// The identity of an ID token for `web` and `app`.
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
