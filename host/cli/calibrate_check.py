"""`inferometer calibrate check`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from host.cli.console import json_out, out, plain
from host.errors import CalibrationError

if TYPE_CHECKING:
    from host.handover.equipment import Instrument

MAX_FILE_BYTES = 1 << 16


@click.command()
@click.option(
    "--equipment",
    type=click.Path(path_type=Path),
    envvar="INFEROMETER_EQUIPMENT",
    required=True,
    help="The equipment file with the meter.",
)
@click.option("--instrument", required=True, help="Id of the meter there.")
@click.option("--channel", default="", help="Its channel; meter.ID.power without.")
@click.option(
    "--point",
    "points",
    nargs=2,
    type=float,
    multiple=True,
    help="Reference value and reading in W; twice. Without, they are asked for.",
)
@click.option(
    "--points",
    "file",
    type=click.Path(path_type=Path),
    help="A file with both, a line each, numbers apart by spaces or a comma.",
)
@click.option(
    "--resolution",
    "resolution_w",
    type=click.FloatRange(0),
    default=0.0,
    help="Smallest step of the reading, W.",
)
@click.option("--U-w", "U_w", type=click.FloatRange(0), help="U of the reference values, W.")
@click.option(
    "--U-relative", "U_relative", type=click.FloatRange(0, 1), help="The same as a ratio of them."
)
@click.option("--k", type=click.FloatRange(1), help="Coverage factor of that U.")
@click.option("--reference", default="", help="What gave the reference values, in words.")
@click.option("--json", "as_json", is_flag=True, help="One JSON value on stdout.")
def check(
    equipment: Path,
    instrument: str,
    channel: str,
    points: tuple[tuple[float, float], ...],
    file: Path | None,
    *,
    as_json: bool,
    **stated: Any,  # noqa: ANN401
) -> int:
    """Check a bench meter without a certificate at two loads, and store its gain and offset.

    Later runs use it with `measure --calibration`; the meter stays tier A-.
    """
    import msgspec

    from host.equipment.load import load
    from host.pipeline.calibration_check import Stated, two_point
    from host.report.calibration import lines_of
    from host.run.journal import wall_label
    from host.state import calibration_store

    meter = _instrument(load(equipment).equipment.instrument, instrument)
    given = points or (_asked() if file is None else _from(file))
    found = two_point(
        meter, channel or f"meter.{meter.id}.power", Stated(given, **stated), wall_label()
    )
    one = calibration_store.stored(found, "")
    path = calibration_store.keep(calibration_store.folder(), one)
    if as_json:
        json_out({"stored": str(path), **msgspec.to_builtins(one)})
        return 0
    for line in lines_of(one.transfer, found.reference):
        out().print(plain(line))
    out().print(f"  stored as {one.name}, until {found.due}: `measure --calibration {one.name}`")
    return 0


def _instrument(known: tuple[Instrument, ...], name: str) -> Instrument:
    for one in known:
        if one.id == name:
            return one
    said = ", ".join(one.id for one in known) or "none"
    raise CalibrationError(name, f"is no instrument of the file; there are: {said}")


def _asked() -> tuple[tuple[float, float], ...]:
    return tuple(
        (
            click.prompt(f"reference value at the {load} load, W", type=float, err=True),
            click.prompt(f"reading at the {load} load, W", type=float, err=True),
        )
        for load in ("low", "high")
    )


def _from(file: Path) -> tuple[tuple[float, float], ...]:
    try:
        with file.open("rb") as opened:
            text = opened.read(MAX_FILE_BYTES).decode("utf-8")
        rows = [line.replace(",", " ").split() for line in text.splitlines() if line.strip()]
        return tuple((float(reference), float(reading)) for reference, reading in rows)
    except (OSError, ValueError) as error:
        raise CalibrationError(str(file), f"holds no points: {error}") from error
