"""Prints our decode and prefill rate over llama-bench's own, in requests that take turns.

    python tests/bench/against_llama_bench.py /tmp/llama-bench --launches 20 --cpu 1

Ours is an attempt of the agent with its sampler on, as `measure` runs it, read back from its
streams; theirs is llama-bench with as many repetitions as an attempt has requests. Same file,
threads, batches, flash attention and build: the program must be linked to the libraries of
llama-cpp-python (README.md says how it is made), and is refused where it is not. Both processes
are there at once, and each waits for its turn before a request (turns.c), outside of what either
times. So drift meets both alike, and our sampler too: what it costs is told by overhead.py.

Conversion, stated and done:

- prefill: both are m tokens over the time to their last logits, `-p M`. Ours is asked for one
  token, so that neither computes anything else in between, and both use their graph again.
- decode: theirs is `-n N-1 -d D`, steps after a depth that it restores from memory. Ours follow a
  prompt of D tokens; our first step builds a graph anew, theirs does not, and is left out: n - 2
  steps, from position D + 1. Theirs has no sampler: of ours the time from logits to chosen token
  is taken off (`converted`) or left in (`measured`).
- request: `-pg M,N-1`, prompt and steps in one, so that the graph is built anew on both sides; of
  ours from the prompt to the last logits, without the sampler.

A request is held against the geometric mean of the other side's two around it; ours and theirs are
outside by turns. The median of these ratios is a launch's value. Where the machine's speed changes
within a tenth of a second, many requests of 20 to 50 ms say most. Prints the geometric mean of the
launches with Student's t over their logarithms (95 %), and their median. Bar: 1 ± 0.01.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import count
from math import exp, log
from pathlib import Path
from statistics import median
from typing import Any

from host.align.attempt import attempt_of
from host.align.meters import Metered
from host.align.streams import AttemptFiles, read_attempt
from host.artefacts.datasets.shelf import load
from host.artefacts.models.store import make
from host.deploy.stage import deploy_local
from host.evaluate.quantile import order_interval, quantile
from host.evaluate.student import student_t
from host.handover.trace import RequestTrace
from host.reduce.throughput import prefill_rate
from host.run.link import AgentLink
from host.transport.local import Local
from tests.bench.orders import order_of
from tests.fakes.records import sample_plan

CONTEXT_STEP = 256  # llama.cpp rounds a context up to it, so that llama-bench's is the same
SILENCE_S = 120.0
# Of turns.c: whose turn, who begins, what each side does.
TABLE = struct.Struct("=4i")
OURS, THEIRS = 0, 1

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


@dataclass(frozen=True, slots=True)
class Asked:
    """What both run. requests: of a process of theirs; ours runs one more. place: of spools."""

    bench: Path
    model: Path
    threads: int
    requests: int
    place: Path

    @property
    def table(self) -> Path:
        """The file that says whose turn it is."""
        return self.place / "turns"

    @property
    def turns(self) -> Path:
        """The library that makes both take turns."""
        return Path(f"{self.bench}.turns") / "libllama.so"


def ours(asked: Asked, link: AgentLink, number: int, line: Line) -> tuple[RequestTrace, ...]:
    """One attempt: a fresh engine process, a warm-up, the requests, the sampler at 10 Hz."""
    spool = asked.place / f"{number:05d}"
    end = link.attempt(_order(asked, number, spool, line), lambda _: None, silence_s=SILENCE_S)
    if end["status"] != "valid":
        raise SystemExit(f"attempt {number}: {end['reason']}")
    read = read_attempt(spool, number)
    files = AttemptFiles(number, end, read.streams, read.faults)
    found = attempt_of(files, sample_plan(1), end["sources"], Metered())
    scored = tuple(found.scored())
    if len(scored) != asked.requests + 1:
        raise SystemExit(f"attempt {number}: {found.status} {found.reason}")
    return scored


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


def _order(asked: Asked, number: int, spool: Path, line: Line) -> dict[str, Any]:
    request = {
        "item": sample_plan(1).requests[0].item,
        "text": load("length-grid").items[0].text,
        "prompt_tokens": line.prompt_tokens,
        "output_tokens": line.output_tokens,
    }
    threads = dict.fromkeys(("n_threads", "n_threads_batch"), asked.threads)
    requests = [{**request, "warmup": n == 0} for n in range(2 + asked.requests)]
    return order_of(number, spool, asked.model, {"n_ctx": line.context, **threads}, requests)


def theirs(asked: Asked, words: Sequence[str]) -> subprocess.Popen[str]:
    """llama-bench, which waits for its turns."""
    repeats = ("-r", str(asked.requests))
    same = ("-t", str(asked.threads), *repeats, "-fa", "on", "-o", "jsonl")
    argv = [str(asked.bench), "-m", str(asked.model), *same, *words]
    env = {**os.environ, "LD_PRELOAD": str(asked.turns), "TURNS_SIDE": str(THEIRS)}
    pipe = subprocess.PIPE
    return subprocess.Popen(argv, env=env, stdout=pipe, stderr=pipe, text=True)


def said(process: subprocess.Popen[str]) -> tuple[float, ...]:
    """token/s of its repetitions, from `samples_ns`."""
    out, err = process.communicate(timeout=SILENCE_S)
    if process.returncode:
        raise SystemExit(f"llama-bench ended with {process.returncode}: {err[-500:]}")
    (test,) = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    tokens = test["n_prompt"] + test["n_gen"]
    return tuple(tokens * 1e9 / ns for ns in test["samples_ns"])


def launch(asked: Asked, link: AgentLink, number: int, line: Line) -> list[float]:
    """One process of each: for each of our rates, the median of log(ours / theirs).

    With an odd number ours begins, with an even one theirs.
    """
    first = OURS if number % 2 else THEIRS
    asked.table.write_bytes(TABLE.pack(0, first, 0, 0))
    program = theirs(asked, line.words)
    try:
        requests = ours(asked, link, number, line)
        their = said(program)
    finally:
        program.kill()
        program.wait()
    return [
        _median([rate(r) for r in requests], their, ours_first=first == OURS)
        for rate in line.rates.values()
    ]


def _median(our: Sequence[float], their: Sequence[float], *, ours_first: bool) -> float:
    """Each request between two of the other side, against their geometric mean."""
    outer, inner = (our, their) if ours_first else (their, our)
    sign = 1 if ours_first else -1
    around = zip(outer, outer[1:], inner, strict=False)
    return median(sign * ((log(a) + log(b)) / 2 - log(c)) for a, b, c in around)


def check_build(asked: Asked) -> None:
    """The same library file on both sides, or there is nothing to compare."""
    package = find_spec("llama_cpp")
    if package is None or package.origin is None:
        raise SystemExit("llama-cpp-python is not installed here (extra `llama`)")
    folder = Path(package.origin).parent / "lib"
    for file in (asked.bench, asked.turns):
        argv = [shutil.which("ldd") or "/usr/bin/ldd", str(file)]
        linked = subprocess.run(argv, capture_output=True, check=True, text=True)
        used = [line.split()[2] for line in linked.stdout.splitlines() if "libllama." in line]
        if not used or Path(used[0]).resolve().parent != folder.resolve():
            raise SystemExit(f"{file} uses {used or 'no libllama'}, the engine that of {folder}")


def say(what: str, logs: Sequence[float], than: str = "llama-bench") -> None:
    """One line: geometric mean of exp(logs) and their median, each with its interval."""
    ratios = sorted(map(exp, logs))
    interval, spread = order_interval(ratios, 0.5), student_t(logs)
    middle, wide = sum(logs) / len(logs), spread.U or 0.0
    sys.stdout.write(
        f"{what}: ours / {than} {exp(middle):.4f} [{exp(middle - wide):.4f},"
        f" {exp(middle + wide):.4f}] (95 %), median {quantile(ratios, 0.5):.4f}"
        f" [{_side(interval.low)}, {_side(interval.high)}], n = {len(ratios)}\n"
    )
    sys.stdout.flush()


def _side(value: float | None) -> str:
    """A side of an interval; few launches bound none."""
    return "…" if value is None else f"{value:.4f}"


def main() -> None:
    """Run the launches and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bench", type=Path, help="llama-bench, linked to llama-cpp-python's own")
    parser.add_argument("--launches", type=int, default=20)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--requests", type=int, default=100, help="in each process")
    parser.add_argument("--prompt-tokens", type=int, default=64)
    parser.add_argument("--output-tokens", type=int, default=33, help="one more than steps")
    parser.add_argument("--depth", type=int, default=32, help="prompt of the decode line")
    parser.add_argument("--cpu", type=int, help="both compute on this one; for one thread")
    parser.add_argument("--model", default="tiny")
    parser.add_argument("--only", default="", help="lines that begin so: prefill, decode, request")
    given = parser.parse_args()
    if given.cpu is not None:
        os.environ["TURNS_CPU"] = str(given.cpu)
    lines = lines_of(given.prompt_tokens, given.output_tokens, given.depth, given.only)
    with tempfile.TemporaryDirectory() as name:
        model = make(given.model, "q4_0")
        asked = Asked(given.bench.resolve(), model, given.threads, given.requests, Path(name))
        check_build(asked)
        compare(asked, lines, given.launches)


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


def compare(asked: Asked, lines: Sequence[Line], launches: int) -> None:
    """Launches of each line by turns, after one launch of each that warms up caches."""
    library = str(asked.turns.parent)
    os.environ.update(TURNS=str(asked.table), TURNS_SIDE=str(OURS), LLAMA_CPP_LIB_PATH=library)
    here, number = Local(), count(1)
    found: dict[str, list[list[float]]] = {line.name: [] for line in lines}
    with AgentLink.start(here, deploy_local(here, asked.place / "store")) as link:
        for done in range(1 + launches):
            for line in lines:
                ratios = launch(asked, link, next(number), line)
                if done:
                    found[line.name].append(ratios)
            sys.stderr.write(f"launch {done} of {launches}\n")
    for line in lines:
        for name, logs in zip(line.rates, zip(*found[line.name], strict=True), strict=True):
            say(f"{line.name}{name}, {asked.threads} threads", logs)


if __name__ == "__main__":
    main()
