//! Key servers that answer with what cannot be used.

use super::*;
use envoy_cognito_jwt::call::Body;

fn bad_answers() -> Vec<(&'static str, Option<HttpAnswer>)> {
    let key = first_key().jwk();
    let mut weak = key.clone();
    weak["n"] = json!(support::tokens::base64url([0xff; 128]));
    let mut encryption = key.clone();
    encryption["use"] = json!("enc");
    let many = (0..65).map(|number| {
        let mut key = key.clone();
        key["kid"] = json!(format!("kid-{number}"));
        key
    });
    let many: Vec<Value> = many.collect();
    let padded = format!("{}{}", jwks(&[second_key()]), " ".repeat(256 * 1024));
    vec![
        ("no answer", None),
        ("404", Some(answer(404, jwks(&[second_key()])))),
        ("302", Some(answer(302, jwks(&[second_key()])))),
        ("201", Some(answer(201, jwks(&[second_key()])))),
        ("500", Some(answer(500, ""))),
        ("HTML", Some(answer(200, "<html><body>maintenance</body></html>"))),
        ("nothing", Some(answer(200, ""))),
        ("a list", Some(answer(200, "[]"))),
        ("no keys member", Some(answer(200, "{}"))),
        ("no keys", Some(answer(200, r#"{"keys": []}"#))),
        (
            "a kid twice",
            Some(answer(200, json!({"keys": [key, key]}).to_string())),
        ),
        ("weak keys only", Some(answer(200, json!({"keys": [weak]}).to_string()))),
        (
            "encryption keys only",
            Some(answer(200, json!({"keys": [encryption]}).to_string())),
        ),
        ("65 keys", Some(answer(200, json!({"keys": many}).to_string()))),
        ("too long", Some(answer(200, padded))),
        (
            "too long to be read",
            Some(HttpAnswer {
                status: 200,
                body: Body::TooLarge,
            }),
        ),
        ("not UTF-8", Some(answer(200, vec![0xff; 64]))),
        ("nested deeply", Some(answer(200, "[".repeat(200_000)))),
    ]
}

#[test]
fn a_bad_set_never_replaces_a_good_one() {
    let mut world = warm(2, json!({}));
    for (what, bad) in bad_answers() {
        let before = world.counter("jwks_fetch_failed");
        world.pass_until_call();
        world.answer_next(bad);
        assert_eq!(world.counter("jwks_fetch_failed"), before + 1, "{what}");
        world.pass_millis(250);
        for worker in 0..2 {
            assert_eq!(world.fate_of(worker, &signed_by(first_key())), Fate::Passed, "{what}");
        }
    }
    assert_eq!(world.counter("jwks_fetch_success"), 1);
}

#[test]
fn a_bad_set_is_no_set_at_the_start() {
    for (what, bad) in bad_answers() {
        let mut world = World::start(&fetched(json!({"timeout_ms": 500})), 2);
        let asked = [
            world.ask(0, &signed_by(first_key())),
            world.ask(1, &signed_by(first_key())),
        ];
        world.pass_millis(1);
        world.answer_next(bad);
        world.pass_millis(30);
        assert_eq!(world.count_of(&asked, &Fate::Refused("keys_unavailable")), 2, "{what}");
        world.pass_millis(1500);
        world.answer_next(Some(publishes(&[first_key()])));
        world.pass_millis(250);
        assert_eq!(world.fate_of(1, &signed_by(first_key())), Fate::Passed, "{what}");
    }
}
