"""How long a campaign takes, and how its cells stand, in plain numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum

from host.campaign.cells import Asked
from host.campaign.state import State
from host.campaign.stopping import looks
from host.handover.plan import Plan

_ENDS = ("valid", "warm-up", "void", "changed", "failed", "gone")


@dataclass(frozen=True, slots=True)
class Left:
    """Seconds until the next look and until the cap, from visits so far; None before the first."""

    to_look_s: float | None
    to_cap_s: float | None


def idle_s(plan: Plan) -> float:
    """What a visit waits at the least, by its plan alone: the model's own time is not known."""
    return plan.run.attempts * (plan.run.idle_before_s + plan.run.idle_after_s)


def blocks_between(asked: Asked) -> tuple[int, int]:
    """The least and the most blocks of a campaign, warm-up among them."""
    rule, stop = asked.campaign.warmup, asked.campaign.stop
    least, most = (rule.window, rule.max) if rule else (0, 0)
    return least + stop.min, most + stop.max


def left(state: State) -> Left:
    """Until the last lane is done: where devices are visited beside each other each has one."""
    lanes = [cells for _, cells in state.asked.lanes if any(c in state.going for c in cells)]
    found = [of_lane(state, cells) for cells in lanes]
    looks_s = [each.to_look_s for each in found if each.to_look_s is not None]
    caps_s = [each.to_cap_s for each in found if each.to_cap_s is not None]
    return Left(max(looks_s) if looks_s else None, max(caps_s) if caps_s else None)


def of_lane(state: State, cells: Sequence[str]) -> Left:
    """Mean time of a cell's ended visits times the visits that are left.

    A cell without one yet takes as long as the mean of the others. Warm-up counts to its cap.
    """
    going = [cell for cell in state.going if cell in cells]
    if state.ended or not going:
        return Left(0.0, 0.0)
    means = {cell: _mean_s(state, cell) for cell in going}
    known = [mean for mean in means.values() if mean is not None]
    if not known:
        return Left(None, None)
    usual = fsum(known) / len(known)
    block_s = fsum(usual if mean is None else mean for mean in means.values())
    asked = state.asked
    stages = looks(asked.campaign.stop, asked.unit)
    done = state.closed["counted"]
    rule = asked.campaign.warmup
    warm = 0 if state.warmed or rule is None else rule.max - state.closed["warm-up"]
    ahead = next((stage for stage in stages if stage > done), stages[-1])
    begun = sum(
        means[v.slot.cell] or usual
        for v in state.visits
        if v.status != "open"
        and v.slot.cell in means
        and (v.slot.phase, v.slot.block) == (state.phase, state.block)
    )
    return Left(
        max(0.0, (warm + ahead - done) * block_s - begun),
        max(0.0, (warm + stages[-1] - done) * block_s - begun),
    )


def standing(state: State, cell: str) -> str:
    """`given up`, `done`, `at work`, `waiting`: how a cell stands."""
    if cell in state.given_up:
        return "given up"
    if state.ended:
        return "done"
    return "at work" if any(v.status == "open" for v in state.of(cell)) else "waiting"


def counts(state: State, cell: str) -> dict[str, int]:
    """Visits of a cell by what became of them; those of warm-up by themselves."""
    found = Counter(
        "warm-up" if v.slot.phase == "warm-up" and v.status == "valid" else v.status
        for v in state.of(cell)
    )
    return {name: found.get(name, 0) for name in _ENDS}


def _mean_s(state: State, cell: str) -> float | None:
    spent = [v.seconds for v in state.of(cell) if v.status != "open"]
    return fsum(spent) / len(spent) if spent else None
