from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from host.errors import FolderError
from host.sign.envelope import Envelope, envelope_bytes, holds, read_envelope, signed_with
from tests.fakes.signing import pair

TYPE = "application/vnd.in-toto+json"


@pytest.fixture
def raw(tmp_path: Path) -> bytes:
    key, _ = pair(tmp_path, "A")
    other, _ = pair(tmp_path, "B")
    return envelope_bytes(signed_with(signed_with(Envelope(TYPE, b'{"a": 1}', ()), key), other))


def test_an_envelope_reads_back_and_both_signatures_hold(raw: bytes) -> None:
    found = read_envelope(raw, TYPE, "x")
    assert envelope_bytes(found) == raw
    assert [holds(found, s) for s in found.signatures] == [True, True]


def test_one_key_signs_once(tmp_path: Path) -> None:
    key, _ = pair(tmp_path, "A")
    with pytest.raises(ValueError, match="signed it already"):
        signed_with(signed_with(Envelope(TYPE, b"x", ()), key), key)


def test_every_flipped_bit_is_refused_or_breaks_a_signature(raw: bytes) -> None:
    for place in range(len(raw) * 8):
        bad = bytearray(raw)
        bad[place // 8] ^= 1 << place % 8
        try:
            found = read_envelope(bytes(bad), TYPE, "x")
        except FolderError:
            continue
        assert not all(holds(found, s) for s in found.signatures), f"bit {place}"


def test_every_truncation_is_refused(raw: bytes) -> None:
    for length in range(len(raw) - 1):
        with pytest.raises(FolderError):
            read_envelope(raw[:length], TYPE, "x")


def _twice(e: dict[str, Any]) -> None:
    e["signatures"].append(e["signatures"][0])


def _swapped_keys(e: dict[str, Any]) -> None:
    first, second = e["signatures"]
    first["keyid"], second["keyid"] = second["keyid"], first["keyid"]


def _set(path: str, value: Any) -> Callable[[dict[str, Any]], None]:  # noqa: ANN401 - JSON
    def change(e: dict[str, Any]) -> None:
        *parents, last = path.split(".")
        for part in parents:
            e = e["signatures"][0] if part == "first" else e[part]
        e[last] = value

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_set("payloadType", "application/json"), "not of the type"),
        (_set("payloadType", None), "not of the type"),
        (_set("signatures", []), "1 to 16"),
        (_set("signatures", {}), "1 to 16"),
        (_set("signatures", None), "1 to 16"),
        (_twice, "signed twice"),
        (_swapped_keys, "not the SHA-256"),
        (_set("extra", 1), "nothing else"),
        (_set("first.extra", 1), "nothing else"),
        (_set("payload", 5), "must be a string"),
        (_set("payload", "YQ"), "base64"),
        (_set("payload", "YR=="), "canonical"),
        (_set("payload", "YQ==\n"), "base64"),
        (_set("payload", "_-__"), "base64"),
        (_set("first.sig", "YQ=="), "wrong length"),
        (_set("first.publicKey", "YQ=="), "wrong length"),
        (_set("first.keyid", "0" * 64), "not the SHA-256"),
        (_set("first.keyid", 5), "not the SHA-256"),
    ],
)
def test_an_envelope_that_could_be_read_two_ways_is_refused(
    raw: bytes, change: Callable[[dict[str, Any]], None], said: str
) -> None:
    value = json.loads(raw)
    change(value)
    with pytest.raises(FolderError, match=said):
        read_envelope(json.dumps(value).encode(), TYPE, "x")


def test_upper_case_key_ids_are_refused(raw: bytes) -> None:
    value = json.loads(raw)
    value["signatures"][0]["keyid"] = value["signatures"][0]["keyid"].upper()
    with pytest.raises(FolderError):
        read_envelope(json.dumps(value).encode(), TYPE, "x")


def test_a_key_that_stands_twice_in_the_file_is_refused(raw: bytes) -> None:
    other = base64.b64encode(b"other")
    twice = raw.replace(b"{", b'{"payload": "' + other + b'",', 1)
    with pytest.raises(FolderError, match="stands twice"):
        read_envelope(twice, TYPE, "x")


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"{}", b"\xff", b"{" * 10_000])
def test_what_is_no_envelope_is_refused(content: bytes) -> None:
    with pytest.raises(FolderError):
        read_envelope(content, TYPE, "x")


def test_an_endless_file_is_refused(raw: bytes) -> None:
    with pytest.raises(FolderError, match="larger"):
        read_envelope(raw + b" " * (1 << 20), TYPE, "x")
