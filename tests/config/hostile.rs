//! Bytes of any kind are refused or read, and nothing else happens.

use super::support::{encode_struct, read, smallest};
use proptest::prelude::*;
use serde_json::{Value, json};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let line = read(&bytes).unwrap_err();
        prop_assert!(line.starts_with("config: "), "{line}");
        prop_assert!(!line.contains('\n'), "{line}");
    }

    #[test]
    fn bytes_that_begin_like_either_form_are_refused(begin in 0_usize..3, bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let begin: &[u8] = [b"\x0a".as_slice(), b"{\"pools\":", b"\n {"][begin];
        prop_assert!(read(&[begin, &bytes].concat()).is_err());
    }

    #[test]
    fn trees_with_the_right_names_never_panic(tree in tree()) {
        let config = json!({"pools": [tree.clone()], "rules": [tree.clone()], "identity": tree.clone(), "user_lookup": tree.clone(),
            "token_sources": [tree]});
        prop_assert!(read(config.to_string().as_bytes()).is_err());
        prop_assert!(read(&encode_struct(&config)).is_err());
    }

    #[test]
    fn a_flipped_bit_is_refused_or_read(at in any::<prop::sample::Index>(), bit in 0_u32..8) {
        for mut bytes in [smallest().to_string().into_bytes(), encode_struct(&smallest())] {
            let at = at.index(bytes.len());
            bytes[at] ^= 1_u8 << bit;
            if let Err(line) = read(&bytes) {
                prop_assert!(line.starts_with("config: "), "{line}");
            }
        }
    }
}

#[test]
fn each_cut_of_a_struct_is_refused() {
    let bytes = encode_struct(&smallest());
    for end in 0..bytes.len() {
        assert!(read(&bytes[..end]).is_err(), "{end}");
    }
}

/// Values under names that the configuration knows, so that reading goes deep.
pub fn tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (-1..100_000).prop_map(Value::from),
        "[a-z_*/{}%:.]{0,8}".prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop::sample::select(vec!["any", "id", "access", "required", "none", "reject", "us-east-1_A"])
            .prop_map(Value::from),
    ];
    let names = prop_oneof![
        Just("user_pool_id"),
        Just("client_ids"),
        Just("issuer"),
        Just("additional_regions"),
        Just("jwks"),
        Just("cluster"),
        Just("uri"),
        Just("inline"),
        Just("keys"),
        Just("match"),
        Just("path"),
        Just("prefix"),
        Just("template"),
        Just("methods"),
        Just("hosts"),
        Just("require"),
        Just("groups"),
        Just("scopes"),
        Just("any"),
        Just("claims"),
        Just("path_claims"),
        Just("headers"),
        Just("x-a"),
        Just("payload_header"),
        Just("header"),
        Just("scheme"),
        Just("cookie"),
        Just("domain"),
        Just("max_age_seconds"),
        Just("ttl_seconds"),
        Just("user_info"),
        Just("present"),
        Just("words"),
        Just("not"),
        Just("all"),
        Just("token_use"),
        Just("require"),
    ];
    leaf.prop_recursive(5, 64, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((names.clone(), inner), 0..6).prop_map(|members| members
                .into_iter()
                .map(|(name, value)| (name.to_string(), value))
                .collect()),
        ]
    })
}
