//! The outermost object and its small members.

use super::identity::{IDENTITY, TOKEN_SOURCE, USER_LOOKUP};
use super::pools::POOL;
use super::rules::RULE;
use crate::config::MAX_POOLS;
use crate::config::schema::{BOOLEAN, Field, List, Members, Object, Pattern, Shape, Type};

/// The whole configuration.
pub static CONFIGURATION: Type = Type::object(
    &TOP,
    r#"{"pools": [{"user_pool_id": "us-east-1_Ab1Cd2Ef3", "client_ids": "any", "jwks": {"cluster": "cognito"}}]}"#,
);

pub(in crate::config) static TOP: Object = Object {
    title: "Configuration",
    description: "The plugin's configuration: JSON text, or a google.protobuf.Struct of the same form.",
    fields: &[
        Field::required(
            "pools",
            &POOLS,
            "The user pools whose tokens are accepted. A token's iss selects its pool.",
        ),
        Field::default(
            "token_sources",
            &TOKEN_SOURCES,
            r#"[{"header": "authorization", "scheme": "Bearer"}]"#,
            "Where a token is looked for, in order. The first source that holds a credential is used alone.",
        ),
        Field::default(
            "rules",
            &RULES,
            "[]",
            "Which requests need a token, and what it must hold. The first rule that matches a request decides; a request \
             that no rule matches needs a valid token.",
        ),
        Field::optional(
            "identity",
            &IDENTITY_TYPE,
            "What the upstream learns about the user, in request headers.",
        ),
        Field::optional(
            "user_lookup",
            &USER_LOOKUP_TYPE,
            "Finds or creates the application's own user by a call to the application. Off unless it is given.",
        ),
        Field::default(
            "clock_skew_seconds",
            &CLOCK_SKEW,
            "60",
            "How far the clocks of Cognito and of this proxy may differ: leeway for exp, nbf and iat.",
        ),
        Field::default(
            "mode",
            &MODE,
            r#""enforce""#,
            "enforce refuses requests; shadow decides, logs and counts the same, but refuses nothing.",
        ),
        Field::default(
            "bypass_cors_preflight",
            &BOOLEAN,
            "false",
            "Whether CORS preflight requests, which browsers send without credentials, pass without a token.",
        ),
        Field::optional(
            "token_cache",
            &TOKEN_CACHE_TYPE,
            "The cache of verified tokens that each worker has.",
        ),
        Field::optional("limits", &LIMITS_TYPE, "The sizes that are accepted."),
        Field::default("realm", &REALM, r#""cognito""#, "The realm in www-authenticate."),
        Field::default(
            "disclose_reason",
            &BOOLEAN,
            "true",
            "Whether clients learn why they are refused. Logs, metrics and filter state always have the reason.",
        ),
        Field::optional(
            "$schema",
            &SCHEMA,
            "The JSON Schema of this document, for editors. It is ignored.",
        ),
    ],
    members: Members::Any,
    beside: &[],
};

static POOLS: Type = Type {
    shape: Shape::List(List {
        items: &POOL_TYPE,
        least: 1,
        most: MAX_POOLS,
        noun: "user pools",
        unique: false,
        hint: "must have at least one user pool",
    }),
    example: r#"[{"user_pool_id": "us-east-1_Ab1Cd2Ef3", "client_ids": "any", "jwks": {"cluster": "cognito"}}]"#,
    hint: "",
};

static POOL_TYPE: Type = Type::object(
    &POOL,
    r#"{"user_pool_id": "us-east-1_Ab1Cd2Ef3", "client_ids": "any", "jwks": {"cluster": "cognito"}}"#,
);

static TOKEN_SOURCES: Type = Type::set(
    &TOKEN_SOURCE_TYPE,
    "must name at least one place to look for a token, or be left out",
    r#"[{"header": "authorization", "scheme": "Bearer"}]"#,
);

static TOKEN_SOURCE_TYPE: Type = Type::object(&TOKEN_SOURCE, r#"{"header": "authorization", "scheme": "Bearer"}"#);

static RULES: Type = Type {
    shape: Shape::List(List {
        items: &RULE_TYPE,
        least: 0,
        most: usize::MAX,
        noun: "elements",
        unique: false,
        hint: "",
    }),
    example: r#"[{"match": {"path": {"prefix": "/health"}}, "auth": "none"}]"#,
    hint: "",
};

static RULE_TYPE: Type = Type::object(&RULE, r#"{"match": {"path": {"prefix": "/health"}}, "auth": "none"}"#);

static IDENTITY_TYPE: Type = Type::object(&IDENTITY, r#"{"headers": {"x-user": "sub"}}"#);

static USER_LOOKUP_TYPE: Type = Type::object(
    &USER_LOOKUP,
    r#"{"cluster": "users", "uri": "http://users.internal/cognito/users", "headers": {"x-user-id": "id"}}"#,
);

static CLOCK_SKEW: Type = Type::integer(0, 300, "60");

static MODE: Type = Type::words(&["enforce", "shadow"], r#""shadow""#);

static TOKEN_CACHE_TYPE: Type = Type::object(&TOKEN_CACHE, r#"{"max_entries": 1000}"#);

pub(in crate::config) static TOKEN_CACHE: Object = Object {
    title: "Token cache",
    description: "The bounds of each worker's cache of verified tokens.",
    fields: &[
        Field::default(
            "max_entries",
            &CACHE_ENTRIES,
            "1000",
            "How many verified tokens a worker caches. 0 switches the cache off.",
        ),
        Field::default(
            "max_mebibytes",
            &CACHE_MEBIBYTES,
            "32",
            "How much memory a worker's cached tokens may take, in MiB.",
        ),
    ],
    members: Members::Any,
    beside: &[],
};

static CACHE_ENTRIES: Type = Type::integer(0, 100_000, "1000");
static CACHE_MEBIBYTES: Type = Type::integer(1, 512, "32");

static LIMITS_TYPE: Type = Type::object(&LIMITS, r#"{"token_bytes": 32768}"#);

pub(in crate::config) static LIMITS: Object = Object {
    title: "Limits",
    description: "The sizes that are accepted, in bytes. Envoy has limits of its own for request headers.",
    fields: &[
        Field::default(
            "token_bytes",
            &TOKEN_BYTES,
            "16384",
            "The longest token that is accepted.",
        ),
        Field::default(
            "header_value_bytes",
            &HEADER_VALUE_BYTES,
            "4096",
            "The longest value of an identity or lookup header, after encoding. A longer one is left out, with a warning.",
        ),
    ],
    members: Members::Any,
    beside: &[],
};

static TOKEN_BYTES: Type = Type::integer(1024, 65_536, "32768");
static HEADER_VALUE_BYTES: Type = Type::integer(256, 65_536, "8192");

static REALM: Type = Type::pattern(Pattern::Realm, r#""cognito""#);
static SCHEMA: Type = Type::any_text(r#""./config.schema.json""#);
