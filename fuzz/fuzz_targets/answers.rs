//! Answers of UserInfo and of the user lookup: no claims of another user, no header that is none.
#![no_main]

use cognito_jwt::enrich::user_info::UserInfoPolicy;
use cognito_jwt::enrich::user_lookup::UserLookupPolicy;
use cognito_jwt::enrich::{Answer, CallPolicy, Enrichment, OnFailure, Outcome};
use libfuzzer_sys::fuzz_target;
use std::time::Duration;

fn call() -> CallPolicy {
    CallPolicy {
        cluster: "users".to_owned(),
        authority: "users.internal".to_owned(),
        path: "/".to_owned(),
        timeout: Duration::from_secs(1),
        ttl: Duration::from_secs(300),
        on_failure: OnFailure::Reject,
    }
}

fuzz_target!(|body: &[u8]| {
    let answer = Answer {
        status: 200,
        body: body.to_vec(),
    };
    let user_info = UserInfoPolicy { call: call() };
    if let Outcome::Claims(claims) = user_info.interpret(&answer, "alice").outcome {
        let value: serde_json::Value = serde_json::from_str(claims.json()).expect("JSON");
        assert_eq!(value.get("sub").and_then(|sub| sub.as_str()), Some("alice"));
    }

    let lookup = UserLookupPolicy {
        call: call(),
        headers: vec![
            ("x-user-id".into(), "id".to_owned()),
            ("x-name".into(), "name".to_owned()),
        ],
        max_value_bytes: 4096,
    };
    if let Outcome::Headers(headers) = lookup.interpret(&answer, "alice").outcome {
        for (_, value) in headers.iter() {
            assert!(value.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
            assert!(value.len() <= 4096 && value.trim() == value);
        }
        // What the workers share of it gives the same headers.
        let Outcome::Headers(again) = lookup.interpret(&lookup.reduced(answer), "alice").outcome else {
            panic!("an answer that is good is good when it is shared");
        };
        assert_eq!(again, headers);
    }
});
