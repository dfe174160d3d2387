"""Rules of comparability for figures that native runners state of themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from host.compare.measured import quantities_of
from host.compare.rules_results import by_field
from host.compare.unlike import Effect, Unlike
from host.handover.quantity import Quantity
from host.handover.record import Record
from host.handover.stated import STATED, VENDOR_RATE, VENDOR_TIME
from host.handover.text import Txt

Records = Sequence[Record]


def stated_by(records: Records) -> Iterator[Unlike]:
    """Figures by a runner's own definition, of which nobody but that runner knows what it is."""
    names = tuple(_runner(record) for record in records)
    own = (VENDOR_RATE, VENDOR_TIME)
    hit = {q.id for r in records for q in quantities_of(r) if q.measurand_id in own}
    if len(set(names)) > 1 and hit:
        text = Txt(
            "程序自述且按各自定义的数值，出自不同的程序。",
            "Figures by a runner's own definition come from different runners.",
        )
        yield Unlike("stated-by", "software.runner", names, Effect.PART, text, tuple(sorted(hit)))


def stated_about(records: Records) -> Iterator[Unlike]:
    """What runners say that a figure is of: builds and threads may be what is compared."""
    text = Txt("程序所述的条件不同。", "Runners state these figures of unlike things.")
    of = ("stated-about", "rule")
    for each in by_field(records, of, _about, text, Effect.SAID):
        yield replace(each, values=_unlike(each.values))


def _about(q: Quantity) -> str:
    """`threads = 2, build = 7`, as `reduce.stated` writes it after the rule."""
    return q.rule.en.partition("; ")[2] if q.rule and q.measurand_id in STATED else ""


def _unlike(values: tuple[str, ...]) -> tuple[str, ...]:
    """Of each, what is not in all of them."""
    parts = [value.split(", ") for value in values]
    common = set.intersection(*map(set, parts))
    return tuple(", ".join(p for p in each if p not in common) or "none" for each in parts)


def _runner(record: Record) -> str:
    named = (part.get("name") for part in record.software if part.get("role") == "runner")
    return str(next(named, "absent"))
