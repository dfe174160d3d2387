"""Readings in coherent units: what a source's own unit and its scale do to values and steps."""

from __future__ import annotations

from typing import Any

import pytest

from agent.spool import Column, header, line, read_spool
from host.align.series import series_of
from host.handover.trace import Series

MS = 1_000_000
STAMPS = (
    Column("tick", "{count}"),
    Column("due_ns", "ns"),
    Column("t0_ns", "ns"),
    Column("t1_ns", "ns"),
)


def read_as(raw: str, **said: Any) -> Series:  # noqa: ANN401
    """The series of a channel that was read twice, with that raw number."""
    channel = {"name": "x", "kind": "instant", "quantity": "state", **said}
    data = header("source-x", "boottime@x", (*STAMPS, Column("x", str(said["unit"]))))
    for number in range(2):
        t = str(100 * number * MS)
        data += line(number, (str(number), t, t, t, raw))
    (found,) = series_of({"source-x": read_spool(data)}, [channel])
    return found


@pytest.mark.parametrize(
    ("raw", "said", "value", "step"),
    [
        # An air sensor that sends tenths of a degree, a tester that counts mWh, an accumulator in
        # steps of 15.3 uJ: the step is told in the unit, only the reading is multiplied.
        ("-57", {"unit": "Cel", "scale": 0.1, "resolution": 0.1}, -5.7, 0.1),
        ("1000", {"unit": "J", "scale": 3.6, "resolution": 3.6}, 3600.0, 3.6),
        ("1000", {"unit": "uJ", "scale": 15.3, "resolution": 15.3}, 15.3e-3, 15.3e-6),
        ("250", {"unit": "mCel", "resolution": 62.5}, 0.25, 0.0625),
        ("5", {"unit": "mW", "resolution": 2}, 5e-3, 2e-3),
    ],
)
def test_a_step_is_told_in_the_unit_of_the_channel_and_only_readings_are_scaled(
    raw: str, said: dict[str, Any], value: float, step: float
) -> None:
    found = read_as(raw, **said)
    assert found.values.tolist() == pytest.approx([value, value])
    assert found.resolution == pytest.approx(step)


def test_a_counter_wraps_at_a_number_of_its_own_which_is_scaled_as_readings_are() -> None:
    found = read_as("7", unit="uJ", scale=2.0, kind="counter", wraps_at=1000)
    assert found.wraps_at == pytest.approx(2e-3)
