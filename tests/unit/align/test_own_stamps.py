"""Values that their source stamped itself."""

from __future__ import annotations

from typing import Any

import pytest

from agent.spool import Column, header, line, read_spool
from host.align.series import series_of
from host.handover.trace import Series

MS = 1_000_000
ENERGY: dict[str, Any] = {
    "name": "odpm.cpu.energy",
    "unit": "uJ",
    "kind": "counter",
    "quantity": "energy",
    "stamped_by": "odpm.x.stamp",
}
STAMP: dict[str, Any] = {
    "name": "odpm.x.stamp",
    "unit": "ms",
    "kind": "counter",
    "quantity": "time",
}
COLUMNS = (
    Column("tick", "{count}"),
    Column("due_ns", "ns"),
    Column("t0_ns", "ns"),
    Column("t1_ns", "ns"),
    Column("odpm.x.stamp", "ms"),
    Column("odpm.cpu.energy", "uJ"),
)


def found(stamps: list[str], energy: dict[str, Any]) -> tuple[list[int], list[int]]:
    """Begin and end of the energies of these rows."""
    series = made(stamps, energy)
    return series.t0_ns.tolist(), series.t1_ns.tolist()


def made(stamps: list[str], energy: dict[str, Any]) -> Series:
    """The energies of rows read at 1.000 s, 1.100 s, ... for 2 ms each."""
    rows = [
        (str(n), str(t := (1000 + 100 * n) * MS), str(t), str(t + 2 * MS), stamp, str(7000 + n))
        for n, stamp in enumerate(stamps)
    ]
    data = header("source-odpm", "boottime@x", COLUMNS)
    data += b"".join(line(number, row) for number, row in enumerate(rows))
    streams = {"source-odpm": read_spool(data)}
    (_, series) = series_of(streams, [STAMP, energy])
    assert series.channel == "odpm.cpu.energy"
    return series


def test_a_counter_that_is_stamped_by_its_source_lies_at_that_stamp() -> None:
    begin, end = found(["960", "1080", "1201"], ENERGY)
    assert begin == [960 * MS, 1080 * MS, 1201 * MS]
    assert end == [961 * MS, 1081 * MS, 1202 * MS]


def test_a_value_that_was_stamped_before_is_no_new_reading() -> None:
    begin, _ = found(["960", "960", "1201"], ENERGY)
    assert begin == [960 * MS, 1201 * MS]


def test_readings_that_the_source_stamped_are_known_to_be_new() -> None:
    assert made(["960", "960", "1201"], ENERGY).each_new
    assert not made(["960", "1201"], {**ENERGY, "stamped_by": ""}).each_new


@pytest.mark.parametrize(
    ("told", "taken"),
    [(0.1, 0.1), (None, None), (0, None), (-1, None), (1e300, None), ("1", None), (True, None)],
)
def test_what_a_device_says_of_its_refresh_is_taken_where_it_can_be(
    told: object, taken: float | None
) -> None:
    assert made(["960"], {**ENERGY, "refresh_s": told}).refresh_s == taken


def test_a_channel_that_names_no_stamp_lies_where_it_was_read() -> None:
    begin, end = found(["960", "1080"], {**ENERGY, "stamped_by": ""})
    assert (begin, end) == ([1000 * MS, 1100 * MS], [1002 * MS, 1102 * MS])


@pytest.mark.parametrize(
    "stamps",
    [
        pytest.param(["960", "1103"], id="after its own reading"),
        pytest.param(["1001", "1000"], id="before the row before"),
        pytest.param(["960", "!unreadable: EIO"], id="one is missing"),
        pytest.param(["960", "-5"], id="below zero"),
        pytest.param(["960", "9" * 30], id="beyond any uptime"),
    ],
)
def test_a_stamp_that_cannot_be_true_makes_none_of_them_believed(stamps: list[str]) -> None:
    begin, _ = found(stamps, ENERGY)
    assert begin == [1000 * MS, 1100 * MS]


def test_a_stamp_that_is_no_column_is_as_good_as_none() -> None:
    begin, _ = found(["960"], {**ENERGY, "stamped_by": "odpm.y.stamp"})
    assert begin == [1000 * MS]
