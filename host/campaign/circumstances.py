"""Where and with what a build is used: what a campaign does not choose between.

Cells of one device, dataset, load and model are those that somebody chooses between. Results of
another dataset or another load are of another quantity (`host/compare/comparability.py` refuses
them), so these count by what the plans say, whichever axis said it. A model is known by its
reference of fidelity: a fidelity says nothing beside one to another reference, so cells are ranked
and chosen between in their family alone: which build of this model to ship. Which model to ship is
a question of what it is worth, and no speed answers it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from itertools import combinations
from pathlib import PurePath

from host.campaign.cells import Asked, Cell
from host.handover.load_shape import shape_of
from host.handover.text import Txt

# An axis that sets a device and neither model nor engine says where a build is used.
_PLACE = "device"
_CHOSEN = frozenset({"model", "engine"})
_SHOWN = 24


def family_of(cell: Cell) -> str:
    """The reference of fidelity that a cell's plan names, "" for none."""
    fidelity = cell.plan.fidelity
    return fidelity.reference if fidelity else ""


def families(asked: Asked) -> tuple[str, ...]:
    """Every reference that is named, each once."""
    return tuple(dict.fromkeys(named for c in asked.cells if (named := family_of(c))))


def circumstances(asked: Asked, cell: str) -> dict[str, str]:
    """Where and with what a cell is used: axis -> value, {} where all cells are used alike.

    Where no axis tells them apart it is named by the key of the plan.
    """
    axes, one = asked.campaign.axes, asked.cell(cell)
    found = {axis: one.values[axis] for axis, parts in axes.items() if _is_place(parts.values())}
    for key in _BY_PLAN:
        found |= _told(asked, one, key)
    return found


def family_label(asked: Asked, cell: str) -> str:
    """How the model of a cell is called, "" where there is one reference at the most."""
    return ", ".join(_told(asked, asked.cell(cell), "fidelity").values())


def load_label(asked: Asked, cell: str) -> str:
    """How the load of a cell is called, "" where all have one."""
    return ", ".join(_told(asked, asked.cell(cell), "load").values())


def judged_pairs(asked: Asked, cells: Iterable[str]) -> list[tuple[str, str]]:
    """Pairs whose precision ends a campaign: those that an answer is given from.

    All pairs where there are none, as in a campaign that compares devices or models.
    """
    where = {cell: circumstances(asked, cell) for cell in cells}
    pairs = list(combinations(where, 2))
    return [(a, b) for a, b in pairs if where[a] == where[b]] or pairs


def across(asked: Asked) -> Txt | None:
    """Why there is no answer across models; None where there is one reference at the most."""
    count = len(families(asked))
    if count < 2:  # noqa: PLR2004 - one family has nothing to be told apart from
        return None
    return Txt(
        f"{count} 个保真度参考（各模型一个）：各自作答，不跨模型作答。"
        "对不同参考的保真度不能互相比较；选哪个模型取决于其能力，不取决于速率。",
        f"{count} references of fidelity, one for each model: an answer for each and none across"
        " them. Fidelity to one reference says nothing beside that to another; which model to"
        " take is a question of what it can do, not of its rate.",
    )


def _is_place(parts: Iterable[Mapping[str, object]]) -> bool:
    keys = {key for part in parts for key in part}
    return _PLACE in keys and not keys & _CHOSEN


def _told(asked: Asked, cell: Cell, key: str) -> dict[str, str]:
    """What a part of the plan is for a cell, {} where all have the same.

    By the axis that has a value of its own for each, else by what the plan says.
    """
    of, label = _BY_PLAN[key]
    parts = list(dict.fromkeys(of(c) for c in asked.cells))
    if len(parts) == 1:
        return {}
    for axis in asked.campaign.axes:
        pairs = {(c.values[axis], of(c)) for c in asked.cells}
        if len(pairs) == len({value for value, _ in pairs}) == len(parts):
            return {axis: cell.values[axis]}
    alike = {of(c) for c in asked.cells if label(c) == label(cell)}
    # Two files of one name, two loads of one shape: told apart by their order in the campaign.
    number = f" {parts.index(of(cell)) + 1}" if len(alike) > 1 else ""
    return {key: f"{label(cell)}{number}"}


def _reference_label(cell: Cell) -> str:
    family = family_of(cell)
    return PurePath(family).stem[:_SHOWN] if family else "none"


# Key of a plan -> what tells cells apart by it, and how it is called where no axis does.
_BY_PLAN: Mapping[str, tuple[Callable[[Cell], Hashable], Callable[[Cell], str]]] = {
    "dataset": (lambda c: c.plan.dataset, lambda c: c.plan.dataset.reference[-_SHOWN:]),
    "load": (lambda c: c.plan.load, lambda c: str(shape_of(c.plan.load))),
    "fidelity": (family_of, _reference_label),
}
