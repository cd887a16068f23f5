"""The servers around Envoy: the application, Cognito's key endpoint, and scriptable call targets."""

import json
import threading
from collections.abc import Iterable

from .http_server import Answer, Handler, HttpServer, SeenRequest
from .tokens import SigningKey

JSON_TYPE = (("content-type", "application/json"),)


def json_answer(document: object, status: int = 200, **how) -> Answer:
    """An answer with a JSON body."""
    return Answer(status, json.dumps(document).encode(), JSON_TYPE, **how)


class Upstream(HttpServer):
    """The protected application: responds with 200, accepts WebSocket upgrades, and records its requests."""

    def __init__(self) -> None:
        super().__init__(self._answer)

    @staticmethod
    def _answer(request: SeenRequest) -> Answer:
        if (request.header("upgrade") or "").lower() == "websocket":
            return Answer(101, headers=(("upgrade", "websocket"), ("connection", "upgrade")))
        return Answer(200, b"upstream says hello\n", (("content-type", "text/plain"),))

    def only_request(self) -> SeenRequest:
        """The one request that arrived since the last `forget`."""
        requests = self.requests
        assert len(requests) == 1, f"the upstream saw {len(requests)} requests"
        return requests[0]


class ScriptedServer(HttpServer):
    """Answers with whatever `answer` is set to: an `Answer`, or a function of the request."""

    def __init__(self, answer: Answer | Handler, listen: bool = True) -> None:
        self.answer = answer
        super().__init__(self._scripted, listen)

    def _scripted(self, request: SeenRequest) -> Answer:
        answer = self.answer
        return answer(request) if callable(answer) else answer


class KeyServer(ScriptedServer):
    """Cognito's `/.well-known/jwks.json`, with the faults that a test wants."""

    def __init__(self, keys: Iterable[SigningKey] = (), listen: bool = True) -> None:
        super().__init__(Answer(404), listen)
        self.publish(*keys)

    def publish(self, *keys: SigningKey, **how) -> None:
        """Serve exactly these keys from now on."""
        self.answer = json_answer(jwks(*keys), **how)

    def publish_text(self, body: bytes, status: int = 200, **how) -> None:
        """Serve this body instead of a key set."""
        self.answer = Answer(status, body, JSON_TYPE, **how)


def jwks(*keys: SigningKey) -> dict:
    """A JWK set as Cognito publishes it."""
    return {"keys": [key.jwk() for key in keys]}


class Gate:
    """A handler that holds every request back until it is opened."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self._open = threading.Event()

    def open(self) -> None:
        """Let everything through, what waits and what comes."""
        self._open.set()

    def __call__(self, request: SeenRequest) -> Answer:
        self._open.wait(30)
        return self.answer
