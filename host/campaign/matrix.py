"""The outcome of a campaign: what each cell came to, and which differences may be claimed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import sqrt

from host.campaign.analyse import LEVEL, Ratio, contrast, holm, ratio_of, units_of
from host.campaign.cells import Asked
from host.campaign.circumstances import family_of
from host.campaign.harvest import CellHarvest, Fidelity, fidelity_of, type_b, u_common
from host.compare.comparability import may_compare, unlikes
from host.compare.critical import student
from host.compare.unlike import Effect
from host.compare.words import words_of
from host.evaluate.type_a import autocorrelated
from host.handover.quantity import Quantity
from host.handover.text import Txt

# Beside what may be claimed, a reader looks for these: by the beginning of a result id.
ALSO = (
    "decode_rate",
    "system_rate",
    "prefill_rate",
    "time_to_first_token",
    "burst_decode_rate",
    "sustained_decode_rate",
    "sustained_ratio",
    "cold_first_token",
    "inference_latency",
    "energy_per_token",
    "energy_per_inference",
    "peak_memory",
)
NOT_THERE = "not-measured: no visit of this cell has this result"


@dataclass(frozen=True, slots=True)
class Figure:
    """One result of one cell: the mean of its counted visits, in the coherent unit.

    U at p = 95 % with k: spread between visits, widened where they resemble their neighbours, and
    the type B rows of the first visit's budget. None: `missing` says why.
    """

    quantity: Quantity | None
    value: float | None
    U: float | None
    k: float | None
    n: int
    missing: str = ""


@dataclass(frozen=True, slots=True)
class CellOutcome:
    """figures: result id -> figure. why_unranked: empty where the cell's speeds may be ranked."""

    name: str
    figures: Mapping[str, Figure]
    fidelity: Fidelity | None
    why_unranked: tuple[Txt, ...]


@dataclass(frozen=True, slots=True)
class PairOutcome:
    """B beside A in one result. claimed: a difference holds among all claims of this campaign.

    ratio None: `why` says what forbids it; beside a ratio, what forbids a claim. better: name of
    the cell that wins, "" where no side is better or nothing is claimed. complete: whether
    u_common was known on both sides.
    """

    a: str
    b: str
    result: str
    ratio: Ratio | None
    why: Txt | None
    claimed: bool = False
    better: str = ""
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Outcome:
    """results: ids in the order of columns; claimed_on: those on which claims were made."""

    results: tuple[str, ...]
    claimed_on: tuple[str, ...]
    cells: tuple[CellOutcome, ...]
    pairs: tuple[PairOutcome, ...]
    level: float


def outcome_of(
    asked: Asked, harvests: Mapping[str, CellHarvest], level: float, *, ended: bool
) -> Outcome:
    """From what visits gave. level: of all claims together (`stopping.claim_level`).

    ended: by the rule of the file. Before that nothing is claimed: who looks after every block and
    stops where a difference shows has more looks than the level is shared among.
    """
    claimed_on = tuple(dict.fromkeys(_ids(harvests, asked.campaign.measurands)))
    results = tuple(dict.fromkeys((*claimed_on, *_others(harvests))))
    cells = _of_one_reference(
        asked, [_cell(name, harvests[name], results) for name in asked.names]
    )
    size = asked.unit
    pairs = [
        pair
        for a, b in combinations(asked.names, 2)
        for pair in _pairs(asked, (a, harvests[a]), (b, harvests[b]), claimed_on, size)
    ]
    claimed = _claimed(pairs, harvests, level) if ended else _unclaimed(pairs)
    return Outcome(results, claimed_on, cells, claimed, level)


def _ids(harvests: Mapping[str, CellHarvest], measurands: Sequence[str]) -> list[str]:
    """Ids of results that any cell has, in the order of the file."""
    return [each for name in measurands for h in harvests.values() for each in h.meant(name)]


def _others(harvests: Mapping[str, CellHarvest]) -> list[str]:
    """Whole results (of no single item) of what a reader looks for beside."""
    found: dict[str, None] = {}
    for harvest in harvests.values():
        items = set(harvest.first.settings.get("items", ())) if harvest.first else set()
        for wanted in ALSO:
            for key, measured in harvest.measured.items():
                quantity = measured.quantity
                fits = key.startswith(f"{wanted}@") and quantity.scope not in items
                if fits and measured.value is not None:
                    found[key] = None
    return list(found)


def _cell(name: str, harvest: CellHarvest, results: Sequence[str]) -> CellOutcome:
    figures = {result: figure_of(harvest, result) for result in results}
    if harvest.first is None:
        why = (Txt("没有有效的访问", "no valid visit"),)
        return CellOutcome(name, figures, None, why)
    fidelity = fidelity_of(harvest.first)
    return CellOutcome(name, figures, fidelity, () if fidelity.ranked else (fidelity.text,))


def _of_one_reference(asked: Asked, cells: Sequence[CellOutcome]) -> tuple[CellOutcome, ...]:
    """The cells; where a family's fidelity was taken against several references, none is ranked.

    A family's plans name one file, which somebody may have changed between visits.
    """
    held: dict[str, set[str]] = {}
    for cell in cells:
        if not cell.why_unranked and cell.fidelity is not None:
            held.setdefault(family_of(asked.cell(cell.name)), set()).add(cell.fidelity.reference)
    mixed = {family for family, references in held.items() if len(references) > 1}
    why = Txt("各单元的保真度参考不同", "fidelity was taken against several references")
    return tuple(
        replace(c, why_unranked=(why,))
        if not c.why_unranked and family_of(asked.cell(c.name)) in mixed
        else c
        for c in cells
    )


def figure_of(harvest: CellHarvest, result: str) -> Figure:
    """The mean of the counted visits with U."""
    values = harvest.values(result)
    measured = harvest.measured.get(result)
    quantity = measured.quantity if measured else None
    if not values:
        return Figure(quantity, None, None, None, 0, harvest.missing.get(result, NOT_THERE))
    found = autocorrelated(values)
    if found.value is None or found.u is None or found.nu is None:
        return Figure(quantity, values[0], None, None, len(values), "one visit has no spread")
    known = type_b(harvest.first, measured) if harvest.first and measured else None
    # Without a budget U is that of the spread alone, which the page says of all such results.
    u = found.u if known is None else sqrt(found.u**2 + (known * found.value) ** 2)
    nu = found.nu * (u / found.u) ** 4 if found.u else float("inf")
    k = student(1 - LEVEL / 2, nu)
    return Figure(quantity, found.value, k * u, k, len(values))


def _pairs(
    asked: Asked,
    a: tuple[str, CellHarvest],
    b: tuple[str, CellHarvest],
    results: Sequence[str],
    size: int,
) -> list[PairOutcome]:
    (first, x), (second, y) = a, b
    if asked.cell(first).plan.load != asked.cell(second).plan.load:
        why = Txt("负载不同，各为不同的量", "of two loads, and so of two quantities")
        return [PairOutcome(first, second, result, None, why) for result in results]
    if x.first is None or y.first is None:
        why = Txt("有一方没有有效的访问", "one side has no valid visit")
        return [PairOutcome(first, second, result, None, why) for result in results]
    found = [u for u in unlikes((x.first, y.first)) if u.effect is not Effect.SAID]
    made = []
    for result in results:
        refused = may_compare(result, found)
        if refused is not None:
            values = " | ".join(refused.values)
            why = Txt(f"{refused.text.zh}（{values}）", f"{refused.text.en} ({values})")
            made.append(PairOutcome(first, second, result, None, why))
            continue
        ratio = ratio_between(asked, x, y, result, size)
        if isinstance(ratio, Txt):
            made.append(PairOutcome(first, second, result, None, ratio))
        else:
            complete = u_common(x, y, result) is not None
            made.append(PairOutcome(first, second, result, ratio, None, complete=complete))
    return made


def ratio_between(
    asked: Asked, a: CellHarvest, b: CellHarvest, result: str, size: int
) -> Ratio | Txt:
    """B / A in one result, or why there is none."""
    mine, other = a.seen.get(result, {}), b.seen.get(result, {})
    if not mine or not other:
        return Txt("有一方没有此结果", "one side does not have this result")
    if min(seen.value for each in (mine, other) for seen in each.values()) <= 0:
        return Txt("有不大于零的值，没有比值", "there are values not above zero, so no ratio")
    units, blocks = units_of(mine, other, size)
    found = contrast(units, blocks, asked.campaign.design)
    if found == "few":
        return Txt(
            f"只有 {len(units)} 个平衡单元，至少需要 3 个",
            f"balanced units of blocks: {len(units)}, and three are the least",
        )
    return ratio_of(found, u_common(a, b, result) or 0.0)


def _claimed(
    pairs: Sequence[PairOutcome], harvests: Mapping[str, CellHarvest], level: float
) -> tuple[PairOutcome, ...]:
    """All pairs, with what holds of all claims together (Holm)."""
    tried = [pair for pair in pairs if pair.ratio is not None]
    held = holm([pair.ratio.p_value for pair in tried if pair.ratio], level)
    claims = {id(pair) for pair, holds in zip(tried, held, strict=True) if holds}
    return tuple(
        replace(pair, claimed=True, better=_better(pair, harvests)) if id(pair) in claims else pair
        for pair in pairs
    )


def _unclaimed(pairs: Sequence[PairOutcome]) -> tuple[PairOutcome, ...]:
    why = Txt("尚未结束，不作判断", "no claim before the campaign has ended")
    return tuple(pair if pair.ratio is None else replace(pair, why=why) for pair in pairs)


def _better(pair: PairOutcome, harvests: Mapping[str, CellHarvest]) -> str:
    # Of a result that the first visit lacks there are no words but those of its measurand.
    measured = harvests[pair.a].measured.get(pair.result)
    scope = measured.quantity.scope if measured else ""
    words = words_of(pair.result.partition("/")[0], scope)
    if words.better == "neither" or pair.ratio is None:
        return ""
    higher, lower = (pair.b, pair.a) if pair.ratio.value > 1 else (pair.a, pair.b)
    return higher if words.better == "higher" else lower
