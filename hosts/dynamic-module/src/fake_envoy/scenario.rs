//! A life of an Envoy with the filter, chosen by bytes: streams that come and end at any moment, headers of all lengths, callbacks
//! that fail, calls that end in all ways. Whatever happens, only what may pass does.

use super::{Answered, Cluster, Failures, FakeEnvoy, Metadata, POOL_ID, Pairs, Passage, token};
use std::sync::atomic::{AtomicU64, Ordering};

static RUNS: AtomicU64 = AtomicU64::new(0);

/// The steps that are left.
struct Steps<'a>(&'a [u8]);

impl Steps<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn up_to(&mut self, bound: usize) -> usize {
        usize::from(self.byte().unwrap_or(0)) % bound.max(1)
    }

    /// Some bytes, sometimes very many.
    fn bytes(&mut self) -> Vec<u8> {
        let len = match self.byte().unwrap_or(0) {
            250.. => 70_000,
            len => usize::from(len % 24),
        };
        let fill = self.byte().unwrap_or(b'x');
        (0..len).map(|at| self.0.get(at).copied().unwrap_or(fill)).collect()
    }
}

/// What the fuzzer need not find by itself.
const NAMES: [&str; 13] = [
    "authorization",
    "x-cognito-sub",
    "x_cognito.groups",
    "x-cognito-tier",
    "connection",
    "content-type",
    "cookie",
    ":path",
    ":method",
    ":authority",
    "x-request-id",
    "",
    "x-anything",
];

fn header(steps: &mut Steps<'_>) -> (Vec<u8>, Vec<u8>) {
    let name = match steps.up_to(NAMES.len() + 1) {
        place if place < NAMES.len() => NAMES[place].as_bytes().to_ascii_lowercase(),
        _ => steps.bytes(),
    };
    let value = match steps.up_to(8) {
        0 => format!("Bearer {}", token()).into_bytes(),
        1 => b"application/grpc".to_vec(),
        2 => b"Bearer a.b.c".to_vec(),
        3 => b"keep-alive, x-cognito-sub".to_vec(),
        4 => b"/a".to_vec(),
        _ => steps.bytes(),
    };
    (name, value)
}

fn headers(steps: &mut Steps<'_>) -> Pairs {
    let mut headers: Pairs = Vec::new();
    if steps.up_to(4) > 0 {
        for (name, value) in [
            (":method", "GET"),
            (":authority", "app.example.com"),
            (":path", "/items"),
        ] {
            headers.push((name.into(), value.into()));
        }
    }
    if steps.up_to(2) == 0 {
        headers.push((b"authorization".to_vec(), format!("Bearer {}", token()).into_bytes()));
    }
    for _ in 0..steps.up_to(6) {
        headers.push(header(steps));
    }
    headers
}

fn metadata(steps: &mut Steps<'_>) -> Vec<(Vec<u8>, Metadata)> {
    let mut members = Vec::new();
    for _ in 0..steps.up_to(4) {
        let name = match steps.up_to(5) {
            0 => b"auth".to_vec(),
            1 => b"groups".to_vec(),
            2 => b"scopes".to_vec(),
            _ => steps.bytes(),
        };
        let value = match steps.up_to(5) {
            0 => Metadata::Text(b"required".to_vec()),
            1 => Metadata::Text(steps.bytes()),
            2 => Metadata::List(vec![Some(b"readers".to_vec())]),
            3 => Metadata::List(
                (0..steps.up_to(3))
                    .map(|_| (steps.up_to(2) == 0).then(|| steps.bytes()))
                    .collect(),
            ),
            _ => Metadata::Other,
        };
        members.push((name, value));
    }
    members
}

fn answered(steps: &mut Steps<'_>) -> Answered {
    let chunks = match steps.up_to(5) {
        0 | 1 => vec![super::JWKS.as_bytes().to_vec()],
        2 => super::JWKS.as_bytes().chunks(7).map(<[u8]>::to_vec).collect(),
        3 => vec![Vec::new(), vec![b' '; 300 * 1024]],
        _ => vec![steps.bytes()],
    };
    match steps.up_to(6) {
        0 => Answered::Failed(1),
        1 => Answered::Failed(2),
        2 => Answered::With(String::from_utf8_lossy(&steps.bytes()).into_owned(), chunks),
        3 => Answered::With("503".into(), chunks),
        _ => Answered::With("200".into(), chunks),
    }
}

fn failures(steps: &mut Steps<'_>) -> Failures {
    let chosen = steps.up_to(64);
    let is_set = |bit: usize| chosen >> bit & 1 == 1;
    Failures {
        get_headers: is_set(0),
        set_header: is_set(1),
        add_header: is_set(2),
        filter_state: is_set(3),
        scheduler: is_set(4),
        metadata_names: is_set(5),
    }
}

fn configuration(steps: &mut Steps<'_>) -> String {
    // Each run has a cluster of its own: the store is the process's.
    let run = RUNS.fetch_add(1, Ordering::Relaxed);
    let keys = match steps.up_to(2) {
        0 => format!(r#"{{"inline": {}}}"#, super::JWKS.trim()),
        _ => format!(r#"{{"cluster": "cognito-{run}", "timeout_ms": 60000}}"#),
    };
    let more = match steps.up_to(3) {
        0 => format!(
            r#", "user_lookup": {{"cluster": "users-{run}", "uri": "http://users/x", "headers": {{"x-user-id": "id"}}}}"#
        ),
        1 => r#", "disclose_reason": false"#.to_owned(),
        _ => String::new(),
    };
    format!(r#"{{"pools": [{{"user_pool_id": "{POOL_ID}", "client_ids": ["webclient"], "jwks": {keys}}}]{more}}}"#)
}

/// Runs it.
///
/// # Panics
/// Something passed that must not, an answered stream went on, or a scheduler was left.
pub fn run(bytes: &[u8]) {
    let mut steps = Steps(bytes);
    let Some(mut envoy) = FakeEnvoy::start(&configuration(&mut steps)) else {
        panic!("the configuration is good: {:?}", FakeEnvoy::log());
    };
    let mut is_fresh: Vec<bool> = Vec::new();
    while let Some(step) = steps.byte() {
        let count = is_fresh.len();
        match step % 12 {
            0 | 1 => {
                let (headers, metadata) = (headers(&mut steps), metadata(&mut steps));
                let name = (steps.up_to(2) == 0).then(|| steps.bytes());
                let stream = envoy.stream_on_route(headers, name, metadata);
                is_fresh.push(true);
                if steps.up_to(4) == 0 {
                    envoy.fail(stream, failures(&mut steps));
                }
                if steps.up_to(2) == 0 {
                    envoy.end_at_once(stream);
                }
            }
            2 | 3 if count > 0 => {
                let stream = steps.up_to(count);
                if std::mem::replace(&mut is_fresh[stream], false) && !envoy.is_destroyed(stream) {
                    envoy.headers(stream, step % 2 == 0);
                }
            }
            4 if count > 0 => {
                let stream = steps.up_to(count);
                if !envoy.is_destroyed(stream) {
                    let goes_on = envoy.body(stream, false);
                    assert_eq!(
                        goes_on,
                        envoy.passage(stream) == Passage::Passed,
                        "a body goes where its headers went"
                    );
                }
            }
            5 if count > 0 => {
                let stream = steps.up_to(count);
                if !envoy.is_destroyed(stream) && envoy.passage(stream) == Passage::Passed {
                    let trailers =
                        (steps.up_to(4) > 0).then(|| (0..steps.up_to(4)).map(|_| header(&mut steps)).collect());
                    if let Some(left) = envoy.trailers(stream, trailers) {
                        assert_no_reserved(&left);
                    }
                }
            }
            6 if count > 0 => envoy.destroy(steps.up_to(count)),
            7 => {
                envoy.run_main();
            }
            8 => {
                envoy.run_worker();
            }
            9 => {
                let calls = envoy.calls();
                if let Some(call) = calls.get(steps.up_to(calls.len())) {
                    envoy.answer(call.id, &answered(&mut steps));
                }
            }
            10 => {
                // An answer to no call.
                envoy.answer(u64::MAX, &answered(&mut steps));
            }
            _ => envoy.set_cluster(match steps.up_to(4) {
                0 => Cluster::Unknown,
                1 => Cluster::NoHost,
                2 => Cluster::Refuses,
                _ => Cluster::Works,
            }),
        }
        (0..is_fresh.len()).for_each(|stream| check(&envoy, stream, is_fresh[stream]));
    }
}

fn check(envoy: &FakeEnvoy, stream: usize, is_fresh: bool) {
    match envoy.passage(stream) {
        Passage::Passed => {
            let headers = envoy.request_headers(stream);
            let good = format!("Bearer {}", token()).into_bytes();
            let is_good = headers
                .iter()
                .any(|(name, value)| name == b"authorization" && *value == good);
            assert!(is_good, "it passed without a good token");
            let own: Pairs = headers
                .iter()
                .filter(|(name, _)| name.starts_with(b"x-cognito-"))
                .cloned()
                .collect();
            assert_eq!(
                own.iter().filter(|(name, _)| name == b"x-cognito-sub").count(),
                1,
                "{own:?}"
            );
        }
        Passage::Answered(reply) => assert!(matches!(reply.status, 400 | 401 | 403 | 503), "{reply:?}"),
        Passage::Waits => {}
        Passage::Stuck => assert!(is_fresh || envoy.is_destroyed(stream), "a client waits for ever"),
    }
}

fn assert_no_reserved(trailers: &Pairs) {
    for (name, _) in trailers {
        let folded: Vec<u8> = name
            .iter()
            .map(|byte| {
                if byte.is_ascii_alphanumeric() {
                    byte.to_ascii_lowercase()
                } else {
                    b'-'
                }
            })
            .collect();
        assert!(!folded.starts_with(b"x-cognito-"), "a trailer speaks for the filter");
    }
}
