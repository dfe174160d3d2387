"""`inferometer runners`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from host.cli.console import json_out, out, plain

if TYPE_CHECKING:
    from host.handover.runner import Runner
    from host.pipeline.runner_trial import Trial

AS_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON value on stdout.")
SHOWN_CHARACTERS = 200


@click.group()
def runners() -> None:
    """Native runners: programs that run models, described in TOML without Python."""


@runners.command("list")
@AS_JSON
def list_(*, as_json: bool) -> None:
    """List the shipped runners: what they show, and what was really tried."""
    from rich.table import Table
    from rich.text import Text

    from host.plan.runner import runner, runner_names

    found = [runner(name) for name in runner_names()]
    if as_json:
        json_out({"runners": [_row(one) for one in found]})
        return
    table = Table("runner", "models", "shows", "what it is", "tried", box=None)
    for one in found:
        said = Text(f"{one.description.en}\n{one.description.zh}")
        table.add_row(one.name, one.format, ", ".join(_shows(one)), said, Text(one.tried))
    out().print(table)


@runners.command()
@click.argument("runner")
@AS_JSON
def check(runner: str, *, as_json: bool) -> int:
    """Check RUNNER, a TOML file or a shipped name, against the schema.

    Exit code 0 when it can be used, else 2.
    """
    from host.errors import UsageError
    from host.plan.runner import runner as read

    problem = ""
    try:
        read(runner)
    except UsageError as err:
        problem = str(err)
    if as_json:
        json_out({"runner": runner, "holds": not problem, "problem": problem})
    else:
        out().print(plain(problem or f"{runner}: good"), soft_wrap=True)
    return 2 if problem else 0


@runners.command("try")
@click.argument("runner")
@click.argument("log", type=click.Path(path_type=Path))
@click.option("--prompt-tokens", type=click.IntRange(1), help="What {prompt_tokens} stands for.")
@click.option("--output-tokens", type=click.IntRange(1), help="What {output_tokens} stands for.")
@click.option(
    "--stdout", type=click.Path(path_type=Path), help="Standard output, where it is kept apart."
)
@AS_JSON
def try_(
    runner: str,
    log: Path,
    stdout: Path | None,
    *,
    prompt_tokens: int | None,
    output_tokens: int | None,
    as_json: bool,
) -> int:
    """Say what each pattern of RUNNER finds in LOG, the captured output of one process.

    Exit code 0 when all that must be there is, else 1.
    """
    from host.pipeline.runner_trial import read_log, trial
    from host.plan.runner import runner as read

    asked = {"prompt_tokens": prompt_tokens, "output_tokens": output_tokens}
    output = None if stdout is None else read_log(stdout)
    found = trial(read(runner), read_log(log), asked, output)
    if as_json:
        json_out(found.as_json())
    else:
        _tell(found)
    return 0 if found.fits else 1


def _tell(found: Trial) -> None:
    console = out()
    for line in found.lines:
        count = f"{line.count} of {found.total} lines"
        first = (
            f", first in line {line.first}: {line.text[:SHOWN_CHARACTERS]}" if line.count else ""
        )
        mark = "+" if line.count else "-" if line.needed else " "
        console.print(plain(f"{mark} lines.{line.name}: {count}{first}"), soft_wrap=True)
    for figure in found.figures:
        values = ", ".join(f"{value:g}" for value in figure.values)
        said = "; ".join(f"{key} = {word}" for key, word in figure.about)
        console.print(
            plain(f"+ figures.{figure.name}: {figure.convention}: {values} {said}".rstrip()),
            soft_wrap=True,
        )
    if found.answer is not None:
        said = json.dumps(found.answer[:SHOWN_CHARACTERS], ensure_ascii=False)
        console.print(plain(f"+ answer: {said}"), soft_wrap=True)
    if found.misfit:
        console.print(plain(f"- {found.misfit}"), soft_wrap=True)


def _row(one: Runner) -> dict[str, object]:
    return {
        "name": one.name,
        "format": one.format,
        "shows": _shows(one),
        "zh": one.description.zh,
        "en": one.description.en,
        "tried": one.tried,
    }


def _shows(one: Runner) -> list[str]:
    shown = {
        "tokens": one.lines,
        "figures": one.figures,
        "answers": one.answers(),
        "divergence": one.divergence,
    }
    return [name for name, there in shown.items() if there is not None and there != {}]
