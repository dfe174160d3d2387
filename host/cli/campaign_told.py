"""What `inferometer campaign` says: lines for people, one JSON value for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from host.campaign.analyse import MIN_UNITS
from host.campaign.cells import Asked
from host.campaign.design import order
from host.campaign.outlook import blocks_between, counts, idle_s, left, standing
from host.campaign.state import State
from host.campaign.stopping import POWER, blocks_for, claim_level, looks
from host.cli.campaign_board import clock, told_left

if TYPE_CHECKING:
    from host.campaign.results import CampaignReport

# Blocks whose order is printed; the others follow from the seed as these do.
SHOWN_BLOCKS = 8
# Spreads for which a number of blocks is stated: those of warm devices in the field run from 0.1 %
# to above 2 % (coefficients of variation of OmniInfer's and TinyBench's repeats).
SPREADS = (0.005, 0.01, 0.02)
DIFFERENCE = 0.02


def plan_json(asked: Asked) -> dict[str, Any]:
    """A campaign before it runs."""
    campaign = asked.campaign
    unit = asked.unit
    least, most = blocks_between(asked)
    return {
        "title": campaign.title,
        "design": campaign.design,
        "seed": campaign.seed,
        "unit_blocks": unit,
        "cells": [
            {"name": c.name, "values": dict(c.values), "plan_sha256": c.sha256}
            for c in asked.cells
        ],
        "order": [list(ordered(asked, block)) for block in range(1, campaign.stop.max + 1)],
        "lanes": [{"device": device, "cells": list(cells)} for device, cells in asked.lanes],
        "looks": list(looks(campaign.stop, unit)),
        "claim_level": claim_level(campaign.stop, unit),
        "blocks": {"least": least, "most": most},
        "visits": {"least": least * len(asked.cells), "most": most * len(asked.cells)},
        "idle_s": {"least": least * _idle_s(asked), "most": most * _idle_s(asked)},
    }


def ordered(asked: Asked, block: int) -> Iterator[str]:
    """The cells of a block as they are visited, those of one device after those of the other."""
    for names in _orders(asked, block):
        yield from names


def _orders(asked: Asked, block: int) -> list[tuple[str, ...]]:
    """The order on each lane."""
    campaign = asked.campaign
    return [order(campaign.design, cells, campaign.seed, block) for _, cells in asked.lanes]


def plan_lines(asked: Asked) -> Iterator[str]:
    """The same for people."""
    found, campaign = plan_json(asked), asked.campaign
    yield campaign.title
    yield ""
    yield f"{len(asked.cells)} cells:"
    for cell in asked.cells:
        said = ", ".join(f"{axis} = {value}" for axis, value in cell.values.items())
        yield f"  {cell.name}  ({said})"
    yield ""
    beside = len(asked.lanes) > 1
    more = ", each device its own, all beside each other" if beside else ""
    yield f"order, design {campaign.design}, seed {campaign.seed}{more}:"
    for number in range(1, min(SHOWN_BLOCKS, campaign.stop.max) + 1):
        yield f"  block {number}: {' | '.join(', '.join(o) for o in _orders(asked, number))}"
    if len(found["order"]) > SHOWN_BLOCKS:
        yield f"  and so on to block {len(found['order'])}"
    yield ""
    yield from _plan_rules(asked, found)


def _plan_rules(asked: Asked, found: dict[str, Any]) -> Iterator[str]:
    campaign, visits, idle = asked.campaign, found["visits"], found["idle_s"]
    stop, stages = campaign.stop, ", ".join(map(str, found["looks"]))
    if campaign.warmup is not None:
        yield f"warm-up: {campaign.warmup.window} to {campaign.warmup.max} blocks, not counted"
    yield (
        f"stops when U / value of the {stop.of} of {stop.measurand} is {stop.relative_u:.3g} or"
        f" less; looked at after {stages} blocks"
    )
    yield f"claims at {found['claim_level']:.3g} for all together (Holm)"
    level, unit = found["claim_level"], found["unit_blocks"]
    if len(asked.cells) > 1 and stop.max < MIN_UNITS * unit:
        yield f"  no ratio will be stated: it takes {MIN_UNITS * unit} blocks, max is {stop.max}"
    for spread in SPREADS if len(asked.cells) > 1 else ():
        n = blocks_for(DIFFERENCE, spread, level, unit)
        yield (
            f"  a difference of {DIFFERENCE:.0%} is found in {POWER:.0%} with {n} blocks, where"
            f" ratios within a unit spread by {spread:.1%} (two cells, one measurand)"
        )
    yield (
        f"{visits['least']} to {visits['most']} visits; idle times alone take"
        f" {clock(idle['least'])} to {clock(idle['most'])}; what loading, gates and inference add"
        " is known after the first visits"
    )


def status_json(asked: Asked, state: State, torn: int) -> dict[str, Any]:
    """How a campaign stands."""
    found = left(state)
    return {
        "title": asked.campaign.title,
        "ended": state.ended,
        "phase": state.phase,
        "blocks": dict(state.closed),
        "warm_up_stable": state.stable,
        "looks": [dict(each) for each in state.looks],
        "left_s": {"to_look": found.to_look_s, "to_cap": found.to_cap_s},
        "torn_lines": torn,
        "cells": [
            {
                "name": name,
                "standing": standing(state, name),
                "visits": counts(state, name),
                "given_up": state.given_up.get(name, ""),
                "ends": [
                    {"visit": v.slot.folder, "status": v.status, "reason": v.reason, "run": v.run}
                    for v in state.of(name)
                ],
            }
            for name in asked.names
        ],
    }


def status_lines(asked: Asked, state: State, torn: int) -> Iterator[str]:
    """The same for people: how it stands first, then each cell, then what went wrong."""
    yield _how_it_stands(asked, state)
    if state.stable is False:
        yield "warm-up ended at its cap, before every cell was stable"
    width = max(map(len, asked.names))
    for name in asked.names:
        told = ", ".join(f"{n} {what}" for what, n in counts(state, name).items() if n)
        yield f"  {name:<{width}}  {standing(state, name):<8}  {told or 'no visit yet'}"
    for visit in state.visits:
        if visit.reason:
            yield f"  {visit.slot.folder}: {visit.status}: {visit.reason}"
    for name, why in state.given_up.items():
        yield f"  {name} was given up: {why}"
    if torn:
        yield f"campaign.jsonl has {torn} torn lines, as a kill leaves them"


def _how_it_stands(asked: Asked, state: State) -> str:
    ends = {
        "precision": "ended: the stated precision is reached",
        "cap": "ended: at the cap of blocks, before the stated precision",
        "no-cell": "ended: every cell was given up",
    }
    if not state.ended:
        return f"not ended: {state.phase} block {state.block}; left: {told_left(state)}"
    if state.ended == "cap" and asked.campaign.stop.min == asked.campaign.stop.max:
        return "ended: the stated number of blocks is done"
    return ends.get(state.ended, state.ended)


def report_lines(found: CampaignReport) -> Iterator[str]:
    """The claims of a campaign, and what may not be ranked."""
    from host.campaign.rows import pair_lines, unranked_lines

    for verdict in found.verdicts:
        yield f"{verdict.zh} {verdict.en}"
    for each in (*unranked_lines(found), *pair_lines(found)):
        yield f"  {each}"


def _idle_s(asked: Asked) -> float:
    """Of a block, on the device that takes longest."""
    return max(sum(idle_s(asked.cell(name).plan) for name in cells) for _, cells in asked.lanes)
