"""`inferometer report`."""

from __future__ import annotations

from pathlib import Path

import click

from host.cli.console import json_out, out


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="Where the page goes; RUN/report.html when left out.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON value on stdout: the record.")
def report(run: Path, output: Path | None, *, as_json: bool) -> int:
    """Redraw the table and the page of the run folder RUN from its raw data.

    Works on a run that was cut off as well: what was sampled is shown, and said to be incomplete.
    """
    from host.pipeline.redo import given, redo
    from host.pipeline.write import write_page
    from host.report.terminal import show

    with given(run):
        redone = redo(run)
    page = write_page(run, redone, output)
    if as_json:
        import json

        json_out(json.loads(redone.record_bytes()))
    else:
        show(out(), redone.record, run, page)
    return 0 if redone.record.verdict.status == "valid" else 1
