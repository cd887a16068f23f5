"""A client in a process of its own: one request under way on each of its connections, every answer held against the oracle."""

import json
import re
import socket
import time
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

from .requests import Expected, Request, Requests

CONNECTIONS = 64
TIMEOUT_SECONDS = 30.0
CLOSES = re.compile(rb"(?i)\r\nconnection: close")
LENGTH = re.compile(rb"(?i)\r\ncontent-length: (\d+)")
SEEN = re.compile(rb"(?i)\r\nx-seen: ([^\r]*)")
KEPT_WRONGS = 10


@dataclass
class Counts:
    """What one client counted."""

    statuses: Counter = field(default_factory=Counter)
    codes: Counter = field(default_factory=Counter)
    """decisions as the filter's metrics name them"""
    kinds: Counter = field(default_factory=Counter)
    uncertain: int = 0
    """answers for which the oracle allowed two"""
    wrong: int = 0
    wrongs: list[str] = field(default_factory=list)


class Client:
    """Sends requests until it is stopped."""

    def __init__(self, port: int, requests: Requests, began: float, rate: float) -> None:
        self._requests = requests
        self._round_seconds = CONNECTIONS / rate
        self._began = began
        self._quick = [Wire(port) for _ in range(CONNECTIONS)]
        self._patient = Wire(port)
        self.counts = Counts()

    def run(self, until: float, report: Connection) -> None:
        """Send until `until` (seconds since the start); reports its counts once a second and at the end."""
        reported = 0.0
        while (now := self._now()) < until:
            self._one_round(now)
            time.sleep(max(0.0, self._round_seconds - (self._now() - now)))
            if now - reported >= 1.0:
                reported = now
                report.send(dict(self.counts.statuses))
        if self._patient.waits:
            self._check(self._patient)
        report.send(self.counts)

    # -- inside ----------------------------------------------------------------------------------------------

    def _one_round(self, now: float) -> None:
        """One request on each connection; one that may have to wait for a key has a connection of its own."""
        if not self._patient.waits:
            self._patient.send(self._requests.of_any_key(now), now)
        for wire, request in zip(self._quick, self._requests.mixed(now, CONNECTIONS), strict=True):
            wire.send(request, self._now())
        for wire in self._quick:
            self._check(wire)
        if self._patient.has_answer():
            self._check(self._patient)

    def _check(self, wire: "Wire") -> None:
        request = wire.take()
        head, body = wire.answer()
        self._compare(request, wire.sent, outcome(head, body), head)

    def _compare(self, request: Request, sent: float, got: Expected, head: bytes) -> None:
        right = request.right(sent, self._now())
        counts = self.counts
        counts.statuses[got.status] += 1
        counts.kinds[request.kind] += 1
        counts.codes[f"denied.{got.code}" if got.code else "bypassed" if request.kind == "public" else "allowed"] += 1
        counts.uncertain += len(right) > 1
        if got not in right:
            counts.wrong += 1
            if len(counts.wrongs) < KEPT_WRONGS:
                counts.wrongs.append(f"{self._now():.2f} s: {request.kind}, sent at {sent:.2f}: {got}, right were {right}; {head[:60]!r}")

    def _now(self) -> float:
        return time.monotonic() - self._began


class Wire:
    """A kept connection with at most one request in progress. (Envoy resets connections that pipeline.) It is replaced when Envoy announces
    with an answer that it closes it, as it does after an update of the listener, or has closed it while it was idle."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._connect()
        self._request: Request | None = None
        self.sent = 0.0

    def _connect(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=TIMEOUT_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""

    @property
    def waits(self) -> bool:
        """Whether a request is under way."""
        return self._request is not None

    def send(self, request: Request, now: float) -> None:
        """The next request."""
        if self._was_closed():
            self._socket.close()
            self._connect()
        self._request, self.sent = request, now
        self._socket.sendall(request.data)

    def take(self) -> Request:
        """The request under way; its answer is to be read next."""
        taken, self._request = self._request, None
        assert taken is not None, "nothing was asked"
        return taken

    def has_answer(self) -> bool:
        """Whether bytes are there to be read."""
        self._socket.setblocking(False)
        try:
            self._buffer += self._socket.recv(65536)
        except BlockingIOError:
            pass
        finally:
            self._socket.settimeout(TIMEOUT_SECONDS)
        return bool(self._buffer)

    def answer(self) -> tuple[bytes, bytes]:
        """Head and body of the next answer."""
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            self._more()
        head = self._buffer[:end]
        length = LENGTH.search(head)
        size = end + 4 + (int(length.group(1)) if length else 0)
        while len(self._buffer) < size:
            self._more()
        body, self._buffer = self._buffer[end + 4 : size], self._buffer[size:]
        if CLOSES.search(head):
            self._socket.close()
            self._connect()
        return head, body

    def _was_closed(self) -> bool:
        """Whether Envoy closed the idle connection."""
        self._socket.setblocking(False)
        try:
            return not self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except ConnectionError:
            return True
        finally:
            self._socket.settimeout(TIMEOUT_SECONDS)

    def _more(self) -> None:
        data = self._socket.recv(65536)
        if not data:
            raise ConnectionError("Envoy closed a kept connection")
        self._buffer += data


def outcome(head: bytes, body: bytes) -> Expected:
    """Return a response in the oracle's terms. The route repeats what the upstream would have received."""
    status = int(head[9:12])
    if status != 200:
        return Expected(status, code=json.loads(body).get("code", "") if body.startswith(b"{") else "no problem document")
    seen = SEEN.search(head)
    sub, forged, email = (seen.group(1) if seen else b"?|?|?").decode("latin-1").split("|")
    if forged or email not in ("", "alice@example.com"):
        return Expected(200, code="a forged identity header went through")
    return Expected(200, sub=sub)


def client(port: int, requests: Requests, began: float, until: float, rate: float, report: Connection) -> None:
    """The process; sends at most `rate` requests a second."""
    try:
        Client(port, requests, began, rate).run(until, report)
    except BaseException as error:
        report.send(f"{type(error).__name__}: {error}")
        raise
