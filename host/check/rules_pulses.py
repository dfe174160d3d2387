"""A rule over load pulses: a meter that shows them at another time gives nothing.

The joint bound and its parts: `host/align/pulse_check.py`. What could not be judged is no breach:
the record says so, in its time block and as a warning.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from host.check.rule import Breach, Rule, breach
from host.handover.case import Case
from host.handover.text import Txt

RECORD = "record.json"


def meters_in_time(case: Case) -> Iterator[Breach]:
    """The record states the verdict on every channel, and no value of a meter out of time."""
    stated = _stated(case.record.time.get("pulses"))
    late = {c.meter for c in case.facts.pulses if c.verdict == "outside"}
    for check in case.facts.pulses:
        if stated.get(check.channel) != check.verdict:
            yield breach(
                RECORD,
                f"负载脉冲对 {check.channel} 的判定为 {check.verdict}，记录另有说法。",
                f"Load pulses judge {check.channel} as {check.verdict}; the record does not.",
            )
    void = {c.channel for c in case.facts.pulses if c.meter in late}
    for q in (*case.record.results, *case.record.conventions):
        if q.source in void and q.value is not None:
            yield breach(
                RECORD,
                f"{q.source} 与负载脉冲的时间不符，却给出 {q.measurand_id}。",
                f"{q.source} is out of time by the load pulses, and gives {q.measurand_id}.",
            )


def _stated(found: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever a record says
    """Channel -> verdict."""
    said = found if isinstance(found, list) else ()
    return {str(e.get("channel")): e.get("verdict") for e in said if isinstance(e, dict)}


RULES = (
    Rule(
        "meters-in-time",
        Txt(
            "功率计显示的负载脉冲与播放时刻一致，否则不给出其功率与能量。",
            "Meters show load pulses when they were played; the powers of others are void.",
        ),
        meters_in_time,
    ),
)
