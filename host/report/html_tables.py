"""Tables and lists of terms, the two forms in which a page gives its facts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from host.handover.missing import words_of_missing
from host.handover.reasons import explained
from host.handover.text import Txt, one_line
from host.report.html_text import NOTHING, Html, both, code, join, said, tag, text


@dataclass(frozen=True, slots=True)
class Column:
    """A column; number: set to the right in figures of equal width."""

    name: Txt
    number: bool = False


def column(zh: str, en: str, *, number: bool = False) -> Column:
    """A column with its heading in both languages."""
    return Column(Txt(zh=zh, en=en), number)


def table(
    caption: Txt,
    columns: Sequence[Column],
    rows: Iterable[Sequence[Html]],
    *,
    titled: bool = False,
    labelled: bool = True,
) -> Html:
    """A table whose first column heads its rows; on a phone each row becomes a block.

    titled: the heading above says the same as the caption, which is then only spoken.
    labelled: each cell holds the kind and name of its column; else the style has to say them.
    """
    head = join(tag("th", both(c.name), scope="col", class_=_kind(c)) for c in columns)
    body = join(tag("tr", *_cells(columns, row, labelled=labelled)) for row in rows)
    return tag(
        "table",
        tag("caption", both(caption), class_="unseen" if titled else "words"),
        tag("thead", tag("tr", head)),
        tag("tbody", body),
    )


def _cells(columns: Sequence[Column], row: Sequence[Html], *, labelled: bool) -> list[Html]:
    first, *rest = row
    cells = [tag("th", first, scope="row")]
    for name, cell in zip(columns[1:], rest, strict=True):
        told = {"class_": _kind(name), "data_label": one_line(name.name)} if labelled else {}
        cells.append(tag("td", cell or NOTHING, **told))
    return cells


def _kind(column: Column) -> str:
    return "number" if column.number else "words"


def terms(pairs: Iterable[tuple[Html, Html]]) -> Html:
    """Names and what they stand for."""
    return tag("dl", *(tag("div", tag("dt", name), tag("dd", value)) for name, value in pairs))


def details(summary: Html, *content: Html, **attributes: str) -> Html:
    """Something to open."""
    return tag("details", tag("summary", summary), *content, **attributes)


def reason(missing: str) -> Html:
    """Why something is missing: its code, free text after a colon, and what the code means."""
    word, _, more = missing.partition(":")
    said_ = tag("span", code(word), text(f" {more.strip()}" if more else ""), class_="missing")
    words = words_of_missing(missing)
    return said_ if words is None else join((said_, tag("small", both(words))), " ")


def outcome(why: str) -> Html:
    """Why an attempt or a run did not count: its code as written, and what the code means."""
    words = explained(why)
    return reason(why) if words is None else join((reason(why), tag("small", both(words))), " ")


def none(zh: str = "无", en: str = "none") -> Html:
    """A section or cell in which there is nothing to report."""
    return tag("p", said(zh, en), class_="none")
