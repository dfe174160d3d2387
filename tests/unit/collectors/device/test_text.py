"""Numbers and names out of text that is not trusted."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.device.text import (
    decimal,
    integer,
    keyed,
    numbered,
    short_integer,
    short_text,
    slug,
    unique,
)
from collectors.reading import Missing
from tests.fakes.tree import tree


@given(st.integers(-(2**63), 2**64 - 1))
def test_every_64_bit_number_reads_back(value: int) -> None:
    assert integer(b"%d\n" % value) == value


@pytest.mark.parametrize("data", [b"", b"\n", b"1 2", b"1_000", b"0x10", b"1.5", b"+1", b"9" * 21])
def test_what_is_no_whole_number_is_missing(data: bytes) -> None:
    found = integer(data)
    assert isinstance(found, Missing)
    assert found.reason.startswith("not-a-number: ")


@given(st.binary(max_size=200))
def test_parsers_never_raise_and_their_reasons_fit_on_one_line(data: bytes) -> None:
    for found in (integer(data), decimal(data), *keyed(data, (b"Pss", b"Rss"))):
        if isinstance(found, Missing):
            assert re.fullmatch(r"[a-z-]+(: [ -~]+)?", found.reason)
        else:
            assert abs(found) < 1e21


@pytest.mark.parametrize(("data", "value"), [(b"0.25", 0.25), (b"-3", -3.0), (b"10.00", 10.0)])
def test_decimals_read_as_numbers(data: bytes, value: float) -> None:
    assert decimal(data) == value


@pytest.mark.parametrize("data", [b"nan", b"inf", b"1e9", b"1.", b".5", b"0,5", b""])
def test_what_is_no_plain_decimal_is_missing(data: bytes) -> None:
    assert isinstance(decimal(data), Missing)


def test_keyed_numbers_come_in_the_order_asked_for() -> None:
    data = b"A:   1 kB\nBee: 2 kB\nA: 3 kB\nC:\n"
    assert keyed(data, (b"Bee", b"A", b"D", b"C")) == (
        2,
        1,
        Missing("no-such-field: D"),
        Missing("not-a-number: ''"),
    )


@given(st.text(max_size=100))
def test_a_slug_is_a_word_of_a_channel_name_and_stays_one(text: str) -> None:
    word = slug(text)
    assert re.fullmatch(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?", word)
    assert len(word) <= 64
    assert slug(word) == word


def test_slugs_keep_what_can_be_read() -> None:
    assert slug("Package id 0") == "package-id-0"
    assert slug("VDD_GPU_SOC") == "vdd_gpu_soc"
    assert slug("温度") == "unnamed"


@given(st.lists(st.sampled_from(["a", "a-2", "a-3", "b", "a-2-2"]), max_size=12))
def test_unique_names_keep_their_number_order_and_first_spelling(names: list[str]) -> None:
    made = unique(names)
    assert len(set(made)) == len(names)
    assert all(new.startswith(old) for new, old in zip(made, names, strict=True))
    assert unique(names) == made


def test_a_second_of_the_same_name_is_number_two() -> None:
    assert unique(["nvme", "acpitz", "nvme"]) == ["nvme", "acpitz", "nvme-2"]


def test_labels_are_bounded_and_may_be_missing(tmp_path: Path) -> None:
    root = tree(tmp_path, {"a": " PPT \n", "b": "x" * 5000, "c": "\n", "d": b"\xff\xfe\n"})
    assert short_text(root / "a") == "PPT"
    assert short_text(root / "b") is None
    assert short_text(root / "c") is None
    assert short_text(root / "d") == "\ufffd\ufffd"
    assert short_text(root / "none") is None


def test_a_constant_that_is_no_number_is_none(tmp_path: Path) -> None:
    root = tree(tmp_path, {"a": "12\n", "b": "twelve\n"})
    assert [short_integer(root / name) for name in ("a", "b", "c")] == [12, None, None]


def test_entries_are_taken_by_number_and_not_by_letter(tmp_path: Path) -> None:
    for name in ("cpu10", "cpu2", "cpufreq", "cpu0", "xcpu1", "cpu1x"):
        (tmp_path / name).mkdir()
    assert [p.name for p in numbered(tmp_path, "cpu")] == ["cpu0", "cpu2", "cpu10"]
    assert numbered(tmp_path / "none", "cpu") == []
