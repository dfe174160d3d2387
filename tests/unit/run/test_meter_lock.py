"""A meter belongs to one run: whoever comes second is told whose it is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from host.errors import DeviceError
from host.run.meter_lock import held, key_of

HOLDER = """
import sys
from pathlib import Path
from host.run.meter_lock import held
with held([("wall", sys.argv[1])], "/runs/first", Path(sys.argv[2])):
    print("mine", flush=True)
    sys.stdin.read()
"""


def holder(address: str, locks: Path) -> subprocess.Popen[str]:
    """Another process that has the meter; it has said so."""
    argv = [sys.executable, "-c", HOLDER, address, str(locks)]
    process = subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "mine\n"
    return process


def test_a_second_run_is_refused_with_the_holder_and_a_dead_one_leaves_nothing_behind(
    tmp_path: Path,
) -> None:
    locks = tmp_path / "locks"
    process = holder("tcp:127.0.0.1:5025", locks)
    with process:
        told = rf"in use by process {process.pid} \(/runs/first\)"
        with (
            pytest.raises(DeviceError, match=told),
            held([("m", "tcp:127.0.0.1:5025")], "", locks),
        ):
            pass
        with held([("m", "tcp:127.0.0.1:5026")], "", locks):
            pass  # another meter is free
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    with held([("m", "tcp:127.0.0.1:5025")], "/runs/second", locks):
        assert len(list(locks.iterdir())) == 2


def test_one_meter_has_one_key_however_its_address_is_written(tmp_path: Path) -> None:
    (tmp_path / "ttyUSB0").touch()
    (tmp_path / "by-id").symlink_to(tmp_path / "ttyUSB0")
    ports = {key_of(f"serial:{tmp_path / name}") for name in ("ttyUSB0", "by-id")}
    assert len(ports) == 1
    assert key_of("tcp:127.0.0.1:5025") == key_of("tcp:[127.0.0.1]:5025")
    assert key_of("visa:TCPIP::10.0.0.5::INSTR") == key_of("visa:tcpip::10.0.0.5::instr")


@pytest.mark.parametrize(
    "address", ["serial:circle", "tcp:" + "a" * 70 + ":1", "tcp:\udcff:1", ""]
)
def test_an_address_that_is_none_has_a_key_all_the_same(tmp_path: Path, address: str) -> None:
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    place = address.replace("circle", str(tmp_path / "circle"))
    assert key_of(place) == place


def test_units_on_one_line_share_it_within_a_run(tmp_path: Path) -> None:
    line = "serial:/dev/ttyUSB0"
    with held([("pzem", line), ("air", line)], "", tmp_path / "locks"):
        assert len(list((tmp_path / "locks").iterdir())) == 1


def test_a_link_in_place_of_a_lock_is_not_followed(tmp_path: Path) -> None:
    locks, goal = tmp_path / "locks", tmp_path / "precious"
    goal.write_text("kept")
    with held([("m", "tcp:127.0.0.1:1")], "", locks):
        pass
    (lock,) = locks.iterdir()
    lock.unlink()
    lock.symlink_to(goal)
    with held([("m", "tcp:127.0.0.1:1")], "who", locks):
        pass  # no lock can be made there, and nobody is kept out
    assert goal.read_text() == "kept"
