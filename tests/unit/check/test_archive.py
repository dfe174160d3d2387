from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from host.check.archive import DamagedError, is_archive, unpacked
from host.errors import FolderError

FILES = {"data/plan.json": b"{}", "data/attempts/001/tokens.tsv": b"x" * 5000, "bagit.txt": b"b"}


def zipped(path: Path, files: dict[str, bytes], *, kind: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", kind) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def tarred(path: Path, files: dict[str, bytes], *, mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def found_in(root: Path) -> dict[str, bytes]:
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def under(top: str) -> dict[str, bytes]:
    return {f"{top}/{name}": data for name, data in FILES.items()}


@pytest.mark.parametrize("kind", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
@pytest.mark.parametrize("files", [FILES, under("run-1")], ids=["flat", "in a folder"])
def test_a_zip_gives_back_the_run_however_it_was_packed(
    kind: int, files: dict[str, bytes], tmp_path: Path
) -> None:
    path = zipped(tmp_path / "run.zip", files, kind=kind)
    assert is_archive(path)
    with unpacked(path) as root:
        assert found_in(root) == FILES
    assert not root.exists()


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_a_tar_gives_back_the_run_however_it_was_packed(mode: str, tmp_path: Path) -> None:
    path = tarred(tmp_path / "run.bin", under("run-1"), mode=mode)
    assert is_archive(path)
    with unpacked(path) as root:
        assert found_in(root) == FILES


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("pack", [zipped, tarred])
def test_a_truncated_archive_is_said_to_be_damaged(
    pack: Callable[[Path, dict[str, bytes]], Path], share: float, tmp_path: Path
) -> None:
    path = pack(tmp_path / "run", {**FILES, "data/x": bytes(range(256)) * 40})
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    assert is_archive(path)
    with pytest.raises(DamagedError, match="damaged archive"), unpacked(path):
        pass


def test_a_flipped_byte_in_a_member_is_damage(tmp_path: Path) -> None:
    path = zipped(tmp_path / "run.zip", FILES, kind=zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    data[data.index(b"xxxx") + 2] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(DamagedError, match="CRC"), unpacked(path):
        pass


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/evil", "data/../../evil", "data//x", "a\\..\\b", "data/./x"]
)
@pytest.mark.parametrize("pack", [zipped, tarred])
def test_a_name_that_leaves_the_folder_is_refused(
    pack: Callable[[Path, dict[str, bytes]], Path], name: str, tmp_path: Path
) -> None:
    path = pack(tmp_path / "run", {**FILES, name: b"evil"})
    with pytest.raises(FolderError, match="not taken"), unpacked(path):
        pass


def test_a_member_that_comes_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("data/plan.json", b"{}")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("data/plan.json", b"[]")
    with pytest.raises(FolderError, match="twice"), unpacked(path):
        pass


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE])
def test_a_link_or_a_device_in_a_tar_is_refused(kind: bytes, tmp_path: Path) -> None:
    path = tmp_path / "run.tar"
    with tarfile.open(path, "w") as archive:
        member = tarfile.TarInfo("data/link")
        member.type, member.linkname = kind, "/etc/passwd"
        archive.addfile(member)
    with pytest.raises(FolderError, match="no plain file"), unpacked(path):
        pass


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.zip"
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("data/link")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(FolderError, match="no plain file"), unpacked(path):
        pass


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_a_bomb_is_refused_before_it_is_unpacked(
    pack: Callable[[Path, dict[str, bytes]], Path], tmp_path: Path
) -> None:
    path = pack(tmp_path / "run", {"data/zeros": bytes(64 << 20)})
    with pytest.raises(FolderError, match="times its size"), unpacked(path):
        pass


@pytest.mark.parametrize("files", [{"readme": b"x"}, {**under("a"), **under("b")}])
def test_an_archive_without_exactly_one_run_is_refused(
    files: dict[str, bytes], tmp_path: Path
) -> None:
    path = zipped(tmp_path / "run.zip", files)
    with pytest.raises(FolderError, match="run folders, one is needed"), unpacked(path):
        pass


def test_what_is_no_archive_is_not_taken_for_one(tmp_path: Path) -> None:
    path = tmp_path / "run.zip"
    path.write_bytes(b"hello")
    assert not is_archive(path)
    assert not is_archive(tmp_path)
    assert not is_archive(tmp_path / "missing")
