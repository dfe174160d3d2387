"""Prints what streams at once do in our engine over llama-batched-bench's own, in pairs.

    python tests/bench/against_batched_bench.py PROGRAM --pairs 20

Ours is an attempt of the agent with its sampler on and one step of load for each number of
streams, read back from its streams; theirs is one call with the same numbers in `-npl`, prompt
and output lengths, threads, context, batches and flash attention. Both hold one cache for each
sequence, of the most streams of all. Pairs run ABBA. PROGRAM may be a script that starts
llama-batched-bench; Debian's is of another release and build than llama-cpp-python's library
(other version, other flags of the compiler): a ratio is of two builds as well, and the one at one
stream says how far they are apart. Name its CPU backend in the script (GGML_BACKEND_PATH): the
plain x64 one has no AVX2 and is three times slower.

2026-11, two cores that others used too, tiny Q4_0, 32 + 33 tokens, one thread, backend haswell, 20
pairs: medians of decode 1.05 [1.00, 1.22] at 1, 1.21 [1.02, 1.38] at 4, 1.16 [0.98, 1.56] at 8
streams. What Python adds to a step is that of the single loop at one stream (60 us at the least of
300 steps, on both) and 118 us at 8.

- all: sum(n) over the time from the first request's start to the last token's end, prompts in it.
  Theirs is pl * N over t_pp + t_tg with `-ntg N-1`: their first token comes with the prompt too.
- decode: pl * (n - 1) steps over the time from the last prompt computed to the last token; theirs
  is `speed_tg`. They take no token from the logits: random ones are fed. Ours holds the choice.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import Any

from host.align.attempt import attempt_of
from host.align.meters import Metered
from host.align.streams import AttemptFiles, read_attempt
from host.artefacts.datasets.shelf import load
from host.artefacts.models.store import make
from host.deploy.stage import deploy_local
from host.handover.trace import RequestTrace
from host.run.link import AgentLink
from host.transport.local import Local
from tests.bench.against_llama_bench import SILENCE_S, say
from tests.bench.llama_bench_lines import CONTEXT_STEP
from tests.bench.orders import order_of
from tests.fakes.records import sample_plan

# token/s of all streams together, by their number: with prompts, and decoding alone.
Found = dict[int, tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Asked:
    """What both run. place: of spools."""

    bench: Path
    model: Path
    threads: int
    streams: tuple[int, ...]
    prompt_tokens: int
    output_tokens: int
    place: Path

    @property
    def context(self) -> int:
        """Of all sequences together."""
        each = -(-(self.prompt_tokens + self.output_tokens) // CONTEXT_STEP) * CONTEXT_STEP
        return each * max(self.streams)


def ours(asked: Asked, link: AgentLink, number: int) -> Found:
    """One attempt: a fresh engine process, a warm-up, a step for each number of streams."""
    spool = asked.place / f"{number:05d}"
    end = link.attempt(_order(asked, number, spool), lambda _: None, silence_s=SILENCE_S)
    if end["status"] != "valid":
        raise SystemExit(f"attempt {number}: {end['reason']}")
    read = read_attempt(spool, number)
    files = AttemptFiles(number, end, read.streams, read.faults)
    scored = attempt_of(files, sample_plan(1), end["sources"], Metered()).scored()
    steps = {n: [r for r in scored if r.streams == n] for n in asked.streams}
    return {n: _rates(members) for n, members in steps.items()}


def _rates(members: Sequence[RequestTrace]) -> tuple[float, float]:
    end_ns = max(int(r.tokens.t_ns[-1]) for r in members)
    made = sum(r.tokens.made for r in members)
    start_ns = min(r.start_ns for r in members)
    decode_ns = end_ns - max(r.prefill.end_ns for r in members)
    return made * 1e9 / (end_ns - start_ns), (made - len(members)) * 1e9 / decode_ns


def _order(asked: Asked, number: int, spool: Path) -> dict[str, Any]:
    request = {
        "item": sample_plan(1).requests[0].item,
        "text": load("length-grid").items[0].text,
        "prompt_tokens": asked.prompt_tokens,
        "output_tokens": asked.output_tokens,
        "warmup": False,
    }
    steps = [
        {**request, "streams": streams, "stream": stream}
        for streams in asked.streams
        for stream in range(streams)
    ]
    threads = dict.fromkeys(("n_threads", "n_threads_batch"), asked.threads)
    context = {"n_ctx": asked.context, "n_seq_max": max(asked.streams)}
    requests = [{**request, "warmup": True}, *steps]
    return order_of(number, spool, asked.model, {**context, **threads}, requests)


def theirs(asked: Asked) -> Found:
    """One call; a line of JSON for each number of streams."""
    lengths = ("-npp", str(asked.prompt_tokens), "-ntg", str(asked.output_tokens - 1))
    numbers = ("-npl", ",".join(map(str, asked.streams)), "-c", str(asked.context))
    same = ("-t", str(asked.threads), "-tb", str(asked.threads), "-fa", "on")
    argv = [str(asked.bench), "-m", str(asked.model), *lengths, *numbers, *same]
    argv += ["--output-format", "jsonl"]
    said = subprocess.run(argv, capture_output=True, check=True, text=True)
    lines = [json.loads(line) for line in said.stdout.splitlines() if line.startswith("{")]
    found = {int(line["pl"]): line for line in lines}
    return {
        n: (
            n * asked.output_tokens / (found[n]["t_pp"] + found[n]["t_tg"]),
            float(found[n]["speed_tg"]),
        )
        for n in asked.streams
    }


def pairs(asked: Asked, count: int) -> list[tuple[Found, Found]]:
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


def main() -> None:
    """Run the pairs and print the ratios of each number of streams."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bench", type=Path, help="llama-batched-bench, or what starts it")
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--streams", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--prompt-tokens", type=int, default=64)
    parser.add_argument("--output-tokens", type=int, default=65, help="one more than steps")
    parser.add_argument("--model", default="tiny")
    given = parser.parse_args()
    lengths = (given.prompt_tokens, given.output_tokens)
    with tempfile.TemporaryDirectory() as name:
        model = make(given.model, "q4_0")
        streams = tuple(given.streams)
        asked = Asked(given.bench, model, given.threads, streams, *lengths, Path(name))
        found = pairs(asked, given.pairs)
    for streams_at_once in streams:
        of = [(a[streams_at_once], b[streams_at_once]) for a, b in found]
        for place, what in enumerate(("all", "decode")):
            logs = [log(a[place] / b[place]) for a, b in of]
            say(f"{streams_at_once} streams, {what}", logs, "llama-batched-bench")


if __name__ == "__main__":
    main()
