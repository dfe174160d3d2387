from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from host.cli.compare_html import contents
from host.compare.run import compare
from host.handover.record import Record
from host.pipeline.compare import Compared
from host.report.compare_page import page, strip
from tests.fakes.compared import quantity, record, with_settings

FAST, SLOW = quantity([100.0, 101.0, 102.0]), quantity([50.0, 51.0, 52.0])


def drawn(*records: Record) -> str:
    made = compare(records)
    paths = tuple(Path(f"{side.label}.json") for side in made.sides)
    return page(contents(Compared(paths, made.sides, made))).decode()


class Balanced(HTMLParser):
    """Counts what opens and never closes."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.labels: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.ids.extend(value for key, value in attrs if key == "id" and value)
        self.labels.update(value for key, value in attrs if key == "aria-labelledby" and value)
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A line of a drawing opens nothing."""


def test_the_page_says_the_verdict_first_and_needs_no_script() -> None:
    made = drawn(record(SLOW), record(FAST, run="b", runtime={"kind": "other"}))
    assert made.index("Comparable") < made.index("B is faster by 50.0 ± 2.3 token/s")
    assert made.index("B is faster by") < made.index("<table")
    assert "<script" not in made
    assert "default-src 'none'; style-src 'sha256-" in made
    assert not re.search(r"(src|href)=\"(?!#)", made)


def test_the_page_is_well_formed_and_every_label_has_its_heading() -> None:
    made = drawn(record(SLOW), record(FAST, run="b"), record(SLOW, run="c"))
    parser = Balanced()
    parser.feed(made)
    assert parser.open == []
    assert len(parser.ids) == len(set(parser.ids))
    assert {"pairs-B", "pairs-C", "files"} <= parser.labels <= set(parser.ids)


def test_what_forbids_stands_on_the_page_and_no_pair_does() -> None:
    made = drawn(record(SLOW), with_settings(record(FAST, run="b"), context_tokens=4096))
    assert "Not comparable" in made
    assert "settings.context_tokens" in made
    assert "is faster" not in made


def test_names_from_outside_are_text() -> None:
    one = record(SLOW, model_artifact={"name": "<img src=x onerror=y>"})
    made = drawn(one, record(FAST, run="b"))
    assert "<img" not in made
    assert "&lt;img" in made


def test_the_same_records_give_the_same_bytes() -> None:
    assert drawn(record(SLOW), record(FAST, run="b")) == drawn(record(SLOW), record(FAST, run="b"))


@pytest.mark.parametrize(
    ("relative", "told", "arrows", "dots"),
    [
        ((0.1, 0.05), "+10.0% [+5.0%, +15.0%]", 0, 1),
        ((0.9, 0.5), "+90.0% [+40.0%, +140.0%]", 1, 1),
        ((3.0, 5.0), "+300.0% [-200.0%, +800.0%]", 2, 0),
        ((3.0, 0.5), "+300.0% [+250.0%, +350.0%]", 1, 0),
    ],
)
def test_a_strip_tells_its_ends_and_points_where_it_goes_on(
    relative: tuple[float, float], told: str, arrows: int, dots: int
) -> None:
    made = strip(relative)
    assert f'aria-label="{told}"' in made
    assert made.count("<polygon") == arrows
    assert made.count("<circle") == dots
