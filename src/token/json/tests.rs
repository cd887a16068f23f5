use super::*;
use proptest::prelude::*;

fn members(json: &str) -> Result<Members, Malformed> {
    Members::parse(json.to_owned())
}

fn read(json: &str) -> Result<Vec<(String, String)>, Malformed> {
    let pair = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    members(json).map(|members| members.iter().map(pair).collect())
}

#[test]
fn members_are_names_and_raw_values() {
    let found = read(" {\"a\" : 1.50 , \"\\u0062\\/\":[1, {\"x\":null}],\"\":\"\\u00e9\"}\n").unwrap();
    let expected = [("a", "1.50"), ("b/", "[1, {\"x\":null}]"), ("", "\"\\u00e9\"")];
    assert_eq!(found, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert_eq!(read("{}"), Ok(Vec::new()));
}

#[test]
fn what_is_refused() {
    let nested = |open: &str, close: &str, times| format!("{{\"a\":{}1{}}}", open.repeat(times), close.repeat(times));
    let many = |last: &str| {
        let names: String = (0..2000).map(|n| format!("\"m{n}\":1,")).collect();
        format!("{{{names}\"{last}\":1}}")
    };
    let table: &[(&str, Result<(), Malformed>)] = &[
        ("{}", Ok(())),
        ("", Err(Malformed::NotJsonObject)),
        ("null", Err(Malformed::NotJsonObject)),
        ("[{}]", Err(Malformed::NotJsonObject)),
        ("\"{}\"", Err(Malformed::NotJsonObject)),
        ("{}{}", Err(Malformed::NotJsonObject)),
        ("{} x", Err(Malformed::NotJsonObject)),
        ("{}\0", Err(Malformed::NotJsonObject)),
        ("\u{feff}{}", Err(Malformed::NotJsonObject)),
        ("{\"a\":1,}", Err(Malformed::NotJsonObject)),
        ("{\"a\":01}", Err(Malformed::NotJsonObject)),
        ("{\"a\":1.}", Err(Malformed::NotJsonObject)),
        ("{\"a\":+1}", Err(Malformed::NotJsonObject)),
        ("{\"a\":NaN}", Err(Malformed::NotJsonObject)),
        ("{\"a\":Infinity}", Err(Malformed::NotJsonObject)),
        ("{\"a\":[NaN]}", Err(Malformed::NotJsonObject)),
        ("{\"a\":'b'}", Err(Malformed::NotJsonObject)),
        ("{\"a\":\"\t\"}", Err(Malformed::NotJsonObject)),
        ("{\"a\":\"\\x\"}", Err(Malformed::NotJsonObject)),
        ("{\"a\":{\"b\"}}", Err(Malformed::NotJsonObject)),
        ("{\"a\":1,\"a\":1}", Err(Malformed::DuplicateMember)),
        ("{\"a\":1,\"b\":2,\"\\u0061\":3}", Err(Malformed::DuplicateMember)),
        ("{\"a\":1,\"b\":2,\"b\":3}", Err(Malformed::DuplicateMember)),
        ("{\"\":1,\"\":2}", Err(Malformed::DuplicateMember)),
        // Different names of one length, with the same first and last byte.
        ("{\"aba\":1,\"aca\":2,\"ada\":3}", Ok(())),
        (
            "{\"aba\":1,\"aca\":2,\"ada\":3,\"aca\":4}",
            Err(Malformed::DuplicateMember),
        ),
        ("{\"a\":{\"b\":1,\"b\":2}}", Ok(())),
        (&many("other"), Ok(())),
        (&many("m7"), Err(Malformed::DuplicateMember)),
        (&many("\\u006d7"), Err(Malformed::DuplicateMember)),
        (&nested("[", "]", 31), Ok(())),
        (&nested("[", "]", 32), Err(Malformed::TooDeep)),
        (&nested("{\"a\":", "}", 31), Ok(())),
        (&nested("{\"a\":", "}", 32), Err(Malformed::TooDeep)),
        (&nested("[", "]", 10_000), Err(Malformed::TooDeep)),
        ("{\"a\":\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\n\"}", Ok(())),
        ("{\"a\":1e308,\"b\":-1e308,\"c\":1e-999}", Ok(())),
        ("{\"a\":1e400}", Err(Malformed::NumberOutOfRange)),
        ("{\"a\":-1e400}", Err(Malformed::NumberOutOfRange)),
        ("{\"a\":[1E+400]}", Err(Malformed::NumberOutOfRange)),
        (&format!("{{\"a\":1{}}}", "0".repeat(308)), Ok(())),
        (
            &format!("{{\"a\":1{}}}", "0".repeat(309)),
            Err(Malformed::NumberOutOfRange),
        ),
        (
            &format!("{{\"a\":9{}}}", "9".repeat(308)),
            Err(Malformed::NumberOutOfRange),
        ),
        ("{\"a\":\"\\ud83d\\ude00\"}", Ok(())),
        ("{\"a\":\"\\\\ud800\"}", Ok(())),
        ("{\"a\":\"\\ud800\"}", Err(Malformed::LoneSurrogate)),
        ("{\"a\":\"\\uDC00\"}", Err(Malformed::LoneSurrogate)),
        ("{\"a\":\"\\ud800\\ud800\"}", Err(Malformed::LoneSurrogate)),
        ("{\"a\":\"\\ud83dx\\ude00\"}", Err(Malformed::LoneSurrogate)),
        ("{\"a\":[{\"b\":\"\\ude00\"}]}", Err(Malformed::LoneSurrogate)),
        ("{\"a\":[{\"\\ud800\":1}]}", Err(Malformed::LoneSurrogate)),
        ("{\"\\ud800\":1}", Err(Malformed::LoneSurrogate)),
    ];
    for (json, expected) in table {
        let shown: String = json.chars().take(80).collect();
        assert_eq!(members(json).map(|_| ()), *expected, "{shown}");
    }
}

#[test]
fn numbers_and_strings_of_values() {
    for (raw, expected) in [
        ("1", Some(1.0)),
        ("-0.5e1", Some(-5.0)),
        ("\"1\"", None),
        ("null", None),
        ("true", None),
    ] {
        assert_eq!(number(raw), expected, "{raw}");
    }
    for (raw, expected) in [
        ("\"\"", Some("")),
        ("\"a\\u0062\\/\"", Some("ab/")),
        ("1", None),
        ("[\"a\"]", None),
    ] {
        assert_eq!(text(raw).as_deref(), expected, "{raw}");
    }
}

/// Valid JSON and almost valid JSON, from relevant pieces.
fn pieces() -> impl Strategy<Value = String> {
    let pieces = [
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"",
        "\\",
        "\"a\"",
        "\"b\":",
        "\\ud83d",
        "\\ude00",
        "\\u00e9",
        "1",
        "-",
        "0",
        ".5",
        "e9",
        "E+400",
        "1e400",
        "true",
        "null",
        " ",
        "\n",
        "\u{feff}",
        "é",
        "{\"c\":1}",
        "[1,2]",
        "\"\\ud800\"",
    ];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn what_is_accepted_is_what_serde_json_reads_as_an_object(value in pieces(), name in pieces()) {
        for json in [format!("{{\"a\":{value}}}"), format!("{{\"{name}\":{value}}}"), value] {
            let tree: Option<serde_json::Value> = serde_json::from_str(&json).ok();
            let object = tree.as_ref().and_then(serde_json::Value::as_object);
            match members(&json) {
                Ok(members) => {
                    let object = object.ok_or_else(|| TestCaseError::fail(json.clone()))?;
                    prop_assert_eq!((members.json(), members.iter().count()), (&*json, object.len()));
                    for (name, value) in members.iter() {
                        let value: serde_json::Value = serde_json::from_str(value).unwrap();
                        prop_assert_eq!(Some(&value), object.get(name));
                    }
                }
                Err(Malformed::DuplicateMember) => prop_assert!(object.is_some()),
                Err(_) => prop_assert!(object.is_none(), "{}", json),
            }
        }
    }
}
