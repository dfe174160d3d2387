"""Reads a page back as an independent end: the tables, with the text of each cell."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class ReadTable:
    """Rows of cell texts; the first row is the head."""

    caption: str = ""
    rows: list[list[str]] = field(default_factory=list)


class PageReader(HTMLParser):
    """Tables of a page, and the text between elements, scripts and styles left out."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[ReadTable] = []
        self.words = ""
        self.sections: list[str] = []
        self.elements: dict[str, int] = {}
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] = self.elements.get(tag, 0) + 1
        if tag in ("meta", "br"):
            return
        if tag == "section" and self._open[-1:] == ["main"]:
            self.sections.append(dict(attrs).get("aria-labelledby") or "")
        self._open.append(tag)
        if tag == "table":
            self.tables.append(ReadTable())
        elif tag == "tr":
            self.tables[-1].rows.append([])
        elif tag in ("td", "th"):
            self.tables[-1].rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag, f"{tag} closes another element"

    def handle_data(self, data: str) -> None:
        if {"script", "style"} & set(self._open):
            return
        self.words += data
        if "caption" in self._open:
            self.tables[-1].caption += data
        elif "td" in self._open or "th" in self._open:
            self.tables[-1].rows[-1][-1] += data


def read(page: bytes) -> PageReader:
    """Parse a whole page; every element must be closed."""
    reader = PageReader()
    reader.feed(page.decode("utf-8"))
    reader.close()
    assert reader._open == []  # noqa: SLF001 - our own reader
    return reader
