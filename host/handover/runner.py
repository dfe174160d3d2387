"""A native runner: a program that runs a model, and how its output is read. TOML, typed here.

Files of `device_profiles/runners/`; a chip vendor adds one without a line of Python. What each
key means stands in `device_profiles/README.md`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from host.handover.profile import Argv, Line, Pattern, Word
from host.handover.text import Txt

RUNNER_VERSION = 1
# The engine of a plan that a native runner runs.
NATIVE = "native"
# Parts of a runner's own time, in ns.
STAMP_NS: Mapping[str, int] = {
    "h": 3_600_000_000_000,
    "min": 60_000_000_000,
    "s": 1_000_000_000,
    "ms": 1_000_000,
    "us": 1_000,
    "ns": 1,
}


class Lines(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Regular expressions, each searched in every line of a run's log, the first that fits.

    start: the request begins. prefill_start: its prompt is tokenized and computed from here on.
    ready: logits are there. token: one was chosen. end: the call returned, where it is told.
    load_end: the model is loaded. One of `start`, `prefill_start` and `end` has a group
    `prompt_tokens`; `end` may have `steps`, the decode steps that the runner counted.
    stamp: the runner's own time of a line, groups of `h`, `min`, `s`, `ms`, `us` and `ns`.
    """

    start: Pattern
    prefill_start: Pattern
    ready: Pattern
    token: Pattern
    load_end: Pattern | None = None
    end: Pattern | None = None
    stamp: Pattern | None = None


class Runner(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of `device_profiles/runners/`.

    argv: with `{model}`, `{text}`, `{prompt_tokens}`, `{output_tokens}`, `{context}`, `{threads}`.
    until_length: added where the plan says that output does not end before its length. output:
    `log` where generated text and log lines come mixed, `stdout` where standard output has the
    text alone. spare_tokens: asked for beyond what is counted, where the last lines of its log may
    be lost. figures: name of a rate that the runner states -> an expression with one group.
    """

    runner: int
    name: Word
    description: Txt
    format: Annotated[str, Meta(pattern=r"^[a-z0-9_-]{1,32}\Z")]
    argv: Argv
    document: Line
    tried: Line
    until_length: tuple[str, ...] = ()
    output: Literal["log", "stdout"] = "log"
    spare_tokens: Annotated[int, Meta(ge=0, le=100)] = 0
    version: tuple[str, ...] = ()
    version_pattern: Pattern | None = None
    lines: Lines | None = None
    figures: dict[str, Pattern] = {}
