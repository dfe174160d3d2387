"""Transcripts: what was said to an instrument and what came back, as it came, with stamps."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from collectors.protocol import Clock

COLUMNS: Final = "seq,t_ns,way,text"


class Unkept:
    """A transcript that nobody keeps, for looking whether an instrument is there."""

    def sent(self, t_ns: int, data: bytes) -> None: ...

    def received(self, t_ns: int, data: bytes) -> None: ...


@dataclass(slots=True)
class FileTranscript:
    """A file of lines: a header, then `[seq, t_ns, "sent" or "received", "text"]`, one a piece.

    Text is JSON with one character for each byte (Latin-1), so that any byte comes back as it was.
    Flushed line by line: a torn last line is all that a killed host can lose. most_bytes bounds
    the file; the last line then says `full`, and the instrument may go on.
    """

    path: Path
    most_bytes: int
    _file: IO[str]
    _written: int = 0
    _seq: int = field(default=0)
    _full: bool = field(default=False)

    @classmethod
    def create(cls, path: Path, meter: str, clock: Clock, most_bytes: int) -> FileTranscript:
        """Start a new file. Raises OSError; an existing file is never written over."""
        file = path.open("x", encoding="ascii", newline="\n")
        kept = cls(path, most_bytes, file)
        header = {"transcript": 1, "meter": meter, "clock": clock.domain, "columns": COLUMNS}
        kept._write(json.dumps(header))
        return kept

    def sent(self, t_ns: int, data: bytes) -> None:
        self._line(t_ns, "sent", data)

    def received(self, t_ns: int, data: bytes) -> None:
        self._line(t_ns, "received", data)

    def close(self) -> None:
        self._file.close()

    def _line(self, t_ns: int, way: str, data: bytes) -> None:
        if self._full:
            return
        line = json.dumps([self._seq, t_ns, way, data.decode("latin-1")])
        if self._written + len(line) > self.most_bytes:
            self._full = True
            line = json.dumps([self._seq, t_ns, "full", ""])
        self._seq += 1
        self._write(line)

    def _write(self, line: str) -> None:
        self._file.write(line + "\n")
        self._file.flush()
        self._written += len(line) + 1
