//! Right configurations, each in both forms, and what they come to.

use super::support::{jwk, other_pool, parse, read, set, smallest, with};
use envoy_cognito_jwt::config::{Config, FetchPolicy, KeySource, Mode};
use envoy_cognito_jwt::enrich::user_info::UserInfoPolicy;
use envoy_cognito_jwt::enrich::user_lookup::UserLookupPolicy;
use envoy_cognito_jwt::enrich::{CallPolicy, OnFailure};
use envoy_cognito_jwt::identity::{ClaimRef, HeaderSource, IdentityPolicy};
use envoy_cognito_jwt::rules::access::{Alternative, AnyAll, ClaimMatcher, ClaimValue, Requirement};
use envoy_cognito_jwt::rules::{Auth, HostPattern, Matcher, PathPattern};
use envoy_cognito_jwt::token::TokenUse;
use envoy_cognito_jwt::token::check::{AcceptedUse, ClaimPolicy, Clients};
use envoy_cognito_jwt::token::source::TokenSource;
use envoy_cognito_jwt::token::source::amplify::AmplifyCookies;
use envoy_cognito_jwt::token::source::cookie::CookieName;
use serde_json::{Value, json};
use std::time::Duration;

fn accept(config: &Value) -> Config {
    parse(config).unwrap_or_else(|line| panic!("{config}: {line}"))
}

fn strings(list: &[&str]) -> Vec<String> {
    list.iter().map(|text| text.to_string()).collect()
}

fn claims(names: &[&str]) -> HeaderSource {
    HeaderSource::Claims(names.iter().map(|name| ClaimRef::Name(name.to_string())).collect())
}

fn fetched(config: &Config, nth: usize) -> &FetchPolicy {
    match &config.pools[nth].keys {
        KeySource::Fetched(policy) => policy,
        KeySource::Inline(_) => panic!("not fetched"),
    }
}

#[test]
fn the_smallest_has_the_documented_defaults() {
    let config = accept(&smallest());
    let [pool] = &config.pools[..] else { panic!() };
    assert_eq!(pool.user_pool_id, "us-east-1_Ab1");
    assert_eq!(
        pool.issuers,
        [
            "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Ab1",
            "https://issuer-cognito-idp.us-east-1.amazonaws.com/us-east-1_Ab1"
        ]
    );
    let claim_policy = ClaimPolicy {
        clients: Clients::OneOf(strings(&["web"])),
        token_use: AcceptedUse::Id,
        clock_skew: Duration::from_secs(60),
    };
    assert_eq!(pool.claims, claim_policy);
    let keys = FetchPolicy {
        cluster: "cognito".into(),
        uri: "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Ab1/.well-known/jwks.json".into(),
        authority: "cognito-idp.us-east-1.amazonaws.com".into(),
        path: "/us-east-1_Ab1/.well-known/jwks.json".into(),
        ttl: Duration::from_secs(300),
        max_stale: Duration::from_secs(86_400),
        timeout: Duration::from_secs(5),
        refetch_cooldown: Duration::from_secs(30),
    };
    assert_eq!(*fetched(&config, 0), keys);
    assert!(pool.user_info.is_none());
    assert_eq!(
        config.token_sources,
        [TokenSource::Header {
            name: "authorization".into(),
            scheme: Some("Bearer".into())
        }]
    );
    assert!(config.rules.is_empty());
    let headers = [
        ("x-cognito-sub", claims(&["sub"])),
        ("x-cognito-username", claims(&["cognito:username", "username"])),
        ("x-cognito-email", claims(&["email"])),
        ("x-cognito-groups", claims(&["cognito:groups"])),
        ("x-cognito-scope", claims(&["scope"])),
        ("x-cognito-client-id", HeaderSource::Client),
        ("x-cognito-token-use", claims(&["token_use"])),
    ];
    let headers = headers
        .into_iter()
        .map(|(name, source)| (name.into(), source))
        .collect();
    assert_eq!(
        config.identity,
        IdentityPolicy {
            headers,
            filter_state: Vec::new(),
            payload_header: None,
            remove_token: false,
            max_value_bytes: 4096,
        }
    );
    assert!(config.user_lookup.is_none());
    assert_eq!(config.mode, Mode::Enforce);
    assert!(!config.bypass_cors_preflight);
    assert_eq!(
        (config.token_cache.max_entries, config.token_cache.max_mebibytes),
        (1000, 32)
    );
    assert_eq!(
        (config.limits.token_bytes, config.limits.header_value_bytes),
        (16_384, 4096)
    );
    assert_eq!(config.realm, "cognito");
    assert!(config.disclose_reason);
    assert!(config.warnings.is_empty());
}

#[test]
fn issuers_of_a_pool_and_where_its_keys_are() {
    let first = "/pools/0/user_pool_id";
    let table: [(&str, Value, &[&str], &str); 9] = [
        (
            first,
            json!("cn-north-1_A"),
            &[
                "https://cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_A",
                "https://issuer-cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_A",
            ],
            "https://cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_A/.well-known/jwks.json",
        ),
        (
            first,
            json!("us-gov-west-1_A"),
            &[
                "https://cognito-idp.us-gov-west-1.amazonaws.com/us-gov-west-1_A",
                "https://issuer-cognito-idp.us-gov-west-1.amazonaws.com/us-gov-west-1_A",
            ],
            "https://cognito-idp.us-gov-west-1.amazonaws.com/us-gov-west-1_A/.well-known/jwks.json",
        ),
        (
            first,
            json!("eusc-de-east-1_A"),
            &[
                "https://cognito-idp.eusc-de-east-1.amazonaws.eu/eusc-de-east-1_A",
                "https://issuer-cognito-idp.eusc-de-east-1.amazonaws.eu/eusc-de-east-1_A",
            ],
            "https://cognito-idp.eusc-de-east-1.amazonaws.eu/eusc-de-east-1_A/.well-known/jwks.json",
        ),
        (
            first,
            json!("us-isob-east-1_A"),
            &[
                "https://cognito-idp.us-isob-east-1.sc2s.sgov.gov/us-isob-east-1_A",
                "https://issuer-cognito-idp.us-isob-east-1.sc2s.sgov.gov/us-isob-east-1_A",
            ],
            "https://cognito-idp.us-isob-east-1.sc2s.sgov.gov/us-isob-east-1_A/.well-known/jwks.json",
        ),
        (
            "/pools/0/additional_regions",
            json!([]),
            &[
                "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Ab1",
                "https://issuer-cognito-idp.us-east-1.amazonaws.com/us-east-1_Ab1",
            ],
            "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Ab1/.well-known/jwks.json",
        ),
        (
            "/pools/0/additional_regions",
            json!(["eu-west-1"]),
            &[
                "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Ab1",
                "https://issuer-cognito-idp.us-east-1.amazonaws.com/us-east-1_Ab1",
                "https://cognito-idp.eu-west-1.amazonaws.com/us-east-1_Ab1",
                "https://issuer-cognito-idp.eu-west-1.amazonaws.com/us-east-1_Ab1",
            ],
            "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Ab1/.well-known/jwks.json",
        ),
        (
            "/pools/0/issuer",
            json!("http://0.0.0.0:9229/local_1"),
            &["http://0.0.0.0:9229/local_1"],
            "http://0.0.0.0:9229/local_1/.well-known/jwks.json",
        ),
        (
            "/pools/0/issuer",
            json!("https://id.example"),
            &["https://id.example"],
            "https://id.example/.well-known/jwks.json",
        ),
        (
            "/pools/0/issuer",
            json!("https://id.example/"),
            &["https://id.example/"],
            "https://id.example/.well-known/jwks.json",
        ),
    ];
    for (pointer, value, issuers, uri) in table {
        let config = accept(&with(pointer, value));
        assert_eq!(config.pools[0].issuers, issuers);
        for issuer in issuers {
            assert_eq!(config.pool_of(issuer).unwrap().0.0, 0);
            for other in [format!("{issuer}/"), issuer.to_uppercase(), format!(" {issuer}")] {
                assert!(config.pool_of(&other).is_none(), "{other}");
            }
        }
        assert_eq!(fetched(&config, 0).uri, uri);
    }
}

#[test]
fn a_key_uri_is_cut_into_authority_and_path() {
    let table = [
        ("https://keys.example/a/b?c=d", "keys.example", "/a/b?c=d"),
        (
            "http://127.0.0.1:9229/local_1/.well-known/jwks.json",
            "127.0.0.1:9229",
            "/local_1/.well-known/jwks.json",
        ),
        ("https://keys.example", "keys.example", "/"),
    ];
    for (uri, authority, path) in table {
        let config = accept(&with("/pools/0/jwks/uri", json!(uri)));
        let policy = fetched(&config, 0);
        assert_eq!(
            (policy.uri.as_str(), policy.authority.as_str(), policy.path.as_str()),
            (uri, authority, path)
        );
    }
}

#[test]
fn keys_in_the_configuration() {
    let keys = json!([
        jwk(&[]),
        jwk(&[("kid", json!("b")), ("x5t", json!("\u{1}\"\\é")), ("iat", json!(1.5))])
    ]);
    let config = accept(&with(
        "/pools/0/jwks",
        json!({"inline": {"keys": keys}, "ttl_seconds": 5}),
    ));
    let KeySource::Inline(set) = &config.pools[0].keys else {
        panic!("not inline")
    };
    assert_eq!(set.kids().collect::<Vec<_>>(), ["a+/=", "b"]);
}

#[test]
fn a_pool_with_everything() {
    let mut document = smallest();
    set(
        &mut document,
        "/pools/0",
        json!({
            "user_pool_id": "us-east-1_Ab1", "region": "us-east-1", "client_ids": "any", "token_use": "any",
            "jwks": {"cluster": "c", "ttl_seconds": 1, "max_stale_seconds": 0, "timeout_ms": 1, "refetch_cooldown_seconds": 0.0},
            "user_info": {"cluster": "info", "domain": "my.auth.us-east-1.amazoncognito.com"},
        }),
    );
    set(&mut document, "/pools/1", other_pool());
    set(&mut document, "/pools/1/token_use", json!("access"));
    set(
        &mut document,
        "/pools/1/user_info",
        json!({
            "cluster": "info", "uri": "http://info.internal:81/me?x=1", "timeout_ms": 60_000, "ttl_seconds": 0, "on_failure": "continue",
        }),
    );
    set(&mut document, "/clock_skew_seconds", json!(300.0));
    let config = accept(&document);
    let [first, second] = &config.pools[..] else { panic!() };
    let claims = ClaimPolicy {
        clients: Clients::Any,
        token_use: AcceptedUse::Any,
        clock_skew: Duration::from_secs(300),
    };
    assert_eq!(first.claims, claims);
    assert_eq!(second.claims.token_use, AcceptedUse::Access);
    let policy = fetched(&config, 0);
    assert_eq!((policy.ttl, policy.max_stale), (Duration::from_secs(1), Duration::ZERO));
    assert_eq!(
        (policy.timeout, policy.refetch_cooldown),
        (Duration::from_millis(1), Duration::ZERO)
    );
    let by_domain = CallPolicy {
        cluster: "info".into(),
        authority: "my.auth.us-east-1.amazoncognito.com".into(),
        path: "/oauth2/userInfo".into(),
        timeout: Duration::from_secs(1),
        ttl: Duration::from_secs(300),
        on_failure: OnFailure::Reject,
    };
    assert_eq!(first.user_info, Some(UserInfoPolicy { call: by_domain }));
    let by_uri = CallPolicy {
        cluster: "info".into(),
        authority: "info.internal:81".into(),
        path: "/me?x=1".into(),
        timeout: Duration::from_secs(60),
        ttl: Duration::ZERO,
        on_failure: OnFailure::Continue,
    };
    assert_eq!(second.user_info, Some(UserInfoPolicy { call: by_uri }));
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
}

#[test]
fn a_thousand_pools() {
    let mut document = smallest();
    for nth in 0..1000 {
        set(&mut document, &format!("/pools/{nth}"), other_pool());
        set(
            &mut document,
            &format!("/pools/{nth}/user_pool_id"),
            json!(format!("us-east-1_{nth}")),
        );
    }
    let config = accept(&document);
    assert_eq!(config.pools.len(), 1000);
    let (id, pool) = config
        .pool_of("https://issuer-cognito-idp.us-east-1.amazonaws.com/us-east-1_999")
        .unwrap();
    assert_eq!((id.0, pool.user_pool_id.as_str()), (999, "us-east-1_999"));
}

#[test]
fn token_sources() {
    let config = accept(&with(
        "/token_sources",
        json!([
            {"header": "Authorization", "scheme": "JWT"}, {"header": "X-Token"}, {"header": "authorization", "scheme": "Bearer"},
            {"cookie": "id"}, {"cookie": "CognitoIdentityServiceProvider.web.*.idToken"}, {"cookie": "*"}, {"query": "a token"},
            {"amplify": "web"}, {"amplify": "web", "token": "access"}, {"websocket_protocol": "cognito.v1"}, {"websocket_protocol": "a"},
        ]),
    ));
    let header = |name: &str, scheme: Option<&str>| TokenSource::Header {
        name: name.into(),
        scheme: scheme.map(String::from),
    };
    let wildcard = |prefix: &str, suffix: &str| {
        TokenSource::Cookie(CookieName::Wildcard {
            prefix: prefix.into(),
            suffix: suffix.into(),
        })
    };
    let expected = [
        header("authorization", Some("JWT")),
        header("x-token", None),
        header("authorization", Some("Bearer")),
        TokenSource::Cookie(CookieName::Exact("id".into())),
        wildcard("CognitoIdentityServiceProvider.web.", ".idToken"),
        wildcard("", ""),
        TokenSource::Query("a token".into()),
        TokenSource::Amplify(AmplifyCookies::new("web", TokenUse::Id)),
        TokenSource::Amplify(AmplifyCookies::new("web", TokenUse::Access)),
        TokenSource::WebSocketProtocol("cognito.v1".into()),
        TokenSource::WebSocketProtocol("a".into()),
    ];
    assert_eq!(config.token_sources, expected);
}

#[test]
fn rules() {
    let mut document = with(
        "/rules",
        json!([
            {"match": {"path": {"exact": "/health"}, "methods": ["GET", "PURGE-ALL"], "hosts": ["A.Example", "*.b.example:8443", "[::1]"], "route": "r", "case_sensitive": true}, "auth": "none"},
            {"match": {"path": {"prefix": "/open/"}}, "auth": "optional"},
            {"match": {"path": {"template": "/users/{user}/*/**"}}, "auth": "required", "require": {
                "groups": {"any": ["a", "b"], "all": ["c"]}, "scopes": {"all": ["api/read"]}, "token_use": "access",
                "client_ids": ["web"], "claims": {"custom:tier": "gold", "n": [1, true, "x"]},
                "path_claims": {"user": "sub"}, "max_age_seconds": 31_536_000.0}},
            {"match": {}},
        ]),
    );
    set(&mut document, "/pools/0/token_use", json!("any"));
    let config = accept(&document);
    let [health, open, users, rest] = &config.rules[..] else {
        panic!()
    };
    let matcher = Matcher {
        path: Some(PathPattern::exact("/health").unwrap()),
        case_sensitive: true,
        methods: strings(&["GET", "PURGE-ALL"]),
        hosts: vec![
            HostPattern::parse("a.example").unwrap(),
            HostPattern::parse("*.b.example:8443").unwrap(),
            HostPattern::parse("[::1]").unwrap(),
        ],
        route: Some("r".into()),
    };
    assert_eq!((&health.matcher, health.auth), (&matcher, Auth::None));
    assert_eq!(health.require, Requirement::default());
    assert_eq!(
        (&open.matcher.path, open.auth),
        (&Some(PathPattern::prefix("/open").unwrap()), Auth::Optional)
    );
    assert_eq!(
        users.matcher.path,
        Some(PathPattern::template("/users/{user}/*/**").unwrap())
    );
    let name = |name: &str| ClaimRef::Name(name.into());
    let require = Requirement::from(Alternative {
        groups: AnyAll {
            any: strings(&["a", "b"]),
            all: strings(&["c"]),
        },
        scopes: AnyAll {
            any: vec![],
            all: strings(&["api/read"]),
        },
        token_use: Some(TokenUse::Access),
        client_ids: strings(&["web"]),
        claims: vec![
            (
                name("custom:tier"),
                ClaimMatcher::OneOf(vec![ClaimValue::Text("gold".into())]),
            ),
            (
                name("n"),
                ClaimMatcher::OneOf(vec![
                    ClaimValue::Number(1.0),
                    ClaimValue::Bool(true),
                    ClaimValue::Text("x".into()),
                ]),
            ),
        ],
        path_claims: vec![("user".into(), name("sub"))],
        max_age: Some(Duration::from_secs(31_536_000)),
    });
    assert_eq!((users.auth, &users.require), (Auth::Required, &require));
    assert_eq!((&rest.matcher, rest.auth), (&Matcher::default(), Auth::Required));
    assert!(accept(&with("/rules", json!([]))).rules.is_empty());
}

#[test]
fn alternatives_and_matchers_of_claims() {
    let mut document = with(
        "/rules",
        json!([{"match": {"path": {"template": "/{tenant}/{user}"}}, "require": [
            {"groups": {"any": ["admins"]}},
            {"claims": {
                "a": {"prefix": "p"}, "b": {"suffix": "s"}, "c": {"contains": "c"}, "d": {"words": ["x", "y"]},
                "e": {"present": false}, "f": {"not": "x"}, "g": {"not": ["x", 1.0]}, "/h/0": "", "email_verified": true,
            }, "path_claims": {"tenant": "/custom:tenants/0", "user": "sub"}},
        ]}]),
    );
    set(&mut document, "/pools/0/token_use", json!("any"));
    let [rule] = &accept(&document).rules[..] else { panic!() };
    let name = |name: &str| ClaimRef::Name(name.into());
    let pointer = |steps: &[&str]| ClaimRef::Pointer(strings(steps));
    let text = |text: &str| ClaimValue::Text(text.into());
    let claims = [
        (name("a"), ClaimMatcher::Prefix("p".into())),
        (name("b"), ClaimMatcher::Suffix("s".into())),
        (name("c"), ClaimMatcher::Contains("c".into())),
        (name("d"), ClaimMatcher::Words(strings(&["x", "y"]))),
        (name("e"), ClaimMatcher::Present(false)),
        (name("f"), ClaimMatcher::NoneOf(vec![text("x")])),
        (
            name("g"),
            ClaimMatcher::NoneOf(vec![text("x"), ClaimValue::Number(1.0)]),
        ),
        (pointer(&["h", "0"]), ClaimMatcher::OneOf(vec![text("")])),
        (
            name("email_verified"),
            ClaimMatcher::OneOf(vec![ClaimValue::Bool(true)]),
        ),
    ];
    let [admins, other] = rule.require.alternatives() else {
        panic!()
    };
    let wanted = Alternative {
        groups: AnyAll {
            any: strings(&["admins"]),
            all: vec![],
        },
        ..Alternative::default()
    };
    assert_eq!(*admins, wanted);
    assert_eq!(other.claims.len(), claims.len());
    assert!(claims.iter().all(|claim| other.claims.contains(claim)), "{other:?}");
    assert_eq!(other.path_claims.len(), 2);
    let tenant = ("tenant".to_string(), pointer(&["custom:tenants", "0"]));
    assert!(other.path_claims.contains(&tenant), "{other:?}");
}

#[test]
fn requirements_that_some_token_can_meet() {
    let mut access_only = other_pool();
    access_only["client_ids"] = json!(["machine"]);
    access_only["token_use"] = json!("access");
    for require in [
        json!({"token_use": "id"}),
        json!({"token_use": "access"}),
        json!({"scopes": {"any": ["s"]}}),
        json!({"scopes": {"any": ["s"]}, "client_ids": ["machine", "web"]}),
        json!([{"client_ids": ["web"], "token_use": "id"}, {"client_ids": ["machine"], "scopes": {"any": ["s"]}}]),
        json!({"claims": {"token_use": ["access", "refresh"], "iss": {"suffix": "eu-west-1_Xy9"}}, "scopes": {"any": ["s"]}}),
        json!({"claims": {"a": "", "/a": {"present": false}}}),
        json!({"claims": {"/a/b": {"present": false}, "a": {"present": true}}}),
        json!({"claims": {"cognito:groups": ["a", 5], "/cognito:groups/0": {"prefix": "a"}, "/sub/x": {"present": false}}}),
        json!({"claims": {"aud": {"contains": "e"}, "exp": {"not": 5}, "custom:a": {"not": "5"}, "other": {"not": 5}}}),
        json!({"claims": {"cognito:groups": {"present": false}, "scope": {"present": false}}}),
    ] {
        let mut document = with("/rules", json!([{"require": require}]));
        set(&mut document, "/pools/1", access_only.clone());
        assert_eq!(accept(&document).warnings, [""; 0], "{require}");
    }
}

#[test]
fn identity_and_lookup() {
    let mut document = with(
        "/identity",
        json!({
            "headers": {"X-User": "sub", "x-mail": ["email", "/profile/e~1m~0/0", "/"]},
            "payload_header": "X-Claims", "remove_token": true,
            "filter_state": {"cognito_tenant": "custom:tenant", "cognito_0_z": ["/a/0", "sub"]},
        }),
    );
    set(
        &mut document,
        "/user_lookup",
        json!({
            "cluster": "users", "uri": "http://users.internal/cognito/users", "headers": {"X-User-Id": "id"}, "on_failure": "continue",
        }),
    );
    let config = accept(&document);
    let pointer = |tokens: &[&str]| ClaimRef::Pointer(strings(tokens));
    let mail = HeaderSource::Claims(vec![
        ClaimRef::Name("email".into()),
        pointer(&["profile", "e/m~", "0"]),
        pointer(&[""]),
    ]);
    let mut headers = config.identity.headers.clone();
    headers.sort_by_key(|(name, _)| name.clone());
    assert_eq!(headers, [("x-mail".into(), mail), ("x-user".into(), claims(&["sub"]))]);
    assert_eq!(config.identity.payload_header.as_deref(), Some("x-claims"));
    let pointer = ClaimRef::Pointer(vec!["a".to_owned(), "0".to_owned()]);
    let several = HeaderSource::Claims(vec![pointer, ClaimRef::Name("sub".to_owned())]);
    let mut filter_state = config.identity.filter_state.clone();
    filter_state.sort_by_key(|(name, _)| name.clone());
    let expected = [
        ("cognito_0_z".into(), several),
        ("cognito_tenant".into(), claims(&["custom:tenant"])),
    ];
    assert_eq!(filter_state, expected);
    assert!(config.identity.remove_token);
    let lookup = UserLookupPolicy {
        call: CallPolicy {
            cluster: "users".into(),
            authority: "users.internal".into(),
            path: "/cognito/users".into(),
            timeout: Duration::from_secs(1),
            ttl: Duration::from_secs(300),
            on_failure: OnFailure::Continue,
        },
        headers: vec![("x-user-id".into(), "id".into())],
        max_value_bytes: 4096,
    };
    assert_eq!(config.user_lookup, Some(lookup));
    assert!(
        accept(&with("/identity/headers", json!({})))
            .identity
            .headers
            .is_empty()
    );
}

#[test]
fn the_other_settings() {
    let mut document = smallest();
    for (pointer, value) in [
        ("/mode", json!("shadow")),
        ("/bypass_cors_preflight", json!(true)),
        ("/token_cache/max_entries", json!(0)),
        ("/realm", json!("the ~ realm")),
        ("/disclose_reason", json!(false)),
        ("/clock_skew_seconds", json!(0)),
        ("/$schema", json!("https://example.com/config.schema.json")),
        ("/token_cache/max_mebibytes", json!(512)),
        ("/limits", json!({"token_bytes": 65_536, "header_value_bytes": 256})),
    ] {
        set(&mut document, pointer, value);
    }
    let config = accept(&document);
    assert_eq!(
        (config.mode, config.bypass_cors_preflight, config.disclose_reason),
        (Mode::Shadow, true, false)
    );
    assert_eq!(
        (config.token_cache.max_entries, config.realm.as_str()),
        (0, "the ~ realm")
    );
    assert_eq!(config.pools[0].claims.clock_skew, Duration::ZERO);
    assert_eq!(accept(&with("/token_cache", json!({}))).token_cache.max_entries, 1000);
    assert_eq!(
        accept(&with("/token_cache/max_entries", json!(100_000)))
            .token_cache
            .max_entries,
        100_000
    );
}

#[test]
fn json_may_begin_with_white_space_as_a_struct_may_look_like_it() {
    for space in ["", " ", "\n", "\n\n  ", "\r\n\t", "\n\t\n"] {
        read(format!("{space}{}", smallest()).as_bytes()).unwrap();
    }
    // Members whose first entries have the lengths 9, 10, 13 and 32: white space, all of it, before the key.
    for pointer in ["/realm", "/mode", "/token_sources"] {
        let value = if pointer == "/token_sources" {
            json!([{"query": "t"}])
        } else {
            json!("shadow")
        };
        accept(&with(pointer, value));
    }
}

#[test]
fn warnings_name_place_and_reason() {
    let shadowing =
        json!([{"match": {"path": {"prefix": "/a"}}}, {"match": {"path": {"exact": "/a/b"}}, "auth": "none"}]);
    let info = json!({"cluster": "c", "domain": "a.example"});
    let mut both = with("/pools/0/issuer", json!("https://id.example"));
    set(&mut both, "/pools/0/additional_regions", json!(["eu-west-1"]));
    let table = [
        (
            with(
                "/rules",
                json!([{"match": {"methods": ["GET", "ANY"]}, "auth": "none"}]),
            ),
            "config: rules[0].match.methods[1]: is for requests whose method is \"ANY\": for all methods leave \"methods\" out",
        ),
        (
            with("/rules", shadowing),
            "config: rules[1]: never decides: rules[0] comes first and matches every request that it matches",
        ),
        (
            with("/pools/0/user_info", info),
            "config: pools[0].user_info: is never called: it is for access tokens, and token_use accepts ID tokens only",
        ),
        (
            with("/rules", json!([{"require": {"claims": {"custom:level": ["1", 2]}}}])),
            "config: rules[0].require.claims[\"custom:level\"]: compares a custom attribute with a number or boolean, but custom \
             attributes are strings in tokens, unless a trigger changes them: compare it with a string such as \"1\"",
        ),
        (
            both,
            "config: pools[0].additional_regions: has no effect: \"issuer\" is given, and it alone is accepted",
        ),
        (
            with("/token_sources", json!([{"amplify": "web", "token": "access"}])),
            "config: token_sources[0].amplify: never leads to an accepted token: no pool with this client accepts access tokens; \
             see \"token_use\" there, and \"token\" here",
        ),
        (
            with("/mode", json!("shadow")),
            "config: mode: is \"shadow\": nothing is refused, decisions are only logged and counted; leave it out to enforce them",
        ),
    ];
    for (document, warning) in table {
        assert_eq!(accept(&document).warnings, [warning]);
    }
}
