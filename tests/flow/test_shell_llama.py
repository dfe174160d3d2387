"""The shell agent with real native runners: Debian's llama-bench and llama-completion."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.fakes.agent_session import check_streams, outcome
from tests.fakes.agent_shells import Shell, shell_of
from tests.fakes.native import called
from tests.fakes.runner_figures import bench_tests, perf_times
from tests.fakes.shell_runs import order_of, shell_session, spool_of

# Where cores are busy it ends now and then with status 0 before its last lines are out:
# 1 of 40 runs beside three busy loops.
TRIES = 5


def runner(program: str, *words: str) -> list[str]:
    return [*called(program), *words]


@pytest.fixture(params=["mksh", "busybox"])
def shell(request: pytest.FixtureRequest, tmp_path: Path) -> Shell:
    folder = tmp_path / "device"
    folder.mkdir()
    return shell_of(request.param, folder)


def test_llama_bench_is_driven_and_its_samples_lie_within_the_stamps_of_its_lines(
    shell: Shell, tmp_path: Path, tiny_gguf: Path
) -> None:
    words = ["-p", "{prompt_tokens}", "-n", "{output_tokens}", "-r", "2", "-t", "1", "-o", "jsonl"]
    argv = runner("llama-bench", "-m", "{model}", *words)
    spool = tmp_path / "001"
    order = order_of(
        spool, argv, model=str(tiny_gguf), settings={"marks": {"result": '{"build_commit*'}}
    )
    with shell_session(shell) as session:
        end = session.attempt(order)
    assert outcome(end) == ("valid", "")
    check_streams(end, spool)
    prefill, decode = bench_tests((spool / "engine.log").read_bytes())
    assert (prefill.prompt_tokens, decode.output_tokens) == (8, 3)
    events = spool_of(spool, "events").lines
    start, *results = [
        int(s.fields[0])
        for s in events
        if s.fields[1] == "runner_start" or json.loads(s.fields[2]).get("name") == "result"
    ]
    assert len(results) == 2
    assert sum(prefill.samples_ns) <= results[0] - start
    assert sum(decode.samples_ns) <= results[1] - start


def test_llama_completion_is_driven_and_says_its_own_times(
    shell: Shell, tmp_path: Path, tiny_gguf: Path
) -> None:
    words = ["-p", "Hello {text}", "-n", "{output_tokens}", "-t", "1", "-no-cnv", "--ignore-eos"]
    argv = runner("llama-completion", "-m", "{model}", *words)
    found = None
    with shell_session(shell) as session:
        for number in range(1, TRIES + 1):
            spool = tmp_path / f"{number:03d}"
            order = order_of(spool, argv, model=str(tiny_gguf), number=number)
            assert outcome(session.attempt(order)) == ("valid", "")
            found = perf_times((spool / "engine.log").read_bytes())
            if found is not None:
                break
    assert found is not None
    assert found.decode_runs == 2
    assert found.prompt_ns > 0
