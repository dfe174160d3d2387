"""Calls of an HTTP server on this device: one answer, or a reply that is streamed."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from agent.engines.base import EngineError
from agent.engines.http_chunks import shown
from agent.wire import WireError, strict_json

MAX_ANSWER_BYTES = 8 << 20
READ_BYTES = 1 << 16
CALL_S = 10.0  # of an answer that no model computes
OK, BUSY, SERVER_SIDE = 200, 429, 500
EVENTS, LINES = "text/event-stream", "application/x-ndjson"  # kinds of a streamed reply


@dataclass(frozen=True, slots=True)
class Far:
    """Where a server is. headers: of every call, the key among them."""

    host: str
    port: int
    base: str
    headers: Mapping[str, str]

    def path(self, name: str) -> str:
        return self.base + name


@dataclass(frozen=True, slots=True)
class Answer:
    """status 0: there was none, and `body` says why."""

    status: int
    server: str
    body: bytes

    @property
    def ok(self) -> bool:
        return self.status == OK

    def json(self) -> Mapping[str, Any]:
        """Its object, {} where it is none."""
        try:
            found = strict_json(self.body) if self.ok else None
        except WireError:
            return {}
        return found if isinstance(found, dict) else {}


def call(
    far: Far, path: str, body: Mapping[str, Any] | None = None, timeout_s: float = CALL_S
) -> Answer:
    """One call and its whole answer; what fails is an answer of status 0."""
    connection = http.client.HTTPConnection(far.host, far.port, timeout=timeout_s)
    with closing(connection):
        try:
            connection.request(*_request(far, path, body))
            response = connection.getresponse()
            data = response.read(MAX_ANSWER_BYTES)
        except (OSError, http.client.HTTPException) as err:
            return Answer(0, "", str(err).encode())
        return Answer(response.status, _printable(response.getheader("Server")), data)


@contextmanager
def opened(far: Far, timeout_s: float) -> Iterator[http.client.HTTPConnection]:
    """A connection that stands. Raises EngineError `server-refused`."""
    connection = http.client.HTTPConnection(far.host, far.port, timeout=timeout_s)
    with closing(connection):
        try:
            connection.connect()
        except OSError as err:
            why = f"{far.host}:{far.port} takes no connection ({err.strerror or err})"
            raise EngineError("server-refused", why) from err
        yield connection


def send(
    connection: http.client.HTTPConnection, far: Far, path: str, body: Mapping[str, Any]
) -> None:
    """Send a request. Raises EngineError `stream-cut`."""
    with _failing():
        connection.request(*_request(far, path, body))


def reply(connection: http.client.HTTPConnection, wanted: str) -> Iterator[bytes]:
    """Bytes of the answer as they come, of the wanted type.

    Raises EngineError as `Server.serve` says.
    """
    with _failing():
        response = connection.getresponse()
        if response.status != OK:
            _refused(response.status, response.read(READ_BYTES))
        kind = _printable(response.getheader("Content-Type"))
        if not kind.startswith(wanted):
            front = shown(response.read(READ_BYTES))
            raise EngineError("bad-stream", f"the reply is {kind or 'of no type'}: {front}")
        while data := response.read1(READ_BYTES):
            yield data


@contextmanager
def _failing() -> Iterator[None]:
    """What breaks a connection, as an error of ours."""
    try:
        yield
    except TimeoutError as err:
        raise EngineError("server-stalled", "the reply was silent for `timeout_s`") from err
    except (OSError, http.client.HTTPException) as err:
        raise EngineError("stream-cut", f"the reply broke off ({_short(err)})") from err


def _short(err: Exception) -> str:
    """Of a reply that ended too early the library says no more than its own name for that."""
    if isinstance(err, http.client.IncompleteRead):
        return "the connection was closed"
    return str(err) or type(err).__name__


def _refused(status: int, body: bytes) -> None:
    if status == BUSY:
        raise EngineError("server-busy", f"status {status}: {shown(body)}")
    code = "server-error" if status >= SERVER_SIDE else "server-rejected"
    raise EngineError(code, f"status {status}: {shown(body)}")


def _request(
    far: Far, path: str, body: Mapping[str, Any] | None
) -> tuple[str, str, bytes | None, dict[str, str]]:
    if body is None:
        return "GET", far.path(path), None, dict(far.headers)
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    data = text.encode("utf-8", "replace")  # a server may call its model by no text at all
    return "POST", far.path(path), data, {"Content-Type": "application/json", **far.headers}


def _printable(found: str | None) -> str:
    return "".join(c for c in (found or "")[:200] if c.isprintable())
