"""`inferometer equipment`."""

from __future__ import annotations

import datetime
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from host.cli.console import err, json_out, out, plain
from host.errors import EquipmentError

if TYPE_CHECKING:
    from host.equipment.dcc import Imported
    from host.handover.equipment import Equipment

DAY = click.DateTime(["%Y-%m-%d"])
FILE = click.argument("file", type=click.Path(path_type=Path), envvar="INFEROMETER_EQUIPMENT")
AS_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON value on stdout.")
ROLE = re.compile(r"(indication|reference|error|correction)=(\S{1,200})")


@click.group()
def equipment() -> None:
    """Instruments and their calibration certificates."""


@equipment.command()
@FILE
@AS_JSON
def show(file: Path, *, as_json: bool) -> int:
    """Show what the equipment file FILE says."""
    import msgspec

    from host.equipment.load import load

    found = load(file).equipment
    if as_json:
        json_out(msgspec.to_builtins(found))
        return 0
    console = out()
    for i in found.instrument:
        console.print(plain(f"{i.id}  {i.kind}  {i.maker} {i.model}, serial {i.serial}"))
        console.print(plain(f"  channels      {', '.join(i.channels) or '-'}"))
        for limit in i.specification:
            said = f"{limit.part} {limit.limit} {limit.unit}, {limit.document} page {limit.page}"
            console.print(plain(f"  data sheet    {said}"))
        for c in i.certificate:
            until = f"until {c.due}" if c.due else "no due date"
            body = f"gain {c.gain[0]}, U {c.gain[1]}" if c.gain else f"{len(c.points)} points"
            said = f"{c.number}, {c.issuer}, {c.calibrated} {until}, {body}, k = {c.k}"
            console.print(plain(f"  certificate   {said}, {c.range[0]} to {c.range[1]} {c.unit}"))
    for s in found.environment:
        spread = f" ± {s.U} (k = {s.k})" if s.U else ""
        console.print(plain(f"{s.quantity}  {s.value}{spread} {s.unit}"))
    return 0


@equipment.command()
@FILE
@click.option("--at", type=DAY, help="The day that is asked about; today (UTC) without it.")
@AS_JSON
def check(file: Path, at: datetime.datetime | None, *, as_json: bool) -> int:
    """Check the equipment file FILE and say which certificates hold on a day.

    Exit code 0 when every instrument that gives a channel has a certificate that holds, else 1.
    """
    from host.equipment.load import load
    from host.run.journal import wall_label

    day = at.date() if at else datetime.date.fromisoformat(wall_label()[:10])
    found = load(file).equipment
    rows = _judged(found, day)
    holding = {row["instrument"] for row in rows if row["holds"]}
    holds = all(i.id in holding for i in found.instrument if i.channels)
    if as_json:
        json_out({"at": day.isoformat(), "holds": holds, "certificates": rows})
        return 0 if holds else 1
    console = out()
    for row in rows:
        word = "holds" if row["holds"] else "DOES NOT HOLD"
        console.print(plain(f"{row['instrument']}  {row['certificate'] or '-'}  {word}"))
        if row["en"]:
            console.print(plain(f"  {row['en']} {row['zh']}"))
    console.print(
        f"On {day.isoformat()} an external meter is tier A by a certificate that holds and"
        " whose range its readings stay in, else A-; readings of the device stay B or C."
    )
    return 0 if holds else 1


def _judged(found: Equipment, day: datetime.date) -> list[dict[str, Any]]:
    """A row a certificate, and one for an instrument without any."""
    from host.equipment.judge import Days, out_of_date, too_warm
    from host.equipment.words import NO_CERTIFICATE, joined

    rows: list[dict[str, Any]] = []
    for instrument in found.instrument:
        judged = [
            (c.number, [out_of_date(c, Days(day, day)), too_warm(c, found)])
            for c in instrument.certificate
        ]
        for number, reasons in judged or [("", [NO_CERTIFICATE])]:
            why = joined([r for r in reasons if r is not None])
            rows.append(
                {
                    "instrument": instrument.id,
                    "certificate": number,
                    "holds": why is None,
                    "zh": "" if why is None else why.zh,
                    "en": "" if why is None else why.en,
                }
            )
    return rows


@equipment.command("import-dcc")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--instrument", required=True, help="Id of the instrument in the equipment file.")
@click.option("--append", "goal", type=click.Path(path_type=Path), help="Put it into this file.")
@click.option("--due", type=DAY, help="When it is to be calibrated again, by your own plan.")
@click.option("--nu", help="Degrees of freedom where you know them; `inf` without.")
@click.option("--result", default="", help="Id or number of the result with the table.")
@click.option("--role", "roles", multiple=True, help="indication=WORD, where refTypes are odd.")
@click.option("--xsd-dir", type=click.Path(path_type=Path), help="Official schema files of yours.")
@AS_JSON
def import_dcc(
    file: Path,
    instrument: str,
    goal: Path | None,
    *,
    as_json: bool,
    **wanted: Any,  # noqa: ANN401
) -> int:
    """Make a certificate entry of the digital calibration certificate FILE.

    The entry goes to stdout, or with --append into an equipment file. Look it over: the numbers
    are those of the certificate, the words are not checked by anybody.
    """
    from host.equipment.insert import as_toml

    found = _read(file, goal, wanted)
    for note in found.notes:
        err().print(plain(f"note: {note}"))
    if goal is not None:
        _append(goal, instrument, found)
    if as_json:
        import msgspec

        certificate = msgspec.to_builtins(found.certificate)
        json_out(
            {
                "certificate": certificate,
                "serials": list(found.serials),
                "notes": list(found.notes),
                "file": "" if goal is None else str(goal),
            }
        )
    elif goal is None:
        print(f"# for instrument {plain(instrument)}")
        print(as_toml(found.certificate), end="")
    else:
        out().print(plain(f"certificate {found.certificate.number} is in {goal}"))
    return 0


def _read(file: Path, goal: Path | None, wanted: dict[str, Any]) -> Imported:
    import os

    import msgspec

    from host.equipment.dcc import Wanted, import_dcc

    roles: dict[str, str] = {}
    for said in wanted.pop("roles"):
        form = ROLE.fullmatch(said)
        if form is None:
            raise EquipmentError(
                f"--role {said}", "is not indication=, reference=, error= or correction=WORD"
            )
        roles[form[2]] = form[1]
    due = wanted.pop("due")
    found = import_dcc(
        file, Wanted(roles=roles, due=None if due is None else due.date(), **wanted)
    )
    where = os.path.relpath(file, goal.parent) if goal else str(file)
    return replace(found, certificate=msgspec.structs.replace(found.certificate, file=where))


def _append(goal: Path, instrument: str, found: Imported) -> None:
    """Write the equipment file anew with one certificate more, whole or not at all."""
    from host.equipment.insert import inserted, instrument_of
    from host.equipment.load import read_text
    from host.run.folder import write_bytes

    text = read_text(goal)
    serial = instrument_of(text, str(goal), instrument).serial
    if found.serials and serial not in found.serials:
        raise EquipmentError(
            str(goal),
            f"instrument {instrument} has the serial number {serial}, the certificate is for"
            f" {', '.join(found.serials)}",
        )
    made = inserted(text, str(goal), instrument, found.certificate)
    try:
        write_bytes(goal, made.encode())
    except OSError as failed:
        raise EquipmentError(str(goal), f"cannot be written ({failed.strerror})") from failed
