"""`inferometer issue`, `amend` and `withdraw`: how the record of a run stands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from host.cli.console import err, json_out, out, plain

if TYPE_CHECKING:
    from host.handover.formal import PersonField
    from host.handover.laboratory import Words
    from host.handover.statement import Stated

ROLES = ("operator", "checker", "approver")
RUN = click.argument("run", type=click.Path(path_type=Path))
JSON = click.option("--json", "as_json", is_flag=True, help="One JSON value on stdout.")


def _reasons(required: bool) -> Callable[[Any], Any]:  # noqa: FBT001 - two uses, below
    def both(command: Any) -> Any:  # noqa: ANN401
        for language, word in (("en", "English"), ("zh", "Chinese")):
            said = f"Why, in {word}."
            option = click.option(f"--reason-{language}", required=required, help=said)
            command = option(command)
        return command

    return both


def _contents(command: Any) -> Any:  # noqa: ANN401
    """Options of what a report may add to the results."""
    for option in (
        click.option("--external-result", "external", multiple=True, help="Id of a result that"
                     " somebody else provided; may be given again."),
        click.option("--opinion-en", help="Opinion, kept apart from the results, in English."),
        click.option("--opinion-zh", help="The same in Chinese."),
        click.option("--received", help="Day on which the item was received, as 2026-01-31."),
        click.option("--record-no", help="Number of the record; else by the pattern."),
        click.option("--laboratory", type=click.Path(path_type=Path), help="A laboratory file."),
    ):  # fmt: skip
        command = option(command)
    return command


@click.command()
@RUN
@_contents
@_reasons(required=False)
@JSON
def issue(run: Path, *, as_json: bool, **given: Any) -> int:  # noqa: ANN401
    """Issue the record of the sealed folder RUN: from a draft to a record with a number.

    The laboratory file is the one given, else that of the run, else the usual one. A run that is
    void or incomplete is issued only with a reason, which stands in the record. Sign it then.
    """
    if given["laboratory"] is None and not (run / "data" / "laboratory.toml").exists():
        from host.pipeline.laboratory import laboratory_path

        usual = laboratory_path()
        given["laboratory"] = usual if usual.exists() else None
    return _state(run, "issued", given, as_json=as_json)


@click.command()
@RUN
@click.option("--substitute", is_flag=True, help="A new report takes the place of the old one.")
@_contents
@_reasons(required=True)
@JSON
def amend(run: Path, *, substitute: bool, as_json: bool, **given: Any) -> int:  # noqa: ANN401
    """Amend the issued record of the folder RUN; the record before is kept in superseded/.

    What is not given stays as it was stated last, the laboratory file too.
    """
    return _state(run, "substituted" if substitute else "amended", given, as_json=as_json)


@click.command()
@RUN
@_reasons(required=True)
@JSON
def withdraw(run: Path, *, as_json: bool, **given: Any) -> int:  # noqa: ANN401
    """Withdraw the issued record of the folder RUN; nothing can follow that."""
    return _state(run, "withdrawn", given, as_json=as_json)


def _state(run: Path, state: Stated, given: dict[str, Any], *, as_json: bool) -> int:
    from host.pipeline.issue import Wanted
    from host.pipeline.issue import state as add
    from host.pipeline.laboratory import read_named
    from host.run.journal import wall_label

    named = given.get("laboratory")
    done = add(
        run,
        Wanted(
            state=state,
            date=wall_label(),
            laboratory=read_named(named) if named else None,
            record_no=given.get("record_no") or "",
            reason=_words("reason", given),
            received=given.get("received") or "",
            opinions=_words("opinion", given),
            external_provider_results=tuple(given.get("external") or ()),
        ),
    )
    record = done.record
    said = {
        "run": str(run),
        "record": str(run / "record.json"),
        "record_id": record.record_id,
        "record_no": record.record_no,
        "state": record.status.state,
        "replaces": record.status.replaces,
        "date": record.status.date,
        "statement": str(run / "statements" / done.stored[-1].name),
    }
    if as_json:
        json_out(said)
    else:
        for name, value in said.items():
            out().print(plain(f"{name.replace('_', ' '):<10} {value}"), soft_wrap=True)
    _remarks(run, record.people, state)
    return 0


def _words(name: str, given: dict[str, Any]) -> Words | None:
    """Prose in both languages, or in none. Raises UsageError for one alone or an empty one."""
    from host.errors import UsageError
    from host.handover.laboratory import Words

    zh, en = given.get(f"{name}_zh"), given.get(f"{name}_en")
    if zh is None and en is None:
        return None
    if not (zh and zh.strip() and en and en.strip()):
        raise UsageError(f"--{name}-zh and --{name}-en", "are both needed, neither of them empty")
    return Words(zh, en)


def _remarks(run: Path, people: Sequence[PersonField], state: Stated) -> None:
    """What is lacking still, and the next step."""
    named = {person.role for person in people}
    missing = ", ".join(role for role in ROLES if role not in named)
    if missing:
        _note(f"note: nobody is named as {missing}; a calibration laboratory in China names all")
    if state == "withdrawn":
        return
    if any(person.role == "approver" and person.key for person in people):
        _note(f"next: inferometer sign {run}")
    else:
        _note(
            "note: the approver has no key in the laboratory file, so nobody can sign for them;"
            " put the id of the key there and `inferometer amend` the record"
        )


def _note(text: str) -> None:
    err().print(plain(text), soft_wrap=True)
