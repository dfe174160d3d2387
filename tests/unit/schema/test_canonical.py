import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from host.errors import FolderError
from host.schema.canonical import (
    canonical_bytes,
    decimal,
    from_bytes,
    quoted,
    record_id_of,
    sha256_of,
    to_bytes,
)
from tests.fakes.records import sample_record

PATTERN = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")
RECORD = sample_record(2)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_decimal_reads_back_as_the_same_double(value: float) -> None:
    text = decimal(value)
    assert PATTERN.fullmatch(text)
    assert float(text) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5.0, "5"),
        (0.1, "0.1"),
        (-0.0, "0"),
        (1e-7, "0.0000001"),
        (1e15, "1000000000000000"),
        (1e16, "1e+16"),
        (1e22, "1e+22"),
        (1.5e-13, "1.5e-13"),
        (-2.5, "-2.5"),
    ],
)
def test_decimals_are_the_shortest_and_mostly_without_exponent(value: float, text: str) -> None:
    assert decimal(value) == text


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_never_reaches_a_record(value: float) -> None:
    with pytest.raises(ValueError, match="no number"):
        decimal(value)


@given(json_values)
def test_quoted_json_is_always_hashable_and_stays_as_it_is(value: Any) -> None:  # noqa: ANN401
    fit = quoted(value)
    rfc8785.dumps(fit)
    json.dumps(fit, ensure_ascii=False).encode()
    assert quoted(fit) == fit


any_keys = st.text(st.characters(codec=None)) | st.integers() | st.booleans() | st.none()
any_json = st.recursive(
    json_values | st.tuples(st.integers(2**53 - 2, 2**53 + 2), st.floats()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_keys, inner, max_size=3),
    max_leaves=8,
)


def bytes_or_refusal(dumps: Callable[[Any], bytes], value: Any) -> bytes | None:  # noqa: ANN401
    try:
        return dumps(value)
    except rfc8785.CanonicalizationError:
        return None


@given(any_json)
@example({"\ufb33": 1, "\U0001f600": 2})
@example({1: "a key that is no text"})
@example([2**53 - 1, 2**53, -(2**53)])
@example({"t": ("a tuple", '\x7f\x1f\u2028/\\"')})
@example([1e22, -0.0, math.inf])
@example("\ud800")
def test_canonical_bytes_are_those_of_the_library_of_rfc_8785(value: Any) -> None:  # noqa: ANN401
    ours = bytes_or_refusal(canonical_bytes, value)
    assert ours == bytes_or_refusal(rfc8785.dumps, value)


def test_floats_and_big_integers_become_digits_and_small_ones_stay() -> None:
    said = {"b": 2**53, "a": 2**53 - 1, "c": [0.25, True, None], "d": -(2**53)}
    assert quoted(said) == {
        "a": 2**53 - 1,
        "b": "9007199254740992",
        "c": ["0.25", True, None],
        "d": "-9007199254740992",
    }
    assert list(quoted(said)) == ["a", "b", "c", "d"]


def test_half_a_surrogate_pair_from_a_device_does_not_break_the_record() -> None:
    assert "\ud800" not in quoted({"name": "x\ud800y"})["name"]


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(ValueError, match="no JSON"):
        quoted({"a": b"bytes"})


def test_the_identity_is_the_hash_of_the_canonical_rest() -> None:
    fields = msgspec.to_builtins(RECORD)
    del fields["record_id"]
    expected = hashlib.sha256(rfc8785.dumps(fields)).hexdigest()
    assert RECORD.record_id == f"urn:sha256:{expected}" == record_id_of(RECORD)
    assert sha256_of({"b": 1, "a": "x"}) == hashlib.sha256(b'{"a":"x","b":1}').hexdigest()


def test_a_record_reads_back_as_it_was_written() -> None:
    raw = to_bytes(RECORD)
    assert from_bytes(raw) == RECORD
    assert to_bytes(from_bytes(raw)) == raw


def test_the_file_is_utf_8_with_two_spaces_and_one_line_end_at_the_end() -> None:
    raw = to_bytes(RECORD)
    assert raw.startswith(b'{\n  "schema": {\n    "name": "inferometer/record"')
    assert raw.endswith(b'"end_of_record": true\n}\n')
    assert "有效".encode() in raw


def test_no_float_stands_in_a_record() -> None:
    def no_float(text: str) -> float:
        raise AssertionError(text)

    json.loads(to_bytes(RECORD), parse_float=no_float)


def altered(change: Mapping[str, Any]) -> bytes:
    return json.dumps({**json.loads(to_bytes(RECORD)), **change}).encode()


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (altered({"surprise": 1}), "surprise"),
        (altered({"verdict": {"status": "valid"}}), "verdict"),
        (altered({"payload_sha256": 5}), "payload_sha256"),
        (b'{"kind": "a", "kind": "b"}', "twice"),
        (b'{"kind": NaN}', "NaN"),
        (b"[]", "object"),
        (b"\xff", "utf-8"),
        (to_bytes(RECORD)[:-4], "record.json"),
    ],
)
def test_what_is_not_exactly_a_record_is_refused_with_its_reason(raw: bytes, why: str) -> None:
    with pytest.raises(FolderError, match=why):
        from_bytes(raw)


def test_a_record_with_half_of_a_surrogate_pair_is_refused_in_a_sentence() -> None:
    raw = to_bytes(sample_record(2)).replace(b'"results": [', b'"results": ["\\ud800",', 1)
    with pytest.raises(FolderError, match="is no record of version"):
        from_bytes(raw)
