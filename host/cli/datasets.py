"""`inferometer datasets`."""

from __future__ import annotations

from typing import Any

import click
from rich.table import Table

from host.cli.console import json_out, out, plain


@click.group()
def datasets() -> None:
    """Fixed datasets: id, version, licence and a hash over their canonical bytes."""


@datasets.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON value on stdout.")
def list_(*, as_json: bool) -> None:
    """List the shipped datasets."""
    from host.artefacts.datasets.shelf import load, shipped

    rows: list[dict[str, Any]] = []
    for summary in shipped():
        found = load(summary.id)
        rows.append(
            {
                "id": found.id,
                "version": found.version,
                "items": len(found.items),
                "title": {"zh": found.title.zh, "en": found.title.en},
                "licence": found.licence,
                "sha256": found.sha256,
            }
        )
    if as_json:
        json_out(rows)
        return
    table = Table("id", "version", "items", "title", "SHA-256", box=None)
    for row in rows:
        title = f"{row['title']['zh']} {row['title']['en']}"
        table.add_row(row["id"], row["version"], str(row["items"]), title, row["sha256"][:16])
    out().print(table)


@datasets.command()
@click.argument("reference")
@click.option("--json", "as_json", is_flag=True, help="One JSON value on stdout.")
def show(reference: str, *, as_json: bool) -> None:
    """Show the items of a shipped dataset (ID or ID@VERSION) or of a dataset file."""
    from host.artefacts.datasets.shelf import load

    found = load(reference)
    items = [
        {
            "id": i.id,
            "scenario": i.scenario,
            "language": i.language,
            "prompt_tokens": i.prompt_tokens,
            "output_tokens": i.output_tokens,
            "text": i.text,
        }
        for i in found.items
    ]
    if as_json:
        json_out(
            {"id": found.id, "version": found.version, "sha256": found.sha256, "items": items}
        )
        return
    console = out()
    console.print(f"{found.id}@{found.version} · {found.licence} · SHA-256 {found.sha256}")
    for item in items:
        lengths = f"prompt {item['prompt_tokens'] or 'as it is'}"
        console.print(f"\n{item['id']} · {item['scenario']} · {item['language']} · {lengths}")
        console.print(plain(str(item["text"])))
