from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.wire_lines import encode_line


def test_fields_are_told_flat_in_their_order() -> None:
    fields = {
        "number": 3,
        "on": True,
        "nothing": None,
        "words": ["a", "b"],
        "runs": [{"item": "x", "argv": ["p", "-m"]}, {"item": "y", "argv": []}],
        "inner": {"rate": 10},
    }
    assert encode_line("attempt", fields) == (
        b"attempt\tnumber=3\ton=true\twords=a\twords=b"
        b"\truns=0\truns.item=x\truns.argv=p\truns.argv=-m\truns=1\truns.item=y\tinner.rate=10\n"
    )


WORDS = st.characters(exclude_characters="\0", codec="utf-8")


@given(st.text(alphabet=WORDS, max_size=40))
def test_a_value_is_one_word_of_plain_characters(text: str) -> None:
    raw = encode_line("k", {"v": text})
    assert raw.count(b"\t") == raw.count(b"\n") == 1
    assert not set(raw[4:-1]) & set(b"'\"`$;&|<>(){}[]*?!#%\r\x1b")


@settings(max_examples=30, deadline=None)
@given(st.text(alphabet=WORDS, max_size=40))
def test_printf_of_a_shell_makes_the_same_bytes_of_it(text: str) -> None:
    coded = encode_line("k", {"v": text})[len(b"k\tv=") : -1]
    done = subprocess.run(["/usr/bin/printf", "%b", coded], capture_output=True, check=True)
    assert done.stdout == text.encode("utf-8", errors="surrogateescape")


@pytest.mark.parametrize("value", ["a\0b", 1.5, b"x"])
def test_what_a_line_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="cannot be told"):
        encode_line("k", {"v": value})
