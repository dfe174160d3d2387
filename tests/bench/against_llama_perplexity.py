"""Prints our KL divergence and perplexities beside those of llama.cpp's own `llama-perplexity`.

    python tests/bench/against_llama_perplexity.py

Base: the tiny reference model in F16; tested: its Q4_0. Both cut the same tokens into the same
windows of 256 and score the second half of each. What is left to differ: llama-perplexity is
another build of llama.cpp (Debian's), keeps its base log-probabilities in 16 bits, and takes
positions as independent in its "+/-", where ours has the window as its unit. Both see the same
data, so that a difference which is small against either uncertainty is arithmetic, not chance.

The text is what the base model itself answers greedily. The reference models have drawn weights,
so that a text of people is as unlikely to them as any other: -ln p is about 16 there, and that is
where the 16-bit base ends: it takes no logit as lower than the largest one minus 16, and the
perplexity of the base came out as 3.1e6 where its own first pass had printed 9.8e6. Some positions
of the greedy text are as unlikely, where it does not tokenize back into what was made. So there is
a column of ours with the base cut in the same place; it is that one which must be theirs.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from math import hypot
from pathlib import Path

import numpy as np

from agent.engines.base import Engine, Scoring
from agent.engines.table import maker
from collectors.clocks import device_clock
from host.artefacts.fidelity.texts import load_texts
from host.artefacts.models.store import make
from host.fidelity.divergence import Logits, WindowScore, score
from host.fidelity.figures import Figure, figures_of
from host.fidelity.windows import cut, first_of
from host.handover import fidelity as names
from tests.fakes.native import called

N_CTX, WINDOWS, TRIES = 256, 6, 20
# How far below the largest logit the base of llama-perplexity ends (perplexity.cpp, log_softmax).
CUT = 16.0
# Lines of llama-perplexity's statistics -> our figure, and the factor to its unit.
THEIRS = {
    names.PERPLEXITY: (r"Mean PPL\(Q\)\s*:\s*(\S+) ±\s+(\S+)", 1.0),
    names.REFERENCE_PERPLEXITY: (r"Mean PPL\(base\)\s*:\s*(\S+) ±\s+(\S+)", 1.0),
    names.RATIO: (r"Mean PPL\(Q\)/PPL\(base\)\s*:\s*(\S+) ±\s+(\S+)", 1.0),
    names.KL_MEAN: (r"Mean\s+KLD:\s*(\S+) ±\s+(\S+)", 1.0),
    names.KL_P99: (r"99\.0%\s+KLD:\s*(\S+)()", 1.0),
    names.TOP1: (r"Same top p:\s*(\S+) ±\s+(\S+)", 0.01),
}


def opened(path: Path) -> Engine:
    """The model, loaded; its context has room for an answer of one window."""
    engine = maker("llama_cpp")(path, {"n_ctx": 2 * N_CTX, "n_threads": 1}, device_clock())
    engine.load()
    return engine


def answered(engine: Engine, prompt: list[int]) -> list[int]:
    """The prompt and the N_CTX tokens that the model goes on with."""
    tokens: list[int] = []

    def take(_ready_ns: int, _t_ns: int, token: int) -> None:
        tokens.append(token)

    engine.generate(prompt, N_CTX, stop_at_end=False, on_token=take, mark=lambda _: 0)
    return [*prompt, *tokens]


def likely_text(engine: Engine) -> str:
    """What the model answers to the beginnings of the shipped passages."""
    parts = []
    for passage in load_texts().texts["en"].split("\n\n")[: WINDOWS + 2]:
        tokens = answered(engine, engine.tokenize(passage)[:16])
        parts.append(b"".join(engine.piece(t) for t in tokens).decode(errors="ignore"))
    return "".join(parts)


def ours(engines: tuple[Engine, Engine], text: str) -> tuple[dict[str, Figure], ...]:
    """Our figures by measurand: as they are, and with the base cut 16 below its largest logit."""
    windows = cut("en", engines[0].tokenize(text), engines[0].tokenize(""), N_CTX, WINDOWS)
    scored: tuple[list[WindowScore], list[WindowScore]] = ([], [])
    for window in windows:
        base, tested = (rows_of(engine, window.ids) for engine in engines)
        floored = np.maximum(base, base.max(axis=1, keepdims=True) - CUT)
        following = window.ids[first_of(N_CTX) + 1 :]
        for into, rows in zip(scored, (base, floored), strict=True):
            into.append(score("en", rows, tested, following))
    return tuple({f.measurand: f for f in figures_of(each)} for each in scored)


def rows_of(engine: Engine, ids: Sequence[int]) -> Logits:
    """The logits that count, float32 [rows, n_vocab]."""
    assert isinstance(engine, Scoring)
    raw = b"".join(engine.score(ids, first_of(N_CTX)))
    return np.frombuffer(raw, dtype="<f4").reshape(N_CTX - 1 - first_of(N_CTX), -1)


def theirs(base: Path, tested: Path, text: Path, folder: Path) -> str:
    """What llama-perplexity prints for the tested model.

    It ends without waiting for its own log, so that the last lines are lost now and then: the
    second pass is run again until they are there.
    """
    common = ["-f", str(text), "-c", str(N_CTX), "-b", str(N_CTX), "-t", "1"]
    common += ["--chunks", str(WINDOWS), "--kl-divergence-base", str(folder / "base.dat")]
    program = called("llama-perplexity")
    run([*program, "-m", str(base), *common])
    said = ""
    for _ in range(TRIES):
        said = run([*program, "-m", str(tested), *common, "--kl-divergence"])
        if "Same top p:" in said:
            return said
    sys.exit(f"llama-perplexity lost its last lines {TRIES} times:\n{said[-3000:]}")


def run(argv: list[str]) -> str:
    """All that a program says; its failure ends this one."""
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit((done.stdout + done.stderr)[-3000:])
    return done.stdout


def main() -> None:
    """Print one line a figure."""
    base, tested = make("tiny", "f16"), make("tiny", "q4_0")
    engines = opened(base), opened(tested)
    text = likely_text(engines[0])
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        file = folder / "text.txt"
        file.write_text(text, encoding="utf-8")
        said = theirs(base, tested, file, folder)
    found, floored = ours(engines, text)
    titles = ("ours", "u", "ours, base cut", "theirs", "+/-", "difference / joint u")
    sys.stdout.write(f"{'figure':26}{''.join(f'{title:>20}' for title in titles)}\n")
    for name, (pattern, factor) in THEIRS.items():
        line = re.search(pattern, said)
        if line is None:
            sys.exit(f"llama-perplexity says nothing of {name}:\n{said[-3000:]}")
        value = float(line[1].rstrip("%")) * factor
        spread = float(line[2]) * factor if line[2] else 0.0
        u = found[name].u or 0.0
        share = abs(floored[name].value - value) / hypot(u, spread)
        numbers = (found[name].value, u, floored[name].value, value, spread, share)
        sys.stdout.write(f"{name:26}{''.join(f'{number:20.6g}' for number in numbers)}\n")


if __name__ == "__main__":
    main()
