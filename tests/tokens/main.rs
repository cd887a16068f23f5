//! The ladder of trust from end to end: tokens that are really signed, verified by the module's own RS256.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use envoy_cognito_jwt::code::Code;
use envoy_cognito_jwt::identity::IdentityPolicy;
use envoy_cognito_jwt::signature::Verifier;
use envoy_cognito_jwt::signature::software::SoftwareVerifier;
use envoy_cognito_jwt::time::UnixTime;
use envoy_cognito_jwt::token::check::{AcceptedUse, ClaimPolicy, Clients};
use envoy_cognito_jwt::token::jwt::UntrustedJwt;
use envoy_cognito_jwt::token::{Identity, TokenUse};
use serde_json::{Value, json};
use std::time::Duration;
use support::tokens::{CLIENT, ISSUER, SUB, access_claims, base64url, first_key, id_claims, second_key};

const NOW: u64 = 1_800_000_000;

fn policy(token_use: AcceptedUse) -> ClaimPolicy {
    ClaimPolicy {
        clients: Clients::OneOf(vec![CLIENT.to_owned()]),
        token_use,
        clock_skew: Duration::from_secs(60),
    }
}

/// The whole ladder with the first key, whatever `kid` says; the code of the step that refuses.
fn climb(token: &str, now: u64) -> Result<Identity, Code> {
    let now = UnixTime::from_secs(now);
    let policy = policy(AcceptedUse::Any);
    let jwt = UntrustedJwt::parse(token.as_bytes()).map_err(|_| Code::TokenMalformed)?;
    jwt.check_algorithm().map_err(|_| Code::AlgorithmNotAllowed)?;
    jwt.refuse_early(&policy, now).map_err(|error| error.code())?;
    let check = jwt.verify(&first_key().published().public, &SoftwareVerifier);
    assert_eq!(check.by, Some(Verifier::Module));
    let signed = check.outcome.map_err(|_| Code::SignatureInvalid)?;
    signed.check(&policy, now).map_err(|error| error.code())
}

#[test]
fn an_id_token_climbs_to_an_identity() {
    let token = first_key().sign_claims(&id_claims(NOW));
    let jwt = UntrustedJwt::parse(token.as_bytes()).unwrap();
    assert_eq!((jwt.issuer(), jwt.kid()), (ISSUER, Some(first_key().kid.as_str())));

    let identity = climb(&token, NOW).unwrap();
    assert_eq!((identity.token_use(), &**identity.client()), (TokenUse::Id, CLIENT));
    let claims = identity.claims();
    assert_eq!(
        (&**claims.subject(), claims.auth_time()),
        (SUB, Some(NOW as f64 - 60.0))
    );
    assert_eq!(claims.groups().collect::<Vec<_>>(), ["readers", "writers"]);
    let came: Value = serde_json::from_str(claims.json()).unwrap();
    assert_eq!(came, id_claims(NOW));
}

#[test]
fn an_access_token_climbs_to_an_identity() {
    let identity = climb(&first_key().sign_claims(&access_claims(NOW)), NOW).unwrap();
    assert_eq!((identity.token_use(), &**identity.client()), (TokenUse::Access, CLIENT));
    let (values, left_out) = IdentityPolicy::default().values_for(&identity, None);
    let sent: Vec<(&str, &str)> = values.headers.iter().collect();
    assert_eq!(left_out, []);
    assert_eq!(
        sent,
        [
            ("x-cognito-sub", SUB),
            ("x-cognito-username", "alice"),
            ("x-cognito-groups", "readers,writers"),
            ("x-cognito-scope", "openid items/read"),
            ("x-cognito-client-id", CLIENT),
            ("x-cognito-token-use", "access"),
        ]
    );
}

#[test]
fn an_identity_outlives_nothing() {
    let identity = climb(&first_key().sign_claims(&id_claims(NOW)), NOW).unwrap();
    let skew = Duration::from_secs(60);
    let at = |seconds| {
        identity
            .still_valid(skew, UnixTime::from_secs(seconds))
            .map_err(|error| error.code())
    };
    assert_eq!(at(NOW + 3659), Ok(()));
    assert_eq!(at(NOW + 3660), Err(Code::TokenExpired));
}

#[test]
fn each_step_refuses_what_is_not_for_it() {
    let good = first_key().sign_claims(&id_claims(NOW));
    let (signing_input, signature) = good.rsplit_once('.').unwrap();
    let header = json!({"kid": first_key().kid, "alg": "RS256"}).to_string();
    let with = |name: &str, value: Value| {
        let mut claims = id_claims(NOW);
        claims[name] = value;
        first_key().sign_claims(&claims)
    };
    let admin = base64url(id_claims(NOW).to_string().replace("readers", "admins"));
    let mut flipped = first_key().sign(signing_input.as_bytes());
    flipped[17] ^= 1;

    for (what, token, code) in [
        (
            "another key",
            second_key().sign_claims(&id_claims(NOW)),
            Code::SignatureInvalid,
        ),
        (
            "other claims",
            format!("{}.{admin}.{signature}", base64url(&header)),
            Code::SignatureInvalid,
        ),
        (
            "a bit flipped",
            format!("{signing_input}.{}", base64url(flipped)),
            Code::SignatureInvalid,
        ),
        (
            "a short signature",
            format!("{signing_input}.{}", base64url([1; 255])),
            Code::SignatureInvalid,
        ),
        (
            "zeros",
            format!("{signing_input}.{}", base64url([0; 256])),
            Code::SignatureInvalid,
        ),
        (
            "no algorithm",
            first_key().token(r#"{"kid":"k"}"#, &id_claims(NOW).to_string()),
            Code::AlgorithmNotAllowed,
        ),
        (
            "another algorithm",
            first_key().token(r#"{"alg":"RS512"}"#, &id_claims(NOW).to_string()),
            Code::AlgorithmNotAllowed,
        ),
        ("no signature", format!("{signing_input}."), Code::TokenMalformed),
        ("a list as sub", with("sub", json!([SUB])), Code::TokenMalformed),
        ("expired", with("exp", json!(NOW - 60)), Code::TokenExpired),
        ("from the future", with("iat", json!(NOW + 61)), Code::TokenNotYetValid),
        ("not valid yet", with("nbf", json!(NOW + 61)), Code::TokenNotYetValid),
        (
            "another use",
            with("token_use", json!("refresh")),
            Code::TokenUseMismatch,
        ),
        (
            "another client",
            with("aud", json!("9another98765432")),
            Code::ClientMismatch,
        ),
    ] {
        assert_eq!(climb(&token, NOW).map(|_| ()), Err(code), "{what}");
    }
}

#[test]
fn an_algorithm_that_is_not_allowed_verifies_nothing_whoever_asks() {
    let token = first_key().token(r#"{"alg":"none"}"#, &id_claims(NOW).to_string());
    let jwt = UntrustedJwt::parse(token.as_bytes()).unwrap();
    let check = jwt.verify(&first_key().published().public, &SoftwareVerifier);
    assert_eq!(check.by, None);
    assert!(check.outcome.is_err());
}
