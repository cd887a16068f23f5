#!/usr/bin/env python3
"""An upstream that responds with the request that it received, as JSON. Needs only Python.

    echo.py [--host ADDRESS] [--port PORT]        port 0: the kernel chooses one; the first line of the output contains it
"""

from __future__ import annotations

import argparse
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Echo(BaseHTTPRequestHandler):
    """Responds to each request with its method, path and headers; a repeated header has a list of values."""

    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        """Respond to one request."""
        # The body is not shown, but must be read before the next request on the connection.
        self.rfile.read(int(self.headers.get("content-length") or 0))
        headers: dict[str, list[str]] = {}
        for name, value in self.headers.items():
            headers.setdefault(name.lower(), []).append(value)
        seen = {
            "method": self.command,
            "path": self.path,
            "headers": {name: values[0] if len(values) == 1 else values for name, values in headers.items()},
        }
        body = json.dumps(seen, indent=2).encode() + b"\n"
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer

    def log_message(self, *_: object) -> None:
        """Log nothing: Envoy has the access log."""


def main() -> None:
    """Serve until stopped."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--host", default="127.0.0.1")
    arguments.add_argument("--port", type=int, default=0)
    options = arguments.parse_args()
    server = ThreadingHTTPServer((options.host, options.port), Echo)
    print(f"listening on {server.server_address[0]}:{server.server_address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
