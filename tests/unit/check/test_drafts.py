"""A step that checks drafted tokens reads the weights once for all that it accepts."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from host.check.rules_limits import CACHED_BYTES, bandwidth_kept
from host.handover.case import Case

# 4 tokens a second, each a whole reading of 2**28 bytes beyond what caches hold.
RATE, BYTES_PER_S = 4.0, 4.0 * CACHED_BYTES


def _case(limit: float, accepted: float | None) -> Case:
    results = [("decode_rate@1", RATE), ("accepted_length@1", accepted)]
    quantities = [
        SimpleNamespace(measurand_id=name, tier="", by_attempt=((1, str(value)),))
        for name, value in results
        if value is not None
    ]
    said = {"memory_bandwidth_bytes_per_s": {"value": limit, "document": "a paper"}}
    facts = SimpleNamespace(
        model={"decode_weight_bytes": 2 * CACHED_BYTES},
        plan=SimpleNamespace(profile={"limits": said}),
    )
    return cast(
        "Case",
        SimpleNamespace(facts=facts, record=SimpleNamespace(results=quantities, conventions=())),
    )


@pytest.mark.parametrize(
    ("limit", "accepted", "kept"),
    [
        (BYTES_PER_S, None, True),
        (BYTES_PER_S * 0.99, None, False),
        (BYTES_PER_S / 2, 2.0, True),
        (BYTES_PER_S / 2 * 0.99, 2.0, False),
    ],
)
def test_bandwidth_is_judged_by_steps_and_not_by_tokens(
    limit: float, accepted: float | None, *, kept: bool
) -> None:
    found = list(bandwidth_kept(_case(limit, accepted)))
    assert (found == []) is kept
