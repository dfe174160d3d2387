"""Rules over audit probes: those that the plan names, with the prompts that its seed makes.

What the probes say of the engine is in the record (`host/audit/`); here is whether they are
themselves what they claim to be.
"""

from __future__ import annotations

from collections.abc import Iterator

from host.artefacts.datasets.dataset import order_ids
from host.artefacts.probes import requests_of, variant
from host.check.rule import Breach, Rule, breach
from host.handover.audit import Probe, commit_fault
from host.handover.audit_plan import attempts_of
from host.handover.case import Case
from host.handover.text import Txt

PROBES = "data/probes"


def probes_run(case: Case) -> Iterator[Breach]:
    """Each probe that the plan names was run; none stands there that it does not name."""
    audit, probes = case.facts.plan.plan.audit, case.facts.probes
    if not audit or probes is None:
        return
    wrong = sorted(set(attempts_of(audit)) ^ set(probes.probes))
    if wrong:
        named = ", ".join(wrong)
        yield breach(
            PROBES,
            f"探针与计划不符：{named}。",
            f"The probes are not those of the plan: {named}.",
        )


def seed_after_plan(case: Case) -> Iterator[Breach]:
    """The seed was drawn once the plan was committed and run."""
    probes = case.facts.probes
    if probes is None or not probes.probes:
        return
    fault = commit_fault(probes)
    if fault:
        yield breach(
            "data/journal.tsv",
            f"种子不是在方案提交之后抽取的：{fault}。",
            f"The seed was not drawn after the plan was committed: {fault}.",
        )


def probes_drawn(case: Case) -> Iterator[Breach]:
    """Prompts are those that the seed makes, and were asked in their order."""
    probes = case.facts.probes
    if probes is None or probes.seed is None:
        return
    seed = bytes.fromhex(probes.seed.seed)
    for name, probe in probes.probes.items():
        try:
            drawn = requests_of(name, case.facts.plan, seed, probes.reference)
        except ValueError:
            drawn = ()
        if probe.asked.requests != drawn or not _asked_in_order(case, probe):
            yield breach(
                f"{PROBES}/{name}",
                "所问的提示不是由种子生成的，或次序不同。",
                "What it asked is not what the seed makes, or not in its order.",
            )


def _asked_in_order(case: Case, probe: Probe) -> bool:
    """Warm-ups, then every request, as an attempt of its plan runs them."""
    if probe.trace.status != "valid":
        return True
    plan = variant(case.facts.plan, probe.name, probe.asked.requests, "length")
    run, names = plan.plan.run, [r.item for r in probe.asked.requests]
    if run.order == "shuffled":
        names = list(order_ids(names, run.seed, attempt=probe.trace.number))
    warmups = [(names[i % len(names)], True) for i in range(run.warmups)]
    expected = [*warmups, *((name, False) for name in names)]
    return [(r.item, r.warmup) for r in probe.trace.requests] == expected


RULES = (
    Rule(
        "probes-run",
        Txt("计划中的探针全部执行，别无其他。", "The probes are those of the plan."),
        probes_run,
    ),
    Rule(
        "seed-after-plan",
        Txt(
            "探针的种子在方案提交并执行之后抽取。",
            "The seed of the probes was drawn once the plan was committed and run.",
        ),
        seed_after_plan,
    ),
    Rule(
        "probes-drawn",
        Txt(
            "探针的提示由种子生成，并按其次序询问。",
            "Probes asked what the seed makes, in its order.",
        ),
        probes_drawn,
    ),
)
