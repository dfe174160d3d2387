"""Which requests a load that lasts is made of."""

from __future__ import annotations

import pytest
from msgspec import UNSET

from host.check.repeats import repeated
from host.handover.load_shape import LoadPlan

LASTING = LoadPlan("sustained", duration_s=10.0)


@pytest.mark.parametrize(
    ("count", "found"), [(0, "wabc"), (4, "wabc"), (5, "wabca"), (9, "wabcabcab")]
)
def test_scored_ones_go_round_and_a_warm_up_never_does(count: int, found: str) -> None:
    assert "".join(repeated("wabc", 1, LASTING, count)) == found


def test_other_loads_are_as_planned() -> None:
    assert repeated("wabc", 1, UNSET, 9) == list("wabc")
    assert repeated("wabc", 1, LoadPlan("cold"), 9) == list("wabc")
    assert repeated("w", 1, LASTING, 9) == ["w"]
