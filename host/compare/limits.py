"""Limits as people write them, and the statements of conformity that records allow."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from host.compare.comparability import WITHDRAWN
from host.compare.conformity import DecisionRule, Limit, Statement, state
from host.compare.measured import Measured, number
from host.compare.pairs import Side
from host.errors import UsageError
from host.handover.text import Txt

_NUMBER: Final = r"[+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?"
_ONE_SIDED: Final = re.compile(rf"(?P<id>[^=<>]+)=?(?P<side>>=|<=)(?P<value>{_NUMBER})")
_TWO_SIDED: Final = re.compile(rf"(?P<id>[^=<>]+)=(?P<low>{_NUMBER})\.\.(?P<high>{_NUMBER})")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A limit on a result. name: id of the result, or of a measurand with one mean for the whole.

    unit: UCUM code in which the limits are written; "" for the unit of the result.
    """

    name: str
    limit: Limit
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Conformity:
    """What can be said of one limit and one record. statement None: `refused` says why."""

    label: str
    wanted: Wanted
    measured: Measured
    statement: Statement | None
    refused: Txt | None = None


def parse(text: str) -> Wanted:
    """`decode_rate@1=>=20`, `load_time@1=<=0.5`, `peak_memory@1=1e9..2e9`; in UCUM units."""
    if match := _TWO_SIDED.fullmatch(text.replace(" ", "")):
        low, high = (number(match[part], text) for part in ("low", "high"))
        return Wanted(match["id"], Limit(low, high))
    if match := _ONE_SIDED.fullmatch(text.replace(" ", "")):
        value = number(match["value"], text)
        limit = Limit(value, None) if match["side"] == ">=" else Limit(None, value)
        return Wanted(match["id"], limit)
    raise UsageError("--limit", f"{text!r} is none of RESULT=>=X, RESULT=<=X, RESULT=X..Y")


def conformity(
    sides: Sequence[Side], wanted: Sequence[Wanted], specification: str, rule: DecisionRule
) -> tuple[Conformity, ...]:
    """Every limit on every record. Raises UsageError for a result that a record does not have."""
    return tuple(_of(side, each, specification, rule) for side in sides for each in wanted)


def _of(side: Side, wanted: Wanted, specification: str, rule: DecisionRule) -> Conformity:
    measured = _find(side, wanted)
    q = measured.quantity
    refused = _refusal(side, measured)
    if refused is not None:
        return Conformity(side.label, wanted, measured, None, refused)
    numbers = (
        q.id,
        measured.value or 0.0,
        measured.u or 0.0,
        measured.nu,
        number(q.U or "0", q.id),
    )
    made = state(numbers, specification, wanted.limit, rule)
    return Conformity(side.label, wanted, measured, made)


def find(side: Side, name: str) -> Measured:
    """A result by its id, or by a measurand that has one mean for the whole.

    Raises UsageError, with what is near, where there is none or more than one.
    """
    measured = side.results.get(name)
    if measured is None:
        whole = [
            m
            for m in side.results.values()
            if m.quantity.measurand_id == name and m.quantity.scope == ""
        ]
        if len(whole) > 1:
            named = ", ".join(m.id for m in whole)
            raise UsageError(side.label, f"{name} may be any of {named}: name one")
        if not whole:
            near = get_close_matches(name, list(side.results), n=3, cutoff=0.3)
            hint = f"; near: {', '.join(near)}" if near else ""
            raise UsageError(side.label, f"holds no result {name}{hint}")
        measured = whole[0]
    return measured


def _find(side: Side, wanted: Wanted) -> Measured:
    measured = find(side, wanted.name)
    unit = measured.quantity.unit
    if wanted.unit and wanted.unit != unit:
        raise UsageError(side.label, f"{measured.id} is in {unit}, the limit in {wanted.unit}")
    return measured


def _refusal(side: Side, measured: Measured) -> Txt | None:
    """Why no statement can be made: a word needs all the fields behind it."""
    q = measured.quantity
    if side.record.verdict.status != "valid":
        status = side.record.verdict.status
        return Txt(f"记录不是有效的（{status}）", f"the record is not valid ({status})")
    if side.record.status.state == WITHDRAWN:
        return Txt("记录已被撤回", "the record was withdrawn")
    if measured.value is None:
        return Txt(f"未测：{q.missing}", f"not measured: {q.missing}")
    if not measured.u or not q.U:
        return Txt(
            f"没有大于零的 U（n = {q.n}），无从给出符合概率",
            f"no U above zero (n = {q.n}): no probability of conformance can be stated",
        )
    return None
