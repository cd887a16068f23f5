//! Where tokens come from, what the upstream learns, and the lookup of the application's own user.

use super::pools::{CALL_TIMEOUT, CALL_TTL, CLIENT_ID, ON_FAILURE};
use crate::config::schema::{BOOLEAN, Beside, Field, Map, Members, Object, Shape, Type};

pub(in crate::config) static TOKEN_SOURCE: Object = Object {
    title: "Token source",
    description: "A place where a token is looked for.",
    fields: &[
        Field::optional("header", &HEADER, "The name of a request header."),
        Field::optional(
            "scheme",
            &SCHEME,
            "The authentication scheme in front of the token. Without it the header's whole value is the token.",
        ),
        Field::optional(
            "cookie",
            &COOKIE,
            "The name of a cookie. One * in it stands for any text.",
        ),
        Field::optional("query", &QUERY, "The name of a query parameter."),
        Field::optional(
            "amplify",
            &CLIENT_ID,
            "An app client whose tokens AWS Amplify keeps in cookies. Those of the user signed in last, whom the cookie \
             LastAuthUser names, are looked at.",
        ),
        Field::default(
            "token",
            &AMPLIFY_TOKEN,
            r#""id""#,
            "Which of the tokens that Amplify keeps is used.",
        ),
        Field::optional(
            "websocket_protocol",
            &WEBSOCKET_PROTOCOL,
            "The name of a WebSocket protocol with which clients offer the token in sec-websocket-protocol: the name and the \
             token as two protocols next to each other, or as one with a dot between them. They never reach the upstream.",
        ),
    ],
    members: Members::ExactlyOneOf(&["header", "cookie", "query", "amplify", "websocket_protocol"]),
    beside: &[
        Beside {
            name: "scheme",
            other: "header",
            reason: "other sources have no scheme",
        },
        Beside {
            name: "token",
            other: "amplify",
            reason: "other sources hold one token",
        },
    ],
};

static HEADER: Type = Type::text(r#""authorization""#);
static SCHEME: Type = Type::text(r#""Bearer""#).hint("leave it out if the header's whole value is the token");
static COOKIE: Type = Type::text(r#""id_token""#);
static QUERY: Type = Type::text(r#""token""#);
static AMPLIFY_TOKEN: Type = Type::words(&["id", "access"], r#""access""#);
static WEBSOCKET_PROTOCOL: Type = Type::text(r#""cognito""#);

pub(in crate::config) static IDENTITY: Object = Object {
    title: "Identity",
    description: "What the upstream learns about the user. Clients cannot send these headers themselves.",
    fields: &[
        Field::optional(
            "headers",
            &IDENTITY_HEADERS,
            "Header to claim, or to a list of claims of which the first present is used; a name that begins with / is a JSON \
             pointer. It replaces the default headers, x-cognito-sub, x-cognito-username, x-cognito-email, x-cognito-groups, \
             x-cognito-scope, x-cognito-client-id and x-cognito-token-use.",
        ),
        Field::optional(
            "payload_header",
            &PAYLOAD_HEADER,
            "A header that carries all claims: the JSON in base64url without padding.",
        ),
        Field::default(
            "filter_state",
            &FILTER_STATE,
            "{}",
            "More filter state for access logs and later filters: name to claim, or to a list of claims, as in headers. \
             {\"cognito_tenant\": \"custom:tenant\"} is %FILTER_STATE(wasm.cognito_tenant:PLAIN)%.",
        ),
        Field::default(
            "remove_token",
            &BOOLEAN,
            "false",
            "Whether the credential that was used is taken out of what the upstream gets.",
        ),
    ],
    members: Members::Any,
    beside: &[],
};

static IDENTITY_HEADERS: Type = Type {
    shape: Shape::Map(Map {
        values: &CLAIMS,
        least: 0,
        hint: "",
    }),
    example: r#"{"x-user": "sub"}"#,
    hint: "",
};

static FILTER_STATE: Type = Type {
    shape: Shape::Map(Map {
        values: &CLAIMS,
        least: 0,
        hint: "",
    }),
    example: r#"{"cognito_tenant": "custom:tenant"}"#,
    hint: "",
};

static CLAIMS: Type = Type {
    shape: Shape::Either {
        types: &[&CLAIM, &CLAIM_LIST],
        expected: r#"the name of a claim such as "sub", or a list of such names"#,
    },
    example: r#""sub""#,
    hint: "",
};

pub(super) static CLAIM: Type = Type::text(r#""sub""#);

static CLAIM_LIST: Type = Type::set(
    &CLAIM,
    "must name at least one claim",
    r#"["cognito:username", "username"]"#,
);

static PAYLOAD_HEADER: Type = Type::text(r#""x-cognito-payload""#);

pub(in crate::config) static USER_LOOKUP: Object = Object {
    title: "User lookup",
    description: "The call that finds or creates the application's own user: the verified claims are posted as JSON, and \
                  members of the answer become request headers.",
    fields: &[
        Field::required(
            "cluster",
            &LOOKUP_CLUSTER,
            "The Envoy cluster that the application is called through.",
        ),
        Field::required("uri", &LOOKUP_URI, "The URL that the claims are posted to."),
        Field::default("timeout_ms", &CALL_TIMEOUT, "1000", "The time limit of one call."),
        Field::default(
            "ttl_seconds",
            &CALL_TTL,
            "300",
            "How long an answer is cached. 0 caches nothing.",
        ),
        Field::default(
            "headers",
            &LOOKUP_HEADERS,
            "{}",
            "Header to the member of the answer that it carries.",
        ),
        Field::default(
            "on_failure",
            &ON_FAILURE,
            r#""reject""#,
            "What happens to a request whose call failed: reject answers 503, continue goes on without these headers.",
        ),
    ],
    members: Members::Any,
    beside: &[],
};

static LOOKUP_CLUSTER: Type = Type::text(r#""users""#);
static LOOKUP_URI: Type = Type::text(r#""http://users.internal/cognito/users""#);

static LOOKUP_HEADERS: Type = Type {
    shape: Shape::Map(Map {
        values: &ANSWER_MEMBER,
        least: 0,
        hint: "",
    }),
    example: r#"{"x-user-id": "id"}"#,
    hint: "",
};

static ANSWER_MEMBER: Type = Type::text(r#""id""#);
