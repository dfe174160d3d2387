"""At least 300 injections: nothing that was acknowledged is lost, and no seal is wrong.

A failing one is told with its seed and number: `python -m tests.faults --seed S --number N`
plays it again.
"""

from __future__ import annotations

import os
import random

import pytest

from tests.faults.catalogue import CASES
from tests.faults.run import Table, lines_of, play_all

INJECTIONS = 300
ROWS = [f"F{number}" for number in range(1, 19)]

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def table() -> Table:
    """All injections, of a seed that is new every time unless INFEROMETER_FAULT_SEED names one."""
    drawn = random.SystemRandom().randrange(1 << 32)
    seed = int(os.environ.get("INFEROMETER_FAULT_SEED", drawn))
    return play_all(CASES, seed, INJECTIONS, lambda _: None, jobs=4)


def test_nothing_is_lost_and_no_seal_is_wrong(table: Table) -> None:
    assert not table.failed, "\n".join([*table.failed, *lines_of(table)])
    assert table.injections >= INJECTIONS


@pytest.mark.parametrize("fault", ROWS)
def test_every_row_was_struck(table: Table, fault: str) -> None:
    if fault in table.missing:
        pytest.skip(f"{fault}: {table.missing[fault]}")
    assert table.rows[fault].injections > 0
