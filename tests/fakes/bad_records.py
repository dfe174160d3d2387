"""Records that claim what their run does not give: plain JSON of a true record, changed.

A forger would write a new identity over it, and so do the tests: what is wrong is the content.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

JsonRecord = dict[str, Any]
Forge = Callable[[JsonRecord], None]

DAY = "2026-01-05T12:00:00Z"
KEY = "ab" * 32
LABORATORY = {
    "name": {"zh": "示例实验室", "en": "Example Laboratory"},
    "address": {"zh": "示例路 1 号", "en": "1 Example Road"},
    "accreditation_no": "L0001",
    "location": None,
}
INSTRUMENT: JsonRecord = {
    "id": "meter-1",
    "kind": "power meter",
    "maker": "Example",
    "model": "M1",
    "serial": "1",
    "firmware": "1",
    "location": "bench",
    "channels": ["rapl.package-0.energy"],
    "certificates": [
        {
            "channel": "rapl.package-0.energy",
            "number": "C-1",
            "issuer": "Example Metrology",
            "accreditation": "A-1",
            "calibrated": "2025-06-01",
            "due": "2026-06-01",
            "sha256": "cd" * 32,
            "in_validity": True,
            "in_range": True,
            "reason": None,
        }
    ],
    "tier": "A",
    "reason": None,
}


def with_u(record: JsonRecord) -> JsonRecord:
    """The first result that has a U, and is no quantile."""
    return next(q for q in record["results"] if q["U"] is not None and float(q["U"]) > 0)


def rows_of(record: JsonRecord, q: JsonRecord) -> list[JsonRecord]:
    rows: list[JsonRecord] = budget_of(record, q)["rows"]
    return rows


def budget_of(record: JsonRecord, q: JsonRecord) -> JsonRecord:
    found: JsonRecord = next(b for b in record["budgets"] if b["id"] == q["budget_ref"])
    return found


def first(record: JsonRecord) -> JsonRecord:
    """The first result with a value."""
    return next(q for q in record["results"] if q["value"] is not None)


def issue(record: JsonRecord) -> None:
    """Issued, by an operator and an approver with keys; their signatures are another file."""
    record["status"] = {"state": "issued", "replaces": "", "reason": None, "date": DAY}
    record |= {"laboratory": LABORATORY, "record_no": "R-1", "issued": DAY}
    record["customer"] = {"name": {"zh": "客户", "en": "Customer"}, "contact": ""}
    record["people"] = [
        {"name": "Ann", "role": "operator", "key": KEY},
        {"name": "Bo", "role": "approver", "key": KEY[::-1]},
    ]


def issued_without(field: str, value: object) -> Forge:
    def forge(record: JsonRecord) -> None:
        issue(record)
        record[field] = value

    return forge


def without_approver(record: JsonRecord) -> None:
    issue(record)
    record["people"].pop()


def _set(**fields: object) -> Forge:
    """Change fields of the first result that has a U."""

    def forge(record: JsonRecord) -> None:
        with_u(record).update(fields)

    return forge


def _scaled(field: str, factor: float) -> Forge:
    def forge(record: JsonRecord) -> None:
        q = with_u(record)
        q[field] = repr(float(q[field]) * factor)

    return forge


def _scaled_row(field: str, factor: float) -> Forge:
    """Change a figure of the largest row of a budget."""

    def forge(record: JsonRecord) -> None:
        rows = [r for r in rows_of(record, with_u(record)) if r["contribution"] is not None]
        row = max(rows, key=lambda r: float(r["contribution"]))
        row[field] = repr(float(row[field]) * factor)

    return forge


def _reported(value: str, expanded: str) -> Forge:
    def forge(record: JsonRecord) -> None:
        with_u(record)["reported"] |= {"value": value, "U": expanded}

    return forge


def _no_budget(record: JsonRecord) -> None:
    record["budgets"].remove(budget_of(record, first(record)))


def _other_budget(record: JsonRecord) -> None:
    """The budget of another measurand under the same unit."""
    budget_of(record, first(record))["measurand_id"] = "request_latency@1"


def _other_unit(record: JsonRecord) -> None:
    budget_of(record, first(record))["unit"] = "K"


def _drop(symbol: str) -> Forge:
    def forge(record: JsonRecord) -> None:
        rows = rows_of(record, first(record))
        rows[:] = [row for row in rows if row["symbol"] != symbol]

    return forge


def _double(record: JsonRecord) -> None:
    rows = rows_of(record, first(record))
    rows.append({**rows[0], "symbol": rows[1]["symbol"]})


def _half_open(record: JsonRecord) -> None:
    """A row without u whose contribution is said to be zero: not evaluated is not zero."""
    row = next(r for r in rows_of(record, first(record)) if r["symbol"] == "agent")
    row["contribution"] = "0"


def _no_share(record: JsonRecord) -> None:
    row = next(r for r in rows_of(record, first(record)) if r["u"] is not None)
    row["share"] = None


def _correlated(record: JsonRecord) -> None:
    """Two rows that are said to vary together, and a u that does not know it."""
    b = budget_of(record, with_u(record))
    a, c = [r["symbol"] for r in b["rows"] if r["contribution"] and float(r["contribution"]) > 0][
        :2
    ]
    b["correlations"] = [{"a": a, "b": c, "r": "1", "reason": {"zh": "同一", "en": "the same"}}]


def _unexplained(record: JsonRecord) -> None:
    q = first(record)
    q |= {"value": None, "U": None, "missing": "", "uncertainty_status": "not_evaluated"}


def _whole(record: JsonRecord) -> None:
    """Said to be wholly evaluated though rows are open."""
    with_u(record)["uncertainty_status"] = "evaluated"


def _hidden(record: JsonRecord) -> None:
    with_u(record)["open_rows"] = []


def _undefined(record: JsonRecord) -> None:
    record["definitions"] = record["definitions"][1:]


# Rules that speak of results with a U, so of two attempts or more.
NEEDS_U: dict[str, tuple[Forge, ...]] = {
    "budget-adds-up": (_scaled("u", 1.0001), _scaled("u", 0.9999), _correlated),
    "rows-evaluated": (_scaled_row("contribution", 1.0001), _scaled_row("u", 0.9999)),
    "coverage-stated": (
        _scaled("U", 1.0001),
        _scaled("U", 0.9999),
        _scaled("k", 1.0001),
        _set(k=None),
        _set(u=None),
        _set(p=None),
        _set(nu_eff=None),
        _set(nu_used=None),
        _set(nu_eff="3", nu_used="4"),
        lambda r: with_u(r).update(k="0.999", U=repr(0.999 * float(with_u(r)["u"]))),
    ),
    "uncertainty-stated": (_whole, _hidden, _set(uncertainty_status="not_evaluated")),
    "u-rounded": (
        _reported("12.345", "0.123"),
        _reported("12.34", "0.1"),
        _reported("12.3", "0.12"),
        _reported("12300", "1230"),
    ),
}
ANY: dict[str, tuple[Forge, ...]] = {
    "measurands-known": (
        lambda r: first(r).update(measurand_id="speed@1"),
        lambda r: first(r).update(unit="K"),
        _undefined,
    ),
    "budget-there": (_no_budget, _other_budget, _other_unit),
    "budget-rows": (_drop("repeatability"), _drop("agent"), _double),
    "rows-evaluated": (_half_open, _no_share),
    "uncertainty-stated": (_unexplained,),
    "words-earned": (
        lambda r: r["limitations"].update(en="Readings are traceable to the SI."),
        lambda r: r["limitations"].update(zh="仪器已校准。"),
        lambda r: first(r)["reported"]["text"].update(en="It passed."),
    ),
    "durations-hold": (lambda r: r["time"].update(durations_void=True),),
    "issued-complete": (
        issued_without("laboratory", None),
        issued_without("customer", None),
        issued_without("record_no", ""),
        issued_without("issued", ""),
        without_approver,
    ),
}
