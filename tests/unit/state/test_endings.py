"""Endings that no program sees coming: somebody is killed, stopped, or loses power."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from host.state.controls import ANDROID
from host.state.lease import Watch, leases
from host.state.ledger import Ledger
from tests.fakes.hosts import end_watchdog, holding, host, kill_watchdog, left_over, watchdog
from tests.fakes.shells import SHELLS, Far, far, until

# Of the watchdog. A call of a host takes part of a second, on a busy machine several.
PATIENCE_S = 4
BRIGHTNESS = "settings/system/screen_brightness"
CONTROLS = {control.id: control for control in ANDROID}


@pytest.fixture(params=SHELLS)
def device(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Far]:
    made = far(tmp_path / "device", request.param)
    yield made
    end_watchdog(made)


def test_a_host_that_is_killed_has_its_settings_restored_by_the_device(
    device: Far, tmp_path: Path
) -> None:
    with holding(device, tmp_path / "l", silence_s=PATIENCE_S) as killed:
        assert killed.ask("take doze 0") == "held 2"
        killed.send(signal.SIGKILL)
        until("brightness restored", lambda: device.state.get(BRIGHTNESS) == "102")
        until("doze restored", lambda: device.state.get("deviceidle/deep") == "1")
    until("the watchdog ends", lambda: not (device.leases / "watching").exists())
    log = (device.leases / "log").read_text()
    assert log.index("restored 000002.sh") < log.index("restored 000001.sh")
    assert [o.how for o in left_over(device, tmp_path / "l")] == ["was-restored"] * 2


def test_a_host_that_was_stopped_too_long_finds_its_lease_lost_and_touches_nothing(
    device: Far, tmp_path: Path
) -> None:
    with holding(device, tmp_path / "l", silence_s=PATIENCE_S) as asleep:
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
    with holding(device, tmp_path / "l", silence_s=PATIENCE_S) as living:
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
    with holding(device, tmp_path / "l", silence_s=600) as living:
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
    with holding(device, tmp_path / "l", silence_s=600):
        os.kill(watchdog(device), signal.SIGTERM)
        until("brightness restored", lambda: device.state.get(BRIGHTNESS) == "102")


@pytest.mark.parametrize("forgets", [True, False])
def test_after_a_reboot_only_what_persists_is_put_back(
    device: Far,
    tmp_path: Path,
    forgets: bool,  # noqa: FBT001
) -> None:
    with holding(device, tmp_path / "l", silence_s=600) as killed:
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
