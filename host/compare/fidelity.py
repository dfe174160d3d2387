"""What records say of fidelity, for a comparison."""

from __future__ import annotations

from host.handover.divergence import STATED_LIKE
from host.handover.fidelity import GREEDY, KL_MEAN
from host.handover.record import Record

ABSENT = "absent"


def has_fidelity(record: Record) -> bool:
    """Whether the record says how true the model's output is (`shared` design, law 9)."""
    return record.fidelity.ranked


def fidelity_of(record: Record) -> str:
    """The outcome, with the mean KL divergence or the greedy agreement where there is one."""
    field = record.fidelity
    whole = {f.measurand_id: f.value for f in field.figures if f.language == "all"}
    outcome = ABSENT if field.outcome == "not-measured" else field.outcome
    said = [
        f"{name} {whole[name]}"
        for name in (KL_MEAN, STATED_LIKE[KL_MEAN], GREEDY)
        if name in whole
    ]
    return ", ".join([outcome, *said[:1]])


def reference_of(record: Record) -> str:
    """What the figures are against."""
    return str(record.fidelity.reference.get("data_sha256", ABSENT))
