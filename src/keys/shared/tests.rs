use super::*;
use crate::keys::jwks::MAX_SET_BYTES;

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
const HORIZON: Horizon = Horizon {
    lease: Duration::from_secs(5),
    retry: Duration::from_secs(75),
    refresh: Duration::from_secs(300),
};

fn name() -> EntryName {
    EntryName::of(&["https://issuer".to_owned()], "https://issuer/jwks.json", "cognito")
}

fn key(kid: &str, last: u8) -> Key {
    let mut n = [0xff; 256];
    n[255] = last;
    Key {
        kid: kid.into(),
        public: PublicKey::from_components(&n, &[1, 0, 1]).unwrap(),
    }
}

fn record() -> Record {
    Record {
        fetched: Some(Fetched {
            set: Rc::new(KeySet::from_keys(vec![key("a+/=", 0xff), key("\"\n\u{e9}", 0xfd)]).unwrap()),
            at: NOW.before(Duration::from_secs(100)),
            refresh_at: NOW.after(Duration::from_secs(180)),
        }),
        lease: Some(Lease::new(u64::MAX, NOW.after(Duration::from_secs(5)))),
        failures: 3,
        retry_at: NOW.after(Duration::from_secs(60)),
        refetched_at: NOW.before(Duration::from_secs(7)),
    }
}

fn decode(bytes: &[u8]) -> Option<Record> {
    Record::decode(bytes, &name(), NOW, HORIZON)
}

/// The words of a record's first line, in their order.
const HEAD: [&str; 9] = [
    "layout",
    "pool",
    "failures",
    "retry_at",
    "refetched_at",
    "mark",
    "until",
    "fetched_at",
    "refresh_at",
];

fn lines() -> (String, String) {
    let text = String::from_utf8(record().encode(&name())).unwrap();
    let (head, keys) = text.split_once('\n').unwrap();
    (head.to_owned(), keys.to_owned())
}

/// Returns the record above with another word in its first line.
fn with(name: &str, word: impl ToString) -> Vec<u8> {
    let (head, keys) = lines();
    let word = word.to_string();
    let mut words: Vec<&str> = head.split(' ').collect();
    words[HEAD.iter().position(|known| *known == name).unwrap()] = &word;
    format!("{}\n{keys}", words.join(" ")).into_bytes()
}

/// Returns the record above with other keys.
fn with_keys(keys: &[String]) -> Vec<u8> {
    [lines().0]
        .iter()
        .chain(keys)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join("\n")
        .into_bytes()
}

#[test]
fn a_record_comes_back_as_it_was_written() {
    for written in [record(), Record::default()] {
        assert_eq!(decode(&written.encode(&name())), Some(written));
    }
}

#[test]
fn all_that_can_be_fetched_can_be_read_back() {
    let n = URL_SAFE_NO_PAD.encode([0xff; 256]);
    for kid in ["k".to_owned(), "\u{e9}".repeat((MAX_SET_BYTES - 500) / 2)] {
        let json = format!(r#"{{"keys":[{{"kty":"RSA","kid":"{kid}","n":"{n}","e":"AQAB"}}]}}"#);
        let set = KeySet::parse(json.as_bytes()).unwrap().set;
        let fetched = Fetched {
            set: Rc::new(set),
            ..record().fetched.unwrap()
        };
        let written = Record {
            fetched: Some(fetched),
            ..record()
        };
        assert_eq!(decode(&written.encode(&name())), Some(written));
    }
}

#[test]
fn names_differ_with_issuers_uri_and_cluster() {
    let issuers = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let names = [
        EntryName::of(&issuers(&["a"]), "u", "c"),
        EntryName::of(&issuers(&["a"]), "v", "c"),
        EntryName::of(&issuers(&["b"]), "u", "c"),
        EntryName::of(&issuers(&["a", "b"]), "u", "c"),
        EntryName::of(&issuers(&["ab"]), "u", "c"),
        EntryName::of(&issuers(&["a", "u"]), "", "c"),
        EntryName::of(&issuers(&["a"]), "u", "d"),
        EntryName::of(&issuers(&["a"]), "uc", ""),
    ];
    for (nth, name) in names.iter().enumerate() {
        assert!(
            names.iter().skip(nth + 1).all(|other| other.as_str() != name.as_str()),
            "{name:?}"
        );
        assert!(name.as_str().starts_with("envoy-cognito-jwt/keys/"));
    }
}

#[test]
fn what_is_no_record_of_the_entry_is_none() {
    let other = EntryName::of(&["https://other".to_owned()], "https://issuer/jwks.json", "cognito");
    let n = URL_SAFE_NO_PAD.encode([0xff; 256]);
    let numbered = |number: usize| format!("{} {n} AQAB", URL_SAFE_NO_PAD.encode(number.to_string()));
    let many: Vec<String> = (0..65).map(numbered).collect();
    assert!(decode(&with_keys(&many[..64])).is_some());
    let one = |kid: &str, n: &str, e: &str| with_keys(&[format!("{kid} {n} {e}")]);
    assert!(decode(&one("aw", &n, "AQAB")).is_some());
    let mut padded = record().encode(&name());
    padded.resize(MAX_RECORD_BYTES + 1, b' ');
    let (head, keys) = lines();
    for name in HEAD {
        for word in ["x", "", "-1", "18446744073709551616"] {
            assert_eq!(decode(&with(name, word)), None, "{name}: {word}");
        }
        assert_eq!(decode(&with(name, "-")), None, "{name}: absent");
    }
    for (what, bytes) in [
        ("nothing", Vec::new()),
        ("null", b"null".to_vec()),
        ("an empty object", b"{}".to_vec()),
        ("not UTF-8", vec![0xff; 10]),
        ("another entry's", record().encode(&other)),
        ("another layout", with("layout", 2)),
        ("a word more", format!("{head} 1\n{keys}").into_bytes()),
        ("a space more", format!("{head} \n{keys}").into_bytes()),
        ("no keys", with_keys(&[])),
        ("a key of no words", format!("{head}\n{keys}\n").into_bytes()),
        ("65 keys", with_keys(&many)),
        ("one kid twice", with_keys(&[numbered(1), numbered(1)])),
        ("a weak key", one("aw", &URL_SAFE_NO_PAD.encode([0xff; 128]), "AQAB")),
        ("an even exponent", one("aw", &n, "AAAC")),
        ("an exponent of 1", one("aw", &n, "AQ")),
        ("padding", one("aw", &n, "AQAB==")),
        ("a key of four words", one("aw", &n, "AQAB AQAB")),
        ("a key of two words", with_keys(&[format!("aw {n}")])),
        ("no base64", one("aw", "*", "AQAB")),
        ("a kid that is no text", one("_w", &n, "AQAB")),
        ("failures over 32 bits", with("failures", 4_294_967_296_u64)),
        ("too long", padded),
        (
            "two records",
            [record().encode(&name()), record().encode(&name())].concat(),
        ),
    ] {
        assert_eq!(decode(&bytes), None, "{what}");
    }
}

#[test]
fn times_past_the_horizon_are_ignored() {
    let at = |span: u64| NOW.after(Duration::from_millis(span)).as_millis();
    let far = u64::MAX;
    // A second of tolerance, since workers read the clock at different moments.
    for (millis, is_kept) in [
        (at(0), true),
        (at(5000), true),
        (at(6000), true),
        (at(6001), false),
        (far, false),
    ] {
        let found = decode(&with("until", millis)).unwrap();
        assert_eq!(found.lease.is_some(), is_kept, "a lease until {millis}");
    }
    for (millis, is_kept) in [
        (at(0), true),
        (at(75_000), true),
        (at(76_000), true),
        (at(76_001), false),
        (far, false),
    ] {
        let found = decode(&with("retry_at", millis)).unwrap();
        let expected = if is_kept { millis } else { 0 };
        assert_eq!(found.retry_at.as_millis(), expected, "a back-off until {millis}");
    }
    for (millis, expected) in [(at(0) - 1, at(0) - 1), (at(0), at(0)), (at(1), at(0)), (far, at(0))] {
        let found = decode(&with("refetched_at", millis)).unwrap();
        assert_eq!(found.refetched_at.as_millis(), expected, "a refetch at {millis}");
    }
    for (millis, expected) in [
        (0, 0),
        (at(0), at(0)),
        (at(1000), at(1000)),
        (at(1001), at(0)),
        (far, at(0)),
    ] {
        let fetched = decode(&with("fetched_at", millis)).unwrap().fetched.unwrap();
        assert_eq!(fetched.at.as_millis(), expected, "fetched at {millis}");
        assert!(
            fetched.refresh_at <= fetched.at.after(HORIZON.refresh),
            "fetched at {millis}"
        );
    }
    let fetched = decode(&with("refresh_at", far)).unwrap().fetched.unwrap();
    assert_eq!(fetched.refresh_at, fetched.at.after(HORIZON.refresh));
}
