"""A campaign's outcome as the contents of its page."""

from __future__ import annotations

from collections.abc import Sequence

from host.campaign.circumstances import load_label
from host.campaign.harvest import Fidelity
from host.campaign.matrix import NOT_THERE, CellOutcome, Figure
from host.campaign.names import name_of, of_all_steps, step_name, streams_of
from host.campaign.outlook import counts, standing
from host.campaign.pictures import FIDELITY, Shown, drawings_of, shown_of
from host.campaign.results import CampaignReport, cautions_of, ratio_text, words_of_pair
from host.campaign.rows import answer_rows, selection_rows, without_ratio
from host.campaign.state import Visit
from host.campaign.steps import step_charts
from host.campaign.stopping import looks
from host.handover.text import Txt
from host.report.campaign_matrix import CellRow, Column
from host.report.campaign_page import Page, PairRow, VisitRow
from host.schema.rounding import Display, alone, with_uncertainty

_STANDING = {
    "given up": Txt("已放弃", "given up"),
    "done": Txt("完成", "done"),
    "at work": Txt("进行中", "at work"),
    "waiting": Txt("等待中", "waiting"),
}
# By simulation (tests/bench/stopped_intervals.py): 0.910 to 0.952 over min, max and width.
INTERVALS = Txt(
    "；区间各按 95 % 计算，由精度决定停止时实际包含概率为 91 % 至 95 %",
    "intervals are of 95 % each, and hold the truth in 91 to 95 % where the precision ended the"
    " campaign",
)


def contents(found: CampaignReport) -> Page:
    """All that the page of a campaign says."""
    shown = shown_of(found.outcome)
    state, asked = found.state, found.asked
    bad = bool(state.given_up) or state.ended == "no-cell"
    stop = asked.campaign.stop
    good = state.ended == "precision" or (state.ended == "cap" and stop.min == stop.max)
    return Page(
        title=asked.campaign.title,
        grade="bad" if bad else "good" if good else "some",
        verdict=found.told_beside_answers,
        columns=tuple(_column(s) for s in shown),
        cells=tuple(_row(found, cell, shown) for cell in found.outcome.cells),
        drawings=drawings_of(found.asked, found.outcome, shown),
        steps=step_charts(found.asked, found.outcome),
        pairs=tuple(_pair_rows(found, shown)),
        unranked=tuple((c.name, w) for c in found.outcome.cells for w in c.why_unranked),
        method=_method(found),
        visits=tuple(
            VisitRow(v.slot.folder, _visit_status(v), v.reason, v.run)
            for v in state.visits
            if v.status != "valid" or v.slot.phase == "warm-up" or v.reason
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


def _column(shown: Shown) -> Column:
    q, step = shown.quantity, streams_of(shown.id)
    name = shown.name if q is None else name_of(q, step=False)
    words = None if step is None else step_name(step)
    return Column(name, shown.display.unit, of_all_steps(shown.id), words)


def _visit_status(visit: Visit) -> str:
    said = "valid, in part" if visit.status == "valid" and visit.reason else visit.status
    return f"{said}, warm-up" if visit.slot.phase == "warm-up" else said


def figure_text(figure: Figure, display: Display) -> str:
    """`value ± U`, or why it is missing."""
    if figure.value is None:
        return figure.missing
    value = display.of(figure.value)
    if figure.U is None or figure.U == 0:
        return alone(value)
    return " ± ".join(with_uncertainty(value, display.of(figure.U)))


def _row(found: CampaignReport, cell: CellOutcome, shown: Sequence[Shown]) -> CellRow:
    figures = [(cell.figures[s.id], s.display) for s in shown]
    told = ", ".join(f"{n} {what}" for what, n in counts(found.state, cell.name).items() if n)
    return CellRow(
        name=cell.name,
        load=load_label(found.asked, cell.name),
        texts=tuple(figure_text(figure, display) for figure, display in figures),
        missing=tuple(figure.value is None for figure, _ in figures),
        lacking=tuple(figure.missing == NOT_THERE for figure, _ in figures),
        fidelity=_fidelity(cell.fidelity),
        standing=_STANDING[standing(found.state, cell.name)],
        visits=told,
    )


def _fidelity(found: Fidelity | None) -> Txt:
    if found is None or not found.figures:
        return Txt("无：不参与排名", "none: not ranked")
    parts = []
    for key, name, unit in FIDELITY:
        if key in found.figures:
            value, u = found.figures[key]
            more = "" if u is None else f" (u = {u:.2g})"
            parts.append((name, f"{value:.4g}{f' {unit}' if unit else ''}{more}"))
    zh = "；".join(f"{name.zh} {words}" for name, words in parts)
    en = "; ".join(f"{name.en} {words}" for name, words in parts)
    return Txt(f"{zh}（{found.outcome}）", f"{en} ({found.outcome})")


def _pair_rows(found: CampaignReport, shown: Sequence[Shown]) -> list[PairRow]:
    names = {s.id: s.name for s in shown}
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
