"""Prints our decode and prefill rate over llama-bench's own, in requests that take turns.

    python tests/bench/against_llama_bench.py /tmp/llama-bench --launches 20 --cpu 1

Ours is an attempt of the agent with its sampler on, as `measure` runs it, read back from its
streams; theirs is llama-bench with as many repetitions as an attempt has requests. Same file,
threads, batches, flash attention and build: the program must be linked to the libraries of
llama-cpp-python (README.md says how it is made), and is refused where it is not. Both processes
are there at once, and each waits for its turn before a request (turns.c), outside of what either
times. So drift meets both alike, and our sampler too: what it costs is told by overhead.py.

What is compared, and by which conversion, stands in `llama_bench_lines.py`.

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
from collections.abc import Sequence
from dataclasses import dataclass, replace
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
from host.artefacts.models.gguf_file import write_gguf
from host.artefacts.models.inspection import quiet
from host.artefacts.models.shape import SHAPES
from host.artefacts.models.store import make
from host.deploy.stage import deploy_local
from host.evaluate.quantile import order_interval, quantile
from host.evaluate.student import student_t
from host.handover.trace import RequestTrace
from host.run.link import AgentLink
from host.transport.local import Local
from tests.bench.llama_bench_lines import Line, lines_of
from tests.bench.orders import order_of
from tests.fakes.records import sample_plan

SILENCE_S = 120.0
# Of turns.c: whose turn, who begins, what each side does.
TABLE = struct.Struct("=4i")
OURS, THEIRS = 0, 1


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
    parser.add_argument("--layers", type=int, help="so many of the model's, in a file of its own")
    parser.add_argument("--only", default="", help="lines that begin so: prefill, decode, request")
    given = parser.parse_args()
    if given.cpu is not None:
        os.environ["TURNS_CPU"] = str(given.cpu)
    lines = lines_of(given.prompt_tokens, given.output_tokens, given.depth, given.only)
    with tempfile.TemporaryDirectory() as name:
        model = model_of(given.model, given.layers, Path(name))
        asked = Asked(given.bench.resolve(), model, given.threads, given.requests, Path(name))
        check_build(asked)
        compare(asked, lines, given.launches)


def model_of(size: str, layers: int | None, place: Path) -> Path:
    """A reference model in Q4_0, or one of its shape with fewer layers."""
    if layers is None:
        return make(size, "q4_0")
    path = place / f"{size}-{layers}.gguf"
    write_gguf(path, replace(SHAPES[size], layers=layers), 1, "q4_0", quiet)
    return path


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
