"""LibreHardwareMonitor's web server: a real one on loopback that gives what it is told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

DATA = Path(__file__).parents[1] / "data/power/lhm-data.json"


@dataclass(slots=True)
class Page:
    """Where it is, and what it answers from now on."""

    address: tuple[str, int]
    body: bytes
    status: int = 200


@contextmanager
def served() -> Iterator[Page]:
    """The page while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(page.status)
            self.end_headers()
            self.wfile.write(page.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base has it
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    page = Page(("127.0.0.1", server.server_port), DATA.read_bytes())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield page
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
