"""`inferometer compare`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from host.cli.console import err, json_out, out, plain
from host.errors import UsageError

if TYPE_CHECKING:
    from host.compare.conformity import DecisionRule
    from host.compare.limits import Wanted
    from host.pipeline.compare import Asked, Compared

RULES = ("simple", "guarded", "guarded-rejection", "nonbinary")


@click.command()
@click.argument("records", type=click.Path(path_type=Path), nargs=-1)
@click.option("--query", default="", help='Records of the catalogue: "device~epyc model=3e2c".')
@click.option("--catalogue", default="", help="Its file or URL; the user's own without.")
@click.option("--reference", default="", help="Letter of the reference record: E_n and zeta.")
@click.option("--sigma-pt", multiple=True, help="RESULT=X: for z and z', with --reference.")
@click.option("--repeatability", is_flag=True, help="ISO 5725-2 over records of one thing.")
@click.option("--consensus", is_flag=True, help="Reference value and degrees of equivalence.")
@click.option("--limit", multiple=True, help="RESULT=>=X, RESULT=<=X or RESULT=X..Y.")
@click.option("--spec", default="", help="Id of the specification that the limits are from.")
@click.option("--rule", type=click.Choice(RULES), help="Decision rule for --limit.")
@click.option("--alpha", type=float, help="Guard band k_w u for this risk; left out: U.")
@click.option("--limits", type=click.Path(path_type=Path), help="A specification file, TOML.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="A page, HTML.")
@click.option("--json", "as_json", is_flag=True, help="One JSON value on stdout.")
def compare(records: tuple[Path, ...], *, as_json: bool, **options: object) -> int:
    """Say whether RECORDS may be compared, and what differs by how much.

    Each is a run folder, a zip or tar of one, or a record file; they go by A, B, C ... in the
    order given, and the first is what the others are compared with. --query takes them from the
    catalogue instead, in order of time. One alone is judged against
    --limit. Exit code 0: comparable, every limit passed; 1: not comparable, or a limit not
    passed; 2: bad input.
    """
    from host.cli.compare_json import as_value
    from host.cli.compare_text import show

    compared = _compared(records, options)
    output = options["output"]
    if isinstance(output, Path):
        _write_page(output, compared)
    if as_json:
        json_out(as_value(compared))
    else:
        show(out(), compared)
    return 0 if compared.good else 1


def _compared(records: tuple[Path, ...], options: dict[str, object]) -> Compared:
    """Of the records named, or of those that a query finds."""
    from host.pipeline.compare import compared_of, run

    query = str(options["query"])
    if bool(query) == bool(records):
        raise UsageError("compare", "takes RECORDS or --query, one of them")
    if not query:
        return run(records, _asked(options))
    from host.catalogue.database import place_of
    from host.catalogue.find import Query
    from host.catalogue.terms import parse_all
    from host.pipeline.catalogue import records_for

    place = place_of(str(options["catalogue"]))
    paths, found = records_for(place, Query(parse_all(query)))
    return compared_of(paths, found, _asked(options))


def _write_page(output: Path, compared: Compared) -> None:
    from host.cli.compare_html import contents
    from host.pipeline.compare import write_page

    write_page(output, contents(compared), compared.paths)
    err().print(f"页面 page  {plain(str(output))}", soft_wrap=True)


def _asked(options: dict[str, object]) -> Asked:
    from host.pipeline.compare import Asked

    sigma = tuple(_sigma(str(text)) for text in _many(options["sigma_pt"]))
    if sigma and not options["reference"]:
        raise UsageError("--sigma-pt", "goes with --reference")
    limits, name, rule = _limits(options)
    return Asked(
        reference=str(options["reference"]).upper(),
        sigma_pt=sigma,
        repeatability=bool(options["repeatability"]),
        consensus=bool(options["consensus"]),
        limits=limits,
        specification=name,
        rule=rule,
    )


def _limits(
    options: dict[str, object],
) -> tuple[tuple[Wanted, ...], str, DecisionRule | None]:
    """(limits, specification, rule) from the options or from the file, never from both."""
    from host.compare.conformity import DecisionRule
    from host.compare.limits import parse
    from host.pipeline.compare import specification, wanted_of

    given = [str(text) for text in _many(options["limit"])]
    file, name, rule, alpha = (options[key] for key in ("limits", "spec", "rule", "alpha"))
    if isinstance(file, Path):
        if given or name or rule or alpha is not None:
            raise UsageError("--limits", "the file states specification, rule and limits alone")
        said = specification(file)
        return wanted_of(said), said.specification, DecisionRule(said.rule, said.alpha)
    if not given:
        if name or rule or alpha is not None:
            raise UsageError("--spec, --rule, --alpha", "go with --limit")
        return (), "", None
    if not name or rule is None:
        raise UsageError("--limit", "goes with --spec and --rule: no verdict without both")
    made = DecisionRule(rule, alpha)  # type: ignore[arg-type] # click has checked the choice
    return tuple(parse(text) for text in given), str(name), made


def _sigma(text: str) -> tuple[str, float]:
    from host.compare.measured import number

    key, equals, value = text.rpartition("=")
    if not equals or not key:
        raise UsageError("--sigma-pt", f"{text!r} is not RESULT=X")
    sigma = number(value, f"--sigma-pt {key}")
    if sigma <= 0:
        raise UsageError("--sigma-pt", f"{value} is not above zero")
    return key, sigma


def _many(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else ()
