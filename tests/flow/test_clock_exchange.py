"""Clock exchanges with real agents over links that hold bytes up, unequally each way."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from collectors.clocks import device_clock
from host.align.exchanges import aligned_by, exchanges_in
from host.align.fit import Alignment
from host.run.exchange import exchange
from host.run.folder import RunFolder
from host.run.link import AgentLink
from tests.fakes.slow_link import slow_agent

TRIALS = 25
AGENTS = 4  # at once, each with its own link; they mostly wait
MOST_S = 0.05
# A hundred exchanges a trial would take 8 min here; fewer make the bound wider, never wrong.
EXCHANGES = 6


def trials(place: Path, seed: int) -> list[Alignment]:
    """Alignments of a real agent over a link whose ways are drawn anew for each."""
    clock, found = device_clock(), []
    with slow_agent(seed, MOST_S) as (slow, stream):
        link = AgentLink("slow", stream)
        for number in range(TRIALS):
            slow.redraw()
            data = place / f"{seed}-{number}" / "data"
            data.mkdir(parents=True)
            exchange(link, RunFolder(data.parent), clock, "before-001", count=EXCHANGES)
            found.append(aligned_by(exchanges_in(data)))
        link.close()
    return [one for one in found if one is not None]


def test_the_offset_is_within_its_bound_in_a_hundred_of_a_hundred_trials(tmp_path: Path) -> None:
    """Both ends are on one clock, so the true offset is 0."""
    with ThreadPoolExecutor(AGENTS) as pool:
        found = [a for each in pool.map(partial(trials, tmp_path), range(AGENTS)) for a in each]
    assert len(found) == TRIALS * AGENTS
    assert [a.problem for a in found] == [""] * len(found)
    within = sum(abs(a.offset_ns) <= a.bound_ns for a in found)
    assert within == len(found)
    # The ways were unequal enough for the bound to matter.
    assert sum(abs(a.offset_ns) > a.bound_ns // 10 for a in found) > len(found) // 4
