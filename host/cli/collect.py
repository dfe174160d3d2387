"""`inferometer collect`."""

from __future__ import annotations

from pathlib import Path

import click

from host.cli.console import err
from host.cli.live import watching


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--inventory", type=click.Path(path_type=Path), help="Inventory file; the user's own without."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON value on stdout.")
def collect(run: Path, inventory: Path | None, *, as_json: bool) -> int:
    """Take what the detached run of folder RUN has left on its device, and seal it.

    Waits for attempts that still run there. Exit codes as of `measure`; 3 where the device does
    not answer: nothing is lost, collect again later.
    """
    from host.cli.measure import tell
    from host.pipeline.resume import collect as take

    with watching(err()) as watch:
        done = take(run, watch, inventory)
    return tell(done, as_json=as_json)
