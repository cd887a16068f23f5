//! A token that is accepted re-encodes to itself: no token has two spellings. Without a good signature none gets further.
#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cognito_jwt::keys::rsa::PublicKey;
use cognito_jwt::signature::software::SoftwareVerifier;
use cognito_jwt::time::UnixTime;
use cognito_jwt::token::check::{AcceptedUse, ClaimPolicy, Clients};
use cognito_jwt::token::jwt::{DEFAULT_MAX_TOKEN_BYTES, UntrustedJwt};
use libfuzzer_sys::fuzz_target;
use std::time::Duration;

fuzz_target!(|token: &[u8]| {
    let Ok(jwt) = UntrustedJwt::parse(token) else {
        return;
    };
    assert!(token.len() <= DEFAULT_MAX_TOKEN_BYTES);
    let parts: Vec<&[u8]> = token.split(|byte| *byte == b'.').collect();
    assert_eq!(parts.len(), 3);
    for part in parts {
        let decoded = URL_SAFE_NO_PAD.decode(part).expect("an accepted part is base64url");
        assert!(!decoded.is_empty());
        assert_eq!(URL_SAFE_NO_PAD.encode(decoded).as_bytes(), part);
    }
    assert!(!jwt.issuer().is_empty());
    assert!(jwt.kid() != Some(""));

    let policy = ClaimPolicy {
        clients: Clients::Any,
        token_use: AcceptedUse::Any,
        clock_skew: Duration::from_secs(60),
    };
    let _ = jwt.refuse_early(&policy, UnixTime::from_secs(1_700_000_000));
    // Nobody can sign for this modulus: the author of the input does not know its factors.
    let key = PublicKey::from_components(&[0xD5; 256], &[1, 0, 1]).expect("odd and long enough");
    assert!(jwt.verify(&key, &SoftwareVerifier).outcome.is_err());
});
