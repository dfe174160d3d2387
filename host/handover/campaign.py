"""A campaign: a matrix of cells, measured in an order that is drawn, until a stated precision.

TOML on disk, typed here. Unknown keys are refused. An axis names values; each of them overrides
keys of the base plan, and a cell is one value of every axis. A visit is one run folder: a cell
measured once. A block is one visit of every cell.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

CAMPAIGN_VERSION = 1
Text = Annotated[str, Meta(min_length=1, max_length=200)]
Share = Annotated[float, Meta(gt=0, lt=1)]
Design = Literal["randomised", "abba", "latin"]


class VisitRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """attempts: fresh loads of the model in each visit; over the plan's."""

    attempts: Annotated[int, Meta(ge=1, le=1_000)]


class StopRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When it is precise enough, looked at only after min blocks and at each doubling, to max.

    measurand: whose precision is judged. relative_u: the expanded uncertainty U (p = 95 %) that is
    wanted, over the value. of: `ratio` judges the ratios between cells of one device, dataset and
    load (of all cells where those are all that differs), `mean` the cells' means.
    With min = max the number of blocks is fixed and nothing is looked at before.
    """

    measurand: Text
    of: Literal["ratio", "mean"]
    relative_u: Share
    min: Annotated[int, Meta(ge=1, le=1_000)]
    max: Annotated[int, Meta(ge=1, le=1_000)]


class WarmUpRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Blocks before the counted ones, until every cell is stable; max is the cap.

    Stable: over the last `window` visits of a cell the spread (standard deviation over mean) is at
    most relative_spread, and a straight line through them changes by at most relative_slope of
    the mean from the first to the last. The measurand is that of [stop].
    """

    window: Annotated[int, Meta(ge=2, le=100)]
    relative_spread: Share
    relative_slope: Share
    max: Annotated[int, Meta(ge=2, le=100)]


class RetryRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is tried again, said in advance. reasons: codes of a record or an end of a visit.

    most: new tries of one visit. give_up_after: visits of a cell in a row without a valid result,
    after which it is left out; the others go on.
    """

    reasons: tuple[Text, ...]
    most: Annotated[int, Meta(ge=0, le=10)]
    give_up_after: Annotated[int, Meta(ge=1, le=100)]


NO_RETRIES = RetryRule((), 0, 3)


class Campaign(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One campaign file. plan: the base plan beside it, "" for the one behind `measure`.

    axes: axis -> value -> part of a plan. exclude: combinations that are left out. measurands:
    results on which differences may be claimed: `decode_rate`, `energy_per_token/request/SOURCE`.
    equal_cells: `wanted` where two cells are the same on purpose, to test the bench (A/A).
    devices: `beside` visits cells of different devices at the same time, each device in an order
    of its own, and waits for all at the end of a block; no meters then.
    """

    campaign: Annotated[int, Meta(ge=1)]
    title: Annotated[str, Meta(min_length=1, max_length=300)]
    design: Design
    seed: Annotated[int, Meta(ge=0, le=2**53 - 1)]
    measurands: Annotated[tuple[Text, ...], Meta(min_length=1, max_length=20)]
    axes: Annotated[dict[str, dict[str, dict[str, Any]]], Meta(min_length=1, max_length=10)]
    visit: VisitRule
    stop: StopRule
    plan: Annotated[str, Meta(max_length=4096)] = ""
    exclude: tuple[dict[str, str], ...] = ()
    warmup: WarmUpRule | None = None
    retries: RetryRule = NO_RETRIES
    equal_cells: Literal["refused", "wanted"] = "refused"
    devices: Literal["in-turn", "beside"] = "in-turn"
