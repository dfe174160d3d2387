"""The packing that is kept from one page to the next."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

from host.report.html_packed import LEVEL, packed

SCRIPT = b"draw(); " * 400


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_what_is_kept_has_the_bytes_of_a_new_packing(tmp_path: Path) -> None:
    new = packed(SCRIPT, _sha256(SCRIPT), tmp_path / "page")
    kept = packed(SCRIPT, _sha256(SCRIPT), tmp_path / "page")
    assert new == kept == gzip.compress(SCRIPT, LEVEL, mtime=0)


def test_a_script_is_packed_once(tmp_path: Path) -> None:
    first = packed(SCRIPT, _sha256(SCRIPT), tmp_path)
    # The hash names what is asked for; with it, nobody looks into the script again.
    assert packed(b"", _sha256(SCRIPT), tmp_path) == first
    assert len(list(tmp_path.iterdir())) == 1


def test_another_script_is_packed_anew(tmp_path: Path) -> None:
    packed(SCRIPT, _sha256(SCRIPT), tmp_path)
    assert gzip.decompress(packed(b"x", _sha256(b"x"), tmp_path)) == b"x"


def test_what_was_kept_and_damaged_is_packed_anew(tmp_path: Path) -> None:
    first = packed(SCRIPT, _sha256(SCRIPT), tmp_path)
    (kept,) = tmp_path.iterdir()
    whole = kept.read_bytes()
    for damaged in (whole[:-1], b"", whole[:70] + bytes([whole[70] ^ 1]) + whole[71:]):
        kept.write_bytes(damaged)
        assert packed(SCRIPT, _sha256(SCRIPT), tmp_path) == first
        assert kept.read_bytes() == whole


def test_a_folder_that_cannot_be_made_costs_only_time(tmp_path: Path) -> None:
    place = tmp_path / "no-folder"
    place.write_bytes(b"")
    found = packed(SCRIPT, _sha256(SCRIPT), place / "page")
    assert gzip.decompress(found) == SCRIPT
