"""The figures' frames: titles, counts, controls and the tables below; the script draws inside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from host.handover.record import GapField, Record
from host.handover.text import Txt, one_line
from host.report.charts import Charts
from host.report.charts_data import symbol
from host.report.charts_figure import Figure, Summary
from host.report.html_tables import Column, column, details, reason, table
from host.report.html_text import NOTHING, Html, both, code, join, said, tag, text

_TOOLS = (
    ("in", "+", Txt(zh="放大", en="zoom in")),
    ("out", "−", Txt(zh="缩小", en="zoom out")),
    ("reset", "⟲", Txt(zh="复位", en="reset")),
)
_COLUMNS: tuple[Column, ...] = (
    column("尝试", "attempt"),
    column("通道或量", "channel or quantity"),
    column("记录点数", "recorded", number=True),
    column("画出点数", "drawn", number=True),
    column("缺口", "gaps", number=True),
    column("最小", "min", number=True),
    column("平均", "mean", number=True),
    column("最大", "max", number=True),
    column("单位", "unit"),
)


def figures(record: Record, charts: Charts) -> Html:
    """The section of all charts."""
    return join(
        (
            tag("p", *_hints(charts), class_="hint"),
            _chooser(charts),
            tag(
                "p",
                said(
                    "图表未能绘出；各表仍然有效。",
                    "The charts could not be drawn; all tables stand.",
                ),
                id="charts-failed",
                hidden="",
            ),
            tag(
                "p",
                said(
                    "图表正在绘制；没有脚本时只有各表。",
                    "The charts are being drawn; without script there are the tables only.",
                ),
                id="charts-wait",
                class_="hint",
            ),
            *(_figure(f, record.gaps) for f in charts.figures),
        )
    )


def _hints(charts: Charts) -> Iterable[Html]:
    yield said(
        "图上的点每像素格保留最小与最大值，只供目视；任何数值都不由图得出。",
        "Charts keep the smallest and largest value of each pixel bin, for the eye only;"
        " no number comes from a chart.",
    )
    yield Html("<br>")
    yield said(
        "键盘：选中图表后 ←→ 移动光标（Shift 快 20 倍），+ − 缩放，Esc 复位。",
        "Keyboard, with a chart focused: ←→ move the cursor (Shift: 20 times), + − zoom,"
        " Esc resets.",
    )
    if charts.left_out:
        numbers = ", ".join(f"#{n}" for n in charts.left_out)
        yield Html("<br>")
        yield said(f"未画出的尝试：{numbers}", f"Attempts that are not drawn: {numbers}")


def _chooser(charts: Charts) -> Html:
    if len(charts.shadings) < 2:  # noqa: PLR2004 - nothing to choose
        return NOTHING
    valid = [s.attempt for s in charts.shadings if s.status == "valid"]
    everything = Txt(zh="叠加全部有效尝试", en="overlay of all valid attempts")
    if not valid:
        everything = Txt(zh="叠加全部尝试", en="overlay of all attempts")
    options = [tag("option", text(one_line(everything)), value="all")]
    for s in charts.shadings:
        words = text(f"#{s.attempt}" + ("" if s.status == "valid" else f" ({s.status})"))
        options.append(tag("option", words, value=str(s.attempt)))
    return tag(
        "p",
        tag("label", said("尝试", "Attempt"), for_="attempt"),
        text(" "),
        tag("select", *options, id="attempt"),
        class_="chooser needs-script",
        hidden="",
    )


def _figure(figure: Figure, gaps: Sequence[GapField]) -> Html:
    title = f"title-{figure.id}"
    if figure.why_empty:
        why = tag("ul", *(tag("li", both(words)) for words in figure.why_empty))
        return tag(
            "section",
            tag("h3", both(figure.title), id=title),
            tag("p", said("没有数据：", "No data: ")),
            why,
            class_="figure empty",
            aria_labelledby=title,
        )
    return tag(
        "section",
        tag("div", tag("h3", both(figure.title), id=title), _tools(figure), class_="bar"),
        tag("p", *_axes(figure), class_="axes"),
        _stage(figure, title),
        tag("div", class_="legend"),
        *(tag("p", both(note), class_="hint") for note in figure.notes),
        _numbers(figure, gaps),
        class_="figure",
        id=f"figure-{figure.id}",
        aria_labelledby=title,
    )


def _stage(figure: Figure, title: str) -> Html:
    """What takes the focus: the drawing, and what the cursor stands on."""
    plot = tag("div", class_="plot", aria_hidden="true")
    readout = tag("p", class_="readout", id=f"readout-{figure.id}")
    return tag(
        "div",
        plot,
        readout,
        class_="stage",
        tabindex="0",
        role="group",
        aria_roledescription="图表 chart",
        aria_labelledby=title,
        aria_describedby="chart-keys",
    )


def _tools(figure: Figure) -> Html:
    buttons = (
        tag(
            "button",
            text(sign),
            type="button",
            data_tool=tool,
            title=one_line(words),
            aria_label=f"{one_line(words)}: {one_line(figure.title)}",
        )
        for tool, sign, words in _TOOLS
    )
    return tag("div", *buttons, class_="tools needs-script", hidden="")


def _axes(figure: Figure) -> Iterable[Html]:
    for sign, axis in (("↑", figure.y), ("→", figure.x)):
        unit = symbol(axis.unit)
        words = join((text(f"{sign} "), both(axis.name), text(f" / {unit}" if unit else "")))
        yield tag("span", words)
    yield tag(
        "span",
        said(
            f"记录 {figure.recorded} 点 / 画出 {figure.drawn} 点",
            f"{figure.recorded} recorded / {figure.drawn} drawn",
        ),
        class_="count",
    )


def _numbers(figure: Figure, gaps: Sequence[GapField]) -> Html:
    rows = (_row(s) for s in figure.summaries)
    caption = Txt(zh=f"{figure.title.zh}：读数", en=f"{figure.title.en}: readings")
    note = said(
        "最小、平均、最大取自全部记录的读数（平均不按时间加权），不是测量结果。",
        "Min, mean and max are of all recorded readings (mean not weighted by time);"
        " they are no results.",
    )
    return details(
        said("数据表", "Data table"),
        table(caption, _COLUMNS, rows),
        tag("p", note, class_="hint"),
        _gaps(figure, gaps),
    )


def _row(s: Summary) -> list[Html]:
    name = both(s.name) if s.name.zh != s.name.en else code(s.name.en)
    return [
        text(f"#{s.attempt}"),
        name,
        *(text(number) for number in (s.recorded, s.drawn, s.gaps, s.low, s.mean, s.high)),
        text(symbol(s.unit) or s.unit),
    ]


def _gaps(figure: Figure, gaps: Sequence[GapField]) -> Html:
    """Why readings of this figure are missing, as the record counts them."""
    names = set(figure.channels)
    own = [g for g in gaps if any(g.channel in name for name in names)]
    if not own:
        return NOTHING
    items = (
        tag("li", code(g.channel), text(f" #{g.attempt}: {g.count} × "), reason(g.reason))
        for g in own
    )
    return join((tag("p", said("缺口", "Gaps")), tag("ul", *items)))
