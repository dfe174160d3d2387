"""`inferometer audit`."""

from __future__ import annotations

from pathlib import Path

import click

from host.cli.console import json_out, out


@click.group()
def audit() -> None:
    """Probes that show caches, prepared answers and swapped models."""


@audit.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--out", "output", type=click.Path(path_type=Path), required=True, help="A new JSON file."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON value on stdout.")
def reference(run: Path, output: Path, *, as_json: bool) -> None:
    """Take the known outputs of a sealed, valid RUN, for `canary` and `length` of [audit].

    They hold for the very same model file. Best of a run with a dataset that nobody else has.
    """
    from host.pipeline.audit_reference import make_reference

    found = make_reference(run, output)
    if as_json:
        json_out(
            {
                "reference": str(output),
                "model_sha256": found.model_sha256,
                "stop": found.stop,
                "outputs": len(found.outputs),
            }
        )
        return
    console = out()
    console.print(f"{len(found.outputs)} known outputs of model {found.model_sha256[:16]}")
    console.print(f"in a plan: [audit] reference = {str(output)!r}", markup=False, soft_wrap=True)
