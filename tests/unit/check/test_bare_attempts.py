"""An attempt without the sampler has no readings but those of the bench."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import pytest

from host.check.rules_readings import bare_unread
from host.handover.case import Case
from tests.fakes.traces import Shape, attempt, kind_of, requests, run_of, series


@pytest.mark.parametrize(
    ("channels", "kept"),
    [
        ((), True),
        (("meter.wall.power",), True),
        (("rapl.package-0.energy",), False),
        (("meter.wall.power", "rapl.package-0.energy"), False),
    ],
)
def test_a_meter_on_the_bench_goes_on_without_the_sampler(
    channels: tuple[str, ...], *, kept: bool
) -> None:
    read = tuple(
        series([0, 1], [5.0, 5.0], kind_of("power", "instant", "W", channel=name))
        for name in channels
    )
    bare = replace(attempt(requests([Shape()]), read), sampled=False)
    case = cast("Case", SimpleNamespace(run=run_of(bare)))
    assert (list(bare_unread(case)) == []) is kept
