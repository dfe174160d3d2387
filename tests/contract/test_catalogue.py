"""What a catalogue promises, in an SQLite file and in a real PostgreSQL."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import update

from host.catalogue.database import opened
from host.catalogue.find import Query, document
from host.catalogue.tables import about
from host.catalogue.terms import parse_all
from host.errors import CatalogueError
from host.handover.formal import StatusField
from host.handover.record import PerformedField, Record
from host.pipeline.catalogue import import_all, query, records_for
from host.pipeline.history import history
from host.schema.canonical import identified, to_bytes
from tests.fakes import postgresql
from tests.fakes.command import Command, environment
from tests.fakes.compared import quantity, record
from tests.fakes.postgresql import PostgreSql, programs, served

_NUMBERS = count()


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSql]:
    """A PostgreSQL for all tests here."""
    found = programs()
    if found is None:
        pytest.skip("PostgreSQL is not installed (Debian: postgresql)")
    with served(found) as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a new catalogue may be made."""
    if request.param == "sqlite":
        return str(tmp_path / "c.sqlite")
    server = request.getfixturevalue("server")
    assert isinstance(server, PostgreSql)
    return database(server)


def database(server: PostgreSql) -> str:
    """The URL of a new and empty database."""
    name = f"catalogue_{next(_NUMBERS)}"
    server.run("postgres", f"CREATE DATABASE {name}")
    return server.url(name)


def day(number: int, rate: float, serial: str = "S-1") -> Record:
    """A record of that day of June."""
    when = f"2026-06-{number:02d}T09:00:00Z"
    made = record(quantity([rate - 1, rate + 1]), item={"serial": serial}, run=str(number))
    performed = PerformedField(when, when, made.performed.clock)
    return identified(msgspec.structs.replace(made, performed=performed))


def lay(root: Path, name: str, made: Record) -> Path:
    (root / name).mkdir(parents=True)
    (root / name / "record.json").write_bytes(to_bytes(made))
    return root / name


def came(place: str, *paths: Path, keep: bool = False) -> list[str]:
    return [one.came or "refused" for one in import_all(place, paths, keep=keep)]


def test_each_record_is_in_it_once_and_broken_ones_go_by(tmp_path: Path, place: str) -> None:
    runs = tmp_path / "runs"
    first = day(1, 50)
    lay(runs, "a", first)
    lay(runs, "b", first)  # a copy of it, in the same batch
    (lay(runs, "c", day(2, 51)) / "record.json").write_text('{"record_id": ')
    lay(runs, "d", day(3, 52))
    assert came(place, runs, keep=True) == ["new", "moved", "refused", "new"]
    assert came(place, runs / "b", runs / "d") == ["there", "there"]
    (runs / "d").rename(runs / "e")
    assert came(place, runs / "e") == ["moved"]
    found = query(place, Query())
    assert [Path(row["path"]).name for row in found.rows] == ["b", "e"]
    with opened(place) as connection:
        assert document(connection, first.record_id) == to_bytes(first)
    paths, records = records_for(place, Query())
    assert [made.results[0].value for made in records] == ["50", "52"]
    assert [path.name for path in paths] == ["b", "e"]


def test_queries_and_histories_find_the_same_in_both(tmp_path: Path, place: str) -> None:
    for number in range(1, 7):
        lay(tmp_path / "runs", str(number), day(number, 50 - 2 * number))
    lay(tmp_path / "runs", "other", day(3, 70, serial="S-2"))
    assert came(place, tmp_path / "runs") == ["new"] * 7
    for terms, values in (
        ("measurand=decode_rate value>=48", ["48", "70"]),
        ("measurand=decode_rate@1 device~s-2 U>0 n=2", ["70"]),
        ("measurand=decode_rate since=2026-06-05 unit={token}/s", ["40", "38"]),
        ("measurand=decode_rate device~%", []),
        ("measurand=decode_rate device!=x model=1111 settings!=0000 value<39", ["38"]),
    ):
        assert [row["value"] for row in query(place, Query(parse_all(terms))).rows] == values
    newest = query(place, Query(parse_all("value>0"), limit=2, newest_first=True))
    assert ([row["value"] for row in newest.rows], newest.total) == (["38", "40"], 7)
    (series,) = history(place, "s-1", "decode_rate", Query()).series
    assert [point.value for point in series.points] == ["48", "46", "44", "42", "40", "38"]
    assert series.drift.shown


def test_what_replaces_another_hides_it_and_hostile_text_is_text(
    tmp_path: Path, place: str
) -> None:
    name = "x'); DROP TABLE records; --\x00" + "\U0001f4f1" * 1_000
    draft = record(quantity([50.0]), item={"name": name, "serial": "\U0001f4f1" * 1_000})
    status = StatusField("issued", draft.record_id, None, "2026-06-02T00:00:00.000Z")
    issued = identified(msgspec.structs.replace(draft, status=status))
    runs = tmp_path / "runs"
    assert came(place, lay(runs, "issued", issued)) == ["new"]
    assert came(place, lay(runs, "draft", draft)) == ["new"]
    (row,) = query(place, Query(parse_all("device~'DROP TABLE'"))).rows
    assert row["state"] == "issued"
    assert len(row["device"]) <= 400
    assert "\x00" not in row["device"]
    assert query(place, Query(superseded=True)).total == 2


def test_two_imports_at_once_into_nothing_yet_put_each_record_in_once(
    tmp_path: Path, place: str
) -> None:
    for number in range(1, 13):
        lay(tmp_path / "runs", f"{number:02d}", day(number, 50 + number))
    command = Command(environment(tmp_path / "models", tmp_path / "store"))
    folders = sorted((tmp_path / "runs").iterdir())
    argv = ("catalogue", "import", "--json", "--catalogue", place)
    both = [command.start(*argv, *order) for order in (folders, folders[::-1])]
    said = [json.loads(ended(process)) for process in both]
    assert sum(one["new"] for one in said) == 12
    assert sum(one["there"] for one in said) == 12
    assert query(place, Query()).total == 12


def ended(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return out


def test_a_database_of_a_newer_version_is_refused(place: str) -> None:
    with opened(place, create=True) as connection:
        connection.execute(update(about).values(value="2"))
    with pytest.raises(CatalogueError, match="has version '2', this software reads 1"):
        came(place, Path("none"))


def test_a_reader_may_query_and_is_told_that_it_may_not_import(
    tmp_path: Path, server: PostgreSql
) -> None:
    place = database(server)
    made = lay(tmp_path, "a", day(1, 50))
    assert came(place, made) == ["new"]
    name = place.rpartition("/")[2]
    server.run(
        name,
        "CREATE USER reader PASSWORD 'r'",
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader",
        f"CREATE DATABASE {name}_empty",
    )
    reads = server.url(name, "reader", "r")
    assert query(reads, Query()).total == 1
    again = lay(tmp_path, "b", day(2, 51))
    for url in (reads, server.url(f"{name}_empty", "reader", "r")):
        with pytest.raises(CatalogueError, match="permission denied") as caught:
            came(url, again)
        one_sentence(caught.value)
    with pytest.raises(CatalogueError, match="is no catalogue"):
        query(server.url(f"{name}_empty"), Query())


def test_a_server_that_does_not_answer_or_does_not_let_one_in_is_a_sentence(
    server: PostgreSql,
) -> None:
    nobody = PostgreSql(port=1)
    for url, why in (
        (
            server.url("postgres", postgresql.OWNER, "wrong secret"),
            "password authentication failed",
        ),
        (server.url("postgres", user="stranger"), "password authentication failed"),
        (server.url("nothing"), 'database "nothing" does not exist'),
        (nobody.url("postgres"), "cannot be used"),
        (server.url("postgres").replace("127.0.0.1", "no-such-host.invalid"), "cannot be used"),
    ):
        with pytest.raises(CatalogueError, match=why) as caught:
            query(url, Query())
        one_sentence(caught.value)


def one_sentence(err: CatalogueError) -> None:
    assert "\n" not in str(err)
    assert "secret" not in str(err)
    assert postgresql.PASSWORD not in str(err)
