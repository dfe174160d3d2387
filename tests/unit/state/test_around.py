from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from host.handover.plan import GatePlan
from host.state.around import Around
from host.state.controls import ANDROID
from host.state.heart import Heart
from host.state.keeper import Keeper
from host.state.lease import Leases, Watch, leases
from host.state.ledger import Ledger
from host.transport.base import Transport
from tests.fakes.clock import SteppingClock
from tests.fakes.shells import Far, far, until

CONTROLS = {control.id: control for control in ANDROID}
S = 1_000_000_000


@pytest.fixture
def device(tmp_path: Path) -> Far:
    made = far(tmp_path / "device", "mksh with toybox")
    made.state.set("battery/usb", "0")
    made.state.set("battery/status", "3")
    return made


@pytest.fixture
def held(device: Far, tmp_path: Path) -> Iterator[Leases]:
    with (
        Ledger(tmp_path / "ledgers", device.transport.device) as ledger,
        leases(device.transport, device.description, ledger, Watch(600, 0.2)) as made,
    ):
        made.take(CONTROLS["brightness"], "200")
        yield made


class Run:
    """Surroundings of a run, and all that they stored."""

    def __init__(self, device: Far, held: Leases | None = None, **limits: Any) -> None:  # noqa: ANN401
        self.stored: dict[tuple[int | None, str], Any] = {}
        self.told: list[str] = []
        self.around = Around(
            device.transport,
            device.description,
            GatePlan(timeout_s=10.0, **limits),
            SteppingClock(step_ns=4 * S),
            lambda number, name, value: self.stored.update({(number, name): value}),
            held,
            wait=lambda _: None,
        )

    def before(self, number: int = 1) -> str:
        return self.around.before(number, self.told.append)


def test_a_quiet_attempt_is_kept_with_both_states(device: Far, held: Leases) -> None:
    run = Run(device, held, forbid_charging=True, max_thermal_status=0, forbid_throttle=True)
    assert run.around.begin().battery.status == "discharging"
    assert run.before() == ""
    assert run.around.after(1) == ""
    run.around.end()
    run.around.tell_controls()
    assert set(run.stored) == {
        (None, "state-before"),
        (1, "state"),
        (None, "state-after"),
        (None, "controls"),
    }
    one = run.stored[1, "state"]
    assert one["before"]["battery"]["status"] == one["after"]["battery"]["status"]
    assert (one["gate"]["looks"], one["reason"]) == (1, "")


@pytest.mark.parametrize(
    ("file", "value", "words"),
    [
        ("battery/usb", "1", "charged: the battery is discharging"),
        ("thermal/status", "2", "throttle: thermal status none -> moderate"),
        (
            "thermal/cooling",
            "CoolingDevice{mValue=2, mType=2, mName=thermal-cpufreq-0}",
            "state 2",
        ),
        ("battery/level.fake", "85", "state-faked: battery: UPDATES STOPPED"),
        ("thermal/status.fake", "0", "state-faked: thermal status: overridden"),
        ("settings/system/screen_brightness", "9", "control-changed: brightness 200 -> 9"),
    ],
)
def test_what_changed_during_an_attempt_voids_it(
    device: Far, held: Leases, file: str, value: str, words: str
) -> None:
    run = Run(device, held, forbid_charging=True, max_thermal_status=6, forbid_throttle=True)
    assert run.before() == ""
    device.state.set(file, value)
    found = run.around.after(1)
    assert words in found
    assert run.stored[1, "state"]["reason"] == found


def test_a_gate_that_stays_shut_voids_the_attempt_and_says_why_meanwhile(device: Far) -> None:
    device.state.set("battery/temperature", "412")
    run = Run(device, max_battery_temperature_c=33.0)
    assert run.before().startswith("gate-timeout: battery 41.2 °C, must be at most 33.0 °C")
    assert run.told[0] == "battery 41.2 °C, must be at most 33.0 °C"
    assert run.stored[1, "state"]["after"] is None


def test_a_state_that_was_faked_before_the_attempt_voids_it(device: Far) -> None:
    device.state.set("thermal/status.fake", "0")
    run = Run(device, forbid_throttle=True)
    assert run.before() == "state-faked: thermal status: overridden"


def test_without_gates_nothing_is_waited_for_and_nothing_voids(device: Far) -> None:
    device.state.set("battery/level.fake", "85")
    run = Run(device)
    assert run.before() == ""
    device.state.set("thermal/status", "3")
    assert run.around.after(1) == ""
    assert run.stored[1, "state"]["after"]["thermal"]["status"] == 3


def test_the_second_attempt_waits_until_the_device_is_as_cool_as_before_the_first(
    device: Far,
) -> None:
    run = Run(device, cooldown_above_start_k=1.0)
    assert run.before(1) == ""
    hot = "Temperature{mValue=55.0, mType=0, mName=CPU0, mStatus=0}"
    device.state.set("thermal/temperatures", hot)
    assert "cooling down: hottest sensor 55.0 °C, must be at most 42.5 °C" in run.before(2)


def test_a_heart_keeps_the_lease_alive_from_a_thread_of_its_own(
    device: Far, tmp_path: Path
) -> None:
    with (
        Ledger(tmp_path / "ledgers", device.transport.device) as ledger,
        leases(device.transport, device.description, ledger, Watch(600, 0.2)) as made,
    ):
        made.take(CONTROLS["brightness"], "200")
        heartbeat = device.leases / "heartbeat"
        first = heartbeat.read_text()

        def keeper(way: Transport) -> Keeper:
            return Keeper(way, device.description, made.token)

        with Heart(lambda: device.transport, keeper, 0.05) as heart:
            until("two signs", lambda: heartbeat.read_text().strip()[-2:] == ".2")
            assert heart.lost == ""
            (device.leases / "over").touch()
            until("the loss is noticed", lambda: heart.lost != "")
        assert heartbeat.read_text() != first
        (device.leases / "over").unlink()


def test_a_heart_outlives_a_link_that_is_cut(device: Far) -> None:
    def keeper(way: Transport) -> Keeper:
        return Keeper(way, device.description, "nobody")

    # No watchdog is there, so every call fails.
    with Heart(lambda: device.transport, keeper, 0.01) as heart:
        until("beats are missed", lambda: heart.missed > 2)
        assert heart.lost == ""
