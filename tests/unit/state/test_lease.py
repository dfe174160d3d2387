"""Leases of a device whose shell is the real one, held and given back in good order."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from host.state.controls import ANDROID
from host.state.lease import Watch, leases, still_held
from host.state.ledger import Ledger
from host.state.left_over import restore_left_over
from tests.fakes.shells import SHELLS, Far, far

CONTROLS = {control.id: control for control in ANDROID}
BRIGHTNESS = "settings/system/screen_brightness"
# Longer than any test: here the host is never silent.
PATIENT = Watch(silence_s=600, poll_s=0.2)


@pytest.fixture(params=SHELLS)
def device(request: pytest.FixtureRequest, tmp_path: Path) -> Far:
    return far(tmp_path / "device", request.param)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / "ledgers", "adb:DOUBLE0001") as made:
        yield made


def test_settings_are_as_they_were_set_and_afterwards_as_they_were(
    device: Far, ledger: Ledger
) -> None:
    wanted = {
        "brightness": ("200", BRIGHTNESS),
        "brightness_mode": ("0", "settings/system/screen_brightness_mode"),
        "stay_on": ("15", "settings/global/stay_on_while_plugged_in"),
        "screen": ("Asleep", "wakefulness"),
        "doze": ("0", "deviceidle/deep"),
    }
    before = {name: device.state.get(file) for name, (_, file) in wanted.items()}
    with leases(device.transport, device.description, ledger, PATIENT) as held:
        for name, (value, file) in wanted.items():
            held.take(CONTROLS[name], value)
            assert device.state.get(file) == value
        assert held.check() == ""
    assert {name: device.state.get(file) for name, (_, file) in wanted.items()} == before
    assert [o.how for o in held.outcomes] == ["restored"] * len(wanted)
    assert [o.held.control.id for o in held.outcomes] == list(wanted)[::-1]
    assert ledger.held == ()
    assert not device.leases.exists()


def test_airplane_mode_is_restored_over_a_cable(device: Far, ledger: Ledger) -> None:
    with leases(device.transport, device.description, ledger, PATIENT) as held:
        held.take(CONTROLS["airplane"], "enabled")
        assert device.state.get("settings/global/airplane_mode_on") == "1"
    assert device.state.get("settings/global/airplane_mode_on") == "0"


def test_a_setting_that_was_not_set_is_unset_again(device: Far, ledger: Ledger) -> None:
    (device.place / "phone" / BRIGHTNESS).unlink()
    with leases(device.transport, device.description, ledger, PATIENT) as held:
        held.take(CONTROLS["brightness"], "7")
        assert device.state.get(BRIGHTNESS) == "7"
    assert not (device.place / "phone" / BRIGHTNESS).exists()


def test_an_error_in_the_middle_restores_and_stays_the_error(device: Far, ledger: Ledger) -> None:
    def interrupted() -> None:
        with leases(device.transport, device.description, ledger, PATIENT) as held:
            held.take(CONTROLS["brightness"], "200")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert device.state.get(BRIGHTNESS) == "102"
    assert ledger.held == ()


def test_what_somebody_else_changed_is_named_and_restored_all_the_same(
    device: Far, ledger: Ledger
) -> None:
    with leases(device.transport, device.description, ledger, PATIENT) as held:
        held.take(CONTROLS["brightness"], "200")
        device.state.set(BRIGHTNESS, "33")
        assert held.check() == "control-changed: brightness 200 -> 33"
    assert device.state.get(BRIGHTNESS) == "102"
    assert held.outcomes[0].detail == "found 33"


def test_a_device_that_started_anew_is_noticed(device: Far, ledger: Ledger) -> None:
    with leases(device.transport, device.description, ledger, PATIENT) as held:
        held.take(CONTROLS["brightness"], "200")
        device.reboot("another-boot")
        assert held.check() == "device-rebooted: boot another-boot"


def test_the_story_tells_what_was_taken_and_how_it_ended(device: Far, ledger: Ledger) -> None:
    with leases(device.transport, device.description, ledger, PATIENT) as held:
        held.take(CONTROLS["brightness"], "200")
    assert [(s["event"], s["control"], s["old"], s["new"]) for s in held.story] == [
        ("taken", "brightness", "102", "200"),
        ("restored", "brightness", "102", "200"),
    ]


def test_a_value_that_is_set_already_is_watched_and_left(device: Far, ledger: Ledger) -> None:
    with leases(device.transport, device.description, ledger, PATIENT) as held:
        held.take(CONTROLS["brightness"], "102")
        device.state.set(BRIGHTNESS, "50")
        assert held.check() == "control-changed: brightness 102 -> 50"
    assert device.state.get(BRIGHTNESS) == "102"


def test_a_run_that_detaches_leaves_its_settings_to_the_next_start(
    device: Far, ledger: Ledger
) -> None:
    with leases(device.transport, device.description, ledger, PATIENT) as held:
        held.take(CONTROLS["brightness"], "200")
        held.detach()
    assert device.state.get(BRIGHTNESS) == "200"
    assert still_held(device.transport, device.description, ledger.held) == ""
    device.state.set(BRIGHTNESS, "7")
    found = still_held(device.transport, device.description, ledger.held)
    assert found == "control-changed: brightness 200 -> 7"
    (outcome,) = restore_left_over(device.transport, device.description, ledger)
    assert (outcome.how, device.state.get(BRIGHTNESS)) == ("restored", "102")
    assert not device.leases.exists()


def test_a_reboot_that_takes_our_folder_with_it_still_restores_what_persists(
    device: Far, ledger: Ledger
) -> None:
    with leases(device.transport, device.description, ledger, PATIENT) as held:
        held.take(CONTROLS["brightness"], "200")
        held.take(CONTROLS["doze"], "0")
        held.beat()
        os.kill(int((device.leases / "watching/pid").read_text().split()[0]), signal.SIGKILL)
        device.reboot("another-boot")
        shutil.rmtree(device.place / "store")
    assert [o.how for o in held.outcomes] == ["reset-by-reboot", "restored"]
    assert device.state.get(BRIGHTNESS) == "102"
    assert ledger.held == ()


def test_a_service_that_answers_before_it_has_done_it_is_waited_for(
    device: Far, ledger: Ledger
) -> None:
    done = "case $2 in 223) echo Asleep ;; *) echo Awake ;; esac >$PHONE_STATE/wakefulness"
    device.program("input", f"{{ sleep 1; {done}; }} >/dev/null 2>&1 &")
    with leases(device.transport, device.description, ledger, PATIENT) as held:
        held.take(CONTROLS["screen"], "Asleep")
        assert device.state.get("wakefulness") == "Asleep"
    assert device.state.get("wakefulness") == "Awake"
