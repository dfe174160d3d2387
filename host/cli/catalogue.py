"""`inferometer catalogue`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from host.cli.console import err, json_out, out, plain
from host.errors import UsageError

if TYPE_CHECKING:
    from host.catalogue.find import Query

F = TypeVar("F", bound=Callable[..., object])
ROWS = 100
# Option -> the term that it stands for.
_TERMS = {
    "device": "device~",
    "model": "model=",
    "engine": "engine~",
    "dataset": "dataset~",
    "measurand": "measurand=",
    "since": "since=",
    "until": "until=",
}

# What stands before the sentence of a row that is not as its record says.
_CHECKED = {
    "other": "与记录不符 not what its record says",
    "unchecked": "未能核对 not checked",
}

AS_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON value on stdout.")
CATALOGUE = click.option(
    "--catalogue",
    "place",
    default="",
    help="SQLite file or postgresql:// URL; else INFEROMETER_CATALOGUE, else the user's own.",
)


def _narrowing(command: F) -> F:
    """The options that both `query` and `history` know."""
    for option in (
        click.option(
            "--all", "superseded", is_flag=True, help="Also what a later record replaces."
        ),
        click.option("--where", multiple=True, help="FIELD OP VALUE, again for more: value>=40."),
        click.option("--until", default="", help="Before this day or UTC time."),
        click.option("--since", default="", help="From this day or UTC time on."),
        click.option("--dataset", default="", help="A part of its id."),
        click.option("--engine", default="", help="A part of its kind or version."),
        click.option("--model", default="", help="First digits of the model's SHA-256."),
    ):
        command = option(command)
    return command


@click.group()
def catalogue() -> None:
    """Records in a database: import, query, one device over time, check."""


@catalogue.command("import")
@click.argument("paths", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("--keep", is_flag=True, help="Keep the record's bytes in the catalogue too.")
@CATALOGUE
@AS_JSON
def import_(paths: tuple[Path, ...], place: str, *, keep: bool, as_json: bool) -> int:
    """Import every record at or under PATHS: run folders, archives, record files, of any version.

    What is there already is left as it is. One that is broken, or was changed, is named and the
    others go on. Exit code 0: all are in; 1: some are not.
    """
    from host.catalogue.database import place_of
    from host.cli.live import watching
    from host.handover.progress import Progress
    from host.pipeline.catalogue import import_all

    counts = {"new": 0, "there": 0, "moved": 0, "refused": 0}
    refused = []
    console = err()
    with watching(console) as watch:
        for one in import_all(place_of(place), paths, keep=keep):
            counts[one.came or "refused"] += 1
            watch(Progress("import", waiting=f"{sum(counts.values())} 条记录 records"))
            if one.came is None:
                refused.append({"path": one.path, "record_id": one.record_id, "reason": one.why})
                if not as_json:
                    console.print(plain(f"! {one.why}"), soft_wrap=True)
    if as_json:
        json_out({**counts, "refusals": refused})
    else:
        out().print(
            f"新增 new {counts['new']}, 已有 there {counts['there']},"
            f" 移位 moved {counts['moved']}, 拒绝 refused {counts['refused']}"
        )
    return 1 if refused else 0


@catalogue.command()
@CATALOGUE
@AS_JSON
def check(place: str, *, as_json: bool) -> int:
    """Compare every row with the record that it was made from; nothing is changed.

    Records are read where they lie, or from the catalogue where they were kept. Exit code 0: all
    say the same; 1: some were edited, or their record is not there any more.
    """
    from host.catalogue.database import place_of
    from host.cli.live import watching
    from host.handover.progress import Progress
    from host.pipeline.catalogue_check import check_all

    counts = {"same": 0, "other": 0, "unchecked": 0}
    odd = []
    console = err()
    with watching(console) as watch:
        for one in check_all(place_of(place)):
            counts[one.state] += 1
            watch(Progress("check", waiting=f"{sum(counts.values())} 条记录 records"))
            if one.state == "same":
                continue
            odd.append({"record_id": one.record_id, "path": one.path, "state": one.state,
                        "reason": one.why})  # fmt: skip
            if not as_json:
                said = f"{one.path}: {one.why}" if one.state == "other" else one.why
                console.print(plain(f"! {_CHECKED[one.state]}: {said}"), soft_wrap=True)
    if as_json:
        json_out({**counts, "found": odd})
    else:
        out().print(
            f"一致 same {counts['same']}, 不同 other {counts['other']},"
            f" 未查 unchecked {counts['unchecked']}"
        )
    return 1 if odd else 0


@catalogue.command()
@click.option("--device", default="", help="A part of its name, serial number or machine id.")
@click.option("--measurand", default="", help="Its id: results of it, in place of records.")
@_narrowing
@click.option(
    "--limit", type=click.IntRange(1, 1_000_000), default=ROWS, show_default=True, help="Rows."
)
@click.option("--csv", "as_csv", is_flag=True, help="CSV on stdout.")
@CATALOGUE
@AS_JSON
def query(place: str, *, as_csv: bool, as_json: bool, **asked: Any) -> int:  # noqa: ANN401
    """Find records, or results where a condition is about results; the newest rows first."""
    from host.catalogue.database import place_of
    from host.cli.catalogue_text import meant, show_csv, show_rows
    from host.pipeline.catalogue import query as find

    if as_csv and as_json:
        raise UsageError("--csv", "does not go with --json")
    made = _query(asked, limit=asked["limit"])
    found = find(place_of(place), made)
    if as_json:
        json_out({"total": found.total, "counted": found.counted, "rows": list(found.rows)})
    elif as_csv:
        show_csv(found, of_results=made.of_results)
    else:
        show_rows(out(), found, of_results=made.of_results)
        if not found.rows and (hint := meant(made)):
            err().print(plain(hint), soft_wrap=True)
    return 0


@catalogue.command()
@click.argument("device")
@click.argument("measurand")
@_narrowing
@CATALOGUE
@AS_JSON
def history(device: str, measurand: str, place: str, *, as_json: bool, **asked: Any) -> int:  # noqa: ANN401
    """Show MEASURAND of DEVICE over time: repeatability, spread between records, drift.

    DEVICE: a part of its name, serial number or machine id. Valid records only, one series for
    each model, engine, settings and result.
    """
    from host.catalogue.database import place_of
    from host.cli.catalogue_history import as_value, show
    from host.pipeline.history import history as look

    found = look(place_of(place), device, measurand, _query(asked))
    if as_json:
        json_out(as_value(found))
    else:
        show(out(), found)
    return 0


def _query(asked: dict[str, Any], limit: int = 1) -> Query:
    """Options as terms, then those of --where."""
    from host.catalogue.find import Query
    from host.catalogue.terms import parse

    said = [f"{term}{asked[name]}" for name, term in _TERMS.items() if asked.get(name)]
    terms = tuple(parse(text) for text in (*said, *asked["where"]))
    return Query(terms, asked["superseded"], limit, newest_first=True)
