"""What a run folder says of two clocks: a bound where they kept step, none where one jumped."""

from __future__ import annotations

from pathlib import Path

import pytest

from host.align.read import read_run
from tests.fakes.bad_stories import Spoil
from tests.fakes.clock_stories import CLOCKS_BAD, CLOCKS_LEGAL
from tests.fakes.story import SHORTEST, legal


def bound_ns(spoil: Spoil, root: Path) -> tuple[int, str]:
    """(half-width that budgets use, what is wrong with the clocks)."""
    story = legal(SHORTEST)
    spoil(story)
    story.write(root)
    read = read_run(root)
    return read.run.offset_bound_ns, str(read.facts.clock["problem"])


@pytest.mark.parametrize("spoil", CLOCKS_BAD["clocks-aligned"])
def test_clocks_that_jumped_or_bend_give_budgets_no_bound(spoil: Spoil, tmp_path: Path) -> None:
    found, problem = bound_ns(spoil, tmp_path / "run")
    assert problem in {"stepped", "bent"}
    assert found == 0


@pytest.mark.parametrize("spoil", CLOCKS_LEGAL.values(), ids=CLOCKS_LEGAL)
def test_clocks_that_drift_evenly_give_their_bound(spoil: Spoil, tmp_path: Path) -> None:
    found, problem = bound_ns(spoil, tmp_path / "run")
    assert problem == ""
    assert found >= 100_000
