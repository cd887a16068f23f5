use super::*;
use crate::token::check::{AcceptedUse, Clients};
use crate::token::malformed::KnownClaim;
use proptest::prelude::*;
use std::time::Duration;

const HEADER: &str = r#"{"kid":"k+/=","alg":"RS256"}"#;
const CLAIMS: &str = r#"{"iss":"i","sub":"s","exp":100,"token_use":"id","aud":"c"}"#;

fn token(header: &str, claims: &str) -> String {
    let part = |bytes: &str| URL_SAFE_NO_PAD.encode(bytes);
    format!("{}.{}.{}", part(header), part(claims), part("signature"))
}

fn parsed(token: impl AsRef<[u8]>) -> Result<(), Malformed> {
    UntrustedJwt::parse(token.as_ref()).map(|_| ())
}

#[test]
fn the_last_header_is_that_of_the_same_text_only() {
    let mut last = LastHeader::default();
    let mut kid = |header: &str| {
        let token = token(header, CLAIMS);
        let jwt = UntrustedJwt::parse_with(token.as_bytes(), DEFAULT_MAX_TOKEN_BYTES, &mut last);
        jwt.map(|jwt| (jwt.kid().map(str::to_owned), jwt.check_algorithm().is_ok()))
    };
    let some = |kid: &str| Some(kid.to_owned());
    for _ in 0..2 {
        assert_eq!(kid(HEADER), Ok((some("k+/="), true)));
        assert_eq!(kid(HEADER), Ok((some("k+/="), true)));
        assert_eq!(kid(r#"{"kid":"k+/=","alg":"none"}"#), Ok((some("k+/="), false)));
        assert_eq!(
            kid(r#"{"kid":"k+/=","alg":"RS256","crit":[]}"#),
            Err(Malformed::CriticalExtension)
        );
        assert_eq!(kid(r#"{"alg":"RS256"}"#), Ok((None, true)));
        assert_eq!(kid("{}"), Ok((None, false)));
    }
}

#[test]
fn what_a_proxy_joined_is_no_token() {
    let good = token(HEADER, CLAIMS);
    for joined in [
        format!("{good},Bearer {good}"),
        format!("{good},"),
        ",".to_owned(),
        format!("{good}, Basic x"),
    ] {
        assert_eq!(parsed(&joined), Err(Malformed::SeveralCredentials), "{joined}");
    }
}

#[test]
fn the_compact_form_is_strict() {
    let good = token(HEADER, CLAIMS);
    let (signing_input, signature) = good.rsplit_once('.').unwrap();
    let (header, claims) = signing_input.split_once('.').unwrap();
    let not_utf8 = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    for (token, expected) in [
        (good.clone(), Ok(())),
        (String::new(), Err(Malformed::NotThreeParts)),
        ("..".to_owned(), Err(Malformed::NotThreeParts)),
        (header.to_owned(), Err(Malformed::NotThreeParts)),
        (signing_input.to_owned(), Err(Malformed::NotThreeParts)),
        (format!("{signing_input}."), Err(Malformed::NotThreeParts)),
        (format!("{good}."), Err(Malformed::NotThreeParts)),
        (format!(".{good}"), Err(Malformed::NotThreeParts)),
        (format!("{good}.{signature}.{signature}"), Err(Malformed::NotThreeParts)),
        (format!("{header}..{claims}.{signature}"), Err(Malformed::NotThreeParts)),
        (format!(".{claims}.{signature}"), Err(Malformed::NotThreeParts)),
        (format!("{header}..{signature}"), Err(Malformed::NotThreeParts)),
        (format!("{signing_input}.QQ"), Ok(())),
        (format!("{signing_input}.QR"), Err(Malformed::NotBase64Url)),
        (format!("{signing_input}.QUI"), Ok(())),
        (format!("{signing_input}.QUJ"), Err(Malformed::NotBase64Url)),
        (format!("{signing_input}.Q"), Err(Malformed::NotBase64Url)),
        (format!("{signing_input}.QQ=="), Err(Malformed::NotBase64Url)),
        (format!("{signing_input}.QUJD="), Err(Malformed::NotBase64Url)),
        (format!("{signing_input}.-_-_"), Ok(())),
        (format!("{signing_input}.+/+/"), Err(Malformed::NotBase64Url)),
        (format!("{good}\n"), Err(Malformed::NotBase64Url)),
        (format!("{good} "), Err(Malformed::NotBase64Url)),
        (format!(" {good}"), Err(Malformed::NotBase64Url)),
        (format!("{signing_input}.QQ\r\nQQ"), Err(Malformed::NotBase64Url)),
        (format!("{signing_input}.Qé"), Err(Malformed::NotBase64Url)),
        (
            format!("{}.{claims}.{signature}", not_utf8(b"{\"a\":\"\xff\"}")),
            Err(Malformed::NotUtf8),
        ),
        (
            format!("{header}.{}.{signature}", not_utf8(b"{\"a\":\"\xc0\x80\"}")),
            Err(Malformed::NotUtf8),
        ),
        (
            format!("{signing_input}.{}", "A".repeat(DEFAULT_MAX_TOKEN_BYTES)),
            Err(Malformed::TooLong),
        ),
    ] {
        assert_eq!(parsed(&token), expected, "{token}");
    }
    assert_eq!(parsed(b"\xff.\xff.\xff"), Err(Malformed::NotBase64Url));
    let room = DEFAULT_MAX_TOKEN_BYTES - signing_input.len() - 1;
    let fill = |length: usize| format!("{signing_input}.{}", "A".repeat(length));
    // 4n + 1 characters are no base64, so the longest may be one shorter.
    assert_eq!(parsed(fill(room - usize::from(room % 4 == 1))), Ok(()));
    assert_eq!(parsed(fill(room + 1)), Err(Malformed::TooLong));
}

#[test]
fn header_parameters() {
    let wrong = |parameter| Err(Malformed::HeaderType(parameter));
    let no_algorithm = Ok((Err(AlgorithmNotAllowed), Some("k")));
    type Read = Result<(Result<(), AlgorithmNotAllowed>, Option<&'static str>), Malformed>;
    let table: &[(&str, Read)] = &[
        (r#"{"alg":"RS256","kid":"k"}"#, Ok((Ok(()), Some("k")))),
        (r#"{"kid":"\u006b","\u0061lg":"RS25\u0036"}"#, Ok((Ok(()), Some("k")))),
        (r#"{"alg":"RS256","kid":"a\/b+c="}"#, Ok((Ok(()), Some("a/b+c=")))),
        (r#"{"alg":"RS256"}"#, Ok((Ok(()), None))),
        (r#"{"alg":"RS256","kid":""}"#, Ok((Ok(()), None))),
        (
            r#"{"alg":"RS256","kid":"k","typ":7,"zip":"DEF","jwk":{},"x5c":[1],"enc":null}"#,
            Ok((Ok(()), Some("k"))),
        ),
        (r#"{"kid":"k"}"#, no_algorithm),
        (r#"{"alg":"none","kid":"k"}"#, no_algorithm),
        (r#"{"alg":"","kid":"k"}"#, no_algorithm),
        (r#"{"alg":"rs256","kid":"k"}"#, no_algorithm),
        (r#"{"alg":"RS256 ","kid":"k"}"#, no_algorithm),
        (r#"{"alg":"RS256\u0000","kid":"k"}"#, no_algorithm),
        (r#"{"alg":"HS256","kid":"k"}"#, no_algorithm),
        (r#"{"alg":"PS256","kid":"k"}"#, no_algorithm),
        (r#"{"alg":null}"#, wrong(HeaderParameter::Algorithm)),
        (r#"{"alg":256}"#, wrong(HeaderParameter::Algorithm)),
        (r#"{"alg":["RS256"]}"#, wrong(HeaderParameter::Algorithm)),
        (r#"{"alg":"RS256","kid":null}"#, wrong(HeaderParameter::KeyId)),
        (r#"{"alg":"none","kid":1}"#, wrong(HeaderParameter::KeyId)),
        (r#"{"alg":"RS256","crit":["b64"]}"#, Err(Malformed::CriticalExtension)),
        (r#"{"alg":"RS256","cri\u0074":null}"#, Err(Malformed::CriticalExtension)),
        (r#"{"alg":"RS256","b64":true}"#, Err(Malformed::UnencodedPayload)),
        (r#"{"alg":"RS256","alg":"RS256"}"#, Err(Malformed::DuplicateMember)),
        (r#"{"alg":"RS256","x":1e999}"#, Err(Malformed::NumberOutOfRange)),
        (r#"["RS256"]"#, Err(Malformed::NotJsonObject)),
        ("\u{feff}{\"alg\":\"RS256\"}", Err(Malformed::NotJsonObject)),
    ];
    for (header, expected) in table {
        let token = token(header, CLAIMS);
        let jwt = UntrustedJwt::parse(token.as_bytes());
        let read = jwt.as_ref().map(|jwt| (jwt.check_algorithm(), jwt.kid()));
        assert_eq!(read.map_err(|malformed| *malformed), *expected, "{header}");
    }
}

#[test]
fn claims_are_checked_with_the_decoding() {
    for (claims, expected) in [
        (CLAIMS, Ok(())),
        ("{}", Err(Malformed::ClaimAbsent(KnownClaim::Issuer))),
        ("", Err(Malformed::NotThreeParts)),
        ("null", Err(Malformed::NotJsonObject)),
        (
            r#"{"iss":"i","sub":"s","exp":"1"}"#,
            Err(Malformed::ClaimType(KnownClaim::ExpiresAt)),
        ),
    ] {
        assert_eq!(parsed(token(HEADER, claims)), expected, "{claims}");
        assert_eq!(parsed(token(r#"{"alg":"none"}"#, claims)), expected, "{claims}");
    }
}

#[test]
fn the_signing_input_is_what_was_sent() {
    let token = token(HEADER, CLAIMS);
    let jwt = UntrustedJwt::parse(token.as_bytes()).unwrap();
    assert_eq!(jwt.signing_input, token.rsplit_once('.').unwrap().0.as_bytes());
    assert_eq!(jwt.signature, b"signature");
    assert_eq!((jwt.issuer(), jwt.kid()), ("i", Some("k+/=")));
}

#[test]
fn cheap_claims_refuse_before_the_signature() {
    let policy = ClaimPolicy {
        clients: Clients::OneOf(vec!["c".to_owned()]),
        token_use: AcceptedUse::Id,
        clock_skew: Duration::ZERO,
    };
    let token = token(HEADER, CLAIMS);
    let jwt = UntrustedJwt::parse(token.as_bytes()).unwrap();
    assert_eq!(jwt.refuse_early(&policy, UnixTime::from_secs(99)), Ok(()));
    let expired = Err(ClaimError::Expired { seconds_ago: 5 });
    assert_eq!(jwt.refuse_early(&policy, UnixTime::from_secs(105)), expired);
}

proptest! {
    #[test]
    fn no_part_has_two_spellings(part in "[A-Za-z0-9_=+/ \n-]{0,40}") {
        if let Ok(decoded) = decode(part.as_bytes()) {
            prop_assert_eq!(URL_SAFE_NO_PAD.encode(decoded), part);
        }
    }

    #[test]
    fn an_accepted_token_encodes_to_itself(at in 0_usize..200, byte in any::<u8>(), claim in "\\PC{0,20}") {
        let claims = CLAIMS.replace("\"c\"", &serde_json::Value::from(claim).to_string());
        let mut token = token(HEADER, &claims).into_bytes();
        let at = at % token.len();
        token[at] = byte;
        if let Ok(jwt) = UntrustedJwt::parse(&token) {
            let claims = URL_SAFE_NO_PAD.encode(jwt.claims.json());
            let signature = URL_SAFE_NO_PAD.encode(&jwt.signature);
            let header = token.split(|byte| *byte == b'.').next().unwrap();
            let header = std::str::from_utf8(header).unwrap();
            prop_assert_eq!(format!("{header}.{claims}.{signature}").into_bytes(), token);
        }
    }

    #[test]
    fn any_bytes_are_refused_or_read_without_a_panic(token in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = UntrustedJwt::parse(&token);
    }
}
