"""Clients: one that sends exactly the given bytes, and many of them at once."""

import concurrent.futures
import http.client
import json
import socket
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass

Header = tuple[str | bytes, str | bytes]


@dataclass(frozen=True)
class Response:
    """An answer, its headers lower-cased and in order."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    id: str
    """the request's `x-e2e`, by which the access log knows it"""

    def header(self, name: str) -> str | None:
        """The value of a header that must not be there twice, or `None`."""
        values = [value for key, value in self.headers if key == name]
        assert len(values) <= 1, f"{name} came {len(values)} times"
        return values[0] if values else None

    def json(self) -> dict:
        """The body as JSON."""
        return json.loads(self.body)


def bearer(token: str) -> Header:
    """The usual way to carry a token."""
    return ("authorization", f"Bearer {token}")


def as_bytes(text: str | bytes) -> bytes:
    """Text stands for bytes one to one (latin-1), so that tests can write any byte."""
    return text if isinstance(text, bytes) else text.encode("latin-1")


def request_bytes(method: str, target: str | bytes, headers: Iterable[Header], body: bytes, host: str, request_id: str, raw_body: bytes = b"") -> bytes:
    """A request as it goes over the wire. `raw_body` is sent as it is, its framing included."""
    lines = [as_bytes(method) + b" " + as_bytes(target) + b" HTTP/1.1", b"host: " + host.encode(), b"x-e2e: " + request_id.encode()]
    lines += [as_bytes(name) + b": " + as_bytes(value) for name, value in headers]
    if body:
        lines.append(b"content-length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body + raw_body


def connect(port: int, timeout: float = 20.0) -> socket.socket:
    """A connection to a local port."""
    return socket.create_connection(("127.0.0.1", port), timeout=timeout)


def hang_up_on_most(port: int, tokens: list[Header], release: Callable[[], None]) -> None:
    """Many requests, of which most hang up before `release` lets their answers come. The others pass."""
    connections = [connect(port) for _ in range(200)]
    for number, connection in enumerate(connections):
        connection.sendall(request_bytes("GET", "/", [tokens[number % len(tokens)]], b"", "app.example.com", "gone"))
    for connection in connections[:150]:
        connection.close()
    release()
    for connection in connections[150:]:
        assert connection.recv(100).startswith(b"HTTP/1.1 200")
        connection.close()


def fetch(
    port: int,
    target: str | bytes = "/",
    *headers: Header,
    method: str = "GET",
    body: bytes = b"",
    host: str = "app.example.com",
    timeout: float = 20.0,
    raw_body: bytes = b"",
) -> Response:
    """One request on a connection of its own."""
    request_id = uuid.uuid4().hex
    with connect(port, timeout) as connection:
        connection.sendall(request_bytes(method, target, headers, body, host, request_id, raw_body))
        return read_response(connection, method, request_id)


def read_response(connection: socket.socket, method: str, request_id: str) -> Response:
    """The answer to the request just sent."""
    answer = http.client.HTTPResponse(connection, method=method)
    answer.begin()
    headers = tuple((name.lower(), value) for name, value in answer.getheaders())
    body = b"" if answer.status == 101 else answer.read()
    return Response(answer.status, headers, body, request_id)


class KeptConnection:
    """A connection that serves one request after the other, so that all of them meet the same worker."""

    def __init__(self, port: int) -> None:
        self._connection = connect(port)

    def fetch(self, target: str = "/", *headers: Header, method: str = "GET") -> Response:
        """The next request."""
        request_id = uuid.uuid4().hex
        self._connection.sendall(request_bytes(method, target, headers, b"", "app.example.com", request_id))
        return read_response(self._connection, method, request_id)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def __enter__(self) -> "KeptConnection":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def at_once(count: int, request: Callable[[int], Response]) -> list[Response]:
    """`count` requests in flight at the same time."""
    with concurrent.futures.ThreadPoolExecutor(max_workers=count) as pool:
        return list(pool.map(request, range(count)))
