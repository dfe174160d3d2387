"""All rules, in the order in which they are applied and listed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from host.check import (
    rules_attempts,
    rules_audit,
    rules_budget,
    rules_clocks,
    rules_formal,
    rules_inferences,
    rules_journal,
    rules_limits,
    rules_load,
    rules_perturbation,
    rules_plausible,
    rules_pulses,
    rules_readings,
    rules_requests,
)
from host.check.rule import Rule
from host.handover.case import Case
from host.handover.finding import Finding

ASPECT = "conforming"
RULES: tuple[Rule, ...] = (
    *rules_attempts.RULES,
    *rules_journal.RULES,
    *rules_clocks.RULES,
    *rules_pulses.RULES,
    *rules_requests.RULES,
    *rules_inferences.RULES,
    *rules_load.RULES,
    *rules_readings.RULES,
    *rules_limits.RULES,
    *rules_plausible.RULES,
    *rules_audit.RULES,
    *rules_perturbation.RULES,
    *rules_budget.RULES,
    *rules_formal.RULES,
)


def apply(case: Case, rules: Sequence[Rule] = RULES) -> Iterator[Finding]:
    """Every breach of every rule; none ends the check, so none hides another."""
    for rule in rules:
        for found in rule.breaches(case):
            yield Finding(rule.id, ASPECT, found.file, found.seen)
