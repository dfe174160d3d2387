"""Prints decode and prefill rate with full sampling over those of a bare loop, in pairs.

    python tests/bench/overhead.py llama_cpp --pairs 20

Both run in fresh processes on the same file with the same token ids, settings and threads, one
after the other, the order within a pair drawn. The figure is the mean of the ratios with its
95 % interval (Student's t over pairs). Budget: >= 0.99.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from host.evaluate.student import student_t
from tests.fakes.command import Command, small_plan

ITEMS = ["prompt-512-output-128-en", "prompt-128-output-128-zh"]
REPEATS = 8
OUTPUT_TOKENS = 128
CONTEXT = 1024
BARE = Path(__file__).with_name("bare.py")


def dataset(folder: Path) -> Path:
    """Some prompts of the shipped grid, each a few times under ids of their own."""
    from host.artefacts.datasets.shelf import load

    shipped = load("length-grid")
    items = [
        {
            "id": f"{i.id}-{n}",
            "scenario": i.scenario,
            "language": i.language,
            "text": i.text,
            "prompt_tokens": i.prompt_tokens,
            "output_tokens": OUTPUT_TOKENS,
        }
        for n in range(REPEATS)
        for i in shipped.items
        if i.id in ITEMS
    ]
    path = folder / "bench.json"
    path.write_text(
        json.dumps(
            {
                "id": "bench",
                "version": "1",
                "licence": shipped.licence,
                "title": {"zh": "基准", "en": "bench"},
                "items": items,
            }
        ),
        encoding="utf-8",
    )
    return path


def job(engine: str, model: Path, items: Path, threads: int) -> dict[str, Any]:
    """The same work for the bare loop: the first prompt once more in front, as the warm-up."""
    from tokenizers import Tokenizer

    from agent.prompts import prompt_of
    from host.artefacts.models.store import make

    tokenizer = Tokenizer.from_file(str(make("tiny", "int4") / "tokenizer.json"))
    entries = json.loads(items.read_text(encoding="utf-8"))["items"]

    def tokenize(text: str) -> list[int]:
        return list(tokenizer.encode(text, add_special_tokens=False).ids)

    prompts = [prompt_of(tokenize, e["text"], e["prompt_tokens"]) for e in entries]
    return {
        "engine": engine,
        "model": str(model),
        "prompts": [prompts[0], *prompts],
        "output_tokens": OUTPUT_TOKENS,
        "context": CONTEXT,
        "threads": threads,
    }


def bare(work: dict[str, Any]) -> dict[str, float]:
    """Rates of the bare loop."""
    done = subprocess.run(
        [sys.executable, str(BARE)],
        input=json.dumps(work),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def full(command: Command, plan: Path, runs: Path) -> dict[str, float]:
    """Rates of the command with all sources sampled."""
    done = command("measure", "--plan", plan, "--runs", runs, "--json")
    results = json.loads(done.stdout)["results"]
    return {
        name: float(
            next(
                r["value"]
                for r in results
                if r["measurand_id"].startswith(f"{name}@") and r["scope"] in ("", name[:-5])
            )
        )
        for name in ("prefill_rate", "decode_rate")
    }


def main() -> None:
    """Run the pairs and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("engine", choices=["llama_cpp", "onnx_genai"])
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    asked = parser.parse_args()
    from host.artefacts.models.store import make

    model = make("tiny", "q4_0" if asked.engine == "llama_cpp" else "int4")
    settings = {"n_ctx": CONTEXT}
    names = ("n_threads", "n_threads_batch")
    for name in names if asked.engine == "llama_cpp" else ("intra_op_num_threads",):
        settings[name] = asked.threads
    draw = random.Random(1)  # noqa: S311 - an order, no secret
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        items = dataset(folder)
        plan = small_plan(
            folder / "plan.toml", engine=asked.engine, attempts=1, order="listed",
            dataset=items, settings=settings, model=model,
        )  # fmt: skip
        work = job(asked.engine, model, items, asked.threads)
        command = Command(dict(os.environ))
        ratios: dict[str, list[float]] = {"prefill_rate": [], "decode_rate": []}
        for number in range(asked.pairs):
            first_full = draw.random() < 0.5
            one = full(command, plan, folder / "runs") if first_full else bare(work)
            other = bare(work) if first_full else full(command, plan, folder / "runs")
            ours, theirs = (one, other) if first_full else (other, one)
            for name, found in ratios.items():
                found.append(ours[name] / theirs[name])
            last = ", ".join(f"{name} {found[-1]:.4f}" for name, found in ratios.items())
            print(f"pair {number + 1}/{asked.pairs}: {last}", file=sys.stderr, flush=True)  # noqa: T201
    for name, found in ratios.items():
        spread = student_t(found)
        mean = sum(found) / len(found)
        middle = sorted(found)[len(found) // 2]
        print(  # noqa: T201
            f"{asked.engine} {name}: full / bare = {mean:.4f} ± {spread.U or 0:.4f} "
            f"(95 %, n = {spread.n}), median {middle:.4f}, "
            f"range {min(found):.4f} to {max(found):.4f}"
        )


if __name__ == "__main__":
    main()
