"""Rail energies of Pixel phones."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from collectors.device.odpm import lines_of, open_odpm, values_of
from collectors.protocol import Scope
from collectors.reading import Gap, Kind, Missing, Quantity, Unit
from tests.fakes.clock import SteppingClock
from tests.fakes.machine import machine, scope_of
from tests.fakes.readings import channels_of, collector_of, read_values
from tests.fakes.tree import tree

DEVICE = "sys/bus/iio/devices/iio:device0"


def test_one_read_gives_the_own_stamp_and_every_rail_in_uws(tmp_path: Path) -> None:
    collector = collector_of(open_odpm(machine(tmp_path)))
    found = read_values(collector)
    assert found["odpm.s2mpg10-odpm.stamp"] == 251_237
    assert found["odpm.s10m_vdd_tpu.energy"] == 23_416_810
    assert found["odpm.vsys_pwr_rffe.energy"] == 0
    assert len(found) == 9
    collector.close()


def test_rails_are_counters_of_tier_b_named_with_their_subsystem(tmp_path: Path) -> None:
    collector = collector_of(open_odpm(machine(tmp_path)))
    big = channels_of(collector)["odpm.s2m_vdd_cpucl2.energy"]
    assert (big.unit, big.kind, big.quantity) == (Unit.MICROJOULE, Kind.COUNTER, Quantity.ENERGY)
    assert (big.tier, big.wraps_at) == ("B", None)
    assert big.note.startswith("cpu-big;")
    collector.close()


def test_the_own_stamp_is_used_only_where_the_agent_stamps_by_the_same_clock(
    tmp_path: Path,
) -> None:
    machine(tmp_path)
    for domain, stamp in (("boottime@b", "odpm.s2mpg10-odpm.stamp"), ("monotonic_raw@b", "")):
        scope = Scope(SteppingClock(domain=domain), tmp_path / "proc", tmp_path / "sys")
        collector = collector_of(open_odpm(scope))
        assert channels_of(collector)["odpm.s10m_vdd_tpu.energy"].stamped_by == stamp
        collector.close()


def test_a_counter_that_began_again_is_missing_from_then_on(tmp_path: Path) -> None:
    collector = collector_of(open_odpm(machine(tmp_path)))
    text = (
        "t=260000\nCH0(T=8763)[S10M_VDD_TPU], 99999999\nCH1(T=260000)[VSYS_PWR_MODEM], 11090000\n"
    )
    tree(tmp_path, {f"{DEVICE}/energy_value": text})
    found = {one.channel: one for one in collector.read()}
    tpu = found["odpm.s10m_vdd_tpu.energy"]
    assert isinstance(tpu, Gap)
    assert tpu.reason.startswith("counter-reset:")
    assert read_values(collector)["odpm.vsys_pwr_modem.energy"] == 11_090_000
    gone = found["odpm.s1m_vdd_mif.energy"]
    assert isinstance(gone, Gap)
    assert gone.reason.startswith("no-such-field")
    collector.close()


def test_a_channel_that_counts_another_rail_is_no_reading_of_the_first() -> None:
    start = {0: (b"S10M_VDD_TPU", 0)}
    _, value = values_of(start, b"t=1000\nCH0(T=1000)[S11M_OTHER], 5\n")
    assert value == Missing("rail-swapped: it counts 'S11M_OTHER' now")


def test_two_pmics_with_a_rail_of_one_name_are_two_channels(tmp_path: Path) -> None:
    text = "t=1000\nCH0(T=1000)[VSYS], {}\n"
    files = {
        f"sys/bus/iio/devices/iio:device{n}/energy_value": text.format(n + 7) for n in range(2)
    }
    collector = collector_of(open_odpm(scope_of(tree(tmp_path, files))))
    found = read_values(collector)
    assert (found["odpm.vsys.energy"], found["odpm.vsys-2.energy"]) == (7, 8)
    collector.close()


def test_a_file_that_names_no_rail_is_absent_with_its_reason(tmp_path: Path) -> None:
    opened = open_odpm(scope_of(tree(tmp_path, {f"{DEVICE}/energy_value": "t=77\n"})))
    assert opened.collector is None
    assert opened.absent[0].reason == "not-readable: EIO"
    assert "root" in opened.absent[0].fix


@given(st.binary(max_size=4096))
def test_any_bytes_give_one_value_per_channel_and_no_error(data: bytes) -> None:
    start = {0: (b"A", 0), 3: (b"B", 5)}
    assert len(values_of(start, data)) == 3
    lines_of(data)
