"""How the credential is sent (RFC 6750 section 2.1, RFC 9110 section 11.4), and what clients try to slip past."""

from .base import BEARER, CLIENT, OTHER_SUB, SUB, case, id_token, with_claims

MALFORMED, MISSING = "token_malformed", "token_missing"


def credential(name: str, what: str, expect: str, *values: str, **more) -> dict:
    headers = [["authorization", value] for value in values]
    return case(f"credential-{name}", what, expect, headers=headers, attack=more.pop("attack", "RFC 6750 section 2.1"), **more)


SEARCH = "the scheme is looked for anywhere in the value"

CREDENTIALS = [
    credential("none", "no credential", MISSING),
    credential(
        "honest", "an honest token", "allowed", "Bearer {token}", upstream={"x-cognito-sub": [SUB], "x-cognito-client-id": [CLIENT]}
    ),
    credential("lower-case", "the scheme in lower case", "allowed", "bearer {token}"),
    credential("upper-case", "the scheme in upper case", "allowed", "BEARER {token}"),
    credential("mixed-case", "the scheme in mixed case", "allowed", "bEaReR {token}"),
    credential("two-spaces", "two spaces", "allowed", "Bearer  {token}"),
    credential("tab", "a tab", "allowed", "Bearer\t{token}"),
    credential("spaces-and-tabs", "spaces and tabs", "allowed", "Bearer \t \t{token}"),
    credential("no-space", "nothing between scheme and token", MISSING, "Bearer{token}"),
    credential("bare", "the token without a scheme", MISSING, "{token}"),
    credential("empty-value", "an empty header", MISSING, ""),
    credential("scheme-alone", "the scheme alone", MALFORMED, "Bearer"),
    credential("scheme-longer", "a scheme that begins like ours", MISSING, "BearerToken {token}"),
    credential("scheme-shorter", "a scheme that is the beginning of ours", MISSING, "Bear {token}"),
    credential("colon", "a colon after the scheme", MISSING, "Bearer: {token}"),
    credential("equals", "an equals sign after the scheme", MISSING, "Bearer={token}"),
    credential("basic", "another scheme", MISSING, "Basic YWxpY2U6c2VjcmV0"),
    credential("basic-token", "the token under another scheme", MISSING, "Basic {token}"),
    credential("jwt-scheme", "the token under the scheme JWT", MISSING, "JWT {token}"),
    credential("basic-then-bearer", "two schemes in one header", MISSING, "Basic YWxpY2U6c2VjcmV0, Bearer {token}", attack=SEARCH),
    credential("negotiate-then-bearer", "our scheme inside another's credentials", MISSING, "Negotiate xBearer {token}", attack=SEARCH),
    credential("digest-then-bearer", "our scheme inside a parameter", MISSING, 'Digest username="Bearer {token}"', attack=SEARCH),
    credential("byte-before", "a byte above 0x7F before the scheme", MISSING, "\xffBearer {token}", attack=SEARCH),
    credential("byte-order-mark-before", "a byte order mark before the scheme", MISSING, "\xef\xbb\xbfBearer {token}", attack=SEARCH),
    credential("no-break-space", "a no-break space after the scheme", MISSING, "Bearer\xa0{token}"),
    credential("wide-space", "a wide space after the scheme", MISSING, "Bearer\xe2\x80\x83{token}"),
    credential("bytes-as-token", "bytes above 0x7F as the token", MALFORMED, "Bearer \xff\xfe\xfd"),
    credential("byte-after", "a byte above 0x7F after the token", MALFORMED, "Bearer {token}\xff"),
    credential("text-after", "text after the token", MALFORMED, "Bearer {token} x"),
    credential("comma-after", "a comma after the token", MALFORMED, "Bearer {token},"),
    credential("parameter", "an auth-param in the place of the token", MALFORMED, 'Bearer realm="x"'),
    credential("angle-brackets", "the token in angle brackets", MALFORMED, "Bearer <{token}>"),
    credential(
        "two-tokens-in-one", "two tokens of two users with a space between", MALFORMED, "Bearer {token} {other}", other=id_token(OTHER_SUB)
    ),
    credential(
        "two-tokens-comma", "two tokens of two users with a comma between", MALFORMED, "Bearer {token},{other}", other=id_token(OTHER_SUB)
    ),
    credential(
        "two-credentials-comma",
        "two credentials of two users with a comma between",
        MALFORMED,
        "Bearer {token}, Bearer {other}",
        other=id_token(OTHER_SUB),
    ),
    credential("two-headers", "two headers of two users", MALFORMED, "Bearer {token}", "Bearer {other}", other=id_token(OTHER_SUB)),
    credential("two-headers-alike", "the same header twice", MALFORMED, "Bearer {token}", "Bearer {token}"),
    credential("bearer-then-basic", "a bearer header and a basic header", MALFORMED, "Bearer {token}", "Basic YWxpY2U6c2VjcmV0"),
    credential("nul-between", "a NUL after the scheme", MISSING, "Bearer\0{token}", only="native"),
    credential("line-break-between", "a line break after the scheme", MISSING, "Bearer\r\n{token}", only="native"),
    case(
        "credential-other-header", "the token in a header that nobody configured", MISSING, headers=[["x-authorization", "Bearer {token}"]]
    ),
    case(
        "credential-proxy-authorization",
        "the token for the proxy, not for us",
        MISSING,
        headers=[["proxy-authorization", "Bearer {token}"]],
    ),
    case("credential-query", "the token in the query, which nobody configured", MISSING, headers=[], path="/?access_token={token}"),
    case("credential-cookie", "the token in a cookie, which nobody configured", MISSING, headers=[["cookie", "access_token={token}"]]),
]

FORGED = "CWE-290: a client speaks for the proxy; CVE-2019-18801-like header folding"


def forged_header(name: str, what: str, header: str, upstream: dict) -> dict:
    return case(f"identity-{name}", what, "allowed", attack=FORGED, headers=[*BEARER, [header, "mallory"]], upstream=upstream)


FOLDED = "CWE-290: upstreams fold the names of headers in more ways than RFC 3875 section 4.1.18 has"
HOP_BY_HOP = "CWE-444, CVE-2022-31813, CVE-2024-45410: a proxy behind drops the headers that `connection` names"


def folded_header(name: str, what: str, header: str) -> dict:
    upstream = {header.lower(): [], "x-cognito-sub": [SUB], "x-cognito-groups": ["readers"]}
    return case(f"identity-folded-{name}", what, "allowed", attack=FOLDED, headers=[*BEARER, [header, "mallory"]], upstream=upstream)


def connection(name: str, what: str, value: str) -> dict:
    upstream = {"connection": [], "x-cognito-sub": [SUB], "x-cognito-groups": ["readers"]}
    return case(f"connection-{name}", what, "allowed", attack=HOP_BY_HOP, headers=[*BEARER, ["connection", value]], upstream=upstream)


IDENTITY = [
    forged_header("forged", "a forged `x-cognito-sub` beside a good token", "x-cognito-sub", {"x-cognito-sub": [SUB]}),
    forged_header("forged-upper-case", "`X-COGNITO-SUB`", "X-COGNITO-SUB", {"x-cognito-sub": [SUB]}),
    forged_header("forged-underscores", "`x_cognito_sub`", "x_cognito_sub", {"x-cognito-sub": [SUB], "x_cognito_sub": []}),
    forged_header("forged-mixed", "`X_Cognito-Sub`", "X_Cognito-Sub", {"x-cognito-sub": [SUB], "x_cognito-sub": []}),
    forged_header("forged-last-underscore", "`x-cognito_sub`", "x-cognito_sub", {"x-cognito-sub": [SUB], "x-cognito_sub": []}),
    forged_header("forged-absent-claim", "a header for a claim that the token lacks", "x-cognito-scope", {"x-cognito-scope": []}),
    forged_header("forged-groups", "`x_cognito_groups`", "x_cognito_groups", {"x-cognito-groups": ["readers"], "x_cognito_groups": []}),
    forged_header("forged-unknown-name", "a name of ours that nothing sets", "x-cognito-admin", {"x-cognito-admin": []}),
    forged_header("forged-prefix-alone", "the prefix alone", "x-cognito-", {"x-cognito-": []}),
    forged_header("other-prefix", "a name that only resembles ours stays", "x-cognitosub", {"x-cognitosub": ["mallory"]}),
    folded_header("dot", "`x.cognito-sub`: PHP reads `.` as `_`, its own server, php-cgi and php-fpm alike", "x.cognito-sub"),
    folded_header("dots", "`X.Cognito.Sub`", "X.Cognito.Sub"),
    folded_header("tilde", "`x~cognito~sub`: lighttpd reads every byte that is no letter and no digit as `_`", "x~cognito~sub"),
    folded_header("plus", "`x-cognito+sub`", "x-cognito+sub"),
    folded_header("exclamation-mark", "`x!cognito!sub`", "x!cognito!sub"),
    folded_header("all-others", "`x#cognito$sub%groups&x'y*z^a|b``", "x#cognito$sub%groups&x'y*z^a|b`"),
    folded_header("last", "`x-cognito-sub.`: no header of ours folds to it, but the prefix is reserved", "x-cognito-sub."),
    folded_header("underscore-and-dot", "`x_cognito.groups` with a good token's groups beside it", "x_cognito.groups"),
    case(
        "identity-folded-without-token",
        "`x.cognito-sub`, without a token",
        MISSING,
        attack=FOLDED,
        headers=[["x.cognito-sub", "mallory"]],
    ),
    connection("names-ours", "`connection` names `x-cognito-sub`", "x-cognito-sub"),
    connection("names-ours-folded", "`connection` names it in another spelling", "X_Cognito.Sub"),
    connection("names-ours-in-a-list", "the same among others", "x-cognito-groups, x-cognito-sub"),
    case(
        "identity-forged-twice",
        "forged twice",
        "allowed",
        attack=FORGED,
        headers=[["x-cognito-sub", "mallory"], ["x-cognito-sub", "root"], *BEARER],
        upstream={"x-cognito-sub": [SUB]},
    ),
    case("identity-forged-without-token", "forged, without a token", MISSING, attack=FORGED, headers=[["x-cognito-sub", "mallory"]]),
]

INJECTION = "CWE-113: a claim that the user chose becomes a header"


def claim(name: str, what: str, changed: dict, upstream: dict) -> dict:
    return with_claims(f"claim-{name}", what, "allowed", changed, attack=INJECTION, upstream=upstream)


CLAIMS = [
    claim(
        "line-break",
        "CR and LF in the user name",
        {"cognito:username": '"a\\r\\nx-admin: 1"'},
        {"x-cognito-username": ["a%0D%0Ax-admin: 1"], "x-admin": []},
    ),
    claim("nul", "NUL in the user name", {"cognito:username": '"a\\u0000b"'}, {"x-cognito-username": ["a%00b"]}),
    claim("non-ascii", "letters outside ASCII in the user name", {"cognito:username": '"Zoë"'}, {"x-cognito-username": ["Zo%C3%AB"]}),
    claim("percent", "a percent sign in the user name", {"cognito:username": '"a%41"'}, {"x-cognito-username": ["a%2541"]}),
    claim("edge-spaces", "spaces around the user name", {"cognito:username": '" root "'}, {"x-cognito-username": ["%20root%20"]}),
    claim("comma-in-group", "a comma in a group's name", {"cognito:groups": '["a,admins","b"]'}, {"x-cognito-groups": ["a%2Cadmins,b"]}),
    claim("empty-groups", "no groups", {"cognito:groups": "[]"}, {"x-cognito-groups": []}),
    claim("email-unverified", "an address that was not verified", {"email_verified": "false"}, {"x-cognito-email": []}),
    claim("email-verified-absent", "an address without `email_verified`", {"email_verified": None}, {"x-cognito-email": []}),
    claim(
        "email-verified-string",
        "`email_verified` as the string that UserInfo has",
        {"email_verified": '"true"'},
        {"x-cognito-email": ["alice@example.com"]},
    ),
    claim("email-verified-odd-string", "`email_verified` as another string", {"email_verified": '"yes"'}, {"x-cognito-email": []}),
    claim("email-verified-one", "`email_verified` 1", {"email_verified": "1"}, {"x-cognito-email": []}),
    claim(
        "sub-too-long",
        "a `sub` of 5,000 letters is left out, and nobody else's is sent",
        {"sub": '"{repeat a 5000}"'},
        {"x-cognito-sub": []},
    ),
    claim(
        "groups-too-long",
        "groups that make more than 4 KiB are left out",
        {"cognito:groups": '["readers"{repeat ,"another-group" 400}]'},
        {"x-cognito-groups": []},
    ),
    claim("too-long", "a user name of 5,000 letters is left out", {"cognito:username": '"{repeat a 5000}"'}, {"x-cognito-username": []}),
]

CASES = [*CREDENTIALS, *IDENTITY, *CLAIMS]

# -- requests that servers read in different ways: what no rule may be passed by. They need rules, so they stand apart from `CASES` --

ADMINS = {"groups": {"any": ["admins"]}}
READING_RULES = [
    {"match": {"hosts": ["www.example.com"]}, "auth": "none"},
    {"match": {"methods": ["DELETE"], "path": {"prefix": "/items"}}, "require": ADMINS},
    {"match": {"path": {"prefix": "/admin"}}, "require": ADMINS},
    {"match": {"path": {"prefix": "/pub"}}, "auth": "none"},
]
HOST = "Envoy's virtual host `*` serves what its `www.example.com` does not"
METHOD = "Django and Flask run a method in any case"
OVERRIDE = "Rails, Symfony and Express replace the method by a header"
CASE = "Express, IIS and many more ignore the case of paths"
PATH = "RFC 3986 sections 4.2 and 5.2.4: Node and PHP read `//pub/admin` as `/admin`, and resolve dot segments"
PREFLIGHT = [["origin", "https://app.example.com"], ["access-control-request-method", "PUT"]]
COVER = "what no browser sends passes under cover of a preflight"


def reading(name: str, what: str, expect: str, attack: str | None, *, method: str = "GET", authority: str = "app.example.com", body: str = "", **more) -> dict:
    """A request with an honest token of a reader, unless `headers` are given; `expect` may be `bypassed` as well."""
    asked = case(f"reading-{name}", what, expect, attack=attack, **more)
    return asked | {"method": method, "authority": authority, "body": body}


def of_host(name: str, authority: str, what: str, expect: str) -> dict:
    return reading(f"host-{name}", what, expect, HOST, authority=authority, headers=[])


def of_path(name: str, path: str, what: str, expect: str, attack: str) -> dict:
    return reading(f"path-{name}", what, expect, attack, path=path, headers=[] if expect in (MISSING, "bypassed") else BEARER)


def of_override(header: str) -> dict:
    return reading(f"override-{header}", f"`{header}: DELETE`", "request_ambiguous", OVERRIDE, method="POST", path="/items/1", headers=[*BEARER, [header, "DELETE"]])


def of_preflight(name: str, what: str, expect: str, *more: list, body: str = "") -> dict:
    return reading(f"preflight-{name}", what, expect, COVER, method="OPTIONS", path="/admin", headers=[*PREFLIGHT, *more], body=body)


READINGS = [
    of_host("plain", "www.example.com", "the host that a rule opens", "bypassed"),
    of_host("upper-case", "WWW.EXAMPLE.COM", "the same host in upper case", "bypassed"),
    of_host("port", "www.example.com:8443", "the host with a port", MISSING),
    of_host("default-port", "www.example.com:443", "the host with the default port", MISSING),
    of_host("dot", "www.example.com.", "the host with a dot at its end", "request_ambiguous"),
    of_host("dot-and-port", "www.example.com.:443", "a dot and a port", "request_ambiguous"),
    of_host("empty-port", "www.example.com:", "a colon without a port", "request_ambiguous"),
    of_host("odd-port", "www.example.com:x", "a port that is no number", "request_ambiguous"),
    of_host("comma", "www.example.com,app.example.com", "two hosts", "request_ambiguous"),
    reading("method", "a reader's DELETE", "not_permitted", METHOD, method="DELETE", path="/items/1"),
    reading("method-lower-case", "`delete`, as HTTP/2 carries it", "not_permitted", METHOD, method="delete", path="/items/1"),
    reading("method-mixed-case", "`Delete`", "not_permitted", METHOD, method="Delete", path="/items/1"),
    reading("method-other", "a method that no rule names", "allowed", METHOD, method="PATCH", path="/items/1"),
    *[of_override(header) for header in ("x-http-method-override", "x-http-method", "x-method-override", "x_http_method_override", "x.http.method")],
    reading("override-same", "the request's own method", "allowed", OVERRIDE, method="POST", headers=[*BEARER, ["x-http-method-override", "post"]]),
    of_path("upper-case", "/ADMIN", "the path in upper case", "not_permitted", CASE),
    of_path("mixed-case", "/aDmin/users", "the path in mixed case", "not_permitted", CASE),
    of_path("encoded-upper-case", "/%41dmin", "an encoded upper-case letter", "not_permitted", CASE),
    of_path("two-slashes", "//pub/admin/users", "two slashes at the start", "path_ambiguous", PATH),
    of_path("two-slashes-alone", "//admin", "two slashes before the path", "path_ambiguous", PATH),
    of_path("dot-dot", "/pub/../admin", "a dot segment", "path_ambiguous", PATH),
    of_path("encoded-dot-dot", "/pub/%2e%2E/admin", "an encoded dot segment", "path_ambiguous", PATH),
    of_path("dot", "/pub/./x", "a single dot", "path_ambiguous", PATH),
    of_path("slashes-before-dot-dot", "/pub//../admin", "a dot segment behind two slashes", "path_ambiguous", PATH),
    of_path("merged", "/pub//x", "two slashes inside", MISSING, PATH),
    of_path("merged-at-the-end", "/pub//", "two slashes at the end", MISSING, PATH),
    of_path("plain", "/pub/x", "the path that a rule opens", "bypassed", PATH),
    of_path("open-upper-case", "/PUB/x", "the same in upper case", MISSING, CASE),
    of_preflight("plain", "a preflight", "bypassed"),
    of_preflight("body", "a preflight with a body", MISSING, body="x"),
    of_preflight("upgrade", "a preflight with an upgrade", MISSING, ["connection", "upgrade"], ["upgrade", "websocket"]),
    of_preflight("override", "a preflight with a method override", "request_ambiguous", ["x-http-method-override", "DELETE"]),
]
