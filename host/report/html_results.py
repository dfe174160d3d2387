"""Verdict and the tables of results: the numbers are the record's own strings."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from host.handover.quantity import Quantity
from host.handover.record import Record, Warning_
from host.handover.served_figures import STEP
from host.handover.text import Txt
from host.report.charts_data import symbol
from host.report.html_tables import column, none, outcome, reason, table
from host.report.html_text import NOTHING, Html, both, code, heading, join, said, tag, text
from host.report.state import uncertainty_words
from host.schema.rounding import alike, display_of, to_place_of

_SIGNS = {"valid": "✓", "void": "✕", "incomplete": "◐"}
_STATUSES = {
    "valid": Txt(zh="有效", en="valid"),
    "void": Txt(zh="作废", en="void"),
    "incomplete": Txt(zh="不完整", en="incomplete"),
}
_TRACEABILITY = {
    "SI": Txt(zh="溯源至 SI", en="SI"),
    "none": Txt(zh="无", en="none"),
    "reference_procedure": Txt(zh="参考测量程序", en="reference procedure"),
    "manufacturer_specification": Txt(zh="制造商技术指标", en="manufacturer's specification"),
}
_STATISTICS = {
    "mean": Txt(zh="平均", en="mean"),
    "median": Txt(zh="中位数", en="median"),
    "max": Txt(zh="最大", en="maximum"),
}
SCOPES = {
    "": Txt(zh="全部", en="whole"),
    "load": Txt(zh="加载", en="load"),
    "prefill": Txt(zh="预填充", en="prefill"),
    "decode": Txt(zh="解码", en="decode"),
    "request": Txt(zh="请求", en="request"),
    "idle": Txt(zh="空闲", en="idle"),
    "burst": Txt(zh="短时", en="burst"),
    "sustained": Txt(zh="持续", en="sustained"),
}
_COLUMNS = (
    column("量", "quantity"),
    column("值", "value", number=True),
    column("U", "U", number=True),
    column("单位", "unit"),
    column("k (p)", "k (p)", number=True),
    column("n", "n", number=True),
    column("不确定度", "uncertainty"),
    column("溯源", "traceability"),
    column("区间、界与规则", "interval, bounds and rule"),
)
_MISSING_COLUMNS = (
    column("未测得的量", "not measured"),
    column("单位", "unit"),
    column("原因", "reason"),
)


def status(word: str) -> Html:
    """A status as sign and words, never by colour alone."""
    words = _STATUSES.get(word, Txt(zh=word, en=word))
    sign = tag("span", text(_SIGNS.get(word, "?")), aria_hidden="true")
    kind = word if word in _STATUSES else "incomplete"
    return tag("span", sign, text(" "), both(words), class_=f"status {kind}")


def verdict(record: Record) -> Html:
    """The first thing on the page: what this record is worth, and why."""
    found = record.verdict
    reasons = (
        tag("ul", *(tag("li", outcome(r)) for r in found.reasons)) if found.reasons else none()
    )
    voiding = join(_short(w) for w in record.warnings)
    return tag(
        "section",
        heading(2, Txt(zh="结论", en="Verdict"), id="verdict"),
        tag("p", status(found.status), class_="stamp"),
        tag("p", both(found.text), class_="lead"),
        tag("h3", said("理由", "Reasons")),
        reasons,
        tag("p", said("警告：", "Warnings: "), voiding) if voiding else NOTHING,
        class_=f"verdict {found.status if found.status in _STATUSES else 'incomplete'}",
        aria_labelledby="verdict",
    )


def _short(warning: Warning_) -> Html:
    return Html(f"{tag('a', code(warning.code), href='#warnings')} ")


def evaluation(q: Quantity) -> Html:
    """What stands behind U, or that nothing does; it leads to the budget."""
    words = both(uncertainty_words(q))
    return tag("a", words, href=f"#{budget_anchor(q)}") if q.budget_ref else words


def budget_anchor(q: Quantity) -> str:
    """Name of the place of a budget on the page: of the record's own id, short and safe."""
    return f"budget-{hashlib.sha256(q.budget_ref.encode()).hexdigest()[:12]}"


def traceability(q: Quantity) -> Html:
    """To what the value is traceable."""
    return both(_TRACEABILITY.get(q.traceability, _same(q.traceability)))


def value(q: Quantity) -> Html:
    """The value as the record reports it, else as it holds it."""
    return text(q.reported.value if q.reported else q.value)


def expanded(q: Quantity) -> Html:
    """U as reported; nothing when it was not evaluated."""
    found = q.reported.U if q.reported else q.U
    return text(found) if found is not None else NOTHING


def unit(q: Quantity) -> Html:
    """The unit for people."""
    return text(q.reported.unit if q.reported else symbol(q.unit) or q.unit)


def results(record: Record, items: frozenset[str]) -> Html:
    """Every quantity of the run, the missing ones with their reason."""
    whole = [q for q in record.results if q.scope not in items]
    return quantities(Txt(zh="整个运行的量", en="quantities of the whole run"), whole)


def item_results(record: Record, items: frozenset[str]) -> Html:
    """The quantities of each dataset item, item by item."""
    found = [q for q in record.results if q.scope in items]
    if not found:
        return none("没有按数据项的结果。", "No results by dataset item.")
    places = {scope: place for place, scope in enumerate(dict.fromkeys(q.scope for q in found))}
    ordered = sorted(found, key=lambda q: places[q.scope])
    return quantities(Txt(zh="每个数据项的量", en="quantities of each dataset item"), ordered)


def quantities(caption: Txt, rows: Sequence[Quantity]) -> Html:
    """A table of the results that have a value, and one of those that have none."""
    measured = [q for q in rows if q.value is not None]
    missing = [q for q in rows if q.value is None]
    tables = []
    if measured:
        tables.append(table(caption, _COLUMNS, (_row(q) for q in measured)))
    if missing:
        words = Txt(zh="未测得，附原因", en="not measured, with reason")
        lines = ([named(q), unit(q), reason(q.missing)] for q in missing)
        tables.append(table(words, _MISSING_COLUMNS, lines))
    return join(tables) if tables else none()


def _row(q: Quantity) -> list[Html]:
    return [
        named(q),
        value(q),
        expanded(q),
        unit(q),
        coverage_factor(q),
        text(q.n),
        _uncertainty(q),
        traceability(q),
        join((part for part in (interval(q), both(q.rule) if q.rule else NOTHING) if part), " "),
    ]


def _uncertainty(q: Quantity) -> Html:
    """How far U was evaluated, and the interval of the other method where there are both."""
    words = tag("div", evaluation(q))
    if q.mcm is None or q.reported is None:
        return words
    return join(
        (
            words,
            tag("small", said("蒙特卡洛法", "Monte Carlo"), text(f" {drawn(q, q.mcm.symmetric)}")),
        )
    )


def drawn(q: Quantity, interval: tuple[str, str]) -> str:
    """An interval of the Monte Carlo method in the unit that is shown, to the place of U."""
    if q.value is None:
        return ""
    display = display_of(q.unit, float(q.value), float(q.U or 0))
    ends = [display.of(float(end)) for end in interval]
    if q.U is None or float(q.U) == 0:
        shown = alike(ends, display.of(float(q.value)))
    else:
        shown = [to_place_of(end, display.of(float(q.U))) for end in ends]
    return f"[{', '.join(shown)}]"


def named(q: Quantity) -> Html:
    """Name, and what tells apart the results of one measurand."""
    scope = scope_words(q.scope)
    parts = [
        both(_STATISTICS.get(q.statistic, _same(q.statistic))),
        code(q.scope) if scope == _same(q.scope) else both(scope),
    ]
    parts += [code(q.source)] if q.source else []
    parts += [tier_words(q)] if q.tier else []
    return join((both(q.name), tag("small", join(parts, " · "))))


def tier_words(q: Quantity) -> Html:
    """The tier of the evidence that a power or an energy rests on."""
    return said(f"{q.tier} 级", f"tier {q.tier}")


def scope_words(scope: str) -> Txt:
    """A scope in words: of a step, its streams; an item's as it is called."""
    streams = scope.removeprefix(STEP)
    if streams != scope and streams.isdecimal():
        return Txt(f"同时 {streams} 路", f"{streams} at once")
    return SCOPES.get(scope, _same(scope))


def coverage_factor(q: Quantity) -> Html:
    """Factor k to three digits, as in the stated text, with the coverage probability."""
    if q.k is None:
        return NOTHING
    return text(f"{float(q.k):.3g}" + (f" ({q.p})" if q.p else ""))


def interval(q: Quantity) -> Html:
    """The stated text of a value that has a distribution-free interval or bounds.

    The text has them in the unit that is shown; the fields of the record are in its own unit.
    """
    if q.reported is not None and (q.interval is not None or q.bounds is not None):
        return both(q.reported.text)
    return reason(q.interval.reason) if q.interval and q.interval.reason else NOTHING


def _same(words: str) -> Txt:
    return Txt(zh=words, en=words)
