"""Known outputs of a model, out of a run that is believed: what canaries and lengths rest on."""

from __future__ import annotations

from pathlib import Path

import msgspec

from host.align.read import RunReading
from host.errors import ArtefactError, FolderError
from host.handover.audit import REFERENCE_VERSION, KnownOutput, Reference
from host.handover.trace import RequestTrace
from host.pipeline.redo import given, redo
from host.run.folder import write_json


def make_reference(run: Path, output: Path) -> Reference:
    """Write the known outputs of a sealed, valid run to a new file.

    Raises FolderError for a run that nothing can be learnt from, ArtefactError where the file
    cannot be made or is there.
    """
    with given(run):
        redone = redo(run)
    if not redone.reading.facts.sealed:
        raise FolderError(str(run), "is not sealed: known outputs are taken of sealed runs")
    status = redone.record.verdict.status
    if status != "valid":
        raise FolderError(str(run), f"is {status}: known outputs are taken of valid runs")
    found = reference_from(redone.reading, redone.record.record_id)
    if output.exists():
        raise ArtefactError(str(output), "is there already; nothing is overwritten")
    try:
        write_json(output, msgspec.to_builtins(found))
    except OSError as err:
        raise ArtefactError(str(output), f"cannot be written ({err.strerror})") from err
    return found


def reference_from(reading: RunReading, record_id: str) -> Reference:
    """Known outputs: those of items that all valid attempts answered with the same tokens.

    Raises FolderError where there is none.
    """
    facts, plan = reading.facts, reading.facts.plan
    made: dict[str, set[tuple[int, ...]]] = {}
    requests: dict[str, RequestTrace] = {}
    for attempt in reading.run.valid():
        for request in attempt.scored():
            requests[request.item] = request
            made.setdefault(request.item, set()).add(tuple(request.tokens.tokens.tolist()))
    outputs = tuple(
        KnownOutput(
            item=asked.item,
            text=asked.text,
            prompt_tokens=requests[asked.item].prompt_tokens,
            output_tokens=asked.output_tokens,
            tokens=next(iter(made[asked.item])),
        )
        for asked in plan.requests
        if len(made.get(asked.item, ())) == 1 and next(iter(made[asked.item]))
    )
    if not outputs:
        raise FolderError(facts.run_id, "has no output that every attempt repeated")
    tokenizer = plan.model.get("tokenizer_sha256")
    return Reference(
        reference=REFERENCE_VERSION,
        model_sha256=str(plan.model["sha256"]),
        tokenizer_sha256=tokenizer if isinstance(tokenizer, str) else None,
        engine_kind=plan.engine_kind,
        stop=plan.plan.run.stop,
        run=facts.run_id,
        record_id=record_id,
        outputs=outputs,
    )
