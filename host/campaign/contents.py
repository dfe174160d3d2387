"""A campaign's outcome as the contents of its page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from host.campaign.harvest import Fidelity
from host.campaign.matrix import CellOutcome, Figure
from host.campaign.outlook import counts, standing
from host.campaign.results import CampaignReport, cautions_of, ratio_text, words_of_pair
from host.campaign.rows import answer_rows, selection_rows, without_ratio
from host.campaign.state import Visit
from host.campaign.stopping import looks
from host.handover.quantity import Quantity
from host.handover.text import Txt
from host.report.campaign_charts import Axis, Drawing, Point
from host.report.campaign_page import CellRow, Column, Page, PairRow, VisitRow
from host.schema.rounding import Display, alone, display_of, with_uncertainty

_STANDING = {
    "given up": Txt("已放弃", "given up"),
    "done": Txt("完成", "done"),
    "at work": Txt("进行中", "at work"),
    "waiting": Txt("等待中", "waiting"),
}
_RATES, _ENERGIES = ("decode_rate@", "output_byte_rate@"), ("energy_per_token@",)
# By simulation (tests/bench/stopped_intervals.py): 0.910 to 0.952 over min, max and width.
INTERVALS = Txt(
    "；区间各按 95 % 计算，由精度决定停止时实际包含概率为 91 % 至 95 %",
    "intervals are of 95 % each, and hold the truth in 91 to 95 % where the precision ended the"
    " campaign",
)
# The figures that a rate is drawn against, the first that any cell has.
_FIDELITY = (
    ("kl_divergence_mean@1", Txt("平均 KL 散度", "mean KL divergence"), "nat"),
    ("top1_agreement@1", Txt("首选词元一致率", "top-1 agreement"), ""),
    ("greedy_agreement@1", Txt("贪心输出一致率", "greedy agreement"), ""),
)


@dataclass(frozen=True, slots=True)
class _Shown:
    """A result in a column: what it is, and the unit that all cells of the column share."""

    id: str
    quantity: Quantity | None
    display: Display


def contents(found: CampaignReport) -> Page:
    """All that the page of a campaign says."""
    shown = [_shown(found, result) for result in found.outcome.results]
    state, asked = found.state, found.asked
    bad = bool(state.given_up) or state.ended == "no-cell"
    stop = asked.campaign.stop
    good = state.ended == "precision" or (state.ended == "cap" and stop.min == stop.max)
    return Page(
        title=asked.campaign.title,
        grade="bad" if bad else "good" if good else "some",
        verdict=found.told_beside_answers,
        columns=tuple(Column(name_of(s), s.display.unit) for s in shown),
        cells=tuple(_row(found, cell, shown) for cell in found.outcome.cells),
        drawings=_drawings(found, shown),
        pairs=tuple(_pair_rows(found, shown)),
        unranked=tuple((c.name, w) for c in found.outcome.cells for w in c.why_unranked),
        method=_method(found),
        visits=tuple(
            VisitRow(v.slot.folder, _visit_status(v), v.reason, v.run)
            for v in state.visits
            if v.status != "valid" or v.slot.phase == "warm-up"
        ),
        files=tuple(
            (v.slot.folder, v.run, v.record_id)
            for cell in asked.names
            for v in state.counted(cell)
        ),
        answers=tuple(answer_rows(found)),
        selected=selection_rows(found),
        apart=without_ratio(found),
    )


def _visit_status(visit: Visit) -> str:
    return f"{visit.status}, warm-up" if visit.slot.phase == "warm-up" else visit.status


def name_of(shown: _Shown) -> Txt:
    """Name with what tells results of one measurand apart."""
    q = shown.quantity
    if q is None:
        return Txt(shown.id, shown.id)
    more = ", ".join(part for part in (q.scope, q.source) if part)
    more = f" ({more})" if more else ""
    return Txt(f"{q.name.zh}{more}", f"{q.name.en}{more}")


def figure_text(figure: Figure, display: Display) -> str:
    """`value ± U`, or why it is missing."""
    if figure.value is None:
        return figure.missing
    value = display.of(figure.value)
    if figure.U is None or figure.U == 0:
        return alone(value)
    return " ± ".join(with_uncertainty(value, display.of(figure.U)))


def _shown(found: CampaignReport, result: str) -> _Shown:
    figures = [cell.figures[result] for cell in found.outcome.cells]
    quantity = next((f.quantity for f in figures if f.quantity), None)
    sizes = [abs(f.value) for f in figures if f.value is not None]
    unit = quantity.unit if quantity else "1"
    return _Shown(result, quantity, display_of(unit, min(sizes, default=1.0)))


def _row(found: CampaignReport, cell: CellOutcome, shown: Sequence[_Shown]) -> CellRow:
    figures = [(cell.figures[s.id], s.display) for s in shown]
    told = ", ".join(f"{n} {what}" for what, n in counts(found.state, cell.name).items() if n)
    return CellRow(
        name=cell.name,
        texts=tuple(figure_text(figure, display) for figure, display in figures),
        missing=tuple(figure.value is None for figure, _ in figures),
        fidelity=_fidelity(cell.fidelity),
        standing=_STANDING[standing(found.state, cell.name)],
        visits=told,
    )


def _fidelity(found: Fidelity | None) -> Txt:
    if found is None or not found.figures:
        return Txt("无：不参与排名", "none: not ranked")
    parts = []
    for key, name, unit in _FIDELITY:
        if key in found.figures:
            value, u = found.figures[key]
            more = "" if u is None else f" (u = {u:.2g})"
            parts.append((name, f"{value:.4g}{f' {unit}' if unit else ''}{more}"))
    zh = "；".join(f"{name.zh} {words}" for name, words in parts)
    en = "; ".join(f"{name.en} {words}" for name, words in parts)
    return Txt(f"{zh}（{found.outcome}）", f"{en} ({found.outcome})")


def _pair_rows(found: CampaignReport, shown: Sequence[_Shown]) -> list[PairRow]:
    names = {s.id: name_of(s) for s in shown}
    made = []
    for pair in found.outcome.pairs:
        if pair.ratio is None:
            continue
        c = pair.ratio.contrast
        basis = f"n = {c.units} ({c.blocks} blocks), k = {pair.ratio.k:.3g}"
        p_value = f"{pair.ratio.p_value:.2g}"
        made.append(
            PairRow(
                pair.a,
                pair.b,
                names.get(pair.result, Txt(pair.result, pair.result)),
                ratio_text(pair),
                p_value,
                basis,
                words_of_pair(pair),
                cautions_of(pair),
                pair.claimed,
            )
        )
    return made


def _drawings(found: CampaignReport, shown: Sequence[_Shown]) -> tuple[Drawing, ...]:
    one = [_of_one(found, s) for s in shown]
    rate = next((s for s in shown if s.id.startswith(_RATES)), None)
    energy = next((s for s in shown if s.id.startswith(_ENERGIES)), None)
    return (*one, _rate_against_fidelity(found, rate), _energy_against_rate(found, rate, energy))


def _of_one(found: CampaignReport, s: _Shown) -> Drawing:
    points = []
    for cell in found.outcome.cells:
        place = _place(cell.figures[s.id], s.display)
        if place is not None:
            points.append(Point(cell.name, not cell.why_unranked, *place))
    return Drawing(name_of(s), Axis(name_of(s), s.display.unit), None, tuple(points))


def _place(figure: Figure, display: Display) -> tuple[float, float | None] | None:
    if figure.value is None:
        return None
    expanded = None if figure.U is None else float(display.of(figure.U))
    return float(display.of(figure.value)), expanded


def _rate_against_fidelity(found: CampaignReport, rate: _Shown | None) -> Drawing:
    title = Txt("速率与保真度", "Rate against fidelity")
    cells = found.outcome.cells
    known = [c.fidelity.figures for c in cells if c.fidelity is not None]
    chosen = next((f for f in _FIDELITY if any(f[0] in each for each in known)), None)
    if chosen is None or rate is None:
        why = Txt(
            "没有单元有保真度结果，故不排名、不作图。",
            "No cell has a fidelity result, so nothing is ranked and nothing drawn.",
        )
        return Drawing(title, Axis(title, ""), None, (), why)
    key, name, unit = chosen

    def fidelity(cell: CellOutcome) -> tuple[float, float | None] | None:
        if cell.fidelity is None or key not in cell.fidelity.figures:
            return None
        value, u = cell.fidelity.figures[key]
        return value, None if u is None else 2 * u  # k = 2: a standard error over many windows

    return _two(found, title, (Axis(name, unit), fidelity), rate)


def _energy_against_rate(
    found: CampaignReport, rate: _Shown | None, energy: _Shown | None
) -> Drawing:
    title = Txt("能耗与速率", "Energy against rate")
    if rate is None or energy is None:
        why = Txt(
            "没有单元测得每词元能量，原因见矩阵与各记录。",
            "No cell has an energy per token; each record says why.",
        )
        return Drawing(title, Axis(title, ""), None, (), why)

    def of_rate(cell: CellOutcome) -> tuple[float, float | None] | None:
        return _place(cell.figures[rate.id], rate.display)

    return _two(found, title, (Axis(name_of(rate), rate.display.unit), of_rate), energy)


Placed = Callable[[CellOutcome], tuple[float, float | None] | None]


def _two(found: CampaignReport, title: Txt, x: tuple[Axis, Placed], y: _Shown) -> Drawing:
    axis, place = x
    points = []
    for cell in found.outcome.cells:
        across, up = place(cell), _place(cell.figures[y.id], y.display)
        if across is not None and up is not None:
            points.append(Point(cell.name, not cell.why_unranked, *across, *up))
    return Drawing(title, axis, Axis(name_of(y), y.display.unit), tuple(points))


def _method(found: CampaignReport) -> tuple[tuple[Txt, Txt], ...]:
    campaign, state = found.asked.campaign, found.state
    unit = found.asked.unit
    stages = ", ".join(str(n) for n in looks(campaign.stop, unit))
    warm = state.closed["warm-up"]
    stable = {
        None: Txt("未规定预热", "no warm-up was asked for"),
        True: Txt(f"{warm} 轮后稳定", f"stable after {warm} blocks"),
        False: Txt(f"{warm} 轮（上限）后仍未稳定", f"not stable after {warm} blocks, the cap"),
    }[state.stable]
    return (
        (
            Txt("设计", "design"),
            Txt(
                f"{campaign.design}，种子 {campaign.seed}；每 {unit} 轮为一平衡单元",
                f"{campaign.design}, seed {campaign.seed}; balanced over {unit} blocks",
            ),
        ),
        (Txt("预热", "warm-up"), stable),
        (
            Txt("比值", "ratios"),
            Txt(
                "同一轮内两单元之比的对数，按平衡单元取平均，漂移随之消除；"
                "u 含单元间分散与已评定且不共有的 B 类分量",
                "logarithms of ratios within a block, averaged by balanced units, which takes"
                " drift out; u holds the spread of units and the evaluated type B terms that are"
                " not shared",
            ),
        ),
        (
            Txt("判断水平", "level of claims"),
            Txt(
                f"全部判断合计 {found.outcome.level:.3g}（Holm 法；"
                f"5 % 均分给 {stages} 轮处的各次查看）{INTERVALS.zh}",
                f"{found.outcome.level:.3g} for all claims together (Holm), which is 5 % shared"
                f" among the looks after {stages} blocks; {INTERVALS.en}",
            ),
        ),
    )
