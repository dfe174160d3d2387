"""Server-sent events out of bytes as they come, whatever packets they were cut into.

Source: WHATWG HTML, 9.2.6 (interpreting an event stream): `data` lines of one event are joined by
LF, an empty line ends it, a line that begins with a colon is a comment. Other fields carry nothing
here. Lines end with LF or CR LF; a lone CR, which the document allows too, no server sends.
"""

from __future__ import annotations

from agent.engines.base import EngineError

# A chunk with log-probabilities of many tokens has some kilobytes; beyond this it is no chunk.
MAX_EVENT_BYTES = 1 << 20
_FIELD = b"data"


class Events:
    """Feed bytes, get the data of every event that is complete."""

    def __init__(self) -> None:
        self._line = bytearray()
        self._data: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> list[bytes]:
        """Data of the events that end in these bytes. Raises EngineError `bad-stream`."""
        found: list[bytes] = []
        *ended, rest = data.split(b"\n")
        for part in ended:
            self._line += part
            line = bytes(self._line).removesuffix(b"\r")
            self._line.clear()
            if line:
                self._take(line)
            elif self._data:
                found.append(b"\n".join(self._data))
                self._data, self._size = [], 0
        self._line += rest
        if len(self._line) + self._size > MAX_EVENT_BYTES:
            raise EngineError("bad-stream", f"an event of more than {MAX_EVENT_BYTES} bytes")
        return found

    def _take(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        if name == _FIELD:
            self._data.append(value.removeprefix(b" "))
            self._size += len(value) + 1  # an empty line of data is kept too


class Lines:
    """Feed bytes, get every line that is complete: one JSON value each, as Ollama sends."""

    def __init__(self) -> None:
        self._line = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that end in these bytes, but empty ones. Raises EngineError `bad-stream`."""
        *ended, rest = (bytes(self._line) + data).split(b"\n")
        self._line = bytearray(rest)
        if len(rest) > MAX_EVENT_BYTES:
            raise EngineError("bad-stream", f"a line of more than {MAX_EVENT_BYTES} bytes")
        return [line for line in ended if line.strip()]
