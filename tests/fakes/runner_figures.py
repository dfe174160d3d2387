"""What native runners say of their own times, read from their output. Pure.

The runner's figures are its own: taken inside it, on a clock that it does not name, and rounded
by it. They stand beside the agent's stamps of the same lines and are never mixed with them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from agent.wire import WireError, strict_json

# A line of results is some 2 kB; what is longer is none.
MAX_LINE_BYTES = 1 << 16
NS_PER_MS = 1_000_000
# `%.2f ms` (llama.cpp, common_perf_print): steps of 10 us.
PERF_STEP_NS = 10_000
_PERF = re.compile(
    rb"(?:common_perf_print|llama_perf_context_print): *(prompt eval|eval) time = *"
    rb"([0-9]{1,12})\.([0-9]{2}) ms / *([0-9]{1,9}) (?:tokens|runs)"
)


@dataclass(frozen=True, slots=True)
class BenchTest:
    """One test of llama-bench: the same work several times.

    samples_ns: how long each repetition took (`samples_ns` of its JSON). stated_rate: its own mean
    in token/s (`avg_ts`), to be compared with; None where it is not there.
    """

    prompt_tokens: int
    output_tokens: int
    depth: int
    samples_ns: tuple[int, ...]
    stated_rate: float | None
    build: str

    @property
    def rates(self) -> tuple[float, ...]:
        """token/s of each repetition: all tokens of the test over its time."""
        tokens = self.prompt_tokens + self.output_tokens
        return tuple(tokens * 1e9 / ns for ns in self.samples_ns)


@dataclass(frozen=True, slots=True)
class PerfTimes:
    """Times that llama.cpp's programs print at their end, in steps of PERF_STEP_NS.

    decode_runs: evaluations of one token each. The first output token comes out of the prompt's
    evaluation, so there is one run fewer than output tokens. A prompt of one token is counted as a
    run by llama.cpp, its prompt_ns is 0 then: give it longer ones.
    """

    prompt_tokens: int
    prompt_ns: int
    decode_runs: int
    decode_ns: int


def bench_tests(log: bytes) -> tuple[BenchTest, ...]:
    """The tests in the output of `llama-bench -o jsonl`; lines that are none are passed over."""
    return tuple(test for raw in _lines(log) if (test := _bench_test(raw)) is not None)


def perf_times(log: bytes) -> PerfTimes | None:
    """The last times that are told in a log; None where prompt or decode is not told."""
    found: dict[bytes, tuple[int, int]] = {}
    for raw in _lines(log):
        match = _PERF.search(raw)
        if match:
            ns = int(match[2]) * NS_PER_MS + int(match[3]) * PERF_STEP_NS
            found[match[1]] = (int(match[4]), ns)
    if found.keys() != {b"prompt eval", b"eval"}:
        return None
    return PerfTimes(*found[b"prompt eval"], *found[b"eval"])


def _lines(log: bytes) -> Iterator[bytes]:
    return (raw for raw in log.split(b"\n") if len(raw) <= MAX_LINE_BYTES)


def _bench_test(raw: bytes) -> BenchTest | None:
    if not raw.startswith(b"{"):
        return None
    try:
        found = strict_json(raw)
        return _test_of(found)
    except (WireError, KeyError, TypeError, ValueError):
        return None  # a line of another kind


def _test_of(found: Mapping[str, Any]) -> BenchTest:
    samples = tuple(_count(ns) for ns in found["samples_ns"])
    prompt, output = _count(found["n_prompt"]), _count(found["n_gen"])
    if not samples or 0 in samples or prompt + output == 0:
        raise ValueError("a test without tokens or time")
    rate = found.get("avg_ts")
    return BenchTest(
        prompt_tokens=prompt,
        output_tokens=output,
        depth=_count(found.get("n_depth", 0)),
        samples_ns=samples,
        stated_rate=float(rate) if isinstance(rate, int | float) else None,
        build=f"{found.get('build_commit', '')} {found.get('build_number', '')}".strip()[:100],
    )


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{value!r} is no count")
    return value
