use super::*;
use crate::keys::rsa::WeakKey;

/// RFC 7515, appendix A.2.
const N: &str = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";

/// Returns a key with these further members.
fn key(members: &str) -> String {
    format!(r#"{{"kty": "RSA", "n": "{N}", "e": "AQAB"{members}}}"#)
}

/// Returns a set of these keys.
fn set(keys: &[String]) -> String {
    format!(r#"{{"keys": [{}]}}"#, keys.join(","))
}

fn parse(json: &str) -> Result<Parsed, BadKeySet> {
    KeySet::parse(json.as_bytes())
}

/// Returns the fault of a key in a set with a good one.
fn fault(key_json: &str) -> Option<KeyFault> {
    let parsed = parse(&set(&[key_json.into(), key(r#", "kid": "good""#)])).unwrap();
    assert!(parsed.set.find("good").is_some());
    assert_eq!(parsed.set.len() + parsed.skipped.len(), 2);
    parsed.skipped.into_iter().next().map(|skipped| {
        assert_eq!(skipped.index, 0);
        skipped.fault
    })
}

#[test]
fn a_set_as_cognito_publishes_it() {
    let json = set(&[
        key(r#", "alg": "RS256", "use": "sig", "kid": "Ag+/0Zk5c9Qm7RVGgWEWrnJ8Rk6VfTbhE0Vkz4CjSgg=""#),
        key(r#", "alg": "RS256", "use": "sig", "kid": "second""#),
    ]);
    let parsed = parse(&json).unwrap();
    assert!(parsed.skipped.is_empty());
    assert_eq!(parsed.set.len(), 2);
    let kids: Vec<_> = parsed.set.kids().collect();
    assert_eq!(kids, ["Ag+/0Zk5c9Qm7RVGgWEWrnJ8Rk6VfTbhE0Vkz4CjSgg=", "second"]);
    let key = parsed.set.find("second").unwrap();
    assert_eq!(key.public.modulus_len(), 256);
    assert_eq!(key.public.e(), [1, 0, 1]);
    for other in ["", "Second", "second ", "secon", "Ag"] {
        assert!(parsed.set.find(other).is_none(), "{other:?}");
    }
}

#[test]
fn what_is_used_of_a_set() {
    for members in [
        r#", "kid": "a""#,
        r#", "kid": "a", "use": "sig", "alg": "RS256", "key_ops": ["verify"]"#,
        r#", "kid": "a", "key_ops": ["sign", "verify"]"#,
        r#", "\u006bid": "a""#,
        r#", "kid": "a", "x5c": 7, "x5t": null, "ext": true, "d": "AQ", "issuer": {"a": [1, -1, 1.5]}"#,
    ] {
        assert_eq!(fault(&key(members)), None, "{members}");
    }
}

#[test]
fn what_is_skipped() {
    let repeated = |name: &str| KeyFault::RepeatedMember(name.into());
    for (json, expected) in [
        ("7", KeyFault::NotAnObject),
        ("-7", KeyFault::NotAnObject),
        ("1.5", KeyFault::NotAnObject),
        ("null", KeyFault::NotAnObject),
        ("true", KeyFault::NotAnObject),
        (r#""RSA""#, KeyFault::NotAnObject),
        (r#"[{"kty": "RSA"}]"#, KeyFault::NotAnObject),
        ("{}", KeyFault::NotRsa),
        (
            r#"{"kty": "EC", "kid": "a", "crv": "P-256", "x": "AA", "y": "AA"}"#,
            KeyFault::NotRsa,
        ),
        (r#"{"kty": "oct", "kid": "a", "k": "AA"}"#, KeyFault::NotRsa),
        (r#"{"kty": "rsa", "kid": "a"}"#, KeyFault::NotRsa),
        (r#"{"kty": ["RSA"], "kid": "a"}"#, KeyFault::NotRsa),
        (&key(""), KeyFault::NoKid),
        (&key(r#", "kid": """#), KeyFault::NoKid),
        (&key(r#", "kid": 7"#), KeyFault::NoKid),
        (&key(r#", "kid": null"#), KeyFault::NoKid),
        (&key(r#", "kid": ["a"]"#), KeyFault::NoKid),
        (&key(r#", "kid": {"a": 1}"#), KeyFault::NoKid),
        (&key(r#", "kid": "a", "use": "enc""#), KeyFault::NotForSignatures),
        (&key(r#", "kid": "a", "use": "SIG""#), KeyFault::NotForSignatures),
        (&key(r#", "kid": "a", "use": """#), KeyFault::NotForSignatures),
        (&key(r#", "kid": "a", "use": null"#), KeyFault::NotForSignatures),
        (&key(r#", "kid": "a", "alg": "RS512""#), KeyFault::NotRs256),
        (&key(r#", "kid": "a", "alg": "PS256""#), KeyFault::NotRs256),
        (&key(r#", "kid": "a", "alg": "rs256""#), KeyFault::NotRs256),
        (&key(r#", "kid": "a", "alg": null"#), KeyFault::NotRs256),
        (&key(r#", "kid": "a", "key_ops": []"#), KeyFault::NotForVerifying),
        (
            &key(r#", "kid": "a", "key_ops": ["encrypt"]"#),
            KeyFault::NotForVerifying,
        ),
        (&key(r#", "kid": "a", "key_ops": "verify""#), KeyFault::NotForVerifying),
        (
            &key(r#", "kid": "a", "key_ops": ["verify", 7]"#),
            KeyFault::NotForVerifying,
        ),
        (
            &key(r#", "kid": "a", "key_ops": [7, "verify", []]"#),
            KeyFault::NotForVerifying,
        ),
        (&key(r#", "kid": "a", "e": "AQAB""#), repeated("e")),
        (&key(r#", "kid": "a", "\u0065": "Aw""#), repeated("e")),
        (&key(r#", "kid": "a", "x": 1, "x": 2, "x": 3"#), repeated("x")),
        (&key(r#", "kid": "a", "kid": "b""#), repeated("kid")),
        (r#"{"kty": "RSA", "kid": "a", "e": "AQAB"}"#, KeyFault::Modulus),
        (r#"{"kty": "RSA", "kid": "a", "e": "AQAB", "n": ""}"#, KeyFault::Modulus),
        (r#"{"kty": "RSA", "kid": "a", "e": "AQAB", "n": 5}"#, KeyFault::Modulus),
    ] {
        assert_eq!(fault(json), Some(expected), "{json}");
    }
}

#[test]
fn numbers_are_strict_base64url() {
    let with = |n: &str, e: &str| fault(&format!(r#"{{"kty": "RSA", "kid": "a", "n": "{n}", "e": "{e}"}}"#));
    let plus = N.replace('-', "+").replace('_', "/");
    for (n, e, expected) in [
        (N, "AQAB", None),
        (N, "AAEAAQ", None),
        (&*format!("AAAA{N}"), "AQAB", None),
        (&*format!("{N}=="), "AQAB", Some(KeyFault::Modulus)),
        (&*plus, "AQAB", Some(KeyFault::Modulus)),
        (&*format!(" {N}"), "AQAB", Some(KeyFault::Modulus)),
        (&*format!("{N}\\n"), "AQAB", Some(KeyFault::Modulus)),
        // The last character carries four bits that must be zero.
        (&*N.replace("XpoQ", "XpoR"), "AQAB", Some(KeyFault::Modulus)),
        (N, "", Some(KeyFault::Exponent)),
        (N, "AQAB=", Some(KeyFault::Exponent)),
        (N, "AQABA", Some(KeyFault::Exponent)),
        (N, "65537!", Some(KeyFault::Exponent)),
        (N, "AQ", Some(KeyFault::Weak(WeakKey::ExponentRange))),
        (N, "AQAA", Some(KeyFault::Weak(WeakKey::EvenExponent))),
        (N, "AQAAAAE", Some(KeyFault::Weak(WeakKey::ExponentRange))),
        (&N[..340], "AQAB", Some(KeyFault::Weak(WeakKey::ModulusSize(2040)))),
        (
            &*N.replace("XpoQ", "XpoA"),
            "AQAB",
            Some(KeyFault::Weak(WeakKey::EvenModulus)),
        ),
    ] {
        assert_eq!(with(n, e), expected, "{n} {e}");
    }
}

#[test]
fn what_makes_the_whole_set_unusable() {
    let good = key(r#", "kid": "a""#);
    let many = |count: usize| -> Vec<String> { (0..count).map(|kid| key(&format!(r#", "kid": "{kid}""#))).collect() };
    let twice = |first, second| {
        Err(BadKeySet::RepeatedKid {
            kid: "a".into(),
            first,
            second,
        })
    };
    let after_the_set = set(std::slice::from_ref(&good)).len() + 2;
    for (json, expected) in [
        (set(std::slice::from_ref(&good)), Ok(1)),
        (set(&many(64)), Ok(64)),
        (set(&many(65)), Err(BadKeySet::TooManyKeys)),
        (set(&[many(64), vec!["7".into()]].concat()), Err(BadKeySet::TooManyKeys)),
        (set(&[good.clone(), good.clone()]), twice(0, 1)),
        (
            set(&["7".into(), good.clone(), many(1)[0].clone(), good.clone()]),
            twice(1, 3),
        ),
        (set(&[good.clone(), r#"{"kid": "a", "kty": "EC"}"#.into()]), twice(0, 1)),
        (
            set(&[good.clone(), key(r#", "kid": "\u0061", "use": "enc""#)]),
            twice(0, 1),
        ),
        (set(&[]), Err(BadKeySet::NoUsableKey(vec![]))),
        (String::new(), Err(BadKeySet::NotJson { line: 1, column: 0 })),
        ("<html>".into(), Err(BadKeySet::NotJson { line: 1, column: 1 })),
        (
            "{\"keys\": [\n{\"kty\"]}".into(),
            Err(BadKeySet::NotJson { line: 2, column: 7 }),
        ),
        (
            format!("{} x", set(std::slice::from_ref(&good))),
            Err(BadKeySet::NotJson {
                line: 1,
                column: after_the_set,
            }),
        ),
        (
            format!("\u{feff}{}", set(std::slice::from_ref(&good))),
            Err(BadKeySet::NotJson { line: 1, column: 1 }),
        ),
        ("7".into(), Err(BadKeySet::NotASet)),
        ("null".into(), Err(BadKeySet::NotASet)),
        ("true".into(), Err(BadKeySet::NotASet)),
        ("\"keys\"".into(), Err(BadKeySet::NotASet)),
        ("{}".into(), Err(BadKeySet::NotASet)),
        (good.clone(), Err(BadKeySet::NotASet)),
        (format!("[{good}]"), Err(BadKeySet::NotASet)),
        (format!(r#"{{"keys": {good}}}"#), Err(BadKeySet::NotASet)),
        (r#"{"keys": "a"}"#.into(), Err(BadKeySet::NotASet)),
        (r#"{"keys": null}"#.into(), Err(BadKeySet::NotASet)),
        (r#"{"Keys": []}"#.into(), Err(BadKeySet::NotASet)),
        (
            format!(r#"{{"keys": [], "\u006beys": [{good}]}}"#),
            Err(BadKeySet::KeysTwice),
        ),
        (format!(r#"{{"a": 1, "keys": [{good}], "a": [{{}}]}}"#), Ok(1)),
        (
            " ".repeat(MAX_SET_BYTES + 1),
            Err(BadKeySet::TooLarge(MAX_SET_BYTES + 1)),
        ),
    ] {
        let short: String = json.chars().take(200).collect();
        assert_eq!(parse(&json).map(|parsed| parsed.set.len()), expected, "{short}");
    }
    assert_eq!(KeySet::parse(b"{\"keys\": [\"\xff\"]}"), Err(BadKeySet::NotUtf8(11)));
    let mut padded = set(&[good]);
    padded.push_str(&" ".repeat(MAX_SET_BYTES - padded.len()));
    assert!(parse(&padded).is_ok());
}

#[test]
fn a_set_without_a_usable_key_says_why() {
    let error = parse(&set(&[key(r#", "kid": "a", "use": "enc""#)])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "has no usable key: must have an RSA key of 2048 to 4096 bits for RS256 \
         (keys[0] with kid \"a\": \"use\" must be \"sig\" or left out)"
    );
}

#[test]
fn nesting_has_an_end() {
    let deep = format!(r#"{{"keys": [{{"kid": {}1{}}}]}}"#, "[".repeat(200), "]".repeat(200));
    assert!(matches!(parse(&deep), Err(BadKeySet::NotJson { .. })));
}

#[test]
fn keys_read_before_make_the_same_set() {
    let parsed = parse(&set(&[key(r#", "kid": "a""#), key(r#", "kid": "b""#)])).unwrap();
    let again = |kids: &[&str]| {
        let key = |kid: &&str| {
            let public = &parsed.set.find("a").unwrap().public;
            Key {
                kid: (*kid).into(),
                public: PublicKey::from_components(&public.n(), &public.e()).unwrap(),
            }
        };
        KeySet::from_keys(kids.iter().map(key).collect())
    };
    assert_eq!(again(&["a", "b"]).unwrap(), parsed.set);
    assert_ne!(again(&["a", "c"]).unwrap(), parsed.set);
    assert_ne!(again(&["a"]).unwrap(), parsed.set);
    assert_eq!(again(&[]), Err(BadKeySet::NoUsableKey(vec![])));
    let many: Vec<String> = (0..65).map(|kid| kid.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(again(&many), Err(BadKeySet::TooManyKeys));
    assert!(matches!(
        again(&["a", "b", "a"]),
        Err(BadKeySet::RepeatedKid {
            first: 0,
            second: 2,
            ..
        })
    ));
}

proptest::proptest! {
    /// Any input can be read to its end, and the result has the properties of [`KeySet`].
    #[test]
    fn no_text_breaks_the_reader(
        cuts in proptest::collection::vec((0_usize..700, 0_usize..8, "[\\[\\]{}\",:\\\\a-z0-9 ]{0,6}"), 0..6),
    ) {
        let mut json = set(&[key(r#", "kid": "a", "key_ops": ["verify"]"#), key(r#", "kid": "b", "use": "sig""#)]);
        for (at, removed, inserted) in cuts {
            let at = at.min(json.len());
            let end = (at + removed).min(json.len());
            json.replace_range(at..end, &inserted);
        }
        if let Ok(Parsed { set, skipped }) = parse(&json) {
            assert!((1..=MAX_KEYS).contains(&set.len()));
            assert!(set.iter().all(|key| Rc::ptr_eq(set.find(&key.kid).unwrap(), key)));
            assert!(skipped.iter().all(|skipped| !skipped.to_string().is_empty()));
        }
    }
}
