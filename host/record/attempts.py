"""The attempts of a run as they stand in the record, with the hash of what each one wrote."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from host.errors import FolderError
from host.handover.record import AttemptField, Attempts, Status
from host.handover.trace import AlignedRun, AttemptTrace, RequestTrace


def attempts_of(run: AlignedRun, planned: int) -> Attempts:
    """All attempts with status and reason; none is left out."""
    fields = tuple(_field(attempt) for attempt in run.attempts)
    by_status = [field.status for field in fields]
    return Attempts(
        planned=planned,
        valid=by_status.count("valid"),
        void=by_status.count("void"),
        incomplete=by_status.count("incomplete"),
        attempts=fields,
    )


def output_bytes_of(requests: Iterable[RequestTrace]) -> bytes:
    """What the output hash is taken over, ASCII: one line a scored request, LF at each end.

    A line is the item's id, a TAB, and the token ids in decimal joined by single spaces. Lines
    are sorted by item, then by place in the attempt: every attempt draws its own order, and the
    same outputs shall give the same hash. A token that the engine did not name is `-`; of a
    server, which shows text and no ids, the SHA-256 of the text stands in place of all of them,
    of a plain graph that of its outputs.
    """
    lines = [
        f"{request.item}\t{' '.join(_ids(request))}\n"
        for request in sorted(requests, key=lambda r: (r.item, r.number))
    ]
    return "".join(lines).encode()


def _ids(request: RequestTrace) -> list[str]:
    if request.inferences is not None:
        return [request.inferences.output_sha256]
    if request.reply is not None and not request.tokens.known:
        return [f"text-sha256:{request.reply.text_sha256}"]
    if not request.tokens.known:
        return ["-"] * request.tokens.made
    return [str(int(token)) for token in request.tokens.tokens]


def outputs_differ(attempts: Sequence[AttemptTrace]) -> tuple[str, ...]:
    """Items whose output is not the same in all of their requests, sorted.

    Streams at once are left out: what batches them rounds otherwise.
    """
    seen: dict[str, set[tuple[int, ...] | str | bytes]] = {}
    for attempt in attempts:
        if attempt.answers:  # of a native runner, which shows no ids
            for answer in attempt.answers:
                if not answer.warmup:
                    seen.setdefault(answer.item, set()).add(answer.text)
            continue
        for request in attempt.scored():
            if request.streams < 2:  # noqa: PLR2004 - at once
                seen.setdefault(request.item, set()).add(_output(request))
    return tuple(sorted(item for item, outputs in seen.items() if len(outputs) > 1))


def _output(request: RequestTrace) -> tuple[int, ...] | str:
    if request.reply is not None:
        return request.reply.text_sha256
    return tuple(request.tokens.tokens.tolist())


def _field(attempt: AttemptTrace) -> AttemptField:
    scored = attempt.scored()
    return AttemptField(
        number=attempt.number,
        status=_status(attempt),
        reason=attempt.reason,
        requests=len(scored),
        output_tokens=sum(request.tokens.made for request in scored),
        output_sha256=hashlib.sha256(output_bytes_of(scored)).hexdigest(),
    )


def _status(attempt: AttemptTrace) -> Status:
    match attempt.status:
        case "valid" | "void" | "incomplete" as known:
            return known
        case other:
            raise FolderError(f"attempt {attempt.number}", f"has the unknown status {other!r}")
