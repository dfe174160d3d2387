"""A Raspberry Pi's power chip, asked through a program that stands in for vcgencmd."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectors.device.pmic import open_pmic, rails_of
from collectors.reading import Kind, Quantity, Unit
from tests.fakes.machine import machine, says, scope_of
from tests.fakes.readings import channels_of, collector_of, read_values
from tests.fakes.tree import tree

SAID = "bin/vcgencmd.says/pmic_read_adc"


def test_a_pi_5_gives_each_rail_and_the_power_of_those_with_both(tmp_path: Path) -> None:
    collector = collector_of(open_pmic(machine(tmp_path)))
    found = read_values(collector)
    assert found["pmic.vdd_core.voltage"] == 0.720544
    assert found["pmic.vdd_core.current"] == 0.8132
    assert found["pmic.ext5v.voltage"] == 5.13984
    # The 12 products added by awk, W.
    assert found["pmic.sum.power"] == pytest.approx(2.03533117, abs=1e-8)
    power = channels_of(collector)["pmic.sum.power"]
    assert (power.unit, power.kind, power.tier) == (Unit.WATT, Kind.INSTANT, "B")
    assert "underestimates the wall" in power.note
    collector.close()


def test_the_input_has_no_current_and_so_no_part_in_the_sum(tmp_path: Path) -> None:
    names = set(channels_of(collector_of(open_pmic(machine(tmp_path)))))
    assert "pmic.ext5v.voltage" in names
    assert "pmic.ext5v.current" not in names


def test_voltages_alone_give_no_power_and_say_so(tmp_path: Path) -> None:
    scope = machine(tmp_path)
    tree(tmp_path, {SAID: "VDD_CORE_V volt(15)=0.87V\n"})
    opened = open_pmic(scope)
    collector = collector_of(opened)
    assert {c.quantity for c in collector.describe()} == {Quantity.VOLTAGE}
    assert opened.absent[0].reason == "not-supported: voltages without currents"
    collector.close()


def test_a_sum_that_lacks_a_rail_is_missing_and_the_others_are_not(tmp_path: Path) -> None:
    scope = machine(tmp_path)
    collector = collector_of(open_pmic(scope))
    tree(tmp_path, {SAID: "VDD_CORE_V volt(15)=0.87V\nVDD_CORE_A current(7)=1.5A\n"})
    found = read_values(collector)
    assert found["pmic.vdd_core.current"] == 1.5
    assert found["pmic.sum.power"] == "no-such-field: a rail of the sum is gone"
    collector.close()


def test_an_older_board_is_absent_with_its_reason(tmp_path: Path) -> None:
    says(tmp_path, "vcgencmd", "#!/bin/sh\necho 'error=1 error_msg=\"Command not registered\"'\n")
    (absent,) = open_pmic(scope_of(tmp_path)).absent
    assert absent.reason == "not-present: no rail in the answer"


def test_lines_of_another_form_are_none() -> None:
    assert rails_of(b"A_V volt(1)=1.0A1\nB_A volt(1)=\nC_V volt(1)=1e9V\n\xff\x00") == {}
