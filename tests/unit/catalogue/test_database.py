"""A catalogue as a file: made, read again, and refused where it is something else."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from host.catalogue.database import opened
from host.catalogue.tables import CATALOGUE_VERSION, about, records
from host.errors import CatalogueError


def test_a_new_file_states_its_version_and_is_opened_again(tmp_path: Path) -> None:
    place = str(tmp_path / "new" / "c.sqlite")
    for create in (True, False):
        with opened(place, create=create) as connection:
            stated = connection.execute(select(about.c.name, about.c.value)).all()
            assert [tuple(row) for row in stated] == [("version", str(CATALOGUE_VERSION))]
            assert connection.execute(select(func.count()).select_from(records)).scalar() == 0


def test_a_newer_catalogue_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    place = str(tmp_path / "c.sqlite")
    with opened(place, create=True) as connection:
        connection.execute(update(about).values(value="2"))
    before = Path(place).read_bytes()
    for create in (True, False):
        with (
            pytest.raises(CatalogueError, match="has version '2', this software reads 1"),
            opened(place, create=create),
        ):
            pass
    assert Path(place).read_bytes() == before


def other_database(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE phones (number TEXT)")
    connection.close()


def half_a_catalogue(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE about (name TEXT, value TEXT)")
        connection.execute("INSERT INTO about VALUES ('version', '1')")
    connection.close()


def plain_text(path: Path) -> None:
    path.write_text("not a database, and long enough to be looked at as one" * 40)


def folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (other_database, "is a database of something else"),
        (half_a_catalogue, "is no whole catalogue"),
        (plain_text, "file is not a database"),
        (folder, "unable to open database file"),
    ],
    ids=lambda x: getattr(x, "__name__", ""),
)
def test_what_is_no_catalogue_is_refused_in_one_sentence(
    tmp_path: Path, make: object, why: str
) -> None:
    path = tmp_path / "c.sqlite"
    assert callable(make)
    make(path)
    with pytest.raises(CatalogueError, match=why) as caught, opened(str(path), create=True):
        pass
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_file_that_is_not_there_is_not_made_by_looking(tmp_path: Path) -> None:
    place = tmp_path / "none.sqlite"
    with pytest.raises(CatalogueError, match="is not there"), opened(str(place)):
        pass
    assert not place.exists()


@pytest.mark.parametrize("url", ["mysql://u:secret@h/d", "sqlite:///x?secret", "http://secret"])
def test_other_databases_are_refused_without_their_password(url: str) -> None:
    with pytest.raises(CatalogueError, match=r"postgresql://|is no URL") as caught, opened(url):
        pass
    assert ":secret" not in str(caught.value)


def test_a_damaged_file_is_a_sentence_and_no_traceback(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    with opened(str(path), create=True):
        pass
    raw = bytearray(path.read_bytes())
    raw[4096:] = b"\xff" * (len(raw) - 4096)
    path.write_bytes(raw)
    with pytest.raises(CatalogueError) as caught, opened(str(path)) as connection:
        connection.execute(select(records.c.record_id)).all()
    assert "\n" not in str(caught.value)
