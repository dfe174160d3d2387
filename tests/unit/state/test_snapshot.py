"""Snapshots of devices whose shells are the real ones and whose services keep state."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from host.state.missing import Missing
from host.state.sections import Section, answer, answers_of, asks, script
from host.state.snapshot import DeviceState, snapshot, to_json
from tests.fakes.machine import FILES
from tests.fakes.shells import BOOT, SHELLS, Far, far


@pytest.fixture(params=SHELLS)
def device(request: pytest.FixtureRequest, tmp_path: Path) -> Far:
    return far(tmp_path, request.param)


def code(value: object) -> str:
    assert isinstance(value, Missing), value
    return value.code


def look(device: Far) -> DeviceState:
    return snapshot(device.transport, device.description)


def test_a_phone_on_the_bench_is_seen_as_it_is(device: Far) -> None:
    device.state.set("battery/level", "40")
    device.state.set("wakefulness", "Asleep")
    device.state.set("settings/global/airplane_mode_on", "1")
    device.state.set("thermal/status", "2")
    found = look(device)
    assert found.boot_id == BOOT
    assert (found.battery.level_ratio, found.battery.plugged) == (0.4, ("usb",))
    assert (found.screen.wakefulness, found.settings.brightness) == ("Asleep", 102)
    assert found.settings.airplane is True
    assert (found.thermal.status, found.hottest_c) == (2, 41.5)
    assert found.doze.deep_enabled is True
    assert found.faked == ()


def test_faked_battery_and_thermal_status_are_noticed(device: Far) -> None:
    device.transport.call(["dumpsys", "battery", "unplug"], timeout_s=30)
    device.transport.call(["cmd", "thermalservice", "override-status", "0"], timeout_s=30)
    found = look(device)
    assert found.faked == ("battery: UPDATES STOPPED", "thermal status: overridden")
    assert code(found.battery.status) == code(found.thermal.status) == "faked"


def test_a_linux_board_is_seen_through_sysfs_alone(device: Far) -> None:
    device.sysfs(
        {name.removeprefix("sys/"): text for name, text in FILES.items() if name[:4] == "sys/"}
    )
    found = look(device)
    assert (found.kernel_battery.status, found.kernel_battery.level_ratio) == ("discharging", 0.81)
    assert isinstance(found.policies, tuple)
    assert [p.max_khz for p in found.policies] == [1804800, 2419200]
    assert found.load.throttle_events == 7
    assert isinstance(found.kernel_thermal.cooling, tuple)
    assert found.kernel_thermal.cooling[0].state == 2
    assert found.kernel_thermal.hottest_c == 47.0


def test_a_device_without_android_says_what_is_not_there(device: Far) -> None:
    for name in ("dumpsys", "settings"):
        (device.place / "bin" / name).unlink()
    found = look(device)
    assert code(found.battery.status) == code(found.settings.brightness) == "not-there"
    assert code(found.kernel_battery.status) == code(found.policies) == "not-there"
    assert found.boot_id == BOOT


def test_foreign_load_is_seen_between_two_readings(device: Far) -> None:
    readings = device.place / "readings"
    readings.write_text("0")
    zero, later = "cpu 0 0 0 0 0 0 0 0", "cpu 30 0 0 70 0 0 0 0"
    stat = (
        f'case $* in *"/stat") read -r n <{readings}; echo $((n + 1)) >{readings}; '
        f'if [ "$n" = 0 ]; then echo "{zero}"; else echo "{later}"; fi;; '
        '*) exec /usr/bin/head "$@";; esac'
    )
    device.program("head", stat)
    found = snapshot(device.transport, device.description, busy_over_s=1)
    assert found.load.busy_ratio == pytest.approx(0.3)


def test_parts_that_were_not_asked_say_so(device: Far) -> None:
    found = snapshot(device.transport, device.description, parts={"battery"})
    assert found.battery.status == "charging"
    assert code(found.screen.wakefulness) == code(found.load.ticks) == "not-asked"


HOSTILE: dict[str, str] = {
    "endless text": "while :; do echo '  status: 3'; done",
    "binary noise": "head -c 100000 /dev/urandom",
    "terminal escapes": "printf 'Current Battery Service state:\\n  status: \\033[2J\\n'",
    "one endless line": "head -c 900000 /dev/zero",
    "nothing at all": "exit 0",
    "a failure": "echo broken >&2; exit 3",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_service_that_lies_spoils_its_own_facts_alone(device: Far, text: str) -> None:
    services = device.place / "services"
    services.mkdir()
    device.program("dumpsys", text)
    found = look(device)
    assert isinstance(found.battery.status, Missing)
    assert isinstance(found.thermal.status, Missing)
    assert found.settings.brightness == 102
    assert len(json.dumps(to_json(found))) < 20_000
    assert "\x1b" not in json.dumps(to_json(found), ensure_ascii=False)


def test_a_snapshot_is_json_with_a_reason_for_each_gap(device: Far) -> None:
    found = to_json(look(device))

    def gaps(value: object) -> int:
        if isinstance(value, dict):
            if set(value) == {"missing", "detail"}:
                assert value["missing"]
                return 1
            return sum(map(gaps, value.values()))
        assert value is not None
        return sum(map(gaps, value)) if isinstance(value, list) else 0

    assert gaps(found) > 10
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_a_command_that_hangs_is_left_and_the_next_one_asked(device: Far) -> None:
    sections = [Section("stuck", asks(["sleep", "600"])), Section("next", asks(["echo", "on"]))]
    asked = script(sections, "mark", command_s=1)
    done = device.transport.call(["sh", "-c", asked], timeout_s=60)
    found = answers_of(done.stdout, "mark")
    assert code(answer(found, "stuck")) == "no-answer"
    assert answer(found, "next") == b"on\n"
