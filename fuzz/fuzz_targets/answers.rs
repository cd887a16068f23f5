//! Answers of UserInfo and of the user lookup: no claims of another user, no header that is none.
#![no_main]

use cognito_jwt::enrich::response_cache::Answer;
use cognito_jwt::enrich::{CallPolicy, OnFailure, Outcome, UserLookupPolicy, user_info, user_lookup};
use libfuzzer_sys::fuzz_target;
use std::time::Duration;

fuzz_target!(|body: &[u8]| {
    let answer = Answer {
        status: 200,
        body: body.to_vec(),
    };
    if let Outcome::Claims(claims) = user_info::interpret_response(&answer, "alice") {
        let value: serde_json::Value = serde_json::from_str(claims.json()).expect("JSON");
        assert_eq!(value.get("sub").and_then(|sub| sub.as_str()), Some("alice"));
    }

    let policy = UserLookupPolicy {
        call: CallPolicy {
            cluster: "users".to_owned(),
            authority: "users.internal".to_owned(),
            path: "/".to_owned(),
            timeout: Duration::from_secs(1),
            ttl: Duration::from_secs(300),
            on_failure: OnFailure::Reject,
        },
        headers: vec![
            ("x-user-id".into(), "id".to_owned()),
            ("x-name".into(), "name".to_owned()),
        ],
    };
    let outcome = user_lookup::interpret_response(&answer, &policy);
    if let Outcome::Headers(headers) = &outcome {
        assert!(
            headers
                .iter()
                .all(|(_, value)| value.bytes().all(|byte| (b' '..=b'~').contains(&byte)))
        );
        assert!(
            headers
                .iter()
                .all(|(_, value)| value.len() <= 4096 && value.trim() == value)
        );
        // What the workers share of it gives the same headers.
        let Outcome::Headers(again) = user_lookup::interpret_response(&user_lookup::reduced(&answer, &policy), &policy) else {
            panic!("an answer that is good is good when it is shared");
        };
        assert_eq!(&again, headers);
    }
});
