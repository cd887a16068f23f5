//! A JWK set that is accepted holds 1 to 64 strong keys, each by one name.
#![no_main]

use cognito_jwt::keys::jwks::{KeySet, kid_for_log};
use libfuzzer_sys::fuzz_target;
use std::collections::BTreeSet;

fuzz_target!(|json: &[u8]| {
    let Ok(parsed) = KeySet::parse(json) else {
        return;
    };
    assert!((1..=64).contains(&parsed.set.len()));
    assert_eq!(parsed.set.kids().collect::<BTreeSet<_>>().len(), parsed.set.len());
    for key in parsed.set.iter() {
        assert!(parsed.set.find(&key.kid).is_some_and(|found| found == key));
        let modulus = key.public.n();
        assert!((256..=512).contains(&modulus.len()));
        assert!(modulus.first() != Some(&0) && modulus.last().is_some_and(|byte| byte % 2 == 1));
        let exponent = key
            .public
            .e()
            .iter()
            .fold(0_u64, |value, byte| (value << 8) | u64::from(*byte));
        assert!(exponent >= 3 && exponent % 2 == 1 && exponent <= u64::from(u32::MAX));
        let logged = kid_for_log(&key.kid);
        assert!(logged.len() <= 64 && logged.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
    }
    assert_eq!(KeySet::parse(json).as_ref(), Ok(&parsed));
});
