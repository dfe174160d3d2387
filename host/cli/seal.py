"""`inferometer seal`."""

from __future__ import annotations

from pathlib import Path

import click

from host.cli.console import err, out
from host.cli.live import watching


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
def seal(run: Path) -> int:
    """Close the interrupted run folder RUN as it is; it stays incomplete."""
    from host.pipeline.resume import close
    from host.report.terminal import show

    with watching(err()) as watch:
        done = close(run, watch)
    show(out(), done.redone.record, run, done.folder.page)
    return 0 if done.redone.record.verdict.status == "valid" else 1
