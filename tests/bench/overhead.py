"""Prints decode and prefill rate with full sampling over those of a bare loop, in pairs.

    python tests/bench/overhead.py llama_cpp --pairs 600

One process, one loaded model. A pair is one request by the agent's engine with its token log,
its marks and the sampler reading all default sources at 10 Hz, and one by the bare loop with
the sampler stopped; which comes first is drawn. Prints the median of the ratios with its
distribution-free 95 % interval, and the mean with Student's t. Budget: >= 0.99.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.children import Child
from agent.engines.table import maker
from agent.order import parse_order
from agent.pipes import Sender
from agent.prompts import prompt_of
from agent.token_log import TokenLog, Voice
from collectors.clocks import device_clock
from host.artefacts.datasets.shelf import load
from host.artefacts.models.inspection import inspect
from host.artefacts.models.store import make
from host.evaluate.quantile import order_interval, quantile
from host.evaluate.student import student_t
from tests.bench import bare

PROMPT_TOKENS, OUTPUT_TOKENS, CONTEXT, RATE_HZ = 512, 128, 1024, 10.0
LISTENER = "import sys\nfor line in sys.stdin: pass"


def order(engine: str, settings: dict[str, Any], model: Path, place: Path) -> dict[str, Any]:
    """An order as the host would send it."""
    request = {
        "item": "bench",
        "text": load("length-grid").items[0].text,
        "prompt_tokens": PROMPT_TOKENS,
        "output_tokens": OUTPUT_TOKENS,
        "warmup": False,
    }
    return {
        "number": 1,
        "directory": str(place),
        "engine": {"kind": engine, "settings": settings},
        "model": str(model),
        "requests": [request],
        "stop": "length",
        "idle_before_s": 0.0,
        "idle_after_s": 0.0,
        "watchdog_s": 60.0,
        "sampling": {
            "enabled": True, "rate_hz": RATE_HZ, "kinds": None, "seed": 1, "jitter_ratio": 0.2,
        },
    }  # fmt: skip


@dataclass(slots=True)
class Full:
    """The agent's way: engine, token log, voice, and a sampler that can be stopped."""

    engine: Any
    log: TokenLog
    sampler: Child
    prompt: list[int]
    number: int = 0

    def __call__(self) -> tuple[int, int]:
        stamps: dict[str, int] = {}
        seen: list[int] = []
        self.number += 1

        def mark(name: str) -> int:
            stamps[name] = self.engine.clock.now_ns()
            return stamps[name]

        def take(ready_ns: int, t_ns: int, token: int) -> None:
            self.log.take(ready_ns, t_ns, token)
            seen.append(t_ns)

        self.log.begin(self.number, "decode", self.engine.clock.now_ns())
        self.engine.generate(
            self.prompt, OUTPUT_TOKENS, stop_at_end=False, on_token=take, mark=mark
        )
        self.log.end()
        return stamps["prefill_end"] - stamps["prefill_start"], seen[-1] - seen[0]


def pairs(full: Full, plain: bare.Bare, count: int) -> tuple[list[float], list[float]]:
    """Ratios of prefill and of decode rate, full over bare."""
    draw = random.Random(1)  # noqa: S311 - an order, no secret
    prefill, decode = [], []

    def ours() -> tuple[int, int]:
        os.kill(full.sampler.pid, signal.SIGCONT)
        return full()

    def theirs() -> tuple[int, int]:
        os.kill(full.sampler.pid, signal.SIGSTOP)
        return plain(full.prompt, OUTPUT_TOKENS)

    for number in range(count + 1):
        order_of: list[Callable[[], tuple[int, int]]] = [ours, theirs]
        if draw.random() < 0.5:
            order_of.reverse()
        found = {run: run() for run in order_of}
        if number:  # the first pair is the warm-up
            prefill.append(found[theirs][0] / found[ours][0])
            decode.append(found[theirs][1] / found[ours][1])
    return prefill, decode


def say(what: str, ratios: list[float]) -> None:
    """One line: median with interval, mean with U."""
    ordered = sorted(ratios)
    interval, spread = order_interval(ordered, 0.5), student_t(ratios)
    sys.stdout.write(
        f"{what}: full / bare median {quantile(ordered, 0.5):.4f}"
        f" [{interval.low or 0:.4f}, {interval.high or 0:.4f}] (95 %), mean"
        f" {sum(ratios) / len(ratios):.4f} ± {spread.U or 0:.4f} (95 %), n = {len(ratios)}\n"
    )


def started(engine: Any, model: Path, kind: str, settings: dict[str, Any], place: Path) -> Full:  # noqa: ANN401
    """Everything that runs beside an engine in an attempt."""
    asked = order(kind, settings, model, place)
    parsed = parse_order(asked)
    listener = subprocess.Popen([sys.executable, "-c", LISTENER], stdin=subprocess.PIPE)
    assert listener.stdin is not None
    ready = threading.Event()
    sampler = Child("sampler", place / "sampler.log", lambda *_: ready.set())
    sampling = {k: v for k, v in asked["sampling"].items() if k != "enabled"}
    sampler.sender.send("sample", {**sampling, "directory": str(place), "pid": os.getpid()})
    ready.wait()
    voice = Voice(Sender(os.dup(listener.stdin.fileno())), parsed)
    return Full(
        engine=engine,
        log=TokenLog(parsed, engine, voice, threading.Event()),
        sampler=sampler,
        prompt=prompt_of(engine.tokenize, parsed.requests[0].text, PROMPT_TOKENS),
    )


def main() -> None:
    """Run the pairs and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("engine", choices=["llama_cpp", "onnx_genai"])
    parser.add_argument("--pairs", type=int, default=600)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    asked = parser.parse_args()
    llama = asked.engine == "llama_cpp"
    model = make("tiny", "q4_0" if llama else "int4")
    names = ("n_threads", "n_threads_batch") if llama else ("intra_op_num_threads",)
    settings = {"n_ctx": CONTEXT, **dict.fromkeys(names, asked.threads)}
    engine: Any = maker(asked.engine)(model, settings, device_clock())
    engine.load()
    vocabulary = inspect(model).vocabulary or 0
    plain = bare.llama(engine, vocabulary) if llama else bare.genai(engine, CONTEXT)
    with tempfile.TemporaryDirectory() as name:
        full = started(engine, model, asked.engine, settings, Path(name))
        gc.collect()
        gc.freeze()
        gc.disable()  # as the agent does
        prefill, decode = pairs(full, plain, asked.pairs)
        full.sampler.kill()
    say(f"{asked.engine} prefill, {asked.threads} threads", prefill)
    say(f"{asked.engine} decode, {asked.threads} threads", decode)


if __name__ == "__main__":
    main()
