"""Figures that a native runner states of itself, read from its kept log. Pure.

Line by line by an expression, or out of JSON by paths. What the description looks for and the log
lacks is a mismatch, never a missing figure: a record of other figures than were asked for would
be one of another run.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from agent.wire import WireError, strict_json
from host.align.printed import MismatchError, Process, processes
from host.align.requests import Event
from host.handover.pattern import compiled
from host.handover.plan import ResolvedPlan
from host.handover.runner import RATE, STAMP_NS, Figure
from host.handover.stated import convention_of
from host.handover.trace import StatedFigure, StatedRun

# A line of llama-bench is 2 kB and 20 bytes a repetition; what is longer than this is none.
MAX_LINE_CHARACTERS = 1 << 20
MAX_SAMPLES = 10_000
# Opening brackets that are tried for the beginning of a document among other lines.
MAX_TRIES = 50
NUMBER_CHARACTERS = 40
# Far beyond every rate in token/s and every time in s; their squares are doubles still.
LARGEST = 1e60
NS_PER_S = 1e9
# Longest word of what a figure says it is of.
WORD_CHARACTERS = 100
_Object = Mapping[str, Any]


class UnfitError(ValueError):
    """Why a figure cannot be read; the lines are added by whoever has them."""


def stated_runs(
    events: Sequence[Event], log: bytes, plan: ResolvedPlan, *, cut: bool = False
) -> tuple[StatedRun, ...]:
    """What each process states. cut: as in `native.native_attempt`.

    Raises MismatchError where a process does not state what its description says, ValueError
    where log and events do not fit.
    """
    settings = plan.engine_settings
    try:
        figures = msgspec.convert(settings["figures"], dict[str, Figure])
    except msgspec.ValidationError as err:
        raise ValueError(f"engine_settings.figures: {err}") from err
    reads = str(settings.get("reads", "text"))
    spare = int(settings.get("spare_tokens", 0))
    asked = {
        r.item: {"prompt_tokens": r.prompt_tokens, "output_tokens": r.output_tokens + spare}
        for r in plan.requests
    }
    found = []
    for process in processes(events, log):
        try:
            stated = tuple(figures_in(process.texts(), reads, figures, asked[process.item]))
        except UnfitError as err:
            if cut and process.status != 0:
                continue
            raise _mismatch(process, err) from err
        found.append(
            StatedRun(process.number, process.item, process.warmup, process.window, stated)
        )
    return tuple(found)


def _mismatch(process: Process, err: UnfitError) -> MismatchError:
    return MismatchError(f"{err} (run {process.number})", process.texts())


def figures_in(
    lines: Sequence[str],
    reads: str,
    figures: Mapping[str, Figure],
    asked: Mapping[str, int | None],
) -> Iterator[StatedFigure]:
    """Every figure of one process. asked: what `{prompt_tokens}` and its like stand for.

    Raises ValueError for one that is not there, or is no number above 0.
    """
    documents = [] if reads == "text" else list(_documents(lines, reads))
    for name, figure in figures.items():
        if reads == "text":
            values = [_in_unit(figure, number) for number in _hits(lines, figure)]
            about: Mapping[str, str] = {}
        else:
            objects = [o for d in documents for o in _objects(d, figure) if _is(o, figure, asked)]
            values = [value for o in objects for value in _values(o, figure)]
            about = _about(objects, figure)
        if not values:
            raise UnfitError(f"nothing fits figures.{name}")
        if len(values) > MAX_SAMPLES:
            raise UnfitError(f"figures.{name} has {len(values)} values, {MAX_SAMPLES} at most")
        yield StatedFigure(name, convention_of(figure), tuple(values), tuple(about.items()))


def _hits(lines: Sequence[str], figure: Figure) -> Iterator[float]:
    pattern = compiled(figure.pattern or "")
    for line in lines:
        match = pattern.search(line[:MAX_LINE_CHARACTERS])
        if match is not None and (text := match[1]) is not None:
            yield _number(text)


def _number(text: str) -> float:
    if not text.isascii() or len(text) > NUMBER_CHARACTERS or "_" in text:
        raise UnfitError(f"{text[:NUMBER_CHARACTERS]!r} is no number")
    try:
        return float(text)
    except ValueError as err:
        raise UnfitError(f"{text!r} is no number") from err


def _documents(lines: Sequence[str], reads: str) -> Iterator[Any]:
    """JSON among other lines: one a line, or one that begins a line and may go over many."""
    if reads == "json":
        yield from _whole(lines)
        return
    for line in lines:
        if line.lstrip().startswith("{") and len(line) <= MAX_LINE_CHARACTERS:
            try:
                yield strict_json(line.encode())
            except WireError:  # a line of another kind
                continue


def _whole(lines: Sequence[str]) -> Iterator[Any]:
    """The first document that is whole; where it ends is found by reading it."""
    text, at, tries = "\n".join(lines), 0, 0
    decoder = json.JSONDecoder()
    for line in lines:
        begin, at = at, at + len(line) + 1
        if not line.startswith(("{", "[")) or tries == MAX_TRIES:
            continue
        tries += 1
        try:
            _, end = decoder.raw_decode(text, begin)
            yield strict_json(text[begin:end].encode())
        except (ValueError, RecursionError):  # WireError is a ValueError
            continue
        return


def _objects(document: object, figure: Figure) -> Iterator[_Object]:
    try:
        found = _at(document, figure.each)
    except UnfitError:
        return
    for one in found if isinstance(found, list) else [found]:
        if isinstance(one, dict):
            yield one


def _is(one: _Object, figure: Figure, asked: Mapping[str, int | None]) -> bool:
    """Whether an object is the one that a figure is in: numbers and words alike, as text."""
    return all(_word(one.get(key)) == _wanted(value, asked) for key, value in figure.where.items())


def _wanted(value: int | str, asked: Mapping[str, int | None]) -> str:
    text = str(value)
    if text.startswith("{") and text.endswith("}"):
        return _word(asked.get(text[1:-1]))
    return text


def _word(value: object) -> str:
    """A number, a truth value or a text as one; anything else is like nothing."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)[:WORD_CHARACTERS] if isinstance(value, int | float | str) else "\0"


def _values(one: _Object, figure: Figure) -> Iterator[float]:
    found = _at(one, figure.value)
    for number in found if isinstance(found, list) else [found]:
        value = _in_unit(figure, _count(number))
        if figure.tokens:
            value = _positive(_count(_at(one, figure.tokens)) / value)
        yield value


def _at(document: object, path: Sequence[str]) -> object:
    """What stands at a path. Raises ValueError where nothing does."""
    here = document
    for word in path:
        if isinstance(here, dict) and word in here:
            here = here[word]
        elif isinstance(here, list) and word.isdecimal() and int(word) < len(here):
            here = here[int(word)]
        else:
            raise UnfitError(f"there is no {'.'.join(path)}")
    return here


def _count(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UnfitError(f"{str(value)[:NUMBER_CHARACTERS]!r} is no number")
    try:
        return float(value)
    except OverflowError as err:
        raise UnfitError("a number is beyond a double") from err


def _in_unit(figure: Figure, number: float) -> float:
    """In token/s or s; what a runner states is above 0, or it measured nothing."""
    if figure.unit == RATE:
        return _positive(number)
    return _positive(number * (STAMP_NS[figure.unit] / NS_PER_S))


def _positive(value: float) -> float:
    if not 1 / LARGEST <= value <= LARGEST:  # nor NaN
        raise UnfitError(f"{value:g} is no rate and no time")
    return value


def _about(objects: Sequence[_Object], figure: Figure) -> dict[str, str]:
    """Key -> what all objects say there, each word once; text of a device, so cleaned."""
    return {
        key: " / ".join(dict.fromkeys(_clean(_word(o.get(key))) for o in objects))
        for key in figure.about
    }


def _clean(word: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in word)
