"""A runner's description tried on a captured log, before any device is there.

Who writes one sees which lines its expressions find, and which figures come out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec

from host.align.answers import answer_in
from host.align.printed import MismatchError
from host.align.stated import UnfitError, figures_in
from host.errors import UsageError
from host.handover.pattern import compiled, compiled_bytes
from host.handover.runner import Lines, Runner
from host.handover.trace import StatedFigure

# As much of a log as is kept of an attempt (host/run/collect.py).
MAX_LOG_BYTES = 64 << 20
# What a request must show; the others may be missing from a log.
NEEDED = ("start", "prefill_start", "ready", "token")


@dataclass(frozen=True, slots=True)
class LineHits:
    """How many lines fit one expression. first: number of the first from 1, text: that line."""

    name: str
    needed: bool
    count: int
    first: int
    text: str


@dataclass(frozen=True, slots=True)
class Trial:
    """What a description finds in a log of `total` lines. misfit: what the log lacks.

    answer: what it takes for the answer, None where it says nothing of one or finds none.
    """

    total: int
    lines: tuple[LineHits, ...]
    figures: tuple[StatedFigure, ...]
    misfit: str
    answer: str | None = None

    @property
    def fits(self) -> bool:
        return not self.misfit

    def as_json(self) -> dict[str, Any]:
        return {"fits": self.fits, **asdict(self)}


def read_log(path: Path) -> bytes:
    """A captured log. Raises UsageError for what cannot be read, or is too long for a log."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_LOG_BYTES + 1)
    except OSError as err:
        raise UsageError(f"{path}: cannot be read ({err.strerror})") from err
    if len(data) > MAX_LOG_BYTES:
        raise UsageError(f"{path}: is longer than {MAX_LOG_BYTES >> 20} MiB")
    return data


def trial(
    how: Runner, log: bytes, asked: Mapping[str, int | None], output: bytes | None = None
) -> Trial:
    """Every expression and every figure of a description over the output of one process.

    output: what standard output had, of a runner that keeps it apart; None: nobody kept it.
    asked: what `{prompt_tokens}` and `{output_tokens}` stand for. Raises UsageError where a figure
    is found by one of them and it is not given.
    """
    stated = how.stated()
    for figure in stated.values():
        for word in map(str, figure.where.values()):
            if word.startswith("{") and asked.get(word[1:-1]) is None:
                option = word[1:-1].replace("_", "-")
                raise UsageError(f"figures are found by {word}: say --{option} as it was asked")
    texts = log.replace(b"\0", b"").decode("utf-8", "replace").split("\n")
    lines = tuple(_hits(how.lines, texts)) if how.lines else ()
    figures: tuple[StatedFigure, ...] = ()
    answer, unanswered = _answer(how, log, output)
    lacking = [f"lines.{line.name}" for line in lines if line.needed and not line.count]
    lacking += unanswered
    misfit = f"nothing fits {', '.join(lacking)}" if lacking else ""
    try:
        figures = tuple(figures_in(texts, how.reads, stated, asked))
    except UnfitError as err:
        misfit = "; ".join(part for part in (misfit, str(err)) if part)
    if misfit:
        misfit = str(MismatchError(misfit, texts))
    return Trial(len(texts) - (texts[-1] == ""), lines, figures, misfit, answer)


def _answer(how: Runner, log: bytes, output: bytes | None) -> tuple[str | None, list[str]]:
    """The answer, and the expression that finds none."""
    where = how.answers()
    printed = output if how.output == "stdout" else log
    if where is None or printed is None:
        return None, []
    begin, end = (compiled_bytes(p) if p else None for p in (where.begin, where.end))
    text = answer_in(printed, begin, end)
    if text is None:
        missed = (
            "begin" if begin is not None and answer_in(printed, begin, None) is None else "end"
        )
        return None, [f"answer.{missed}"]
    return text.decode("utf-8", "replace"), []


def _hits(lines: Lines, texts: Sequence[str]) -> Iterator[LineHits]:
    for name, pattern in msgspec.to_builtins(lines).items():
        if pattern is None:
            continue
        search = compiled(pattern).search
        found = [number for number, text in enumerate(texts, 1) if search(text)]
        first = found[0] if found else 0
        text = texts[first - 1] if found else ""
        yield LineHits(name, name in NEEDED, len(found), first, text)
