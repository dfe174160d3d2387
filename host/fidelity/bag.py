"""Fidelity from a run folder alone: reference, scores, the run's own greedy outputs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np

from agent.wire import strict_json
from host.artefacts.fidelity.reference import ROW_ITEM_BYTES, Reference, read_reference
from host.errors import ArtefactError
from host.fidelity.divergence import Logits, NotFiniteError, WindowScore, score
from host.fidelity.figures import Figure, equal_share, figures_of, greedy_figures
from host.fidelity.gate import judged, missing, voided
from host.fidelity.stated import UnstatedError, stated_figures
from host.handover.divergence import StatedPattern, StatedScores
from host.handover.fidelity import (
    SCORING_ENGINES,
    ErrorRules,
    FidelityField,
    FidelityPlan,
    GreedyOutput,
    ScoredFile,
    Scores,
)
from host.handover.plan import ResolvedPlan
from host.handover.trace import AlignedRun, RequestTrace

FOLDER, REFERENCE, SCORES = "fidelity", "reference.fidelity", "scores.json"
# By which rules standard errors are found; folders of earlier software have none.
ERRORS = "errors.json"
# Of a tool on the device: what it was given, and what it printed.
STATED, LOG = "stated.json", "stated.log"
MAX_LOG_BYTES = 4 << 20
MAX_SCORES_JSON_BYTES = 16 << 20


_Form = TypeVar("_Form", Scores, StatedScores, ErrorRules)


class ScoresError(ValueError):
    """Scores that are there and are not those of this run: `code: detail`."""


def fidelity_of(data: Path, resolved: ResolvedPlan, run: AlignedRun) -> FidelityField | None:
    """The field of the record, None where the plan asks for no fidelity.

    data: the payload folder. Nothing outside of it is looked at.
    """
    plan = resolved.plan.fidelity
    if not isinstance(plan, FidelityPlan):
        return None
    try:
        reference = read_reference(data / FOLDER / REFERENCE)
    except ArtefactError as err:
        return missing(plan, f"fidelity-missing: {_without_path(err)}")
    try:
        rules = _rules(data)
        figures = (
            *_scored(data, reference, resolved, rules),
            *_stated(data, reference, resolved),
            *_greedy(reference, resolved, run, rules),
        )
    except NotFiniteError as err:
        return voided(reference.head, f"fidelity-not-finite: {err}")
    except ScoresError as err:
        return voided(reference.head, str(err))
    if not figures:
        return missing(plan, "fidelity-missing: nothing to compare with the reference")
    return judged(plan, reference.head, figures)


def _rules(data: Path) -> int:
    path = data / FOLDER / ERRORS
    return _read(path, ErrorRules).standard_errors if path.is_file() else 1


def _scored(
    data: Path, reference: Reference, resolved: ResolvedPlan, rules: int
) -> tuple[Figure, ...]:
    """Figures of the scores; none of an engine without logits, or of a run that has no scores."""
    path = data / FOLDER / SCORES
    if resolved.engine_kind not in SCORING_ENGINES or not path.is_file():
        return ()
    return figures_of(list(_windows(data, reference, _read(path, Scores), resolved)), rules)


def _stated(data: Path, reference: Reference, resolved: ResolvedPlan) -> tuple[Figure, ...]:
    """What a tool on the device stated; none of a run without one. Raises ScoresError."""
    path, settings = data / FOLDER / STATED, resolved.engine_settings.get("divergence")
    if not settings or not path.is_file():
        return ()
    said, log = _read(path, StatedScores), _head_of(data / FOLDER / LOG, MAX_LOG_BYTES)
    same = (
        said.reference_sha256 == reference.sha256
        and said.model_sha256 == resolved.model.get("sha256")
        and said.settings == settings
    )
    if not same:
        raise ScoresError("fidelity-damaged: the figures are of another reference, model or tool")
    if hashlib.sha256(log).hexdigest() != said.log_sha256:
        raise ScoresError(f"fidelity-damaged: {LOG} is not what the tool printed")
    lines = log.decode("utf-8", "replace").splitlines()
    try:
        patterns = msgspec.convert(settings["figures"], dict[str, StatedPattern])
        return stated_figures(lines, patterns, reference.head)
    except (KeyError, UnstatedError, UnicodeError, msgspec.ValidationError) as err:
        raise ScoresError(f"fidelity-damaged: {LOG}: {err}") from err


def _without_path(err: ArtefactError) -> str:
    """What is wrong, without where the folder lies: the record is the same wherever that is."""
    return ": ".join(str(part) for part in err.args[1:])


def _read(path: Path, form: type[_Form]) -> _Form:
    try:
        return msgspec.convert(strict_json(_head_of(path, MAX_SCORES_JSON_BYTES)), form)
    except ValueError as err:  # no JSON, none of ours, half of a surrogate pair
        raise ScoresError(f"fidelity-damaged: {path.name}: {err}") from err


def _head_of(path: Path, at_most: int) -> bytes:
    """The first bytes of a file, none of one that is not there."""
    if not path.is_file():
        return b""
    with path.open("rb") as file:
        return file.read(at_most)


def _windows(
    data: Path, reference: Reference, scores: Scores, resolved: ResolvedPlan
) -> Iterator[WindowScore]:
    """Each window compared. Raises ScoresError, NotFiniteError."""
    _check_same(reference, scores, resolved)
    head = reference.head
    for number, (window, file) in enumerate(zip(head.windows, scores.files, strict=True)):
        tested = _logits(data / FOLDER / file.file, file, head.rows(window), head.n_vocab)
        following = window.ids[head.first + 1 :]
        try:
            yield score(window.language, reference.logits(number), tested, following)
        except NotFiniteError as err:
            raise NotFiniteError(f"window {number}: {err}") from err
        except ValueError as err:
            raise ScoresError(f"fidelity-damaged: window {number}: {err}") from err


def _check_same(reference: Reference, scores: Scores, resolved: ResolvedPlan) -> None:
    """The scores are of this reference, this artefact, this engine and its settings."""
    if scores.reference_sha256 != reference.sha256:
        raise ScoresError("fidelity-damaged: the scores are of another reference")
    if len(scores.files) != len(reference.head.windows):
        raise ScoresError("fidelity-damaged: the scores have another number of windows")
    same = (
        scores.model_sha256 == resolved.model.get("sha256")
        and scores.engine_kind == resolved.engine_kind
        and scores.settings == resolved.engine_settings
    )
    if not same:
        raise ScoresError("fidelity-damaged: the scores are of another model, engine or setting")


def _logits(path: Path, file: ScoredFile, rows: int, n_vocab: int) -> Logits:
    """One file, mapped and not read at once. Raises ScoresError where it is not as stated."""
    if file.n_vocab != n_vocab:
        said = f"{file.n_vocab} logits a row, the reference has {n_vocab}"
        raise ScoresError(f"fidelity-vocabulary: {said}")
    size = path.stat().st_size if path.is_file() else 0
    if size != rows * n_vocab * ROW_ITEM_BYTES or file.rows != rows:
        raise ScoresError(f"fidelity-damaged: {path.name} has {size} bytes")
    return np.memmap(path, dtype="<f4", mode="r", shape=(rows, n_vocab))


def _greedy(
    reference: Reference, resolved: ResolvedPlan, run: AlignedRun, rules: int
) -> tuple[Figure, ...]:
    """Outputs of valid attempts against the reference's, request by request.

    By token ids; by the bytes of its text where a server or a native runner gives no ids.
    """
    wanted = {(g.item, g.text_sha256): g for g in reference.head.greedy}
    texts = {
        r.item: hashlib.sha256(r.text.encode("utf-8", "replace")).hexdigest()
        for r in resolved.requests
    }
    pairs: list[tuple[str, tuple[Sequence[int], Sequence[int]]]] = []
    for attempt in run.valid():
        for request in attempt.scored():
            known = wanted.get((request.item, texts.get(request.item, "")))
            if known is not None and (pair := _outputs(known, request)) is not None:
                pairs.append((request.item, pair))
        for answer in attempt.answers:
            known = wanted.get((answer.item, texts.get(answer.item, "")))
            if known is not None and not answer.warmup:
                pairs.append((answer.item, (bytes.fromhex(known.output_hex), answer.text)))
    groups: dict[str | int, list[float]] = {}
    for place, (item, pair) in enumerate(pairs):
        groups.setdefault(place if rules == 1 else item, []).append(equal_share(*pair))
    tokens = sum(min(map(len, pair)) for _, pair in pairs)
    return greedy_figures(tuple(groups.values()), tokens, rules)


def _outputs(
    known: GreedyOutput, request: RequestTrace
) -> tuple[Sequence[int], Sequence[int]] | None:
    """Both outputs, as ids or as bytes; None where the engine shows neither.

    A server that answers nothing has answered: with no byte of what is expected.
    """
    if request.reply is not None:
        return bytes.fromhex(known.output_hex), request.reply.text
    if request.tokens.known and len(request.tokens):
        return known.tokens, [int(token) for token in request.tokens.tokens]
    return None
