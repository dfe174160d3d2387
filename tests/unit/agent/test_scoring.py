"""Scoring with the real engines and an agent's real process: one contract for both."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agent.engines.base import EngineError, Scoring
from agent.engines.replay import open_engine as open_replay
from agent.engines.table import maker
from agent.order import OrderError
from agent.scoring import parse_score, scored
from collectors.clocks import device_clock
from tests.fakes.replays import write_recording

TEXT = "打开空调，把温度调到二十二度。 Turn on the air conditioner and set the temperature. " * 3
SETTINGS: dict[str, dict[str, Any]] = {
    "llama_cpp": {"n_ctx": 64, "n_threads": 1},
    "onnx_genai": {"n_ctx": 64, "intra_op_num_threads": 1, "allow_spinning": False},
}
FIRST, LENGTH = 8, 24


def message(kind: str, model: Path, directory: Path, **over: Any) -> dict[str, Any]:  # noqa: ANN401
    said = {
        "type": "score",
        "engine": {"kind": kind, "settings": SETTINGS.get(kind, {})},
        "model": str(model),
        "directory": str(directory),
        "windows": [],
        "first": FIRST,
        "watchdog_s": 60.0,
        "requests": [],
    }
    return {**said, **over}


class Talk:
    """An agent's session as a child process."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "agent"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def say(self, said: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(said).encode() + b"\n")
        self.process.stdin.flush()

    def hear(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        found: dict[str, Any] = json.loads(self.process.stdout.readline())
        return found

    def ask(self, said: dict[str, Any]) -> list[dict[str, Any]]:
        """What is answered, up to the first message that is no progress."""
        self.say(said)
        heard: list[dict[str, Any]] = []
        while not heard or heard[-1]["type"] == "progress":
            heard.append(self.hear())
        return heard


@pytest.fixture(scope="module")
def talk() -> Iterator[Talk]:
    made = Talk()
    yield made
    made.process.communicate(timeout=60)


@pytest.fixture(params=sorted(SETTINGS))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def model(kind: str, tiny_gguf: Path, tiny_genai: Path) -> Path:
    return tiny_gguf if kind == "llama_cpp" else tiny_genai


def test_a_session_scores_windows_and_answers_prompts(
    kind: str, model: Path, talk: Talk, tmp_path: Path
) -> None:
    engine = {"kind": kind, "settings": SETTINGS[kind]}
    asked = {"type": "tokenize", "engine": engine, "model": str(model), "texts": [TEXT]}
    tokens = talk.ask({**asked, "ids": True})[-1]
    ids = tokens["ids"][0]
    assert (tokens["front"], tokens["counts"]) == ([], [len(ids)])
    assert "ids" not in talk.ask(asked)[-1]
    request = {"item": "a", "text": TEXT, "prompt_tokens": 8, "output_tokens": 3, "warmup": False}
    windows = [ids[:LENGTH], ids[1 : LENGTH + 1]]
    said = message(kind, model, tmp_path / "scores", windows=windows, requests=[request])
    *progress, end = talk.ask(said)
    assert [p["request"] for p in progress] == [0, 1, 2, 2]
    assert end["type"] == "scored"
    rows = LENGTH - 1 - FIRST
    for file in end["files"]:
        raw = (tmp_path / "scores" / file["file"]).read_bytes()
        assert len(raw) == file["size_bytes"] == rows * file["n_vocab"] * 4
        assert hashlib.sha256(raw).hexdigest() == file["sha256"]
        assert file["rows"] == rows
    assert (len(end["outputs"][0]["tokens"]), end["outputs"][0]["item"]) == (3, "a")


def test_a_row_is_what_the_engine_itself_would_choose_from(kind: str, model: Path) -> None:
    engine = maker(kind)(model, SETTINGS[kind], device_clock())
    assert isinstance(engine, Scoring)
    engine.load()
    ids = engine.tokenize(TEXT)[:LENGTH]
    rows = [np.frombuffer(row, "<f4") for row in engine.score(ids, 0)]
    assert len(rows) == LENGTH - 1
    chosen: list[int] = []
    engine.generate(
        ids[:-1],
        1,
        stop_at_end=True,
        on_token=lambda _ready, _chosen, token: chosen.append(token),
        mark=lambda _: 0,
    )
    assert chosen == [int(rows[-1].argmax())]
    engine.close()


def test_the_same_integers_give_the_same_logits_within_the_engines_arithmetic(
    tiny_gguf: Path, tiny_genai: Path
) -> None:
    found = []
    for kind, model in (("llama_cpp", tiny_gguf), ("onnx_genai", tiny_genai)):
        engine = maker(kind)(model, SETTINGS[kind], device_clock())
        assert isinstance(engine, Scoring)
        engine.load()
        raw = b"".join(engine.score(engine.tokenize(TEXT)[:LENGTH], FIRST))
        found.append(np.frombuffer(raw, "<f4"))
        engine.close()
    assert np.corrcoef(np.stack(found))[0, 1] > 0.999


def test_a_prompt_in_batches_gives_the_rows_of_one_in_one_piece(tiny_gguf: Path) -> None:
    found = []
    for n_batch in (64, 10):
        settings = {**SETTINGS["llama_cpp"], "n_batch": n_batch, "n_ubatch": n_batch}
        engine = maker("llama_cpp")(tiny_gguf, settings, device_clock())
        assert isinstance(engine, Scoring)
        engine.load()
        rows = list(engine.score(engine.tokenize(TEXT)[:LENGTH], FIRST))
        assert len(rows) == LENGTH - 1 - FIRST
        found.append(np.frombuffer(b"".join(rows), "<f4"))
        engine.close()
    assert np.corrcoef(np.stack(found))[0, 1] > 0.9999


def test_what_cannot_be_scored_is_an_answer_and_the_session_goes_on(
    talk: Talk, tiny_gguf: Path, tmp_path: Path
) -> None:
    window = list(range(10, 10 + LENGTH))
    for over, code in (
        ({"windows": [[1]]}, "bad-order"),
        ({"windows": [[1, -2]]}, "bad-order"),
        ({"windows": [window], "first": LENGTH - 1}, "bad-order"),
        ({"windows": [window], "directory": str(tmp_path)}, "spool-unwritable"),
        ({"windows": [window], "model": str(tmp_path / "none.gguf")}, "bad-model"),
        ({"windows": [window * 4]}, "context-full"),
    ):
        said = {**message("llama_cpp", tiny_gguf, tmp_path / code), **over}
        end = talk.ask(said)[-1]
        assert (end["type"], end["code"]) == ("error", code)
    assert talk.ask({"type": "ping", "id": 1, "t1_ns": 0})[-1]["type"] == "pong"


def test_an_engine_without_logits_refuses_windows(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "r.json")
    order = parse_score(message("replay", path, tmp_path / "scores", windows=[[1] * LENGTH]))
    with pytest.raises(EngineError, match="no-logits"):
        scored(order, open_replay(path, {}, device_clock()), lambda _done, _all: None)


class Wide:
    """An engine of a vocabulary so large that no disk takes its rows."""

    def load(self) -> None: ...

    def score(self, ids: list[int], first: int) -> Iterator[bytes]:
        yield bytes(16 << 20)


def test_a_disk_without_room_is_said_before_it_is_filled(tmp_path: Path) -> None:
    (tmp_path / "scores").mkdir()
    windows = [[1] * LENGTH] * 4096
    order = parse_score(message("wide", tmp_path, tmp_path / "scores", windows=windows))
    with pytest.raises(EngineError, match="disk-full: the scores take"):
        scored(order, Wide(), lambda _done, _all: None)  # type: ignore[arg-type]


@pytest.mark.parametrize("bad", [{"windows": None}, {"watchdog_s": 0}, {"directory": "here"}])
def test_an_order_to_score_is_read_strictly(bad: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(OrderError):
        parse_score({**message("llama_cpp", tmp_path, tmp_path), **bad})


@pytest.mark.parametrize("before", [False, True])
def test_a_stop_ends_a_scoring_at_once_and_the_session_goes_on(
    *, before: bool, talk: Talk, tmp_path: Path
) -> None:
    path = write_recording(tmp_path / "r.json", faults=[{"request": 0, "token": 0, "do": "hang"}])
    request = {"item": "a", "text": TEXT, "prompt_tokens": 8, "output_tokens": 3, "warmup": False}
    said = message("replay", path, tmp_path / "scores", requests=[request])
    talk.say(said)
    if not before:  # else both are heard before either is served
        assert talk.hear()["type"] == "progress"
    talk.say({"type": "stop"})
    while (end := talk.hear())["type"] == "progress":
        pass
    assert (end["type"], end["code"]) == ("error", "stopped")
    assert talk.ask({"type": "ping", "id": 2, "t1_ns": 0})[-1]["id"] == 2
    # What is asked next is not ended by a stop that has been heeded.
    good = message("replay", write_recording(path), tmp_path / "again", requests=[request])
    assert talk.ask(good)[-1]["type"] == "scored"
