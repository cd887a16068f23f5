//! A rule: which requests it is for, and what it requires of a token.

use super::identity::CLAIM;
use super::pools::CLIENT_ID;
use crate::config::schema::{BOOLEAN, Field, List, Map, Members, Object, Pattern, Shape, Type};

pub(in crate::config) static RULE: Object = Object {
    title: "Rule",
    description: "Which requests it is for, and what they need.",
    fields: &[
        Field::optional("match", &MATCH_TYPE, "Which requests the rule is for. Without it, all."),
        Field::default(
            "auth",
            &AUTH,
            r#""required""#,
            "required: a valid token is needed. optional: a request without a credential passes, a bad credential is refused. \
             none: no token is looked at.",
        ),
        Field::optional(
            "require",
            &REQUIRE,
            "What the verified token must hold, with auth required only: an object in which every field must hold, or a list \
             of such objects of which one must.",
        ),
    ],
    members: Members::Any,
    beside: &[],
};

static MATCH_TYPE: Type = Type::object(&MATCH, r#"{"path": {"prefix": "/api"}}"#);

pub(in crate::config) static MATCH: Object = Object {
    title: "Match",
    description: "Which requests a rule is for: every given field must hold.",
    fields: &[
        Field::optional("path", &PATH_TYPE, "The path, without the query, in its normal form."),
        Field::default(
            "case_sensitive",
            &BOOLEAN,
            "false",
            "Whether the path is compared with regard to case in a rule with auth required. Rules with another auth always \
             are.",
        ),
        Field::optional("methods", &METHODS, "HTTP methods, in upper case."),
        Field::optional(
            "hosts",
            &HOSTS,
            "Host names, with or without a port. *.example.com stands for every name below example.com.",
        ),
        Field::optional("route", &ROUTE, "The name of the Envoy route."),
    ],
    members: Members::Any,
    beside: &[],
};

static PATH_TYPE: Type = Type::object(&PATH, r#"{"prefix": "/health"}"#);

pub(in crate::config) static PATH: Object = Object {
    title: "Path",
    description: "A pattern for paths.",
    fields: &[
        Field::optional("exact", &PATH_TEXT, "This path alone."),
        Field::optional(
            "prefix",
            &PATH_TEXT,
            "This path and those below it, by whole segments: /api is not for /apiary.",
        ),
        Field::optional(
            "template",
            &TEMPLATE,
            "Segments of which {name} and * stand for any one, and ** as the last for any number.",
        ),
    ],
    members: Members::ExactlyOneOf(&["exact", "prefix", "template"]),
    beside: &[],
};

static PATH_TEXT: Type = Type::text(r#""/api""#);
static TEMPLATE: Type = Type::text(r#""/users/{user}/**""#);

static METHODS: Type = Type::set(
    &METHOD,
    "must name at least one method, or be left out",
    r#"["GET", "HEAD"]"#,
);

static METHOD: Type = Type::text(r#""GET""#);
static HOSTS: Type = Type::set(
    &HOST,
    "must name at least one host, or be left out",
    r#"["api.example.com"]"#,
);

static HOST: Type = Type::text(r#""api.example.com""#);
static ROUTE: Type = Type::text(r#""admin""#);
static AUTH: Type = Type::words(&["required", "optional", "none"], r#""none""#);

static REQUIRE: Type = Type {
    shape: Shape::Either {
        types: &[&ALTERNATIVE_TYPE, &ALTERNATIVES],
        expected: r#"an object such as {"groups": {"any": ["admins"]}}, or a list of such objects of which one must hold"#,
    },
    example: r#"{"groups": {"any": ["admins"]}}"#,
    hint: "",
};

static ALTERNATIVES: Type = Type {
    shape: Shape::List(List {
        items: &ALTERNATIVE_TYPE,
        least: 1,
        most: 16,
        noun: "alternatives",
        unique: false,
        hint: "must have at least one alternative, or be left out",
    }),
    example: r#"[{"groups": {"any": ["admins"]}}, {"scopes": {"all": ["jobs/run"]}}]"#,
    hint: "",
};

static ALTERNATIVE_TYPE: Type = Type::object(&ALTERNATIVE, r#"{"groups": {"any": ["admins"]}}"#);

pub(in crate::config) static ALTERNATIVE: Object = Object {
    title: "Requirement",
    description: "What a verified token must hold: every given field must.",
    fields: &[
        Field::optional("groups", &GROUPS, "Groups of the user: the claim cognito:groups."),
        Field::optional(
            "scopes",
            &SCOPES,
            "Scopes of an access token: the words of the claim scope.",
        ),
        Field::optional("token_use", &TOKEN_USE, "The kind of token."),
        Field::optional(
            "client_ids",
            &CLIENT_IDS,
            "App clients of which one must be the token's.",
        ),
        Field::optional(
            "claims",
            &CLAIM_MATCHERS,
            "Claim to what it must be. A name that begins with / is a JSON pointer. An unverified email or phone_number is \
             never what it must be.",
        ),
        Field::optional(
            "path_claims",
            &PATH_CLAIMS,
            "Name of a segment of match.path.template to the claim that the segment must equal, or that must contain it.",
        ),
        Field::optional(
            "max_age_seconds",
            &MAX_AGE,
            "How long ago the user may have signed in: auth_time is present and no older.",
        ),
    ],
    members: Members::AtLeastOne,
    beside: &[],
};

static GROUPS: Type = Type::object(&GROUP_WORDS, r#"{"any": ["admins"]}"#);
static SCOPES: Type = Type::object(&SCOPE_WORDS, r#"{"any": ["jobs/read"]}"#);

pub(in crate::config) static GROUP_WORDS: Object = Object {
    title: "Groups",
    description: "One of any, and each of all.",
    fields: &[
        Field::optional("any", &GROUP_LIST, "At least one of these."),
        Field::optional("all", &GROUP_LIST, "Each of these."),
    ],
    members: Members::AtLeastOne,
    beside: &[],
};

pub(in crate::config) static SCOPE_WORDS: Object = Object {
    title: "Scopes",
    description: "One of any, and each of all.",
    fields: &[
        Field::optional("any", &SCOPE_LIST, "At least one of these."),
        Field::optional("all", &SCOPE_LIST, "Each of these."),
    ],
    members: Members::AtLeastOne,
    beside: &[],
};

static GROUP_LIST: Type = Type::set(&GROUP, "must name at least one, or be left out", r#"["admins"]"#);
static GROUP: Type = Type::text(r#""admins""#);
static SCOPE_LIST: Type = Type::set(&SCOPE, "must name at least one, or be left out", r#"["jobs/read"]"#);
static SCOPE: Type = Type::pattern(Pattern::Scope, r#""jobs/read""#);
static TOKEN_USE: Type = Type::words(&["id", "access"], r#""access""#);

static CLIENT_IDS: Type = Type::set(
    &CLIENT_ID,
    "must name at least one app client, or be left out",
    r#"["1h57kf5cpq17m0eml12EXAMPLE"]"#,
);

static CLAIM_MATCHERS: Type = Type {
    shape: Shape::Map(Map {
        values: &CLAIM_MATCHER_TYPE,
        least: 1,
        hint: "must name at least one claim, or be left out",
    }),
    example: r#"{"custom:tier": ["gold", "platinum"]}"#,
    hint: "",
};

static CLAIM_MATCHER_TYPE: Type = Type {
    shape: Shape::Either {
        types: &[&CLAIM_TEXT, &CLAIM_NUMBER, &BOOLEAN, &CLAIM_VALUE_LIST, &MATCHER_OBJECT],
        expected: r#"a value such as "gold", a list of values, or an object such as {"prefix": "tenant-"}"#,
    },
    example: r#"["gold", "platinum"]"#,
    hint: "",
};

static CLAIM_VALUES: Type = Type {
    shape: Shape::Either {
        types: &[&CLAIM_TEXT, &CLAIM_NUMBER, &BOOLEAN, &CLAIM_VALUE_LIST],
        expected: r#"a value such as "gold", or a list of values"#,
    },
    example: r#""gold""#,
    hint: "",
};

static CLAIM_TEXT: Type = Type::any_text(r#""gold""#);
static CLAIM_NUMBER: Type = Type {
    shape: Shape::Number,
    example: "3",
    hint: "",
};

static CLAIM_VALUE: Type = Type {
    shape: Shape::Either {
        types: &[&CLAIM_TEXT, &CLAIM_NUMBER, &BOOLEAN],
        expected: "a string, a number, true or false",
    },
    example: r#""gold""#,
    hint: "",
};

static CLAIM_VALUE_LIST: Type = Type::set(&CLAIM_VALUE, "must have at least one value", r#"["gold", "platinum"]"#);
static MATCHER_OBJECT: Type = Type::object(&CLAIM_MATCHER, r#"{"prefix": "tenant-"}"#);

pub(in crate::config) static CLAIM_MATCHER: Object = Object {
    title: "Claim matcher",
    description: "What a claim must be, other than one of some values. Strings of a list are looked at one by one.",
    fields: &[
        Field::optional("prefix", &PREFIX, "A string begins with this."),
        Field::optional("suffix", &SUFFIX, "A string ends with this."),
        Field::optional("contains", &PART, "A string contains this."),
        Field::optional(
            "words",
            &WORD_LIST,
            "One of these is a word of a string that is split at spaces.",
        ),
        Field::optional(
            "present",
            &BOOLEAN,
            "Whether the claim is there; null, \"\" and [] are not.",
        ),
        Field::optional(
            "not",
            &CLAIM_VALUES,
            "The claim is there, and equals and contains none of these values.",
        ),
    ],
    members: Members::ExactlyOneOf(&["prefix", "suffix", "contains", "words", "present", "not"]),
    beside: &[],
};

static PREFIX: Type = Type::text(r#""tenant-""#);
static SUFFIX: Type = Type::text(r#""@example.com""#);
static PART: Type = Type::text(r#""admin""#);
static WORD_LIST: Type = Type::set(&WORD, "must have at least one word", r#"["read", "write"]"#);
static WORD: Type = Type::text(r#""read""#);

static PATH_CLAIMS: Type = Type {
    shape: Shape::Map(Map {
        values: &CLAIM,
        least: 1,
        hint: "must name at least one segment, or be left out",
    }),
    example: r#"{"user": "sub"}"#,
    hint: "",
};

/// A year: a longer limit has no use.
static MAX_AGE: Type = Type::integer(1, 31_536_000, "300");
