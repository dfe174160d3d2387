from __future__ import annotations

import gzip
import tarfile
import zipfile
from pathlib import Path

import pytest

from host.check.archive import CHUNK_BYTES, DamagedError, unpacked
from host.errors import FolderError
from tests.unit.check.test_archive import FILES, tarred, under, zipped

CENTRAL, LOCAL = b"PK\x01\x02", b"PK\x03\x04"


def patched(path: Path, header: bytes, at: int, value: int) -> Path:
    """One byte of every header of this kind set to a value."""
    raw, place = bytearray(path.read_bytes()), 0
    while (place := raw.find(header, place)) >= 0:
        raw[place + at] = value
        place += len(header)
    path.write_bytes(raw)
    return path


def said_of(path: Path) -> str:
    with pytest.raises(FolderError) as caught, unpacked(path):
        pass
    return str(caught.value)


def test_an_encrypted_member_is_refused_by_name(tmp_path: Path) -> None:
    path = zipped(tmp_path / "run.zip", FILES)
    patched(patched(path, CENTRAL, 8, 1), LOCAL, 6, 1)
    assert "'data/plan.json', which is encrypted" in said_of(path)


def test_a_member_packed_in_an_unknown_way_is_refused_by_name(tmp_path: Path) -> None:
    path = patched(zipped(tmp_path / "run.zip", FILES), CENTRAL, 10, 99)
    assert "'data/plan.json': That compression method is not supported" in said_of(path)


def test_a_member_whose_name_is_no_text_is_damage(tmp_path: Path) -> None:
    path = patched(zipped(tmp_path / "run.zip", FILES), CENTRAL, 9, 8)
    patched(path, CENTRAL, 46, 0xFF)
    with pytest.raises(DamagedError), unpacked(path):
        pass


def test_a_zip_behind_another_one_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "one.zip", under("run-2"))
    with path.open("ab") as file:
        file.write(zipped(tmp_path / "two.zip", FILES).read_bytes())
    assert "in front of the archive" in said_of(path)


@pytest.mark.parametrize("hidden", [b"x", b"PK"])
def test_what_stands_behind_a_tar_is_refused(hidden: bytes, tmp_path: Path) -> None:
    path = tarred(tmp_path / "run.tar", FILES, mode="w")
    with path.open("ab") as file:
        file.write(bytes(CHUNK_BYTES) + hidden)
    assert "behind its end" in said_of(path)


def test_more_padding_behind_a_tar_is_no_harm(tmp_path: Path) -> None:
    path = tarred(tmp_path / "run.tar", FILES, mode="w")
    with path.open("ab") as file:
        file.write(bytes(CHUNK_BYTES))
    with unpacked(path) as root:
        assert (root / "data").is_dir()


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_header_that_would_fill_the_memory_is_not_read(kind: bytes, tmp_path: Path) -> None:
    member = tarfile.TarInfo("x")
    member.type, member.size = kind, 1 << 40
    path = tmp_path / "run.tgz"
    path.write_bytes(gzip.compress(member.tobuf(tarfile.GNU_FORMAT) + bytes(4096)))
    assert "a header of" in said_of(path)


def test_a_zip_of_nothing_holds_no_run(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "run.zip", "w"):
        pass
    assert "holds 0 run folders" in said_of(tmp_path / "run.zip")
