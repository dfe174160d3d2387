"""Native runners: shipped ones and those of the user's own, read and checked."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path

import msgspec

from host.errors import PlanError, ProfileError
from host.handover.divergence import Divergence
from host.handover.pattern import Pattern, compiled
from host.handover.runner import RATE, RUNNER_VERSION, STAMP_NS, Figure, Lines, Runner
from host.plan.typed import convert, read

FOLDER = files("device_profiles") / "runners"
# What an argument list may hold in braces.
WORDS = ("context", "model", "output_tokens", "prompt_tokens", "text", "threads")
# What that of a tool for fidelity may hold.
TOOL_WORDS = ("base", "context", "model", "threads")
# What a figure may be found by, in braces: what was asked of the runner.
ASKED = ("output_tokens", "prompt_tokens")
JSON = ("json", "jsonl")
BRACED = re.compile(r"\{([^{}]*)\}")
_GROUPS = {
    "start": {"prompt_tokens"},
    "prefill_start": {"prompt_tokens"},
    "end": {"prompt_tokens", "steps"},
    "stamp": set(STAMP_NS),
}


def runner_names() -> list[str]:
    """Names of the shipped runners."""
    return sorted(
        e.name.removesuffix(".toml") for e in FOLDER.iterdir() if e.name.endswith(".toml")
    )


def runner(reference: str) -> Runner:
    """A shipped runner by its name, or one in a file of the user's own.

    Raises PlanError for an unknown name, ProfileError for a file that cannot be used.
    """
    if reference.endswith(".toml"):
        return parse_runner(read(Path(reference).expanduser(), ProfileError), reference)
    known = runner_names()
    if reference not in known:
        near = difflib.get_close_matches(reference, known) or known
        raise PlanError(
            "engine.settings.runner",
            f"{reference} is no runner and no .toml file; known are {', '.join(near)}",
        )
    return parse_runner((FOLDER / f"{reference}.toml").read_bytes(), reference)


def parse_runner(data: bytes, name: str) -> Runner:
    """A runner from the bytes of its file. Raises ProfileError with all that is wrong."""
    found = convert(data, name, Runner, ProfileError)
    problems = [*_faults(found)]
    if problems:
        raise ProfileError(name, "; ".join(problems))
    return found


def _faults(found: Runner) -> Iterator[str]:
    if found.runner != RUNNER_VERSION:
        yield f"runner = {found.runner}, this version reads runner = {RUNNER_VERSION}"
    yield from _argv_faults(found.argv)
    if found.lines is None and not found.figures:
        yield "lines or figures: one of them says how the output is read"
    if found.version_pattern is not None and (why := _group_fault(found.version_pattern)):
        yield f"version_pattern: {why}"
    yield from _answer_faults(found)
    for name, figure in found.stated().items():
        yield from (f"figures.{name}: {why}" for why in _figure_faults(figure, found.reads))
    if found.lines is not None:
        yield from _line_faults(found.lines)
    if found.divergence is not None:
        yield from _divergence_faults(found.divergence)


def _answer_faults(found: Runner) -> Iterator[str]:
    if found.answer is None:
        return
    if found.answers() is None:
        yield "answer: of a runner that takes no {text} there is none to compare"
    if found.answer.begin is None and found.output == "log":
        yield 'answer.begin: tells text from log lines; with output = "stdout" it may be left out'
    for name, pattern in msgspec.to_builtins(found.answer).items():
        if pattern is not None and isinstance(made := _compiled(pattern), ValueError):
            yield f"answer.{name}: is no regular expression ({made})"


def _argv_faults(argv: Sequence[str]) -> Iterator[str]:
    words = {word for argument in argv for word in BRACED.findall(argument)}
    if "model" not in words:
        yield "argv: put {model} where the model's path goes"
    for word in sorted(words - set(WORDS)):
        yield f"argv: {{{word}}} is unknown; known are {', '.join(WORDS)}"
    if {"text", "prompt_tokens"} <= words:
        yield "argv: a runner takes either {text} or {prompt_tokens}"


def _line_faults(lines: Lines) -> Iterator[str]:
    counted = 0
    for name, pattern in msgspec.to_builtins(lines).items():
        if pattern is None:
            continue
        made = _compiled(pattern)
        if isinstance(made, ValueError):
            yield f"lines.{name}: is no regular expression ({made})"
            continue
        groups = set(made.groupindex)
        counted += "prompt_tokens" in groups
        if odd := groups - _GROUPS.get(name, set()):
            yield f"lines.{name}: has the unknown group {', '.join(sorted(odd))}"
        if name == "stamp" and not groups:
            yield f"lines.stamp: needs groups of {', '.join(STAMP_NS)}"
    if counted != 1:
        yield "lines: one of start, prefill_start and end has the group (?P<prompt_tokens>...)"


def _divergence_faults(tool: Divergence) -> Iterator[str]:
    words = {word for argument in tool.argv for word in BRACED.findall(argument)}
    for word in sorted({"model", "base"} - words):
        yield f"divergence.argv: put {{{word}}} where its path goes"
    for word in sorted(words - set(TOOL_WORDS)):
        yield f"divergence.argv: {{{word}}} is unknown; known are {', '.join(TOOL_WORDS)}"
    for name, figure in tool.figures.items():
        made = _compiled(figure.pattern)
        if isinstance(made, ValueError):
            yield f"divergence.figures.{name}: is no regular expression ({made})"
        elif "value" not in made.groupindex or set(made.groupindex) - {"value", "error"}:
            yield f"divergence.figures.{name}: needs a group value, and may have error"


def _figure_faults(figure: Figure, reads: str) -> Iterator[str]:
    yield from _reading_faults(figure, reads)
    if figure.tokens and figure.unit == RATE:
        yield "tokens: makes a rate of a time, and the unit is a rate already"
    if figure.convention != "vendor" and not figure.is_rate:
        yield f"convention = {figure.convention} is a rate: unit {RATE}, or a time with `tokens`"
    for word in figure.where.values():
        if isinstance(word, str) and BRACED.fullmatch(word) and word[1:-1] not in ASKED:
            yield f"where: {word} is unknown; known are {', '.join(ASKED)}"


def _reading_faults(figure: Figure, reads: str) -> Iterator[str]:
    paths = (*figure.each, *figure.where, *figure.value, *figure.tokens, *figure.about)
    if reads == "text":
        if figure.pattern is None:
            yield "reads = text needs `pattern`, a regular expression with one group"
        elif why := _group_fault(figure.pattern):
            yield why
        if paths:
            yield f"paths are for reads = {' or '.join(JSON)}, not for text"
    elif figure.pattern is not None or not figure.value:
        yield f"reads = {reads} needs `value`, the path to its number, and no pattern"


def _group_fault(pattern: str) -> str:
    """Why the pattern is none that finds one thing, "" where it is."""
    made = _compiled(pattern)
    if isinstance(made, ValueError):
        return f"is no regular expression ({made})"
    return "" if made.groups == 1 else f"needs one group in brackets, has {made.groups}"


def _compiled(pattern: str) -> Pattern | ValueError:
    try:
        return compiled(pattern)
    except ValueError as err:
        return err
