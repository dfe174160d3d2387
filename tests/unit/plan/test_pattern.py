"""Expressions that others wrote: their time grows as the text does, whatever they are."""

import time

import pytest

from host.handover.pattern import compiled


def test_an_expression_made_to_take_for_ever_takes_no_time() -> None:
    began = time.process_time()
    assert compiled(r"(a+)+$").search("a" * 100_000 + "b") is None
    assert time.process_time() - began < 1.0  # Python's own engine: twice as long a letter


@pytest.mark.parametrize("odd", [r"(?=a)b", r"(a)\1", "(", "[", "a{2000}"])
def test_what_cannot_be_searched_in_time_is_refused_with_what_is_wrong(odd: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        compiled(odd)


def test_groups_are_had_by_number_and_by_name() -> None:
    found = compiled(r"(?P<min>[0-9]+)m(?P<s>[0-9]+)?").search("at 12m")
    assert found is not None
    assert found[1] == found["min"] == "12"
    assert found.groupdict() == {"min": "12", "s": None}
