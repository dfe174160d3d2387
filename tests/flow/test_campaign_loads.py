"""A whole campaign over shapes of load, by a library, the real llama-server, and a cheat."""

from __future__ import annotations

import shutil
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from tests.fakes.audited_runner import runner
from tests.fakes.command import Command, small_plan
from tests.fakes.native import program
from tests.flow.test_audit import runner_plan
from tests.flow.test_campaign import ITEM, outcome

STEPS = (1, 2)
LOADS: dict[str, dict[str, Any]] = {
    "single": {},
    "streams": {"load": {"shape": "streams", "steps": list(STEPS), "requests_per_stream": 1}},
    "chat": {"load": {"shape": "chat", "turns": 2, "prefix_cache": True}},
    "cold": {"load": {"shape": "cold"}},
    "sustained": {"load": {"shape": "sustained", "duration_s": 1.0}},
}
MADE = {"library": tuple(LOADS), "server": ("single", "streams"), "cheat": ("single",)}


def campaign(folder: Path, model: Path) -> Path:
    """Five loads of one model in a library, two through a server, one with audit; one block."""
    small_plan(
        folder / "plan.toml",
        engine="llama_cpp",
        settings={"n_threads": 1},
        model=model,
        items=[ITEM],
        warmups=0,
        output_tokens=8,
        order="listed",
        idle_before_s=0,
        idle_after_s=0,
        sampling={"enabled": False},
    )
    words = ["-m", "{model}", "--host", "{host}", "--port", "{port}", "-t", "1", "-c", "1024"]
    server = {"program": str(program(folder, "llama-server", {})), "args": [*words, "-np", "2"]}
    engines = {
        "library": {},
        "server": {"engine": {"kind": "openai_http", "settings": {**server, "api": "llama"}}},
        "cheat": cheat(folder),
    }
    whole = {
        "campaign": 1,
        "title": "loads",
        "design": "randomised",
        "seed": 5,
        "plan": "plan.toml",
        "measurands": ["decode_rate", "system_rate"],
        "axes": {"load": LOADS, "engine": engines},
        "exclude": [
            {"load": load, "engine": engine}
            for engine, made in MADE.items()
            for load in LOADS
            if load not in made
        ],
        "visit": {"attempts": 1},
        "stop": {
            "measurand": "decode_rate",
            "of": "mean",
            "relative_u": 0.01,
            "min": 1,
            "max": 1,
        },
    }
    path = folder / "campaign.toml"
    path.write_text(tomli_w.dumps(whole), encoding="utf-8")
    return path


def cheat(folder: Path) -> dict[str, Any]:
    """A native runner that keeps its answers, and the probes that catch it."""
    path = runner_plan(folder / "cheat.toml", runner(folder, "keeps"))
    plan = tomllib.loads(path.read_text("utf-8"))
    return {"engine": plan["engine"], "audit": {**plan["audit"], "probes": ["repeat"]}}


@pytest.fixture
def on_storage(tiny_gguf: Path) -> Iterator[Path]:
    """The model on storage, as it would not leave memory where all of a disk lies in it."""
    with tempfile.TemporaryDirectory(dir=Path("/var") / "tmp") as folder:
        yield Path(shutil.copy(tiny_gguf, folder))


@pytest.mark.timeout(300)
def test_loads_are_cells_of_one_campaign_with_results_of_each_step(
    command: Command, tmp_path: Path, on_storage: Path
) -> None:
    folder = tmp_path / "out"
    code, said = outcome(command, "run", campaign(tmp_path, on_storage), "--runs", folder)
    assert (code, said["ended"]) == (1, "cap"), said
    ends = [
        (cell["name"], v["status"], v["reason"]) for cell in said["cells"] for v in cell["ends"]
    ]
    assert len(ends) == sum(map(len, MADE.values()))
    assert [name for name, status, _ in ends if status != "valid"] == ["single-cheat"], ends
    code, found = outcome(command, "report", folder)
    assert code == 0
    cells = {cell["name"]: cell for cell in found["cells"]}
    (why,) = cells.pop("single-cheat")["why_unranked"]
    assert "there is a cache that nobody declared (audit-repeat" in why["en"]
    figures = {name: cell["figures"] for name, cell in cells.items()}
    for name, own in figures.items():
        there = {key for key, figure in own.items() if figure["value"] is not None}
        rates = {key for key in there if key.startswith("decode_rate@1/mean")}
        steps = {f"decode_rate@1/mean/streams={n}" for n in STEPS}
        if name.startswith("streams"):
            assert rates == steps
            assert {f"system_rate@1/mean/streams={n}" for n in STEPS} <= there
        else:
            assert "decode_rate@1/mean" in rates
            assert not rates & steps
    assert figures["cold-library"]["cold_first_token@1/mean"]["value"]
    # Of another load there is no ratio, and no figure: it says why.
    lacking = figures["single-library"]["decode_rate@1/mean/streams=2"]
    assert lacking["missing"].startswith("not-measured")
    page = (folder / "campaign.html").read_text("utf-8")
    assert page.count("<polyline") == 6, (
        "rates of the system and of a stream, its wait; two engines"
    )
    assert why["en"] in page
    assert {each["where"]["load"] for each in found["answers"]} == set(LOADS)
