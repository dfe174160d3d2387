"""Load patterns by the shell agent, in each shell: loops that come and go, and never stay."""

from __future__ import annotations

import os
import select
import signal
from pathlib import Path

import pytest

from tests.fakes.agent_session import children_of
from tests.fakes.agent_shells import KINDS, Shell, shell_of
from tests.fakes.shell_runs import shell_session, wait_until

END_S = 60.0
PULSES = {"bits": "0110", "bit_s": 0.05, "quiet_s": 0.1, "processes": 2}


@pytest.fixture(params=KINDS)
def shell(request: pytest.FixtureRequest, tmp_path: Path) -> Shell:
    folder = tmp_path / "device"
    folder.mkdir()
    return shell_of(request.param, folder)


def test_a_pattern_is_stamped_as_it_was_played_and_leaves_nothing_running(shell: Shell) -> None:
    with shell_session(shell) as session:
        said = session.ask("pulses", PULSES)
        assert (said["type"], said["states"], said["bits"]) == ("pulses", "00100", "0110")
        assert children_of(session.process.pid) == []
        assert session.ask("ping", {"id": 1, "t1_ns": 1})["type"] == "pong"
        for over in ({"bits": "012"}, {"bits": ""}, {"processes": 0}, {"bit_s": 0.001}):
            assert session.ask("pulses", {**PULSES, **over})["code"] == "bad-order"
        too_long = {**PULSES, "bits": "01" * 100, "bit_s": 2.0}
        assert "last longer" in session.ask("pulses", too_long)["detail"]
    (stamps,) = said["processes"]
    assert len(stamps) == 6
    assert stamps == sorted(stamps)
    # Rest and bits last as long as they were ordered, or longer where the machine is busy.
    assert stamps[-1] - stamps[0] >= 0.4e9 - 20e6  # uptime's own step is 10 ms, at both ends


def loops_of(pid: int, script: Path) -> list[int]:
    """Children that are the agent itself: busy loops are, the sleep(1) of a pause is not."""
    return [
        one
        for one in children_of(pid)
        if str(script).encode() in Path(f"/proc/{one}/cmdline").read_bytes()
    ]


def test_loops_end_with_a_session_that_is_killed_in_the_middle(shell: Shell) -> None:
    with shell_session(shell) as session:
        session.say("pulses", {**PULSES, "bits": "1", "bit_s": 60.0})
        pid = session.process.pid
        wait_until(lambda: len(loops_of(pid, shell.script)) == 2, session.process)
        ends = [os.pidfd_open(one) for one in loops_of(pid, shell.script)]
        os.kill(pid, signal.SIGKILL)
        for end in ends:
            assert select.select([end], [], [], END_S)[0] == [end]
            os.close(end)
