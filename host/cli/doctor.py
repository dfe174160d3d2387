"""`inferometer doctor`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from host.cli.console import err, json_out, out, plain
from host.cli.live import watching


@click.command()
@click.option(
    "--device",
    default="local",
    show_default=True,
    help="local, a name of the inventory, or an address (ssh:user@host, adb:SERIAL, ...).",
)
@click.option(
    "--inventory", type=click.Path(path_type=Path), help="Inventory file; the user's own without."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON value on stdout.")
def doctor(device: str, inventory: Path | None, *, as_json: bool) -> int:
    """Say for every source of a device what it gives, or why not and what would fix it."""
    from host.pipeline.doctor import examine

    with watching(err()) as watch:
        found = examine(device, inventory, watch)
    if as_json:
        json_out(found)
        return 0
    _show(found)
    return 0


def _show(found: dict[str, Any]) -> None:
    from host.handover.fixes import fix_words
    from host.handover.text import one_line

    console = out()
    console.print(Text("引擎 engines", style="bold"))
    for name, version in found["engines"].items():
        said = version or ("built in" if name == "replay" else "not installed")
        console.print(Text(f"  {plain(name):<12} {plain(str(said))}"))
    console.print(Text("\n信号源 sources that can be read", style="bold"))
    table = Table("channel", "unit", "reads/s", "refresh/s", "resolution", "tier", box=None)
    for row in found["channels"]:
        table.add_row(
            Text(plain(row["name"])),
            Text(plain(row["unit"])),
            row["reads_hz"],
            row["refresh_hz"],
            row["resolution"] or "not stated",
            Text(plain(row["tier"] or "-")),
        )
    console.print(table)
    console.print(Text("\n不可用 sources that cannot be read", style="bold"))
    for absent in found["absent"]:
        console.print(
            Text(f"  {absent['kind']} {plain(absent['source'])}: {plain(absent['reason'])}")
        )
        if absent["fix"]:
            words = fix_words(str(absent["fix"]))
            console.print(Text(f"      {plain(one_line(words))}", style="dim"))
    if found["cannot"]:
        console.print(Text("\n不能做 what the agent there cannot do", style="bold"))
        for said in found["cannot"]:
            console.print(Text(f"  {plain(said)}"))
    power = [row for row in found["channels"] if row["tier"]]
    said = "有 yes" if power else "没有：不能给出能量结果 none: no energy result can be given"
    console.print(Text(f"\n功率证据 power evidence: {said}"))
