"""Injections that once lost something or left a wrong seal, each as it struck."""

from __future__ import annotations

import os
import socket
from pathlib import Path, PurePosixPath

import pytest

from agent.owners import Owners
from agent.spool import SpoolFormatError, StreamEnd, read_spool
from collectors.clocks import device_clock
from host.errors import FolderError
from host.run.exchange import exchange
from host.run.fetch import Pulls, proven
from host.run.folder import create
from host.run.link import AgentLink
from host.run.lock import owned
from host.transport.local import Local
from tests.faults import power, traced
from tests.faults.bare_link import HERE, BareLink, bare_end
from tests.faults.host_cases import check_kept, check_seal, prepared, written
from tests.faults.kept import deployment
from tests.faults.link_cases import asked_over
from tests.faults.programs.host_half import go_on
from tests.faults.proxy import Fault, proxy
from tests.faults.spool_cases import check_stream, told


@pytest.mark.parametrize("length", [30, 60, 90])
def test_a_write_that_says_more_than_it_did_is_no_line(tmp_path: Path, length: int) -> None:
    if traced.why_not():
        pytest.skip(traced.why_not())
    goals = (tmp_path / "source-x.tsv", tmp_path / "source-x.tsv.part")
    argv = ("spool", tmp_path, 24, 3)
    run = traced.traced(f"write:retval={length}", 5, argv, tmp_path / "trace", goals)
    said = told(run.out)
    assert run.fired
    assert said.error.startswith("short write of 0 of")
    check_stream(tmp_path, said)
    assert len(read_spool(goals[0].read_bytes()).lines) == said.acknowledged == 9


def test_a_line_that_a_cut_tore_is_said_again(tmp_path: Path) -> None:
    seen = asked_over(tmp_path, [Fault("close", after_bytes) for after_bytes in (150, 230, 310)])
    assert seen.fired


def test_a_stream_that_came_damaged_is_pulled_again_and_one_that_was_cut_goes_on(
    tmp_path: Path,
) -> None:
    end = StreamEnd(**written(tmp_path, "events"))
    noted: list[str] = []
    bad = [Fault("reset", 70), Fault("flip", 40), Fault("close", 90)]
    goal = tmp_path / "copy.tsv"
    with bare_end() as port, proxy((HERE, port), bad) as link:
        far = BareLink(link.port)
        pulls = Pulls(far, device_clock(), lambda event, _: noted.append(event), patience_s=30.0)
        assert proven(pulls, PurePosixPath(tmp_path / "events.tsv"), goal, end)
    assert noted == ["pull_cut", "pull_damaged", "pull_cut"]
    assert goal.read_bytes() == (tmp_path / "events.tsv").read_bytes()


def test_a_host_killed_between_clock_exchange_and_first_attempt_exchanges_again(
    tmp_path: Path,
) -> None:
    folder = create(tmp_path, "run")
    with AgentLink.start(Local(), deployment()) as link:
        for _ in range(3):
            exchange(link, folder, device_clock(), "before-001")
    names = sorted(path.name for path in folder.data.glob("clock-*"))
    assert names == [f"clock-before-001{end}.tsv" for end in ("-2", "-3", "")]


def test_a_sealed_run_outlasts_a_power_loss(tmp_path: Path) -> None:
    if power.why_not():
        pytest.skip(power.why_not())
    disk = power.disk() / "sealed"
    disk.mkdir()
    folder, spool = prepared(disk)
    go_on(folder.path, spool)
    power.cut(disk, 0)
    assert folder.sealed
    check_seal(folder)
    check_kept(folder)


def test_a_run_in_use_names_who_has_it(tmp_path: Path) -> None:
    with (
        owned(tmp_path),
        pytest.raises(FolderError, match=f"is in use by process {os.getpid()}"),
        owned(tmp_path),
    ):
        pass
    with owned(tmp_path):
        pass


def test_a_host_that_was_superseded_stays_so_in_a_later_session(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        first = Owners(tmp_path / "owners")
        assert first.take(ours, "host-a") == ""
        assert first.take(ours, "host-a") == ""
        assert first.take(theirs, "host-b") == ""
        later = Owners(tmp_path / "owners")
        assert later.take(ours, "host-a") == "host-b"
        assert later.take(theirs, "") == ""
        assert later.take(theirs, "host-b") == ""


def test_a_host_that_waited_for_another_adds_nothing_to_what_that_one_sealed(
    tmp_path: Path,
) -> None:
    data = tmp_path / "run" / "data"
    data.mkdir(parents=True)
    (data.parent / "bagit.txt").touch()  # between its first look and the lock
    with pytest.raises(FolderError, match="is sealed"), owned(data):
        raise AssertionError("it was let in")


@pytest.mark.parametrize("columns", ['[["a"]]', '["ab c"]', "[1]", '"abc"', '[["a","b","c"]]'])
def test_columns_that_noise_has_changed_are_a_header_that_is_none(columns: str) -> None:
    head = f'# {{"clock":"c@b","columns":{columns},"spool":1,"stream":"x"}}\n'
    with pytest.raises(SpoolFormatError, match="line 1 is damaged"):
        read_spool(head.encode())
