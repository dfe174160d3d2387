"""The bounded reader on whole, torn and hostile files."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import gguf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from host.artefacts.models.gguf_header import read_header
from host.errors import ArtefactError


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value.encode())) + value.encode()


def field(key: str, kind: int, value: bytes) -> bytes:
    return text(key) + struct.pack("<I", kind) + value


def tensor(name: str, dims: tuple[int, ...], kind: int, offset: int) -> bytes:
    return (
        text(name)
        + struct.pack("<I", len(dims))
        + struct.pack(f"<{len(dims)}Q", *dims)
        + struct.pack("<IQ", kind, offset)
    )


def header(version: int, tensors: int, fields: int) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", version, tensors, fields)


def padded(content: bytes, data: int) -> bytes:
    return content + bytes(-len(content) % 32) + bytes(data)


F32, Q4_0 = 0, 2
HUGE = 2**63
PAD = bytes(64)
GOOD = padded(
    header(3, 1, 1) + field("general.alignment", 4, struct.pack("<I", 32))
    + tensor("w", (32, 2), Q4_0, 0),
    36,
)  # fmt: skip

HOSTILE = {
    "empty": (b"", "not a GGUF file"),
    "short": (b"GGUF\x03\x00", "not a GGUF file"),
    "magic": (b"GGML" + GOOD[4:], "not a GGUF file"),
    "zip": (b"PK\x03\x04" + PAD, "not a GGUF file"),
    "version 1": (header(1, 0, 0) + PAD, "version 1"),
    "version 9": (header(9, 0, 0) + PAD, "version 9"),
    "big-endian": (b"GGUF" + struct.pack(">IQQ", 3, 0, 0) + PAD, "big-endian"),
    "tensor count": (header(3, HUGE, 0) + PAD, f"promises {HUGE} tensors"),
    "field count": (header(3, 0, HUGE) + PAD, f"promises {HUGE} metadata fields"),
    "many fields": (header(3, 0, 70_000) + bytes(70_000 * 13), "claims 70000 metadata fields"),
    "key length": (header(3, 0, 1) + struct.pack("<Q", HUGE) + PAD, "truncated or damaged"),
    "key length near the end": (
        header(3, 0, 1) + struct.pack("<Q", 57) + bytes(56),
        "promises 57 bytes of text",
    ),
    "array length": (
        header(3, 0, 1) + field("a", 9, struct.pack("<IQ", 4, HUGE)) + PAD,
        f"promises {HUGE} values in 'a'",
    ),
    "string array length": (
        header(3, 0, 1) + field("a", 9, struct.pack("<IQ", 8, 2**61)) + PAD,
        f"promises {2**61} strings in 'a'",
    ),
    "array of arrays": (
        header(3, 0, 1) + field("a", 9, struct.pack("<IQ", 9, 1)) + PAD,
        "unknown type 9",
    ),
    "field type": (header(3, 0, 1) + field("a", 99, b"") + PAD, "unknown type 99"),
    "field twice": (header(3, 0, 2) + field("a", 0, b"1") * 2 + PAD, "'a' twice"),
    "tensor twice": (
        padded(header(3, 2, 0) + tensor("w", (1,), F32, 0) * 2, 64),
        "same tensor twice",
    ),
    "no dimensions": (header(3, 1, 0) + tensor("w", (), F32, 0) + PAD, "0 dimensions"),
    "five dimensions": (
        header(3, 1, 0) + tensor("w", (1,) * 5, F32, 0) + PAD,
        "5 dimensions",
    ),
    "dimension of zero": (header(3, 1, 0) + tensor("w", (0, 4), F32, 0) + PAD, "shape (0, 4)"),
    "half a block": (header(3, 1, 0) + tensor("w", (16,), Q4_0, 0) + PAD, "shape (16,)"),
    "tensor type": (header(3, 1, 0) + tensor("w", (1,), 999, 0) + PAD, "unknown type 999"),
    "huge dimensions": (
        padded(header(3, 1, 0) + tensor("w", (2**62,) * 4, F32, 0), 64),
        "tensor 'w' reaches to byte",
    ),
    "offset past the end": (
        padded(header(3, 1, 0) + tensor("w", (1,), F32, 2**62), 64),
        "tensor 'w' reaches to byte",
    ),
    "last byte missing": (GOOD[:-1], "tensor 'w' reaches to byte"),
    "alignment": (
        header(3, 0, 1) + field("general.alignment", 4, struct.pack("<I", 24)) + PAD,
        "alignment of 24",
    ),
    "alignment of zero": (
        header(3, 0, 1) + field("general.alignment", 4, bytes(4)) + PAD,
        "alignment of 0",
    ),
    "one of several parts": (
        header(3, 0, 1) + field("split.count", 2, struct.pack("<H", 3)) + PAD,
        "split over several files",
    ),
}


@pytest.fixture
def written(tmp_path: Path) -> Callable[[bytes], Path]:
    def write(content: bytes) -> Path:
        path = tmp_path / "model.gguf"
        path.write_bytes(content)
        return path

    return write


@pytest.mark.parametrize(("content", "said"), HOSTILE.values(), ids=HOSTILE)
def test_bad_file_is_refused_in_one_sentence_that_names_it(
    written: Callable[[bytes], Path], content: bytes, said: str
) -> None:
    path = written(content)
    with pytest.raises(ArtefactError) as caught:
        read_header(path)
    sentence = str(caught.value)
    assert said in sentence
    assert str(path) in sentence
    assert "\n" not in sentence


def test_good_file_is_read(written: Callable[[bytes], Path]) -> None:
    read = read_header(written(GOOD))
    assert read.fields == {"general.alignment": 32}
    (entry,) = read.tensors
    assert (entry.name, entry.dims, entry.type_name) == ("w", (32, 2), "Q4_0")
    assert (entry.size_bytes, entry.weights) == (36, 64)
    assert entry.offset + entry.size_bytes == len(GOOD)


def test_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match="cannot be read"):
        read_header(tmp_path / "none.gguf")


def test_header_of_a_real_file_is_what_the_gguf_package_reads(tiny_q4_0: Path) -> None:
    ours, theirs = read_header(tiny_q4_0), gguf.GGUFReader(tiny_q4_0)
    assert [
        (entry.name, list(entry.dims), entry.offset, entry.size_bytes, entry.type_name)
        for entry in ours.tensors
    ] == [
        (one.name, one.shape.tolist(), one.data_offset, one.n_bytes, one.tensor_type.name)
        for one in theirs.tensors
    ]
    for name, value in ours.fields.items():
        read = theirs.fields[name].contents()
        assert (list(value) if isinstance(value, tuple) else value) == read, name


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(length=st.integers(0, 4_000))
def test_a_file_cut_anywhere_is_refused(tiny_q4_0: Path, tmp_path: Path, length: int) -> None:
    path = tmp_path / "cut.gguf"
    with tiny_q4_0.open("rb") as whole:
        path.write_bytes(whole.read(length))
    with pytest.raises(ArtefactError):
        read_header(path)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, len(GOOD) - 1), value=st.integers(0, 255))
def test_a_changed_byte_is_read_or_refused_and_nothing_else(
    tmp_path: Path, at: int, value: int
) -> None:
    path = tmp_path / "changed.gguf"
    path.write_bytes(GOOD[:at] + bytes([value]) + GOOD[at + 1 :])
    try:
        read = read_header(path)
    except ArtefactError:
        return
    assert all(entry.offset + entry.size_bytes <= len(GOOD) for entry in read.tensors)
