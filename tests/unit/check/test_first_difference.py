from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from host.check.first_difference import first_difference

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


def test_the_first_difference_is_named_by_its_path() -> None:
    stored = b'{"a": {"b": [1, {"c": "x"}]}, "d": 1}'
    again = b'{"a": {"b": [1, {"c": "y"}]}, "d": 2}'
    assert first_difference(stored, again) == "$.a.b[1].c"


def test_the_identity_is_named_only_when_nothing_else_differs() -> None:
    stored, again = b'{"record_id": "1", "x": 1}', b'{"record_id": "2", "x": 2}'
    assert first_difference(stored, again) == "$.x"
    assert first_difference(stored, b'{"record_id": "2", "x": 1}') == "$.record_id"


def test_missing_and_added_things_are_named() -> None:
    assert first_difference(b'{"a": 1}', b'{"a": 1, "b": 2}') == "$.b"
    assert first_difference(b'{"a": 1, "b": 2}', b'{"a": 1}') == "$.b"
    assert first_difference(b"[1]", b"[1, 2]") == "$[1]"


def test_a_number_and_its_text_differ() -> None:
    assert first_difference(b'{"a": 1}', b'{"a": "1"}') == "$.a"
    assert first_difference(b'{"a": 1}', b'{"a": true}') == "$.a"


def test_what_is_no_json_is_named_by_the_byte() -> None:
    assert first_difference(b"<html>a", b"<html>b") == "byte 6"
    assert first_difference(b"<html>", b"<html>b") == "byte 6"
    assert first_difference(b'{"a": 1}', b'{"a":  1}') == "byte 6"
    assert first_difference(b'{"a": 1, "a": 1}', b'{"a": 1}') == "byte 7"


@given(stored=JSON, again=JSON)
def test_exactly_different_values_have_a_path(stored: object, again: object) -> None:
    one, other = (json.dumps(v, sort_keys=True).encode() for v in (stored, again))
    assert first_difference(one, other).startswith("$") == (one != other)
