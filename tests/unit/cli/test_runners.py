"""What a vendor sees of a description before any device is there."""

from __future__ import annotations

import json
from pathlib import Path

from host.plan.runner import runner_names
from tests.fakes.command import Command

DATA = Path(__file__).parents[2] / "data/native"
LENGTHS = ("--prompt-tokens", "16", "--output-tokens", "8")


def test_runners_are_listed_with_what_they_show(command: Command) -> None:
    rows = json.loads(command("runners", "list", "--json").stdout)["runners"]
    assert [row["name"] for row in rows] == runner_names()
    shows = {row["name"]: row["shows"] for row in rows}
    assert (shows["llama-bench"], shows["llama-completion"]) == (
        ["figures"],
        ["tokens", "answers", "divergence"],
    )
    said = command("runners", "list").stdout
    assert "llama-bench" in said
    assert "只给出自己的速率" in said


def test_a_description_is_checked(command: Command, tmp_path: Path) -> None:
    assert command("runners", "check", "llama-bench").stdout == "llama-bench: good\n"
    bad = tmp_path / "mine.toml"
    bad.write_text("runner = 1\nnme = 'x'\n")
    done = command("runners", "check", bad, "--json")
    assert done.returncode == 2
    assert "did you mean name" in json.loads(done.stdout)["problem"]


def test_a_captured_log_shows_what_each_part_of_a_description_finds(command: Command) -> None:
    log = DATA / "llama-bench.jsonl"
    done = command("runners", "try", "llama-bench", log, *LENGTHS, "--json")
    assert done.returncode == 0, done.stderr
    figures = {f["name"]: f for f in json.loads(done.stdout)["figures"]}
    assert len(figures["pp"]["values"]) == 3
    assert ["n_depth", "0"] in figures["tg"]["about"]
    without = command("runners", "try", "llama-bench", log)
    assert without.returncode == 2
    assert "say --prompt-tokens" in without.stderr


def test_a_log_that_does_not_fit_is_shown_beside_what_was_looked_for(command: Command) -> None:
    log = DATA / "llama-completion.log"  # of a lower verbosity than the description asks for
    done = command("runners", "try", "llama-completion", log)
    assert done.returncode == 1
    said = " ".join(done.stdout.split())
    assert "- lines.token: 0 of 24 lines" in said
    assert "+ lines.end: 1 of 24 lines" in said
    assert "nothing fits lines.start, lines.prefill_start, lines.ready, lines.token; last" in said
    assert "graph reallocs" in said
    gone = command("runners", "try", "llama-completion", "/nowhere/log")
    assert gone.returncode == 2
    assert "cannot be read" in gone.stderr


def test_an_answer_is_shown_as_it_is_taken_out_of_a_captured_output(
    command: Command, tmp_path: Path
) -> None:
    log, output = tmp_path / "log", tmp_path / "stdout"
    log.write_bytes((DATA / "llama-completion.log").read_bytes())
    output.write_bytes(b"two\nlines [end of text]\n\n\n")
    argv = ("runners", "try", "llama-completion", log, "--stdout", output)
    assert json.loads(command(*argv, "--json").stdout)["answer"] == "two\nlines"
    assert '+ answer: "two\\nlines"' in command(*argv).stdout
    output.write_bytes(b"broken off")
    found = json.loads(command(*argv, "--json").stdout)
    assert found["answer"] is None
    assert "answer.end" in found["misfit"]
