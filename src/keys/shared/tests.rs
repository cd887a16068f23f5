use super::*;
use serde_json::{Value, json};

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
const HORIZON: Horizon = Horizon {
    lease: Duration::from_secs(5),
    retry: Duration::from_secs(75),
    refresh: Duration::from_secs(300),
};

fn name() -> EntryName {
    EntryName::of(&["https://issuer".to_owned()], "https://issuer/jwks.json")
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

/// The record above with another `value` at `pointer`.
fn with(pointer: &str, value: Value) -> Vec<u8> {
    let mut wire: Value = serde_json::from_slice(&record().encode(&name())).unwrap();
    *wire.pointer_mut(pointer).unwrap() = value;
    wire.to_string().into_bytes()
}

#[test]
fn a_record_comes_back_as_it_was_written() {
    for written in [record(), Record::default()] {
        assert_eq!(decode(&written.encode(&name())), Some(written));
    }
}

#[test]
fn names_differ_with_issuers_and_uri() {
    let issuers = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let names = [
        EntryName::of(&issuers(&["a"]), "u"),
        EntryName::of(&issuers(&["a"]), "v"),
        EntryName::of(&issuers(&["b"]), "u"),
        EntryName::of(&issuers(&["a", "b"]), "u"),
        EntryName::of(&issuers(&["ab"]), "u"),
        EntryName::of(&issuers(&["a", "u"]), ""),
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
    let other = EntryName::of(&["https://other".to_owned()], "https://issuer/jwks.json");
    let weak = json!([{"kid": "k", "n": URL_SAFE_NO_PAD.encode([0xff; 128]), "e": "AQAB"}]);
    let one = json!({"kid": "k", "n": URL_SAFE_NO_PAD.encode([0xff; 256]), "e": "AQAB"});
    let numbered = |number: usize| json!({"kid": number.to_string(), "n": one["n"], "e": "AQAB"});
    let many: Vec<Value> = (0..65).map(numbered).collect();
    let mut padded = record().encode(&name());
    padded.resize(MAX_RECORD_BYTES + 1, b' ');
    for (what, bytes) in [
        ("nothing", Vec::new()),
        ("null", b"null".to_vec()),
        ("an empty object", b"{}".to_vec()),
        ("not UTF-8", vec![0xff; 10]),
        ("another entry's", record().encode(&other)),
        ("another layout", with("/layout", json!(2))),
        ("a layout over 255", with("/layout", json!(257))),
        ("no keys", with("/keys", json!([]))),
        ("65 keys", with("/keys", json!(many))),
        ("one kid twice", with("/keys", json!([one, one]))),
        ("a weak key", with("/keys", weak)),
        ("an even exponent", with("/keys/0/e", json!("AAAC"))),
        ("an exponent of 1", with("/keys/0/e", json!("AQ"))),
        ("padding", with("/keys/0/e", json!("AQAB=="))),
        ("no base64", with("/keys/0/n", json!("*"))),
        ("a kid that is a number", with("/keys/0/kid", json!(1))),
        ("a time before the epoch", with("/fetched_at", json!(-1))),
        ("a time as a string", with("/retry_at", json!("1"))),
        ("a lease that is a number", with("/lease", json!(1))),
        ("failures over 32 bits", with("/failures", json!(4_294_967_296_u64))),
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
fn times_past_the_horizon_are_not_believed() {
    let at = |span: u64| NOW.after(Duration::from_millis(span)).as_millis();
    let far = u64::MAX;
    // A second of tolerance, since workers read the clock at different moments.
    for (millis, believed) in [
        (at(0), true),
        (at(5000), true),
        (at(6000), true),
        (at(6001), false),
        (far, false),
    ] {
        let found = decode(&with("/lease/until", json!(millis))).unwrap();
        assert_eq!(found.lease.is_some(), believed, "a lease until {millis}");
    }
    for (millis, believed) in [
        (at(0), true),
        (at(75_000), true),
        (at(76_000), true),
        (at(76_001), false),
        (far, false),
    ] {
        let found = decode(&with("/retry_at", json!(millis))).unwrap();
        let expected = if believed { millis } else { 0 };
        assert_eq!(found.retry_at.as_millis(), expected, "a back-off until {millis}");
    }
    for (millis, expected) in [(at(0) - 1, at(0) - 1), (at(0), at(0)), (at(1), at(0)), (far, at(0))] {
        let found = decode(&with("/refetched_at", json!(millis))).unwrap();
        assert_eq!(found.refetched_at.as_millis(), expected, "a refetch at {millis}");
    }
    for (millis, expected) in [
        (0, 0),
        (at(0), at(0)),
        (at(1000), at(1000)),
        (at(1001), at(0)),
        (far, at(0)),
    ] {
        let fetched = decode(&with("/fetched_at", json!(millis))).unwrap().fetched.unwrap();
        assert_eq!(fetched.at.as_millis(), expected, "fetched at {millis}");
        assert!(
            fetched.refresh_at <= fetched.at.after(HORIZON.refresh),
            "fetched at {millis}"
        );
    }
    let fetched = decode(&with("/refresh_at", json!(far))).unwrap().fetched.unwrap();
    assert_eq!(fetched.refresh_at, fetched.at.after(HORIZON.refresh));
}
