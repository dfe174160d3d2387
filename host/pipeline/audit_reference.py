"""Known outputs of a model, out of a run that is believed: what canaries and lengths rest on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from host.align.read import RunReading
from host.audit.outputs import Output, outputs_of
from host.errors import ArtefactError, FolderError
from host.handover.audit import (
    GRAPHS_VERSION,
    REFERENCE_VERSION,
    TEXTS_VERSION,
    KnownGraph,
    KnownOutput,
    Reference,
)
from host.handover.plan import ResolvedRequest
from host.handover.trace import AttemptTrace
from host.pipeline.redo import given, redo
from host.run.folder import write_json

# Inputs that every device makes alike (agent/engines/onnx_inputs.py).
SEED = "seed:"


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
    plan = reading.facts.plan
    if plan.plan.inference:
        outputs = known_graphs(reading.run.valid(), plan.requests)
        return _reference(reading, record_id, outputs, GRAPHS_VERSION)
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
    version = TEXTS_VERSION if any(o.output for o in outputs) else REFERENCE_VERSION
    return _reference(reading, record_id, outputs, version)


def known_graphs(
    attempts: Sequence[AttemptTrace], asked: Sequence[ResolvedRequest]
) -> tuple[KnownOutput, ...]:
    """Outputs of a plain graph for inputs by their seed, where they were always the same.

    Inputs of a file are left out: where it lies is of the device that had it.
    """
    made: dict[str, set[KnownGraph]] = {}
    for request in (r for attempt in attempts for r in attempt.scored()):
        if (one := request.inferences) is not None:
            known = KnownGraph(one.input_sha256, one.output_sha256, one.sample)
            made.setdefault(request.item, set()).add(known)
    return tuple(
        KnownOutput(one.item, one.text, None, 0, graph=next(iter(made[one.item])))
        for one in asked
        if one.text.startswith(SEED) and len(made.get(one.item, ())) == 1
    )


def _reference(
    reading: RunReading, record_id: str, outputs: tuple[KnownOutput, ...], version: int
) -> Reference:
    facts, plan = reading.facts, reading.facts.plan
    if not outputs:
        seeded = " for inputs by a seed" if version == GRAPHS_VERSION else ""
        raise FolderError(facts.run_id, f"has no output{seeded} that every attempt repeated")
    tokenizer = plan.model.get("tokenizer_sha256")
    return Reference(
        reference=version,
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
