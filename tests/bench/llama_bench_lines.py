"""What is compared with llama-bench: its words, our requests, and how our rates are made like its.

Conversion, stated and done:

- prefill: both are m tokens over the time to their last logits, `-p M`. Ours is asked for one
  token, so that neither computes anything else in between, and both use their graph again.
- decode: theirs is `-n N-1 -d D`, steps after a depth that it restores from memory. Ours follow a
  prompt of D tokens; our first step builds a graph anew, theirs does not, and is left out: n - 2
  steps, from position D + 1. Theirs has no sampler: of ours the time from logits to chosen token
  is taken off (`converted`) or left in (`measured`).
- request: `-pg M,N-1`, prompt and steps in one, so that the graph is built anew on both sides; of
  ours from the prompt to the last logits, without the sampler.

What Python does between two steps stays in: its own time, and what it leaves of the caches.
That matters where steps are short (`tiny`); with `--model 1b --layers 4` they are long beside it.
Decode differs by more, both ways (0.963 for tiny, 1.050 for four layers): why is not known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from host.handover.trace import RequestTrace
from host.reduce.throughput import prefill_rate

CONTEXT_STEP = 256  # llama.cpp rounds a context up to it, so that llama-bench's is the same

Rate = Callable[[RequestTrace], float]


@dataclass(frozen=True, slots=True)
class Line:
    """One comparison: what llama-bench is asked, what we are, and our rates by name."""

    name: str
    words: tuple[str, ...]
    prompt_tokens: int
    output_tokens: int
    rates: dict[str, Rate]

    @property
    def context(self) -> int:
        """n_ctx."""
        return -(-(self.prompt_tokens + self.output_tokens) // CONTEXT_STEP) * CONTEXT_STEP


def lines_of(prompt: int, output: int, depth: int, only: str) -> tuple[Line, ...]:
    """The three comparisons, or those whose names begin so."""
    steps = str(output - 1)
    decode = ("-p", "0", "-n", steps, "-d", str(depth))
    request = ("-p", "0", "-n", "0", "-pg", f"{prompt},{steps}")
    both: dict[str, Rate] = {", measured": _decode, ", converted": _without_sampler}
    lines = (
        Line(f"prefill {prompt}", ("-p", str(prompt), "-n", "0"), prompt, 1, {"": _prefill}),
        Line(f"decode {steps} at {depth}", decode, depth, output, both),
        Line(f"request {prompt},{steps}", request, prompt, output, {", converted": _request}),
    )
    return tuple(line for line in lines if line.name.startswith(only))


def _prefill(request: RequestTrace) -> float:
    return prefill_rate([request]).value


def _decode(request: RequestTrace) -> float:
    """Steps over the time from a token chosen to the next one chosen, the first step left out."""
    chosen = request.tokens.t_ns[1:]
    return (len(chosen) - 1) * 1e9 / float(chosen[-1] - chosen[0])


def _without_sampler(request: RequestTrace) -> float:
    """Steps over the time from a token chosen to the next one's logits, the first left out."""
    steps_ns = request.tokens.ready_ns[2:] - request.tokens.t_ns[1:-1]
    return len(steps_ns) * 1e9 / float(steps_ns.sum())


def _request(request: RequestTrace) -> float:
    """Tokens of prompt and steps over the time of both, without the sampler."""
    ready, chosen = request.tokens.ready_ns, request.tokens.t_ns
    prefill_s = request.prompt_tokens / _prefill(request)
    steps_s = float((ready[1:] - chosen[:-1]).sum()) / 1e9
    return (request.prompt_tokens + len(ready) - 1) / (prefill_s + steps_s)
