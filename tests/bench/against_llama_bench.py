"""Prints our decode and prefill rate over llama-bench's own, in pairs of fresh processes.

    python tests/bench/against_llama_bench.py /tmp/llama-bench --pairs 100

Ours is an attempt of the agent with its sampler on, as `measure` runs it, read back from its
streams; theirs is llama-bench with as many repetitions as an attempt has requests. Same file,
threads, batches, flash attention and build: the program must be linked to the libraries of
llama-cpp-python (README.md says how it is made), and is refused where it is not. Pairs run ABBA,
so that a drift in a line cancels.

Conversion, stated and done:

- decode: ours is (n - 1) / (tn - t1) after a prompt of m tokens, so steps at positions m to
  m + n - 2; theirs is `-n N-1 -d M`, n - 1 steps at the same positions. Theirs has no sampler: of
  ours the time from logits to chosen token is taken off (`converted`) or left in (`measured`).
- prefill: both are m tokens over the time to their last logits, `-p M`; nothing to convert.

Not converted, and so to be kept small: our first step after a prompt builds a graph anew, theirs
none where it restores the depth (from its second repetition on). That is 0.35 ms for the tiny
model, 0.4 % of 64 steps; its later steps took 1.23 ms on both sides (2026-11, one thread, 2 %
quantiles of 250 on a busy machine), so what Python adds to a step is not seen.

Prints for each the median of the ratios with its distribution-free interval, the geometric mean
with Student's t over log ratios (95 %), and the ratio of quick requests: the 90 % quantile of all
rates of ours over that of theirs, with the interval of a bootstrap that draws whole pairs (Efron
and Tibshirani 1993, 13.3). Neighbours on a machine only slow a request, so quick ones tell most
where others use it; many short requests (`--requests 12`) make it narrow. Bar: 1 ± 0.01.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from math import exp, log
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from host.align.attempt import attempt_of
from host.align.meters import Metered
from host.align.streams import AttemptFiles, read_attempt
from host.artefacts.datasets.shelf import load
from host.artefacts.models.store import make
from host.deploy.stage import deploy_local
from host.evaluate.quantile import order_interval, quantile
from host.evaluate.student import student_t
from host.handover.trace import RequestTrace
from host.reduce.throughput import decode_rate, prefill_rate
from host.run.link import AgentLink
from host.transport.local import Local
from tests.fakes.records import sample_plan

# llama.cpp rounds a context up to this, so that llama-bench's smaller one is the same.
CONTEXT_STEP = 256
SILENCE_S = 120.0
# A request this quick met few neighbours; of some hundred enough are left beyond it.
QUICK = 0.9
DRAWS = 2000
DRAW_SEED = 20261128

Sides = tuple[tuple[float, ...], tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class Asked:
    """What both run. requests: of a process of ours, repetitions of theirs. place: of spools."""

    bench: Path
    model: Path
    threads: int
    requests: int
    prompt_tokens: int
    output_tokens: int
    place: Path

    @property
    def context(self) -> int:
        return -(-(self.prompt_tokens + self.output_tokens) // CONTEXT_STEP) * CONTEXT_STEP


@dataclass(frozen=True, slots=True)
class Rates:
    """token/s of each request of a process. converted: of decode, by llama-bench's definition."""

    prefill: tuple[float, ...]
    decode: tuple[float, ...]
    converted: tuple[float, ...]


def ours(asked: Asked, link: AgentLink, number: int) -> Rates:
    """One attempt: a fresh engine process, a warm-up, the requests, the sampler at 10 Hz."""
    spool = asked.place / f"{number:05d}"
    end = link.attempt(_order(asked, number, spool), lambda _: None, silence_s=SILENCE_S)
    if end["status"] != "valid":
        raise SystemExit(f"attempt {number}: {end['reason']}")
    read = read_attempt(spool, number)
    files = AttemptFiles(number, end, read.streams, read.faults)
    found = attempt_of(files, sample_plan(1), end["sources"], Metered())
    scored = found.scored()
    if len(scored) != asked.requests:
        raise SystemExit(f"attempt {number}: {found.status} {found.reason}")
    return Rates(
        tuple(prefill_rate([r]).value for r in scored),
        tuple(decode_rate([r]).value for r in scored),
        tuple(map(_without_sampler, scored)),
    )


def _without_sampler(request: RequestTrace) -> float:
    """Steps over the time from a token chosen to the next one's logits."""
    steps_ns = request.tokens.ready_ns[1:] - request.tokens.t_ns[:-1]
    return len(steps_ns) * 1e9 / float(steps_ns.sum())


def _order(asked: Asked, number: int, spool: Path) -> dict[str, Any]:
    request = {
        "item": sample_plan(1).requests[0].item,
        "text": load("length-grid").items[0].text,
        "prompt_tokens": asked.prompt_tokens,
        "output_tokens": asked.output_tokens,
    }
    threads = dict.fromkeys(("n_threads", "n_threads_batch"), asked.threads)
    return {
        "number": number,
        "directory": str(spool),
        "engine": {"kind": "llama_cpp", "settings": {"n_ctx": asked.context, **threads}},
        "model": str(asked.model),
        "requests": [{**request, "warmup": n == 0} for n in range(1 + asked.requests)],
        "stop": "length",
        "idle_before_s": 0.0,
        "idle_after_s": 0.0,
        "watchdog_s": 60.0,
        "sampling": {
            "enabled": True, "rate_hz": 10.0, "kinds": None, "seed": number, "jitter_ratio": 0.2,
        },
    }  # fmt: skip


def theirs(asked: Asked) -> Rates:
    """Two calls of llama-bench: the prompt at depth 0, the steps at the depth of our prompt."""
    prefill = _bench(asked, "-p", str(asked.prompt_tokens), "-n", "0")
    steps = ("-p", "0", "-n", str(asked.output_tokens - 1), "-d", str(asked.prompt_tokens))
    decode = _bench(asked, *steps)
    return Rates(prefill, decode, decode)


def _bench(asked: Asked, *words: str) -> tuple[float, ...]:
    """token/s of its repetitions, from `samples_ns`."""
    repeats = ("-r", str(asked.requests))
    same = ("-t", str(asked.threads), *repeats, "-fa", "on", "-o", "jsonl")
    argv = [str(asked.bench), "-m", str(asked.model), *same, *words]
    said = subprocess.run(argv, capture_output=True, check=True, text=True)
    (test,) = [json.loads(line) for line in said.stdout.splitlines() if line.startswith("{")]
    tokens = test["n_prompt"] + test["n_gen"]
    return tuple(tokens * 1e9 / ns for ns in test["samples_ns"])


def check_build(bench: Path) -> None:
    """The same library file on both sides, or there is nothing to compare."""
    argv = [shutil.which("ldd") or "/usr/bin/ldd", str(bench)]
    linked = subprocess.run(argv, capture_output=True, check=True, text=True)
    used = [line.split()[2] for line in linked.stdout.splitlines() if "libllama." in line]
    package = find_spec("llama_cpp")
    if package is None or package.origin is None:
        raise SystemExit("llama-cpp-python is not installed here (extra `llama`)")
    folder = Path(package.origin).parent / "lib"
    if not used or Path(used[0]).resolve().parent != folder.resolve():
        raise SystemExit(f"{bench} uses {used or 'no libllama'}, the engine that of {folder}")


def say(what: str, rates: Sequence[Sides], than: str = "llama-bench") -> None:
    """One line: median with interval, geometric mean with its interval, quick requests.

    The ratio of a pair is that of the medians of its two processes.
    """
    ratios = [median(our) / median(their) for our, their in rates]
    ordered, logs = sorted(ratios), [log(r) for r in ratios]
    interval, spread = order_interval(ordered, 0.5), student_t(logs)
    middle, wide = sum(logs) / len(logs), spread.U or 0.0
    quick, low, high = quick_ratio(rates)
    sys.stdout.write(
        f"{what}: ours / {than} median {quantile(ordered, 0.5):.4f}"
        f" [{_side(interval.low)}, {_side(interval.high)}], geometric mean {exp(middle):.4f}"
        f" [{exp(middle - wide):.4f}, {exp(middle + wide):.4f}] (95 %), quick requests"
        f" {quick:.4f} [{low:.4f}, {high:.4f}] (95 %), n = {len(ratios)}\n"
    )


def quick_ratio(rates: Sequence[Sides]) -> tuple[float, float, float]:
    """Of the quick requests' rates: ratio, and 2.5 and 97.5 % of DRAWS bootstraps over pairs."""

    def ratio(pairs: Sequence[Sides]) -> float:
        our, their = (np.concatenate([np.array(p[side]) for p in pairs]) for side in (0, 1))
        return float(np.quantile(our, QUICK) / np.quantile(their, QUICK))

    rng = np.random.default_rng(DRAW_SEED)
    chosen = rng.integers(len(rates), size=(DRAWS, len(rates)))
    drawn = [ratio([rates[i] for i in row]) for row in chosen]
    low, high = np.quantile(drawn, (0.025, 0.975))
    return ratio(rates), float(low), float(high)


def _side(value: float | None) -> str:
    """A side of an interval; few pairs bound none."""
    return "…" if value is None else f"{value:.4f}"


def main() -> None:
    """Run the pairs and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bench", type=Path, help="llama-bench, linked to llama-cpp-python's own")
    parser.add_argument("--pairs", type=int, default=100)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--requests", type=int, default=1, help="in each process")
    parser.add_argument("--prompt-tokens", type=int, default=128)
    parser.add_argument("--output-tokens", type=int, default=65, help="one more than steps")
    parser.add_argument("--model", default="tiny")
    given = parser.parse_args()
    check_build(given.bench)
    lengths = (given.prompt_tokens, given.output_tokens)
    with tempfile.TemporaryDirectory() as name:
        model = make(given.model, "q4_0")
        asked = Asked(given.bench, model, given.threads, given.requests, *lengths, Path(name))
        found = pairs(asked, given.pairs)
    threads = f"{given.threads} of {len(os.sched_getaffinity(0))} CPUs"
    say(f"prefill {lengths[0]}, {threads}", [(a.prefill, b.prefill) for a, b in found])
    steps = f"decode {lengths[1] - 1} at {lengths[0]}, {threads}"
    say(f"{steps}, measured", [(a.decode, b.decode) for a, b in found])
    say(f"{steps}, converted", [(a.converted, b.converted) for a, b in found])


def pairs(asked: Asked, count: int) -> list[tuple[Rates, Rates]]:
    """(ours, theirs), after one pair that warms up files and caches."""
    here, found = Local(), []
    with AgentLink.start(here, deploy_local(here, asked.place / "store")) as link:
        for number in range(1, count + 2):
            if number % 2:
                a = ours(asked, link, number)
                b = theirs(asked)
            else:
                b = theirs(asked)
                a = ours(asked, link, number)
            found.append((a, b))
    return found[1:]


if __name__ == "__main__":
    main()
