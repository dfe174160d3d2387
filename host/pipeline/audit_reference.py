"""Known outputs of a model, out of a run that is believed: what canaries and lengths rest on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from host.align.read import RunReading
from host.audit.outputs import Output, outputs_of
from host.errors import ArtefactError, FolderError
from host.handover.audit import REFERENCE_VERSION, TEXTS_VERSION, KnownOutput, Reference
from host.handover.plan import ResolvedRequest
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
    """Known outputs: those of items that all valid attempts answered alike, in tokens or in text.

    Raises FolderError where there is none.
    """
    facts, plan = reading.facts, reading.facts.plan
    if plan.plan.inference:
        raise FolderError(facts.run_id, "is of a plain graph, which has no outputs that are known")
    made: dict[str, set[Output]] = {}
    counts: dict[str, int] = {}
    for attempt in reading.run.valid():
        counts |= {r.item: r.prompt_tokens for r in attempt.scored()}
        for (item, _), said in outputs_of(attempt):
            made.setdefault(item, set()).add(said)
    outputs = tuple(
        _known(asked, counts, next(iter(made[asked.item])))
        for asked in plan.requests
        if len(made.get(asked.item, ())) == 1 and next(iter(made[asked.item]))
    )
    if not outputs:
        raise FolderError(facts.run_id, "has no output that every attempt repeated")
    tokenizer = plan.model.get("tokenizer_sha256")
    return Reference(
        reference=TEXTS_VERSION if any(o.output for o in outputs) else REFERENCE_VERSION,
        model_sha256=str(plan.model["sha256"]),
        tokenizer_sha256=tokenizer if isinstance(tokenizer, str) else None,
        engine_kind=plan.engine_kind,
        stop=plan.plan.run.stop,
        run=facts.run_id,
        record_id=record_id,
        outputs=outputs,
    )


def _known(asked: ResolvedRequest, counts: Mapping[str, int], said: Output) -> KnownOutput:
    """An engine that shows texts is asked for them as it was: by a text, or by an exact length."""
    return KnownOutput(
        item=asked.item,
        text=asked.text,
        prompt_tokens=counts[asked.item] if isinstance(said, tuple) else asked.prompt_tokens,
        output_tokens=asked.output_tokens,
        tokens=said if isinstance(said, tuple) else (),
        output=said if isinstance(said, bytes) else b"",
    )
