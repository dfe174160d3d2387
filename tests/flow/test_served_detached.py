"""A run that is handed over, with a server on the device: collected, its folder like any other."""

from __future__ import annotations

import json
from pathlib import Path

from host.align.read import read_run
from tests.fakes.command import Command, small_plan
from tests.fakes.talker import DONE, Talk, event, talking

MADE = 4


def test_run_of_a_server_goes_on_without_the_host_and_keeps_what_the_server_said(
    command: Command, tmp_path: Path, tiny_gguf: Path
) -> None:
    words = [
        event(f"w{i} ", made=i, finish="stop" if i == MADE else None) for i in range(1, MADE + 1)
    ]
    talk = Talk((*words, DONE), server="talker/7")
    with talking(talk) as url:
        plan = small_plan(
            tmp_path / "plan.toml",
            engine="openai_http",
            settings={"url": url},
            model=tiny_gguf,
            items=["assistant-tea-en"],
            stop="natural",
            attempts=1,
        )
        left = command(
            "measure", "--plan", plan, "--runs", tmp_path / "runs", "--detach", "--json"
        )
        assert left.returncode == 0, left.stderr
        run = json.loads(left.stdout)["run"]
        done = command("collect", run, "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["status"], said["attempts"]["valid"]) == ("valid", 1)
    assert len(talk.asked) == 2, "a warm-up and a request"
    record = json.loads(Path(said["record"]).read_bytes())
    assert record["runtime"]["described"]["server"]["server"] == "talker/7"
    attempts = read_run(Path(run)).run.attempts
    assert [r.tokens.made for a in attempts for r in a.scored()] == [MADE]
    found = json.loads(command("verify", run, "--json").stdout)
    assert [found[v] for v in ("intact", "redone", "conforming")] == [True, True, True], found
