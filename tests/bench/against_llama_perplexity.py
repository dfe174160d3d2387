"""Prints our KL divergence and perplexities beside those of llama.cpp's own `llama-perplexity`.

    python tests/bench/against_llama_perplexity.py

Base: the tiny reference model in F16; tested: its Q4_0. Both cut the same tokens into the same
windows of 256 and score the second half of each. What is left to differ: llama-perplexity is
another build of llama.cpp (Debian's), keeps its base log-probabilities in 16 bits, and takes
positions as independent in its "+/-", where ours has the window as its unit. Both see the same
data, so that a difference which is small against either uncertainty is arithmetic, not chance.

The text is what the base model itself answers greedily. The reference models have drawn weights,
so that a text of people is as unlikely to them as any other: -ln p is about 16 there, and that is
where the 16-bit base ends. It takes no logit as lower than the largest one minus 16, and the
perplexity of the base came out as 3.1e6 where its own first pass had printed 9.8e6.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from math import hypot
from pathlib import Path

import numpy as np

from agent.engines.base import Engine, Scoring
from agent.engines.table import maker
from collectors.clocks import device_clock
from host.artefacts.fidelity.texts import load_texts
from host.artefacts.models.store import make
from host.fidelity.divergence import score
from host.fidelity.figures import Figure, figures_of
from host.fidelity.windows import cut, first_of
from host.handover import fidelity as names
from tests.fakes.native import called

N_CTX, WINDOWS, TRIES = 256, 6, 20
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


def ours(engines: tuple[Engine, Engine], text: str) -> dict[str, Figure]:
    """Our figures, by measurand."""
    windows = cut("en", engines[0].tokenize(text), engines[0].tokenize(""), N_CTX, WINDOWS)
    scored = []
    for window in windows:
        rows = []
        for engine in engines:
            assert isinstance(engine, Scoring)
            raw = b"".join(engine.score(window.ids, first_of(N_CTX)))
            rows.append(np.frombuffer(raw, dtype="<f4").reshape(N_CTX - 1 - first_of(N_CTX), -1))
        scored.append(score("en", rows[0], rows[1], window.ids[first_of(N_CTX) + 1 :]))
    return {figure.measurand: figure for figure in figures_of(scored)}


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
    found = ours(engines, text)
    titles = ("ours", "u", "theirs", "+/-", "difference / joint u")
    sys.stdout.write(f"{'figure':26}{''.join(f'{title:>22}' for title in titles)}\n")
    for name, (pattern, factor) in THEIRS.items():
        line = re.search(pattern, said)
        if line is None:
            sys.exit(f"llama-perplexity says nothing of {name}:\n{said[-3000:]}")
        value = float(line[1].rstrip("%")) * factor
        spread = float(line[2]) * factor if line[2] else 0.0
        figure = found[name]
        joint = hypot(figure.u or 0.0, spread)
        share = f"{abs(figure.value - value) / joint:.4f}" if joint else "-"
        numbers = (figure.value, figure.u or 0.0, value, spread)
        cells = "".join(f"{number:22.6g}" for number in numbers)
        sys.stdout.write(f"{name:26}{cells}{share:>22}\n")


if __name__ == "__main__":
    main()
