"""Text of a device stays text, and nothing in it hides."""

from __future__ import annotations

import json
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.handover.text import Txt
from host.report.html_text import both, embedded_json, tag, text, visible


class Seen(HTMLParser):
    """Elements and text that a parser finds."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.words += "".join(f"[{value}]" for _, value in attrs)

    def handle_data(self, data: str) -> None:
        self.words += data


def seen(markup: str) -> Seen:
    parser = Seen()
    parser.feed(markup)
    parser.close()
    return parser


@given(st.text(max_size=300))
def test_any_text_stays_one_text_without_an_element(words: str) -> None:
    found = seen(tag("p", text(words)))
    assert found.tags == ["p"]
    assert found.words == visible(words)


@given(st.text(max_size=300))
def test_any_text_stays_inside_its_attribute(words: str) -> None:
    found = seen(tag("p", title=words))
    assert found.tags == ["p"]
    assert found.words == f"[{visible(words)}]"


@given(st.recursive(st.text() | st.integers() | st.none(), st.lists, max_leaves=20))
def test_json_in_a_script_element_cannot_end_it_and_reads_back(value: object) -> None:
    flat = embedded_json(value)
    assert not set("<>&") & set(flat)
    assert flat.isascii()
    assert json.loads(flat) == value


@pytest.mark.parametrize(
    ("hidden", "shown"),
    [
        ("a\u202eb", "a\\u202eb"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\u2066x\u2069", "\\u2066x\\u2069"),
        ("a\nb", "a\\nb"),
        ("\ud800", "\\ud800"),
        ("\u2028", "\\u2028"),
        ("\U000e0041", "\\U000e0041"),
        ("温度 °C", "温度 °C"),
    ],
)
def test_characters_that_hide_or_reorder_are_shown_by_their_code(hidden: str, shown: str) -> None:
    assert visible(hidden) == shown


def test_a_very_long_text_is_cut_and_says_so() -> None:
    assert visible("x" * 5000) == "x" * 4000 + " …"


def test_both_languages_stand_side_by_side_and_english_is_marked() -> None:
    assert both(Txt("值", "value")) == (
        '<span class="zh">值</span> <span class="en" lang="en">value</span>'
    )


def test_words_that_are_the_same_in_both_languages_stand_once() -> None:
    assert both(Txt("k", "k")) == '<span class="same">k</span>'


def test_not_a_number_is_refused_rather_than_embedded() -> None:
    with pytest.raises(ValueError, match="JSON"):
        embedded_json(float("nan"))
