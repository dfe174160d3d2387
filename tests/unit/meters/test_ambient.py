from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.meters.ds18b20 import open_ds18b20
from collectors.meters.protocol import MeterError
from collectors.meters.sht_text import open_sht_text
from collectors.reading import Gap, Quantity, Reading
from tests.fakes.clock import SteppingClock
from tests.fakes.meters.far_lines import far_end

GOOD = "4b 46 7f ff 0c 10 1c : crc=1c YES\n4b 46 7f ff 0c 10 1c t=-4312\n"


def sensor(sys: Path, number: int, files: dict[str, str]) -> Path:
    folder = sys / "bus/w1/devices" / f"28-{number:012x}"
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def told(entries: tuple[Reading | Gap, ...]) -> list[float | str]:
    return [e.value if isinstance(e, Reading) else e.reason.split(":")[0] for e in entries]


def test_ds18b20_of_new_and_old_kernels_are_read_side_by_side(tmp_path: Path) -> None:
    sensor(tmp_path, 1, {"temperature": "23125\n", "w1_slave": GOOD})
    sensor(tmp_path, 2, {"w1_slave": GOOD})
    (tmp_path / "bus/w1/devices/10-000000000001").mkdir()
    meter = open_ds18b20(tmp_path, SteppingClock())
    assert told(meter.read(timeout_s=5)) == [23125, -4312]
    assert [c.name for c in meter.describe()] == [
        "ds18b20.28-000000000001.temperature",
        "ds18b20.28-000000000002.temperature",
    ]
    assert {(c.quantity, c.tier) for c in meter.describe()} == {(Quantity.TEMPERATURE, "")}
    meter.close()
    meter.close()


def test_a_sensor_that_says_nothing_of_the_air_leaves_a_gap_with_its_reason(
    tmp_path: Path,
) -> None:
    sensor(tmp_path, 1, {"temperature": "85000\n"})
    sensor(tmp_path, 2, {"w1_slave": GOOD.replace("YES", "NO")})
    sensor(tmp_path, 3, {"temperature": "soup\n"})
    sensor(tmp_path, 4, {"temperature": "-99999\n"})
    sensor(tmp_path, 5, {"temperature": ""})
    meter = open_ds18b20(tmp_path, SteppingClock())
    wanted = ["power-on-value", "bad-checksum", "not-a-number", "overrange", "empty"]
    assert told(meter.read(timeout_s=5)) == wanted
    meter.close()


def test_a_machine_without_sensors_says_what_would_fix_it(tmp_path: Path) -> None:
    with pytest.raises(MeterError, match="wire one"):
        open_ds18b20(tmp_path, SteppingClock())


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (b"23.41,45.2\r\n", [23.41, 45.2]),
        (b"1.0,1.0\nT=-3.5 RH=99\n12.", [-3.5, 99.0]),
        (b"T: 23.41 C, RH: 45.2 %\n", [23.41, 45.2]),
        (b"sensor error\n", ["not-a-number"] * 2),
        (b"nan,nan\n", ["not-a-number"] * 2),
        (b"200.0,101\n", ["overrange"] * 2),
        (b"23.41,45.2", ["not-answered"] * 2),
    ],
)
def test_the_newest_whole_line_of_a_bridge_counts(text: bytes, wanted: list[float | str]) -> None:
    with far_end(lambda _: [text]) as line:
        meter = open_sht_text(line, SteppingClock())
        line.send(b"x")
        found = told(meter.read(timeout_s=0.2))
    assert found == wanted


@given(st.binary(min_size=1, max_size=200))
def test_no_bytes_make_a_bridge_fail(noise: bytes) -> None:
    with far_end(lambda _: [noise + b"\n"]) as line:
        meter = open_sht_text(line, SteppingClock())
        line.send(b"x")
        assert len(meter.read(timeout_s=5)) == 2
