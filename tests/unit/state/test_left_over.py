"""What the next start of a host finds, and what an ending of a host leaves."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.hosts import end_watchdog, holding, host, kill_watchdog, left_over, watchdog
from tests.fakes.shells import Far, far

BRIGHTNESS = "settings/system/screen_brightness"


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Far]:
    made = far(tmp_path / "device", "BusyBox ash")
    yield made
    end_watchdog(made)


def test_with_host_and_watchdog_killed_the_next_start_restores(
    device: Far, tmp_path: Path
) -> None:
    with holding(device, tmp_path / "l", silence_s=600) as killed:
        killed.send(signal.SIGKILL)
    kill_watchdog(device)
    assert device.state.get(BRIGHTNESS) == "200"
    (outcome,) = left_over(device, tmp_path / "l")
    assert (outcome.how, outcome.held.old) == ("restored", "102")
    assert device.state.get(BRIGHTNESS) == "102"


def test_a_next_start_takes_over_while_the_watchdog_of_the_killed_host_still_waits(
    device: Far, tmp_path: Path
) -> None:
    with holding(device, tmp_path / "l", silence_s=600) as killed:
        killed.send(signal.SIGKILL)
    pid = watchdog(device)
    with host(device, tmp_path / "l", silence_s=600) as second:
        assert second.answer() == "ready"
        assert device.state.get(BRIGHTNESS) == "102"
        assert watchdog(device) != pid
        assert second.ask("take brightness 50") == "held 2"
        assert second.ask("leave") == "left"
    assert device.state.get(BRIGHTNESS) == "102"


def test_a_device_whose_folder_is_gone_is_restored_from_the_hosts_book(
    device: Far, tmp_path: Path
) -> None:
    with holding(device, tmp_path / "l", silence_s=600) as killed:
        killed.send(signal.SIGKILL)
    kill_watchdog(device)
    for path in sorted(device.leases.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    device.leases.rmdir()
    (outcome,) = left_over(device, tmp_path / "l")
    assert outcome.how == "restored"
    assert device.state.get(BRIGHTNESS) == "102"


def test_a_bench_whose_disk_is_gone_restores_from_the_devices_folder(
    device: Far, tmp_path: Path
) -> None:
    with holding(device, tmp_path / "lost", silence_s=600) as killed:
        killed.send(signal.SIGKILL)
    kill_watchdog(device)
    assert left_over(device, tmp_path / "new") == ()
    assert device.state.get(BRIGHTNESS) == "102"


def test_a_lease_folder_whose_holder_was_never_written_is_given_up(
    device: Far, tmp_path: Path
) -> None:
    device.leases.mkdir(parents=True)
    (device.leases / "log").write_text("7 a last line\n")
    assert left_over(device, tmp_path / "l") == ()


def test_a_folder_that_is_still_written_into_is_given_up_under_its_name(
    device: Far, tmp_path: Path
) -> None:
    with host(device, tmp_path / "l", silence_s=600) as first:
        assert first.answer() == "ready"
        inside = os.open(device.leases, os.O_DIRECTORY)
        writer = threading.Thread(target=_write_into, args=(inside,))
        writer.start()
        assert first.ask("leave") == "left"
        assert not device.leases.exists()
        os.close(inside)
        writer.join()
    with host(device, tmp_path / "l", silence_s=600) as second:
        assert second.answer() == "ready"
        assert second.ask("leave") == "left"
    assert list(device.leases.parent.glob("leases*")) == []


def _write_into(folder: int) -> None:
    """New files, as fast as it goes, until the folder is gone or nobody holds it any more."""
    with contextlib.suppress(OSError):
        for number in range(1_000_000):
            os.close(os.open(f"late-{number}", os.O_CREAT | os.O_WRONLY, dir_fd=folder))


def test_a_restore_that_fails_stays_in_the_book_until_it_works(
    device: Far, tmp_path: Path
) -> None:
    settings = device.place / "bin" / "settings"
    sound = settings.read_bytes()
    with holding(device, tmp_path / "l", silence_s=600) as broken:
        settings.write_text('#!/bin/sh\n[ "$1" = get ] && echo 200; exit 5\n')
        assert broken.ask("leave").startswith("refused adb:DOUBLE0001: could not be restored")
        assert broken.process.wait() == 3
    assert (device.leases / "lease-000001.sh").exists()
    settings.write_bytes(sound)
    (outcome,) = left_over(device, tmp_path / "l")
    assert outcome.how == "restored"


def test_ctrl_c_restores(device: Far, tmp_path: Path) -> None:
    with holding(device, tmp_path / "l", silence_s=600) as stopped:
        stopped.send(signal.SIGINT)
        assert stopped.process.wait() != 0
    assert device.state.get(BRIGHTNESS) == "102"
    assert not device.leases.exists()


# One run of a host makes this many calls; one more and it lives to its end.
CALLS = 23


@pytest.mark.parametrize("fatal", range(1, CALLS + 2))
def test_a_host_killed_before_any_of_its_calls_leaves_nothing_changed(
    device: Far, tmp_path: Path, fatal: int
) -> None:
    with host(device, tmp_path / "l", fatal, silence_s=600) as doomed:
        with contextlib.suppress(BrokenPipeError):
            for line in ("take brightness 200", "take doze 0", "check", "leave"):
                doomed.ask(line)
        assert doomed.process.wait() == (0 if fatal > CALLS else -signal.SIGKILL)
    left_over(device, tmp_path / "l")
    assert (device.state.get(BRIGHTNESS), device.state.get("deviceidle/deep")) == ("102", "1")
