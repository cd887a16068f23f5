//! A user pool, its keys, and the call to UserInfo.

use crate::config::schema::{Beside, Field, List, Members, Object, Pattern, Shape, Type};

pub(in crate::config) static POOL: Object = Object {
    title: "Pool",
    description: "A user pool whose tokens are accepted. No two pools may have an issuer in common.",
    fields: &[
        Field::required("user_pool_id", &USER_POOL_ID, "The pool's id as Cognito shows it."),
        Field::optional(
            "region",
            &REGION,
            "The pool's region. It is the part of user_pool_id before the underscore, and must agree with it.",
        ),
        Field::required(
            "client_ids",
            &CLIENT_IDS,
            "The app clients whose tokens are accepted: aud of an ID token, client_id of an access token. \"any\" accepts \
             every app client of the pool.",
        ),
        Field::default(
            "token_use",
            &TOKEN_USE,
            r#""id""#,
            "Which of the pool's tokens are accepted.",
        ),
        Field::optional(
            "issuer",
            &ISSUER,
            "The only issuer that is accepted, for emulators and custom endpoints. Without it both forms that Cognito has \
             are: https://cognito-idp.<region>.amazonaws.com/<user_pool_id>, and the same with issuer-cognito-idp.",
        ),
        Field::default(
            "additional_regions",
            &ADDITIONAL_REGIONS,
            "[]",
            "The replica regions of a multi-region pool. Their issuers are accepted as well; the keys are fetched from the \
             pool's own region.",
        ),
        Field::required("jwks", &JWKS_TYPE, "Where the pool's public keys come from."),
        Field::optional(
            "user_info",
            &USER_INFO_TYPE,
            "Fetches more claims about the user for access tokens with the scope openid. Off unless it is given.",
        ),
    ],
    members: Members::Any,
    beside: &[],
};

static USER_POOL_ID: Type = Type::pattern(Pattern::UserPoolId, r#""us-east-1_Ab1Cd2Ef3""#);
static REGION: Type = Type::pattern(Pattern::Region, r#""us-east-1""#);

static CLIENT_IDS: Type = Type {
    shape: Shape::Either {
        types: &[&ANY, &CLIENT_ID_LIST],
        expected: r#"a list such as ["1h57kf5cpq17m0eml12EXAMPLE"], or "any""#,
    },
    example: r#"["1h57kf5cpq17m0eml12EXAMPLE"]"#,
    hint: "",
};

static ANY: Type = Type::words(&["any"], r#""any""#);

static CLIENT_ID_LIST: Type = Type::set(
    &POOL_CLIENT_ID,
    "must name at least one app client, or be \"any\"",
    r#"["1h57kf5cpq17m0eml12EXAMPLE"]"#,
);

static POOL_CLIENT_ID: Type = Type::pattern(Pattern::ClientId, r#""1h57kf5cpq17m0eml12EXAMPLE""#)
    .hint("to accept every app client of the pool, write \"client_ids\": \"any\"");

pub(super) static CLIENT_ID: Type = Type::pattern(Pattern::ClientId, r#""1h57kf5cpq17m0eml12EXAMPLE""#);

static TOKEN_USE: Type = Type::words(&["id", "access", "any"], r#""access""#);
static ISSUER: Type = Type::text(r#""http://localhost:9229/local_1Ab2Cd3Ef""#);

static ADDITIONAL_REGIONS: Type = Type {
    shape: Shape::List(List {
        items: &REGION,
        least: 0,
        most: usize::MAX,
        noun: "elements",
        unique: true,
        hint: "",
    }),
    example: r#"["us-west-2"]"#,
    hint: "",
};

static JWKS_TYPE: Type = Type::object(&JWKS, r#"{"cluster": "cognito"}"#);

pub(in crate::config) static JWKS: Object = Object {
    title: "JWKS",
    description: "Where a pool's public keys come from: fetched through an Envoy cluster, or given inline.",
    fields: &[
        Field::optional(
            "cluster",
            &CLUSTER,
            "The Envoy cluster that the keys are fetched through.",
        ),
        Field::optional(
            "uri",
            &URI,
            "The URL of the keys: its host is the :authority of the fetch, its path the :path. Without it, the first issuer \
             followed by /.well-known/jwks.json.",
        ),
        Field::optional(
            "inline",
            &INLINE,
            "The keys themselves, as a JWK set. Nothing is fetched then.",
        ),
        Field::default(
            "ttl_seconds",
            &TTL,
            "300",
            "The age at which the keys are fetched anew.",
        ),
        Field::default(
            "max_stale_seconds",
            &MAX_STALE,
            "86400",
            "How long past ttl_seconds the keys go on serving while they cannot be fetched.",
        ),
        Field::default(
            "timeout_ms",
            &CALL_TIMEOUT,
            "5000",
            "The time limit of one fetch, and the longest that a request waits for keys.",
        ),
        Field::default(
            "refetch_cooldown_seconds",
            &COOLDOWN,
            "30",
            "The least time between two fetches that tokens with an unknown key id cause, for the whole Envoy.",
        ),
    ],
    members: Members::ExactlyOneOf(&["cluster", "inline"]),
    beside: &[Beside {
        name: "uri",
        other: "cluster",
        reason: "inline keys are not fetched",
    }],
};

static CLUSTER: Type = Type::text(r#""cognito""#);
static URI: Type =
    Type::text(r#""https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Ab1Cd2Ef3/.well-known/jwks.json""#);

static INLINE: Type = Type {
    shape: Shape::JwkSet,
    example: r#"{"keys": [{"kty": "RSA", "kid": "…", "n": "…", "e": "AQAB"}]}"#,
    hint: "",
};

static TTL: Type = Type::integer(1, 86_400, "300");
static MAX_STALE: Type = Type::integer(0, 604_800, "86400");
pub(super) static CALL_TIMEOUT: Type = Type::integer(1, 60_000, "1000");
static COOLDOWN: Type = Type::integer(0, 3600, "30");

static USER_INFO_TYPE: Type = Type::object(
    &USER_INFO,
    r#"{"cluster": "cognito-login", "domain": "auth.example.com"}"#,
);

pub(in crate::config) static USER_INFO: Object = Object {
    title: "UserInfo",
    description: "The call of the pool's UserInfo endpoint. The claims of its answer fill gaps for identity headers and for \
                  the lookup; no rule looks at them.",
    fields: &[
        Field::required(
            "cluster",
            &CLUSTER,
            "The Envoy cluster that the endpoint is called through.",
        ),
        Field::optional("uri", &USER_INFO_URI, "The URL of the endpoint."),
        Field::optional(
            "domain",
            &DOMAIN,
            "The pool's domain, instead of uri: https://<domain>/oauth2/userInfo is called.",
        ),
        Field::default("timeout_ms", &CALL_TIMEOUT, "1000", "The time limit of one call."),
        Field::default(
            "ttl_seconds",
            &CALL_TTL,
            "300",
            "How long an answer is cached, at most until the token expires. 0 caches nothing.",
        ),
        Field::default(
            "on_failure",
            &ON_FAILURE,
            r#""reject""#,
            "What happens to a request whose call failed: reject answers 503, continue goes on without these claims.",
        ),
    ],
    members: Members::ExactlyOneOf(&["uri", "domain"]),
    beside: &[],
};

static USER_INFO_URI: Type = Type::text(r#""https://auth.example.com/oauth2/userInfo""#);
static DOMAIN: Type = Type::text(r#""auth.example.com""#);
pub(super) static CALL_TTL: Type = Type::integer(0, 86_400, "300");
pub(super) static ON_FAILURE: Type = Type::words(&["reject", "continue"], r#""continue""#);
