"""`inferometer fidelity`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from host.cli.console import err, json_out, out
from host.cli.live import watching

if TYPE_CHECKING:
    from host.artefacts.fidelity.reference import Reference


@click.group()
def fidelity() -> None:
    """Reference files: what a model's output is compared with, made once from F16 or F32."""


@fidelity.command()
@click.option("--model", required=True, help="The model that is believed: tiny:f16, or a path.")
@click.option("--texts", default="fidelity-plain", show_default=True, help="Text set, id or file.")
@click.option("--engine", default="auto", show_default=True, help="llama_cpp or onnx_genai.")
@click.option("--dataset", default="smoke", show_default=True, help="Prompts answered greedily.")
@click.option("--device", default="local", show_default=True, help="Where it is made.")
@click.option("--inventory", type=click.Path(path_type=Path), help="Inventory file.")
@click.option(
    "--n-ctx", type=click.IntRange(4, 8192), default=256, show_default=True, help="Window length."
)
@click.option("--windows", type=click.IntRange(1), help="At most so many of each language.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The file to write.")
@click.option("--json", "as_json", is_flag=True, help="One JSON value on stdout.")
def reference(*, as_json: bool, **given: Any) -> int:  # noqa: ANN401
    """Make a reference: logits over fixed texts, and greedy outputs of the prompts of a dataset.

    It takes windows x (n_ctx / 2 - 1) x vocabulary x 4 bytes, which is told before it is made. A
    copy is kept under its SHA-256, which a plan may name in place of a path.
    """
    from host.pipeline.fidelity_reference import Wanted, make_reference
    from host.plan.load import default, override

    over = {key: given[key] for key in ("model", "engine", "dataset", "device")}
    wanted = Wanted(
        plan=override(default()[0], over),
        out=given["out"],
        texts=given["texts"],
        n_ctx=given["n_ctx"],
        at_most=given["windows"],
        inventory=given["inventory"],
    )
    with watching(err()) as watch:
        made = make_reference(wanted, watch)
    _say(made, as_json=as_json)
    return 0


@fidelity.command()
@click.argument("file")
@click.option("--json", "as_json", is_flag=True, help="One JSON value on stdout.")
def show(file: str, *, as_json: bool) -> int:
    """Check a reference, by path or SHA-256, and say what it was made of."""
    from host.artefacts.fidelity.reference import find_reference

    _say(find_reference(file), as_json=as_json)
    return 0


def _say(found: Reference, *, as_json: bool) -> None:
    head = found.head
    counts = {name: sum(w.language == name for w in head.windows) for name in ("zh", "en")}
    facts = {
        "file": str(found.path),
        "sha256": found.sha256,
        "model": f"{head.model.name} {head.model.quantization}",
        "model_sha256": head.model.sha256,
        "tokenizer_sha256": head.model.tokenizer_sha256,
        "texts": f"{head.texts.id}@{head.texts.version}",
        "texts_sha256": head.texts.sha256,
        "n_ctx": head.n_ctx,
        "scored_from": head.first,
        "windows": counts,
        "n_vocab": head.n_vocab,
        "logits_bytes": head.data_bytes,
        "engine": f"{head.engine.get('kind')} {head.engine.get('library_version')}",
        "greedy_items": [output.item for output in head.greedy],
    }
    if as_json:
        json_out(facts)
        return
    for name, value in facts.items():
        out().print(Text(f"{name:18}{value}"), soft_wrap=True)
