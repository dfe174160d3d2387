"""Rules over what a record claims: how it stands, who answers for it, tiers and traceability."""

from __future__ import annotations

from collections.abc import Iterator

from host.check.rule import Breach, Rule, breach
from host.handover.case import Case
from host.handover.formal import EquipmentField
from host.handover.quantity import RowField
from host.handover.text import Txt
from host.schema.earned import unearned

RECORD = "record.json"
APPROVER = "approver"
# The tier of an external meter with a valid certificate (`shared` design, law 5).
BEST_TIER = "A"
# As `host/record/traceability.py`: an input that holds more than this share of u squared.
DOMINANT_SHARE = 0.05


def issued_complete(case: Case) -> Iterator[Breach]:
    """Laboratory, customer, number, date and approver (ISO/IEC 17025, 7.8.2.1 b, d, e, j, o)."""
    r = case.record
    if r.status.state == "draft":
        return
    there = {
        "laboratory": r.laboratory,
        "customer": r.customer,
        "record_no": r.record_no,
        "issued": r.issued,
        "approver": [p for p in r.people if p.role == APPROVER],
    }
    lacking = ", ".join(name for name, found in there.items() if not found)
    if lacking:
        yield breach(RECORD, f"已签发，但缺少：{lacking}。", f"It is issued and lacks: {lacking}.")


def issued_signed(case: Case) -> Iterator[Breach]:
    """Everybody whom an issued record names with a key has signed it, the approver among them."""
    r = case.record
    if r.status.state in ("draft", "withdrawn"):
        return
    signed = {(s.person, s.role) for s in case.signatures if s.good and s.record_id == r.record_id}
    awaited = {(p.name, p.role) for p in r.people if p.key or p.role == APPROVER}
    lacking = ", ".join(f"{role} {name}" for name, role in sorted(awaited - signed))
    if lacking:
        yield breach(
            RECORD, f"缺少有效签名：{lacking}。", f"Good signatures are lacking: {lacking}."
        )


def signatures_good(case: Case) -> Iterator[Breach]:
    """A signature that counts for nothing is named: an unknown, expired or revoked key."""
    for outcome in case.signatures:
        if outcome.intact and not outcome.good:
            yield Breach(outcome.file, outcome.text)


def tier_earned(case: Case) -> Iterator[Breach]:
    """The best tier only with a certificate that was valid and in range."""
    for q in case.record.results:
        if q.tier != BEST_TIER:
            continue
        instruments = [e for e in case.record.equipment if q.source in e.channels]
        if not any(BEST_TIER in e.tier.split() and _certified(e, q.source) for e in instruments):
            yield breach(
                RECORD,
                f"{q.id} 标为 A 级，但没有有效且在量程内的证书。",
                f"{q.id} claims tier A without a certificate that was valid and in range.",
            )


def traceability_earned(case: Case) -> Iterator[Breach]:
    """`SI` only where every large Type B term is an accredited instrument's."""
    budgets = {b.id: b for b in case.record.budgets}
    known = {e.id: e for e in case.record.equipment}
    for q in case.record.results:
        if q.traceability != "SI":
            continue
        found = budgets.get(q.budget_ref)
        rows = [] if found is None else [row for row in found.rows if _dominant(row)]
        if not rows or q.open_rows or not all(_traced(known.get(r.equipment_ref)) for r in rows):
            yield breach(
                RECORD,
                f"{q.id} 声称溯源至 SI，但依据不足。",
                f"{q.id} claims traceability to the SI without the certificates for it.",
            )


def words_earned(case: Case) -> Iterator[Breach]:
    """Words that need fields behind them (`shared` reference metrology, 2.5)."""
    for place, word in unearned(case.record):
        yield breach(RECORD, f"{place} 中的“{word}”依据不足。", f"{place} says “{word}” unearned.")


def durations_hold(case: Case) -> Iterator[Breach]:
    """No correction of a clock that durations were taken on."""
    if case.record.time.get("durations_void") is True:
        yield breach(
            RECORD,
            "测量期间校正了计时所用的时钟。",
            "The clock that durations were taken on was corrected during the run.",
        )


def _certified(instrument: EquipmentField, channel: str) -> bool:
    return any(
        c.channel == channel and c.in_validity and c.in_range is True
        for c in instrument.certificates
    )


def _traced(instrument: EquipmentField | None) -> bool:
    """Every certificate that was used holds, and names who may be asked about it."""
    return (
        instrument is not None
        and len(instrument.certificates) > 0
        and all(
            c.in_validity and c.in_range is True and c.number and c.issuer and c.accreditation
            for c in instrument.certificates
        )
    )


def _dominant(row: RowField) -> bool:
    return row.type == "B" and row.share is not None and float(row.share) > DOMINANT_SHARE


RULES = (
    Rule(
        "words-earned",
        Txt("用词有相应字段为依据。", "Words have the fields behind them."),
        words_earned,
    ),
    Rule(
        "durations-hold",
        Txt("计时所用的时钟未被校正。", "The clock of durations was not corrected."),
        durations_hold,
    ),
    Rule(
        "issued-complete",
        Txt(
            "已签发的记录写明实验室、客户、编号、日期与批准人。",
            "An issued record names laboratory, customer, number, date and approver.",
        ),
        issued_complete,
    ),
    Rule(
        "issued-signed",
        Txt(
            "已签发的记录由所列人员签名。",
            "An issued record is signed by the people whom it names.",
        ),
        issued_signed,
    ),
    Rule(
        "signatures-good",
        Txt("每个签名都有效。", "Every signature counts for its person and role."),
        signatures_good,
    ),
    Rule(
        "tier-earned",
        Txt("A 级须有有效证书。", "Tier A rests on a valid certificate."),
        tier_earned,
    ),
    Rule(
        "traceability-earned",
        Txt("“溯源至 SI”须有证书依据。", "Traceability to the SI rests on certificates."),
        traceability_earned,
    ),
)
