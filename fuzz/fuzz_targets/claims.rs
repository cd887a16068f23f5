//! Claims that are accepted mean to us what they mean to serde_json, and each known one has its type.
#![no_main]

use cognito_jwt::token::claims::{ClaimSet, ClaimView, Claims};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|json: &str| {
    let Ok(set) = ClaimSet::parse(json.to_owned()) else {
        // What is no set of claims at all is no claims of a token either.
        assert!(Claims::parse(json.to_owned()).is_err());
        return;
    };
    let Value::Object(members) = serde_json::from_str(json).expect("accepted, so JSON") else {
        panic!("accepted, so an object");
    };
    // As many members as names: none stands twice.
    assert_eq!(set.members().count(), members.len());
    for (name, value) in &members {
        let raw = set.raw(name).expect("each member is found by its name");
        assert_eq!(&serde_json::from_str::<Value>(raw).expect("a member is JSON"), value);
        assert!(
            means(&set.view(name).expect("each member can be viewed"), value),
            "{name}"
        );
    }

    let Ok(claims) = Claims::parse(json.to_owned()) else {
        return;
    };
    assert_eq!(Some(claims.issuer()), members.get("iss").and_then(Value::as_str));
    assert_eq!(Some(&**claims.subject()), members.get("sub").and_then(Value::as_str));
    assert_eq!(Some(claims.expires_at()), members.get("exp").and_then(Value::as_f64));
    assert_eq!(
        claims.not_before(),
        members.get("nbf").map(|nbf| nbf.as_f64().expect("a number"))
    );
    assert_eq!(
        claims.scope(),
        members.get("scope").map(|scope| scope.as_str().expect("a string"))
    );
    let groups = members
        .get("cognito:groups")
        .map(|groups| groups.as_array().expect("a list").as_slice());
    let groups = groups
        .unwrap_or_default()
        .iter()
        .map(|group| group.as_str().expect("of strings"));
    assert!(claims.groups().eq(groups));
});

fn means(view: &ClaimView<'_>, value: &Value) -> bool {
    match (view, value) {
        (ClaimView::Text(ours), Value::String(theirs)) => ours == theirs,
        (ClaimView::Number(ours), Value::Number(theirs)) => Some(*ours) == theirs.as_f64(),
        (ClaimView::Bool(ours), Value::Bool(theirs)) => ours == theirs,
        (ClaimView::Null, Value::Null) => true,
        (ClaimView::List(ours), Value::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| means(ours, theirs))
        }
        (ClaimView::Object(ours), Value::Object(_)) => {
            serde_json::from_str::<Value>(ours).is_ok_and(|ours| ours == *value)
        }
        _ => false,
    }
}
