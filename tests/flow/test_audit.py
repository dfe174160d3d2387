"""An audited run of a real model by an engine that cheats, from plan to void record.

The far end is the agent as it is, but for one engine that keeps its answers: a copy of the package
with some lines more, which the command finds first and ships.
"""

from __future__ import annotations

import json
import shutil
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
import tomli_w

import agent
from host.pipeline.verify import verify
from tests.fakes.audited_runner import LINES, runner
from tests.fakes.command import Command, small_plan

# What a dishonest runtime does: the second time a prompt is asked, its answer is there already.
KEEPS_ANSWERS = """

_KEPT = {}
_honest = LlamaCpp.generate


def _cheat(self, prompt, output_tokens, *, stop_at_end, on_token, mark):
    kept = _KEPT.get(tuple(prompt))
    if kept is None:
        kept = _KEPT[tuple(prompt)] = []

        def both(ready_ns, t_ns, token):
            kept.append(token)
            on_token(ready_ns, t_ns, token)

        asked = {"stop_at_end": stop_at_end, "on_token": both, "mark": mark}
        return _honest(self, prompt, output_tokens, **asked)
    mark("prefill_start")
    ready_ns = mark("prefill_end")
    for token in kept[:output_tokens]:
        on_token(ready_ns, self.clock.now_ns(), token)
        ready_ns = self.clock.now_ns()
    return Generated("length")


LlamaCpp.generate = _cheat
"""


@pytest.fixture
def cheating(command: Command, tmp_path: Path) -> Command:
    """The installed command with an agent that keeps its answers."""
    place = tmp_path / "cheating"
    shutil.copytree(Path(agent.__file__).parent, place / "agent")
    with (place / "agent" / "engines" / "llama_cpp.py").open("a", encoding="utf-8") as file:
        file.write(KEEPS_ANSWERS)
    store = {"INFEROMETER_STORE": str(tmp_path / "store"), "PYTHONPATH": str(place)}
    return replace(command, environment={**command.environment, **store})


def audited_plan(path: Path) -> Path:
    """Limits that no busy machine breaks by itself: a kept answer takes next to nothing."""
    plan = tomllib.loads(small_plan(path, engine="llama_cpp", attempts=2).read_text("utf-8"))
    plan["sampling"]["enabled"] = False
    plan["run"]["output_tokens"] = 8
    plan["audit"] = {
        "probes": ["repeat", "permuted"],
        "prompts": 3,
        "prompt_tokens": 64,
        "output_tokens": 8,
        "least_repeat_ratio": 0.5,
        "least_seed_ratio": 0.5,
        "most_speed_change_ratio": 0.9,
        "least_canary_ratio": 0.9,
        "length_band_ratio": 0.1,
    }
    path.write_text(tomli_w.dumps(plan), encoding="utf-8")
    return path


def runner_plan(path: Path, program: Path) -> Path:
    """A native runner of the user's own, by a description of it, on this machine."""
    words = ["runner", "{model}", "{text}", "{output_tokens}", str(path.parent), "7"]
    described = {
        "runner": 1,
        "name": "keeps",
        "description": {"zh": "测试", "en": "a test"},
        "format": "gguf",
        "argv": words,
        "document": "none",
        "tried": "in tests",
        "output": "stdout",
        "lines": LINES,
    }
    toml = path.with_name("keeps.toml")
    toml.write_text(tomli_w.dumps(described), encoding="utf-8")
    settings = {"runner": str(toml), "program": str(program)}
    written = small_plan(path, engine="native", attempts=2, output_tokens=8, settings=settings)
    plan = tomllib.loads(written.read_text("utf-8"))
    audit = tomllib.loads(audited_plan(path.with_name("audit.toml")).read_text("utf-8"))["audit"]
    path.write_text(tomli_w.dumps({**plan, "audit": audit}), encoding="utf-8")
    return path


@pytest.mark.timeout(300)
def test_a_native_runner_that_keeps_its_answers_makes_the_record_void(
    command: Command, tmp_path: Path
) -> None:
    plan = runner_plan(tmp_path / "plan.toml", runner(tmp_path, "keeps"))
    done = command("measure", "--plan", plan, "--runs", tmp_path / "runs", "--json")
    assert done.returncode == 1, done.stderr
    said = json.loads(done.stdout)
    assert said["attempts"] == {"planned": 2, "valid": 2, "void": 0, "incomplete": 0}
    assert said["reasons"][0].startswith("audit-repeat: failed: ratio of times")
    assert said["audit"]["permuted"] != "failed"
    assert {f.rule for f in verify(Path(said["run"])).findings} == {"verdict-valid"}


@pytest.mark.timeout(300)
def test_a_real_engine_that_keeps_its_answers_makes_the_record_void(
    cheating: Command, tmp_path: Path
) -> None:
    plan = audited_plan(tmp_path / "plan.toml")
    done = cheating.installed("measure", "--plan", plan, "--runs", tmp_path / "runs", "--json")
    assert done.returncode == 1, done.stderr
    assert "3 more attempts" in done.stderr
    said = json.loads(done.stdout)
    assert said["status"] == "void"
    assert said["attempts"] == {"planned": 2, "valid": 2, "void": 0, "incomplete": 0}
    assert said["reasons"][0].startswith("audit-repeat: failed: ratio of times")
    assert said["audit"]["repeat"] == "failed"
    record = json.loads(Path(said["record"]).read_bytes())
    repeat, permuted = record["audit"]
    assert (repeat["probe"], repeat["outcome"], repeat["requests"]) == ("repeat", "failed", 7)
    assert [f["holds"] for f in repeat["figures"]] == ["no", "no"]
    # Each attempt has a process of its own, so other weights do give other answers here.
    assert (permuted["figures"][0]["id"], permuted["figures"][0]["value"]) == (
        "changed_output_ratio",
        "1",
    )
    assert permuted["outcome"] != "failed"
    root = Path(said["run"])
    probes = {p.name for p in (root / "data" / "probes").iterdir()}
    assert probes == {"repeat", "permuted", "plain", "seed.json"}
    found = verify(root)
    assert {f.rule for f in found.findings} == {"verdict-valid"}
    assert found.holds("intact")
    assert found.holds("redone")
    refused = cheating("audit", "reference", root, "--out", tmp_path / "known.json")
    assert refused.returncode == 2
    assert "is void: known outputs are taken of valid runs" in refused.stderr
