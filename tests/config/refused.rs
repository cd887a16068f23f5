//! Wrong configurations, and the line that each is refused with.

use super::support::{encode_struct, jwk, other_pool, parse, pool_with, read, set, smallest, with, without};
use serde_json::{Value, json};

/// The pool of examples.
const POOL: &str = r#"{"user_pool_id": "us-east-1_Ab1Cd2Ef3", "client_ids": "any", "jwks": {"cluster": "cognito"}}"#;

/// The line of `config`'s refusal, the same in both forms.
fn refusal(config: &Value) -> String {
    match parse(config) {
        Ok(_) => "accepted".into(),
        Err(line) => line,
    }
}

#[test]
fn each_error_is_reported_with_its_place_and_how_to_fix_it() {
    let mut wrong = Vec::new();
    for (pointer, value, expected) in table() {
        let found = refusal(&with(pointer, value.clone()));
        if found != format!("config: {expected}") {
            wrong.push(format!(
                "{pointer}: {value}\n  expected: config: {expected}\n     found: {found}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{} lines differ\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_is_missing_is_reported_where_it_belongs() {
    let table = [
        (
            "/pools",
            r#"pools: is missing: must be a list such as [{"user_pool_id": "us-east-1_Ab1Cd2Ef3", "client_ids": "any", "jwks": {"cluster": "cognito"}}] (the user pools whose tokens are accepted)"#,
        ),
        (
            "/pools/0/user_pool_id",
            r#"pools[0].user_pool_id: is missing: must be <region>_<id> as Cognito shows it, such as "us-east-1_Ab1Cd2Ef3" (the pool's id as Cognito shows it)"#,
        ),
        (
            "/pools/0/client_ids",
            r#"pools[0].client_ids: is missing: must be a list such as ["1h57kf5cpq17m0eml12EXAMPLE"], or "any" (the app clients whose tokens are accepted: aud of an ID token, client_id of an access token)"#,
        ),
        (
            "/pools/0/jwks",
            r#"pools[0].jwks: is missing: must be an object such as {"cluster": "cognito"} (where the pool's public keys come from)"#,
        ),
        (
            "/pools/0/jwks/cluster",
            "pools[0].jwks: must have exactly one of: cluster, inline",
        ),
    ];
    for (pointer, expected) in table {
        assert_eq!(refusal(&without(pointer)), format!("config: {expected}"));
    }
}

#[test]
fn all_errors_are_reported_in_one_line() {
    let mut document = with("/realm", json!(""));
    set(&mut document, "/pools/0/client_ids", json!([]));
    set(&mut document, "/pools/1", other_pool());
    set(&mut document, "/pools/1/token_use", json!("x"));
    set(
        &mut document,
        "/pools/2",
        json!({"user_pool_id": "x", "client_ids": 1, "jwks": {"uri": ""}}),
    );
    set(
        &mut document,
        "/pools/3",
        json!({"user_pool_id": "us-east-1_B", "client_ids": "any", "issuer": "x", "jwks": {"cluster": "c"}}),
    );
    let lines = [
        r#"config: pools[0].client_ids: must name at least one app client, or be "any""#,
        r#"config: pools[1].token_use: must be "id", "access" or "any", not "x""#,
        r#"config: pools[2].user_pool_id: must be <region>_<id> as Cognito shows it, such as "us-east-1_Ab1Cd2Ef3", not "x""#,
        r#"config: pools[2].client_ids: must be a list such as ["1h57kf5cpq17m0eml12EXAMPLE"], or "any", not a number"#,
        "config: pools[2].jwks.uri: must not be empty",
        "config: pools[2].jwks: must have exactly one of: cluster, inline",
        r#"config: realm: must be visible ASCII and spaces, without quotes and backslashes, such as "cognito", not """#,
        "config: pools[3].issuer: must be a URL that begins with https:// or http://",
    ];
    let found = refusal(&document);
    let mut found: Vec<&str> = found.split("; ").collect();
    let mut expected = lines.to_vec();
    // In which order members of an object are read is not said.
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
    // What the values mean comes after what they are.
    assert!(refusal(&document).ends_with(lines[lines.len() - 1]));
}

#[test]
fn a_line_reports_the_first_twenty_errors() {
    let line = refusal(&with("/rules", (0..23).map(|_| json!(1)).collect()));
    assert!(
        line.ends_with("config: rules[19]: must be an object such as {\"match\": {\"path\": {\"prefix\": \"/health\"}}, \"auth\": \"none\"}, not a number; and 3 more"),
        "{line}"
    );
}

#[test]
fn the_longest_client_id_has_128_characters() {
    assert!(parse(&with("/pools/0/client_ids", json!(["a".repeat(128)]))).is_ok());
    let line = refusal(&with("/pools/0/client_ids", json!(["a".repeat(129)])));
    assert!(
        line.contains("pools[0].client_ids[0]: must be an app client's id"),
        "{line}"
    );
}

#[test]
fn more_than_a_thousand_pools() {
    let mut document = smallest();
    for nth in 0..1001 {
        set(&mut document, &format!("/pools/{nth}"), other_pool());
    }
    assert_eq!(
        refusal(&document),
        "config: pools: must have at most 1000 user pools, not 1001"
    );
}

#[test]
fn repeated_members_are_reported_at_their_object() {
    let pool = r#"{"user_pool_id": "us-east-1_A", "client_ids": "any", "jwks": {"cluster": "c"}}"#;
    let members = "user_pool_id, region, client_ids, token_use, issuer, additional_regions, jwks, user_info";
    let top = "pools, token_sources, rules, identity, user_lookup, clock_skew_seconds, mode, bypass_cors_preflight, \
        token_cache, limits, realm, disclose_reason, $schema";
    let twice =
        pool.replace('{', r#"{"client_ids": ["a"], "#)
            .replacen(r#"{"client_ids": ["a"], "cluster"#, r#"{"cluster"#, 1);
    let escaped = twice.replacen("client_ids", r"client\u005fids", 1);
    let table = [
        (
            format!(r#"{{"pools": [{pool}], "realm": "a", "realm": "a"}}"#),
            format!(r#"repeated member "realm"; members are: {top}"#),
        ),
        (
            format!(r#"{{"pools": [{twice}]}}"#),
            format!(r#"pools[0]: repeated member "client_ids"; members are: {members}"#),
        ),
        (
            format!(r#"{{"pools": [{escaped}]}}"#),
            format!(r#"pools[0]: repeated member "client_ids"; members are: {members}"#),
        ),
        (
            format!(r#"{{"pools": [{pool}], "identity": {{"headers": {{"x-a": "sub", "x-a": "email"}}}}}}"#),
            r#"identity.headers: repeated member "x-a""#.into(),
        ),
    ];
    for (text, expected) in table {
        assert_eq!(read(text.as_bytes()).unwrap_err(), format!("config: {expected}"));
    }
    let twice = [encode_struct(&smallest()), encode_struct(&smallest())].concat();
    assert_eq!(
        read(&twice).unwrap_err(),
        format!(r#"config: repeated member "pools"; members are: {top}"#)
    );
}

#[test]
fn bytes_of_neither_form() {
    let json = "config: must be JSON text or a google.protobuf.Struct, but as JSON: ";
    let proto = "config: must be JSON text or a google.protobuf.Struct, but as a Struct: ";
    let missing = format!(
        "config: pools: is missing: must be a list such as [{POOL}] (the user pools whose tokens are accepted)"
    );
    let table: [(&[u8], String); 10] = [
        (b"", missing),
        (b"  ", format!("{json}EOF while parsing a value at line 1 column 2")),
        (b"{", format!("{json}EOF while parsing an object at line 1 column 1")),
        (b"{\"pools\": [],}", format!("{json}trailing comma at line 1 column 14")),
        (b"{} {}", format!("{json}trailing characters at line 1 column 4")),
        (
            b"[]",
            format!("config: must be an object such as {{\"pools\": [{POOL}]}}, not a list"),
        ),
        (b"pools: []", format!("{json}expected value at line 1 column 1")),
        (
            b"{\"a\xff\": 1}",
            "config: must be JSON text or a google.protobuf.Struct, but is not UTF-8 at byte 3".into(),
        ),
        (
            b"\x0a\x05",
            format!("{proto}failed to decode Protobuf message: Struct.fields: buffer underflow"),
        ),
        (
            b"\x0a\x04\x0a\x00\x12\x00",
            format!("{proto}a value has no kind, or two"),
        ),
    ];
    for (bytes, expected) in table {
        assert_eq!(read(bytes).unwrap_err(), expected, "{bytes:?}");
    }
    let deep = format!("{{\"a\": {}{}}}", "[".repeat(200), "]".repeat(200));
    assert!(read(deep.as_bytes()).unwrap_err().contains("recursion limit exceeded"));
}

#[test]
fn keys_in_the_configuration_that_cannot_all_be_used() {
    let named = |kid: &str| jwk(&[("kid", json!(kid))]);
    let many: Vec<Value> = (0..65).map(|nth| named(&nth.to_string())).collect();
    let table = [
        (
            json!("{}"),
            r#"must be a JWK set such as {"keys": [{"kty": "RSA", "kid": "…", "n": "…", "e": "AQAB"}]}, not a string"#,
        ),
        (json!({}), r#"must be a JWK set: an object with a list "keys""#),
        (
            json!({"keys": []}),
            "has no usable key: must have an RSA key of 2048 to 4096 bits for RS256",
        ),
        (json!({"keys": many}), "has too many keys: must have at most 64"),
        (
            json!({"keys": [named("a"), named("a")]}),
            r#"keys[0] and keys[1] have the same "kid" "a": each must have its own"#,
        ),
        (
            json!({"keys": [named("a"), jwk(&[("kid", json!("b")), ("use", json!("enc"))])]}),
            r#"keys[1] with kid "b": "use" must be "sig" or left out"#,
        ),
        (
            json!({"keys": [jwk(&[("kty", json!("EC"))]), jwk(&[("kid", json!("b")), ("alg", json!("RS512"))])]}),
            r#"keys[0] with kid "a+/=": "kty" must be "RSA"; config: pools[0].jwks.inline: keys[1] with kid "b": "alg" must be "RS256" or left out"#,
        ),
        (
            json!({"keys": [jwk(&[("n", json!("AQAB"))])]}),
            r#"keys[0] with kid "a+/=": the modulus "n" has 17 bits: it must have 2048 to 4096"#,
        ),
    ];
    for (inline, expected) in table {
        let line = refusal(&with("/pools/0/jwks", json!({"inline": inline})));
        assert_eq!(line, format!("config: pools[0].jwks.inline: {expected}"));
    }
    for (name, value, expected) in [
        (
            "cluster",
            "c",
            "pools[0].jwks: must have exactly one of: cluster, inline, but has cluster and inline",
        ),
        (
            "uri",
            "https://a.example/",
            r#"pools[0].jwks.uri: is only allowed together with "cluster": inline keys are not fetched"#,
        ),
    ] {
        let both = json!({"inline": {"keys": [named("a")]}, name: value});
        assert_eq!(refusal(&with("/pools/0/jwks", both)), format!("config: {expected}"));
    }
}

/// `require` of a rule, where the pool is of this kind, and what is said of it.
#[test]
fn what_no_token_can_meet_is_refused_with_the_reason() {
    let place = "config: rules[0].require";
    let [id, access, any] = ["id", "access", "any"].map(|token_use| pool_with("token_use", json!(token_use)));
    let change = |to: &str| format!("change \"token_use\" of a pool to \"{to}\" or \"any\"");
    let other = {
        let mut pool = other_pool();
        pool["client_ids"] = json!(["machine"]);
        pool["token_use"] = json!("access");
        pool
    };
    let never = "no token can meet it, since";
    let apart = format!("{place}: {never} no pool accepts such tokens of such app clients");
    let custom = "would accept every value, since custom attributes are strings in tokens: compare it with a string such as \"1\"";
    let table: Vec<(Vec<&Value>, Value, String)> = vec![
        (
            vec![&id],
            json!({"token_use": "access"}),
            format!(
                "{place}.token_use: {never} no pool accepts access tokens: {}",
                change("access")
            ),
        ),
        (
            vec![&access],
            json!({"token_use": "id"}),
            format!("{place}.token_use: {never} no pool accepts ID tokens: {}", change("id")),
        ),
        (
            vec![&id],
            json!([{"groups": {"any": ["a"]}}, {"scopes": {"any": ["s"]}}]),
            format!(
                "{place}[1].scopes: {never} only access tokens have scopes, and no pool accepts them: {}",
                change("access")
            ),
        ),
        (
            vec![&any],
            json!({"scopes": {"any": ["s"]}, "token_use": "id"}),
            format!(
                "{place}.scopes: no token can meet it together with \"token_use\": \"id\", since only access tokens have scopes"
            ),
        ),
        (
            vec![&id, &other],
            json!({"client_ids": ["web", "machine", "x"]}),
            format!(
                "{place}.client_ids[2]: {never} no pool accepts the app client \"x\": add it to \"client_ids\" of its pool"
            ),
        ),
        (
            vec![&id, &other],
            json!({"client_ids": ["web"], "token_use": "access"}),
            apart.clone(),
        ),
        (
            vec![&id, &other],
            json!({"client_ids": ["web"], "scopes": {"all": ["s"]}}),
            apart.clone(),
        ),
        (
            vec![&id, &other],
            json!({"claims": {"token_use": "refresh"}}),
            apart.clone(),
        ),
        (
            vec![&any],
            json!({"claims": {"token_use": "access"}, "token_use": "id"}),
            apart.clone(),
        ),
        (
            vec![&any],
            json!({"claims": {"/token_use": {"not": "access"}}, "scopes": {"any": ["s"]}}),
            apart.clone(),
        ),
        (
            vec![&any],
            json!({"claims": {"iss": "https://id.example"}}),
            apart.clone(),
        ),
        (
            vec![&any],
            json!({"claims": {"iss": {"suffix": "us-east-1_Ab"}}}),
            apart.clone(),
        ),
        (
            vec![&any],
            json!({"claims": {"custom:t": {"present": false}}, "path_claims": {"user": "custom:t"}}),
            format!("{place}: {never} \"custom:t\" must be absent and present"),
        ),
        (
            vec![&any],
            json!({"claims": {"/a": {"present": false}, "/a/b": "x"}}),
            format!("{place}: {never} \"a\" must be absent and present"),
        ),
        (
            vec![&any],
            json!({"claims": {"cognito:groups": {"present": false}}, "groups": {"any": ["a"]}}),
            format!("{place}: {never} \"cognito:groups\" must be absent and present"),
        ),
        (
            vec![&any],
            json!({"claims": {"auth_time": {"present": false}}, "max_age_seconds": 1}),
            format!("{place}: {never} \"auth_time\" must be absent and present"),
        ),
        (
            vec![&any],
            json!({"claims": {"sub": {"present": false}}}),
            format!("{place}.claims.sub: {never} \"sub\" is always present"),
        ),
        (
            vec![&any],
            json!({"claims": {"sub": 5}}),
            format!("{place}.claims.sub: {never} \"sub\" is always a string"),
        ),
        (
            vec![&any],
            json!({"claims": {"/cognito:groups": {"not": ["a", 5]}}}),
            format!(
                "{place}.claims[\"/cognito:groups\"]: would accept every value, since \"cognito:groups\" is always a list of strings: compare it with that"
            ),
        ),
        (
            vec![&any],
            json!({"claims": {"auth_time": {"prefix": "1"}}}),
            format!("{place}.claims.auth_time: {never} \"auth_time\" is always a number"),
        ),
        (
            vec![&any],
            json!({"claims": {"/scope/a": "b"}}),
            format!(
                "{place}.claims[\"/scope/a\"]: {never} \"scope\" is always a string, with nothing of this name inside"
            ),
        ),
        (
            vec![&any],
            json!({"claims": {"custom:level": {"not": 1}}}),
            format!("{place}.claims[\"custom:level\"]: {custom}"),
        ),
        (
            vec![&any],
            json!({"claims": {"/custom:level": {"not": ["1", true]}}}),
            format!("{place}.claims[\"/custom:level\"]: {custom}"),
        ),
    ];
    for (pools, require, expected) in table {
        let rule = json!({"match": {"path": {"template": "/u/{user}"}}, "require": require});
        let config = json!({"pools": pools, "rules": [rule]});
        assert_eq!(refusal(&config), expected, "{require}");
    }
}

#[test]
fn nothing_is_said_of_requirements_while_pools_or_paths_are_wrong() {
    let mut document = with(
        "/rules",
        json!([{"require": {"scopes": {"any": ["s"]}, "client_ids": ["x"]}}]),
    );
    set(&mut document, "/pools/0/client_ids", json!(["*"]));
    let line = refusal(&document);
    assert!(!line.contains("rules"), "{line}");
    let rule = json!({"match": {"path": {"template": "u/{user}"}}, "require": {"path_claims": {"user": "sub"}}});
    assert_eq!(
        refusal(&with("/rules", json!([rule]))),
        "config: rules[0].match.path.template: must begin with a slash"
    );
}

#[test]
fn names_in_messages_stay_on_their_line_and_short() {
    let name = format!("a\n\"b{}", "c".repeat(200));
    let line = refusal(&with(&format!("/{name}"), json!(1)));
    assert!(line.starts_with("config: unknown member \"a\u{fffd}\\\"bccc"), "{line}");
    assert!(line.contains("ccc…\"; members are: pools"), "{line}");
}

/// Place, value put there, and what is said of it.
fn table() -> Vec<(&'static str, Value, &'static str)> {
    let rule = |rule: Value| json!([rule]);
    let require = |require: Value| json!([{"match": {"path": {"template": "/u/{user}"}}, "require": require}]);
    vec![
        (
            "/pools",
            json!({}),
            r#"pools: must be a list such as [{"user_pool_id": "us-east-1_Ab1Cd2Ef3", "client_ids": "any", "jwks": {"cluster": "cognito"}}], not an object"#,
        ),
        ("/pools", json!([]), "pools: must have at least one user pool"),
        (
            "/pools",
            json!(["x"]),
            r#"pools[0]: must be an object such as {"user_pool_id": "us-east-1_Ab1Cd2Ef3", "client_ids": "any", "jwks": {"cluster": "cognito"}}, not a string"#,
        ),
        (
            "/polls",
            json!(1),
            r#"unknown member "polls" (did you mean "pools"?); members are: pools, token_sources, rules, identity, user_lookup, clock_skew_seconds, mode, bypass_cors_preflight, token_cache, limits, realm, disclose_reason, $schema"#,
        ),
        (
            "/pools/0/client_id",
            json!("x"),
            r#"pools[0]: unknown member "client_id" (did you mean "client_ids"?); members are: user_pool_id, region, client_ids, token_use, issuer, additional_regions, jwks, user_info"#,
        ),
        (
            "/pools/0/user_pool_id",
            json!(1),
            r#"pools[0].user_pool_id: must be <region>_<id> as Cognito shows it, such as "us-east-1_Ab1Cd2Ef3", not a number"#,
        ),
        (
            "/pools/0/user_pool_id",
            json!(""),
            r#"pools[0].user_pool_id: must be <region>_<id> as Cognito shows it, such as "us-east-1_Ab1Cd2Ef3", not """#,
        ),
        (
            "/pools/0/user_pool_id",
            json!("Example"),
            r#"pools[0].user_pool_id: must be <region>_<id> as Cognito shows it, such as "us-east-1_Ab1Cd2Ef3", not "Example""#,
        ),
        (
            "/pools/0/user_pool_id",
            json!("us-east-1_"),
            r#"pools[0].user_pool_id: must be <region>_<id> as Cognito shows it, such as "us-east-1_Ab1Cd2Ef3", not "us-east-1_""#,
        ),
        (
            "/pools/0/user_pool_id",
            json!("_abc"),
            r#"pools[0].user_pool_id: must be <region>_<id> as Cognito shows it, such as "us-east-1_Ab1Cd2Ef3", not "_abc""#,
        ),
        (
            "/pools/0/user_pool_id",
            json!("us-east-1_a/b"),
            r#"pools[0].user_pool_id: must be <region>_<id> as Cognito shows it, such as "us-east-1_Ab1Cd2Ef3", not "us-east-1_a/b""#,
        ),
        (
            "/pools/0/user_pool_id",
            json!("evil.example/_a"),
            r#"pools[0].user_pool_id: must be <region>_<id> as Cognito shows it, such as "us-east-1_Ab1Cd2Ef3", not "evil.example/_a""#,
        ),
        (
            "/pools/0/region",
            json!("eu-west-1"),
            r#"pools[0].region: must be "us-east-1" as user_pool_id says, or be left out"#,
        ),
        (
            "/pools/0/region",
            json!(null),
            r#"pools[0].region: must be the name of a region, such as "us-east-1", not null"#,
        ),
        (
            "/pools/0/client_ids",
            json!([]),
            r#"pools[0].client_ids: must name at least one app client, or be "any""#,
        ),
        (
            "/pools/0/client_ids",
            json!("all"),
            r#"pools[0].client_ids: must be a list such as ["1h57kf5cpq17m0eml12EXAMPLE"], or "any", not "all""#,
        ),
        (
            "/pools/0/client_ids",
            json!(["a", ""]),
            r#"pools[0].client_ids[1]: must be an app client's id (letters, digits, "_" and "+", at most 128), such as "1h57kf5cpq17m0eml12EXAMPLE", not "": to accept every app client of the pool, write "client_ids": "any""#,
        ),
        (
            "/pools/0/client_ids",
            json!(["a", 1]),
            r#"pools[0].client_ids[1]: must be an app client's id (letters, digits, "_" and "+", at most 128), such as "1h57kf5cpq17m0eml12EXAMPLE", not a number: to accept every app client of the pool, write "client_ids": "any""#,
        ),
        (
            "/pools/0/client_ids",
            json!(["a", "b", "a"]),
            "pools[0].client_ids[2]: is in the list already: name it once",
        ),
        (
            "/pools/0/client_ids",
            json!(["a", "*"]),
            r#"pools[0].client_ids[1]: must be an app client's id (letters, digits, "_" and "+", at most 128), such as "1h57kf5cpq17m0eml12EXAMPLE", not "*": to accept every app client of the pool, write "client_ids": "any""#,
        ),
        (
            "/pools/0/client_ids",
            json!(["a", "any"]),
            r#"pools[0].client_ids[1]: must be an app client's id (letters, digits, "_" and "+", at most 128), such as "1h57kf5cpq17m0eml12EXAMPLE", not "any": to accept every app client of the pool, write "client_ids": "any""#,
        ),
        (
            "/pools/0/client_ids",
            json!(["a", "${CLIENT_ID}"]),
            r#"pools[0].client_ids[1]: must be an app client's id (letters, digits, "_" and "+", at most 128), such as "1h57kf5cpq17m0eml12EXAMPLE", not "${CLIENT_ID}": to accept every app client of the pool, write "client_ids": "any""#,
        ),
        (
            "/pools/0/client_ids",
            json!(["a", "web-app"]),
            r#"pools[0].client_ids[1]: must be an app client's id (letters, digits, "_" and "+", at most 128), such as "1h57kf5cpq17m0eml12EXAMPLE", not "web-app": to accept every app client of the pool, write "client_ids": "any""#,
        ),
        (
            "/pools/0/client_ids",
            json!(["a", "web app"]),
            r#"pools[0].client_ids[1]: must be an app client's id (letters, digits, "_" and "+", at most 128), such as "1h57kf5cpq17m0eml12EXAMPLE", not "web app": to accept every app client of the pool, write "client_ids": "any""#,
        ),
        (
            "/pools/0/client_ids",
            json!(["a", "wéb"]),
            r#"pools[0].client_ids[1]: must be an app client's id (letters, digits, "_" and "+", at most 128), such as "1h57kf5cpq17m0eml12EXAMPLE", not "wéb": to accept every app client of the pool, write "client_ids": "any""#,
        ),
        (
            "/pools/0/token_use",
            json!("refresh"),
            r#"pools[0].token_use: must be "id", "access" or "any", not "refresh""#,
        ),
        (
            "/pools/0/token_use",
            json!(["id"]),
            r#"pools[0].token_use: must be "id", "access" or "any", not a list"#,
        ),
        (
            "/pools/0/issuer",
            json!("cognito"),
            "pools[0].issuer: must be a URL that begins with https:// or http://",
        ),
        (
            "/pools/0/issuer",
            json!("https://u:p@a.example/x"),
            "pools[0].issuer: must not contain a user name or password (@)",
        ),
        (
            "/pools/0/issuer",
            json!("https://a.example/x?y"),
            "pools[0].issuer: must not have a query (?)",
        ),
        (
            "/pools/0/issuer",
            json!("https://a.example/x#y"),
            "pools[0].issuer: must not have a fragment (#)",
        ),
        (
            "/pools/0/additional_regions",
            json!(["eu-west-1", "eu-west-1"]),
            "pools[0].additional_regions[1]: is in the list already: name it once",
        ),
        (
            "/pools/0/additional_regions",
            json!(["us-east-1"]),
            r#"pools[0].additional_regions[0]: "us-east-1" is the pool's own region: name others only"#,
        ),
        (
            "/pools/0/additional_regions",
            json!(["EU"]),
            r#"pools[0].additional_regions[0]: must be the name of a region, such as "us-east-1", not "EU""#,
        ),
        (
            "/pools/1",
            json!({"user_pool_id": "us-east-1_Ab1", "client_ids": "any", "jwks": {"cluster": "c"}}),
            r#"pools[1]: has the issuer "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Ab1" of pools[0]: no two pools may have one issuer"#,
        ),
        (
            "/pools/1",
            json!({"user_pool_id": "us-east-1_B", "client_ids": "any", "jwks": {"cluster": "c"},
            "issuer": "https://issuer-cognito-idp.us-east-1.amazonaws.com/us-east-1_Ab1"}),
            r#"pools[1]: has the issuer "https://issuer-cognito-idp.us-east-1.amazonaws.com/us-east-1_Ab1" of pools[0]: no two pools may have one issuer"#,
        ),
        (
            "/pools/0/jwks",
            json!("cognito"),
            r#"pools[0].jwks: must be an object such as {"cluster": "cognito"}, not a string"#,
        ),
        (
            "/pools/0/jwks",
            json!({}),
            "pools[0].jwks: must have exactly one of: cluster, inline",
        ),
        (
            "/pools/0/jwks/cluster",
            json!(""),
            "pools[0].jwks.cluster: must not be empty",
        ),
        (
            "/pools/0/jwks/url",
            json!("x"),
            r#"pools[0].jwks: unknown member "url" (did you mean "uri"?); members are: cluster, uri, inline, ttl_seconds, max_stale_seconds, timeout_ms, refetch_cooldown_seconds"#,
        ),
        (
            "/pools/0/jwks/uri",
            json!("not a url"),
            "pools[0].jwks.uri: must be a URL that begins with https:// or http://",
        ),
        (
            "/pools/0/jwks/uri",
            json!("https://a.example/x#y"),
            "pools[0].jwks.uri: must not have a fragment (#)",
        ),
        (
            "/pools/0/jwks/ttl_seconds",
            json!(0),
            "pools[0].jwks.ttl_seconds: must be a whole number from 1 to 86400, not 0",
        ),
        (
            "/pools/0/jwks/ttl_seconds",
            json!(86_401),
            "pools[0].jwks.ttl_seconds: must be a whole number from 1 to 86400, not 86401",
        ),
        (
            "/pools/0/jwks/ttl_seconds",
            json!(1.5),
            "pools[0].jwks.ttl_seconds: must be a whole number from 1 to 86400, not 1.5",
        ),
        (
            "/pools/0/jwks/ttl_seconds",
            json!("300"),
            "pools[0].jwks.ttl_seconds: must be a whole number from 1 to 86400, not a string",
        ),
        (
            "/pools/0/jwks/max_stale_seconds",
            json!(-1),
            "pools[0].jwks.max_stale_seconds: must be a whole number from 0 to 604800, not -1",
        ),
        (
            "/pools/0/jwks/max_stale_seconds",
            json!(604_801),
            "pools[0].jwks.max_stale_seconds: must be a whole number from 0 to 604800, not 604801",
        ),
        (
            "/pools/0/jwks/timeout_ms",
            json!(0),
            "pools[0].jwks.timeout_ms: must be a whole number from 1 to 60000, not 0",
        ),
        (
            "/pools/0/jwks/timeout_ms",
            json!(60_001),
            "pools[0].jwks.timeout_ms: must be a whole number from 1 to 60000, not 60001",
        ),
        (
            "/pools/0/jwks/refetch_cooldown_seconds",
            json!(3601),
            "pools[0].jwks.refetch_cooldown_seconds: must be a whole number from 0 to 3600, not 3601",
        ),
        (
            "/pools/0/jwks/refetch_cooldown_seconds",
            json!(1e300),
            "pools[0].jwks.refetch_cooldown_seconds: must be a whole number from 0 to 3600, not a larger number",
        ),
        (
            "/pools/0/user_info",
            json!({"uri": "https://a.example/x"}),
            r#"pools[0].user_info.cluster: is missing: must be a string such as "cognito" (the Envoy cluster that the endpoint is called through)"#,
        ),
        (
            "/pools/0/user_info",
            json!({"cluster": "c"}),
            "pools[0].user_info: must have exactly one of: uri, domain",
        ),
        (
            "/pools/0/user_info",
            json!({"cluster": "c", "uri": "https://a.example/x", "domain": "a.example"}),
            "pools[0].user_info: must have exactly one of: uri, domain, but has uri and domain",
        ),
        (
            "/pools/0/user_info",
            json!({"cluster": "c", "domain": "https://a.example"}),
            "pools[0].user_info.domain: must be the domain of the user pool, a host name without https:// and without a path",
        ),
        (
            "/pools/0/user_info",
            json!({"cluster": "c", "domain": "a.example", "timeout_ms": 60_001}),
            "pools[0].user_info.timeout_ms: must be a whole number from 1 to 60000, not 60001",
        ),
        (
            "/pools/0/user_info",
            json!({"cluster": "c", "domain": "a.example", "ttl_seconds": 86_401}),
            "pools[0].user_info.ttl_seconds: must be a whole number from 0 to 86400, not 86401",
        ),
        (
            "/pools/0/user_info",
            json!({"cluster": "c", "domain": "a.example", "on_failure": "ignore"}),
            r#"pools[0].user_info.on_failure: must be "reject" or "continue", not "ignore""#,
        ),
        (
            "/token_sources",
            json!([]),
            "token_sources: must name at least one place to look for a token, or be left out",
        ),
        (
            "/token_sources",
            json!([{}]),
            "token_sources[0]: must have exactly one of: header, cookie, query, amplify, websocket_protocol",
        ),
        (
            "/token_sources",
            json!([{"header": "a", "cookie": "b"}]),
            "token_sources[0]: must have exactly one of: header, cookie, query, amplify, websocket_protocol, but has header and cookie",
        ),
        (
            "/token_sources",
            json!([{"cookie": "a", "scheme": "Bearer"}]),
            r#"token_sources[0].scheme: is only allowed together with "header": other sources have no scheme"#,
        ),
        (
            "/token_sources",
            json!([{"header": "a", "scheme": ""}]),
            "token_sources[0].scheme: must not be empty: leave it out if the header's whole value is the token",
        ),
        (
            "/token_sources",
            json!([{"header": "a", "scheme": "Bear er"}]),
            r#"token_sources[0].scheme: must be one word such as "Bearer", or be left out if the whole value is the token"#,
        ),
        (
            "/token_sources",
            json!([{"header": "a", "scheme": "Bearer"}, {"header": "A", "scheme": "bearer"}]),
            "token_sources[1]: means the same as an earlier one of the list: name it once",
        ),
        (
            "/token_sources",
            json!([{"cookie": "a"}, {"cookie": "a"}]),
            "token_sources[1]: is in the list already: name it once",
        ),
        (
            "/token_sources",
            json!([{"header": ":path"}]),
            r#"token_sources[0].header: must be the name of a header, which ":path" cannot be"#,
        ),
        (
            "/token_sources",
            json!([{"header": "x-cognito-token"}]),
            "token_sources[0].header: must not be a header that is removed from each request (x-cognito-…, or set by this configuration)",
        ),
        (
            "/token_sources",
            json!([{"header": "X.Cognito~Token"}]),
            "token_sources[0].header: must not be a header that is removed from each request (x-cognito-…, or set by this configuration)",
        ),
        (
            "/token_sources",
            json!([{"header": "x-token"}, {"header": "x.token"}]),
            "token_sources[1]: means the same as an earlier one of the list: name it once",
        ),
        (
            "/token_sources",
            json!([{"cookie": ""}]),
            "token_sources[0].cookie: must not be empty",
        ),
        (
            "/token_sources",
            json!([{"cookie": "a*b*"}]),
            "token_sources[0].cookie: must contain at most one *",
        ),
        (
            "/token_sources",
            json!([{"cookie": "a=b"}]),
            "token_sources[0].cookie: must be the name of a cookie: visible ASCII without ; = , and quotes",
        ),
        (
            "/token_sources",
            json!([{"query": ""}]),
            "token_sources[0].query: must not be empty",
        ),
        (
            "/token_sources",
            json!([{"amplify": "other"}]),
            r#"token_sources[0].amplify: must be an app client that the "client_ids" of a pool accept, which "other" is not"#,
        ),
        (
            "/token_sources",
            json!([{"amplify": "*"}]),
            r#"token_sources[0].amplify: must be an app client's id (letters, digits, "_" and "+", at most 128), such as "1h57kf5cpq17m0eml12EXAMPLE", not "*""#,
        ),
        (
            "/token_sources",
            json!([{"amplify": "web", "token": "refresh"}]),
            r#"token_sources[0].token: must be "id" or "access", not "refresh""#,
        ),
        (
            "/token_sources",
            json!([{"cookie": "a", "token": "id"}]),
            r#"token_sources[0].token: is only allowed together with "amplify": other sources hold one token"#,
        ),
        (
            "/token_sources",
            json!([{"amplify": "web"}, {"amplify": "web", "token": "id"}]),
            "token_sources[1]: means the same as an earlier one of the list: name it once",
        ),
        (
            "/token_sources",
            json!([{"websocket_protocol": "my protocol"}]),
            r#"token_sources[0].websocket_protocol: must be a name that a client can offer as a protocol: one word without spaces and commas"#,
        ),
        (
            "/token_sources",
            json!([{"websocket_protocol": ""}]),
            "token_sources[0].websocket_protocol: must not be empty",
        ),
        (
            "/token_sources",
            json!([{"websocket_protocol": "a"}, {"websocket_protocol": "a"}]),
            "token_sources[1]: is in the list already: name it once",
        ),
        (
            "/rules",
            json!({}),
            r#"rules: must be a list such as [{"match": {"path": {"prefix": "/health"}}, "auth": "none"}], not an object"#,
        ),
        (
            "/rules",
            rule(json!({"requires": {}})),
            r#"rules[0]: unknown member "requires" (did you mean "require"?); members are: match, auth, require"#,
        ),
        (
            "/rules",
            rule(json!({"match": {"path": "/a"}})),
            r#"rules[0].match.path: must be an object such as {"prefix": "/health"}, not a string"#,
        ),
        (
            "/rules",
            rule(json!({"match": {"path": {}}})),
            "rules[0].match.path: must have exactly one of: exact, prefix, template",
        ),
        (
            "/rules",
            rule(json!({"match": {"path": {"exact": "/a", "prefix": "/b"}}})),
            "rules[0].match.path: must have exactly one of: exact, prefix, template, but has exact and prefix",
        ),
        (
            "/rules",
            rule(json!({"match": {"path": {"regex": "/a"}}})),
            r#"rules[0].match.path: unknown member "regex"; members are: exact, prefix, template"#,
        ),
        (
            "/rules",
            rule(json!({"match": {"path": {"prefix": "a"}}})),
            "rules[0].match.path.prefix: must begin with a slash",
        ),
        (
            "/rules",
            rule(json!({"match": {"path": {"exact": "/a%2fb"}}})),
            "rules[0].match.path.exact: must be a path that all servers read alike, but the path holds an encoded slash",
        ),
        (
            "/rules",
            rule(json!({"match": {"path": {"template": "/a/{b"}}})),
            r#"rules[0].match.path.template: has the segment "{b": a segment is plain text, '{name}' (letters, digits, '_', '-', '.'), '*' or, as the last, '**'; literal characters are written %7B, %7D and %2A"#,
        ),
        (
            "/rules",
            rule(json!({"match": {"path": {"prefix": "/admin/*"}}})),
            r#"rules[0].match.path.prefix: has the segment "*", which would match literally: a prefix is for everything below it without '*', and {"template": …} has '*' for one segment and '**' for the rest; a literal '*' is written %2A"#,
        ),
        (
            "/rules",
            rule(json!({"match": {"path": {"exact": "/admin/{id}"}}})),
            r#"rules[0].match.path.exact: has the segment "{id}", which would match literally: use {"template": …}, which has '{name}' for one segment; literal braces are written %7B and %7D"#,
        ),
        (
            "/rules",
            rule(json!({"match": {"path": {"template": "/orgs/:org/admin"}}})),
            r#"rules[0].match.path.template: has the segment ":org", which would match literally: use {"template": …} with '{name}' in its place; a literal ':' at the start of a segment is written %3A"#,
        ),
        (
            "/rules",
            rule(json!({"match": {"path": {"prefix": "/orgs/[0-9]+"}}})),
            r#"rules[0].match.path.prefix: has the segment "[0-9]+", which would match literally: there are no regular expressions, use {"template": …} with '*' for one segment and '**' for the rest; a literal '[' is written %5B"#,
        ),
        (
            "/rules",
            rule(json!({"match": {"path": {"prefix": "/a/../b"}}})),
            "rules[0].match.path.prefix: must be a path that all servers read alike, but the path holds a dot segment, plain or encoded",
        ),
        (
            "/rules",
            rule(json!({"match": {"case_sensitive": "no"}})),
            "rules[0].match.case_sensitive: must be true or false, not a string",
        ),
        (
            "/rules",
            rule(json!({"match": {"methods": ["*"]}})),
            r#"rules[0].match.methods[0]: is no wildcard: for all methods leave "methods" out"#,
        ),
        (
            "/rules",
            rule(json!({"match": {"hosts": ["a.example."]}})),
            "rules[0].match.hosts[0]: must not end with a dot: a request with such a host is refused as ambiguous",
        ),
        (
            "/rules",
            rule(json!({"match": {"hosts": ["https://a.example"]}})),
            "rules[0].match.hosts[0]: must be a host name or address alone or with a port, an IPv6 address in brackets, without scheme, user and path",
        ),
        (
            "/rules",
            rule(json!({"match": {"path": {"template": "/**/b"}}})),
            "rules[0].match.path.template: must have '**' as its last segment only",
        ),
        (
            "/rules",
            rule(json!({"match": {"path": {"template": "/{a}/{a}"}}})),
            r#"rules[0].match.path.template: has the name "a" twice: each must be used once"#,
        ),
        (
            "/rules",
            rule(json!({"match": {"methods": []}})),
            "rules[0].match.methods: must name at least one method, or be left out",
        ),
        (
            "/rules",
            rule(json!({"match": {"methods": ["get"]}})),
            r#"rules[0].match.methods[0]: must be an HTTP method in upper case such as "GET", not "get""#,
        ),
        (
            "/rules",
            rule(json!({"match": {"methods": ["GET", "GET"]}})),
            "rules[0].match.methods[1]: is in the list already: name it once",
        ),
        (
            "/rules",
            rule(json!({"match": {"hosts": []}})),
            "rules[0].match.hosts: must name at least one host, or be left out",
        ),
        (
            "/rules",
            rule(json!({"match": {"hosts": ["a.example:0"]}})),
            "rules[0].match.hosts[0]: must have a port from 1 to 65535 without leading zeros behind the colon, or none",
        ),
        (
            "/rules",
            rule(json!({"match": {"hosts": ["a.*.example"]}})),
            "rules[0].match.hosts[0]: must have '*' as its whole first label only, as in '*.example.com'",
        ),
        (
            "/rules",
            rule(json!({"match": {"hosts": ["a.example", "A.example"]}})),
            "rules[0].match.hosts[1]: means the same as an earlier one of the list: name it once",
        ),
        (
            "/rules",
            rule(json!({"match": {"route": ""}})),
            "rules[0].match.route: must not be empty",
        ),
        (
            "/rules",
            rule(json!({"auth": "maybe"})),
            r#"rules[0].auth: must be "required", "optional" or "none", not "maybe""#,
        ),
        (
            "/rules",
            rule(json!({"auth": "none", "require": {"token_use": "id"}})),
            r#"rules[0].require: is only allowed with "auth": "required": without a token there is nothing to check"#,
        ),
        (
            "/rules",
            rule(json!({"auth": "optional", "require": {"token_use": "id"}})),
            r#"rules[0].require: is only allowed with "auth": "required": without a token there is nothing to check"#,
        ),
        (
            "/rules",
            require(json!({"groups": ["a"]})),
            r#"rules[0].require.groups: must be an object such as {"any": ["admins"]}, not a list"#,
        ),
        (
            "/rules",
            require(json!({"groups": {}})),
            "rules[0].require.groups: must have at least one of: any, all",
        ),
        (
            "/rules",
            require(json!({"groups": {"any": []}})),
            "rules[0].require.groups.any: must name at least one, or be left out",
        ),
        (
            "/rules",
            require(json!({"groups": {"all": ["a", "a"]}})),
            "rules[0].require.groups.all[1]: is in the list already: name it once",
        ),
        (
            "/rules",
            require(json!({"scopes": {"some": ["a"]}})),
            r#"rules[0].require.scopes: unknown member "some"; members are: any, all"#,
        ),
        (
            "/rules",
            require(json!({"scopes": {"any": ["a b"]}})),
            r#"rules[0].require.scopes.any[0]: must be a scope (one word of visible ASCII without quotes and backslashes), such as "jobs/read", not "a b""#,
        ),
        (
            "/rules",
            require(json!({"token_use": "any"})),
            r#"rules[0].require.token_use: must be "id" or "access", not "any""#,
        ),
        (
            "/rules",
            require(json!({"client_ids": []})),
            "rules[0].require.client_ids: must name at least one app client, or be left out",
        ),
        (
            "/rules",
            require(json!({"client_ids": "any"})),
            r#"rules[0].require.client_ids: must be a list such as ["1h57kf5cpq17m0eml12EXAMPLE"], not a string"#,
        ),
        (
            "/rules",
            require(json!({"claims": {}})),
            "rules[0].require.claims: must name at least one claim, or be left out",
        ),
        (
            "/rules",
            require(json!({"claims": {"": 1}})),
            "rules[0].require.claims: must not have an empty name",
        ),
        (
            "/rules",
            require(json!({"claims": {"a": []}})),
            "rules[0].require.claims.a: must have at least one value",
        ),
        (
            "/rules",
            require(json!({"claims": {"a": [1, -9007199254740992_i64]}})),
            "rules[0].require.claims.a[1]: is 2^53 or more, where numbers are no longer exact: have it issued as a \
             string, and compare that",
        ),
        (
            "/rules",
            require(json!({"claims": {"custom:a": null}})),
            r#"rules[0].require.claims["custom:a"]: must be a value such as "gold", a list of values, or an object such as {"prefix": "tenant-"}, not null"#,
        ),
        (
            "/rules",
            require(json!({"claims": {"a": [1, 1.0]}})),
            "rules[0].require.claims.a[1]: is in the list already: name it once",
        ),
        (
            "/rules",
            require(json!({"path_claims": {}})),
            "rules[0].require.path_claims: must name at least one segment, or be left out",
        ),
        (
            "/rules",
            require(json!({"path_claims": {"owner": "sub"}})),
            "rules[0].require.path_claims.owner: is no segment of the rule's match.path.template, which has no {owner}",
        ),
        (
            "/rules",
            rule(json!({"match": {"path": {"prefix": "/a"}}, "require": {"path_claims": {"a": "sub"}}})),
            "rules[0].require.path_claims.a: is no segment of the rule's match.path.template, which has no {a}",
        ),
        (
            "/rules",
            require(json!({"path_claims": {"user": ""}})),
            "rules[0].require.path_claims.user: must not be empty",
        ),
        (
            "/rules",
            require(json!({})),
            "rules[0].require: must have at least one of: groups, scopes, token_use, client_ids, claims, path_claims, max_age_seconds",
        ),
        (
            "/rules",
            require(json!([])),
            "rules[0].require: must have at least one alternative, or be left out",
        ),
        (
            "/rules",
            require(json!([{"token_use": "id"}, {}])),
            "rules[0].require[1]: must have at least one of: groups, scopes, token_use, client_ids, claims, path_claims, max_age_seconds",
        ),
        (
            "/rules",
            require(json!(vec![json!({"token_use": "id"}); 17])),
            "rules[0].require: must have at most 16 alternatives, not 17",
        ),
        (
            "/rules",
            require(json!("admins")),
            r#"rules[0].require: must be an object such as {"groups": {"any": ["admins"]}}, or a list of such objects of which one must hold, not a string"#,
        ),
        (
            "/rules",
            require(json!(["admins"])),
            r#"rules[0].require[0]: must be an object such as {"groups": {"any": ["admins"]}}, not a string"#,
        ),
        (
            "/rules",
            require(json!({"claims": {"a": {}}})),
            "rules[0].require.claims.a: must have exactly one of: prefix, suffix, contains, words, present, not",
        ),
        (
            "/rules",
            require(json!({"claims": {"a": {"prefix": "b", "suffix": "c"}}})),
            "rules[0].require.claims.a: must have exactly one of: prefix, suffix, contains, words, present, not, but has prefix and suffix",
        ),
        (
            "/rules",
            require(json!({"claims": {"a": {"regex": "b"}}})),
            r#"rules[0].require.claims.a: unknown member "regex"; members are: prefix, suffix, contains, words, present, not"#,
        ),
        (
            "/rules",
            require(json!({"claims": {"a": {"prefix": ""}}})),
            "rules[0].require.claims.a.prefix: must not be empty",
        ),
        (
            "/rules",
            require(json!({"claims": {"a": {"contains": ["b"]}}})),
            r#"rules[0].require.claims.a.contains: must be a string such as "admin", not a list"#,
        ),
        (
            "/rules",
            require(json!({"claims": {"a": {"words": "b"}}})),
            r#"rules[0].require.claims.a.words: must be a list such as ["read", "write"], not a string"#,
        ),
        (
            "/rules",
            require(json!({"claims": {"a": {"words": []}}})),
            "rules[0].require.claims.a.words: must have at least one word",
        ),
        (
            "/rules",
            require(json!({"claims": {"a": {"present": "yes"}}})),
            "rules[0].require.claims.a.present: must be true or false, not a string",
        ),
        (
            "/rules",
            require(json!({"claims": {"a": {"not": []}}})),
            "rules[0].require.claims.a.not: must have at least one value",
        ),
        (
            "/rules",
            require(json!({"claims": {"a": {"not": {"prefix": "b"}}}})),
            r#"rules[0].require.claims.a.not: must be a value such as "gold", or a list of values, not an object"#,
        ),
        (
            "/rules",
            require(json!({"claims": {"/a~2": "b"}})),
            r#"rules[0].require.claims["/a~2"]: must have 0 or 1 after each ~, as JSON pointers have (RFC 6901)"#,
        ),
        (
            "/rules",
            require(json!({"path_claims": {"user": "/a~"}})),
            "rules[0].require.path_claims.user: must have 0 or 1 after each ~, as JSON pointers have (RFC 6901)",
        ),
        (
            "/rules",
            require(json!({"path_claims": {"user": ["sub"]}})),
            r#"rules[0].require.path_claims.user: must be a string such as "sub", not a list"#,
        ),
        (
            "/rules",
            require(json!({"client_ids": ["*"]})),
            r#"rules[0].require.client_ids[0]: must be an app client's id (letters, digits, "_" and "+", at most 128), such as "1h57kf5cpq17m0eml12EXAMPLE", not "*""#,
        ),
        (
            "/rules",
            require(json!({"max_age_seconds": 0})),
            "rules[0].require.max_age_seconds: must be a whole number from 1 to 31536000, not 0",
        ),
        (
            "/rules",
            require(json!({"max_age_seconds": 31_536_001})),
            "rules[0].require.max_age_seconds: must be a whole number from 1 to 31536000, not 31536001",
        ),
        (
            "/identity/header",
            json!({}),
            r#"identity: unknown member "header" (did you mean "headers"?); members are: headers, payload_header, filter_state, remove_token"#,
        ),
        (
            "/identity/headers",
            json!(["x-a"]),
            r#"identity.headers: must be an object such as {"x-user": "sub"}, not a list"#,
        ),
        (
            "/identity/headers/x-a",
            json!(1),
            r#"identity.headers.x-a: must be the name of a claim such as "sub", or a list of such names, not a number"#,
        ),
        (
            "/identity/headers/x-a",
            json!(""),
            "identity.headers.x-a: must not be empty",
        ),
        (
            "/identity/headers/x-a",
            json!([]),
            "identity.headers.x-a: must name at least one claim",
        ),
        (
            "/identity/headers/x-a",
            json!(["sub", "sub"]),
            "identity.headers.x-a[1]: is in the list already: name it once",
        ),
        (
            "/identity/headers/x-a",
            json!("/a~2"),
            "identity.headers.x-a: must have 0 or 1 after each ~, as JSON pointers have (RFC 6901)",
        ),
        (
            "/identity/headers/x a",
            json!("sub"),
            r#"identity.headers: must be the name of a header, which "x a" cannot be"#,
        ),
        (
            "/identity/headers/:path",
            json!("sub"),
            r#"identity.headers: must be the name of a header, which ":path" cannot be"#,
        ),
        (
            "/identity/headers/Host",
            json!("sub"),
            r#"identity.headers.Host: must not be the header "host": it controls the request itself"#,
        ),
        (
            "/identity/headers/content_length",
            json!("sub"),
            r#"identity.headers.content_length: must not be the header "content_length": it controls the request itself"#,
        ),
        (
            "/identity/headers/content.length",
            json!("sub"),
            r#"identity.headers["content.length"]: must not be the header "content.length": it controls the request itself"#,
        ),
        (
            "/identity/headers/Sec-WebSocket-Protocol",
            json!("sub"),
            r#"identity.headers.Sec-WebSocket-Protocol: must not be the header "sec-websocket-protocol": it controls the request itself"#,
        ),
        (
            "/identity/headers/sec_websocket_key",
            json!("sub"),
            r#"identity.headers.sec_websocket_key: must not be the header "sec_websocket_key": it controls the request itself"#,
        ),
        (
            "/identity/headers/X-HTTP-Method-Override",
            json!("sub"),
            r#"identity.headers.X-HTTP-Method-Override: must not be the header "x-http-method-override": it controls the request itself"#,
        ),
        (
            "/identity/headers/x.http.method",
            json!("sub"),
            r#"identity.headers["x.http.method"]: must not be the header "x.http.method": it controls the request itself"#,
        ),
        (
            "/identity/payload_header",
            json!("x-method-override"),
            r#"identity.payload_header: must not be the header "x-method-override": it controls the request itself"#,
        ),
        (
            "/identity/headers",
            json!({"x.a": "sub", "x~a": "email"}),
            r#"identity.headers["x~a"]: must be a header of its own: "x~a" is set by identity.headers["x.a"]"#,
        ),
        (
            "/identity/headers",
            json!({"X-A": "sub", "x_a": "email"}),
            r#"identity.headers.x_a: must be a header of its own: "x_a" is set by identity.headers.X-A"#,
        ),
        (
            "/identity/payload_header",
            json!("cookie"),
            r#"identity.payload_header: must not be the header "cookie": it controls the request itself"#,
        ),
        (
            "/identity/payload_header",
            json!("x-cognito-sub"),
            r#"identity.payload_header: must be a header of its own: "x-cognito-sub" is set by identity by default"#,
        ),
        (
            "/identity/filter_state",
            json!({"tenant": "sub"}),
            r#"identity.filter_state.tenant: must have a name such as "cognito_tenant": cognito_ and 1 to 56 of a-z, 0-9 and _"#,
        ),
        (
            "/identity/filter_state",
            json!({"cognito_": "sub"}),
            r#"identity.filter_state.cognito_: must have a name such as "cognito_tenant": cognito_ and 1 to 56 of a-z, 0-9 and _"#,
        ),
        (
            "/identity/filter_state",
            json!({"cognito_Tenant": "sub"}),
            r#"identity.filter_state.cognito_Tenant: must have a name such as "cognito_tenant": cognito_ and 1 to 56 of a-z, 0-9 and _"#,
        ),
        (
            "/identity/filter_state",
            json!({"cognito_a-b": "sub"}),
            r#"identity.filter_state.cognito_a-b: must have a name such as "cognito_tenant": cognito_ and 1 to 56 of a-z, 0-9 and _"#,
        ),
        (
            "/identity/filter_state",
            json!({"cognito_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa": "sub"}),
            r#"identity.filter_state.cognito_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: must have a name such as "cognito_tenant": cognito_ and 1 to 56 of a-z, 0-9 and _"#,
        ),
        (
            "/identity/filter_state",
            json!({"cognito_sub": "sub"}),
            r#"identity.filter_state.cognito_sub: must have another name: the filter sets this one itself"#,
        ),
        (
            "/identity/filter_state",
            json!({"cognito_client_id": "sub"}),
            r#"identity.filter_state.cognito_client_id: must have another name: the filter sets this one itself"#,
        ),
        (
            "/identity/filter_state",
            json!({"cognito_decision": "sub"}),
            r#"identity.filter_state.cognito_decision: must have another name: the filter sets this one itself"#,
        ),
        (
            "/identity/filter_state",
            json!({"cognito_tenant": []}),
            "identity.filter_state.cognito_tenant: must name at least one claim",
        ),
        (
            "/identity/filter_state",
            json!({"cognito_tenant": "/a~"}),
            "identity.filter_state.cognito_tenant: must have 0 or 1 after each ~, as JSON pointers have (RFC 6901)",
        ),
        (
            "/identity/remove_token",
            json!("yes"),
            "identity.remove_token: must be true or false, not a string",
        ),
        (
            "/user_lookup",
            json!({"cluster": "c"}),
            r#"user_lookup.uri: is missing: must be a string such as "http://users.internal/cognito/users" (the URL that the claims are posted to)"#,
        ),
        (
            "/user_lookup",
            json!({"uri": "http://a.example/"}),
            r#"user_lookup.cluster: is missing: must be a string such as "users" (the Envoy cluster that the application is called through)"#,
        ),
        (
            "/user_lookup",
            json!({"cluster": "c", "uri": "http://a.example/", "headers": {"x-cognito-sub": "id"}}),
            r#"user_lookup.headers.x-cognito-sub: must be a header of its own: "x-cognito-sub" is set by identity by default"#,
        ),
        (
            "/user_lookup",
            json!({"cluster": "c", "uri": "http://a.example/", "headers": {"x-id": ""}}),
            "user_lookup.headers.x-id: must not be empty",
        ),
        (
            "/user_lookup",
            json!({"cluster": "c", "uri": "http://a.example/", "headers": {"te": "id"}}),
            r#"user_lookup.headers.te: must not be the header "te": it controls the request itself"#,
        ),
        (
            "/clock_skew_seconds",
            json!(301),
            "clock_skew_seconds: must be a whole number from 0 to 300, not 301",
        ),
        (
            "/clock_skew_seconds",
            json!(true),
            "clock_skew_seconds: must be a whole number from 0 to 300, not a boolean",
        ),
        (
            "/mode",
            json!("permissive"),
            r#"mode: must be "enforce" or "shadow", not "permissive""#,
        ),
        (
            "/bypass_cors_preflight",
            json!("true"),
            "bypass_cors_preflight: must be true or false, not a string",
        ),
        (
            "/token_cache",
            json!(10),
            r#"token_cache: must be an object such as {"max_entries": 1000}, not a number"#,
        ),
        (
            "/token_cache",
            json!({"size": 1}),
            r#"token_cache: unknown member "size"; members are: max_entries, max_mebibytes"#,
        ),
        (
            "/token_cache/max_entries",
            json!(100_001),
            "token_cache.max_entries: must be a whole number from 0 to 100000, not 100001",
        ),
        (
            "/realm",
            json!(""),
            r#"realm: must be visible ASCII and spaces, without quotes and backslashes, such as "cognito", not """#,
        ),
        (
            "/realm",
            json!("a\"b"),
            r#"realm: must be visible ASCII and spaces, without quotes and backslashes, such as "cognito", not "a\"b""#,
        ),
        (
            "/realm",
            json!("Zürich"),
            r#"realm: must be visible ASCII and spaces, without quotes and backslashes, such as "cognito", not "Zürich""#,
        ),
        (
            "/disclose_reason",
            json!(1),
            "disclose_reason: must be true or false, not a number",
        ),
    ]
}
