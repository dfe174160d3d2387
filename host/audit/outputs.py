"""What an attempt put out, request by request, to be compared with another's. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from host.handover.trace import AttemptTrace, RequestTrace

# Token ids; the bytes of a text where no ids are shown; a hash where there is no text.
Output = tuple[int, ...] | bytes
Key = tuple[str, int]


def outputs_of(trace: AttemptTrace) -> Iterator[tuple[Key, Output]]:
    """Every scored output with its item and turn: each turn of a talk has one of its own.

    Empty where an engine shows times alone.
    """
    if trace.answers:
        yield from (((a.item, 0), a.text) for a in trace.answers if not a.warmup)
        return
    yield from (((r.item, r.turn), _output(r)) for r in trace.scored())


def agreed(found: Sequence[int], known: Sequence[int]) -> float:
    """Share of what is known up to the first other token, or byte. known: not empty."""
    for place, (a, b) in enumerate(zip(found, known, strict=False)):
        if a != b:
            return place / len(known)
    return min(len(found), len(known)) / len(known)


def _output(request: RequestTrace) -> Output:
    if request.inferences is not None:
        return bytes.fromhex(request.inferences.output_sha256)
    if request.reply is not None:
        return request.reply.text if len(request.tokens) else b""
    return tuple(request.tokens.tokens.tolist())
