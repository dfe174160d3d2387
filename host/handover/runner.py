"""A native runner: a program that runs a model, and how its output is read. TOML, typed here.

Files of `device_profiles/runners/`; a chip vendor adds one without a line of Python. What each
key means stands in `device_profiles/README.md`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from host.handover.divergence import Divergence
from host.handover.profile import Argv, Line, Pattern, Word
from host.handover.text import Txt

RUNNER_VERSION = 1
# The engine of a plan that a native runner runs, and the other word that a plan may have for it.
NATIVE = "native"
NATIVE_WORDS = (NATIVE, "command")
# Parts of a runner's own time, in ns.
STAMP_NS: Mapping[str, int] = {
    "h": 3_600_000_000_000,
    "min": 60_000_000_000,
    "s": 1_000_000_000,
    "ms": 1_000_000,
    "us": 1_000,
    "ns": 1,
}
RATE: Final = "{token}/s"
# A key of a JSON object, or a number that counts from 0 in a list.
Key = Annotated[str, Meta(min_length=1, max_length=100)]
Path = Annotated[tuple[Key, ...], Meta(max_length=16)]


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


class Figure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One figure that a runner states of itself, and whose convention it follows.

    unit: of what is read; times are carried to s. pattern: of `reads = "text"`, one group,
    searched in every line, each line that fits a repetition. Of JSON: each: words of the path to
    the list of objects, none where the document is one or is a list of them; where: key -> what an
    object must have there, `{prompt_tokens}` and `{output_tokens}` for what was asked; value: path
    in it to a number or a list of them, one a repetition; tokens: path to a count, which makes a
    rate of a time; about: keys that say what the figure is of.
    """

    convention: Literal["llama_bench_pp", "llama_bench_tg", "vendor"]
    unit: Literal["{token}/s", "s", "ms", "us", "ns"]
    pattern: Pattern | None = None
    each: Path = ()
    where: dict[Key, int | Key] = {}
    value: Path = ()
    tokens: Path = ()
    about: Path = ()

    @property
    def is_rate(self) -> bool:
        """In token/s; else a time."""
        return self.unit == RATE or bool(self.tokens)


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What of the output of one process is its answer: regular expressions over all of its bytes.

    begin: the answer is behind its first fit; without one it begins with the output. end: it is
    before the first fit after that, and an output without one has no answer; without an end it
    goes on to the end of the output.
    """

    begin: Pattern | None = None
    end: Pattern | None = None


class Runner(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of `device_profiles/runners/`.

    argv: with `{model}`, `{text}`, `{prompt_tokens}`, `{output_tokens}`, `{context}`, `{threads}`.
    until_length: added where the plan says that output does not end before its length. output:
    `log` where generated text and log lines come mixed, `stdout` where standard output has the
    text alone. spare_tokens: asked for beyond what is counted, where the last lines of its log may
    be lost. answer: what of the output is the answer to `{text}`; without it all of a standard
    output that has the text alone. divergence: a tool beside it that compares logits.
    reads: how figures are read from the log: line by line by patterns, a JSON document, or one a
    line. figures: name -> a figure; a pattern alone is a rate of the vendor's.
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
    answer: Answer | None = None
    divergence: Divergence | None = None
    reads: Literal["text", "json", "jsonl"] = "text"
    figures: dict[Word, Pattern | Figure] = {}

    def answers(self) -> Answer | None:
        """Where its answers are; None where nothing of its output is said to be one."""
        if not any("{text}" in word for word in self.argv):
            return None  # it makes up its prompts
        return Answer() if self.answer is None and self.output == "stdout" else self.answer

    def stated(self) -> dict[str, Figure]:
        """Its figures, all of them in full."""
        return {
            name: Figure("vendor", RATE, pattern=said) if isinstance(said, str) else said
            for name, said in self.figures.items()
        }
