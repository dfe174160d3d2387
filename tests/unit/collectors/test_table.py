"""The table of kinds and opening all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectors.clocks import device_clock
from collectors.protocol import Scope
from collectors.table import (
    COLLECTORS,
    LINUX_KINDS,
    OTHER_KINDS,
    UnknownKindError,
    default_kinds,
    open_all,
    opener,
)
from tests.fakes.machine import machine, scope_of
from tests.fakes.tree import tree

# They answer by a library that a test machine may or may not have.
LIBRARIES = ("nvml", "amdsmi")


@pytest.mark.parametrize("kind", sorted(COLLECTORS))
def test_every_kind_leads_to_an_opener(kind: str) -> None:
    assert callable(opener(kind))


def test_a_misspelt_kind_names_the_near_ones() -> None:
    with pytest.raises(UnknownKindError, match="'hwmon_powr'; did you mean hwmon_power") as found:
        opener("hwmon_powr")
    assert found.value.near[0] == "hwmon_power"


def test_a_kind_like_no_other_names_none() -> None:
    with pytest.raises(UnknownKindError) as found:
        opener("zzzzzz")
    assert str(found.value) == "no collector of kind 'zzzzzz'"


def test_an_unknown_kind_is_refused_before_anything_is_opened(tmp_path: Path) -> None:
    before = set(Path("/proc/self/fd").iterdir())
    with pytest.raises(UnknownKindError):
        open_all(machine(tmp_path), ["cpu", "memory", "nonsense"])
    assert len(set(Path("/proc/self/fd").iterdir())) == len(before)


def test_a_machine_with_procfs_is_read_without_psutil(tmp_path: Path) -> None:
    scope = machine(tmp_path)
    (tmp_path / "sys/module/amdgpu").mkdir(parents=True)
    assert default_kinds(scope) == LINUX_KINDS
    assert "psutil" not in LINUX_KINDS
    assert set(LINUX_KINDS) | set(OTHER_KINDS) == set(COLLECTORS)


def test_what_is_of_one_sort_of_machine_is_not_missed_on_another(tmp_path: Path) -> None:
    scope = scope_of(tree(tmp_path, {"proc/stat": "cpu 1\n"}))
    foreign = {"power_stats", "battery", "thermal_hal", "pmic", "bmc", "odpm", "amdsmi", "npu"}
    assert set(LINUX_KINDS) - set(default_kinds(scope)) == foreign


def test_a_raspberry_pi_without_its_program_is_told_so(tmp_path: Path) -> None:
    model = {"proc/stat": "cpu 1\n", "proc/device-tree/model": "Raspberry Pi 5 Model B\0"}
    scope = scope_of(tree(tmp_path, model))
    assert "pmic" in default_kinds(scope)
    _, (absent,) = open_all(scope, ["pmic"])
    assert absent.reason == "not-installed: no vcgencmd"


def test_a_machine_without_procfs_is_read_with_psutil(tmp_path: Path) -> None:
    assert default_kinds(scope_of(tmp_path)) == OTHER_KINDS
    assert OTHER_KINDS[0] == "psutil"


def test_a_whole_machine_opens_and_only_the_gpu_is_absent(tmp_path: Path) -> None:
    kinds = [kind for kind in LINUX_KINDS if kind not in LIBRARIES]
    collectors, absent = open_all(machine(tmp_path), kinds)
    assert [kind for kind, _ in collectors] == kinds
    assert [one.source for one in absent] == ["intel power"]
    for _, collector in collectors:
        collector.close()


def test_only_the_kinds_that_are_asked_for_are_opened_in_their_order(tmp_path: Path) -> None:
    collectors, absent = open_all(machine(tmp_path), ["rapl", "cpu"])
    assert [kind for kind, _ in collectors] == ["rapl", "cpu"]
    assert absent == ()
    for _, collector in collectors:
        collector.close()


def test_an_empty_machine_has_a_reason_and_a_fix_for_every_kind(tmp_path: Path) -> None:
    kinds = [kind for kind in LINUX_KINDS if kind not in LIBRARIES]
    collectors, absent = open_all(scope_of(tmp_path), kinds)
    assert collectors == ()
    assert {one.kind for one in absent} == set(kinds)
    for one in absent:
        assert one.reason
        assert one.fix
        assert one.source


def test_this_machine_opens_at_least_its_cpu_and_memory() -> None:
    collectors, absent = open_all(Scope(device_clock()))
    assert {"cpu", "memory", "load"} <= {kind for kind, _ in collectors}
    assert {one.kind for one in absent} >= {"process", "process_peak", "process_pss"}
    names = [channel.name for _, c in collectors for channel in c.describe()]
    assert len(names) == len(set(names))
    for _, collector in collectors:
        collector.close()
