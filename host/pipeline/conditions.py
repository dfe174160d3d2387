"""What a run folder says of the conditions that budgets rest on. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from collectors.reading import Unit
from host.align.timekeeping import clock_facts, timekeeping_of
from host.handover.conditions import ClockFacts, Conditions, SensorTerm
from host.handover.facts import RunFacts
from host.handover.trace import AlignedRun
from host.pipeline.perturbation import perturbation_for

Sensors = Mapping[str, tuple[SensorTerm, ...]]


def conditions_of(run: AlignedRun, facts: RunFacts, sensors: Sensors) -> Conditions:
    """Clock, alignment, sensors, the agent's own load, and what memory counters need.

    sensors: by channel, from certificates and data sheets; empty where there are none.
    """
    return Conditions(
        clock=_clock(run, facts),
        alignment_bound_ns=run.offset_bound_ns,
        sensors=sensors,
        perturbation=perturbation_for(run, facts),
        cpus=cpus_of(facts.device_before.get("cores")),
        page_bytes=_page_bytes(facts.sources),
        one_clock=facts.clock.get("same_clock") is True,
        pulses={one.channel: one for one in facts.pulses if one.verdict == "agrees"},
    )


def _clock(run: AlignedRun, facts: RunFacts) -> ClockFacts | None:
    """The clock of all stamps; None where the folder does not even name it.

    It is named by its domain, which holds the boot: only results of one boot are known to share
    its rate error, since devices tell no serial number.
    """
    stated = str(facts.clock.get("resolution_ns", ""))
    time = facts.timekeeping or timekeeping_of(())
    if not run.clock or (time.first is None and not stated.isdigit()):
        return None
    return clock_facts(time, run.clock, int(stated) if stated.isdigit() else 0)


def cpus_of(cores: Any) -> int | None:  # noqa: ANN401 - free-form fact
    """CPUs of a list such as `0-3,6` (kernel cpu lists); None where it is not told or odd."""
    stated = cores.get("online") if isinstance(cores, Mapping) else None
    if not isinstance(stated, str):
        return None
    count = 0
    for part in stated.split(","):
        first, dash, last = part.partition("-")
        last = last if dash else first
        if not (first.isdigit() and last.isdigit()):
            return None
        count += int(last) - int(first) + 1
    return count if count > 0 else None


def _page_bytes(sources: Mapping[str, Any]) -> int | None:
    """Page size as the channel of resident memory states it (statm counts pages)."""
    for channel in sources.get("channels", ()):
        stated = channel.get("scale", 1.0)
        if channel.get("name") == "process.rss" and channel.get("unit") == Unit.BYTE.value:
            return int(stated) if stated > 1 else None
    return None
