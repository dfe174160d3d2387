"""Which profiles fit a device, and why. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from host.handover.profile import Profile, Rule
from host.plan.facts import Facts


@dataclass(frozen=True, slots=True)
class Judged:
    """A profile against the facts of a device; held, failed: a sentence a rule."""

    name: str
    specificity: int
    held: tuple[str, ...]
    failed: tuple[str, ...]

    @property
    def matches(self) -> bool:
        return not self.failed

    @property
    def share(self) -> float:
        """Rules that held, of all, 0..1."""
        return len(self.held) / max(1, len(self.held) + len(self.failed))


def match(facts: Facts, profiles: Iterable[Profile]) -> tuple[Judged, ...]:
    """All profiles, best first.

    Those that match come first: the more specific before the less, then the one with more rules.
    Of the others the one with the largest share of rules that held is the closest, and of equals
    the less specific.
    """
    judged = [_judge(facts, profile) for profile in profiles]
    return tuple(sorted(judged, key=_rank))


def _rank(one: Judged) -> tuple[bool, float, int, str]:
    if one.matches:
        return (False, -one.specificity, -len(one.held), one.name)
    return (True, -one.share, one.specificity, one.name)


def _judge(facts: Facts, profile: Profile) -> Judged:
    outcomes = [_way(facts, profile)] if "transport.kind" in facts else []
    rules = profile.match
    outcomes += [_one(facts, rule) for rule in rules.all]
    if rules.any:
        outcomes.append(_any(facts, rules.any))
    refused = [said for holds, said in (_one(facts, rule) for rule in rules.none) if holds]
    outcomes += [(False, f"{said}, which must not be") for said in refused]
    return Judged(
        profile.product.name,
        rules.specificity,
        tuple(said for holds, said in outcomes if holds),
        tuple(said for holds, said in outcomes if not holds),
    )


def _way(facts: Facts, profile: Profile) -> tuple[bool, str]:
    kinds = profile.transport.kinds
    (kind, *_) = facts["transport.kind"]
    return kind in kinds, f"reached by {kind}, wanted {' or '.join(kinds)}"


def _any(facts: Facts, rules: Sequence[Rule]) -> tuple[bool, str]:
    outcomes = [_one(facts, rule) for rule in rules]
    held = [said for holds, said in outcomes if holds]
    if held:
        return True, held[0]
    return False, "none of: " + "; ".join(said for _, said in outcomes)


def _one(facts: Facts, rule: Rule) -> tuple[bool, str]:
    values = facts.get(rule.fact, ())
    wanted = " or ".join(rule.patterns)
    if not values:
        return False, f"{rule.fact} is not there, wanted {wanted}"
    for value in values:
        if any(fnmatchcase(value.lower(), pattern.lower()) for pattern in rule.patterns):
            return True, f"{rule.fact} is {value}"
    return False, f"{rule.fact} is {', '.join(values[:3])}, wanted {wanted}"
