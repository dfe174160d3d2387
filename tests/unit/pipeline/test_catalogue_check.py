"""A catalogue that was edited, and one whose folders went, beside the records themselves."""

import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from host.catalogue.find import Query
from host.catalogue.terms import parse_all
from host.errors import CatalogueError
from host.pipeline.catalogue import import_all, query
from host.pipeline.catalogue_check import check_all
from host.schema.canonical import to_bytes
from tests.fakes.compared import quantity, record


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A catalogue of two records, one of them kept."""
    for name, rate in (("a", 50.0), ("b", 60.0)):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "record.json").write_bytes(
            to_bytes(record(quantity([rate, rate + 1]), run=name))
        )
    place = str(tmp_path / "c.sqlite")
    for name, keep in (("a", False), ("b", True)):
        assert [one.came for one in import_all(place, [tmp_path / name], keep=keep)] == ["new"]
    return tmp_path


def found(root: Path) -> list[tuple[str, str]]:
    return [(one.state, one.why) for one in check_all(str(root / "c.sqlite"))]


def edit(root: Path, statement: str) -> None:
    with sqlite3.connect(root / "c.sqlite") as connection:
        connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("UPDATE results SET value = '99' WHERE record = 1", "decode_rate@1/mean (value)"),
        ("UPDATE results SET number = 99 WHERE record = 1", "decode_rate@1/mean (number)"),
        ("UPDATE results SET U = '0.1', k = X'00' WHERE record = 1", "decode_rate@1/mean (U, k)"),
        ("DELETE FROM results WHERE record = 1", "1 results too few"),
        ("UPDATE records SET verdict = 'void', device = 'x' WHERE id = 1", "device, verdict"),
        ("UPDATE records SET superseded = 1 WHERE id = 1", "superseded"),
    ],
)
def test_a_row_that_was_edited_is_named_with_what_is_not_as_its_record_says(
    root: Path, statement: str, why: str
) -> None:
    assert found(root) == [("same", ""), ("same", "")]
    edit(root, statement)
    assert found(root) == [("other", why), ("same", "")]


def test_a_record_that_went_is_unchecked_unless_it_was_kept(root: Path) -> None:
    shutil.rmtree(root / "a")
    shutil.rmtree(root / "b")
    (first, why), second = found(root)
    assert (first, second) == ("unchecked", ("same", ""))
    assert "cannot be read" in why


@pytest.mark.parametrize(
    ("path", "why"),
    [("b", "holds another record"), ("pipe", "no plain file"), ("a\0b", "no path")],
)
def test_a_path_that_was_edited_leads_to_no_other_record_and_never_waits(
    root: Path, path: str, why: str
) -> None:
    os.mkfifo(root / "pipe")
    with sqlite3.connect(root / "c.sqlite") as connection:
        connection.execute("UPDATE records SET path = ? WHERE id = 1", (str(root / path),))
    connection.close()
    (state, said), _ = found(root)
    assert (state, why in said) == ("unchecked", True), said


@pytest.mark.parametrize("edited", ["value = 'abc'", "value = X'ff00'", "U = 'nan'", "n = 'many'"])
def test_a_query_that_meets_what_no_record_says_is_one_sentence(root: Path, edited: str) -> None:
    edit(root, f"UPDATE results SET {edited} WHERE record = 2")  # noqa: S608 - of this file
    with pytest.raises(CatalogueError, match=r"holds what no record says; .* check") as caught:
        query(str(root / "c.sqlite"), Query(parse_all("measurand=decode_rate")))
    assert "\n" not in str(caught.value)
