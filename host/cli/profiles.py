"""`inferometer profiles`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from host.cli.console import err, json_out, out, plain

if TYPE_CHECKING:
    from host.handover.profile import Profile
    from host.plan.facts import Gathered
    from host.plan.match import Judged

AS_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON value on stdout.")


@click.group()
def profiles() -> None:
    """Device profiles: what is known of a product before it is measured."""


@profiles.command("list")
@AS_JSON
def list_(*, as_json: bool) -> None:
    """List the shipped profiles and what was really tried."""
    from rich.table import Table
    from rich.text import Text

    from host.plan.profile import all_shipped

    found = all_shipped()
    if as_json:
        json_out({"profiles": [_row(one) for one in found]})
        return
    table = Table("profile", "category", "by", "agent", "what it is", "tried", box=None)
    for one in found:
        kinds = ", ".join(one.transport.kinds)
        said = one.product.description
        cells = (one.product.name, one.product.category, kinds, one.agent.kind)
        table.add_row(*cells, Text(f"{said.en}\n{said.zh}"), Text(one.status.tried))
    out().print(table)


@profiles.command()
@click.argument("profile")
@AS_JSON
def show(profile: str, *, as_json: bool) -> None:
    """Show PROFILE: a name, or the path of a TOML file."""
    import msgspec
    import tomli_w

    found = _named(profile)
    said = msgspec.to_builtins(found)
    if as_json:
        json_out(said)
    else:
        out().print(plain(tomli_w.dumps(_without_empty(said))), end="", soft_wrap=True)


@profiles.command()
@click.argument("files", type=click.Path(path_type=Path), nargs=-1)
@AS_JSON
def check(files: tuple[Path, ...], *, as_json: bool) -> int:
    """Check profile FILES, or the shipped ones, against the schema.

    Exit code 0 when all can be used, else 2.
    """
    rows = [_checked(name) for name in ([str(f) for f in files] or _names())]
    holds = all(row["holds"] for row in rows)
    if as_json:
        json_out({"holds": holds, "profiles": rows})
    else:
        console = out()
        for row in rows:
            console.print(plain(str(row["problem"] or f"{row['profile']}: good")), soft_wrap=True)
    return 0 if holds else 2


@profiles.command()
@click.argument("facts", type=click.Path(path_type=Path), required=False)
@click.option("--all", "everything", is_flag=True, help="Say of every profile why (not).")
@AS_JSON
def match(facts: Path | None, *, everything: bool, as_json: bool) -> int:
    """Say which profiles fit FACTS, or this machine without it.

    FACTS is a file of `fact=value` lines, or a JSON object of names and texts. Exit code 0 when a
    profile fits, else 1.
    """
    from host.plan.match import match as match_profiles
    from host.plan.profile import all_shipped

    gathered = _facts(facts)
    judged = match_profiles(gathered.facts, all_shipped())
    fits = any(one.matches for one in judged)
    if as_json:
        json_out(
            {
                "facts": {name: list(values) for name, values in gathered.facts.items()},
                "refused": [{"fact": name, "why": why} for name, why in gathered.refused],
                "profiles": [_verdict(one) for one in judged],
            }
        )
    else:
        for name, why in gathered.refused:
            err().print(plain(f"note: {name or 'the answer'}: {why}"))
        _tell(judged, everything=everything)
    return 0 if fits else 1


@profiles.command()
def script() -> None:
    """Print the shell script that asks a device who it is.

    Run it there (`adb shell sh < script`) and give what it says to `inferometer profiles match`.
    """
    import sys

    from host.plan.facts import script as facts_script

    sys.stdout.write(facts_script())


def _named(profile: str) -> Profile:
    from host.plan.profile import load_profile, shipped

    path = Path(profile)
    return load_profile(path) if path.suffix == ".toml" else shipped(profile)


def _names() -> list[str]:
    from host.plan.profile import names

    return names()


def _checked(name: str) -> dict[str, object]:
    from host.errors import UsageError

    try:
        _named(name)
    except UsageError as problem:
        return {"profile": name, "holds": False, "problem": str(problem)}
    return {"profile": name, "holds": True, "problem": ""}


def _facts(path: Path | None) -> Gathered:
    from host.plan.facts import gather, read_facts
    from host.transport.local import Local

    return gather(Local()) if path is None else read_facts(path)


def _tell(judged: tuple[Judged, ...], *, everything: bool) -> None:
    console = out()
    fitting = [one for one in judged if one.matches]
    if not fitting:
        console.print("no profile fits; the closest:")
    shown = judged if everything else fitting or judged[:1]
    for one in shown:
        word = "fits" if one.matches else "does not fit"
        console.print(plain(f"{one.name}  {word}, specificity {one.specificity}"))
        for sign, sentences in (("+", one.held), ("-", one.failed)):
            for sentence in sentences:
                console.print(plain(f"  {sign} {sentence}"), soft_wrap=True)


def _row(one: Profile) -> dict[str, object]:
    return {
        "name": one.product.name,
        "category": one.product.category,
        "kinds": list(one.transport.kinds),
        "agent": one.agent.kind,
        "zh": one.product.description.zh,
        "en": one.product.description.en,
        "tried": one.status.tried,
    }


def _verdict(one: Judged) -> dict[str, object]:
    return {
        "name": one.name,
        "fits": one.matches,
        "specificity": one.specificity,
        "held": list(one.held),
        "failed": list(one.failed),
    }


def _without_empty(value: object) -> dict[str, object]:
    """TOML has no null: what is not stated is left out."""
    found = _stated(value)
    return found if isinstance(found, dict) else {}


def _stated(value: object) -> object:
    if isinstance(value, dict):
        return {k: _stated(v) for k, v in value.items() if v is not None and v not in ({}, ())}
    if isinstance(value, list | tuple):
        return [_stated(v) for v in value]
    return value
