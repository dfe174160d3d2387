"""Smart plugs on loopback: Shelly's and Tasmota's paths, with what can go wrong."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer


@dataclass
class PlugEnd:
    """stuck: it says yes and does nothing. instead: (status, body) in place of every answer."""

    on: bool = False
    stuck: bool = False
    instead: tuple[int, bytes] | None = None
    asked: list[str] = field(default_factory=list)

    def answer(self, path: str) -> tuple[int, bytes]:
        self.asked.append(path)
        if self.instead is not None:
            return self.instead
        switches = {
            "/rpc/Switch.Set?id=0&on=true": True,
            "/rpc/Switch.Set?id=0&on=false": False,
            "/cm?cmnd=Power%20On": True,
            "/cm?cmnd=Power%20Off": False,
        }
        before = self.on
        if path in switches and not self.stuck:
            self.on = switches[path]
        told: dict[str, object] = {"POWER": "ON" if self.on else "OFF"}
        if path.startswith("/rpc/Switch.GetStatus"):
            told = {"id": 0, "source": "HTTP", "output": self.on, "apower": 8.9}
        elif path.startswith("/rpc/Switch.Set"):
            told = {"was_on": before}
        return 200, json.dumps(told).encode()


@contextmanager
def plug_end(end: PlugEnd) -> Iterator[int]:
    """The port on loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = end.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name there
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
