"""Terms of temperature, throttling and other counted signs."""

from __future__ import annotations

from host.evaluate.terms import Measured, Named, Term, evaluated, exact, not_evaluated
from host.evaluate.type_b import rectangular
from host.handover.text import Txt

_READINGS = Txt("读数流", "stream of readings")


def missed_maximum(of: Measured) -> Term:
    """The hottest moment may lie between two readings."""
    named = Named("missed", Txt("读数之间漏掉的最高值", "maximum between readings"), of.seen.unit)
    why = Txt(
        f"{of.basis.amount:.0f} 个读数之间的最高值没有上限可取",
        f"nothing bounds a maximum between {of.basis.amount:.0f} readings",
    )
    return Term(not_evaluated(named, _READINGS, why), "add", 1.0)


def share_step(of: Measured) -> Term:
    """A share of n readings moves in steps of 1/n; a change at either edge may count or not."""
    named = Named("share_step", Txt("占比的步长", "step of the share"), "1")
    how = Txt(
        f"n = {of.basis.amount:.0f} 个读数，步长 1/n，首尾各半步，矩形分布",
        f"n = {of.basis.amount:.0f} readings, steps of 1/n, half a step at each end, rectangular",
    )
    found = evaluated(named, rectangular(1 / of.basis.amount), _READINGS, how)
    return Term(found, "add", 1.0)


def event_count(of: Measured) -> Term:
    """A counter of events that the kernel or the driver keeps."""
    named = Named("events", Txt("事件计数", "count of events"), of.seen.unit)
    why = Txt("整数计数器首尾之差，u = 0", "difference of an integer counter, u = 0")
    return Term(exact(named, _READINGS, why), "add", 1.0)
