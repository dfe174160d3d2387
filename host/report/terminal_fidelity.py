"""Fidelity on a terminal: verdict first, then the figures over both languages."""

from __future__ import annotations

from collections.abc import Iterator

from host.handover.fidelity import FidelityField, FidelityFigure
from host.handover.text import one_line
from host.report.html_text import visible

STYLES = {
    "within-limits": "bold green",
    "reported": "",
    "beyond-limits": "bold red",
    "void": "bold red",
    "not-measured": "dim",
}
DIGITS = 4


def fidelity_lines(field: FidelityField) -> Iterator[tuple[str, str]]:
    """(text, style) of each line; what comes from outside is printed as text."""
    yield f"保真度 fidelity: {one_line(field.text)}", STYLES[field.outcome]
    if field.reason:
        yield f"  {visible(field.reason)}", ""
    if field.reference:
        model = field.reference.get("model", {})
        said = f"{model.get('name')} {model.get('quantization')}, {field.texts.get('id')}"
        yield f"  参考 reference: {visible(said)}", "dim"
    broken = {limit.limit: limit for limit in field.limits if not limit.kept}
    for figure in field.figures:
        if figure.language == "all":
            yield f"  {one_line(figure.name)}: {figure_text(figure)}", ""
    for limit in field.limits:
        word = "超出 broken" if limit.limit in broken else "满足 kept"
        yield f"  {limit.limit} {limit.at}: {word}", "bold red" if limit.limit in broken else "dim"


def figure_text(figure: FidelityFigure) -> str:
    """Value and standard error to a few digits; the record has them all."""
    value = f"{float(figure.value):.{DIGITS}g}"
    u = "" if figure.u is None else f" (u {float(figure.u):.2g})"
    return f"{value}{u}, n = {figure.n}"
