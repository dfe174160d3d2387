"""What a query of the catalogue finds, as a table for people or as CSV."""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, get_args

from rich.console import Console
from rich.table import Table
from rich.text import Text

from host.catalogue.entries import SCORE
from host.catalogue.find import RECORD_COLUMNS, RESULT_COLUMNS, Found, Query
from host.handover.fidelity import DEFINED
from host.handover.measurands import MEASURANDS
from host.handover.scores import Scorer
from host.handover.stated import STATED
from host.report.terminal import safe
from host.schema.rounding import alone, display_of, with_uncertainty

_HASH_DIGITS = 8
# What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NUMBERS = frozenset({"value", "U", "k", "n"})


def show_rows(console: Console, found: Found, *, of_results: bool) -> None:
    """A table, and how many rows there are in all."""
    table = Table(box=None, pad_edge=False)
    names = ["时间 started", "设备 device", "模型 model", "引擎 engine", "数据集 dataset"]
    more = ["结果 result", "值 value", "单位 unit"] if of_results else ["记录 record"]
    for name in (*names, *more, "判定 verdict"):
        right = name.startswith("值")
        table.add_column(name, justify="right" if right else "left", overflow="fold")
    for row in found.rows:
        table.add_row(*_cells(row, of_results=of_results))
    if found.rows:
        console.print(table)
    beyond = "" if found.counted else " 以上 or more"
    console.print(f"共 in all {found.total}{beyond}, 所示 shown {len(found.rows)}")


def _cells(row: Mapping[str, Any], *, of_results: bool) -> list[Text]:
    model = f"{row['model']} {row['quantization']} {row['model_sha256'][:_HASH_DIGITS]}"
    first = [row["started"][:19], row["device"], model, row["engine"], row["dataset"]]
    if of_results:
        value, unit = shown(row["value"], row["U"], row["unit"])
        rest = [row["result"], value or row["missing"], unit]
    else:
        rest = [row["record_id"].removeprefix("urn:sha256:")[: 2 * _HASH_DIGITS]]
    state = "" if row["state"] == "draft" else f" {row['state']}"
    return [Text(safe(cell)) for cell in (*first, *rest, f"{row['verdict']}{state}")]


def shown(value: str | None, expanded: str | None, unit: str) -> tuple[str, str]:
    """(value ± U, unit) for people; "" without a value. The CSV and JSON hold every digit."""
    if value is None:
        return "", unit
    display = display_of(unit, float(value), float(expanded or 0))
    said = display.of(float(value))
    if expanded is None or not float(expanded):
        return alone(said), display.unit
    return " ± ".join(with_uncertainty(said, display.of(float(expanded)))), display.unit


def meant(asked: Query) -> str:
    """Which measurand may have been meant, where none of ours is called so; "" else."""
    ids = (*MEASURANDS, *STATED, *(each.id for each in DEFINED))
    known = {key.partition("@")[0] for key in ids} | {
        f"{SCORE}{each}" for each in get_args(Scorer)
    }
    for term in asked.terms:
        strange = term.name == "measurand" and term.operator == "=" and term.value not in known
        if strange and (near := get_close_matches(term.value, known, n=3)):
            return f"没有名为 no measurand is called {term.value!r}; 近似 near: {', '.join(near)}"
    return ""


def show_csv(found: Found, *, of_results: bool) -> None:
    """All columns, RFC 4180; texts that a spreadsheet would run begin with an apostrophe."""
    more = (*(c for c in RESULT_COLUMNS if c != "tier"), "result_tier") if of_results else ()
    columns = (*RECORD_COLUMNS, *more)
    writer = csv.writer(sys.stdout)
    writer.writerow(columns)
    for row in found.rows:
        writer.writerow([_cell(name, row[name]) for name in columns])


def _cell(name: str, value: object) -> str:
    text = "" if value is None else safe(value)
    if name not in _NUMBERS and text.startswith(_FORMULA):
        return f"'{text}"
    return text
