"""What may stand beside the seal, by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from host.align.bag import check_bag
from host.run.folder import RunFolder, write_bytes
from host.run.seal import seal

RECORD, KEY = "0123456789abcdef", "fedcba9876543210"


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    made = RunFolder(tmp_path / "run")
    made.data.mkdir(parents=True)
    write_bytes(made.data / "a.txt", b"a")
    seal(made, made_by="test")
    return made


@pytest.mark.parametrize(
    "name",
    [
        "statements/001-issued.json",
        "statements/012-withdrawn.json",
        f"superseded/{RECORD}.json",
        f"signatures/{RECORD}.dsse.json",
        f"signatures/{RECORD}-{KEY}.tsr",
    ],
)
def test_statements_superseded_records_and_signatures_may_come_later(
    folder: RunFolder, name: str
) -> None:
    path = folder.path / name
    path.parent.mkdir()
    path.write_bytes(b"{}")
    assert check_bag(folder.path) == ()


@pytest.mark.parametrize(
    "name",
    [
        "statements/1-issued.json",
        "statements/001-draft.json",
        "statements/001-issued.json.part",
        f"superseded/{RECORD}.txt",
        f"superseded/{RECORD.upper()}.json",
        f"signatures/{RECORD}.tsr",
        f"signatures/{RECORD}0.dsse.json",
        f"signatures/{RECORD}.dsse.json\n",
        f"signatures/deeper/{RECORD}.dsse.json",
        "signatures/operator.key.pem",
        f"{RECORD}.dsse.json",
        f"data/signatures/{RECORD}.dsse.json",
    ],
)
def test_every_other_name_is_a_file_too_many(folder: RunFolder, name: str) -> None:
    path = folder.path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"{}")
    (found,) = check_bag(folder.path)
    assert (found.rule, found.file) == ("file-extra", name)


def test_a_link_by_a_good_name_is_a_file_too_many(folder: RunFolder) -> None:
    path = folder.path / "signatures" / f"{RECORD}.dsse.json"
    path.parent.mkdir()
    path.symlink_to(folder.data / "a.txt")
    (found,) = check_bag(folder.path)
    assert found.rule == "file-extra"
