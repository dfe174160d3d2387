"""Options that every command has which makes a run; said once, so that they are alike."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any, Final

import click

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

RUNS: Final = click.option(
    "--runs",
    type=click.Path(path_type=Path),
    default=Path("runs"),
    show_default=True,
    help="Where run folders go.",
)
INVENTORY: Final = click.option(
    "--inventory", type=click.Path(path_type=Path), help="Inventory file; the user's own without."
)
DATASET: Final = click.option(
    "--dataset", help="Shipped id or path of a dataset; over the plan's."
)
OUTPUT_TOKENS: Final = click.option(
    "--output-tokens",
    type=click.IntRange(2),
    help="Over the plan's; for items whose dataset states none.",
)
RESUME: Final = click.option(
    "--resume", "resumed", type=click.Path(path_type=Path), help="Go on with a run."
)
AS_JSON: Final = click.option("--json", "as_json", is_flag=True, help="One JSON value on stdout.")


def plan_options(engines: str = "auto, llama_cpp or onnx_genai") -> Decorator:
    """The plan, and model and engine over it. engines: which ones there are, in words."""
    return together(
        click.option("--plan", "plan_file", type=click.Path(path_type=Path), help="A TOML plan."),
        click.option("--model", help="Reference (tiny, 1b:q4_0) or path; over the plan's."),
        click.option("--engine", help=f"{engines}; over the plan's."),
    )


def equipment_option(words: str, *, required: bool = False) -> Decorator:
    """The equipment file; words: what it is wanted for."""
    return click.option(
        "--equipment",
        type=click.Path(path_type=Path),
        envvar="INFEROMETER_EQUIPMENT",
        required=required,
        help=words,
    )


def together(*options: Decorator) -> Decorator:
    """Several options as one decorator, in the order in which the help shows them."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        return reduce(lambda inner, option: option(inner), reversed(options), command)

    return decorate
