"""Leases of a device whose shell is the real one, refused, or of nodes that need root."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from host.errors import ControlError
from host.state.control import Control
from host.state.controls import ANDROID, built_in, governors, node
from host.state.description import Description
from host.state.lease import Leases, Watch, leases
from host.state.ledger import Ledger
from host.state.missing import Missing
from host.state.snapshot import DeviceState, snapshot
from tests.fakes.shells import SHELLS, Far, at, far

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


@pytest.mark.parametrize("name", ["adb:192.0.2.7:5555", "adb:adb-X1-y._adb-tls-connect._tcp"])
def test_airplane_mode_is_refused_where_it_would_cut_our_own_link(
    device: Far, ledger: Ledger, name: str
) -> None:
    wireless = at(device.place, name)
    with (
        leases(wireless.transport, wireless.description, ledger, PATIENT) as held,
        pytest.raises(ControlError, match="would cut the network link"),
    ):
        held.take(CONTROLS["airplane"], "enabled")
    assert device.state.get("settings/global/airplane_mode_on") == "0"


def test_a_set_that_does_not_read_back_is_refused(device: Far, ledger: Ledger) -> None:
    lies = 'if [ "$1" = get ]; then echo 102; else echo Done; fi'
    device.program("settings", lies)
    with (
        leases(device.transport, device.description, ledger, PATIENT, lambda _: None) as held,
        pytest.raises(ControlError, match="set to 200 and reads back 102"),
    ):
        held.take(CONTROLS["brightness"], "200")
    assert ledger.held == ()


@pytest.mark.parametrize(
    "said", ["", "a b", "$(reboot)", "102; reboot", "'", "-rf", "\\033[2J", "null null"]
)
def test_an_old_value_that_could_not_be_put_back_is_never_changed(
    device: Far, ledger: Ledger, said: str
) -> None:
    touched = device.place / "touched"
    lies = f'if [ "$1" = get ]; then printf "{said}\\n"; else echo >{touched}; fi'
    device.program("settings", lies.replace("$(", "\\$("))
    with (
        leases(device.transport, device.description, ledger, PATIENT) as held,
        pytest.raises(ControlError, match="cannot be read"),
    ):
        held.take(CONTROLS["brightness"], "200")
    assert not touched.exists()


@pytest.mark.parametrize("value", ["", "a b", "-1 x", "$(reboot)", "'", "x" * 300])
def test_a_value_that_is_no_word_is_refused(device: Far, ledger: Ledger, value: str) -> None:
    with (
        leases(device.transport, device.description, ledger, PATIENT) as held,
        pytest.raises(ControlError, match=r"not-understood"),
    ):
        held.take(CONTROLS["brightness"], value)
    assert device.state.get(BRIGHTNESS) == "102"


def test_a_mode_that_cannot_be_read_back_is_not_set(device: Far, ledger: Ledger) -> None:
    with (
        leases(device.transport, device.description, ledger, PATIENT) as held,
        pytest.raises(ControlError, match="fixed_performance cannot be read"),
    ):
        held.take(CONTROLS["fixed_performance"], "true")
    assert device.state.get("fixed_performance") == "false"


def test_one_control_is_held_once(device: Far, ledger: Ledger) -> None:
    with leases(device.transport, device.description, ledger, PATIENT) as held:
        held.take(CONTROLS["brightness"], "200")
        with pytest.raises(ControlError, match="held already"):
            held.take(CONTROLS["brightness"], "100")
    assert device.state.get(BRIGHTNESS) == "102"


GOVERNORS = {
    "devices/system/cpu/cpufreq/policy0/scaling_governor": "schedutil\n",
    "devices/system/cpu/cpufreq/policy0/scaling_available_governors": "performance schedutil\n",
}


def governor(device: Far, description: Description) -> Control:
    (found,) = governors(snapshot(device.transport, description), description)
    return found


def test_a_governor_is_set_for_its_policy_and_restored(device: Far, ledger: Ledger) -> None:
    device.sysfs(GOVERNORS)
    path = device.place / "sys" / next(iter(GOVERNORS))
    with leases(device.transport, device.description, ledger, PATIENT) as held:
        held.take(governor(device, device.description), "performance")
        assert path.read_text() == "performance\n"
    assert path.read_text() == "schedutil\n"


def test_a_governor_that_the_policy_does_not_offer_is_refused(device: Far, ledger: Ledger) -> None:
    device.sysfs(GOVERNORS)
    with (
        leases(device.transport, device.description, ledger, PATIENT) as held,
        pytest.raises(ControlError, match="known are performance, schedutil"),
    ):
        held.take(governor(device, device.description), "turbo")


def test_what_needs_root_is_refused_without_it(device: Far, ledger: Ledger) -> None:
    device.sysfs(GOVERNORS)
    rootless = replace(device.description, root=None)
    with (
        leases(device.transport, rootless, ledger, PATIENT) as held,
        pytest.raises(ControlError, match="needs root"),
    ):
        held.take(governor(device, rootless), "performance")


def test_a_prefix_for_root_stands_before_every_command(device: Far, ledger: Ledger) -> None:
    device.program("su", f'echo "$@" >>{device.place}/su.log; shift; exec "$@"')
    device.sysfs({"switch": "1\n"})
    rooted = replace(device.description, root=("su", "0"))
    path = device.place / "sys" / "switch"
    with leases(device.transport, rooted, ledger, PATIENT) as held:
        held.take(node("charging", str(path), "test"), "0")
        assert path.read_text() == "0\n"
    assert path.read_text() == "1\n"
    assert len((device.place / "su.log").read_text().splitlines()) >= 4


def test_every_control_that_is_built_in_is_sound(device: Far) -> None:
    from host.state.control import check

    found = built_in(DeviceState(), device.description)
    assert len(found) >= 11
    assert [why for control in found.values() if (why := check(control))] == []
    assert not any(isinstance(c, Missing) for c in found.values())


def test_a_second_host_with_another_book_is_refused_and_told_who_holds(
    device: Far, ledger: Ledger, tmp_path: Path
) -> None:
    def second() -> Leases:
        with (
            Ledger(tmp_path / "elsewhere", device.transport.device) as other,
            leases(device.transport, device.description, other, PATIENT) as held,
        ):
            return held

    with leases(device.transport, device.description, ledger, PATIENT) as held:
        held.take(CONTROLS["brightness"], "200")
        with pytest.raises(ControlError, match=f"held by {held.token} .1 changed"):
            second()
        assert held.check() == ""
    assert device.state.get(BRIGHTNESS) == "102"
    second()


def test_a_second_run_on_the_same_host_is_refused(ledger: Ledger, tmp_path: Path) -> None:
    with pytest.raises(ControlError, match="another run on this host"):
        Ledger(tmp_path / "ledgers", ledger.device)


def test_a_charging_node_is_switched_and_restored(device: Far, ledger: Ledger) -> None:
    device.sysfs({"class/power_supply/battery/battery_charging_enabled": "1\n"})
    node_file = device.place / "sys/class/power_supply/battery/battery_charging_enabled"
    control = built_in(DeviceState(), device.description)["charging.battery_charging_enabled"]
    with leases(device.transport, device.description, ledger, PATIENT) as held:
        held.take(control, "0")
        assert node_file.read_text() == "0\n"
    assert node_file.read_text() == "1\n"
