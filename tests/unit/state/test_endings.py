"""Endings that no program sees coming: somebody is killed, stopped, or loses power."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from host.state.controls import ANDROID
from host.state.lease import Watch, leases, restore_left_over
from host.state.ledger import Ledger
from host.state.restore import Outcome
from tests.fakes.shells import SHELLS, Far, far, until

HOLDER = Path(__file__).parents[2] / "fakes" / "lease_holder.py"
# Of the watchdog. A call of a host takes part of a second, on a busy machine several.
PATIENCE_S = 4
BRIGHTNESS = "settings/system/screen_brightness"
CONTROLS = {control.id: control for control in ANDROID}


@pytest.fixture(params=SHELLS)
def device(request: pytest.FixtureRequest, tmp_path: Path) -> Far:
    return far(tmp_path / "device", request.param)


class Host:
    """A host in a process of its own."""

    def __init__(self, device: Far, ledgers: Path, *more: int) -> None:
        argv = [sys.executable, str(HOLDER), str(device.place), str(ledgers), *map(str, more)]
        root = str(HOLDER.parents[2])
        self.process = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=root,
            env={**os.environ, "PYTHONPATH": root},
        )

    def ask(self, line: str) -> str:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        return self.answer()

    def answer(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)
        if number == signal.SIGKILL:
            self.process.wait()


@contextmanager
def host(device: Far, ledgers: Path, *fatal: int, silence_s: int) -> Iterator[Host]:
    made = Host(device, ledgers, silence_s, *fatal)
    try:
        yield made
    finally:
        made.process.kill()
        made.process.wait()
        for pipe in (made.process.stdin, made.process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):  # what it was told and never read
                    pipe.close()


def watchdog(device: Far) -> int:
    """Process id of the device's watchdog."""
    return int((device.leases / "watching" / "pid").read_text().split()[0])


def kill_watchdog(device: Far) -> None:
    """As a system that runs out of memory does."""
    pid = watchdog(device)
    os.kill(pid, signal.SIGKILL)
    until("the watchdog is gone", lambda: not Path(f"/proc/{pid}/exe").exists())


def left_over(device: Far, ledgers: Path) -> tuple[Outcome, ...]:
    """What the next start of a host finds and puts back."""
    with Ledger(ledgers, device.transport.device) as ledger:
        found = restore_left_over(device.transport, device.description, ledger)
        assert ledger.held == ()
    assert not device.leases.exists()
    return found


def test_a_host_that_is_killed_has_its_settings_restored_by_the_device(
    device: Far, tmp_path: Path
) -> None:
    with host(device, tmp_path / "l", silence_s=PATIENCE_S) as killed:
        assert killed.answer() == "ready"
        assert killed.ask("take brightness 200") == "held 1"
        assert killed.ask("take doze 0") == "held 2"
        killed.send(signal.SIGKILL)
        until("brightness restored", lambda: device.state.get(BRIGHTNESS) == "102")
        until("doze restored", lambda: device.state.get("deviceidle/deep") == "1")
    until("the watchdog ends", lambda: not (device.leases / "watching").exists())
    log = (device.leases / "log").read_text()
    assert log.index("restored 000002.sh") < log.index("restored 000001.sh")
    assert [o.how for o in left_over(device, tmp_path / "l")] == ["was-restored"] * 2


def test_with_host_and_watchdog_killed_the_next_start_restores(
    device: Far, tmp_path: Path
) -> None:
    with host(device, tmp_path / "l", silence_s=600) as killed:
        assert killed.answer() == "ready"
        assert killed.ask("take brightness 200") == "held 1"
        killed.send(signal.SIGKILL)
    kill_watchdog(device)
    assert device.state.get(BRIGHTNESS) == "200"
    (outcome,) = left_over(device, tmp_path / "l")
    assert (outcome.how, outcome.held.old) == ("restored", "102")
    assert device.state.get(BRIGHTNESS) == "102"


def test_a_next_start_takes_over_while_the_watchdog_of_the_killed_host_still_waits(
    device: Far, tmp_path: Path
) -> None:
    with host(device, tmp_path / "l", silence_s=600) as killed:
        assert killed.answer() == "ready"
        assert killed.ask("take brightness 200") == "held 1"
        killed.send(signal.SIGKILL)
    pid = watchdog(device)
    with host(device, tmp_path / "l", silence_s=600) as second:
        assert second.answer() == "ready"
        assert device.state.get(BRIGHTNESS) == "102"
        assert watchdog(device) != pid
        assert second.ask("take brightness 50") == "held 2"
        assert second.ask("leave") == "left"
    assert device.state.get(BRIGHTNESS) == "102"


def test_a_host_that_was_stopped_too_long_finds_its_lease_lost_and_touches_nothing(
    device: Far, tmp_path: Path
) -> None:
    with host(device, tmp_path / "l", silence_s=PATIENCE_S) as asleep:
        assert asleep.answer() == "ready"
        assert asleep.ask("take brightness 200") == "held 1"
        asleep.send(signal.SIGSTOP)
        until("brightness restored", lambda: device.state.get(BRIGHTNESS) == "102")
        asleep.send(signal.SIGCONT)
        assert asleep.ask("take stay_on 15").startswith("refused")
        assert device.state.get("settings/global/stay_on_while_plugged_in") == "0"
        assert asleep.ask("check").startswith("lease-lost")
        assert asleep.ask("leave") == "left"
    assert device.state.get(BRIGHTNESS) == "102"


def test_a_watchdog_that_was_stopped_meanwhile_takes_a_living_host_for_living(
    device: Far, tmp_path: Path
) -> None:
    with host(device, tmp_path / "l", silence_s=PATIENCE_S) as living:
        assert living.answer() == "ready"
        assert living.ask("take brightness 200") == "held 1"
        pid = watchdog(device)
        os.kill(pid, signal.SIGSTOP)
        since = time.monotonic()
        while time.monotonic() - since < PATIENCE_S + 1:
            assert living.ask("check") == "unchanged"
        os.kill(pid, signal.SIGCONT)
        assert living.ask("check") == "unchanged"
        assert device.state.get(BRIGHTNESS) == "200"
        assert living.ask("leave") == "left"
    assert device.state.get(BRIGHTNESS) == "102"


def test_a_watchdog_that_was_killed_is_started_again_by_the_next_sign(
    device: Far, tmp_path: Path
) -> None:
    with host(device, tmp_path / "l", silence_s=600) as living:
        assert living.answer() == "ready"
        assert living.ask("take brightness 200") == "held 1"
        pid = watchdog(device)
        kill_watchdog(device)
        assert living.ask("check") == "unchanged"
        assert watchdog(device) != pid


def test_a_second_watchdog_is_refused(device: Far, tmp_path: Path) -> None:
    with host(device, tmp_path / "l", silence_s=600) as living:
        assert living.answer() == "ready"
        pid = watchdog(device)
        argv = ["sh", str(device.description.store / "watchdog.sh"), str(device.leases)]
        token = (device.leases / "holder").read_text().strip()
        done = device.transport.call([*argv, "start", token, "9", "1"], timeout_s=60)
        assert done.stdout == b"runs already\n"
        done = device.transport.call([*argv, "watch", "9", "1"], timeout_s=60)
        assert done.status == 7
        assert watchdog(device) == pid
        assert "a second watchdog was refused" in (device.leases / "log").read_text()


def test_a_watchdog_that_is_told_to_end_restores_first(device: Far, tmp_path: Path) -> None:
    with host(device, tmp_path / "l", silence_s=600) as living:
        assert living.answer() == "ready"
        assert living.ask("take brightness 200") == "held 1"
        os.kill(watchdog(device), signal.SIGTERM)
        until("brightness restored", lambda: device.state.get(BRIGHTNESS) == "102")


@pytest.mark.parametrize("forgets", [True, False])
def test_after_a_reboot_only_what_persists_is_put_back(
    device: Far,
    tmp_path: Path,
    forgets: bool,  # noqa: FBT001
) -> None:
    with host(device, tmp_path / "l", silence_s=600) as killed:
        assert killed.answer() == "ready"
        assert killed.ask("take brightness 200") == "held 1"
        assert killed.ask("take doze 0") == "held 2"
        killed.send(signal.SIGKILL)
    kill_watchdog(device)
    device.reboot("the-boot-after")
    if forgets:
        device.state.set("deviceidle/deep", "1")
        device.state.set("deviceidle/light", "1")
    doze, brightness = left_over(device, tmp_path / "l")
    assert (brightness.how, doze.how) == ("restored", "reset-by-reboot")
    assert doze.detail == ("now 1" if forgets else "now 0")
    assert device.state.get(BRIGHTNESS) == "102"


def test_a_device_whose_folder_is_gone_is_restored_from_the_hosts_book(
    device: Far, tmp_path: Path
) -> None:
    with host(device, tmp_path / "l", silence_s=600) as killed:
        assert killed.answer() == "ready"
        assert killed.ask("take brightness 200") == "held 1"
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
    with host(device, tmp_path / "lost", silence_s=600) as killed:
        assert killed.answer() == "ready"
        assert killed.ask("take brightness 200") == "held 1"
        killed.send(signal.SIGKILL)
    kill_watchdog(device)
    assert left_over(device, tmp_path / "new") == ()
    assert device.state.get(BRIGHTNESS) == "102"


def test_a_restore_that_fails_stays_in_the_book_until_it_works(
    device: Far, tmp_path: Path
) -> None:
    settings = device.place / "bin" / "settings"
    sound = settings.read_bytes()
    with host(device, tmp_path / "l", silence_s=600) as broken:
        assert broken.answer() == "ready"
        assert broken.ask("take brightness 200") == "held 1"
        settings.write_text('#!/bin/sh\n[ "$1" = get ] && echo 200; exit 5\n')
        assert broken.ask("leave").startswith("refused adb:DOUBLE0001: could not be restored")
        assert broken.process.wait() == 3
    assert (device.leases / "lease-000001.sh").exists()
    settings.write_bytes(sound)
    (outcome,) = left_over(device, tmp_path / "l")
    assert outcome.how == "restored"


def test_a_watchdog_waits_as_long_as_signs_come(device: Far, tmp_path: Path) -> None:
    with (
        Ledger(tmp_path / "l", device.transport.device) as ledger,
        leases(device.transport, device.description, ledger, Watch(PATIENCE_S, 0.1)) as held,
    ):
        held.take(CONTROLS["brightness"], "200")
        log = device.leases / "log"
        heartbeat = device.leases / "heartbeat"
        since, count = time.monotonic(), 0
        while time.monotonic() - since < PATIENCE_S + 1:
            count += 1
            heartbeat.write_text(f"agent.{count}\n")  # as an agent on the device gives it
            held.wait(0.05)
        assert len(log.read_text().splitlines()) == 1
        assert held.check() == ""


def test_ctrl_c_restores(device: Far, tmp_path: Path) -> None:
    with host(device, tmp_path / "l", silence_s=600) as stopped:
        assert stopped.answer() == "ready"
        assert stopped.ask("take brightness 200") == "held 1"
        stopped.send(signal.SIGINT)
        assert stopped.process.wait() != 0
    assert device.state.get(BRIGHTNESS) == "102"
    assert not device.leases.exists()


# One run of a host makes this many calls; one more and it lives to its end.
CALLS = 23


@pytest.mark.parametrize("fatal", range(1, CALLS + 2))
def test_a_host_killed_before_any_of_its_calls_leaves_nothing_changed(
    tmp_path: Path, fatal: int
) -> None:
    device = far(tmp_path / "device", "BusyBox ash")
    with host(device, tmp_path / "l", fatal, silence_s=600) as doomed:
        with contextlib.suppress(BrokenPipeError):
            for line in ("take brightness 200", "take doze 0", "check", "leave"):
                doomed.ask(line)
        assert doomed.process.wait() == (0 if fatal > CALLS else -signal.SIGKILL)
    left_over(device, tmp_path / "l")
    assert (device.state.get(BRIGHTNESS), device.state.get("deviceidle/deep")) == ("102", "1")
