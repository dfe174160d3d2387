"""A vendor's runner on the machine at hand, Python or not: from its file to a record."""

from __future__ import annotations

import json
from pathlib import Path

from tests.fakes.command import Command, small_plan

# What a vendor writes: a program that states times of its own, and a description of it.
PROGRAM = """#!/bin/sh
[ "$1" = --version ] && { echo 'npu-run 2.1 (sdk 7)'; exit; }
echo "[npu] model $1 loaded" >&2
sleep 0.3
echo '{"result": [{"phase": "prefill", "tokens": '"$2"', "took_us": [1000, 2000]},'
echo ' {"phase": "decode", "tokens": '"$3"', "took_us": [4000, 4000], "clock": "1.2 GHz"}]}'
"""
RUNNER = """
runner = 1
name = "npu-run"
description = { zh = "某厂商的运行程序", en = "a vendor's runner" }
format = "gguf"
argv = ["npu-run", "{model}", "{prompt_tokens}", "{output_tokens}"]
version = ["npu-run", "--version"]
version_pattern = 'npu-run (\\S+)'
document = "the vendor's manual, section 4"
tried = "in a test"
reads = "json"

[figures.prefill]
convention = "llama_bench_pp"
each = ["result"]
where = { phase = "prefill", tokens = "{prompt_tokens}" }
value = ["took_us"]
unit = "us"
tokens = ["tokens"]

[figures.decode-time]
convention = "vendor"
each = ["result"]
where = { phase = "decode" }
value = ["took_us"]
unit = "us"
about = ["tokens", "clock"]
"""
ITEM = "prompt-32-output-32-zh"


def test_a_vendor_s_runner_on_the_machine_at_hand_makes_a_record(
    command: Command, tmp_path: Path, tiny_gguf: Path
) -> None:
    program, runner = tmp_path / "npu-run", tmp_path / "npu-run.toml"
    program.write_text(PROGRAM)
    program.chmod(0o755)
    runner.write_text(RUNNER, "utf-8")
    settings = {"runner": str(runner), "program": str(program), "n_threads": 1}
    plan = small_plan(
        tmp_path / "p.toml",
        engine="command",
        settings=settings,
        model=tiny_gguf,
        dataset="length-grid-small",
        items=[ITEM],
        warmups=0,
        idle_before_s=0.0,
        idle_after_s=0.0,
    )
    done = command("measure", "--plan", plan, "--runs", tmp_path / "runs", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    told = {q["source"]: q for q in found["stated"]}
    prefill, decode = told["runner.prefill"], told["runner.decode-time"]
    assert prefill["measurand_id"] == "convention:stated.llama-bench.pp"
    assert float(prefill["value"]) == (32 / 0.001 + 32 / 0.002) / 2
    assert (float(decode["value"]), decode["unit"], decode["scope"]) == (0.004, "s", ITEM)
    assert "tokens = 32, clock = 1.2 GHz" in decode["rule"]["en"]
    rates = {q["value"] for q in found["results"] if q["measurand_id"] == "decode_rate@1"}
    assert rates == {None}
    verified = json.loads(command("verify", found["run"], "--json").stdout)
    assert verified["findings"] == []
    said = command("report", found["run"]).stdout
    assert f"stated by the runner ({ITEM}, runner.prefill): 24000" in " ".join(said.split())
    run = Path(found["run"])
    assert "runner.decode-time" in (run / "report.html").read_text("utf-8")
    # The attempts ran in the shell that the session said it was.
    session = json.loads((run / "data/session.json").read_bytes())
    events = (run / "data/attempts/001/events.tsv").read_text("utf-8")
    assert f'"kind":"{session["clock"]["kind"]}"' in events
    record = json.loads((run / "record.json").read_bytes())
    assert record["runtime"]["kind"] == "native"
    assert record["runtime"]["described"]["library_version"] == "2.1"
    assert "shell-agent-sources" in {w["code"] for w in record["warnings"]}
