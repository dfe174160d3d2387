"""Rules over the shape of the load: it lasted as long, and began as cold, as the plan says."""

from __future__ import annotations

from collections.abc import Iterator

from host.check.rule import Breach, Rule, attempt_file, breach
from host.handover.case import Case
from host.handover.load_shape import shape_of
from host.handover.text import Txt

EVENTS = "events.tsv"
# Of the model's pages; the agent voids an attempt above it (agent/cold.py).
MAX_RESIDENT_RATIO = 0.01


def sustained_long(case: Case) -> Iterator[Breach]:
    """From the first scored request to the end of the last as long as planned, or longer."""
    load = case.facts.plan.plan.load
    if not load or not isinstance(load.duration_s, float):
        return
    for attempt in case.run.valid():
        scored = attempt.scored()
        lasted = (scored[-1].end_ns - scored[0].start_ns) * 1e-9 if scored else 0.0
        if lasted < load.duration_s:
            yield breach(
                attempt_file(attempt.number, EVENTS),
                f"负载持续 {lasted:.6g} s，计划 {load.duration_s:g} s。",
                f"The load lasted {lasted:.6g} s where {load.duration_s:g} s are planned.",
            )


def cold_begun(case: Case) -> Iterator[Breach]:
    """Before each load of a cold run the model was out of the page cache."""
    if shape_of(case.facts.plan.plan.load) != "cold":
        return
    for attempt in case.run.valid():
        share = attempt.resident_ratio
        if share is None or share > MAX_RESIDENT_RATIO:
            shown = "?" if share is None else f"{share:.3g}"
            yield breach(
                attempt_file(attempt.number, EVENTS),
                f"加载前模型仍在内存中的页所占份额为 {shown}。",
                f"The share of the model's pages in memory before the load is {shown}.",
            )


RULES = (
    Rule(
        "sustained-long",
        Txt("持续负载不短于计划的时间。", "A sustained load lasts as long as planned."),
        sustained_long,
    ),
    Rule(
        "cold-begun",
        Txt(
            "冷启动前模型文件不在页缓存中。",
            "Before a cold start the model's files are out of the page cache.",
        ),
        cold_begun,
    ),
)
