"""A threaded HTTP/1.1 server that keeps what it was sent, byte for byte, and can misbehave on demand."""

import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

REASONS = {101: "Switching Protocols", 200: "OK", 201: "Created", 302: "Found", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found"}


@dataclass(frozen=True)
class SeenRequest:
    """A request as it arrived: names and values are the raw bytes as text (latin-1), repeated headers stay apart."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    arrived: float = 0.0
    trailers: tuple[bytes, ...] = ()

    def values(self, name: str) -> list[str]:
        """All values of one header, in order."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def header(self, name: str) -> str | None:
        """The value of a header that must not be there twice, or `None`."""
        values = self.values(name)
        assert len(values) <= 1, f"{name} arrived {len(values)} times: {values}"
        return values[0] if values else None

    def names(self) -> set[str]:
        """The header names, lower-cased."""
        return {key.lower() for key, _ in self.headers}


@dataclass(frozen=True)
class Answer:
    """What to send back, and how badly."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    delay: float = 0.0
    """seconds before the first byte"""
    fault: str | None = None
    """`reset` (RST instead of an answer), `truncate` (half of the body, then the end), `hang` (no answer at all),
    `garbage` (not HTTP), `long` (more body than `content-length` says)"""


Handler = Callable[[SeenRequest], Answer]


class HttpServer:
    """Serves on a port of 127.0.0.1 that the kernel picked; `listen=False` leaves the port bound but refusing."""

    def __init__(self, handler: Handler, listen: bool = True) -> None:
        self._handler = handler
        self._lock = threading.Lock()
        self._requests: list[SeenRequest] = []
        self._open: set[socket.socket] = set()
        self._released = threading.Event()
        self._socket = self._bound(0)
        self.port: int = self._socket.getsockname()[1]
        self._listening = False
        if listen:
            self.listen()

    # -- what was seen ---------------------------------------------------------------------------------------

    @property
    def requests(self) -> list[SeenRequest]:
        """A copy of all requests seen since the last `forget`."""
        with self._lock:
            return list(self._requests)

    @property
    def hits(self) -> int:
        """How many requests arrived since the last `forget`."""
        with self._lock:
            return len(self._requests)

    def forget(self) -> None:
        """Reset the counts."""
        with self._lock:
            self._requests.clear()

    # -- up and down -----------------------------------------------------------------------------------------

    def listen(self) -> None:
        """Accept connections (again)."""
        if self._listening:
            return
        self._socket.listen(1024)
        self._listening = True
        threading.Thread(target=self._accept, args=(self._socket,), daemon=True).start()

    def refuse(self) -> None:
        """Refuse connections from now on and drop those that are open. The port stays ours."""
        if not self._listening:
            return
        self._listening = False
        # shutdown wakes the thread that blocks in accept; close alone would leave it holding the port.
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._drop_open()
        self._socket = self._bound(self.port)

    def close(self) -> None:
        """Stop for good."""
        self._released.set()
        self._listening = False
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # was not listening
        self._socket.close()
        self._drop_open()

    # -- inside ----------------------------------------------------------------------------------------------

    @staticmethod
    def _bound(port: int) -> socket.socket:
        bound = socket.socket()
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(("127.0.0.1", port))
        return bound

    def _drop_open(self) -> None:
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # the peer was quicker

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with self._lock:
                self._open.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection, connection.makefile("rb", buffering=65536) as reader:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                while (request := read_request(reader)) is not None:
                    with self._lock:
                        self._requests.append(request)
                    answer = self._handler(request)
                    if not self._send(connection, request, answer):
                        return
                    if answer.status == 101:
                        self._echo(connection, reader)
                        return
        except OSError:
            return  # the peer hung up, or this server is set to refuse
        finally:
            with self._lock:
                self._open.discard(connection)

    def _send(self, connection: socket.socket, request: SeenRequest, answer: Answer) -> bool:
        """Send the answer; true if the connection may serve another request."""
        if answer.delay:
            time.sleep(answer.delay)
        if answer.fault == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        if answer.fault == "hang":
            self._released.wait(60)
            return False
        if answer.fault == "garbage":
            connection.sendall(b"\x00\x01\x02 this is not HTTP\r\n\r\n")
            return False
        connection.sendall(answer_head(answer) + sent_body(request, answer))
        return answer.fault is None

    @staticmethod
    def _echo(connection: socket.socket, reader) -> None:
        while data := reader.read1(65536):
            connection.sendall(data)


def answer_head(answer: Answer) -> bytes:
    """Status line and headers; a 101 has no length."""
    lines = [f"HTTP/1.1 {answer.status} {REASONS.get(answer.status, 'Status')}"]
    lines += [f"{name}: {value}" for name, value in answer.headers]
    if answer.status >= 200:
        length = len(answer.body) - (10 if answer.fault == "long" else 0)
        lines.append(f"content-length: {length}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"


def sent_body(request: SeenRequest, answer: Answer) -> bytes:
    """The part of the body that really goes out."""
    if request.method == "HEAD":
        return b""
    if answer.fault == "truncate":
        return answer.body[: len(answer.body) // 2]
    return answer.body


def read_request(reader) -> SeenRequest | None:
    """One request off the wire, or `None` at the end of the connection."""
    line = reader.readline()
    if not line.strip():
        return None
    method, target, _version = line.decode("latin-1").rstrip("\r\n").split(" ", 2)
    headers: list[tuple[str, str]] = []
    while (line := reader.readline()) not in (b"\r\n", b"\n", b""):
        name, _, value = line.decode("latin-1").rstrip("\r\n").partition(":")
        headers.append((name, value.removeprefix(" ")))
    lowered = {name.lower(): value for name, value in headers}
    trailers: list[bytes] = []
    body = read_body(reader, lowered, trailers)
    return SeenRequest(method, target, tuple(headers), body, time.monotonic(), tuple(trailers))


def read_body(reader, headers: dict[str, str], trailers: list[bytes] | None = None) -> bytes:
    """A body by `content-length` or in chunks; the lines behind the last chunk are added to `trailers`."""
    if "chunked" in headers.get("transfer-encoding", ""):
        chunks = []
        while size := int(reader.readline().split(b";")[0], 16):
            chunks.append(reader.read(size))
            reader.readline()
        while (line := reader.readline()) not in (b"\r\n", b"\n", b""):
            if trailers is not None:
                trailers.append(line.strip())
        return b"".join(chunks)
    return reader.read(int(headers.get("content-length", "0")))
