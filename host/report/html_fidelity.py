"""Fidelity on the page: outcome, figures by language, limits, what it was compared with."""

from __future__ import annotations

from host.handover.fidelity import FidelityField, FidelityFigure
from host.handover.record import Record
from host.handover.text import Txt
from host.report.html_numbers import short
from host.report.html_tables import column, none, reason, table, terms
from host.report.html_text import NOTHING, Html, both, code, join, said, tag, text

_LANGUAGES = {
    "all": Txt("合计", "both"),
    "zh": Txt("中文", "Chinese"),
    "en": Txt("英文", "English"),
}
_COLUMNS = (
    column("量", "figure"),
    column("语言", "language"),
    column("值", "value", number=True),
    column("标准误差", "standard error", number=True),
    column("n", "n", number=True),
    column("位置数", "positions", number=True),
    column("标准误差的算法", "how the standard error is found"),
)
_LIMITS = (
    column("限值", "limit"),
    column("限值为", "set to", number=True),
    column("值", "value", number=True),
    column("结论", "outcome"),
)
_DIGITS = 4


def fidelity(record: Record) -> Html:
    """Words first, then numbers."""
    field = record.fidelity
    why = tag("p", reason(field.reason)) if field.reason else NOTHING
    return join((tag("p", both(field.text), class_="lead"), why, *_parts(field)))


def _parts(field: FidelityField) -> list[Html]:
    parts: list[Html] = []
    if field.limits:
        rows = [
            (
                code(limit.limit),
                short(limit.at, _DIGITS),
                short(limit.value, _DIGITS),
                said("满足", "kept") if limit.kept else said("超出", "broken"),
            )
            for limit in field.limits
        ]
        parts.append(table(Txt("方案的限值", "Limits of the plan"), _LIMITS, rows))
    if field.decision_rule is not None:
        parts.append(tag("p", both(field.decision_rule), class_="hint"))
    if field.figures:
        rows_ = [_row(figure) for figure in field.figures]
        parts.append(table(Txt("保真度的量", "Figures of fidelity"), _COLUMNS, rows_))
    if field.reference:
        parts.append(_reference(field))
    return parts or [none()]


def _row(figure: FidelityFigure) -> tuple[Html, ...]:
    return (
        both(figure.name),
        both(_LANGUAGES[figure.language]),
        short(figure.value, _DIGITS),
        short(figure.u),
        text(str(figure.n)),
        text(str(figure.positions)),
        both(figure.u_rule),
    )


def _reference(field: FidelityField) -> Html:
    """What the reference file states of itself; all of it is others' words."""
    model, windows = field.reference.get("model", {}), field.windows
    pairs = (
        (
            Txt("参考模型", "reference model"),
            f"{model.get('name')} {model.get('quantization')} {model.get('sha256')}",
        ),
        (Txt("分词器", "tokenizer"), str(model.get("tokenizer_sha256"))),
        (
            Txt("文本", "texts"),
            f"{field.texts.get('id')}@{field.texts.get('version')} {field.texts.get('sha256')}",
        ),
        (
            Txt("窗口", "windows"),
            f"n_ctx {windows.get('n_ctx')}, {windows.get('scored_from')}+;"
            f" zh {windows.get('zh')}, en {windows.get('en')}",
        ),
    )
    return terms((both(name), code(value)) for name, value in pairs)
