"""`inferometer models`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table
from rich.text import Text

from host.cli.console import err, json_out, out, plain
from host.cli.live import watching
from host.cli.models_convert import convert
from host.handover.progress import Progress

if TYPE_CHECKING:
    from host.artefacts.models.inspection import ModelInfo
    from host.artefacts.models.tensors import Progress as Step


@click.group()
def models() -> None:
    """Reference models, made on the spot, and models of your own."""


models.add_command(convert)


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON value on stdout.")
def list_(*, as_json: bool) -> None:
    """List the sizes that can be made and the files that are made."""
    from host.artefacts.models.store import listing, store_dir

    rows = [
        {
            "reference": stored.reference,
            "parameters": stored.parameters,
            "size_bytes": stored.size_bytes,
            "path": str(stored.path) if stored.path else None,
        }
        for stored in listing()
    ]
    if as_json:
        json_out({"store": str(store_dir()), "models": rows})
        return
    table = Table("reference", "parameters", "size", "made", box=None)
    for stored in listing():
        size = f"{'' if stored.path else '~'}{stored.size_bytes / 1e6:,.0f} MB"
        made = "yes" if stored.path else ""
        table.add_row(stored.reference, f"{stored.parameters / 1e6:,.0f} M", size, made)
    console = out()
    console.print(table)
    console.print(Text(f"store: {store_dir()}"), soft_wrap=True)


@models.command()
@click.argument("reference")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
@click.option(
    "--directory", type=click.Path(path_type=Path), help="Where it goes; the store else."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON value on stdout.")
def make(reference: str, seed: int, directory: Path | None, *, as_json: bool) -> None:
    """Make a reference model: SIZE:QUANTIZATION, for example tiny:q4_0, 1b:int4, vision-tiny.

    A plain graph takes its form for a quantization.
    """
    from host.artefacts.models.graph_names import FORMS
    from host.artefacts.models.store import DEFAULT_QUANTIZATION
    from host.artefacts.models.store import make as make_model

    size, _, quantization = reference.partition(":")
    usual = FORMS[size][0] if size in FORMS else DEFAULT_QUANTIZATION
    quantization = quantization or usual
    with _steps() as step:
        path = make_model(size, quantization, seed=seed, directory=directory, progress=step)
    tell(path, as_json=as_json)


@models.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("scheme")
@click.argument("goal", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON value on stdout.")
def quantize(source: Path, scheme: str, goal: Path, *, as_json: bool) -> None:
    """Quantize the GGUF file SOURCE by SCHEME (q4_0, q4_k_m, q8_0) into the new file GOAL."""
    from host.artefacts.models.store import quantize as quantize_model

    with _steps() as step:
        path = quantize_model(source, scheme, goal, progress=step)
    tell(path, as_json=as_json)


@models.command()
@click.argument("model")
@click.option("--json", "as_json", is_flag=True, help="One JSON value on stdout.")
def inspect(model: str, *, as_json: bool) -> None:
    """Say what a GGUF file, genai folder or ONNX graph is: quantization, bits per weight, hash."""
    from host.artefacts.models.store import resolve

    with _steps() as step:
        path = resolve(model, progress=step)
    tell(path, as_json=as_json)


def tell(path: Path, *, as_json: bool) -> None:
    """Say what is at the path now."""
    from host.artefacts.models.inspection import inspect as inspect_model

    with _steps() as step:
        found = inspect_model(path, progress=step)
    if as_json:
        json_out({"path": str(path), **_fields(found)})
        return
    console = out()
    console.print(Text(f"{'path':<20} {path}"))
    for name, value in _shown(found):
        console.print(Text(f"{name:<20} {plain(value)}"), soft_wrap=True)


def _shown(found: ModelInfo) -> Iterator[tuple[str, str]]:
    """Each field with its value or why it has none; a line for each file."""
    why = dict(found.missing)
    for name, value in _fields(found).items():
        if name == "files":
            yield from (("files", f"{each.sha256}  {each.name}") for each in found.files)
        elif name != "missing":
            yield name, str(value) if value is not None else f"– ({why.get(name, '')})"


def _fields(found: ModelInfo) -> dict[str, Any]:
    import msgspec

    fields: dict[str, Any] = msgspec.to_builtins(found)
    return fields


@contextmanager
def _steps() -> Iterator[Step]:
    """A progress bar for long work on models."""
    with watching(err()) as watch:

        def step(done: int, total: int, what: str) -> None:
            watch(Progress("models", waiting=what, done_ratio=done / total if total else None))

        yield step
