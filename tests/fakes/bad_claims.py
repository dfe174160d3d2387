"""Records that claim a tier or traceability, rightly or with one thing amiss."""

from __future__ import annotations

from collections.abc import Callable

from tests.fakes.bad_records import INSTRUMENT, Forge, JsonRecord, budget_of, rows_of, with_u


def claim_tier(record: JsonRecord) -> None:
    """Tier A for every result of the counter, with an instrument that earned it."""
    record["equipment"] = [INSTRUMENT]
    for q in record["results"]:
        if q["source"].startswith("rapl"):
            q["tier"] = "A"


def claim_tier_with(**changes: object) -> Forge:
    """The same with a certificate, or an instrument, that does not carry it."""

    def forge(record: JsonRecord) -> None:
        claim_tier(record)
        certificate = {**INSTRUMENT["certificates"][0]}
        certificate |= {k: v for k, v in changes.items() if k in certificate}
        others = {k: v for k, v in changes.items() if k not in certificate}
        record["equipment"] = [{**INSTRUMENT, "certificates": [certificate], **others}]

    return forge


def claim_si(record: JsonRecord) -> None:
    """A result all of whose large terms are the instrument's."""
    q = with_u(record)
    q["traceability"] = "SI"
    record["equipment"] = [INSTRUMENT]
    rows = rows_of(record, q)
    for row in rows:
        if row["u"] is None:
            row |= {"u": "0", "nu": "inf", "c": "0", "contribution": "0", "share": "0"}
        row |= {"type": "B", "share": "0.05", "equipment_ref": ""}
    rows[-1] |= {"share": "0.9", "equipment_ref": "meter-1"}
    q |= {"open_rows": [], "uncertainty_status": "evaluated"}


def claim_si_with(change: Callable[[JsonRecord, JsonRecord, JsonRecord], None]) -> Forge:
    """The same with one thing that takes the word away. change: record, result, large row."""

    def forge(record: JsonRecord) -> None:
        claim_si(record)
        q = next(q for q in record["results"] if q["traceability"] == "SI")
        change(record, q, rows_of(record, q)[-1])

    return forge


def _no_large_row(_: JsonRecord, __: JsonRecord, row: JsonRecord) -> None:
    row["share"] = "0.05"


def _open(_: JsonRecord, q: JsonRecord, __: JsonRecord) -> None:
    q["open_rows"] = ["agent"]


def _other_large_row(record: JsonRecord, q: JsonRecord, _: JsonRecord) -> None:
    rows_of(record, q)[0]["share"] = "0.051"


def _certificate(**changes: object) -> Callable[[JsonRecord, JsonRecord, JsonRecord], None]:
    def change(record: JsonRecord, _: JsonRecord, __: JsonRecord) -> None:
        certificate = {**INSTRUMENT["certificates"][0], **changes}
        record["equipment"] = [{**INSTRUMENT, "certificates": [certificate]}]

    return change


def _no_certificate(record: JsonRecord, _: JsonRecord, __: JsonRecord) -> None:
    record["equipment"] = [{**INSTRUMENT, "certificates": []}]


def _one_more_expired(record: JsonRecord, _: JsonRecord, __: JsonRecord) -> None:
    """A valid table of one quantity does not carry the expired one of another."""
    valid = INSTRUMENT["certificates"][0]
    both = [valid, {**valid, "number": "C-2", "in_validity": False}]
    record["equipment"] = [{**INSTRUMENT, "certificates": both}]


def _budget_gone(record: JsonRecord, q: JsonRecord, _: JsonRecord) -> None:
    record["budgets"].remove(budget_of(record, q))


TIERS: tuple[Forge, ...] = (
    claim_tier_with(in_validity=False),
    claim_tier_with(in_range=False),
    claim_tier_with(in_range=None),
    claim_tier_with(tier="A-"),
    claim_tier_with(channels=["wt310.power"]),
    claim_tier_with(channel="wt310.power"),
    claim_tier_with(certificates=[]),
)
TRACES: tuple[Forge, ...] = (
    lambda record: with_u(record).update(traceability="SI"),
    claim_si_with(_no_large_row),
    claim_si_with(_open),
    claim_si_with(_other_large_row),
    claim_si_with(_budget_gone),
    claim_si_with(_certificate(in_validity=False)),
    claim_si_with(_certificate(in_range=False)),
    claim_si_with(_certificate(in_range=None)),
    claim_si_with(_no_certificate),
    claim_si_with(_one_more_expired),
    claim_si_with(_certificate(number="")),
    claim_si_with(_certificate(issuer="")),
    claim_si_with(_certificate(accreditation="")),
)
