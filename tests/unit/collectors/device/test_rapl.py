"""RAPL energy counters."""

from __future__ import annotations

from pathlib import Path

from collectors.device.rapl import FIX, open_rapl
from collectors.reading import Kind, Quantity, Unit
from tests.fakes.machine import POWERCAP, machine, scope_of
from tests.fakes.readings import channels_of, collector_of, read_values
from tests.fakes.tree import tree


def zone(name: str, label: str, energy_uj: str = "1\n", most_uj: str = "1000\n") -> dict[str, str]:
    folder = f"{POWERCAP}/{name}"
    return {
        f"{folder}/name": f"{label}\n",
        f"{folder}/energy_uj": energy_uj,
        f"{folder}/max_energy_range_uj": most_uj,
    }


def test_a_zone_is_a_counter_of_tier_b_that_says_where_it_wraps(tmp_path: Path) -> None:
    collector = collector_of(open_rapl(machine(tmp_path)))
    assert read_values(collector) == {
        "rapl.package-0.energy": 99000,
        "rapl.package-0.dram.energy": 5000,
    }
    package = channels_of(collector)["rapl.package-0.energy"]
    assert (package.unit, package.kind) == (Unit.MICROJOULE, Kind.COUNTER)
    assert (package.quantity, package.tier) == (Quantity.ENERGY, "B")
    assert package.wraps_at == 262143328850
    assert (package.resolution, collector.max_hz) == (61.0, None)
    assert channels_of(collector)["rapl.package-0.dram.energy"].resolution == 15.3
    collector.close()


def test_the_parts_of_two_packages_have_different_names(tmp_path: Path) -> None:
    files = (
        zone("intel-rapl:0", "package-0")
        | zone("intel-rapl:0:0", "core")
        | zone("intel-rapl:1", "package-1")
        | zone("intel-rapl:1:0", "core")
        | zone("intel-rapl:10", "psys")
        | zone("intel-rapl:2", "package-2")
        | zone("intel-rapl-mmio:0", "package-0")
    )
    collector = collector_of(open_rapl(scope_of(tree(tmp_path, files))))
    assert list(channels_of(collector)) == [
        "rapl.package-0.energy",
        "rapl.package-0.core.energy",
        "rapl.package-1.energy",
        "rapl.package-1.core.energy",
        "rapl.package-2.energy",
        "rapl.psys.energy",
        "rapl-mmio.package-0.energy",
    ]
    collector.close()


def test_packages_of_one_name_are_told_apart(tmp_path: Path) -> None:
    files = zone("intel-rapl:0", "package-0") | zone("intel-rapl:1", "package-0", "2\n")
    collector = collector_of(open_rapl(scope_of(tree(tmp_path, files))))
    assert read_values(collector) == {"rapl.package-0.energy": 1, "rapl.package-0-2.energy": 2}
    collector.close()


def test_an_unknown_range_is_not_guessed(tmp_path: Path) -> None:
    files = zone("intel-rapl:0", "package-0", most_uj="\n")
    collector = collector_of(open_rapl(scope_of(tree(tmp_path, files))))
    assert collector.describe()[0].wraps_at is None
    collector.close()


def test_a_counter_is_given_as_it_is_when_it_wraps(tmp_path: Path) -> None:
    collector = collector_of(open_rapl(machine(tmp_path)))
    (tmp_path / POWERCAP / "intel-rapl:0/energy_uj").write_text("17\n")
    assert read_values(collector)["rapl.package-0.energy"] == 17
    collector.close()


def test_a_zone_that_may_not_be_read_is_absent_with_the_udev_rule(tmp_path: Path) -> None:
    scope = machine(tmp_path)
    path = tmp_path / POWERCAP / "intel-rapl:0/energy_uj"
    path.unlink()
    path.symlink_to(path)  # there, and cannot be opened, also not by root
    opened = open_rapl(scope)
    (absent,) = opened.absent
    assert (absent.kind, absent.source) == ("rapl", str(path))
    assert absent.reason == "not-readable: ELOOP"
    assert absent.fix == FIX
    assert 'SUBSYSTEM=="powercap"' in FIX
    assert list(channels_of(collector_of(opened))) == ["rapl.package-0.dram.energy"]
    collector_of(opened).close()


def test_control_types_and_zones_without_energy_are_no_sources(tmp_path: Path) -> None:
    files = {
        f"{POWERCAP}/intel-rapl/enabled": "1\n",
        f"{POWERCAP}/dtpm:0/power_uw": "5\n",
        f"{POWERCAP}/intel-rapl/energy_uj": "5\n",
    }
    opened = open_rapl(scope_of(tree(tmp_path, files)))
    assert opened.collector is None
    assert opened.absent[0].reason == "not-present: no powercap zone with an energy counter"
