from __future__ import annotations

from pathlib import Path

import pytest

from host.state.gauge_read import read_current
from host.state.missing import Missing
from tests.fakes.shells import SHELLS, Far, far


@pytest.fixture(params=SHELLS)
def device(request: pytest.FixtureRequest, tmp_path: Path) -> Far:
    return far(tmp_path, request.param)


def supplies(current: str) -> dict[str, str]:
    folder = "class/power_supply"
    return {
        f"{folder}/ac/type": "Mains\n",
        f"{folder}/ac/current_now": "99\n",
        f"{folder}/battery/type": "Battery\n",
        f"{folder}/battery/current_now": current,
    }


def test_the_batterys_current_is_read_as_often_as_asked(device: Far) -> None:
    device.sysfs(supplies("-640000\n"))
    assert read_current(device.transport, device.description, 2) == (-640000, -640000)


@pytest.mark.parametrize("said", ["\n", "much\n", "99999999999\n", "\x1b[2J\n"])
def test_what_is_no_number_is_no_reading(device: Far, said: str) -> None:
    device.sysfs(supplies(said))
    found = read_current(device.transport, device.description, 1)
    assert isinstance(found, Missing)
    assert found.code == "not-readable"


def test_a_device_without_a_gauge_says_so(device: Far) -> None:
    found = read_current(device.transport, device.description, 1)
    assert isinstance(found, Missing)
    assert found.code == "not-there"


@pytest.mark.parametrize("count", [0, -1, 601])
def test_an_impossible_count_is_refused(device: Far, count: int) -> None:
    with pytest.raises(ValueError, match="1 to 600"):
        read_current(device.transport, device.description, count)
