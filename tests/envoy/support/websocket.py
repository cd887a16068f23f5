"""A WebSocket client and upstream, as far as RFC 6455's handshake goes."""

import base64
import hashlib
import os
import socket
import uuid
from contextlib import contextmanager
from collections.abc import Iterator

from .client import Header, Response, connect, read_response, request_bytes
from .http_server import Answer, SeenRequest
from .servers import ScriptedServer

PROTOCOL = "sec-websocket-protocol"


def accept_of(key: str) -> str:
    """`sec-websocket-accept` for a client's key (RFC 6455, section 4.2.2)."""
    return base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()


class HandshakeFailed(Exception):
    """What makes a browser fail the connection."""


@contextmanager
def websocket(port: int, path: str = "/", *headers: Header, protocols: list[str] | None = None) -> Iterator[tuple[Response, socket.socket]]:
    """An open WebSocket and the answer to its handshake, checked as browsers check it (RFC 6455, section 4.1).

    Any other answer than 101 is given as it is.
    """
    key = base64.b64encode(os.urandom(16)).decode()
    offered = [(PROTOCOL, ", ".join(protocols))] if protocols else []
    upgrade: list[Header] = [("connection", "Upgrade"), ("upgrade", "websocket"), ("sec-websocket-version", "13"), ("sec-websocket-key", key), *offered]
    request_id = uuid.uuid4().hex
    with connect(port) as connection:
        connection.sendall(request_bytes("GET", path, [*upgrade, *headers], b"", "app.example.com", request_id))
        answer = read_response(connection, "GET", request_id)
        if answer.status == 101:
            if answer.header("sec-websocket-accept") != accept_of(key):
                raise HandshakeFailed("wrong sec-websocket-accept")
            chosen = answer.header(PROTOCOL)
            if (chosen is None) != (not protocols) or (chosen is not None and chosen not in (protocols or [])):
                raise HandshakeFailed(f"offered {protocols}, the answer names {chosen}")
        yield answer, connection


class WebSocketUpstream(ScriptedServer):
    """Accepts every handshake, chooses the first protocol of its own that is offered, and echoes what it is sent."""

    def __init__(self, *protocols: str) -> None:
        self.protocols = protocols
        super().__init__(self._shake_hands)

    def _shake_hands(self, request: SeenRequest) -> Answer:
        if (request.header("upgrade") or "").lower() != "websocket":
            return Answer(200, b"no WebSocket")
        offered = [word.strip() for value in request.values(PROTOCOL) for word in value.split(",")]
        chosen = [(PROTOCOL, word) for word in self.protocols if word in offered][:1]
        accept = ("sec-websocket-accept", accept_of(request.header("sec-websocket-key") or ""))
        return Answer(101, headers=(("upgrade", "websocket"), ("connection", "upgrade"), accept, *chosen))

    def only_request(self) -> SeenRequest:
        """The one request that arrived since the last `forget`."""
        [request] = self.requests
        return request
