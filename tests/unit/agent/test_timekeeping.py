"""Timekeeping of a device: real clocks and kernel, a real chronyd, programs that misbehave."""

from __future__ import annotations

import json
import os
import select
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.facts.files import AbsentError
from agent.kernel_clock import kernel_clock
from agent.programs import MAX_BYTES, ask_program
from agent.timekeeping import CHRONYC as VARIABLE
from agent.timekeeping import Tools, pair, timekeeping, tools_of
from host.align.time_daemons import UnusableError, chrony_of
from tests.fakes.agent_session import AgentSession
from tests.fakes.chrony import CHRONYD, Chronys, two_chronyds

DEADLINE_S = 20.0


def no_kernel() -> dict[str, Any]:
    raise AbsentError("not-present: none in this test")


def stub(folder: Path, name: str, script: str) -> str:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def tools(folder: Path, chronyc: str = "missing-chronyc", timedatectl: str = "missing") -> Tools:
    return Tools((chronyc,), (timedatectl,), folder, Path("/proc"), DEADLINE_S, no_kernel)


@pytest.fixture(scope="module")
def chronys() -> Iterator[Chronys]:
    if CHRONYD is None:
        pytest.skip("chronyd is not installed")
    with two_chronyds() as both:
        yield both


def test_a_real_chronyd_that_follows_another_is_read(chronys: Chronys, tmp_path: Path) -> None:
    found = timekeeping(Tools(chronyc=chronys.client, run=tmp_path, kernel=no_kernel))
    source, sync = chrony_of(found["chrony"], "")
    assert (source.provider, source.stratum, source.daemon) == ("127.0.0.1", 3, "chronyd")
    assert "version" in source.version
    assert sync.leap == "normal"
    assert sync.skew_ppm is not None
    # Both read one clock, so that all of the bound is the way over the loopback.
    assert 0 < sync.bound_s < 0.1


def test_a_real_chronyd_that_serves_its_own_clock_is_no_source_of_utc(
    chronys: Chronys, tmp_path: Path
) -> None:
    found = timekeeping(Tools(chronyc=chronys.server, run=tmp_path, kernel=no_kernel))
    with pytest.raises(UnusableError, match="own clock"):
        chrony_of(found["chrony"], "")


def test_the_plain_report_of_a_real_chronyd_has_the_signs_that_we_read(chronys: Chronys) -> None:
    said: dict[str, Any] = {}
    with chronys.no_more_polls():
        words, before = frequency_in_words(chronys), ""
        while words != before:  # one answer may still be on its way
            said, before = ask_program((*chronys.client, "-c", "tracking"), DEADLINE_S), words
            words = frequency_in_words(chronys)
    _, sync = chrony_of({"tracking": said}, "")
    value, _, word = words.partition(":")[2].strip().split()
    assert sync.freq_ppm is not None
    # Both give three decimals.
    assert sync.freq_ppm == pytest.approx(float(value) * (1 if word == "fast" else -1), abs=0.001)


def frequency_in_words(chronys: Chronys) -> str:
    """`Frequency       : 6.017 ppm fast`, of the client."""
    words: str = ask_program((*chronys.client, "tracking"), DEADLINE_S)["stdout"]
    return next(line for line in words.splitlines() if line.startswith("Frequency"))


def test_the_session_answers_with_the_chronyc_of_its_environment(chronys: Chronys) -> None:
    with AgentSession(environment={VARIABLE: " ".join(chronys.client)}) as agent:
        agent.hello()
        said = agent.ask("timekeeping")
    assert said["type"] == "timekeeping"
    assert said["chrony"]["tracking"]["stdout"].count(",") == 13


def test_missing_programs_are_said_to_be_missing(tmp_path: Path) -> None:
    found = timekeeping(tools(tmp_path))
    assert found["chrony"]["tracking"]["fault"] == "not-present"
    reasons = {one["fact"]: one["reason"] for one in found["absent"]}
    assert reasons["kernel"] == "not-present: none in this test"
    assert reasons["timesyncd"].startswith("not-present: ")


def test_timedatectl_is_asked_where_timesyncd_runs_only(tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    program = stub(tmp_path, "timedatectl", f'echo "$@" >> {asked}')
    timekeeping(tools(tmp_path, timedatectl=program))
    assert not asked.exists()
    (tmp_path / "systemd/timesync").mkdir(parents=True)
    found = timekeeping(tools(tmp_path, timedatectl=program))
    assert [line.split()[0] for line in asked.read_text().splitlines()] == [
        "show-timesync",
        "timesync-status",
        "--version",
    ]
    assert found["timesyncd"]["synchronized"] is False


def test_a_program_that_never_ends_is_killed_with_its_children(tmp_path: Path) -> None:
    pipe = tmp_path / "held"
    os.mkfifo(pipe)
    end = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    program = stub(tmp_path, "hangs", f"exec 9>{pipe}; echo held >&9; sleep 600 & wait")
    said = ask_program((program,), 1.0)
    assert said["fault"] == "hang"
    # The pipe ends when nobody holds its other end any more.
    while select.select([end], [], [], DEADLINE_S)[0] and os.read(end, 100):
        pass
    assert select.select([end], [], [], 0)[0]
    os.close(end)


def test_a_program_that_closes_its_outputs_and_stays_is_killed(tmp_path: Path) -> None:
    program = stub(tmp_path, "stays", "exec >&- 2>&-; exec sleep 600")
    assert ask_program((program,), 0.5)["fault"] == "hang"


def test_endless_output_is_cut_off(tmp_path: Path) -> None:
    said = ask_program((stub(tmp_path, "endless", "exec yes"),), DEADLINE_S)
    assert said["fault"] == "too-long"
    assert len(said["stdout"]) == MAX_BYTES


def test_bytes_that_are_no_text_still_make_a_message(tmp_path: Path) -> None:
    said = ask_program(
        (stub(tmp_path, "bytes", r"printf '\377\033[31m\000'; exit 3"),), DEADLINE_S
    )
    assert said["status"] == 3
    assert json.loads(json.dumps(said)) == said


def test_a_program_that_is_none_is_said_to_be_not_runnable(tmp_path: Path) -> None:
    assert ask_program((str(tmp_path),), DEADLINE_S)["fault"].startswith("not-runnable")


def test_the_environment_names_another_chronyc() -> None:
    assert tools_of({VARIABLE: "/a/chronyc -h '/b c'"}).chronyc == ("/a/chronyc", "-h", "/b c")
    assert tools_of({}).chronyc == ("chronyc",)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="clocks of Linux")
def test_all_clocks_are_read_within_one_bracket() -> None:
    first, second = pair(), pair()
    assert int(first["raw0_ns"]) < int(first["raw1_ns"]) <= int(second["raw0_ns"])
    assert int(first["boottime_ns"]) >= int(first["monotonic_ns"]) - 1_000_000


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="adjtimex of Linux")
def test_the_kernel_s_word_lies_within_what_adjtimex_allows() -> None:
    said = kernel_clock()
    # The standard tick; daemons move it by a tenth at most (adjtimex(2)).
    assert 9_000 <= said["tick_us"] <= 11_000
    assert abs(said["frequency_ppm"]) <= 500
    assert said["synchronised"] == (said["state"] != "unsynchronised")


def test_costs_and_resolutions_of_clocks_are_whole_ns(tmp_path: Path) -> None:
    for clock in timekeeping(tools(tmp_path))["clocks"]:
        assert clock["resolution_ns"] >= 1
        assert clock["read_cost_ns"] >= 0
