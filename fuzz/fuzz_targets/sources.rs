//! A credential that was found and taken out is gone, and nothing else is.
//!
//! The input is text: each line is a header, `name:value` (`:path` and other pseudo-headers, too).
#![no_main]

use cognito_jwt::command::HeaderEdit;
use cognito_jwt::request::RequestHead;
use cognito_jwt::token::removal::remove;
use cognito_jwt::token::source::cookie::CookieName;
use cognito_jwt::token::source::{TokenSource, find};
use libfuzzer_sys::fuzz_target;

type Headers = Vec<(Vec<u8>, Vec<u8>)>;

fuzz_target!(|text: &[u8]| {
    let headers: Headers = text
        .split(|byte| *byte == b'\n')
        .filter_map(|line| {
            let colon = line.iter().skip(1).position(|byte| *byte == b':')? + 1;
            Some((line[..colon].to_vec(), line[colon + 1..].to_vec()))
        })
        .collect();
    for source in sources() {
        let only = [source];
        let head = head_of(&headers);
        let Ok(Some(credential)) = find(&only, &head) else {
            continue;
        };
        assert!(!credential.token().is_empty());
        let left = edited(&headers, &remove(&credential, &head));
        assert_eq!(find(&only, &head_of(&left)), Ok(None), "{only:?} in {left:?}");
        let untouched = |name: &[u8]| ![&b"authorization"[..], b"x-token", b"cookie", b":path"].contains(&name);
        let rest = |headers: &Headers| {
            headers
                .iter()
                .filter(|(name, _)| untouched(name))
                .cloned()
                .collect::<Vec<_>>()
        };
        assert_eq!(rest(&left), rest(&headers));
    }
});

fn sources() -> [TokenSource; 5] {
    [
        TokenSource::Header {
            name: "authorization".to_owned(),
            scheme: Some("Bearer".to_owned()),
        },
        TokenSource::Header {
            name: "x-token".to_owned(),
            scheme: None,
        },
        TokenSource::Cookie(CookieName::Exact("id".to_owned())),
        TokenSource::Cookie(CookieName::Wildcard {
            prefix: "Cognito.".to_owned(),
            suffix: ".idToken".to_owned(),
        }),
        TokenSource::Query("token".to_owned()),
    ]
}

fn head_of(headers: &Headers) -> RequestHead<'_> {
    RequestHead::new(
        headers
            .iter()
            .map(|(name, value)| (name.as_slice(), value.as_slice()))
            .collect(),
    )
}

/// What a host makes of the edits.
fn edited(headers: &Headers, edits: &[HeaderEdit]) -> Headers {
    let mut headers = headers.clone();
    for edit in edits {
        match edit {
            HeaderEdit::Remove(name) => headers.retain(|(found, _)| found != name),
            HeaderEdit::Set(name, value) => {
                let name = name.as_bytes().to_vec();
                let at = headers
                    .iter()
                    .position(|(found, _)| *found == name)
                    .unwrap_or(headers.len());
                headers.retain(|(found, _)| *found != name);
                headers.insert(at.min(headers.len()), (name, value.clone()));
            }
            HeaderEdit::Add(added) => {
                headers.extend(
                    added
                        .iter()
                        .map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec())),
                );
            }
        }
    }
    headers
}
