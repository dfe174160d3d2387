"""Words that a record must earn (`shared` reference metrology, 2.5), found where they are not.

Only our own prose is looked at: texts that the software writes about results, budgets, time and
warnings. Titles, laboratory, opinions and what devices, models and engines say are others' words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from host.handover.quantity import Quantity, RowField
from host.handover.record import Record
from host.handover.text import Txt

# A word that is said not to hold needs nothing.
_NEGATED = re.compile(
    r"\b(?:not|never|no|without|un)[ -]?(?:a |any |valid |been )?"
    r"(?:calibrated|calibration\w*|traceab\w+|traced)\b"
    r"|(?:未|无|没有|不)(?:经|作|有|曾|任何|有效|计量|的)*(?:校准|溯源)",
    re.IGNORECASE,
)
_CALIBRATED = re.compile(r"\bcalibrated\b|校准", re.IGNORECASE)
_TRACEABLE = re.compile(r"\btraceable\b|溯源", re.IGNORECASE)
# Of UTC, the time block says it by itself, with its own fields.
_PASS = re.compile(r"\b(?:pass|passes|passed|fail|fails|conforms?|complies)\b|符合|合格")
_REPRODUCIBLE = re.compile(r"\breproducible\b|再现性", re.IGNORECASE)
PLUS_MINUS = "±"


def unearned(record: Record) -> Iterator[tuple[str, str]]:
    """(place, word) of every word that stands in a record without the fields behind it.

    Nothing earns `pass` or `reproducible` yet: a record of this version holds no specification,
    no decision rule and no second laboratory.
    """
    certified = any(e.certificates for e in record.equipment)
    timed = record.time.get("utc_source", "none") != "none" and "utc_bound_s" in record.time
    traced = any(q.traceability == "SI" for q in record.results)
    for place, text in _prose(record):
        plain = _NEGATED.sub("", text)
        utc = place.startswith("time") and timed
        for pattern, earned in (
            (_CALIBRATED, certified),
            (_TRACEABLE, utc or traced),
            (_PASS, False),
            (_REPRODUCIBLE, False),
        ):
            found = None if earned else pattern.search(plain)
            if found:
                yield place, found[0]
    yield from _plus_minus(record)


def _plus_minus(record: Record) -> Iterator[tuple[str, str]]:
    """`±` and a reported U only with U, k, p and degrees of freedom in the result itself."""
    for q in (*record.results, *record.conventions):
        if q.reported is None:
            continue
        said = PLUS_MINUS in q.reported.text.zh + q.reported.text.en
        whole = None not in (q.U, q.k, q.p, q.u, q.nu_eff, q.nu_used) and q.k_rule
        if said and not whole:
            yield q.id, PLUS_MINUS


def _prose(record: Record) -> Iterator[tuple[str, str]]:
    """(place, text) of everything that the software says of its own."""
    texts = [
        ("verdict", record.verdict.text),
        ("scope_statement", record.scope_statement),
        ("limitations", record.limitations),
        ("method", record.method.title),
        ("method", record.method.deviations),
        ("sampling_plan", record.sampling_plan.warm_up),
        ("sampling_plan", record.sampling_plan.cool_down_rule),
        ("performed", record.performed.clock),
        *(("environment", e.missing) for e in record.environment if e.missing is not None),
        *((d.id, t) for d in record.definitions for t in (d.model, d.start, d.stop)),
    ]
    for warning in record.warnings:
        texts += [(f"warnings {warning.code}", t) for t in (warning.text, warning.next) if t]
    for quantity in (*record.results, *record.conventions):
        texts += [(quantity.id, t) for t in _of_quantity(quantity)]
    for budget in record.budgets:
        for row in budget.rows:
            texts += [(f"{budget.id} {row.symbol}", t) for t in _of_row(row)]
    for place, text in texts:
        yield place, text.zh
        yield place, text.en
    for key, said in record.time.items():
        if isinstance(said, dict) and said.keys() == {"zh", "en"}:
            yield from ((f"time {key}", str(each)) for each in said.values())


def _of_quantity(q: Quantity) -> tuple[Txt, ...]:
    said = (q.name, q.rule, q.reported.text if q.reported is not None else None)
    return tuple(each for each in said if each is not None)


def _of_row(row: RowField) -> tuple[Txt, ...]:
    """A row that an instrument stands behind may speak of its calibration."""
    return () if row.equipment_ref else (row.name, row.source, row.evaluation)
