"""Reads a campaign file and makes its cells: every combination of the axes, a plan each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import combinations, islice, product
from math import prod
from pathlib import Path
from typing import Any

import msgspec
import tomli_w

from host.campaign.design import unit_of
from host.campaign.names import refuse_unknown
from host.errors import CampaignError, PlanError
from host.handover.campaign import CAMPAIGN_VERSION, Campaign
from host.handover.plan import Plan
from host.handover.reasons import REASONS, explained
from host.plan.load import default, load, parse
from host.plan.typed import convert, read
from host.schema.canonical import quoted, sha256_of

# Every pair is compared: 64 cells are 2016 of them. Our choice.
MOST_CELLS = 64
MOST_COMBINATIONS = 10_000
# A file system takes 255 bytes; block and try are in the name of a folder too.
MOST_NAME = 200
# A title in a plan has 500 characters at most; what a cell adds to it stays below 200.
_TITLE_CHARACTERS = 300
# Names of values become the name of a folder together.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")

LOCAL = "local"

# Tables of a plan, and the key that says whose hash or settings the others of it are.
NAMED_BY = (
    ("model", "reference"),
    ("dataset", "reference"),
    ("engine", "kind"),
    ("load", "shape"),
)


@dataclass(frozen=True, slots=True)
class Cell:
    """One combination. name: of its folders too. values: axis -> name of the value.

    plan: as it is run, but for its title. sha256: of that plan.
    """

    name: str
    values: Mapping[str, str]
    plan: Plan
    sha256: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A campaign as it was read: the file, its base plan and its cells."""

    campaign: Campaign
    base: Plan
    cells: tuple[Cell, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(cell.name for cell in self.cells)

    def cell(self, name: str) -> Cell:
        return next(cell for cell in self.cells if cell.name == name)

    @property
    def lanes(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """(device, its cells): visited beside each other; ("", all cells) where they are not."""
        if self.campaign.devices == "in-turn":
            return (("", self.names),)
        made: dict[str, list[str]] = {}
        for cell in self.cells:
            made.setdefault(cell.plan.device, []).append(cell.name)
        return tuple((device, tuple(cells)) for device, cells in made.items())

    @property
    def unit(self) -> int:
        """How many blocks are balanced only together (`design.unit_of`)."""
        return unit_of(self.campaign.design, max(len(cells) for _, cells in self.lanes))

    def identity(self) -> dict[str, Any]:
        """All that a campaign is, as plain JSON: what must be the same to go on with it."""
        found: dict[str, Any] = quoted(
            {
                "campaign": msgspec.to_builtins(self.campaign),
                "cells": {cell.name: msgspec.to_builtins(cell.plan) for cell in self.cells},
            }
        )
        return found


def read_campaign(path: Path) -> Asked:
    """Raises CampaignError with file, key and what is wrong; nothing is written."""
    found = convert(read(path, CampaignError), str(path), Campaign, CampaignError)
    if found.campaign != CAMPAIGN_VERSION:
        raise CampaignError(
            str(path), f"campaign = {found.campaign}, this version reads {CAMPAIGN_VERSION}"
        )
    _refuse_reasons(found, str(path))
    refuse_unknown(found.measurands, str(path))
    base = load(path.parent / found.plan)[0] if found.plan else default()[0]
    return asked_of(found, base, str(path))


def _refuse_reasons(found: Campaign, name: str) -> None:
    """A reason that nothing ever ends with would be a retry that never comes."""
    for reason in found.retries.reasons:
        if explained(reason) is None:
            near = get_close_matches(reason, REASONS, n=1)
            hint = f", did you mean {near[0]}?" if near else ""
            raise CampaignError(name, f"retries.reasons: {reason} is no reason code{hint}")


def asked_of(found: Campaign, base: Plan, name: str) -> Asked:
    """The cells of a campaign over a base plan. name: of the file, for refusals."""
    chosen = tuple(islice(_combinations(found, name), MOST_CELLS + 1))
    if not chosen:
        raise CampaignError(name, "exclude leaves no cell")
    if len(chosen) > MOST_CELLS:
        raise CampaignError(name, f"has more than {MOST_CELLS} cells, the most there may be")
    cells = tuple(_cell(found, base, values, name) for values in chosen)
    _refuse_alike(found, cells, name)
    asked = Asked(found, base, cells)
    _refuse_lanes(asked, name)
    _refuse_counts(found, asked, name)
    return asked


def _combinations(found: Campaign, name: str) -> Iterator[dict[str, str]]:
    _refuse_names(found, name)
    _refuse_attempts(found, name)
    axes = tuple(found.axes)
    every = prod(len(values) for values in found.axes.values())
    if every > MOST_COMBINATIONS:  # each is looked at, if only to leave it out
        raise CampaignError(name, f"axes: {every} combinations, {MOST_COMBINATIONS} are the most")
    for chosen in product(*(tuple(found.axes[axis]) for axis in axes)):
        values: dict[str, str] = dict(zip(axes, chosen, strict=True))
        if not any(left_out.items() <= values.items() for left_out in found.exclude if left_out):
            yield values


def _refuse_names(found: Campaign, name: str) -> None:
    """Values that cannot name a folder, and combinations left out that never were."""
    for axis, named in found.axes.items():
        if not named:
            raise CampaignError(name, f"axes.{axis}: has no value")
        for value in named:
            if not _NAME.fullmatch(value):
                said = "cannot name a folder: letters, digits, . _ and -, 40 at the most"
                raise CampaignError(name, f"axes.{axis}: {value} {said}")
    for number, left_out in enumerate(found.exclude, 1):
        for axis, value in left_out.items():
            if value not in found.axes.get(axis, {}):
                raise CampaignError(name, f"exclude {number}: {axis} = {value} is no value here")


def _refuse_attempts(found: Campaign, name: str) -> None:
    """A number of attempts on an axis, which [visit] would override unsaid."""
    for axis, named in found.axes.items():
        for value, over in named.items():
            run = over.get("run")
            if isinstance(run, Mapping) and "attempts" in run:
                said = "run.attempts is the same for all cells: [visit] attempts"
                raise CampaignError(name, f"axes.{axis}.{value}: {said}")


def _cell(found: Campaign, base: Plan, values: Mapping[str, str], name: str) -> Cell:
    slug = "-".join(values.values())
    if len(slug) > MOST_NAME:
        said = f"its name has {len(slug)} characters, {MOST_NAME} are the most of a folder here"
        raise CampaignError(name, f"cell {slug[:40]}…: {said}; shorten the names of values")
    over: dict[str, Any] = {"run": {"attempts": found.visit.attempts}}
    for axis, value in reversed([*values.items()]):
        over = _merged(found.axes[axis][value], over)
    whole = _merged(_without_what_was_of_others(msgspec.to_builtins(base), over), over)
    whole["title"] = f"{found.title[:_TITLE_CHARACTERS]}: {slug}"[:500]
    try:
        plan = parse(_toml(whole), f"{name}: cell {slug}")
    except (TypeError, ValueError) as err:  # a date, which TOML has and no plan takes
        raise PlanError(f"{name}: cell {slug}", str(err)) from err
    bare = msgspec.to_builtins(msgspec.structs.replace(plan, title=""))
    return Cell(slug, values, plan, sha256_of(quoted(bare)))


def _without_what_was_of_others(
    base: Mapping[str, Any], over: Mapping[str, Any]
) -> dict[str, Any]:
    """The base without what it says of a model, dataset, engine or load that is replaced."""
    made = dict(base)
    for table, key in NAMED_BY:
        new = over.get(table)
        old = base.get(table, {})  # a plan may have no load
        if isinstance(new, Mapping) and new.get(key, old.get(key)) != old.get(key):
            made[table] = {}
    return made


def _merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Tables are merged key by key, anything else is replaced."""
    made = dict(under)
    for key, value in over.items():
        below = made.get(key)
        if isinstance(value, Mapping) and isinstance(below, Mapping):
            made[key] = _merged(below, value)
        else:
            made[key] = value
    return made


def _toml(value: Mapping[str, Any]) -> bytes:
    def bare(each: Any) -> Any:  # noqa: ANN401 - TOML of any shape
        if isinstance(each, Mapping):
            return {key: bare(inner) for key, inner in each.items() if inner is not None}
        return each

    return tomli_w.dumps(bare(value)).encode()


def _refuse_alike(found: Campaign, cells: Sequence[Cell], name: str) -> None:
    """Two cells of one folder, and two that are one measurement."""
    for a, b in combinations(cells, 2):
        said = f"{_told(a)} and {_told(b)}"
        if a.name.casefold() == b.name.casefold():
            raise CampaignError(name, f"{said} would write one folder, {a.name}; rename a value")
        if a.sha256 == b.sha256 and found.equal_cells == "refused":
            raise CampaignError(
                name,
                f'{said} are the same measurement; equal_cells = "wanted" says that it is meant',
            )


def _told(cell: Cell) -> str:
    return "cell (" + ", ".join(f"{k} = {v}" for k, v in cell.values.items()) + ")"


def _refuse_lanes(asked: Asked, name: str) -> None:
    """Devices that cannot be visited beside each other."""
    if asked.campaign.devices == "in-turn":
        return
    devices = [device for device, _ in asked.lanes]
    if len(devices) == 1:
        said = f"there is {devices[0]} alone"
        raise CampaignError(name, f'devices = "beside": {said}; leave the key out')
    if LOCAL in devices:
        said = f"{LOCAL} is the machine that drives the others, so it would be measured at work"
        raise CampaignError(name, f'devices = "beside": {said}; leave the key out')
    if asked.campaign.design == "latin" and len({len(cells) for _, cells in asked.lanes}) > 1:
        said = "a Latin square takes as many cells on each device as on the others"
        raise CampaignError(name, f'devices = "beside": {said}')


def _refuse_counts(found: Campaign, asked: Asked, name: str) -> None:
    stop, unit, cells = found.stop, asked.unit, len(asked.cells)
    if stop.min > stop.max:
        raise CampaignError(name, f"stop: min = {stop.min} is above max = {stop.max}")
    for key, blocks in (("min", stop.min), ("max", stop.max)):
        if blocks % unit:
            raise CampaignError(
                name,
                f"stop.{key} = {blocks}: the design {found.design} is balanced over {unit} blocks"
                f" with {cells} cells, so it takes multiples of {unit}",
            )
    if stop.measurand not in found.measurands:
        raise CampaignError(name, f"stop.measurand: {stop.measurand} is not among measurands")
    if stop.of == "ratio" and cells == 1:
        raise CampaignError(name, 'stop.of = "ratio": one cell has none; "mean" judges its mean')
    if found.warmup is not None and found.warmup.max < found.warmup.window:
        raise CampaignError(name, "warmup: max is below window, so it could never be stable")
