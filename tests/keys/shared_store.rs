//! The store that all workers share: lost races, and what others write there.

use super::*;
use envoy_cognito_jwt::keys::shared::MAX_RECORD_BYTES;
use envoy_cognito_jwt::time::UnixTime;
use support::world::settings::pool;

/// The words of a record's first line, in their order.
const HEAD: [&str; 9] = [
    "layout",
    "pool",
    "failures",
    "retry_at",
    "refetched_at",
    "mark",
    "until",
    "fetched_at",
    "refresh_at",
];

/// The record of the only pool, as a tree to tamper with.
fn record(world: &World) -> Value {
    let text = String::from_utf8(world.store.bytes(&world.store.keys_entry())).unwrap();
    let mut lines = text.split('\n');
    let words: Vec<&str> = lines.next().unwrap().split(' ').collect();
    assert_eq!(words.len(), HEAD.len());
    let mut record: Value = HEAD.into_iter().zip(words).collect();
    let keys = lines.map(|line| {
        let words: Vec<&str> = line.split(' ').collect();
        json!({"kid": words[0], "n": words[1], "e": words[2]})
    });
    record["keys"] = keys.collect();
    record
}

/// The record as it stands in the store.
fn written(record: &Value) -> String {
    let word = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut head: Vec<String> = HEAD.iter().map(|name| word(&record[*name])).collect();
    head.extend(record.get("more").map(word));
    let mut lines = vec![head.join(" ")];
    for key in record["keys"].as_array().unwrap() {
        lines.push([word(&key["kid"]), word(&key["n"]), word(&key["e"])].join(" "));
    }
    lines.join("\n")
}

fn poison(world: &World, record: &Value) {
    world.store.poison(&world.store.keys_entry(), written(record));
}

#[test]
fn a_worker_that_read_before_another_wrote_loses() {
    // Worker 1 is stopped between reading and writing, while worker 0 takes the lease.
    for warmth in [false, true] {
        let mut world = if warmth {
            warm(2, json!({}))
        } else {
            World::start(&fetched(json!({})), 2)
        };
        if warmth {
            world.now = world.now.after(std::time::Duration::from_secs(301));
        }
        let before = world.sent().len();
        world.tick_with_old_view(0, 1);
        assert_eq!(world.sent().len(), before + 1, "warm: {warmth}");
        world.answer_next(Some(publishes(&[first_key()])));
        world.pass_millis(250);
        assert_eq!(world.fate_of(1, &signed_by(first_key())), Fate::Passed);
        assert_eq!(world.sent().len(), before + 1);
    }
}

#[test]
fn a_worker_that_reads_another_mark_after_writing_its_own_has_lost() {
    // Some hosts let two write a new entry at the same time; the last one stays.
    let others_lease = {
        let mut world = World::start(&fetched(json!({})), 1);
        world.random = Some(12_345);
        world.tick(0);
        world.store.bytes(&world.store.keys_entry())
    };
    let mut world = World::start(&fetched(json!({})), 1);
    world.store.overwrite_next(others_lease);
    world.pass_millis(4900);
    assert_eq!(world.sent().len(), 0);
    // The other one never comes back: its lease ends.
    world.pass_millis(500);
    assert_eq!(world.sent().len(), 1);
}

#[test]
fn a_late_answer_leaves_the_lease_to_whoever_has_it_by_now() {
    for late in [publishes(&[first_key()]), answer(500, "")] {
        let mut world = warm(3, json!({"timeout_ms": 2000, "refetch_cooldown_seconds": 0}));
        world.has_timeouts = false;
        world.pass_until_call();
        world.pass_millis(2300);
        let under_way = world.calls.unanswered();
        assert_eq!(
            under_way.len(),
            2,
            "the first lease has ended, and another worker fetches"
        );
        world.answer(under_way[0].id, Some(late));
        let third = (0..3)
            .find(|worker| under_way.iter().all(|sent| sent.worker != *worker))
            .unwrap();
        world.pass_millis(250);
        world.ask(third, &with_unknown_kid(1));
        world.pass_millis(250);
        assert_eq!(world.sent().len(), 3, "nobody else fetches meanwhile");
    }
}

#[test]
fn lost_swaps_are_tried_again() {
    let mut world = World::start(&fetched(json!({})), 2);
    world.store.refuse_swaps(3);
    world.pass_millis(10);
    assert_eq!(world.sent().len(), 1);
    world.store.refuse_swaps(3);
    world.answer_next(Some(publishes(&[first_key()])));
    world.pass_millis(250);
    assert_eq!(world.fate_of(0, &signed_by(first_key())), Fate::Passed);
    assert_eq!(world.fate_of(1, &signed_by(first_key())), Fate::Passed);
    world.pass_secs(5);
    assert_eq!(world.sent().len(), 1);
}

#[test]
fn what_is_no_record_of_this_pool_is_none() {
    let other = {
        let mut world = World::start(&json!({"pools": [pool("us-east-1_Example02", json!({}))]}), 1);
        world.pass_millis(1);
        world.answer_next(Some(publishes(&[second_key()])));
        world.store.bytes(&world.store.keys_entry())
    };
    let good = record(&warm(1, json!({})));
    let with = |name: &str, value: Value| {
        let mut record = good.clone();
        record[name] = value;
        written(&record).into_bytes()
    };
    let weak =
        json!([{"kid": support::tokens::base64url(b"weak"), "n": support::tokens::base64url([0xff; 64]), "e": "AQAB"}]);
    let twice = json!([good["keys"][0], good["keys"][0]]);
    for (what, bytes) in [
        ("nothing", Vec::new()),
        ("garbage", b"\x00\xff garbage".to_vec()),
        ("HTML", b"<html>".to_vec()),
        ("an empty object", b"{}".to_vec()),
        ("another pool's record", other),
        ("another layout", with("layout", json!(2))),
        ("a word more", with("more", json!(1))),
        ("no keys", with("keys", json!([]))),
        ("a weak key", with("keys", weak)),
        ("a key twice", with("keys", twice)),
        ("a negative time", with("fetched_at", json!(-1))),
        ("huge", with("pool", json!("x".repeat(MAX_RECORD_BYTES)))),
        ("nested deeply", vec![b'['; 200_000]),
    ] {
        let mut world = warm(2, json!({}));
        let entry = world.store.keys_entry();
        world.store.poison(&entry, bytes);
        world.pass_millis(500);
        for worker in 0..2 {
            assert_eq!(world.fate_of(worker, &signed_by(first_key())), Fate::Passed, "{what}");
            let other = world.ask(worker, &signed_by(second_key()));
            assert_ne!(world.fate(other), Fate::Passed, "{what}");
        }
        // A worker that starts now finds no keys, and heals the record.
        let late = world.start_worker();
        world.pass_millis(250);
        while !world.calls.unanswered().is_empty() {
            world.answer_next(Some(publishes(&[first_key()])));
        }
        world.pass_millis(250);
        assert_eq!(world.fate_of(late, &signed_by(first_key())), Fate::Passed, "{what}");
        assert_eq!(record(&world)["pool"], good["pool"], "{what}");
    }
}

#[test]
fn a_record_of_the_future_is_not_used_for_long() {
    let far = (START + 40 * 365 * 86_400) * 1000;
    for (what, changes) in [
        ("a lease", json!({"mark": 7, "until": far})),
        ("a back-off", json!({"retry_at": far, "failures": u32::MAX})),
        ("a fetch", json!({"fetched_at": far, "refresh_at": far})),
        ("a refresh", json!({"refresh_at": far})),
        ("a refetch", json!({"refetched_at": far})),
    ] {
        let mut world = warm(2, json!({}));
        let mut tampered = record(&world);
        for (name, value) in changes.as_object().unwrap() {
            tampered[name] = value.clone();
        }
        poison(&world, &tampered);
        world.pass_until_call();
        assert!(
            world.now <= UnixTime::from_secs(START + 310),
            "{what} keeps the keys from being fetched"
        );
        while !world.calls.unanswered().is_empty() {
            world.answer_next(Some(publishes(&[second_key()])));
            world.pass_millis(250);
        }
        for worker in 0..2 {
            assert_eq!(world.fate_of(worker, &signed_by(second_key())), Fate::Passed, "{what}");
        }
        world.pass_secs(31);
        let asked = world.ask(0, &with_unknown_kid(1));
        world.pass_millis(50);
        assert_eq!(
            world.fate(asked),
            Fate::Waits,
            "{what} keeps unknown kids from being looked for"
        );
    }
}

#[test]
fn an_older_record_brings_no_withdrawn_key_back() {
    let mut world = warm(2, json!({}));
    let old = record(&world);
    world.pass_until_call();
    world.answer_next(Some(publishes(&[second_key()])));
    world.pass_millis(250);
    poison(&world, &old);
    world.pass_millis(500);
    for worker in 0..2 {
        let asked = world.ask(worker, &signed_by(first_key()));
        assert_ne!(world.fate(asked), Fate::Passed);
        assert_eq!(world.fate_of(worker, &signed_by(second_key())), Fate::Passed);
    }
    world.pass_millis(250);
    while !world.calls.unanswered().is_empty() {
        world.answer_next(Some(publishes(&[second_key()])));
        world.pass_millis(250);
    }
    assert_eq!(
        record(&world)["keys"][0]["kid"],
        json!(support::tokens::base64url(second_key().kid.as_bytes())),
        "the record is healed"
    );
    // A failed fetch writes, too, and heals as well.
    poison(&world, &old);
    world.pass_until_call();
    world.answer_next(Some(answer(500, "")));
    assert_eq!(
        record(&world)["keys"][0]["kid"],
        json!(support::tokens::base64url(second_key().kid.as_bytes()))
    );
}

#[test]
fn entries_are_named_by_issuer_uri_and_cluster() {
    let name = |config: &Value| {
        let mut world = World::start(config, 1);
        world.pass_millis(1);
        world.store.keys_entry()
    };
    let plain = name(&fetched(json!({})));
    assert_eq!(plain, name(&fetched(json!({"ttl_seconds": 10}))));
    assert_ne!(
        plain,
        name(&fetched(json!({"uri": "https://elsewhere.example.com/jwks.json"})))
    );
    assert_ne!(plain, name(&fetched(json!({"cluster": "elsewhere"}))));
    assert_ne!(plain, name(&json!({"pools": [pool("us-east-1_Example02", json!({}))]})));
}
