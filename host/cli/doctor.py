"""`inferometer doctor`."""

from __future__ import annotations

from typing import Any

import click
from rich.table import Table
from rich.text import Text

from host.cli.console import json_out, out, plain


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON value on stdout.")
def doctor(*, as_json: bool) -> int:
    """Say for every source of this machine what it gives, or why not and what would fix it."""
    from host.pipeline.doctor import examine

    found = examine()
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
        console.print(Text(f"  {name:<12} {said}"))
    console.print(Text("\n信号源 sources that can be read", style="bold"))
    table = Table("channel", "unit", "reads/s", "refresh/s", "resolution", "tier", box=None)
    for row in found["channels"]:
        table.add_row(
            Text(plain(row["name"])),
            row["unit"],
            row["reads_hz"],
            row["refresh_hz"],
            row["resolution"] or "not stated",
            row["tier"] or "-",
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
    power = [row for row in found["channels"] if row["tier"]]
    said = "有 yes" if power else "没有：不能给出能量结果 none: no energy result can be given"
    console.print(Text(f"\n功率证据 power evidence: {said}"))
