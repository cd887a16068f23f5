"""A small HTTP/2 client with prior knowledge, enough for requests, gRPC statuses and rejected uploads."""

import uuid
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.events

from .client import Header, as_bytes, connect


@dataclass
class H2Response:
    """Headers and trailers in order, lower-cased by the protocol."""

    id: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    trailers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    reset: bool = False

    def header(self, name: str) -> str | None:
        """Return the first value in headers, otherwise in trailers."""
        return next((value for key, value in self.headers + self.trailers if key == name), None)

    @property
    def status(self) -> int:
        """`:status`."""
        return int(self.header(":status") or 0)


def fetch_h2(port: int, requests: list[tuple[str, str, list[Header]]], body: bytes = b"", timeout: float = 20.0) -> list[H2Response]:
    """All requests `(method, path, headers)` at once on one connection."""
    with connect(port, timeout) as socket:
        # The tests send what a well-behaved library would refuse to.
        settings = h2.config.H2Configuration(client_side=True, validate_outbound_headers=False, normalize_outbound_headers=False, header_encoding="latin-1")
        connection = h2.connection.H2Connection(settings)
        connection.initiate_connection()
        answers: dict[int, H2Response] = {}
        for method, path, headers in requests:
            stream = connection.get_next_available_stream_id()
            answers[stream] = H2Response(uuid.uuid4().hex)
            pseudo = [(b":method", method.encode()), (b":scheme", b"http"), (b":authority", b"app.example.com"), (b":path", as_bytes(path))]
            sent = pseudo + [(b"x-e2e", answers[stream].id.encode())] + [(as_bytes(name), as_bytes(value)) for name, value in headers]
            connection.send_headers(stream, sent, end_stream=not body)
            if body:
                connection.send_data(stream, body, end_stream=True)
        socket.sendall(connection.data_to_send())
        pending = set(answers)
        while pending:
            data = socket.recv(65536)
            assert data, "the connection ended"
            for event in connection.receive_data(data):
                note(event, answers, pending, connection)
            socket.sendall(connection.data_to_send())
        return list(answers.values())


def note(event: h2.events.Event, answers: dict[int, H2Response], pending: set[int], connection: h2.connection.H2Connection) -> None:
    """Take one event into the answers."""
    match event:
        case h2.events.ResponseReceived():
            answers[event.stream_id].headers = list(event.headers)
        case h2.events.TrailersReceived():
            answers[event.stream_id].trailers = list(event.headers)
        case h2.events.DataReceived():
            answers[event.stream_id].body += event.data
            connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        case h2.events.StreamReset():
            answers[event.stream_id].reset = True
            pending.discard(event.stream_id)
        case h2.events.StreamEnded():
            pending.discard(event.stream_id)
        case h2.events.ConnectionTerminated():
            raise AssertionError(f"the connection was ended: {event.error_code}")
