"""Requests to a server out of events and chunks: what a client saw and the server counted. Pure.

A client sees when chunks came. The first one with text is taken for the first token; how many
tokens a chunk has is what the server's count rose by. Chunks that came in one read have one stamp
and are one entry.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from agent.spool import SpoolFile
from agent.wire import strict_json
from host.align.requests import Event, ended_requests, moment
from host.handover.served import cached_tokens
from host.handover.trace import IntArray, Reply, RequestTrace, TokenTrace, Window

COUNTED = "counted"
COLUMNS = ("request", "index", "t_ns", "made", "size_bytes", "text", "ids")
MAX_STATED = 64
# A day in ns is 8.6e13; what is far beyond is no time, count or rate of a reply.
LARGEST_STATED = 1e18
_NONE = np.zeros(0, dtype=np.int64)
_Entry = tuple[int, int | None, int]


@dataclass(frozen=True, slots=True)
class _Chunk:
    """made: tokens up to here, None where the server did not say. text: in UTF-8. ids: if told."""

    t_ns: int
    made: int | None
    text: bytes
    ids: tuple[int, ...] | None

    @property
    def size_bytes(self) -> int:
        return len(self.text)


def replies_of(
    events: Sequence[Event], chunks: SpoolFile | None, requested: Mapping[str, int]
) -> tuple[RequestTrace, ...]:
    """Requests that ran to their end. requested: item -> output tokens that the plan asks for.

    Raises KeyError or ValueError where events and chunks do not fit.
    """
    by_request = _chunks_by_request(chunks)
    return tuple(
        _request(number, named, by_request.get(number, []), requested)
        for number, named in ended_requests(events)
        if "prefill_end" in named and _is_counted(named)
    )


def _request(
    number: int,
    named: Mapping[str, Event],
    chunks: Sequence[_Chunk],
    requested: Mapping[str, int],
) -> RequestTrace:
    start, end = named["request_start"], named["request_end"]
    prefill = Window(named["prefill_start"].t_ns, named["prefill_end"].t_ns)
    stated = _stated(end.args.get("server"))
    output_tokens = int(_counts(named, "request_end")["output_tokens"])
    prompt_tokens = int(_counts(named, "tokenized")["prompt_tokens"])
    prompt = named["tokenized"].args
    kept = _kept(prompt, prompt_tokens, stated)
    output = b"".join(chunk.text for chunk in chunks)
    return RequestTrace(
        number=number,
        item=str(start.args["item"]),
        warmup=bool(start.args["warmup"]),
        scheduled_ns=int(start.args["scheduled_ns"]),
        start_ns=start.t_ns,
        tokenized_ns=named["tokenized"].t_ns,
        prefill=prefill,
        end_ns=end.t_ns,
        prompt_tokens=prompt_tokens - (kept or 0),
        requested_tokens=requested[str(start.args["item"])],
        stated_tokens=output_tokens,
        stop_reason=str(end.args["stop_reason"]),
        tokens=_tokens(chunks, output_tokens),
        turn=int(prompt.get("turn", 0)),
        kept_tokens=kept or 0,
        streams=int(start.args.get("streams", 0)),
        stream=int(start.args.get("stream", 0)),
        reply=Reply(
            late_ns=_late_ns(Window(start.t_ns, prefill.end_ns), _prompt_ms(stated)),
            stated=stated,
            text_sha256=hashlib.sha256(output).hexdigest(),
            text=output,
            kept_known=kept is not None,
        ),
    )


def _counts(named: Mapping[str, Event], where: str) -> Mapping[str, Any]:
    """What says the tokens: the event itself, or one later (agent/recounting.py)."""
    return named.get(COUNTED, named[where]).args


def _is_counted(named: Mapping[str, Event]) -> bool:
    """Not where an attempt ended before its replies could be counted."""
    asked, made = _counts(named, "tokenized"), _counts(named, "request_end")
    return asked["prompt_tokens"] is not None and made["output_tokens"] is not None


def _kept(
    prompt: Mapping[str, Any], prompt_tokens: int, stated: Mapping[str, float]
) -> int | None:
    """Tokens of the prompt that came from the cache, as the turn of a talk allowed.

    0 where none were allowed: then what a server says it took anyhow is no part of the plan. None
    where there is a prefix to keep and the server does not say, or says more than there is.
    """
    if int(prompt.get("turn", 0)) <= 1:
        return 0
    told = cached_tokens(stated)
    if told is None or told != int(told) or not 0 <= told < prompt_tokens:
        return None
    return int(told) if prompt.get("may_keep") is True else 0


def _prompt_ms(stated: Mapping[str, float]) -> float | None:
    """How long the prompt took, by llama-server's `timings` or by Ollama, which gives ns."""
    if "prompt_ms" in stated or "prompt_eval_duration" not in stated:
        return stated.get("prompt_ms")
    return stated["prompt_eval_duration"] * 1e-6


def _late_ns(seen: Window, prompt_ms: float | None) -> int | None:
    """How much later than the prompt was computed the first chunk came, by the server's own time.

    seen: from before the request was sent; a server may begin before the client knows that it has
    all. None where the server states no time, or one that is longer than all of that.
    """
    if prompt_ms is None:
        return None
    late_ns = seen.end_ns - seen.start_ns - round(prompt_ms * 1e6)
    return late_ns if late_ns >= 0 else None


def _tokens(chunks: Sequence[_Chunk], total: int) -> TokenTrace:
    """Entries from the first chunk with text on, with the tokens of each where they are told."""
    entries = _merged(_entries(chunks))
    t_ns = np.array([t for t, _, _ in entries], dtype=np.int64)
    sizes = np.array([size for _, _, size in entries], dtype=np.int64)
    told = [count for _, count, _ in entries if count is not None]
    if len(told) == len(entries):
        each = all(count == 1 for count in told)
        counts = None if each else np.array(told, dtype=np.int64)
        return TokenTrace(t_ns, t_ns, _known(chunks, entries) if each else _NONE, sizes, counts)
    # Of the sum alone: as many chunks as tokens are single tokens, else nobody knows.
    return TokenTrace(t_ns, t_ns, _NONE, sizes, None, None if len(entries) == total else total)


def _entries(chunks: Sequence[_Chunk]) -> Iterator[_Entry]:
    """Time, tokens, bytes. What was counted before the first text came with it."""
    counted = not any(c.size_bytes and c.made is None for c in chunks)
    before, shown = 0, False
    for chunk in chunks:
        shown = shown or chunk.size_bytes > 0
        if not shown:
            continue
        made = chunk.made if counted else None
        new = None if made is None else made - before
        if new is not None and new < 0:
            raise ValueError("the count of tokens goes back")
        if chunk.size_bytes or new:
            yield chunk.t_ns, new, chunk.size_bytes
        before = before if made is None else made


def _merged(entries: Iterator[_Entry]) -> list[_Entry]:
    """Chunks of one stamp are one entry; bytes without a token are of the entry before."""
    found: list[_Entry] = []
    for t_ns, count, size in entries:
        if found and (count == 0 or found[-1][0] == t_ns):
            last_ns, last, last_size = found.pop()
            together = None if last is None or count is None else last + count
            found.append((last_ns, together, last_size + size))
        else:
            found.append((t_ns, count, size))
    return found


def _known(chunks: Sequence[_Chunk], entries: Sequence[_Entry]) -> IntArray:
    """Ids where every entry is one token and all of them were told; nothing else."""
    told = [token for chunk in chunks for token in chunk.ids or ()]
    return np.array(told, dtype=np.int64) if len(told) == len(entries) else _NONE


def _ids(field: str) -> tuple[int, ...] | None:
    """Raises ValueError for what is no list of ids."""
    if field.startswith("!"):
        return None
    return tuple(int(token) for token in strict_json(field.encode()))


def _chunks_by_request(stream: SpoolFile | None) -> dict[int, list[_Chunk]]:
    """Raises ValueError for chunks that are not numbered from 0 on, or whose sizes do not fit."""
    found: dict[int, list[_Chunk]] = {}
    if stream is None:
        return found
    at = {name: stream.index(name) for name in COLUMNS}
    for line in stream.lines:
        number = int(line.fields[at["request"]])
        chunks = found.setdefault(number, [])
        if int(line.fields[at["index"]]) != len(chunks):
            raise ValueError(f"the chunks of request {number} are not numbered from 0 on")
        data = str(strict_json(line.fields[at["text"]].encode())).encode("utf-8", "surrogatepass")
        if len(data) != int(line.fields[at["size_bytes"]]):
            raise ValueError(f"a chunk of request {number} has not the bytes of its text")
        made = line.fields[at["made"]]
        count = None if made.startswith("!") else int(made)
        t_ns = moment(line.fields[at["t_ns"]])
        chunks.append(_Chunk(t_ns, count, data, _ids(line.fields[at["ids"]])))
    return found


def _stated(found: Any) -> dict[str, float]:  # noqa: ANN401 - whatever a file holds
    """Numbers by name, as the server gave them, but for those beyond every time and count."""
    if not isinstance(found, Mapping) or len(found) > MAX_STATED:
        return {}
    return {
        str(key): float(value)
        for key, value in found.items()
        if isinstance(value, int | float)
        and not isinstance(value, bool)
        and (value == 0 or 1 / LARGEST_STATED <= abs(value) <= LARGEST_STATED)  # nor NaN
    }
