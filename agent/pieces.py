"""The pieces stream: the bytes of every token that came out, so that a text can be read again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from agent.spool import Column, StreamEnd
from agent.streams import open_stream
from collectors.protocol import Clock

PIECES = "pieces"
PIECE_COLUMNS = (Column("token", "{token}"), Column("bytes", "{hex}"))


def write_pieces(directory: Path, clock: Clock, pieces: Mapping[int, bytes]) -> StreamEnd:
    """Write them in order of their ids, after all that is measured. Raises OSError."""
    writer = open_stream(directory, PIECES, clock, PIECE_COLUMNS)
    try:
        writer.extend([(str(token), pieces[token].hex()) for token in sorted(pieces)])
    finally:
        end = writer.close()
    return end
