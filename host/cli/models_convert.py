"""`inferometer models convert`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from host.cli.console import err
from host.cli.live import watching
from host.handover.progress import Progress


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("goal", type=click.Path(path_type=Path))
@click.option(
    "--to",
    "target",
    required=True,
    help="gguf:q4_0, gguf:q4_k_m, gguf:q8_0, gguf:f16 (for a reference) or onnx:int4.",
)
@click.option("--python", default=sys.executable, help="A Python with torch and transformers.")
@click.option(
    "--converter",
    type=click.Path(path_type=Path),
    help="llama.cpp's convert_hf_to_gguf.py, or an archive of sources that hold it.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON value on stdout.")
def convert(
    folder: Path, goal: Path, target: str, python: str, converter: Path | None, *, as_json: bool
) -> None:
    """Convert the Hugging Face folder FOLDER into the new file or folder GOAL.

    Through the tools' own converters, which need torch and transformers: the extra `models`.
    """
    from host.artefacts.models.convert import Tools
    from host.artefacts.models.convert import convert as convert_model
    from host.cli.models import tell

    with watching(err()) as watch:

        def step(done: int, total: int, what: str) -> None:
            watch(Progress("models", waiting=what, done_ratio=done / total if total else None))

        path = convert_model(folder, target, goal, Tools(python, converter), step)
    tell(path, as_json=as_json)
