//! The hostile corpus (`tests/hostile/`), through the whole filter.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

use serde_json::{Value, json};
use std::collections::BTreeMap;
use support::corpus;
use support::world::ask::Ask;
use support::world::{Fate, START, World, answer};

fn corpus() -> Value {
    let corpus = corpus::corpus();
    assert_eq!(
        corpus["now"],
        json!(START),
        "the world begins when the corpus was minted"
    );
    corpus
}

/// A worker that has fetched every pool's keys, or tried to, at the corpus' moment.
fn world(corpus: &Value) -> World {
    world_with(corpus, json!({}))
}

/// The same with these members of the configuration.
fn world_with(corpus: &Value, members: Value) -> World {
    let mut config = members;
    config["pools"] = corpus::config(corpus)["pools"].take();
    let mut world = World::start(&config, 1);
    world.tick_all();
    assert_eq!(world.sent().len(), corpus::pools(corpus).len());
    answer_fetches(&mut world, corpus);
    world
}

fn answer_fetches(world: &mut World, corpus: &Value) {
    let sets: BTreeMap<String, String> = corpus::pools(corpus)
        .iter()
        .map(|pool| {
            let path = format!("/{}/.well-known/jwks.json", pool["user_pool_id"].as_str().unwrap());
            (path, corpus::key_set(corpus, pool))
        })
        .collect();
    for sent in world.calls.unanswered() {
        world.answer(sent.id, Some(answer(200, sets[&sent.call.path].as_str())));
    }
}

fn ask(case: &Value) -> Ask {
    let request = &case["request"];
    let mut ask = Ask::get(request["path"].as_str().unwrap());
    for header in request["headers"].as_array().unwrap() {
        ask = ask.header_bytes(
            &header[0].as_str().unwrap().to_ascii_lowercase(),
            &corpus::bytes(&header[1]),
        );
    }
    ask
}

/// The code, or `allowed`.
fn decision(world: &mut World, corpus: &Value, id: envoy_cognito_jwt::request::RequestId) -> String {
    let mut rounds = 0;
    loop {
        match world.fate(id) {
            Fate::Passed => return "allowed".to_owned(),
            Fate::Refused(code) => return code.to_owned(),
            Fate::Waits => {}
        }
        world.pass_millis(200);
        answer_fetches(world, corpus);
        rounds += 1;
        assert!(rounds < 100, "it waits for ever");
    }
}

#[test]
fn every_case_is_decided_as_it_must_be() {
    let corpus = corpus();
    let cases = corpus["cases"].as_array().unwrap();
    assert!(cases.len() > 500, "{} cases", cases.len());
    let mut faults = Vec::new();
    let mut fresh = world(&corpus);
    for case in cases {
        let id = fresh.ask(0, &ask(case));
        let decided = if fresh.fate(id) == Fate::Waits {
            // Time passes while it waits: the others must not see that.
            let decided = decision(&mut fresh, &corpus, id);
            fresh = world(&corpus);
            decided
        } else {
            let decided = decision(&mut fresh, &corpus, id);
            let upstream = case["upstream"].as_object();
            for (name, values) in upstream.into_iter().flatten().filter(|_| decided == "allowed") {
                let found = fresh.upstream(id, name);
                if json!(found) != *values {
                    faults.push(format!("{}: {name} is {found:?}, not {values}", case["name"]));
                }
            }
            decided
        };
        if case["expect"] != json!(decided) {
            faults.push(format!("{}: {decided}, not {}", case["name"], case["expect"]));
        }
    }
    assert_eq!(faults, Vec::<String>::new());
}

#[test]
fn no_case_passes_twice_where_it_must_not_pass_once() {
    // The token cache must change nothing: each case again, with all the good tokens cached.
    let corpus = corpus();
    let mut world = world(&corpus);
    let cases = corpus["cases"].as_array().unwrap();
    for case in cases.iter().chain(cases) {
        let id = world.ask(0, &ask(case));
        match world.fate(id) {
            Fate::Passed => assert_eq!(case["expect"], json!("allowed"), "{}", case["name"]),
            Fate::Refused(code) => assert_eq!(case["expect"], json!(code), "{}", case["name"]),
            Fate::Waits => world.hang_up(id),
        }
    }
}

#[test]
fn no_reading_of_a_request_passes_a_rule() {
    let corpus = corpus();
    let rules = corpus["readings"]["rules"].clone();
    let mut world = world_with(&corpus, json!({"rules": rules, "bypass_cors_preflight": true}));
    let mut faults = Vec::new();
    for case in corpus["readings"]["cases"].as_array().unwrap() {
        let text = |name: &str| case[name].as_str().unwrap();
        let mut ask = ask(case).method(text("method")).authority(text("authority"));
        ask.ends_stream = text("body").is_empty();
        let id = world.ask(0, &ask);
        let decided = match world.fate(id) {
            Fate::Passed => world.filter_state(id).0.unwrap_or_default(),
            Fate::Refused(code) => code,
            Fate::Waits => "waits",
        };
        if case["expect"] != json!(decided) {
            faults.push(format!("{}: {decided}, not {}", case["name"], case["expect"]));
        }
    }
    assert_eq!(faults, Vec::<String>::new());
}
