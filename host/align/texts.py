"""The texts that came out of requests, from the files of an attempt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from agent.spool import SpoolFile, SpoolFormatError, read_spool
from agent.wire import WireError, strict_json
from host.handover.trace import AttemptTrace, RequestTrace

PIECES, CHUNKS = "pieces.tsv", "chunks.tsv"
# A vocabulary of a million tokens of 100 bytes; far more chunks than an attempt has.
MAX_BYTES = 256 << 20
# Of one output; what scores it looks at less.
MAX_TEXT_BYTES = 1 << 20


def texts_of(folder: Path, attempt: AttemptTrace) -> Mapping[int, str]:
    """Number of a scored request -> its text; one whose text cannot be had is not in it.

    From token ids and the bytes of each, from the chunks of a server, or as a native runner
    printed it. Bytes that are no UTF-8 become U+FFFD: a cut character at the end of an output
    is usual.
    """
    pieces = _stream(folder / PIECES)
    if attempt.answers:
        found = {answer.number: answer.text for answer in attempt.answers if not answer.warmup}
    elif pieces is not None:
        known = dict(_pieces(pieces))
        found = {
            request.number: b"".join(known[t] for t in request.tokens.tokens.tolist())
            for request in attempt.scored()
            if _fits(request, known)
        }
    else:
        chunks = _stream(folder / CHUNKS)
        found = {} if chunks is None else _joined(chunks)
    return {n: raw[:MAX_TEXT_BYTES].decode("utf-8", "replace") for n, raw in found.items()}


def _fits(request: RequestTrace, known: Mapping[int, bytes]) -> bool:
    """Whether every token that came out is known, with as many bytes as it was said to have."""
    trace = request.tokens
    sizes = zip(trace.tokens.tolist(), trace.size_bytes.tolist(), strict=False)
    whole = len(trace.tokens) == len(trace.size_bytes) == request.stated_tokens
    return whole and all(t in known and len(known[t]) == size for t, size in sizes)


def _stream(path: Path) -> SpoolFile | None:
    """None for a file that is not there, or is no stream: a text is missing then, not a run."""
    if not path.is_file() or path.stat().st_size > MAX_BYTES:
        return None
    try:
        return read_spool(path.read_bytes())
    except SpoolFormatError:
        return None


def _pieces(stream: SpoolFile) -> Iterator[tuple[int, bytes]]:
    try:
        token, piece = stream.index("token"), stream.index("bytes")
        for line in stream.lines:
            yield int(line.fields[token]), bytes.fromhex(line.fields[piece])
    except ValueError:
        return  # what was read up to here is what is known


def _joined(stream: SpoolFile) -> dict[int, bytes]:
    found: dict[int, list[bytes]] = {}
    try:
        request, text = stream.index("request"), stream.index("text")
        for line in stream.lines:
            said = str(strict_json(line.fields[text].encode()))
            found.setdefault(int(line.fields[request]), []).append(said.encode("utf-8", "replace"))
    except (ValueError, WireError):
        return {}
    return {number: b"".join(parts) for number, parts in found.items()}
