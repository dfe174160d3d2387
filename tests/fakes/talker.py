"""A little server with OpenAI's streaming interface that says what a test wants, as it wants it.

Bytes are sent packet by packet; nothing here waits for time.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


def event(
    text: str = "",
    *,
    made: int | None = None,
    finish: str | None = None,
    ids: Sequence[int] | None = None,
    **more: object,
) -> bytes:
    """One event of a completion. made: tokens so far, ids: of its own; as vLLM states them."""
    choice = {"text": text, "finish_reason": finish, "token_ids": ids}
    body: dict[str, Any] = {"choices": [choice], "model": "m"}
    if made is not None:
        body["usage"] = {"completion_tokens": made, "prompt_tokens": 5}
    return b"data: " + json.dumps(body | more, ensure_ascii=False).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"
# Four tokens, each in a chunk of its own, counted one by one.
FOUR = tuple(event(f"w{i} ", made=i, finish="length" if i == 4 else None) for i in (1, 2, 3, 4))


@dataclass(slots=True)
class Talk:
    """What the server does. packets: of a reply; hang: it then stays silent, until let go.

    models: what `/v1/models` lists, the next one at each call, the last one for good. together:
    replies begin when so many requests are there. whole: the answer to requests without a stream.
    unlisted: status and text that stand in place of the list of models.
    """

    packets: Sequence[bytes] = (*FOUR, DONE)
    status: int = 200
    kind: str = "text/event-stream"
    hang: bool = False
    cut: bool = False
    models: Sequence[str] = ("m",)
    server: str = "talker"
    more: Mapping[str, object] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)
    let_go: threading.Event = field(default_factory=threading.Event)
    looked: int = 0
    together: threading.Barrier | None = None
    whole: Mapping[str, object] | None = None
    unlisted: tuple[int, bytes] | None = None

    def model(self) -> str:
        """The one to list now."""
        self.looked += 1
        return self.models[min(self.looked, len(self.models)) - 1]


class _Handler(BaseHTTPRequestHandler):
    """One connection. `talk` is set by a subclass for each server."""

    protocol_version = "HTTP/1.1"
    talk: Talk

    def version_string(self) -> str:
        return self.talk.server

    def log_message(self, *_: object) -> None:
        return

    def do_GET(self) -> None:
        if self.path == "/v1/models" and self.talk.unlisted is not None:
            self._raw(*self.talk.unlisted, "text/html")
        elif self.path == "/v1/models":
            self._answer({"data": [{"id": self.talk.model()}]})
        elif self.path in self.talk.more:
            self._answer(self.talk.more[self.path])
        else:
            self.send_error(404)

    def do_POST(self) -> None:
        talk = self.talk
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path in talk.more:
            self._answer(talk.more[self.path])
            return
        talk.asked.append(json.loads(body) | {"path": self.path})
        if talk.whole is not None and talk.asked[-1]["stream"] is False:
            self._answer(talk.whole)
            return
        if talk.together is not None:
            talk.together.wait()
        self.send_response(talk.status)
        self.send_header("Content-Type", talk.kind)
        whole = ("Content-Length", "100000") if talk.cut else ("Transfer-Encoding", "chunked")
        self.send_header(*whole)
        self.end_headers()
        for packet in talk.packets:
            self._send(packet)
        if talk.hang:
            talk.let_go.wait()
        self._send(b"")
        self.close_connection = True

    def _send(self, packet: bytes) -> None:
        """As one chunk of the transfer; an empty one ends it."""
        framed = packet if self.talk.cut else b"%x\r\n%s\r\n" % (len(packet), packet)
        self.wfile.write(framed)
        self.wfile.flush()

    def _answer(self, found: object) -> None:
        self._raw(200, json.dumps(found).encode(), "application/json")

    def _raw(self, status: int, data: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def talking(talk: Talk) -> Iterator[str]:
    """Its address while it runs."""
    handler = type("Handler", (_Handler,), {"talk": talk})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            talk.let_go.set()
            server.shutdown()
            thread.join()
