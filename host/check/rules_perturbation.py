"""Rules over the on/off result that a run took from the store: it must be one for this run."""

from __future__ import annotations

from collections.abc import Iterator

from host.check.rule import Breach, Rule, breach
from host.handover.case import Case
from host.handover.perturbation import agent_of, subject_of, unfit
from host.handover.text import Txt
from host.schema.canonical import quoted, sha256_of

FILE = "data/perturbation.json"


def perturbation_fits(case: Case) -> Iterator[Breach]:
    """Measured on this device with this model, engine, work and agent, and not too long before."""
    found = case.facts.perturbation
    if found is None or found.entry is None:
        return
    facts, measured = case.facts, found.entry.measured
    key = sha256_of(quoted(subject_of(facts.plan, facts.device_before, facts.engine)))
    try:
        why = unfit(found.entry, key, agent_of(facts.plan), found.looked_up)
    except ValueError as err:
        why = f"bad-date: {err}"
    if why:
        yield breach(
            FILE, f"所用的开关对比结果不适用：{why}。", f"What was used does not fit: {why}."
        )
    if sha256_of(measured.subject) != measured.key:
        yield breach(
            FILE, "结果的键与其对象不符。", "The key of the result is not that of its subject."
        )


RULES = (
    Rule(
        "perturbation-fits",
        Txt(
            "所用的开关对比结果与本次测量的对象一致。",
            "An on/off result that was used is for the subject of this run.",
        ),
        perturbation_fits,
    ),
)
