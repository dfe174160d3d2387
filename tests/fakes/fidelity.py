"""Small made-up references and scores, written by the real writers."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from host.artefacts.fidelity.reference import Reference, write_reference
from host.fidelity.bag import FOLDER, REFERENCE, SCORES
from host.handover.fidelity import (
    FidelityPlan,
    GreedyOutput,
    ReferenceHead,
    ReferenceModel,
    ReferenceTexts,
    ReferenceWindow,
    ScoredFile,
    Scores,
)
from host.handover.plan import ResolvedPlan
from host.run.folder import write_json
from tests.fakes.records import MODEL, sample_plan

N_CTX, FIRST, N_VOCAB = 8, 4, 5
Rows = npt.NDArray[Any]
LANGUAGES: tuple[Literal["zh", "en"], ...] = ("zh", "zh", "en", "en")


def logits(seed: int) -> list[Rows]:
    """Rows for each window, drawn."""
    drawn = np.random.default_rng(seed)
    shape = (N_CTX - 1 - FIRST, N_VOCAB)
    return [drawn.normal(size=shape).astype("<f4") for _ in LANGUAGES]


def reference_file(
    path: Path, rows: Sequence[Rows], greedy: tuple[GreedyOutput, ...] = ()
) -> Reference:
    """A reference of one window a language entry, with these rows."""
    windows = tuple(
        ReferenceWindow(language, tuple((i + n) % N_VOCAB for i in range(N_CTX)))
        for n, language in enumerate(LANGUAGES)
    )
    head = ReferenceHead(
        fidelity_reference=1,
        model=ReferenceModel("tiny", "gguf", "F16", "6" * 64, str(MODEL["tokenizer_sha256"])),
        texts=ReferenceTexts("texts", "1", "7" * 64),
        n_ctx=N_CTX,
        first=FIRST,
        n_vocab=N_VOCAB,
        windows=windows,
        data_bytes=0,
        data_sha256="0" * 64,
        engine={"kind": "llama_cpp"},
        greedy=greedy,
    )
    parts = []
    for number, each in enumerate(rows):
        part = path.with_name(f"part-{number}")
        part.write_bytes(each.tobytes())
        parts.append(part)
    return write_reference(path, head, parts)


def wanting(**limits: Any) -> ResolvedPlan:  # noqa: ANN401
    """The sample's plan with a fidelity table."""
    resolved = sample_plan(2)
    table = FidelityPlan(reference="reference.fidelity", **limits)
    plan = msgspec.structs.replace(resolved.plan, fidelity=table)
    return msgspec.structs.replace(resolved, plan=plan)


def scored_folder(
    data: Path, reference: Sequence[Rows], tested: Sequence[Rows], resolved: ResolvedPlan
) -> Path:
    """The payload folder of a run that has scored its model."""
    place = data / FOLDER
    place.mkdir(parents=True)
    made = reference_file(place / REFERENCE, reference)
    files = []
    for number, rows in enumerate(tested):
        path = place / f"logits-{number:04d}.f32"
        path.write_bytes(rows.tobytes())
        digest = hashlib.sha256(rows.tobytes()).hexdigest()
        files.append(ScoredFile(path.name, len(rows), rows.shape[1], rows.nbytes, digest))
    scores = Scores(
        reference_sha256=made.sha256,
        model_sha256=str(resolved.model["sha256"]),
        engine_kind=resolved.engine_kind,
        settings=resolved.engine_settings,
        files=tuple(files),
        engine={},
    )
    write_json(place / SCORES, msgspec.to_builtins(scores))
    return data
