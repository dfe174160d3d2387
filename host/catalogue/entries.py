"""A record as rows of the catalogue."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from host.catalogue.tables import MAX_TEXT
from host.handover.fidelity import FidelityFigure
from host.handover.quantity import Quantity
from host.handover.scores import ScoreField
from host.handover.stated import STATED

# One result has a value for every attempt; more text than this is none of ours.
MAX_ATTEMPTS_TEXT = 100_000
# Far beyond the results of any run (a dataset has at most 10,000 items).
MAX_FIGURES = 200_000
# What stands beside the results of a record: figures of fidelity by their reference, and scores.
FIDELITY = "fidelity:"
SCORE = "score."
_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Figure:
    """One result. value, U, k: the record's decimal text; attempts: such texts, by spaces."""

    result: str
    measurand_id: str
    statistic: str
    scope: str
    source: str
    rule: str
    tier: str
    unit: str
    value: str | None
    U: str | None
    k: str | None
    n: int
    missing: str
    attempts: str

    @property
    def measurand(self) -> str:
        """The id without the version of its definition."""
        return self.measurand_id.partition("@")[0]


@dataclass(frozen=True, slots=True)
class Entry:
    """One record. document: its bytes, compressed, None where they are not kept."""

    record_id: str
    replaces: str
    kind: str
    schema_version: str
    started: str
    ended: str
    device: str
    device_key: str
    model: str
    model_sha256: str
    quantization: str
    engine_kind: str
    engine: str
    dataset: str
    dataset_sha256: str
    settings_sha256: str
    verdict: str
    state: str
    tier: str
    path: str
    file_sha256: str
    figures: tuple[Figure, ...] = field(repr=False)
    document: bytes | None = field(default=None, repr=False)


def figure_of(q: Quantity) -> Figure:
    """The row of one result."""
    attempts = " ".join(text for _, text in q.by_attempt)
    return Figure(
        result=fit(q.id),
        measurand_id=fit(q.measurand_id),
        statistic=fit(q.statistic),
        scope=fit(q.scope),
        source=fit(q.source),
        rule=fit(q.rule.en if q.rule else ""),
        tier=fit(q.tier, 10),
        unit=fit(q.unit, 40),
        value=q.value,
        U=q.U,
        k=q.k,
        n=max(0, min(q.n, 2**31 - 1)),
        missing=fit(q.missing),
        attempts=attempts if len(attempts) <= MAX_ATTEMPTS_TEXT else "",
    )


def fidelity_figure(figure: FidelityFigure, reference: str) -> Figure:
    """The row of a figure of fidelity. reference: hash of its data; another one is another thing.

    It has no U: what the record states is a standard error over windows, k = 1.
    """
    digits = reference[:_DIGITS]
    return _bare(
        f"{figure.measurand_id}/{figure.language}/{digits}", figure.measurand_id,
        scope=figure.language, source=f"{FIDELITY}{digits}", rule=figure.u_rule.en,
        unit=figure.unit, value=figure.value, n=figure.n,
    )  # fmt: skip


def score_figure(score: ScoreField) -> Figure:
    """The row of one scorer on one scenario."""
    return _bare(
        f"{SCORE}{score.scorer}/{score.scenario}", f"{SCORE}{score.scorer}", scope=score.scenario,
        source=score.version, rule=score.rule.en, unit="1", value=score.value,
        n=len(score.items), missing=score.missing,
    )  # fmt: skip


def is_beside(figure: Figure) -> bool:
    """Whether it is none of the record's own results; those come first."""
    beside = figure.measurand_id in STATED or figure.measurand_id.startswith(SCORE)
    return beside or figure.source.startswith(FIDELITY)


def _bare(result: str, measurand_id: str, **said: Any) -> Figure:  # noqa: ANN401 - of Figure
    fields: dict[str, Any] = {key: fit(said[key]) for key in ("scope", "source", "rule", "unit")}
    fields |= {"value": said["value"], "n": said["n"], "missing": fit(said.get("missing", ""))}
    fields |= {"statistic": "", "tier": "", "U": None, "k": None, "attempts": ""}
    return Figure(result=fit(result), measurand_id=fit(measurand_id), **fields)


def tier_of(figures: Iterable[Figure]) -> str:
    """The tiers of power evidence in a record, `B` or `A/B`; "" without any power."""
    return "/".join(sorted({figure.tier for figure in figures if figure.tier}))[:10]


def fit(text: object, most: int = MAX_TEXT) -> str:
    """Text that any database takes: no NUL, no half of a surrogate pair, not longer than most.

    Nor than three bytes a character, so that an index takes two of them: PostgreSQL refuses a row
    in a B-tree of more than 2,704 bytes.
    """
    plain = str(text)[:most].replace("\x00", "\ufffd")
    return plain.encode("utf-8", "replace")[: 3 * most].decode("utf-8", "ignore")


def moment_of(text: str) -> str:
    """RFC 3339 in UTC with milliseconds, so that texts sort as times; "" for what is none."""
    try:
        read = datetime.fromisoformat(text)
        if read.tzinfo is None:
            return ""
        return (
            read.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.")
            + f"{read.microsecond // 1000:03d}Z"
        )
    except (ValueError, OverflowError):
        return ""


def number_of(text: str | None) -> float | None:
    """The double beside a decimal text; None where there is none that a database holds."""
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if isfinite(value) else None
