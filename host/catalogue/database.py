"""Opens a catalogue: an SQLite file, or a PostgreSQL database by its URL."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from platformdirs import user_data_path
from sqlalchemy import Connection, Engine, create_engine, event, func, inspect, select
from sqlalchemy.engine import URL, Inspector, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from host.catalogue.tables import CATALOGUE_VERSION, about, metadata
from host.errors import CatalogueError

ENVIRONMENT = "INFEROMETER_CATALOGUE"
FILE = "catalogue.sqlite"
# pg8000: BSD, and Python alone.
_POSTGRESQL = "postgresql+pg8000"
_VERSION = "version"
# Another import holds the file for as long as one batch takes; this is far more than that.
_BUSY_S = 30
# SQLite keeps 2 MiB of pages unless told (`cache_size`, negative: KiB); a scan of 100,000 records
# reads several times that, and the same pages come again.
_CACHE_KIB = 65_536
# Of a new file. What is looked for lies scattered: with pages of 4 KiB, SQLite's own choice, twice
# as many reads find the history of one device among 100,000 records.
_PAGE_BYTES = 16_384
# The lock by which imports into one PostgreSQL database take turns: any number that is ours alone.
_TURN = int.from_bytes(b"inferome", "big") & (2**63 - 1)


def place_of(given: str) -> str:
    """The file or URL that is meant: as given, else INFEROMETER_CATALOGUE, else the user's."""
    return given or os.environ.get(ENVIRONMENT) or str(user_data_path("inferometer") / FILE)


@contextmanager
def opened(place: str, *, create: bool = False) -> Iterator[Connection]:
    """A connection; what was not committed in the block is committed at its end.

    create: make file, tables and indexes where there are none. Raises CatalogueError, with the
    place, for what is no catalogue, is of a newer version, cannot be reached or is in use; a
    password never stands in it.
    """
    url, name = _url(place)
    _need(url, name, create=create)
    engine = _engine(url, name)
    try:
        with engine.connect() as connection:
            if create:
                take_turn(connection)
            _checked(connection, name, create=create)
            connection.commit()
            yield connection
            connection.commit()
    except SQLAlchemyError as err:
        raise CatalogueError(name, _said(err)) from err
    finally:
        engine.dispose()


def take_turn(connection: Connection) -> None:
    """Wait until no other import writes; none does before the next commit or rollback.

    What is looked up and then put in is so one step, and two imports cannot wait for each other.
    """
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.execute(select(func.pg_advisory_xact_lock(_TURN)))


def _url(place: str) -> tuple[URL, str]:
    """(URL, what to call it)."""
    if "://" not in place:
        path = Path(place)
        return URL.create("sqlite", database=str(path)), str(path)
    try:
        url = make_url(place)
    except (ArgumentError, ValueError) as err:
        raise CatalogueError("--catalogue", "is no URL of a database") from err
    name = url.render_as_string(hide_password=True)
    if url.drivername in ("postgresql", _POSTGRESQL):
        return url.set(drivername=_POSTGRESQL), name
    raise CatalogueError(name, "is neither a file nor a URL that begins with postgresql://")


def _need(url: URL, name: str, *, create: bool) -> None:
    """A file that must be there is there; its folder is made where it may be made."""
    if url.get_backend_name() != "sqlite":
        return
    path = Path(name)
    try:
        if create:
            path.parent.mkdir(parents=True, exist_ok=True)
        elif not path.is_file():
            raise CatalogueError(name, "is not there: `inferometer catalogue import` makes one")
    except (OSError, ValueError) as err:
        raise CatalogueError(name, f"cannot be made ({err})") from err


def _engine(url: URL, name: str) -> Engine:
    sqlite = url.get_backend_name() == "sqlite"
    try:
        engine = create_engine(url, connect_args={"timeout": _BUSY_S})
    except ModuleNotFoundError as err:
        said = 'needs the extra "postgresql": pip install "inferometer[postgresql]"'
        raise CatalogueError(name, said) from err
    if sqlite:
        event.listen(engine, "connect", _sqlite_settings)
    return engine


def _sqlite_settings(connection: object, _record: object) -> None:
    """A database file from elsewhere may hold views and triggers: their functions are not run."""
    cursor = connection.cursor()  # type: ignore[attr-defined] # sqlite3.Connection
    cursor.execute("PRAGMA trusted_schema = OFF")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute(f"PRAGMA cache_size = {-_CACHE_KIB}")
    cursor.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
    cursor.close()


def _checked(connection: Connection, name: str, *, create: bool) -> None:
    """Tables of this version, made where nothing is. Raises CatalogueError for anything else."""
    seen = inspect(connection)
    there = set(seen.get_table_names())
    if about.name not in there:
        if not create or there & set(metadata.tables):
            raise CatalogueError(name, "is no catalogue")
        if there and connection.dialect.name == "sqlite":
            raise CatalogueError(name, "is a database of something else")
        metadata.create_all(connection)
        connection.execute(about.insert().values(name=_VERSION, value=str(CATALOGUE_VERSION)))
        return
    stated = connection.execute(select(about.c.value).where(about.c.name == _VERSION)).scalar()
    if stated != str(CATALOGUE_VERSION):
        raise CatalogueError(
            name, f"has version {str(stated)[:20]!r}, this software reads {CATALOGUE_VERSION}"
        )
    if not set(metadata.tables) <= there:
        raise CatalogueError(name, "is no whole catalogue")
    if create:
        _add_indexes(connection, seen)


def _add_indexes(connection: Connection, seen: Inspector) -> None:
    """An index changes no answer: a catalogue of earlier software gets what it lacks."""
    for table in metadata.tables.values():
        there = {index["name"] for index in seen.get_indexes(table.name)}
        for index in table.indexes:
            if index.name not in there:
                index.create(connection)


def _said(err: SQLAlchemyError) -> str:
    """What the database said, in one line, without the statement and its values."""
    cause = getattr(err, "orig", None) or err
    said = cause.args[0] if cause.args else ""
    if isinstance(said, dict):  # pg8000 gives PostgreSQL's fields; M is the sentence for people
        return f"cannot be used ({str(said.get('M', ''))[:200]})"
    first = next(iter(str(cause).splitlines()), "") or type(cause).__name__
    return f"cannot be used ({first[:200]})"
