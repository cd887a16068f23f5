"""Every configuration under `envoy/recipes/` does in a real Envoy what its comment says."""

import base64
import json
import re
import shutil
import socket
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.client import Header, Response, at_once, bearer, fetch
from support.envoy import Envoy
from support.examples import ExampleDoor, clusters_of, parsed, pools_of, token_of
from support.servers import KeyServer, ScriptedServer, Upstream, json_answer
from support.stage import Stage
from support.tls import TlsServer, certificate
from support.tokens import SUB, Pool, signing_key
from support.waiting import wait_until

from demo import pool as demo_pool
from demo import services

OTHER_SUB = "bbbbbbbb-bbbb-cccc-dddd-eeeeeeeeeeee"
HTML: Header = ("accept", "text/html,application/xhtml+xml")


@pytest.fixture
def recipe(module: str, upstream: Upstream, key_server: KeyServer) -> Iterator[Callable[..., Stage]]:
    """Starts the Envoy of a recipe with its clusters at the test's servers."""
    started: list[Stage] = []

    def start(name: str, clusters: dict[str, int | dict] | None = None, replaced: dict[str, str] | None = None) -> Stage:
        text = json.dumps(parsed(f"recipes/{name}.yaml"))
        for old, new in (replaced or {}).items():
            assert old in text, old
            text = text.replace(old, new)
        document = json.loads(text)
        known = {"app": upstream.port, "cognito": key_server.port} | (clusters or {})
        assert known.keys() == clusters_of(document).keys()
        secrets = tuple(document["static_resources"].get("secrets", ()))
        started.append(Stage(Envoy((ExampleDoor(document, module),), known, secrets=secrets), upstream, key_server))
        return started[-1]

    yield start
    for stage in started:
        stage.envoy.close()


def token_for(name: str, **claims: object) -> str:
    """A good token for a recipe."""
    ((pool, kind),) = pools_of(f"recipes/{name}.yaml")
    return token_of(pool, kind, **claims)


# -- browsers ------------------------------------------------------------------------------------------------------


class Browser:
    """A browser that keeps cookies and is shown where it is sent, but does not go there by itself."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.cookies: dict[str, str] = {}

    def get(self, target: str, *headers: Header) -> Response:
        """One request with all cookies."""
        if self.cookies:
            headers = (*headers, ("cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items())))
        answer = fetch(self._port, target, *headers)
        for name, value in answer.headers:
            if name == "set-cookie":
                cookie, *attributes = value.split(";")
                key, _, content = cookie.partition("=")
                if any(attribute.strip().lower() in ("max-age=0", "expires=thu, 01 jan 1970 00:00:00 gmt") for attribute in attributes):
                    self.cookies.pop(key, None)
                else:
                    self.cookies[key] = content
        return answer


@pytest.fixture
def cognito(tmp_path: Path) -> Iterator[int]:
    """The emulator, whose app client for browsers may come back to `app.example.com`."""
    seed = tmp_path / "seed"
    shutil.copytree(services.PROJECT / "demo/seed", seed)
    clients = json.loads((seed / "db/clients.json").read_text())
    clients["Clients"][demo_pool.WEB]["CallbackURLs"] = ["http://app.example.com/callback"]
    (seed / "db/clients.json").write_text(json.dumps(clients))
    service, port = services.start_cognito(tmp_path, seed)
    yield port
    service.stop()


def sign_in(cognito: int, page: str) -> str:
    """Fill in Cognito's form; returns where the browser is sent then."""
    form = fetch(cognito, page).body.decode()
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
    body = urllib.parse.urlencode({**fields, "username": "ada", "password": demo_pool.PASSWORD}).encode()
    answer = fetch(cognito, "/oauth2/authorize", ("content-type", "application/x-www-form-urlencoded"), method="POST", body=body)
    assert answer.status == 302, answer.body
    return answer.header("location")


def target_of(url: str) -> str:
    """Path and query."""
    parts = urllib.parse.urlsplit(url)
    return urllib.parse.urlunsplit(("", "", parts.path, parts.query, ""))


def test_browser_sign_in(recipe: Callable[..., Stage], cognito: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the first page through Cognito's form and back, and out again."""
    monkeypatch.setenv("COGNITO_CLIENT_SECRET", "secret")
    monkeypatch.setenv("COOKIE_HMAC_SECRET", "another secret")
    emulator = f"http://127.0.0.1:{cognito}"
    stage = recipe("browser-sign-in", {"cognito": cognito, "cognito-domain": cognito}, {
        "https://example.auth.us-east-1.amazoncognito.com": emulator, "https://%REQ(:authority)%": "http://%REQ(:authority)%",
        "us-east-1_Example01": demo_pool.POOL_ID, "1example23456789": demo_pool.WEB,
    })
    browser = Browser(stage.envoy.port)
    sent_on = browser.get("/orders?page=2", HTML)
    assert sent_on.status == 302 and sent_on.header("location").startswith(f"{emulator}/oauth2/authorize?")
    back = sign_in(cognito, target_of(sent_on.header("location")))
    assert back.startswith("http://app.example.com/callback?code=")
    signed_in = browser.get(target_of(back))
    assert signed_in.status == 302 and target_of(signed_in.header("location")) == "/orders?page=2"
    assert "IdToken" in browser.cookies and not browser.cookies["IdToken"].startswith("eyJ"), "the cookie is not encrypted"
    stage.upstream.forget()
    assert browser.get("/orders?page=2", ("x-cognito-sub", "root")).status == 200
    seen = stage.upstream.only_request()
    assert (seen.header("x-cognito-username"), seen.header("x-cognito-email")) == ("ada", "ada@example.com")
    assert seen.header("x-cognito-sub") != "root"
    # Programs get 401, a client with a token of its own passes, and a bad one does not get a page for people.
    assert stage.send("/orders", ("accept", "application/json")).status == 401
    ada = demo_pool.sign_in(emulator, "ada", demo_pool.WEB)
    assert stage.admits("/orders", bearer(ada.id_token)).header("x-cognito-username") == "ada"
    stage.rejects("token_malformed", "/orders", bearer("letmein"))
    stage.admits("/health", decision="bypassed")
    assert browser.get("/signout").status == 302
    assert "IdToken" not in browser.cookies and browser.get("/orders", HTML).header("location").startswith(emulator)


def test_a_forged_session_of_browser_sign_in(recipe: Callable[..., Stage], monkeypatch: pytest.MonkeyPatch) -> None:
    """Cookies that Envoy did not make lead to the sign-in page. (Its OAuth2 filter logs what it cannot decrypt: no real token here.)"""
    monkeypatch.setenv("COGNITO_CLIENT_SECRET", "secret")
    monkeypatch.setenv("COOKIE_HMAC_SECRET", "another secret")
    stage = recipe("browser-sign-in", {"cognito-domain": 9})
    browser = Browser(stage.envoy.port)
    browser.cookies = {"IdToken": "forged", "BearerToken": "forged", "OauthHMAC": base64.b64encode(bytes(32)).decode(), "OauthExpires": "9999999999"}
    stage.upstream.forget()
    assert browser.get("/orders", HTML).status == 302
    assert stage.upstream.hits == 0


def test_redirect_instead_of_401(recipe: Callable[..., Stage]) -> None:
    """Browsers are redirected to the sign-in page, programs get 401, and a rejection with 403 stays one."""
    stage = recipe("redirect-instead-of-401")
    stage.upstream.forget()
    sent_on = stage.send("/orders?page=2", HTML)
    assert (sent_on.status, sent_on.header("location"), sent_on.body) == (302, "/login?return_to=/orders?page=2", b"")
    assert sent_on.header("cache-control") == "no-store"
    stage.rejects("token_missing", "/orders", ("accept", "application/json"))
    expired = stage.send("/orders", HTML, ("cookie", f"session={token_for('redirect-instead-of-401', exp=1)}"))
    assert expired.status == 302
    assert stage.upstream.hits == 0
    stage.admits("/login?return_to=/orders", HTML, decision="bypassed")
    stage.admits("/orders", HTML, ("cookie", f"session={token_for('redirect-instead-of-401')}"))


PAGE: Header = ("origin", "https://www.example.com")


def test_cors_and_grpc_web(recipe: Callable[..., Stage]) -> None:
    """Refusals have the headers that a browser wants to see, and gRPC-Web gets its own kind of answer."""
    stage = recipe("cors-and-grpc-web")
    refused = stage.send("/orders", PAGE)
    assert (refused.status, refused.header("access-control-allow-origin")) == (401, "https://www.example.com")
    assert "www-authenticate" in refused.header("access-control-expose-headers")
    assert stage.send("/orders", ("origin", "https://evil.example")).header("access-control-allow-origin") is None
    before = stage.envoy.counters()
    preflight = stage.send("/orders", PAGE, ("access-control-request-method", "PUT"), ("access-control-request-headers", "authorization"), method="OPTIONS")
    assert preflight.status == 200 and "authorization" in preflight.header("access-control-allow-headers")
    assert stage.envoy.counters() == before, "the preflight reached the filter"
    call = stage.send("/shop.Orders/List", PAGE, ("content-type", "application/grpc-web+proto"), method="POST", body=bytes(5))
    assert call.header("content-type").startswith("application/grpc-web")
    assert call.header("access-control-allow-origin") == "https://www.example.com"
    assert call.header("grpc-status") == "16" or b"grpc-status:16" in call.body
    assert stage.admits("/orders", PAGE, bearer(token_for("cors-and-grpc-web"))).header("x-cognito-sub") == SUB


# -- other senders of tokens ---------------------------------------------------------------------------------------


def test_behind_an_alb(recipe: Callable[..., Stage]) -> None:
    """The load balancer's access token counts, whatever else is sent; the application gets the profile and no token."""
    profile = ScriptedServer(json_answer({"sub": SUB, "email": "alice@example.com", "email_verified": "true"}))
    stage = recipe("behind-an-alb", {"cognito-domain": profile.port})
    token = token_for("behind-an-alb", scope="openid email")
    seen = stage.admits("/orders", ("x-amzn-oidc-accesstoken", token), ("x-amzn-oidc-identity", "root"), ("authorization", "Bearer other"))
    assert (seen.header("x-cognito-sub"), seen.header("x-cognito-email")) == (SUB, "alice@example.com")
    assert seen.header("x-amzn-oidc-accesstoken") is None
    stage.rejects("token_missing", "/orders", bearer(token))
    stage.rejects("client_mismatch", "/orders", ("x-amzn-oidc-accesstoken", Pool(client="9another98765432").access_token()))
    stage.admits("/health", decision="bypassed")
    profile.close()


def test_api_gateway_clients(recipe: Callable[..., Stage]) -> None:
    """With `Bearer` or without."""
    stage = recipe("api-gateway-clients")
    token = token_for("api-gateway-clients")
    for value in (f"Bearer {token}", f"bearer {token}", token):
        assert stage.admits("/orders", ("authorization", value)).header("x-cognito-sub") == SUB
    stage.rejects("token_malformed", "/orders", ("authorization", "Basic dXNlcjpwYXNz"))
    stage.rejects("token_missing", "/orders")


# -- what later filters and routes do with the identity ------------------------------------------------------------


def test_rate_limit_by_user(recipe: Callable[..., Stage]) -> None:
    """One user's budget is his own, and nobody spends another's."""
    stage = recipe("rate-limit-by-user")
    hers, his = token_for("rate-limit-by-user"), token_for("rate-limit-by-user", sub=OTHER_SUB)
    answers = at_once(60, lambda _: stage.send("/orders", bearer(hers), ("x-cognito-sub", OTHER_SUB)))
    statuses = [answer.status for answer in answers]
    # 20 at once, and ten for each second that this takes.
    assert {*statuses} == {200, 429} and 20 <= statuses.count(200) < 60, statuses
    assert stage.send("/orders", bearer(his)).status == 200
    assert stage.send("/health").status == 200
    assert stage.send("/orders").status == 401


def test_users_do_not_use_up_the_budget_of_requests_without_an_identity(recipe: Callable[..., Stage]) -> None:
    """Nor are they held up once it is used up: by default, Envoy takes each request from both budgets."""
    once = {'"max_tokens": 100, "tokens_per_fill": 100, "fill_interval": "1s"': '"max_tokens": 1, "tokens_per_fill": 1, "fill_interval": "3600s"'}
    stage = recipe("rate-limit-by-user", replaced=once)
    user = bearer(token_for("rate-limit-by-user"))
    assert [stage.send("/orders", user).status for _ in range(3)] == [200] * 3
    assert [stage.send("/health").status for _ in range(2)] == [200, 429]
    assert stage.send("/orders", user).status == 200


@pytest.fixture
def next_version() -> Iterator[Upstream]:
    """The application's next version."""
    server = Upstream()
    yield server
    server.close()


@pytest.mark.parametrize(
    ("groups", "forged", "is_next"),
    [(["beta"], (), True), (["admins", "beta", "x"], (), True), (["beta-testers"], (), False), ([], (("x-cognito-groups", "beta"),), False)],
)
def test_canary_by_group(groups: list[str], forged: tuple[Header, ...], is_next: bool, recipe: Callable[..., Stage], next_version: Upstream) -> None:
    """The group decides, and the header that a client sends does not."""
    stage = recipe("canary-by-group", {"app-next": next_version.port})
    stage.upstream.forget()
    answer = stage.send("/orders", bearer(token_for("canary-by-group", **{"cognito:groups": groups})), *forged)
    assert answer.status == 200
    assert (next_version.hits, stage.upstream.hits) == ((1, 0) if is_next else (0, 1))
    assert stage.send("/orders", ("x-cognito-groups", "beta")).status == 401


# -- the network ---------------------------------------------------------------------------------------------------

IDP = "cognito-idp.us-east-1.amazonaws.com"


class TlsProxy(TlsServer):
    """An HTTP proxy: answers CONNECT, and terminates TLS for the requested host, in front of a plain server."""

    def __init__(self, behind: int, certificate_path: Path, key_path: Path) -> None:
        self.asked_for: list[str] = []
        self._behind = behind
        super().__init__(certificate_path, key_path)

    def serve(self, connection: socket.socket) -> None:
        """A tunnel."""
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(1)
        self.asked_for.append(head.split(b"\r\n")[0].decode())
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with self.context.wrap_socket(connection, server_side=True) as inside, socket.create_connection(("127.0.0.1", self._behind)) as behind:
            threading.Thread(target=self._pump, args=(behind, inside), daemon=True).start()
            self._pump(inside, behind)

    @staticmethod
    def _pump(source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass


@pytest.mark.parametrize("name", [IDP, "evil.example"])
def test_corporate_proxy(name: str, recipe: Callable[..., Stage], tmp_path: Path) -> None:
    """The keys come through the proxy's tunnel, and only from whom Envoy can verify."""
    keys = KeyServer([signing_key("first")])
    proxy = TlsProxy(keys.port, *certificate(tmp_path, name))
    cluster = clusters_of(parsed("recipes/corporate-proxy.yaml"))["cognito"]
    text = json.dumps(cluster)
    for old, new in (
        ('"address": "10.0.0.10", "port_value": 3128', f'"address": "127.0.0.1", "port_value": {proxy.port}'),
        ("/etc/ssl/certs/ca-certificates.crt", str(tmp_path / f"{name}.crt")),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    stage = recipe("corporate-proxy", {"cognito": json.loads(text)})
    wait_until(lambda: stage.envoy.counter("jwks_fetch_success") + stage.envoy.counter("jwks_fetch_failed") > 0, "a fetch")
    assert {*proxy.asked_for} == {f"CONNECT {IDP}:443 HTTP/1.1"}
    if name == IDP:
        assert stage.admits("/orders", bearer(token_for("corporate-proxy"))).header("x-cognito-sub") == SUB
    else:
        assert keys.hits == 0 and stage.send("/orders", bearer(token_for("corporate-proxy"))).status == 503
    proxy.close()
    keys.close()


def test_encoded_slashes(recipe: Callable[..., Stage]) -> None:
    """The path arrives as it was sent, and routes ask for what they want."""
    stage = recipe("encoded-slashes")
    project = "/api/v4/projects/group%2Fproject"
    assert stage.admits(project, bearer(token_for("encoded-slashes"))).target == project
    stage.rejects("token_missing", project)
    stage.admits("/-/health", decision="bypassed")
    stage.rejects("not_permitted", "/admin/users", bearer(token_for("encoded-slashes", **{"cognito:groups": ["readers"]})))
    stage.admits("/admin/users", bearer(token_for("encoded-slashes", **{"cognito:groups": ["admins"]})))
