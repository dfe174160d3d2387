"""`inferometer devices`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from host.cli.console import err, json_out, out, plain

if TYPE_CHECKING:
    from host.pipeline.device_lists import Row
    from host.pipeline.devices import Survey

INVENTORY = click.option(
    "--inventory", type=click.Path(path_type=Path), help="Inventory file; the user's own without."
)
# adb starts its server in some 3 s; a network that drops packets says nothing for ever.
TIMEOUT = click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(0.1, 300),
    default=6.0,
    show_default=True,
    help="Seconds that a device has to answer; all are asked at once.",
)
AS_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON value on stdout.")


@click.group(invoke_without_command=True)
@INVENTORY
@TIMEOUT
@AS_JSON
@click.pass_context
def devices(
    ctx: click.Context, inventory: Path | None, timeout_s: float, *, as_json: bool
) -> None:
    """List devices: those of the inventory, of adb, and serial ports, with their state."""
    if ctx.invoked_subcommand is None:
        _list(inventory, timeout_s, as_json=as_json)


@devices.command("list")
@INVENTORY
@TIMEOUT
@AS_JSON
def list_(inventory: Path | None, timeout_s: float, *, as_json: bool) -> None:
    """List devices with identity and state (as `inferometer devices` does)."""
    _list(inventory, timeout_s, as_json=as_json)


@devices.command()
@click.argument("device")
@INVENTORY
@click.option(
    "--keep-days",
    type=click.FloatRange(0),
    default=30.0,
    show_default=True,
    help="What was used since stays; never younger than an hour.",
)
@click.option(
    "--runs",
    type=click.Path(path_type=Path),
    default=Path("runs"),
    show_default=True,
    help="Sealed runs; their spools on the device may go.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@AS_JSON
def gc(
    device: str,
    inventory: Path | None,
    keep_days: float,
    runs: Path,
    *,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Free the store on DEVICE: models, datasets, environments that nobody used for long."""
    from host.pipeline.garbage import free

    found = free(device, inventory, runs, keep_days=keep_days, dry_run=dry_run)
    if as_json:
        json_out([{**asdict(one), "path": str(one.path)} for one in found])
        return 0
    for one in found:
        word = "removed" if one.removed else "would remove" if dry_run else "kept, in use"
        days = one.unused_s / 86_400
        size = f"{one.size_bytes / 2**20:.1f} MiB"
        out().print(plain(f"{word} {one.kind} {one.path}  {size}, unused for {days:.1f} days"))
    total = sum(one.size_bytes for one in found if one.removed or dry_run) / 2**20
    out().print(f"{total:.1f} MiB {'could be ' if dry_run else ''}freed on {device}")
    return 0


def _list(file: Path | None, timeout_s: float, *, as_json: bool) -> None:
    from host.pipeline.devices import survey
    from host.pipeline.inventory import inventory, inventory_path

    found = survey(inventory(file), timeout_s=timeout_s)
    if as_json:
        rows = [asdict(row) for row in found.devices]
        json_out(
            {
                "inventory": str(inventory_path(file)),
                "devices": rows,
                "notes": list(found.notes),
            }
        )
        return
    _tell(found, inventory_path(file))


def _tell(found: Survey, path: Path) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table("state", "name", "address", "profile", "identity", "note", box=None)
    for row in found.devices:
        cells = (_state(row), row.name, row.address, row.profile, _identity(row), row.note)
        table.add_row(*(Text(plain(cell)) for cell in cells))
    console = out()
    if found.devices:
        console.print(table)
    else:
        console.print(plain(f"no device is known; write an inventory: {path}"), soft_wrap=True)
    for note in found.notes:
        err().print(plain(note), soft_wrap=True)


def _state(row: Row) -> str:
    return f"{row.state}, duplicate serial" if row.duplicate else row.state


def _identity(row: Row) -> str:
    said = " ".join(part for part in (row.maker, row.model) if part)
    serial = f"serial {row.serial_number}" if row.serial_number else ""
    return ", ".join(part for part in (said, serial) if part)
