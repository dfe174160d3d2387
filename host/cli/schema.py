"""`inferometer schema`."""

from __future__ import annotations

import sys

import click


@click.command()
@click.option("--json", "_as_json", is_flag=True, help="The output is JSON in any case.")
def schema(*, _as_json: bool) -> int:
    """Print the JSON Schema (2020-12) that every record of this version keeps."""
    from host.schema.published import shipped

    sys.stdout.write(shipped().decode("utf-8"))
    return 0
