use super::*;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

const GOOD: &str = r#"{"iss":"i","sub":"s","exp":1}"#;

fn parse(json: &str) -> Result<Claims, Malformed> {
    Claims::parse(json.to_owned())
}

#[test]
fn slimmed_they_say_the_same() {
    let json = r#"{"iss":"i","sub":"s","exp":1,"aud":"c","cognito:groups":["a","b"],"custom:t\u0065nant":{"id":[7]}}"#;
    let steps = ["custom:tenant", "id", "0"].map(str::to_owned);
    let (whole, mut slim) = (parse(json).unwrap(), parse(json).unwrap());
    let token = ["e30", &URL_SAFE_NO_PAD.encode(json), "AA"].join(".");
    slim.slim(token.into_bytes().into());
    assert!(slim.details.get().is_none());
    let details = whole.details();
    let read_again = memory::block(size_of::<Details>()) + details.set.heap_bytes() + details.known.heap_bytes();
    assert!(slim.heap_bytes() > read_again, "counted although it is not there");
    for claims in [&whole, &slim, &slim] {
        assert_eq!(
            (claims.issuer(), &**claims.subject(), claims.expires_at()),
            ("i", "s", 1.0)
        );
        assert_eq!(claims.json(), json);
        assert_eq!((claims.raw("aud"), claims.raw("absent")), (Some("\"c\""), None));
        assert_eq!(claims.pointer(&steps), Some("7"));
        assert_eq!(claims.view("sub"), Some(ClaimView::Text("s".into())));
        assert!(claims.set().members().eq(whole.set().members()));
        assert_eq!(
            claims.audience().chain(claims.groups()).collect::<Vec<_>>(),
            ["c", "a", "b"]
        );
    }
}

#[test]
fn types_that_always_hold() {
    use KnownClaim::*;
    let texts = [
        ("token_use", TokenUse),
        ("client_id", ClientId),
        ("scope", Scope),
        ("username", Username),
        ("cognito:username", CognitoUsername),
    ];
    let numbers = [("nbf", NotBefore), ("iat", IssuedAt), ("auth_time", AuthTime)];
    let with = |name: &str, raw: &str| parse(&GOOD.replace('}', &format!(",\"{name}\":{raw}}}"))).map(|_| ());
    for (name, claim) in texts {
        assert_eq!(with(name, "\"\""), Ok(()), "{name}");
        for raw in ["null", "1", "true", "[\"a\"]", "{}"] {
            assert_eq!(with(name, raw), Err(Malformed::ClaimType(claim)), "{name} {raw}");
        }
    }
    for (name, claim) in numbers {
        for raw in ["1", "-1", "1.5", "1e3", "9223372036854775808"] {
            assert_eq!(with(name, raw), Ok(()), "{name} {raw}");
        }
        for raw in ["null", "\"1\"", "true", "[1]", "{}"] {
            assert_eq!(with(name, raw), Err(Malformed::ClaimType(claim)), "{name} {raw}");
        }
    }
    for (raw, aud, groups) in [
        ("[]", Ok(()), Ok(())),
        ("[\"a\",\"\\u0062\"]", Ok(()), Ok(())),
        ("\"a\"", Ok(()), Err(Malformed::ClaimType(Groups))),
        (
            "[\"a\",1]",
            Err(Malformed::ClaimType(Audience)),
            Err(Malformed::ClaimType(Groups)),
        ),
        (
            "[null]",
            Err(Malformed::ClaimType(Audience)),
            Err(Malformed::ClaimType(Groups)),
        ),
        (
            "null",
            Err(Malformed::ClaimType(Audience)),
            Err(Malformed::ClaimType(Groups)),
        ),
        (
            "{}",
            Err(Malformed::ClaimType(Audience)),
            Err(Malformed::ClaimType(Groups)),
        ),
    ] {
        assert_eq!(with("aud", raw), aud, "aud {raw}");
        assert_eq!(with("cognito:groups", raw), groups, "groups {raw}");
    }
    for raw in ["null", "1", "{}", "[]", "{\"a\":[null]}"] {
        assert_eq!(with("custom:any", raw), Ok(()), "{raw}");
    }
}

#[test]
fn claims_that_must_be_there() {
    use KnownClaim::*;
    for (json, expected) in [
        (GOOD, Ok(())),
        (r#"{"sub":"s","exp":1}"#, Err(Malformed::ClaimAbsent(Issuer))),
        (r#"{"iss":"i","exp":1}"#, Err(Malformed::ClaimAbsent(Subject))),
        (r#"{"iss":"i","sub":"s"}"#, Err(Malformed::ClaimAbsent(ExpiresAt))),
        (r#"{"iss":"","sub":"s","exp":1}"#, Err(Malformed::ClaimType(Issuer))),
        (r#"{"iss":"i","sub":"","exp":1}"#, Err(Malformed::ClaimType(Subject))),
        (r#"{"iss":["i"],"sub":"s","exp":1}"#, Err(Malformed::ClaimType(Issuer))),
        (r#"{"iss":"i","sub":null,"exp":1}"#, Err(Malformed::ClaimType(Subject))),
        (
            r#"{"iss":"i","sub":"s","exp":"1"}"#,
            Err(Malformed::ClaimType(ExpiresAt)),
        ),
        (
            r#"{"iss":"i","sub":"s","exp":null}"#,
            Err(Malformed::ClaimType(ExpiresAt)),
        ),
        (r#"{"iss":"i","sub":"s","exp":1e400}"#, Err(Malformed::NumberOutOfRange)),
        (
            r#"{"iss":"i","sub":"s","exp":1,"\u0065xp":2}"#,
            Err(Malformed::DuplicateMember),
        ),
    ] {
        assert_eq!(parse(json).map(|_| ()), expected, "{json}");
    }
}

#[test]
fn claims_are_read_whatever_their_spelling() {
    let json = r#" {"\u0069ss" : "https:\/\/i", "sub":"é", "exp":1.5,"nbf":-1, "iat":2,"auth_time":3,
        "aud":["a","\u0062"],"token_use":"id","client_id":"c","scope":"x y","cognito:groups":["g\"1","g2"]}"#;
    let claims = parse(json).unwrap();
    assert_eq!((claims.issuer(), &**claims.subject()), ("https://i", "é"));
    assert_eq!((claims.expires_at(), claims.not_before()), (1.5, Some(-1.0)));
    assert_eq!((claims.issued_at(), claims.auth_time()), (Some(2.0), Some(3.0)));
    assert_eq!(claims.audience().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(claims.groups().collect::<Vec<_>>(), ["g\"1", "g2"]);
    assert_eq!(
        (claims.token_use(), claims.client_id(), claims.scope()),
        (Some("id"), Some("c"), Some("x y"))
    );
    assert_eq!(claims.json(), json);
    assert_eq!(claims.raw("iss"), Some(r#""https:\/\/i""#));
    assert_eq!(claims.raw("absent"), None);
}

#[test]
fn pointers() {
    let json = r#"{"a":{"b/c":[10,{"d":null}],"x":1,"x":2},"e":"f","":{"":3}}"#;
    let set = ClaimSet::parse(json.to_owned()).unwrap();
    for (steps, expected) in [
        (&["a", "b/c", "0"][..], Some("10")),
        (&["a", "b/c", "1", "d"], Some("null")),
        (&["a", "b/c", "1"], Some(r#"{"d":null}"#)),
        (&["a", "x"], None),
        (&["", ""], Some("3")),
        (&["e"], Some("\"f\"")),
        (&["a", "b/c", "2"], None),
        (&["a", "b/c", "00"], None),
        (&["a", "b/c", "-"], None),
        (&["a", "b/c", "+1"], None),
        (&["a", "b/c", ""], None),
        (&["e", "0"], None),
        (&["a", "b/c", "0", "x"], None),
        (&["absent"], None),
    ] {
        let steps: Vec<String> = steps.iter().map(|step| (*step).to_owned()).collect();
        assert_eq!(set.pointer(&steps), expected, "{steps:?}");
    }
}

#[test]
fn views() {
    let json = r#"{"t":"a\n","n":-1.5,"y":true,"f":false,"z":null,"l":["a",[1],{"b":2}],"o":{"c": 1}}"#;
    let set = ClaimSet::parse(json.to_owned()).unwrap();
    let list = vec![
        ClaimView::Text("a".into()),
        ClaimView::List(vec![ClaimView::Number(1.0)]),
        ClaimView::Object(r#"{"b":2}"#),
    ];
    for (name, expected) in [
        ("t", ClaimView::Text("a\n".into())),
        ("n", ClaimView::Number(-1.5)),
        ("y", ClaimView::Bool(true)),
        ("f", ClaimView::Bool(false)),
        ("z", ClaimView::Null),
        ("l", ClaimView::List(list)),
        ("o", ClaimView::Object(r#"{"c": 1}"#)),
    ] {
        assert_eq!(set.view(name), Some(expected), "{name}");
    }
    assert_eq!(set.text("t").as_deref(), Some("a\n"));
    assert_eq!((set.text("n"), set.view("absent")), (None, None));
}
