"""Every cell of a campaign is looked at before the first visit, and all that is wrong is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import tomli_w

from tests.fakes.command import Command, small_plan
from tests.fakes.replays import write_recording
from tests.flow.test_campaign import ITEM, TOKENS, outcome


def campaign(folder: Path, cells: dict[str, Any]) -> Path:
    small_plan(folder / "plan.toml", engine="replay", items=[ITEM])
    whole = {
        "campaign": 1,
        "title": "cells",
        "design": "randomised",
        "seed": 5,
        "plan": "plan.toml",
        "measurands": ["output_byte_rate"],
        "axes": {"cell": cells},
        "visit": {"attempts": 1},
        "stop": {
            "measurand": "output_byte_rate",
            "of": "mean",
            "relative_u": 0.01,
            "min": 1,
            "max": 1,
        },
    }
    path = folder / "campaign.toml"
    path.write_text(tomli_w.dumps(whole), encoding="utf-8")
    return path


def test_all_cells_that_cannot_be_measured_are_named_in_one_message_and_nothing_is_begun(
    command: Command, tmp_path: Path
) -> None:
    good = {"model": {"reference": str(write_recording(tmp_path / "good.json", TOKENS))}}
    (tmp_path / "odd.toml").write_text("runner = 1\n", encoding="utf-8")
    (tmp_path / "no.gguf").write_bytes(b"no model")
    runner = {"kind": "native", "settings": {"runner": str(tmp_path / "odd.toml")}}
    tiny, llama = {"reference": "tiny"}, {"kind": "llama_cpp"}
    file = campaign(
        tmp_path,
        {
            "good": good,
            "gone": {"model": {"reference": str(tmp_path / "gone.json")}},
            "gone-too": {"model": {"reference": str(tmp_path / "gone.json")}, "run": {"seed": 9}},
            "broken": {"model": {"reference": str(tmp_path / "no.gguf")}, "engine": llama},
            "unmade": {"model": {"reference": "tiny:q9"}, "engine": llama},
            "dataset": {**good, "dataset": {"reference": "smokey"}},
            "item": {**good, "dataset": {"items": ["nobody"]}},
            "engine": {"model": tiny, "engine": {"kind": "llama_ccp"}},
            "runner": {"model": tiny, "engine": runner},
            "load": {**good, "load": {"shape": "cold"}, "run": {"warmups": 0}},
            "fidelity": {**good, "fidelity": {"reference": str(tmp_path / "no.fidelity")}},
            "nowhere": {**good, "device": "nobody"},
        },
    )
    runs = tmp_path / "out"
    for argv in (("plan", file), ("run", file, "--runs", runs)):
        done = command("campaign", *argv, "--json")
        assert done.returncode == 2, done.stderr
        said = json.loads(done.stdout)["error"]
        lines = {names: why for names, _, why in (n.partition(": ") for n in said.split("\n  "))}
        assert "11 of 12 cells cannot be measured" in said
        for names, why in {
            "gone, gone-too": "gone.json: cannot be read",
            "broken": "no.gguf",
            "unmade": "tiny:q9: is no form that is known",
            "dataset": "did you mean 'smoke'",
            "item": "nobody is no item",
            "engine": "no engine llama_ccp",
            "runner": "odd.toml",
            "load": "cold is made by the engine",
            "fidelity": "no.fidelity",
            "nowhere": "nobody is neither local nor an address",
        }.items():
            assert why in lines[names], said
    assert not runs.exists()


def test_a_device_that_is_away_is_a_warning_and_keeps_nobody_from_beginning(
    command: Command, tmp_path: Path
) -> None:
    good = {"model": {"reference": str(write_recording(tmp_path / "good.json", TOKENS))}}
    away = {**good, "device": "ssh:nobody@127.0.0.1:9"}
    code, said = outcome(command, "plan", campaign(tmp_path, {"here": good, "away": away}))
    assert code == 0
    (warning,) = said["warnings"]
    assert warning.startswith("ssh:nobody@127.0.0.1:9 did not answer (")
    assert warning.endswith("for away")
